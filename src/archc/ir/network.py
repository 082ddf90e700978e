"""The graph as networkx sees it; the one import of networkx."""

from typing import TYPE_CHECKING

from archc.ir.graph import Graph
from archc.layers.base import spec_name
from archc.shapes import elements

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def to_networkx(graph: Graph) -> "MultiDiGraph[int]":
    """Return the graph as a MultiDiGraph with shapes and counts as attributes."""
    import networkx

    result: MultiDiGraph[int] = networkx.MultiDiGraph(name=graph.name)
    for node in graph.nodes:
        operation = "input" if node.operation is None else spec_name(type(node.operation))
        trainable = sum(elements(t.shape) for t in node.owned() if t.kind == "parameter")
        result.add_node(
            node.index,
            path=node.path,
            op=operation,
            shape=node.output.shape,
            dtype=node.output.dtype,
            parameters=trainable,
        )
        for position, value in enumerate(node.inputs):
            result.add_edge(value.node.index, node.index, shape=value.type.shape, position=position)
    return result
