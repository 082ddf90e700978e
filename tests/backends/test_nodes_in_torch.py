"""The compiled source against the graph run node by node: the same numbers, bit for bit."""

import pytest
import torch
from torch import Tensor, nn

import archc
from archc.ir.graph import Graph, Mode
from archc.runtime.modules import compiled, model_class
from tests.backends.constructs import CONSTRUCTS
from tests.backends.nodes_in_torch import inputs_of, results_of_nodes

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
BLOCKS = """\
blocks:
  Act: Linear(4) -> relu
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
SPECS |= {name: spec_of(chain) for name, chain in CHAINS.items()}


def graph_of(text: str) -> Graph:
    """Return the graph of a spec."""
    report = archc.check(text=text)
    assert report.graph is not None, str(report)
    return report.graph


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", SPECS)
def test_source_computes_what_the_nodes_say(name: str, mode: Mode) -> None:
    graph = graph_of(SPECS[name])
    model = model_class(compiled(graph, lambda: ""))().train(mode == "train")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    assert list(model.state_dict()) == [key.name for key in graph.keys]
    inputs = inputs_of(graph)
    with torch.no_grad():
        expected = results_of_nodes(graph, model, inputs, mode)
        result = model(*(x.clone() for x in inputs))
    results = [result] if isinstance(result, Tensor) else list(result)
    assert len(results) == len(expected)
    for ours, theirs in zip(results, expected, strict=True):
        assert torch.equal(ours, theirs)
