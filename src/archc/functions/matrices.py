"""Products of matrices."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function, expect_rank, spec_name
from archc.reach import READ_WHOLE, Reads, aligned, unmoved
from archc.shapes import (
    Batch,
    Shape,
    TensorType,
    broadcast,
    checked,
    elements,
    format_shape,
    number,
)


class _MatrixProduct(Function):
    """Multiply matrices: n rows of k elements by m columns of k elements."""

    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    def _check_product(self, a: TensorType, b: TensorType) -> None:
        """Refuse tensors of two dtypes, or rows and columns of unequal length."""
        name = spec_name(type(self))
        if a.dtype != b.dtype or a.dtype == "bool":
            raise RuleViolation(
                Code.DTYPE,
                f"`{name}` needs two tensors of one numeric dtype, found {a.dtype} and {b.dtype}",
            )
        inner = a.shape[-1], b.shape[-2 if b.rank > 1 else -1]
        if inner[0] != inner[1]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{name}` needs as many columns on the left as rows on the right",
                notes=(
                    f"{format_shape(a.shape)} has {inner[0]} columns, "
                    f"{format_shape(b.shape)} has {inner[1]} rows",
                ),
                help="turn the right one: `transpose(-2, -1)`" if b.shape[-1] == inner[0] else "",
            )
        number(inner[0], "the dimension that the product sums over")
        if b.rank > 1 and isinstance(b.shape[-1], Batch) and a.shape[-2:-1] == b.shape[-1:]:
            raise RuleViolation(
                Code.DIMENSION,
                f"`{name}` would compare every sample with every sample",
                notes=(f"the batch `{b.shape[-1]}` is in the rows and in the columns",),
            )

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return k for each element of the output."""
        return elements(inputs[0].shape[-1:]) * elements(outputs[0].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads a row of the first and a column of the second."""
        a, b = inputs
        (product,) = self.outputs(a, b)
        if b.rank == 1:
            return unmoved(range(a.rank - 1)), READ_WHOLE
        columns = aligned(b.shape, product.shape)
        columns.pop(b.rank - 2, None)
        return aligned(a.shape[:-1], product.shape[:-1]), columns


class Matmul(_MatrixProduct):
    """Multiply matrices, one pair for each place of the leading dimensions.

    Shapes: (…, n, k), (…, k, m) → (…, n, m); with `broadcast=True` the leading
    dimensions broadcast and either side may be a vector.
    Source: https://pytorch.org/docs/stable/generated/torch.matmul.html
    """

    torch_name: ClassVar[str] = "torch.matmul"
    function_name: ClassVar[str] = "matmul"
    operator: ClassVar[str] = "@"

    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `a @ b`."""
        return f"{inputs[0]} @ {inputs[1]}"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the leading dimensions, the rows of the first and the columns of the second."""
        a, b = inputs
        if not self.broadcast:
            for x in inputs:
                expect_rank(x, *range(2, 9), layer="matmul")
        self._check_product(a, b)
        rows, columns = a.shape[-2:-1], b.shape[-1:] if b.rank > 1 else ()
        return (a.with_shape(checked((*self._leading(a, b), *rows, *columns))),)

    def _leading(self, a: TensorType, b: TensorType) -> Shape:
        left, right = a.shape[:-2], b.shape[:-2]
        if left == right:
            return left
        wide = broadcast((left, right))
        if wide is None or not self.broadcast:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`matmul` needs equal leading dimensions",
                notes=(f"they are {format_shape(left)} and {format_shape(right)}",),
                help="write matmul(a, b, broadcast=True)" if wide is not None else "",
            )
        return wide


class Bmm(_MatrixProduct):
    """Multiply one pair of matrices for each sample of the batch.

    Shapes: (B, n, k), (B, k, m) → (B, n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.bmm.html
    """

    torch_name: ClassVar[str] = "torch.bmm"
    function_name: ClassVar[str] = "bmm"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the batch, the rows of the first and the columns of the second."""
        a, b = inputs
        for x in inputs:
            expect_rank(x, 3, layer="bmm")
        self._check_product(a, b)
        if a.shape[0] != b.shape[0]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`bmm` needs as many matrices on the left as on the right",
                notes=(f"they are {a.shape[0]} and {b.shape[0]}",),
            )
        return (a.with_shape((*a.shape[:2], b.shape[2])),)
