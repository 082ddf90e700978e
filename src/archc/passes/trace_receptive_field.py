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

_FEATURES_LAST = frozenset({"in_features", "input_size", "embed_dim", "normalized_shape"})
"""The inferred arguments that are the size of the last dimension, after the positions."""


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
    if rank == 3:
        return (3 - _channels(node, graph),)
    return range(2, rank)


def _channels(source: Node, graph: Graph) -> int:
    """Return which dimension of (B, …, …) is that of the channels: 1, or 2 of a sequence.

    It is the one that the first layer infers its features from.
    """
    places = {source.index: {1: 1, 2: 2}}
    for node in graph.nodes:
        before = next((v.node.index for v in node.inputs if v.node.index in places), None)
        if node.operation is None or before is None:
            continue
        where = places[before]
        if node.operation.inferred_names:
            is_last = node.operation.inferred_names[0] in _FEATURES_LAST
            features = node.inputs[0].type.rank - 1 if is_last else 1
            return next((dim for dim, place in where.items() if place == features), 1)
        reads = (node.operation.reads(*_types(node.inputs)) or ({},))[0] or {}
        kept = {dim: reads[place].dims for dim, place in where.items() if place in reads}
        places[node.index] = {dim: new[0] for dim, new in kept.items() if len(new) == 1}
    return 1


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


def _through(sight: Sight, reads: Reads | None) -> Sight:
    """Return what a layer sees through one of its inputs."""
    if reads is None:
        return None
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
