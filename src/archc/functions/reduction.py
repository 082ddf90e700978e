"""Functions that take one number of each row: mean, sum, the largest, the spread."""

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function, spec_name
from archc.layers.rules import Rule, expect_floating
from archc.reach import Goes, Reads, unmoved
from archc.shapes import Batch, Shape, TensorType, checked, format_shape, normal_dimension, number

Dimensions = int | Annotated[tuple[int, ...], Field(min_length=1)]


def reduced_dimensions(x: TensorType, dim: int | tuple[int, ...] | None, name: str) -> list[int]:
    """Return the dimensions to reduce, counted from 0; None stands for all.

    Raises:
        RuleViolation: one is the batch, is named twice or does not exist.
    """
    named = (dim,) if isinstance(dim, int) else dim
    dims = [normal_dimension(d, x.rank) for d in named or range(x.rank)]
    if len(set(dims)) < len(dims):
        raise _named_twice(named)
    for axis in dims:
        _refuse_batch(x.shape, axis, name)
    return dims


def expect_distinct(named: int | tuple[int, ...] | None) -> None:
    """Refuse a dimension that is named twice by one number.

    Raises:
        RuleViolation: one is.
    """
    if isinstance(named, tuple) and len(set(named)) < len(named):
        raise _named_twice(named)


def _named_twice(named: object) -> RuleViolation:
    return RuleViolation(Code.DIMENSION, f"a dimension is named twice: {named}", argument="dim")


def _refuse_batch(shape: Shape, axis: int, name: str) -> None:
    if not isinstance(shape[axis], Batch):
        return
    rest = tuple(other for other in range(len(shape)) if other != axis)
    advice = f"name the dimensions: {name}({rest[0] if len(rest) == 1 else rest})" if rest else ""
    raise RuleViolation(
        Code.DIMENSION,
        f"`{name}` would take the batch away",
        notes=(f"dimension {axis} of {format_shape(shape)} is the batch",),
        help=advice,
        argument="dim",
    )


def without(shape: Shape, dims: Collection[int], keepdim: bool) -> Shape:
    """Return `shape` after its dimensions `dims` were reduced to one element each."""
    if keepdim:
        return tuple(1 if axis in dims else size for axis, size in enumerate(shape))
    return checked(tuple(size for axis, size in enumerate(shape) if axis not in dims))


def reducing(x: TensorType, dims: Collection[int], keepdim: bool) -> Reads:
    """Return the reading of `dims` whole, of each other dimension at its own place."""
    kept = [dim for dim in range(x.rank) if dim not in dims]
    if keepdim:
        return unmoved(kept)
    return {old: Goes((new,)) for new, old in enumerate(kept)}


class Reduction(Function):
    """Reduce one or more dimensions to one element each.

    Shapes: (B, …, n, …) → (B, …, …), or (B, …, 1, …) with `keepdim`.
    """

    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "keepdim")
    family: ClassVar[str] = "reduction"

    dim: Dimensions | None = Field(None, description="the dimensions to reduce; None for all")
    keepdim: bool = Field(False, description="keep the reduced dimensions with size 1")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the dimensions."""
        return (lambda: expect_distinct(self.dim),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the reduced dimensions."""
        (x,) = inputs
        dims = reduced_dimensions(x, self.dim, spec_name(type(self)))
        return (TensorType(without(x.shape, dims, self.keepdim), self.dtype(x)),)

    def dtype(self, x: TensorType) -> str:
        return x.dtype

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the reduced dimensions are read whole."""
        dims = reduced_dimensions(inputs[0], self.dim, spec_name(type(self)))
        return (reducing(inputs[0], dims, self.keepdim),)


class Sum(Reduction):
    """Add the elements; integers and booleans give int64.

    Source: https://pytorch.org/docs/stable/generated/torch.sum.html
    """

    torch_name: ClassVar[str] = "sum"
    function_name: ClassVar[str] = "sum"

    def dtype(self, x: TensorType) -> str:
        """Return a floating-point dtype as it is, else int64."""
        return x.dtype if x.is_floating else "int64"


class Prod(Function):
    """Multiply the elements along a dimension; integers and booleans give int64.

    Shapes: (B, …, n, …) → (B, …, …), or (B, …, 1, …) with `keepdim`.
    Source: https://pytorch.org/docs/stable/generated/torch.prod.html
    """

    torch_name: ClassVar[str] = "prod"
    function_name: ClassVar[str] = "prod"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "keepdim")
    family: ClassVar[str] = "reduction"

    dim: int = Field(description="the dimension to reduce")
    keepdim: bool = Field(False, description="keep the reduced dimension with size 1")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the reduced dimension."""
        (x,) = inputs
        shape = without(x.shape, reduced_dimensions(x, self.dim, "prod"), self.keepdim)
        return (TensorType(shape, x.dtype if x.is_floating else "int64"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the reduced dimension is read whole."""
        dims = reduced_dimensions(inputs[0], self.dim, "prod")
        return (reducing(inputs[0], dims, self.keepdim),)


class Statistic(Reduction):
    """Reduce floating-point numbers to one number that describes them."""

    def dtype(self, x: TensorType) -> str:
        """Return the dtype of the input, which holds floating-point numbers."""
        expect_floating(x, spec_name(type(self)))
        return x.dtype


class Mean(Statistic):
    """Average the elements.

    Source: https://pytorch.org/docs/stable/generated/torch.mean.html
    """

    torch_name: ClassVar[str] = "mean"
    function_name: ClassVar[str] = "mean"


class Logsumexp(Function):
    """Take the logarithm of the sum of exponentials: a smooth maximum.

    Shapes: (B, …, n, …) → (B, …, …), or (B, …, 1, …) with `keepdim`.
    Source: https://pytorch.org/docs/stable/generated/torch.logsumexp.html
    """

    torch_name: ClassVar[str] = "logsumexp"
    function_name: ClassVar[str] = "logsumexp"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "keepdim")
    family: ClassVar[str] = "reduction"

    dim: Dimensions = Field(description="the dimensions to reduce")
    keepdim: bool = Field(False, description="keep the reduced dimensions with size 1")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the dimensions."""
        return (lambda: expect_distinct(self.dim),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the reduced dimensions."""
        (x,) = inputs
        expect_floating(x, "logsumexp")
        dims = reduced_dimensions(x, self.dim, "logsumexp")
        return (x.with_shape(without(x.shape, dims, self.keepdim)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the reduced dimensions are read whole."""
        dims = reduced_dimensions(inputs[0], self.dim, "logsumexp")
        return (reducing(inputs[0], dims, self.keepdim),)


class _Spread(Statistic):
    """Measure how far elements lie from their mean."""

    positional: ClassVar[tuple[str, ...]] = ("dim",)

    correction: Annotated[int, Field(ge=0)] = Field(
        1, description="what is taken from the count that divides: 1 for a sample, 0 for all"
    )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the reduced dimensions."""
        (x,) = inputs
        count = 1
        for axis in reduced_dimensions(x, self.dim, spec_name(type(self))):
            count *= number(x.shape[axis], "a reduced dimension")
        if count <= self.correction:
            raise RuleViolation(
                Code.DIMENSION,
                f"`{spec_name(type(self))}` of {count} element{'s' * (count > 1)} "
                f"with correction={self.correction} divides by zero",
                help="write correction=0, or reduce a longer dimension",
                argument="correction",
            )
        return super().outputs(x)


class Var(_Spread):
    """Take the variance.

    Source: https://pytorch.org/docs/stable/generated/torch.var.html
    """

    torch_name: ClassVar[str] = "var"
    function_name: ClassVar[str] = "var"


class Std(_Spread):
    """Take the standard deviation.

    Source: https://pytorch.org/docs/stable/generated/torch.std.html
    """

    torch_name: ClassVar[str] = "std"
    function_name: ClassVar[str] = "std"


class Amax(Reduction):
    """Take the largest element: the maximum over time.

    Source: https://pytorch.org/docs/stable/generated/torch.amax.html
    """

    torch_name: ClassVar[str] = "amax"
    function_name: ClassVar[str] = "amax"


class Amin(Reduction):
    """Take the smallest element.

    Source: https://pytorch.org/docs/stable/generated/torch.amin.html
    """

    torch_name: ClassVar[str] = "amin"
    function_name: ClassVar[str] = "amin"


class _Truth(Reduction):
    """Reduce elements to one boolean; a number other than 0 is true."""

    def dtype(self, x: TensorType) -> str:
        """Return `bool`."""
        return "bool"


class All(_Truth):
    """Say whether all elements are true.

    Source: https://pytorch.org/docs/stable/generated/torch.all.html
    """

    torch_name: ClassVar[str] = "all"
    function_name: ClassVar[str] = "all"


class Any(_Truth):
    """Say whether any element is true.

    Source: https://pytorch.org/docs/stable/generated/torch.any.html
    """

    torch_name: ClassVar[str] = "any"
    function_name: ClassVar[str] = "any"
