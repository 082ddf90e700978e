"""Graph → FieldTable: which positions of the inputs can influence one position of a tensor.

One sweep from the inputs on: each node composes what it reads with what its inputs see.
Borders are left out: a field is that of a position whose windows all lie inside.
"""

from collections.abc import Iterable, Mapping, Sequence

from archc.ir.fields import (
    Everything,
    FieldTable,
    InputAxis,
    Local,
    Scattered,
    Seen,
    Sight,
    field_of,
)
from archc.ir.graph import Graph
from archc.ir.runs import Node, Value
from archc.reach import HERE, Reads
from archc.shapes import TensorType


def trace_receptive_field(graph: Graph) -> FieldTable:
    """Return what every node sees of each input, axis by axis.

    Axes are those along which positions lie: height and width of an image, the length of
    a sequence. Batch and channels have none.
    """
    axes = [InputAxis(node.path, dim) for node in graph.inputs for dim in _positions(node, graph)]
    sights: dict[tuple[int, int], Sequence[Sight]] = {}
    for node in graph.nodes:
        for result in range(len(node.outputs)):
            sights[node.index, result] = _seen(node, result, axes, sights)
    rows = {
        node.index: tuple(map(field_of, sights[node.index, 0]))
        for node in graph.nodes
        if node.operation is not None
    }
    return FieldTable(tuple(axes), rows)


def _positions(node: Node, graph: Graph) -> Iterable[int]:
    """Return the dimensions of an input along which positions lie.

    Channels come second, except in a sequence (B, L, features) that its reader takes
    position by position.
    """
    rank = node.output.rank
    if rank == 2:
        return () if node.output.is_floating else (1,)
    if rank == 3 and _is_read_by_rows(node, graph):
        return (1,)
    return range(2, rank)


def _is_read_by_rows(source: Node, graph: Graph) -> bool:
    """Return whether the first layer that mixes features leaves dimension 1, not 2, in place."""
    followed = {source.index}
    for node in graph.nodes:
        places = [i for i, value in enumerate(node.inputs) if value.node.index in followed]
        if node.operation is None or not places:
            continue
        reads = node.operation.reads(*_types(node.inputs))
        if reads is None:
            return False
        kept = reads[places[0]]
        if 2 not in kept:
            return 1 in kept or node.operation.family == "recurrent"
        if 1 not in kept:
            return False
        followed.add(node.index)
    return False


def _types(values: Iterable[Value]) -> list[TensorType]:
    return [value.type for value in values]


def _seen(
    node: Node,
    result: int,
    axes: Sequence[InputAxis],
    sights: Mapping[tuple[int, int], Sequence[Sight]],
) -> Sequence[Sight]:
    if node.operation is None:
        return [Local(axis.dim, HERE) if axis.input == node.path else None for axis in axes]
    reads = node.operation.reads(*_types(node.inputs), result=result)
    sources = [sights[value.key] for value in node.inputs]
    if reads is None:
        return [_scrambled(source[place] for source in sources) for place in range(len(axes))]
    pairs = list(zip(sources, reads, strict=True))
    return [
        _together([_through(source[place], read) for source, read in pairs])
        for place in range(len(axes))
    ]


def _scrambled(sights: Iterable[Sight]) -> Sight:
    """Return what a layer sees that does not say what it reads."""
    found = [sight for sight in sights if sight is not None]
    if not found:
        return None
    return Everything() if Everything() in found else Scattered()


def _through(sight: Sight, reads: Reads) -> Sight:
    """Return what a layer sees through one of its inputs."""
    match sight:
        case Local(dim, reach):
            if dim not in reads:
                return Everything()
            goes = reads[dim]
            further = goes.reach.after(reach) if goes.reach else None
            if further is None or len(goes.dims) != 1:
                return Scattered(frozenset(goes.dims))
            return Local(goes.dims[0], further)
        case Scattered(dims) if dims:
            left = [reads[dim].dims for dim in dims if dim in reads]
            return Scattered(frozenset[int]().union(*left)) if left else Everything()
        case _:
            return sight


def _together(sights: Sequence[Sight]) -> Sight:
    """Return what is seen through several inputs at once."""
    found = [sight for sight in sights if sight is not None]
    if not found:
        return None
    first, *others = found
    for other in others:
        first = _both(first, other)
    return first


def _both(one: Seen, other: Seen) -> Seen:
    if Everything() in (one, other):
        return Everything()
    if isinstance(one, Local) and isinstance(other, Local) and one.dim == other.dim:
        joined = one.reach.joined(other.reach)
        if joined is not None:
            return Local(one.dim, joined)
    dims = [_dims(one), _dims(other)]
    return Scattered(frozenset[int]().union(*dims) if all(dims) else frozenset[int]())


def _dims(sight: Seen) -> frozenset[int]:
    match sight:
        case Local(dim):
            return frozenset((dim,))
        case Scattered(dims):
            return dims
        case Everything():
            return frozenset()
