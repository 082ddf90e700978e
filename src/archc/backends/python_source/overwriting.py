"""Which activations write over their input: where nobody could tell, but for the memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.layers.base import Layer

Readers = Mapping[tuple[int, int], Sequence[int]]


def overwriting(graph: Graph, readers: Readers) -> frozenset[int]:
    """Return the nodes whose layer is written with `inplace=True`.

    A line of a block is written once for all its calls, and a module is made once for all
    its uses: either all of their nodes overwrite, or none does.
    """
    makers = {node.path: node for node in graph.nodes if not node.shared}
    together: dict[object, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.operation is not None and node.operation.overwrites:
            maker = makers.get(node.path, node) if node.shared else node
            together[_written_place(maker)].append(node)
    return frozenset(
        node.index
        for nodes in together.values()
        if all(_may_overwrite(node, readers) for node in nodes)
        for node in nodes
    )


def in_place(layer: Layer) -> Layer:
    """Return a layer that writes over its input."""
    return type(layer)(**layer.given, inplace=True)


def _written_place(node: Node) -> object:
    template = id(node.caller.template) if node.caller is not None else None
    return template, node.span


def _may_overwrite(node: Node, readers: Readers) -> bool:
    """Return whether the input is memory of its maker's own that nobody else ever reads."""
    (value,) = node.inputs
    maker = value.node.operation
    if maker is None or node.operation is None or "inplace" in node.operation.given:
        return False
    if readers[value.key] != [node.index]:
        return False
    return maker.may_be_overwritten(*(source.type for source in value.node.inputs))
