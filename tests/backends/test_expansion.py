"""What `archc expand` writes reads back as the same network."""

import pytest

from archc.backends.expansion import expansion_text
from archc.ir.graph import Graph
from archc.passes.count_costs import count_costs
from tests.backends.networks import all_networks, graph_of, network


def keys_of(graph: Graph) -> list[tuple[str, object, str]]:
    return [(key.name, key.tensor.shape, key.tensor.dtype) for key in graph.keys]


def nodes_of(graph: Graph) -> list[tuple[object, ...]]:
    return [
        (str(n.operation), n.outputs, [(v.node.index, v.index) for v in n.inputs], n.shared)
        for n in graph.nodes
    ]


def modules_of(graph: Graph) -> list[str]:
    return [n.path for n in graph.nodes if n.operation is None or n.operation.is_module]


def assert_same(graph: Graph, again: Graph) -> None:
    assert nodes_of(again) == nodes_of(graph)
    assert modules_of(again) == modules_of(graph)
    assert keys_of(again) == keys_of(graph)
    assert again.ties == graph.ties
    assert [(o.name, o.value.node.index, o.value.index, o.mode) for o in again.outputs] == [
        (o.name, o.value.node.index, o.value.index, o.mode) for o in graph.outputs
    ]
    before, after = count_costs(graph), count_costs(again)
    assert (after.parameters, after.buffers, after.macs) == (
        before.parameters,
        before.buffers,
        before.macs,
    )


def filled(graph: Graph) -> dict[str, tuple[object, ...]]:
    """Return for each key the rule that fills it last."""
    return {key: (r.function, r.arguments, r.keywords) for r in graph.init for key in r.matches}


@pytest.mark.parametrize("name", list(all_networks()))
def test_expansion_of_every_network_reads_back_as_the_same_graph(name: str) -> None:
    graph = network(name)
    again = graph_of(expansion_text(graph))
    assert_same(graph, again)
    assert filled(again) == filled(graph)
