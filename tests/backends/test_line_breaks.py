"""Where a line of compiled source breaks changes nothing that it says."""

import ast

import pytest

from archc.backends.python_source import layout, python_source
from archc.ir.graph import Graph
from tests.backends.networks import all_networks, network
from tests.backends.test_nodes_in_torch import SPECS, graph_of

pytestmark = pytest.mark.slow

LONG = """\
archc: 1
name: net
inputs:
  x: [B, 8, H=8, W=8]
blocks:
  Block(out, wide, last):
    conv: Conv2d((out + 8) * (wide + 1) if wide > 2 else out, 3, padding=1)
    pick: from conv[:, 0:3, 1:] * (1 + conv[:, :3, 1:]) - (conv[:, 1:4, 1:] - 2) ** 2
    many: (Conv2d(out, 1) -> (BatchNorm2d -> relu)) * last
    return: many
model:
  a: Block(8, 1, 3)
  b: Block(12, 3, 2)
  scale: Parameter(12, 1, 1)
  scaled: from b * scale - b**-2.0
  body:
    - for width, factor in [(4, 1), (8, 2)]:
        - Conv2d(width * factor, 3, padding=1)
        - ReLU
  end: from flatten(body, 1) * 2.0
"""


def graph(name: str) -> Graph:
    """Return a graph by its name."""
    if name in all_networks():
        return network(name)
    return graph_of(LONG if name == "long" else SPECS[name])


@pytest.mark.parametrize("name", ["long", *SPECS, *all_networks()])
def test_source_says_the_same_however_short_its_lines_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "WIDTH", 100_000)
    whole = python_source(graph(name))
    for width in (1, 30, 60, 100):
        monkeypatch.setattr(layout, "WIDTH", width)
        broken = python_source(graph(name))
        assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(whole)), broken
