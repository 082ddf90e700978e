"""Functions that choose elements by a mask, by indices or by their place in a matrix."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.functions.arithmetic import unequal, with_numbers
from archc.layers.base import Function, spec_name
from archc.layers.rules import Rule, expect_rank
from archc.reach import Goes, Reads, aligned, scattered, unmoved
from archc.shapes import (
    Batch,
    Shape,
    Size,
    TensorType,
    broadcast,
    checked,
    format_shape,
    normal_dimension,
    number,
    promoted,
)

_INDICES = ("int64", "int32")


def _check_mask(mask: TensorType, shape: Shape, name: str) -> None:
    """Refuse a mask that is not boolean or does not broadcast to `shape`."""
    if mask.dtype != "bool":
        raise RuleViolation(
            Code.DTYPE,
            f"`{name}` needs a mask of booleans, this one is {mask.dtype}",
            help="compare it with something: `mask == 0`",
        )
    if mask.rank > len(shape) or broadcast((mask.shape, shape)) != shape:
        raise RuleViolation(
            Code.SIZE_MISMATCH,
            f"a mask {format_shape(mask.shape)} does not fit {format_shape(shape)}",
            help=_mask_advice(mask, shape),
        )


def _mask_advice(mask: TensorType, shape: Shape) -> str:
    """Return what lets a mask broadcast that lacks the last dimensions."""
    if mask.rank >= len(shape) or mask.shape != shape[: mask.rank]:
        return ""
    text = "mask"
    for _ in range(len(shape) - mask.rank):
        text = f"unsqueeze({text}, -1)"
    return f"the last dimensions are missing: write `{text}`"


class Where(Function):
    """Take elements of the second tensor where the first is true, else of the third.

    Either may be a number: `where(mask, x, other=0.0)`, `where(mask, x, input=0.0)`.

    Shapes: bool (B, …), (B, …), (B, …) → (B, …); the mask broadcasts.
    Source: https://pytorch.org/docs/stable/generated/torch.where.html
    """

    torch_name: ClassVar[str] = "torch.where"
    function_name: ClassVar[str] = "where"
    arity: ClassVar[tuple[int, int]] = (2, 3)
    positional: ClassVar[tuple[str, ...]] = ("other",)
    family: ClassVar[str] = "arithmetic"

    other: int | float | None = Field(None, description="a number where the mask is False")
    input: int | float | None = Field(None, description="a number where the mask is True")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with the number in its place."""
        operands = [*inputs]
        if self.input is not None:
            operands.insert(1, constant_text(self.input))
        if self.other is not None:
            operands.append(constant_text(self.other))
        return f"torch.where({', '.join(operands)})"

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that there is a tensor to choose from."""
        return (self._numbers_rule,)

    def _numbers_rule(self) -> None:
        """Refuse two numbers: one of both is a tensor."""
        if self.input is not None and self.other is not None:
            raise _of_where()

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the elements, in the dtype that holds both."""
        mask, *values = inputs
        numbers = [value for value in (self.input, self.other) if value is not None]
        if len(values) + len(numbers) != 2:
            raise _of_where()
        shapes = [x.shape for x in values]
        if len(set(shapes)) > 1:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`where` needs equal shapes to choose from",
                notes=(unequal(shapes),),
            )
        _check_mask(mask, shapes[0], "where")
        return (TensorType(shapes[0], with_numbers_of(values, numbers)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those at its place."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)


def _of_where() -> RuleViolation:
    return RuleViolation(
        Code.ARGUMENTS, "`where` takes a mask and two tensors, or a tensor and a number"
    )


def with_numbers_of(tensors: Sequence[TensorType], numbers: Sequence[float]) -> str:
    """Return the dtype that holds tensors and Python's numbers."""
    dtype = promoted(*(x.dtype for x in tensors))
    return with_numbers(dtype, *numbers) if numbers else dtype


class MaskedFill(Function):
    """Write a number where a mask, the second tensor, is true.

    Shapes: (B, …), bool (B, …) → (B, …); the mask broadcasts.
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html
    """

    torch_name: ClassVar[str] = "masked_fill"
    function_name: ClassVar[str] = "masked_fill"
    method: ClassVar[bool] = True
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("value",)
    family: ClassVar[str] = "arithmetic"

    value: int | float | bool = Field(description="the number; `-inf` before a softmax")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        x, mask = inputs
        _check_mask(mask, x.shape, "masked_fill")
        if isinstance(self.value, float) and not x.is_floating:
            raise RuleViolation(
                Code.DTYPE,
                f"{self.value} does not fit into {x.dtype}: torch would cut it",
                argument="value",
            )
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those at its place."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)


class _ByIndex(Function):
    """Choose elements along a dimension by a second tensor of indices."""

    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "shape"
    dtypes: ClassVar[tuple[str, ...]] = _INDICES

    dim: int = Field(description="the dimension to choose from")

    def _checked(self, x: TensorType, index: TensorType) -> int:
        """Return `dim` counted from 0, once both tensors suit each other."""
        name = spec_name(type(self))
        expect_rank(index, x.rank, layer=name)
        if index.dtype not in self.dtypes:
            raise RuleViolation(
                Code.DTYPE,
                f"`{name}` needs indices of {' or '.join(self.dtypes)}, found {index.dtype}",
            )
        dim = normal_dimension(self.dim, x.rank)
        number(x.shape[dim], "the dimension to choose from")
        return dim


class Gather(_ByIndex):
    """Choose elements along a dimension, one for each index.

    Shapes: (B, …, n, …), int64 (B, …, m, …) → (B, …, m, …).
    Source: https://pytorch.org/docs/stable/generated/torch.gather.html
    """

    torch_name: ClassVar[str] = "gather"
    function_name: ClassVar[str] = "gather"

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with `dim` between the tensors."""
        return f"torch.gather({inputs[0]}, {self.dim}, {inputs[1]})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the indices, which reaches no further than the input's."""
        x, index = inputs
        dim = self._checked(x, index)
        for axis, (wanted, there) in enumerate(zip(index.shape, x.shape, strict=True)):
            if axis != dim and not _reaches(wanted, there):
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    f"the indices have {wanted} in dimension {axis}, the input has {there}",
                )
        return (x.with_shape(index.shape),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads its index, and along `dim` any place."""
        x, index = inputs
        return scattered(x.rank, (self.dim,)), unmoved(range(index.rank))


def _reaches(wanted: Size, there: Size) -> bool:
    """Return whether indices of a dimension stay within it."""
    if isinstance(wanted, Batch) or isinstance(there, Batch):
        return wanted == there
    return wanted <= there


class TakeAlongDim(_ByIndex):
    """Choose elements along a dimension; in the others sizes of 1 grow.

    Shapes: (B, …, n, …), int64 (B, …, m, …) → (B, …, m, …).
    Source: https://pytorch.org/docs/stable/generated/torch.take_along_dim.html
    """

    torch_name: ClassVar[str] = "torch.take_along_dim"
    function_name: ClassVar[str] = "take_along_dim"
    dtypes: ClassVar[tuple[str, ...]] = ("int64",)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of both, as long in `dim` as the indices."""
        x, index = inputs
        dim = self._checked(x, index)
        shapes = [(*s[:dim], 1, *s[dim + 1 :]) for s in (x.shape, index.shape)]
        wide = broadcast(shapes)
        if wide is None:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`take_along_dim` needs equal sizes, or sizes of 1, in the other dimensions",
                notes=(unequal(shapes),),
            )
        return (x.with_shape(checked((*wide[:dim], index.shape[dim], *wide[dim + 1 :]))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads its index, and along `dim` any place."""
        x, index = inputs
        (chosen,) = self.outputs(x, index)
        dim = normal_dimension(self.dim, x.rank)
        return aligned(x.shape, chosen.shape) | {dim: Goes((dim,), None)}, aligned(
            index.shape, chosen.shape
        )


class _Triangle(Function):
    """Keep one triangle of the matrices in the last two dimensions; the rest becomes 0.

    Shapes: (B, …, n, m) → (B, …, n, m).
    """

    positional: ClassVar[tuple[str, ...]] = ("diagonal",)
    family: ClassVar[str] = "arithmetic"

    diagonal: int = Field(0, description="the diagonal that bounds it; 1 is the one above")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, whose matrices are within a sample."""
        (x,) = inputs
        name = spec_name(type(self))
        expect_rank(x, *range(2, 9), layer=name)
        if any(isinstance(size, Batch) for size in x.shape[-2:]):
            raise RuleViolation(
                Code.DIMENSION,
                f"`{name}` would take the batch for rows of a matrix",
                notes=(f"the input is {format_shape(x.shape)}",),
            )
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Tril(_Triangle):
    """Keep the lower triangle: what a causal mask lets through.

    Source: https://pytorch.org/docs/stable/generated/torch.tril.html
    """

    torch_name: ClassVar[str] = "torch.tril"
    function_name: ClassVar[str] = "tril"


class Triu(_Triangle):
    """Keep the upper triangle.

    Source: https://pytorch.org/docs/stable/generated/torch.triu.html
    """

    torch_name: ClassVar[str] = "torch.triu"
    function_name: ClassVar[str] = "triu"
