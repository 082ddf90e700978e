"""Which relus and sums write over their input: where nobody could tell, but for the memory."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from archc.functions.arithmetic import Add
from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.layers.base import Function, Layer

Readers = Mapping[tuple[int, int], Sequence[int]]


def overwriting(graph: Graph, readers: Readers) -> frozenset[int]:
    """Return the nodes that are written to overwrite their first input: relus, then sums."""
    relus = _agreed(
        graph,
        [node for node in graph.nodes if node.operation is not None and node.operation.overwrites],
        lambda node: _may_overwrite(node, readers),
    )
    return relus | _agreed(
        graph,
        [node for node in graph.nodes if isinstance(node.operation, Add)],
        lambda node: _is_sum_of_a_relu(node, readers, relus) and _may_overwrite(node, readers),
    )


def in_place(layer: Layer) -> Layer:
    """Return a layer that writes over its first input."""
    if isinstance(layer, Add):
        return _AddOver(**layer.given)
    return type(layer)(**layer.given, inplace=True)


class _AddOver(Add):
    """Write the sum over its first term: `bn2.add_(x)`."""

    torch_name: ClassVar[str] = "add_"
    operator: ClassVar[str] = ""
    method: ClassVar[bool] = True

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call of the first term's method."""
        return Function.forward(self, inputs, batch)


def _agreed(
    graph: Graph, candidates: Iterable[Node], may: Callable[[Node], bool]
) -> frozenset[int]:
    """Return the candidates that may and whose every other call may.

    A line of a block is written once for all its calls, and a module is made once for all
    its uses: either all of their nodes overwrite, or none does.
    """
    makers = {node.path: node for node in graph.nodes if not node.shared}
    together: dict[object, list[Node]] = defaultdict(list)
    for node in candidates:
        maker = makers.get(node.path, node) if node.shared else node
        together[_written_place(maker)].append(node)
    return frozenset(
        node.index for nodes in together.values() if all(map(may, nodes)) for node in nodes
    )


def _written_place(node: Node) -> object:
    template = id(node.caller.template) if node.caller is not None else None
    return template, node.span


def _is_sum_of_a_relu(node: Node, readers: Readers, relus: frozenset[int]) -> bool:
    """Return whether a sum of two tensors of one type goes into a relu that overwrites it.

    Elsewhere a sum stays a sum: under autocast it would else take the first term's dtype,
    and a stream of sums would lose its precision.
    """
    if len(node.inputs) != 2 or node.inputs[0].type != node.inputs[1].type:
        return False
    first = node.inputs[0].node.operation
    is_formula = isinstance(first, Function) and first.operator != ""
    return not is_formula and not relus.isdisjoint(readers.get((node.index, 0), ()))


def _may_overwrite(node: Node, readers: Readers) -> bool:
    """Return whether the first input is memory of its maker's own that nobody else ever reads."""
    value = node.inputs[0]
    maker = value.node.operation
    if maker is None or node.operation is None or "inplace" in node.operation.given:
        return False
    if readers[value.key] != [node.index]:
        return False
    return maker.may_be_overwritten(*(source.type for source in value.node.inputs))
