"""A network none of whose inputs has a batch: the first dimension is a number, as in one image."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.shapes import Batch


def fixed_batches(graph: Graph) -> Iterator[Diagnostic]:
    """Yield one warning where every input begins with a number, of the first of them."""
    shapes = [node.output.shape for node in graph.inputs]
    if any(isinstance(size, Batch) for shape in shapes for size in shape):
        return
    for node in graph.inputs[:1]:
        first, *rest = node.output.shape
        if rest:
            meant = node.output.with_shape((Batch("B"), *rest))
            yield Diagnostic(
                Code.FIXED_BATCH,
                f"`{node.path}` begins with the number {first}, where the batch has a letter",
                node.span,
                notes=(f"{node.output} takes {first} samples, and no other number",),
                help=f"write `{node.path}: {meant}`",
                severity="warning",
            )
