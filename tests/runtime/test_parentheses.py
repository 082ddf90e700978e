"""A parenthesis in a chain, whose condition may ask its own input: slots, keys and what runs.

The referee is the unrolled spec, which has no conditions: the same keys, and from the same
weights the same outputs.
"""

from pathlib import Path

import pytest
import torch

import archc
from archc.artefacts import expanded_text
from archc.compiler import Settings, check_spec
from archc.opening import read_spec

HEAD = "archc: 1\nname: net\ninputs: {image: [B, 3, H=8, W=8]}\n"

CHAINS = {
    "Conv2d(4, 1) -> (BatchNorm2d if in_channels > 3)": ["0.0", "0.1"],
    "Conv2d(4, 1) -> (BatchNorm2d if in_channels > 4)": ["0"],
    "Conv2d(4, 1) -> (BatchNorm2d if in_shape[2] == 8) -> relu": ["0.0", "0.1"],
    "(Conv2d(4, 1) if in_channels > 3) -> Conv2d(2, 1)": ["0"],
    "Conv2d(4, 1) -> (relu if 1 > 2 else BatchNorm2d)": ["0.0", "0.1"],
    "Conv2d(4, 1) -> (BatchNorm2d if 1 > 2 else relu)": ["0"],
    "Conv2d(4, 1) -> (relu if in_channels < 4 else sigmoid if in_channels < 4 else PReLU)": [
        "0.0",
        "0.1",
    ],
    "Conv2d(4, 1) -> ((BatchNorm2d if 1 > 2) -> relu)": ["0"],
    "Conv2d(4, 1) -> (BatchNorm2d * 0)": ["0"],
    "Conv2d(2, 1) -> BatchNorm2d * in_channels": ["0.0", "0.1", "0.2"],
    "Conv2d(4, 1) -> (BatchNorm2d if in_channels > 4) -> Conv2d(6, 1) -> "
    "(BatchNorm2d -> (Conv2d(9, 1) if in_channels == 6) if in_channels > 4)": [
        "0.0",
        "0.1",
        "0.2.0",
        "0.2.1",
    ],
    "(Conv2d(5, 1) from image * 2 if in_channels == 3 else Conv2d(6, 1)) -> PReLU": ["0.0", "0.1"],
    "(Conv2d(4, 1) as y) -> (BatchNorm2d if y.channels > 3)": ["0.0", "0.1"],
    "((Conv2d(4, 1) as y) -> relu) -> (BatchNorm2d if y.channels > 4)": ["0"],
    "Twice(4) -> (BatchNorm2d if in_channels == 8)": ["0.0", "0.1"],
}
BLOCKS = """\
blocks:
  Twice(n):
    a: Conv2d(n, 1)
    b: Conv2d(2 * n, 1)
"""


def model_of(text: str, folder: Path) -> torch.nn.Module:
    """Return the module of a spec's text."""
    (folder / "net.yaml").write_text(text)
    return archc.load(folder / "net.yaml").eval()


@pytest.mark.parametrize("chain", CHAINS)
def test_parenthesis_takes_a_slot_where_what_is_there_holds_a_module(
    chain: str, tmp_path: Path
) -> None:
    text = f"{HEAD}{BLOCKS if 'Twice' in chain else ''}model:\n  - {chain}\n  - Conv2d(2, 1)\n"
    model = model_of(text, tmp_path)
    slots = {key.rpartition(".")[0] for key in model.state_dict()}
    assert sorted({slot.removesuffix(".a").removesuffix(".b") for slot in slots} - {"1"}) == [
        *CHAINS[chain]
    ]
    assert_runs_as_unrolled(text, model, tmp_path)


def assert_runs_as_unrolled(text: str, model: torch.nn.Module, folder: Path) -> None:
    """Compare a module to that of its expansion, from the same weights."""
    graph = archc.check(text=text).graph
    assert graph is not None
    unrolled = model_of(expanded_text(graph), folder)
    assert list(unrolled.state_dict()) == list(model.state_dict())
    unrolled.load_state_dict(model.state_dict())
    image = torch.randn(2, 3, 8, 8)
    assert torch.equal(unrolled(image), model(image))


BODIES = {
    "blocks whose parenthesis is there in some calls": """\
blocks:
  Unit(n):
    conv: Conv2d(n, 1) -> (BatchNorm2d if in_channels > 4) -> relu
model:
  - Unit(4)
  - Unit(8)
  - Unit(4)
  - Unit(6)
""",
    "a condition on the block's own parameter and the input": """\
blocks:
  Unit(n, wide=4):
    - Conv2d(n, 1) -> (Conv2d(2 * n, 1) if in_channels > wide else relu)
    - Conv2d(n, 1)
model:
  - for n in [4, 8, 4, 8]:
      - Unit(n)
""",
    "names and collections inside": """\
model:
  - Conv2d(4, 1) as ys[]
  - (Conv2d(4, 1) as ys[]) -> (Conv2d(6, 1) as last if in_channels > 3)
  - Conv2d(6, 1) from concat(ys)
  - from relu(last) + last
""",
}


@pytest.mark.parametrize("body", list(BODIES.values())[:2])
def test_parenthesis_of_a_block_is_there_in_the_calls_where_its_condition_holds(
    body: str, tmp_path: Path
) -> None:
    assert_runs_as_unrolled(HEAD + body, model_of(HEAD + body, tmp_path), tmp_path)


def test_trial_of_a_chain_leaves_no_trace() -> None:
    body = (
        "model:\n"
        "  - Conv2d(4, 1) as ys[]\n"
        "  - (Conv2d(4, 1) as ys[]) -> (Conv2d(6, 1) as last if in_channels > 3)\n"
        "  - Conv2d(6, 1) from concat(ys) as first\n"
        "  - add from first, last\n"
    )
    report = archc.check(text=HEAD + body)
    assert report.graph is not None, str(report)
    nodes = report.graph.nodes
    joined = next(node for node in nodes if str(node.operation) == "concat")
    assert [value.node.path for value in joined.inputs] == ["0", "1.0"]
    assert [node.index for node in nodes] == list(range(len(nodes)))


def test_source_of_a_line_whose_condition_asks_its_size_is_computed_once() -> None:
    body = "model:\n  - Conv2d(4, 1) as y\n  - Conv2d(5, 1) from y * 2 if in_channels == 4\n"
    report = archc.check(text=HEAD + body)
    assert report.graph is not None, str(report)
    assert sum(str(node.operation).startswith("mul") for node in report.graph.nodes) == 1


def test_mistake_before_a_condition_is_said_once() -> None:
    body = "blocks:\n  Bad: Conv2d(4, 9)\nmodel:\n  - Bad -> (BatchNorm2d if in_channels > 3)\n"
    (found,) = archc.check(text=HEAD + body).diagnostics
    assert (found.code, found.primary and found.primary.line) == ("ARC401", 5)


def test_groups_inside_each_other_are_tried_once_each() -> None:
    chain = "PReLU"
    for _ in range(25):
        chain = f"({chain}) -> (PReLU if in_channels > 2)"
    report = archc.check(text=f"{HEAD}model:\n  - {chain}\n")
    assert report.graph is not None, str(report)
    assert len(report.graph.nodes) == 1 + 26  # 2²⁵ lines would have passed the limit


def test_blocks_inside_each_other_are_tried_once_each() -> None:
    blocks = "  B0: Conv2d(4, 1)\n"
    blocks += "".join(f"  B{n}: B{n - 1} -> (PReLU if in_channels > 2)\n" for n in range(1, 15))
    text = f"{HEAD}blocks:\n{blocks}model:\n  - B14\n"
    report = check_spec(read_spec(text, "net.yaml"), Settings(max_nodes=200))
    assert report.graph is not None, str(report)
    assert len(report.graph.nodes) == 2 + 14  # 2¹⁴ lines would have passed the limit
