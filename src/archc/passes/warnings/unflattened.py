"""Linear layers that read an image's last axis: a flatten is missing before them."""

import re
from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.ir.runs import Node, Value
from archc.layers.base import spec_name
from archc.layers.rules import IMAGE_RANK
from archc.passes.warnings.wording import row, warning

_ADVICE = "flatten it first: `-> flatten(1)` behind the layer above, or a line `Flatten`"
_FOR_IMAGES = re.compile(r".*[23]d")
_OF_THE_LAST_AXIS = frozenset(
    "permute transpose movedim swapaxes LayerNorm RMSNorm layer_norm rms_norm Linear".split()
)
"""What says that the channels stand last, or has been told of already."""


def unflattened(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each linear layer whose input is an image as it is.

    torch takes it and maps the width alone. Where that is meant, `permute` says of which axis.
    """
    for node in graph.nodes:
        if _is_linear(node) and _is_image(node.inputs[0]):
            value = node.inputs[0]
            width = value.type.shape[-1]
            yield warning(
                Code.UNFLATTENED,
                node,
                f"`Linear` reads the width of an image alone: in_features is {width}",
                operands=(row("input", value),),
                help=_ADVICE,
            )


def _is_linear(node: Node) -> bool:
    return node.operation is not None and spec_name(type(node.operation)) == "Linear"


def _is_image(value: Value) -> bool:
    """Return whether a layer for images gave a tensor its shape."""
    names = map(_FOR_IMAGES.fullmatch, _layers_of_its_shape(value))
    return value.type.rank >= IMAGE_RANK and any(names)


def _layers_of_its_shape(value: Value) -> Iterator[str]:
    """Yield the names of the layers upstream of a tensor that have its shape, the last first.

    They end where a line says that the channels stand last.
    """
    node = value.node
    while node.operation is not None and node.output == value.type:
        name = spec_name(type(node.operation))
        if name in _OF_THE_LAST_AXIS:
            return
        yield name
        if not node.inputs:
            return
        node = node.inputs[0].node
