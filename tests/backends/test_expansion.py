"""What `archc expand` writes reads back as the same network."""

import pytest

import archc
from archc.backends.expansion import expansion_text
from archc.ir.graph import Graph
from archc.ir.runs import Value
from archc.layers.tensors import Buffer, Parameter
from archc.passes.count_costs import count_costs
from tests.backends.constructs import CONSTRUCTS
from tests.backends.networks import every_network, graph_of, network


def keys_of(graph: Graph) -> list[tuple[str, object, str]]:
    return [(key.name, key.tensor.shape, key.tensor.dtype) for key in graph.keys]


def numbers_of(graph: Graph) -> dict[int, int]:
    """Return the place of each node; a shared use of a Parameter has its owner's."""
    owners: dict[str, int] = {}
    numbers: dict[int, int] = {}
    for node in graph.nodes:
        free = isinstance(node.operation, (Parameter, Buffer))
        numbers[node.index] = len(set(numbers.values()))
        if free:
            numbers[node.index] = owners.setdefault(node.path, numbers[node.index])
    return numbers


def nodes_of(graph: Graph) -> list[tuple[object, ...]]:
    numbers = numbers_of(graph)
    return [
        (str(n.operation), n.outputs, [place_of(v, numbers) for v in n.inputs], n.shared)
        for n in graph.nodes
        if not (n.shared and isinstance(n.operation, (Parameter, Buffer)))
    ]


def place_of(value: Value, numbers: dict[int, int]) -> tuple[int, int]:
    return numbers[value.node.index], value.index


def modules_of(graph: Graph) -> list[str]:
    return [
        n.path
        for n in graph.nodes
        if n.operation is None
        or (n.operation.is_module and not isinstance(n.operation, (Parameter, Buffer)))
    ]


def outputs_of(graph: Graph) -> list[tuple[object, ...]]:
    numbers = numbers_of(graph)
    return [(o.name, place_of(o.value, numbers), o.mode) for o in graph.outputs]


def assert_same(graph: Graph, again: Graph) -> None:
    assert nodes_of(again) == nodes_of(graph)
    assert modules_of(again) == modules_of(graph)
    assert keys_of(again) == keys_of(graph)
    assert again.ties == graph.ties
    assert outputs_of(again) == outputs_of(graph)
    before, after = count_costs(graph), count_costs(again)
    assert (after.parameters, after.buffers, after.macs) == (
        before.parameters,
        before.buffers,
        before.macs,
    )


def filled(graph: Graph) -> dict[str, tuple[object, ...]]:
    """Return for each key the rule that fills it last."""
    return {key: (r.function, r.arguments, r.keywords) for r in graph.init for key in r.matches}


@pytest.mark.parametrize("name", every_network())
def test_expansion_of_every_network_reads_back_as_the_same_graph(name: str) -> None:
    graph = network(name)
    again = graph_of(expansion_text(graph))
    assert_same(graph, again)
    assert filled(again) == filled(graph)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_expansion_of_every_construct_reads_back_as_the_same_graph(name: str) -> None:
    graph = graph_of(f"archc: 1\nname: construct\n{CONSTRUCTS[name]}")
    again = graph_of(expansion_text(graph))
    assert_same(graph, again)
    assert filled(again) == filled(graph)
    assert_same(graph, graph_of(expansion_text(again)))


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "unet", "densenet121"])
def test_expansion_has_no_blocks_no_loops_and_no_conditions(name: str) -> None:
    text = expansion_text(network(name)).partition("inputs:\n")[2]
    assert "blocks:" not in text and "params:" not in text
    assert "for " not in text and " if " not in text.replace(" if training", "")


def test_expansion_says_the_shape_of_every_line_of_the_model() -> None:
    text = expansion_text(network("resnet18"))
    lines = text.partition("model:\n")[2].partition("init:")[0].splitlines()
    assert all("  # [B, " in line for line in lines)
    assert "  conv1: Conv2d(64, 7, stride=2, padding=3, bias=False)  # [B, 64, 112, 112]" in lines


def test_expansion_of_a_residual_names_the_block_input_by_its_path() -> None:
    lines = [line.strip() for line in expansion_text(network("resnet18")).splitlines()]
    assert "- Conv2d(128, 1, stride=2, bias=False) from layer1  # [B, 128, 28, 28]" in lines


def test_expansion_of_long_lists_makes_parameters_of_them() -> None:
    text = expansion_text(graph_of(f"archc: 1\nname: t\n{CONSTRUCTS['long_lists']}"))
    assert text.count("values: [0, 1, 2, ") == 1
    assert text.count("index_select(1, values)") == 2


def test_block_that_is_called_again_stays_whole_and_its_lines_follow_it() -> None:
    text = """\
archc: 1
name: siamese
inputs:
  left: [B, 3, 8, 8]
  right: [B, 3, 8, 8]
blocks:
  Trunk:
    conv: Conv2d(4, 3) -> BatchNorm2d
    inner:
      fc: mean((2, 3)) -> Linear(2)
model:
  trunk: Trunk from left
  other: trunk from right
  apart: from abs(trunk - other)
"""
    expanded = expansion_text(graph_of(text))
    lines = expanded[: expanded.index("allow:")].splitlines()
    trunk = lines.index("  trunk:  # [B, 2]")
    inside = [line for line in lines[trunk + 1 :] if line.startswith("   ")]
    assert len(inside) == 6
    assert lines[trunk + 1 : trunk + 7] == inside
    assert not archc.check(text=expanded).diagnostics
