"""Windows larger than their input: no position of them lies inside, all see padding."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.passes.warnings.wording import layer_name, row, warning
from archc.windows import Axis


def outsize_windows(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each layer whose window is longer than its input along an axis."""
    seen: set[object] = set()
    for node in graph.nodes:
        place = (node.span, node.inputs[0].type.shape, node.operation) if node.inputs else None
        if place in seen:
            continue
        seen.add(place)
        for axis, length in _axes(node):
            if isinstance(length, int) and axis.extent > length:
                name = layer_name(node)
                yield warning(
                    Code.OUTSIZE_WINDOW,
                    node,
                    f"the window of `{name}` never lies wholly inside its input: "
                    f"{axis.extent} > {length}",
                    operands=(row("input", node.inputs[0]),),
                    notes=(_extent(axis),),
                    help="take a smaller kernel or dilation, or make the input smaller later",
                )
                break


def _axes(node: Node) -> Iterator[tuple[Axis, object]]:
    if node.operation is not None and node.inputs:
        window = node.operation.window(*(value.type for value in node.inputs)) or ()
        lengths = node.inputs[0].type.shape[2:]
        yield from zip(window, lengths, strict=False)


def _extent(axis: Axis) -> str:
    if axis.dilation == 1:
        return f"a kernel of {axis.kernel} covers {axis.extent} positions; the rest is padding"
    return (
        f"a kernel of {axis.kernel} with dilation {axis.dilation} covers "
        f"{axis.dilation} · ({axis.kernel} − 1) + 1 = {axis.extent} positions; the rest is padding"
    )
