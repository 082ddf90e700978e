"""Blocks drawn with conditions, optional lines and layers as arguments share classes."""

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archc
from tests.backends.nodes_in_torch import inputs_of, results_of_nodes
from tests.backends.test_nodes_in_torch import model_of, results_of

EXAMPLES = 100

HEAD = """\
archc: 1
name: net
inputs:
  x: [B, 8, H=16, W=16]
blocks:
  Half(out):
    parts: chunk(2, dim=1)
    side: Conv2d(out // 2, 1) from parts.1
    return: concat(parts.0, side)
  Gate:
    g: Conv2d(x.channels, 1) -> sigmoid
    return: g * x
  Unit(out, stride, deep, Act, ratio):
    let residual: stride == 1 and x.channels == out
    let hidden: make_divisible(x.channels * ratio)
"""
WIDTHS = ["hidden", "out", "x.channels", "out * ratio"]
ENDS = ["", " -> relu", " -> Act", " -> BatchNorm2d"]
STAGES = ["Conv2d(in_channels, 1)", "Act", "Half(in_channels)", "BatchNorm2d", "Gate"]
CONDITIONS = ["", " if deep", " if not deep", " if residual", " if stride == 2"]
RETURNS = [
    "last + x if residual else last",
    "last + x if residual else relu(last)",
    "relu(last + x) if residual else last",
    "last if residual else last * 2",
]
DEEP_RETURNS = [
    "relu(last) if deep else last * 2",
    "last + sigmoid(last) if deep else sigmoid(last)",
    "sigmoid(last) if deep else last",
]
LASTS = [
    "    last: Conv2d(out, 1)\n",
    "    last: Conv2d(out, 1)\n",
    "    last: Conv2d(out, 1) -> permute((0, 1, 3, 2) if deep else (0, 1, 2, 3)) -> flip(2)\n",
    "    core: Conv2d(out, 1) -> roll(2 if deep else 3, 2)\n    last: relu if deep\n",
    "    core: Conv2d(out, 1)\n    last: from (core * 2 if deep else sigmoid(core))\n",
]


def drawn(draw: Random) -> str:
    """Return a spec whose block is called several times, each time in another way."""
    width = draw.choice(WIDTHS)
    used = f"    conv: Conv2d({width}, 3, stride=stride, padding=1){draw.choice(ENDS)}\n"
    head = HEAD if width == "hidden" else HEAD.replace(HEAD.splitlines(keepends=True)[-1], "")
    lines = [
        f"    {name}: {draw.choice(STAGES)}{draw.choice(CONDITIONS)}\n"
        for name in "abc"[: draw.randint(0, 3)]
    ]
    lines.append(draw.choice(LASTS))
    read = "residual" in "".join(lines)
    lines.append(f"    return: {draw.choice([*RETURNS, *DEEP_RETURNS * read])}\n")
    calls = [
        f"  - Unit({draw.choice([8, 8, 12, 16])}, {draw.choice([1, 1, 2])}, "
        f"{draw.choice(['True', 'False'])}, {draw.choice(['ReLU', 'Hardswish', 'SiLU'])}, "
        f"{draw.choice([1, 2])}){draw.choice(['', '', ' * 2'])}\n"
        for _ in range(draw.randint(2, 6))
    ]
    return "".join([head, used, *lines, "model:\n", *calls])


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_calls_that_share_a_class_compute_what_their_nodes_say(draw: Random) -> None:
    graph = archc.check(text=drawn(draw)).graph
    assert graph is not None
    for mode in ("eval", "train"):
        model = model_of(graph, mode)
        assert list(model.state_dict()) == [key.name for key in graph.keys]
        inputs = inputs_of(graph)
        with torch.no_grad():
            expected = results_of_nodes(graph, model, inputs, mode)
            results = results_of(model, [x.clone() for x in inputs])
        assert all(map(torch.equal, results, expected))
