"""Arithmetic between tensors, or between a tensor and a number, and matrix products."""

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
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
    promoted,
)

MAX_TERMS = 256


def first_difference(shapes: Sequence[Shape]) -> str:
    """Return in words where shapes that should be equal first differ."""
    if len({len(shape) for shape in shapes}) > 1:
        return "the ranks are " + ", ".join(str(len(shape)) for shape in shapes)
    for axis, sizes in enumerate(zip(*shapes, strict=True)):
        if len(set(sizes)) > 1:
            return f"dimension {axis} is " + ", ".join(map(str, sizes))
    return "the shapes agree"


def with_numbers(dtype: str, *numbers: float) -> str:
    """Return the dtype of a result that mixes tensors of `dtype` with Python's numbers.

    A number changes the dtype only where that is of a lower kind: bool, integers, floats.
    """
    if any(isinstance(value, float) for value in numbers) and "float" not in dtype:
        return "float32"
    return "int64" if dtype == "bool" else dtype


class _Arithmetic(Function):
    """Combine tensors of one shape, or a tensor and a number, element by element.

    Shapes: (B, …), (B, …) → (B, …); sizes of 1 grow only where the operator is a
    gate (`*`, `/`) or `broadcast=True` says so.
    """

    arity: ClassVar[tuple[int, int]] = (1, 2)
    positional: ClassVar[tuple[str, ...]] = ("other",)
    family: ClassVar[str] = "arithmetic"
    gate: ClassVar[bool] = False
    """Whether dimensions of size 1 meet any size, at equal rank."""
    mismatch: ClassVar[Code] = Code.SIZE_MISMATCH

    other: int | float | None = Field(None, description="a number in place of the second tensor")
    reflected: bool = Field(False, description="the number stands on the left: `1 - x`")
    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the operands with the sign between them."""
        operands = [*inputs]
        if self.other is not None:
            operands.insert(0 if self.reflected else 1, constant_text(self.other))
        return self._joined(operands)

    def _joined(self, operands: list[str]) -> str:
        return f" {self.operator} ".join(operands)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape that all tensors share, with the dtype that holds all operands."""
        self._check_operands(inputs)
        return (TensorType(self._met([x.shape for x in inputs]), self._dtype(inputs)),)

    def _check_operands(self, inputs: Sequence[TensorType]) -> None:
        name = spec_name(type(self))
        if len(inputs) > 1 and self.other is not None:
            raise RuleViolation(
                Code.ARGUMENTS, f"`{name}` takes tensors or a tensor and a number, not both"
            )
        if len(inputs) == 1 and self.other is None and self.arity[1] == 2:
            raise RuleViolation(Code.ARGUMENTS, f"`{name}` needs a second operand")

    def _met(self, shapes: Sequence[Shape]) -> Shape:
        if len(set(shapes)) == 1:
            return shapes[0]
        wide = broadcast(shapes)
        equal_rank = len(set(map(len, shapes))) == 1
        if wide is None or not (self.broadcast or (self.gate and equal_rank)):
            raise self._unequal(shapes, wide)
        return checked(wide)

    def _unequal(self, shapes: Sequence[Shape], wide: Shape | None) -> RuleViolation:
        name = spec_name(type(self))
        needs = f"`{name}` needs equal shapes" + (", or sizes of 1" if self.gate else "")
        return RuleViolation(
            self.mismatch,
            "residual add needs equal shapes" if self.mismatch is Code.ADD_SHAPES else needs,
            notes=(first_difference(shapes),),
            help=f"if {format_shape(wide)} is meant, write {name}(…, broadcast=True)"
            if wide is not None
            else "",
        )

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = promoted(*(x.dtype for x in inputs))
        return dtype if self.other is None else with_numbers(dtype, self.other)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those it is made of."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)


class Add(_Arithmetic):
    """Add tensors of one shape: `relu(bn2 + downsample)`.

    Source: https://pytorch.org/docs/stable/generated/torch.add.html
    """

    torch_name: ClassVar[str] = "torch.add"
    function_name: ClassVar[str] = "add"
    operator: ClassVar[str] = "+"
    arity: ClassVar[tuple[int, int]] = (1, MAX_TERMS)
    mismatch: ClassVar[Code] = Code.ADD_SHAPES


class Sub(_Arithmetic):
    """Subtract the second tensor from the first.

    Source: https://pytorch.org/docs/stable/generated/torch.sub.html
    """

    torch_name: ClassVar[str] = "torch.sub"
    function_name: ClassVar[str] = "sub"
    operator: ClassVar[str] = "-"

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        _refuse_boolean(inputs, "-")
        return super()._dtype(inputs)


class Mul(_Arithmetic):
    """Multiply tensors element by element; sizes of 1 grow, so that a gate scales its channels.

    Source: https://pytorch.org/docs/stable/generated/torch.mul.html
    """

    torch_name: ClassVar[str] = "torch.mul"
    function_name: ClassVar[str] = "mul"
    operator: ClassVar[str] = "*"
    arity: ClassVar[tuple[int, int]] = (1, MAX_TERMS)
    gate: ClassVar[bool] = True


class Div(_Arithmetic):
    """Divide the first tensor by the second; integers give float32.

    Source: https://pytorch.org/docs/stable/generated/torch.div.html
    """

    torch_name: ClassVar[str] = "torch.div"
    function_name: ClassVar[str] = "div"
    operator: ClassVar[str] = "/"
    gate: ClassVar[bool] = True

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = super()._dtype(inputs)
        return dtype if "float" in dtype else "float32"


_SIMPLE_OPERAND = re.compile(r"-?[\w.]+")


class Pow(_Arithmetic):
    """Raise the first operand to the power of the second.

    Source: https://pytorch.org/docs/stable/generated/torch.pow.html
    """

    torch_name: ClassVar[str] = "torch.pow"
    function_name: ClassVar[str] = "pow"
    operator: ClassVar[str] = "**"

    def _joined(self, operands: list[str]) -> str:
        base, power = operands
        if base.startswith("-"):
            base = f"({base})"
        simple = _SIMPLE_OPERAND.fullmatch(base) and _SIMPLE_OPERAND.fullmatch(power)
        return f"{base}**{power}" if simple else f"{base} ** {power}"

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = super()._dtype(inputs)
        if dtype == "bool":
            raise RuleViolation(Code.DTYPE, "`**` needs numbers, the tensors are bool")
        negative = isinstance(self.other, int) and self.other < 0 and not self.reflected
        if negative and "float" not in dtype:
            raise RuleViolation(
                Code.DTYPE,
                f"a power of {self.other} needs floating-point numbers, the input is {dtype}",
                help="divide instead: 1 / x",
                argument="other",
            )
        return dtype


class Neg(Function):
    """Change the sign of every element.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.neg.html
    """

    torch_name: ClassVar[str] = "torch.neg"
    function_name: ClassVar[str] = "neg"
    operator: ClassVar[str] = "-"
    family: ClassVar[str] = "arithmetic"

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `-x`."""
        return f"-{inputs[0]}"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        _refuse_boolean(inputs, "-")
        return (inputs[0],)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class _Extreme(Function):
    """Choose between two tensors of one shape, element by element.

    Shapes: (B, …), (B, …) → (B, …).
    """

    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of both tensors."""
        shapes = [x.shape for x in inputs]
        if shapes[0] != shapes[1]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{spec_name(type(self))}` needs equal shapes",
                notes=(first_difference(shapes),),
            )
        return (TensorType(shapes[0], promoted(*(x.dtype for x in inputs))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those it is made of."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)


class Maximum(_Extreme):
    """Take the larger of two elements: the max-feature-map of two halves.

    Source: https://pytorch.org/docs/stable/generated/torch.maximum.html
    """

    torch_name: ClassVar[str] = "torch.maximum"
    function_name: ClassVar[str] = "maximum"


class Minimum(_Extreme):
    """Take the smaller of two elements.

    Source: https://pytorch.org/docs/stable/generated/torch.minimum.html
    """

    torch_name: ClassVar[str] = "torch.minimum"
    function_name: ClassVar[str] = "minimum"


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


def _refuse_boolean(inputs: Sequence[TensorType], sign: str) -> None:
    if any(x.dtype == "bool" for x in inputs):
        raise RuleViolation(Code.DTYPE, f"`{sign}` needs numbers, a tensor is bool")


__all__ = [
    "Add",
    "Bmm",
    "Div",
    "Matmul",
    "Maximum",
    "Minimum",
    "Mul",
    "Neg",
    "Pow",
    "Sub",
    "first_difference",
]
