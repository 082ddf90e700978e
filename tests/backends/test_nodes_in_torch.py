"""The compiled source against the graph run node by node: the same numbers, bit for bit."""

import re
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

import archc
from archc.backends.python_source import python_source
from archc.ir.graph import Graph, Mode
from archc.runtime.modules import compiled, model_class
from tests.backends.constructs import CONSTRUCTS
from tests.backends.nodes_in_torch import inputs_of, results_of_nodes

pytestmark = pytest.mark.slow

CHAINS = {
    "block_with_function": "first: Linear(4) -> Act",
    "block_before": "first: Act -> Linear(4)",
    "blocks_with_function": "first: Act -> Act",
    "block_among": "first: Linear(4) -> Act -> Linear(4)",
    "copies_with_function": "first: Act * 2",
    "parenthesis_with_function": "first: Linear(4) -> (Linear(4) -> relu)",
    "read_twice": "first: Linear(4) -> Gate",
    "attention_last": "first: LayerNorm -> MultiheadAttention(2, batch_first=True)",
    "attention_within": "first: LayerNorm -> MultiheadAttention(2, batch_first=True) -> Linear(4)",
    "recurrent_last": "first: Linear(4) -> GRU(4, batch_first=True)",
    "recurrent_block": "first: Linear(4) -> Rnn -> Linear(4)",
    "plain_then_again": "act: ReLU\n  first: Linear(4) -> act -> Linear(4) -> act",
    "declared_within": "first:\n    declare: [b, a]\n    a: Linear(5)\n    b: Linear(4)",
    "sum": "first: Linear(4) -> Twice",
}
OVERWRITING = {
    "relu_of_a_sum": "first: relu from x + 1",
    "relus_in_a_row": "first: Linear(4) -> relu -> relu -> Linear(4) -> relu6",
    "relu_of_a_product": "a: Linear(4)\n  b: relu from a * x\n  c: from b + a",
    "relu_read_before": "a: Linear(4)\n  b: relu from a\n  c: from a + b",
    "relu_read_after": "a: Linear(4)\n  b: relu from a\n  c: relu from a\n  d: from c - b",
    "relu_of_the_input": "first: relu\n  second: from first + x",
    "relu_of_a_view": "a: Linear(4)\n  b: flatten(1) -> relu\n  c: from flatten(a, 1) + b",
    "relu_of_a_slice": "a: Linear(4)\n  b: from relu(a[:, 0]) + a[:, 1]",
    "relu_of_a_part": "a: Linear(4) -> chunk(2, dim=2)\n  b: relu from a.0\n  c: from b + a.1",
    "relu_after_dropout": "a: Linear(4)\n  b: Dropout -> relu\n  c: from a + b",
    "relu_after_sigmoid": "a: Linear(4) -> sigmoid -> relu",
    "relu_of_a_block": "a: Twice -> relu",
    "relu_in_a_block": "a: Pre\n  b: Pre\n  c: from a + b",
    "relu_of_a_block_input": "a: Linear(4)\n  b: Pre from a\n  c: Pre from a\n  d: from b + c",
    "modules": "first:\n    - Linear(4)\n    - ReLU\n    - Linear(4)\n    - ReLU6",
    "module_again": "act: ReLU\n  a: Linear(4) -> act\n  b: act from x\n  c: from a + b + x",
    "module_again_fresh": "a: Linear(4)\n  act: ReLU\n  b: Linear(4) -> act -> Linear(4) -> act",
    "module_read_twice": "a: Linear(4)\n  act: ReLU\n  b: from a + act",
    "loop": (
        "body:\n    - for i in range(3):\n        - Linear(4) as y\n        - ReLU as z\n"
        "        - relu from y * z"
    ),
    "copies": "body: (Linear(4) -> ReLU) * 3",
    "collected": (
        "body:\n    - for i in range(3):\n        - Linear(4) as ys[]\n        - relu as zs[]\n"
        "  all: relu from concat(concat(ys), concat(zs))"
    ),
    "output_of_training": "a: Linear(4)\n  b: relu",
    "residual": "a: Linear(4)\n  b: from relu(a + x)\n  c: from relu(x + b)",
    "residual_in_a_block": "a: Residual\n  b: Residual\n  c: Residual from a\n  d: from b - c",
    "residual_of_parts": "a: Linear(4) -> chunk(2, dim=2)\n  b: from relu(a.0 + a.1)",
    "residual_read_twice": "a: Linear(4)\n  b: from relu(a + x)\n  c: from relu(b + a)",
    "residual_of_itself": "a: Linear(4)\n  b: from relu(a + a)\n  c: from relu(b + b) + x",
    "residual_of_its_view": "a: Linear(4)\n  b: from relu(a + flip(a, 1)) + x",
    "residual_of_a_formula": "a: Linear(4)\n  b: from relu(a * 2 + x) + relu(a - x + x)",
    "residual_read_before_relu": "a: Linear(4)\n  s: add from a, x\n  b: from relu(s) + s",
    "residual_of_many": "a: Linear(4)\n  b: Linear(4) from x\n  c: from relu(a + b + x)",
    "residual_of_a_layer": "a: Linear(4)\n  b: from a + x\n  c: ReLU\n  d: from c + x",
    "residual_of_sigmoid": "a: Linear(4) -> sigmoid\n  b: from relu(a + x)",
    "residual_output_of_training": "a: Linear(4)\n  b: from relu(a + x)",
    "residual_again": "a: Sum\n  b: a from a\n  c: from a + b",
}
ENTRANCES = {
    "first_line": "first: Linear(4) from relu(x)",
    "first_line_of_two": "first: Linear(4) from x * 2\n  second: Linear(4)",
    "reduced": "first: Linear(4) from amax(relu(x), 1)",
    "sliced": "first: Linear(4) from x[:, 1:]",
    "result_of_a_call": "first: Linear(4) from chunk(x, 2, dim=2).1",
    "result_of_a_call_below": "first: Linear(4)\n  second: Linear(4) from chunk(first, 2, 2).0",
    "chain": "first: Linear(4) -> Linear(4) from tanh(x)",
    "parenthesis": "first: (Linear(4) from tanh(x)) -> Linear(4)",
    "group": "first: (Linear(4) -> Linear(4)) from tanh(x)",
    "copies": "first: Linear(4) * 2 from tanh(x)",
    "inner_list": "first:\n    - Linear(4) from tanh(x)\n    - Linear(4)",
    "inner_mapping": "first:\n    a: Linear(4) from tanh(x)\n    b: Linear(4)",
    "loop": "for i in range(1):\n    c{i}: Linear(4) from tanh(x)",
    "block_of_a_line": "first: Halved",
    "block_of_a_line_within": "first: Linear(4) -> Halved -> Linear(4)",
    "block_of_a_list": "first: Doubled",
    "block_copies": "first: Doubled * 2",
    "block_of_a_mapping": "first: Named -> Named",
}
LOOP = """first: Linear(4)
  body:
    - let h: {start}
    - for _ in range(4):
        - Pair from {pair} as h
"""
ROLLED = {
    "rolled": LOOP.format(start="first", pair="h, x"),
    "rolled_from_the_input": LOOP.format(start="x", pair="h, first"),
    "rolled_in_the_second_place": LOOP.format(start="first", pair="x, h"),
    "rolled_and_read_before": LOOP.format(start="first", pair="h, x").replace(
        "  body", "  other: tanh\n  body"
    )
    + "  end: from body + other",
    "rolled_and_read_twice": LOOP.format(start="first", pair="h, x")
    + "  end: from tanh(body) + body",
    "rolled_in_a_block": "first: Linear(4) -> Rolled -> Rolled",
    "rolled_in_both_places": LOOP.format(start="first", pair="h, h"),
    "rolled_with_functions": "first: Linear(4)\n  body: (Linear(4) -> relu) * 3",
    "rolled_with_itself": LOOP.format(start="first", pair="h, first"),
    "rolled_start_read_after": LOOP.format(start="first", pair="h, x") + "  end: from body + first",
}
PARTLY = {
    "partly_twice": (
        LOOP.format(start="first", pair="h, x")
        + "    - for _ in range(3):\n        - Pair from h, x as h",
        ["[:4]", "[4:]"],
    ),
    "partly_added_up": (
        LOOP.format(start="first", pair="h, x")
        + "        - from h as hs[]\n    - tanh from add(hs)",
        ["[1:]"],
    ),
}
UNROLLED = {
    "unrolled_and_collected": LOOP.format(start="first", pair="h, x")
    + "        - tanh from h as hs[]\n    - add from hs",
}
BLOCKS = """\
blocks:
  Pair()(a, b):
    first: Linear(4) from a
    return: first - b
  Rolled:
    start: Linear(4)
    body:
      - let h: start
      - for _ in range(3):
          - Pair from h, x as h
  Halved: Linear(4) from x / 2
  Doubled:
    - Linear(4) from x * 2
    - Linear(4)
  Named:
    a: Linear(4) from tanh(x)
    b: Linear(4)
  Pre: relu -> Linear(4)
  Act: Linear(4) -> relu
  Residual:
    a: Linear(4)
    return: relu(a + x)
  Sum:
    a: Linear(4)
    act: ReLU from a + x
    return: act
  Gate:
    return: x * sigmoid(x)
  Rnn: GRU(4, batch_first=True)
  Twice:
    a: Linear(4)
    b: Act
    return: a + b - x
"""


def spec_of(chain: str) -> str:
    """Return a spec around a line."""
    return (
        f"archc: 1\nname: net\ninputs:\n  x: [B, L=6, D=4]\n{BLOCKS}"
        f"model:\n  {chain}\n  last: Linear(2)\n"
    )


SPECS = {name: f"archc: 1\nname: net\n{body}" for name, body in CONSTRUCTS.items()}
LINES = CHAINS | ENTRANCES | OVERWRITING | ROLLED | UNROLLED
LINES |= {name: lines for name, (lines, _) in PARTLY.items()}
SPECS |= {name: spec_of(chain) for name, chain in LINES.items()}
for name in ("output_of_training", "residual_output_of_training"):
    SPECS[name] += "outputs:\n  y: last\n  before: a if training\n"


def graph_of(text: str) -> Graph:
    """Return the graph of a spec."""
    report = archc.check(text=text)
    assert report.graph is not None, str(report)
    return report.graph


def model_of(graph: Graph, mode: Mode) -> nn.Module:
    """Return the network of a graph; nothing in it is random."""
    model = model_class(compiled(graph, lambda: ""))().train(mode == "train")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def results_of(model: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return a network's results."""
    result = model(*inputs)
    return [result] if isinstance(result, Tensor) else list(result)


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", SPECS)
def test_source_computes_what_the_nodes_say(name: str, mode: Mode) -> None:
    graph = graph_of(SPECS[name])
    model = model_of(graph, mode)
    assert list(model.state_dict()) == [key.name for key in graph.keys]
    inputs = inputs_of(graph)
    with torch.no_grad():
        expected = results_of_nodes(graph, model, inputs, mode)
        results = results_of(model, [x.clone() for x in inputs])
    assert len(results) == len(expected)
    assert all(map(torch.equal, results, expected))


@pytest.mark.parametrize("name", ROLLED | UNROLLED)
def test_calls_of_a_list_are_a_loop_where_one_result_flows_through_it(name: str) -> None:
    source = python_source(graph_of(SPECS[name]))
    assert (" in self.body:\n" in source) == (name in ROLLED)


@pytest.mark.parametrize("name", PARTLY)
def test_calls_of_a_part_of_a_list_are_a_loop_over_that_part(name: str) -> None:
    source = python_source(graph_of(SPECS[name]))
    assert re.findall(r" in self\.body(.*):\n", source) == PARTLY[name][1]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", OVERWRITING)
def test_gradients_are_those_of_the_nodes(name: str, mode: Mode) -> None:
    graph = graph_of(SPECS[name])
    model = model_of(graph, mode)
    inputs = inputs_of(graph)
    found = [*gradients(model, results_of(model, inputs))]
    expected = [*gradients(model, results_of_nodes(graph, model, inputs, mode))]
    assert found
    assert all(map(torch.equal, found, expected))


def gradients(model: nn.Module, results: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the gradients of the weights for a sum of the results."""
    total = torch.stack([result.sum() for result in results]).sum()
    return torch.autograd.grad(total, list(model.parameters()))
