"""Products of matrices."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation, to_write
from archc.expressions.printing import constant_text
from archc.layers.base import Function, spec_name
from archc.layers.rules import expect_rank
from archc.reach import READ_WHOLE, Goes, Reads, aligned, unmoved
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

_TURNED = to_write("transpose(-2, -1)", "turn the right one: `transpose(-2, -1)`")


class MatrixProduct(Function):
    """Multiply matrices: n rows of k elements by m columns of k elements."""

    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    def check_product(self, a: TensorType, b: TensorType) -> None:
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
                help=_TURNED if b.shape[-1] == inner[0] else "",
            )
        number(inner[0], "the dimension that the product sums over")
        if b.rank > 1 and isinstance(b.shape[-1], Batch) and a.shape[-2:-1] == b.shape[-1:]:
            raise RuleViolation(
                Code.DIMENSION,
                f"`{name}` would compare every sample with every sample",
                notes=(f"the batch `{b.shape[-1]}` is in the rows and in the columns",),
            )

    def check_pairs(self, a: TensorType, b: TensorType) -> None:
        """Refuse what are not as many matrices on the left as on the right."""
        name = spec_name(type(self))
        for x in (a, b):
            expect_rank(x, 3, layer=name)
        self.check_product(a, b)
        if a.shape[0] != b.shape[0]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{name}` needs as many matrices on the left as on the right",
                notes=(f"they are {a.shape[0]} and {b.shape[0]}",),
            )

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return k for each element of the output."""
        return elements(inputs[0].shape[-1:]) * elements(outputs[0].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads a row of the first and a column of the second."""
        a, b = inputs
        (product,) = self.outputs(a, b)
        return rows_and_columns(a, b, product.shape)


def rows_and_columns(a: TensorType, b: TensorType, product: Shape) -> tuple[Reads, Reads]:
    """Return what an element of a product reads of both matrices: a row and a column."""
    if b.rank == 1:
        return unmoved(range(a.rank - 1)), READ_WHOLE
    columns = aligned(b.shape, product)
    columns.pop(b.rank - 2, None)
    return aligned(a.shape[:-1], product[:-1]), columns


class Matmul(MatrixProduct):
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
        self.check_product(a, b)
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


class Bmm(MatrixProduct):
    """Multiply one pair of matrices for each sample of the batch.

    Shapes: (B, n, k), (B, k, m) → (B, n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.bmm.html
    """

    torch_name: ClassVar[str] = "torch.bmm"
    function_name: ClassVar[str] = "bmm"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the batch, the rows of the first and the columns of the second."""
        a, b = inputs
        self.check_pairs(a, b)
        return (a.with_shape((*a.shape[:2], b.shape[2])),)


class _AddedProduct(MatrixProduct):
    """Add β times a tensor to α times a product of matrices."""

    arity: ClassVar[tuple[int, int]] = (3, 3)

    beta: int | float = Field(1, description="β, the factor of the tensor")
    alpha: int | float = Field(1, description="α, the factor of the product")
    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with the factors that were written."""
        factors = [
            f"{name}={constant_text(value)}"
            for name, value in self.given.items()
            if name != "broadcast"
        ]
        return f"{self.torch_name}({', '.join([*inputs, *factors])})"

    @abstractmethod
    def product(self, a: TensorType, b: TensorType) -> Shape:
        """Return the shape of the product, once both suit each other."""

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the product, to which the first tensor is added."""
        x, a, b = inputs
        name = spec_name(type(self))
        shape = self.product(a, b)
        if x.dtype != a.dtype:
            raise RuleViolation(
                Code.DTYPE, f"`{name}` needs tensors of one dtype, found {x.dtype} and {a.dtype}"
            )
        if not x.is_floating and not all(isinstance(f, int) for f in (self.beta, self.alpha)):
            raise RuleViolation(
                Code.DTYPE, f"a broken factor does not fit {x.dtype}: torch would cut it"
            )
        fits = x.rank <= len(shape) and broadcast((x.shape, shape)) == shape
        if x.shape != shape and not (fits and self.broadcast):
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{name}` adds a tensor {format_shape(x.shape)} to a product "
                f"{format_shape(shape)}",
                help=f"write {name}(…, broadcast=True)" if fits else "",
            )
        return (a.with_shape(shape),)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return those of the product."""
        return super().multiply_adds(inputs[1:], outputs)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads one to add, a row and a column."""
        x, a, b = inputs
        (added,) = self.outputs(*inputs)
        return aligned(x.shape, added.shape), *rows_and_columns(a, b, added.shape)


class Addmm(_AddedProduct):
    """Add a product of two matrices to the first tensor: a linear map and its bias.

    Shapes: (n, m), (n, k), (k, m) → (n, m); with `broadcast=True` the first may be (m).
    Source: https://pytorch.org/docs/stable/generated/torch.addmm.html
    """

    torch_name: ClassVar[str] = "torch.addmm"
    function_name: ClassVar[str] = "addmm"

    def product(self, a: TensorType, b: TensorType) -> Shape:
        """Return the rows of the first matrix and the columns of the second."""
        for x in (a, b):
            expect_rank(x, 2, layer="addmm")
        self.check_product(a, b)
        return (a.shape[0], b.shape[1])


class Baddbmm(_AddedProduct):
    """Add one product of matrices for each sample to the first tensor.

    Shapes: (B, n, m), (B, n, k), (B, k, m) → (B, n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.baddbmm.html
    """

    torch_name: ClassVar[str] = "torch.baddbmm"
    function_name: ClassVar[str] = "baddbmm"

    def product(self, a: TensorType, b: TensorType) -> Shape:
        """Return the matrices' number, the rows of the first and the columns of the second."""
        self.check_pairs(a, b)
        return (*a.shape[:2], b.shape[2])


class Addbmm(_AddedProduct):
    """Add the sum of all products of matrices to the first tensor.

    Shapes: (n, m), (c, n, k), (c, k, m) → (n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.addbmm.html
    """

    torch_name: ClassVar[str] = "torch.addbmm"
    function_name: ClassVar[str] = "addbmm"

    def product(self, a: TensorType, b: TensorType) -> Shape:
        """Return the rows of the first matrices and the columns of the second."""
        self.check_pairs(a, b)
        number(a.shape[0], "the dimension that the products are summed over")
        return (a.shape[1], b.shape[2])

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return those of all products."""
        return elements(inputs[1].shape[:1]) * super().multiply_adds(inputs, outputs)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads one to add, and a row and a column of each pair."""
        x, *_ = inputs
        (added,) = self.outputs(*inputs)
        return aligned(x.shape, added.shape), {1: Goes((0,))}, {2: Goes((1,))}
