"""Joins whose branches look at different places of what they have in common."""

from collections.abc import Iterator
from fractions import Fraction

from archc.diagnostics import Code, Diagnostic
from archc.functions.arithmetic import Arithmetic
from archc.functions.joining import Concat
from archc.ir.graph import Graph
from archc.ir.runs import Node, Value
from archc.layers.rules import IMAGE_RANK
from archc.passes.elaboration.meetings import Operand, Way, ways
from archc.passes.warnings.wording import row, warning
from archc.reach import HERE, Reach

_AXES = ("height", "width"), ("depth", "height", "width")


def misaligned_joins(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each join of images whose branches are too far apart.

    Half of what a position stands for is what windows of even size and enlargements are off by,
    and nobody can help that. In sequences a branch may look back as far as it likes.
    """
    seen: set[object] = set()
    for node in filter(_joins, graph.nodes):
        place = (node.span, tuple(value.type.shape for value in node.inputs))
        if place in seen:
            continue
        seen.add(place)
        first, *others = node.inputs
        for other in others:
            found = _misaligned(node, first, other)
            if found is not None:
                yield found
                break


def _joins(node: Node) -> bool:
    if len(node.inputs) < 2 or not isinstance(node.operation, (Arithmetic, Concat)):
        return False
    return node.inputs[0].type.rank >= IMAGE_RANK and node.output.is_floating


def _misaligned(node: Node, one: Value, other: Value) -> Diagnostic | None:
    both = ways(Operand("one", one), Operand("other", other))
    if both is None:
        return None
    for dim in range(2, one.type.rank):
        left, right = (_reach(way, dim) for way in both)
        if left is None or right is None or left.stride != right.stride:
            continue
        apart = abs(_centre(left) - _centre(right))
        if 2 * apart > max(left.advance, right.advance):
            axis = _AXES[one.type.rank - IMAGE_RANK][dim - 2]
            return warning(
                Code.MISALIGNED,
                node,
                f"the branches look at places {_decimal(apart)} apart along the {axis}",
                operands=(row("one", one), row("other", other)),
                notes=(
                    f"position 0 of the one has its middle at {_decimal(_centre(left))} of what "
                    f"they share, of the other at {_decimal(_centre(right))}",
                ),
                help="let both pad alike on either side, or crop on both sides",
            )
    return None


def _reach(way: Way, dim: int) -> Reach | None:
    """Return what a position at the end of a way sees of its start; None where it is not known."""
    reach: Reach | None = HERE
    value = way.operand.value
    for node in reversed(way.nodes):
        assert node.operation is not None
        reads = node.operation.reads(*(v.type for v in node.inputs), result=value.index)
        goes = (reads[0] or {}).get(dim) if reads else None
        if goes is None or goes.reach is None or goes.dims != (dim,) or reach is None:
            return None
        reach = reach.after(goes.reach)
        value = node.inputs[0]
    return reach


def _centre(reach: Reach) -> Fraction:
    """Return the middle of what position 0 sees, on the average over the phases."""
    middles = [
        Fraction(lo + hi, 2) - phase * reach.stride
        for phase, (lo, hi) in enumerate(span for span in reach.spans if span is not None)
    ]
    return sum(middles, Fraction(0)) / len(middles) if middles else Fraction(0)


def _decimal(value: Fraction) -> str:
    return f"{float(value):g}"
