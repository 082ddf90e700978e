"""Graph → Memory: the bytes of activations at their peak, under a model that is easy to state.

Nodes run in order, one at a time. A tensor is made when its node runs and is gone after its
last reader has run; results of the network stay. A view (a reshape, a slice) is its input's
memory. Nothing is computed in place, and an operation needs no memory beside its inputs and
results. For a training step every tensor of the forward pass is kept for the backward pass.
"""

from collections.abc import Sequence

from archc.ir.costs import Memory
from archc.ir.graph import Graph, Mode
from archc.ir.runs import Node, Value

_Place = tuple[int, int]


def estimate_memory(graph: Graph) -> Memory:
    """Return the peak of the activations of an inference and of a training step.

    Units: bytes for one sample, inputs included, weights not.
    """
    return Memory(_peak(graph), sum(map(_made, graph.live_nodes("train"))))


def _peak(graph: Graph) -> int:
    nodes = graph.live_nodes("eval")
    roots = _roots(nodes)
    last_read = _last_reads(graph, nodes, roots, "eval")
    leaving: dict[int, list[_Place]] = {}
    for place, index in last_read.items():
        leaving.setdefault(index, []).append(place)
    alive: dict[_Place, int] = {}
    held = peak = 0
    for node in nodes:
        own = {(node.index, i): kind.bytes for i, kind in enumerate(node.outputs)}
        made = {place: size for place, size in own.items() if roots[place] == place}
        alive |= made
        held += sum(made.values())
        peak = max(peak, held)
        unread = [place for place in own if place not in last_read]
        for place in [*leaving.get(node.index, ()), *unread]:
            held -= alive.pop(place, 0)
    return peak


def _made(node: Node) -> int:
    """Return the bytes a node makes; an input of the model is one too."""
    if node.operation is not None and node.operation.is_view:
        return 0
    return sum(kind.bytes for kind in node.outputs)


def _roots(nodes: Sequence[Node]) -> dict[_Place, _Place]:
    """Return whose memory each tensor is: its own, or that of what it is a view of."""
    roots: dict[_Place, _Place] = {}
    for node in nodes:
        is_view = node.operation is not None and node.operation.is_view
        for result in range(len(node.outputs)):
            place = (node.index, result)
            source = node.inputs[0].key if is_view and node.inputs else None
            roots[place] = place if source is None else roots[source]
    return roots


def _last_reads(
    graph: Graph, nodes: Sequence[Node], roots: dict[_Place, _Place], mode: Mode
) -> dict[_Place, int]:
    """Return the index of the last node that reads each piece of memory."""
    last: dict[_Place, int] = {}
    for node in nodes:
        for value in node.inputs:
            last[roots[value.key]] = node.index
    end = nodes[-1].index + 1
    results: list[Value] = [output.value for output in graph.live_outputs(mode)]
    return last | {roots[value.key]: end for value in results}
