"""Windows so much larger than their input that some of their weights see padding alone."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.passes.warnings.wording import layer_name, row, warning
from archc.windows import Axis


def outsize_windows(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each layer that has weights which never meet its input."""
    seen: set[object] = set()
    for node in graph.nodes:
        place = (node.span, node.inputs[0].type.shape, node.operation) if node.inputs else None
        if place in seen:
            continue
        seen.add(place)
        for axis, length, outputs in _axes(node):
            dead = _in_padding(axis, length, outputs) if axis.extent > length else 0
            if dead:
                yield _warning(node, axis, length, dead)
                break


def _axes(node: Node) -> Iterator[tuple[Axis, int, int]]:
    """Yield each axis of a window with the sizes of the input and the output along it."""
    if node.operation is None or not node.inputs:
        return
    window = node.operation.window(*(value.type for value in node.inputs)) or ()
    sizes = zip(node.inputs[0].type.shape[2:], node.output.shape[2:], strict=False)
    for axis, (length, outputs) in zip(window, sizes, strict=False):
        if isinstance(length, int) and isinstance(outputs, int):
            yield axis, length, outputs


def _in_padding(axis: Axis, length: int, outputs: int) -> int:
    """Return how many of a kernel's weights lie beside the input wherever the window stands."""
    first = -axis.padding[0]
    last = (outputs - 1) * axis.stride - axis.padding[0]
    offsets = range(0, axis.extent, axis.dilation)
    return sum(last + offset < 0 or first + offset >= length for offset in offsets)


def _warning(node: Node, axis: Axis, length: int, dead: int) -> Diagnostic:
    weights = f"{dead} of the {axis.kernel} weights of `{layer_name(node)}`"
    covers = f"a kernel of {axis.kernel} covers {axis.extent} positions"
    if axis.dilation > 1:
        covers = f"{covers}, {axis.dilation} · ({axis.kernel} − 1) + 1"
    return warning(
        Code.OUTSIZE_WINDOW,
        node,
        f"{weights} along an axis see padding alone",
        operands=(row("input", node.inputs[0]),),
        notes=(f"{covers}, and the input has {length}",),
        help="take a smaller kernel or dilation, or a larger input",
    )
