"""Find the linear layers that read an image's last axis: a flatten is missing before them."""

import re
from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic, Span
from archc.ir.graph import Graph
from archc.ir.runs import Node, Value
from archc.layers.base import IMAGE_RANK, spec_name
from archc.passes.elaboration.nodes import call_chain, operand, origin_text

_FOR_IMAGES = re.compile(r".*[23]d")


def find_unflattened(graph: Graph) -> tuple[Diagnostic, ...]:
    """Return a warning for each line with a linear layer whose input is an image as it is.

    torch takes it and maps the width alone. Where that is meant, `permute` says of which axis.
    """
    found: dict[Span, Diagnostic] = {}
    for node in graph.nodes:
        if _is_linear(node) and _is_image(node.inputs[0]):
            found.setdefault(node.span, _warning(node))
    return tuple(found.values())


def _is_linear(node: Node) -> bool:
    return node.operation is not None and spec_name(type(node.operation)) == "Linear"


def _is_image(value: Value) -> bool:
    """Return whether a layer for images gave a tensor its shape."""
    names = map(_FOR_IMAGES.fullmatch, _layers_of_its_shape(value))
    return value.type.rank >= IMAGE_RANK and any(names)


def _layers_of_its_shape(value: Value) -> Iterator[str]:
    """Yield the names of the layers upstream of a tensor that have its shape, the last first."""
    node = value.node
    while node.operation is not None and node.output == value.type:
        yield spec_name(type(node.operation))
        if not node.inputs:
            return
        node = node.inputs[0].node


def _warning(node: Node) -> Diagnostic:
    value = node.inputs[0]
    width = value.type.shape[-1]
    return Diagnostic(
        Code.UNFLATTENED,
        f"`Linear` reads the width of an image alone: in_features is {width}",
        node.span,
        operands=(operand("input", value, value.node.span, origin_text(value.node)),),
        calls=call_chain(node.caller),
        help="flatten it first: `-> flatten(1)` behind the layer above, or a line `Flatten`",
        severity="warning",
    )
