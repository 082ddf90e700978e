"""A block that is called again with any input: taken if its modules and its forward stay one."""

import re
from collections import Counter
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archc
from archc.diagnostics import Code
from archc.ir.graph import Graph
from tests.backends.nodes_in_torch import inputs_of, results_of_nodes
from tests.backends.test_nodes_in_torch import model_of, results_of

EXAMPLES = 100
HEAD = """\
archc: 1
name: net
inputs:
  x: [B, 8, H=16, W=16]
blocks:
  Inner(out):
    conv: Conv2d(out, 1)
    short: Conv2d(out, 1) from x if in_channels != out
    return: conv + short
  Unit(out, Act=ReLU):
"""
LINES = [
    "conv: Conv2d(out, 3, padding=1) -> Act",
    "conv: Conv2d(in_channels, 1, groups=in_channels)",
    "norm: BatchNorm2d -> relu",
    "norm: GroupNorm(in_channels // 2)",
    "act: Dropout(0.25 if in_channels > 8 else 0.5)",
    "wide: Inner(out)",
    "wide: Inner(in_channels) * 2",
    "cut: from x[:, :, :x.shape[2] // 2] + 1",
    "cut: from x[:, :, ::2]",
    "more: (Conv2d(out, 1) if x.shape[2] > 8)",
    "more: (Tanh if in_shape[3] > 12 else ReLU)",
    "scale: Parameter(in_channels, 1, 1)",
    "seq: (Conv2d(out, 1) -> BatchNorm2d -> Act)",
]
RETURNS = ["", "    return: (last if x.shape[2] > 8 else last * 2)\n", "    return: relu(last)\n"]
BETWEEN = [
    "Conv2d(8, 1)",
    "Conv2d(8, 1)",
    "AdaptiveAvgPool2d(16) -> Conv2d(8, 1)",
    "Identity",
    "MaxPool2d(2)",
]
AGAIN = ["again: unit", "again: unit", "again: relu -> unit", "again: relu -> unit -> tanh"]


def drawn(draw: Random) -> str:
    """Return a spec that calls a block and, behind other layers, its child once more."""
    picked = draw.sample(LINES, draw.randint(1, 3))
    lines = {line.split(":")[0]: line for line in picked}
    body = "".join(f"    {line}\n" for line in lines.values())
    if "scale" in lines:
        body += "    scaled: from x * scale\n"
    calls = [
        f"  unit: Unit({draw.choice([8, 8, 12])})\n",
        f"  between: {draw.choice(BETWEEN)}\n",
        f"  {draw.choice(AGAIN)}\n",
    ]
    last = "    last: Conv2d(out, 1)\n"
    return "".join([HEAD, body, last, draw.choice(RETURNS), "model:\n", *calls])


@pytest.mark.slow
def test_block_called_again_is_taken_where_one_module_can_be_both() -> None:
    verdicts: Counter[bool] = Counter()

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
    @given(st.randoms(use_true_random=False))
    def judge(draw: Random) -> None:
        verdicts[verdict(drawn(draw))] += 1

    judge()
    assert min(verdicts[True], verdicts[False]) >= EXAMPLES // 5


def verdict(text: str) -> bool:
    """Return whether archc takes a spec, once torch or a call of a block of its own agrees."""
    report = archc.check(text=text)
    errors = {found.code for found in report.diagnostics if found.severity == "error"}
    if not errors:
        assert report.graph is not None
        expect_equal_results(report.graph)
        return True
    made = text[text.index("Unit(", text.index("model:")) :].split("\n", maxsplit=1)[0]
    apart = archc.check(text=re.sub(r"(again: .*?)\bunit\b", rf"\1{made}", text))
    assert apart.graph is None or errors == {Code.SHARED_SHAPE}, f"{text}\n{report}"
    if apart.graph is not None and "again: unit" in text:
        first, again = runs(apart.graph, "unit"), runs(apart.graph, "again")
        assert first != again, f"{text}\n{report}"
    return False


def runs(graph: Graph, path: str) -> list[object]:
    """Return what runs in a child: each operation, what it owns, what it takes from within."""
    nodes = [n for n in graph.nodes if n.path == path or n.path.startswith(f"{path}.")]
    places = {node.index: place for place, node in enumerate(nodes)}
    (value,) = [call.values for call in graph.instances() if call.path == path]
    taken = [[(places.get(v.node.index), v.index) for v in node.inputs] for node in nodes]
    result = [places.get(v.node.index) for v in value]
    rows = zip(nodes, taken, strict=True)
    return [*((node.operation, node.tensors, inputs) for node, inputs in rows), result]


def expect_equal_results(graph: Graph) -> None:
    """Check that the source runs in torch and computes what the nodes say one by one."""
    model = model_of(graph, "eval")
    assert list(model.state_dict()) == [key.name for key in graph.keys]
    inputs = inputs_of(graph)
    with torch.no_grad():
        expected = results_of_nodes(graph, model, inputs, "eval")
        results = results_of(model, [x.clone() for x in inputs])
    assert all(map(torch.equal, results, expected))
