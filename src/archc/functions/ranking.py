"""Order along a dimension: the largest, its place, the k largest, all of them sorted."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.functions.reduction import reduced_dimensions, reducing, without
from archc.layers.base import Function, spec_name
from archc.layers.fields import Positive
from archc.reach import Reads
from archc.shapes import Shape, TensorType, normal_dimension, number


def _refuse_boolean(x: TensorType, name: str) -> None:
    if x.dtype == "bool":
        raise RuleViolation(Code.DTYPE, f"`{name}` needs numbers, the input is bool")


class _Position(Function):
    """Find where along a dimension an element lies; the result is int64.

    Shapes: (B, …, n, …) → (B, …, …), or (B, …, 1, …) with `keepdim`.
    """

    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "keepdim")
    family: ClassVar[str] = "reduction"

    dim: int = Field(description="the dimension to search")
    keepdim: bool = Field(False, description="keep the reduced dimension with size 1")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the searched dimension."""
        (x,) = inputs
        name = spec_name(type(self))
        _refuse_boolean(x, name)
        dims = reduced_dimensions(x, self.dim, name)
        return (TensorType(without(x.shape, dims, self.keepdim), "int64"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the reduced dimensions are read whole."""
        dims = reduced_dimensions(inputs[0], self.dim, spec_name(type(self)))
        return (reducing(inputs[0], dims, self.keepdim),)


class Argmax(_Position):
    """Find the largest element: the predicted class.

    Source: https://pytorch.org/docs/stable/generated/torch.argmax.html
    """

    torch_name: ClassVar[str] = "argmax"
    function_name: ClassVar[str] = "argmax"


class Argmin(_Position):
    """Find the smallest element.

    Source: https://pytorch.org/docs/stable/generated/torch.argmin.html
    """

    torch_name: ClassVar[str] = "argmin"
    function_name: ClassVar[str] = "argmin"


class _Chosen(Function):
    """Choose one element along a dimension; the second result is its place.

    Shapes: (B, …, n, …) → (B, …, …) and int64 indices, or (B, …, 1, …) with `keepdim`.
    """

    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "keepdim")
    results: ClassVar[tuple[str, ...]] = ("", "indices")
    family: ClassVar[str] = "reduction"

    dim: int = Field(description="the dimension to search")
    keepdim: bool = Field(False, description="keep the reduced dimension with size 1")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the searched dimension, for the elements and their places."""
        (x,) = inputs
        dims = reduced_dimensions(x, self.dim, spec_name(type(self)))
        shape = without(x.shape, dims, self.keepdim)
        return x.with_shape(shape), TensorType(shape, "int64")

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole."""
        (x,) = inputs
        return (reducing(x, (self.dim % x.rank,), self.keepdim),)


class Max(_Chosen):
    """Take the largest element; `amax` does so without its place.

    Source: https://pytorch.org/docs/stable/generated/torch.max.html
    """

    torch_name: ClassVar[str] = "max"
    function_name: ClassVar[str] = "max"


class Min(_Chosen):
    """Take the smallest element; `amin` does so without its place.

    Source: https://pytorch.org/docs/stable/generated/torch.min.html
    """

    torch_name: ClassVar[str] = "min"
    function_name: ClassVar[str] = "min"


class Median(_Chosen):
    """Take the element in the middle; of two, the smaller.

    Source: https://pytorch.org/docs/stable/generated/torch.median.html
    """

    torch_name: ClassVar[str] = "median"
    function_name: ClassVar[str] = "median"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the searched dimension, for the elements and their places."""
        _refuse_boolean(inputs[0], "median")
        return super().outputs(*inputs)


class Mode(_Chosen):
    """Take the most frequent element.

    Source: https://pytorch.org/docs/stable/generated/torch.mode.html
    """

    torch_name: ClassVar[str] = "mode"
    function_name: ClassVar[str] = "mode"

    dim: int = Field(-1, description="the dimension to search")


class _Sorted(Function):
    """Order the elements along a dimension."""

    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "descending")
    family: ClassVar[str] = "shape"

    dim: int = Field(-1, description="the dimension to sort along")
    descending: bool = Field(False, description="the largest first")
    stable: bool = Field(False, description="keep the order of equal elements")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch takes `stable` beside arguments with names alone."""
        given = [f"{name}={constant_text(value)}" for name, value in self.given.items()]
        return f"{inputs[0]}.{self.torch_name}({', '.join(given)})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, and places of its shape."""
        (x,) = inputs
        reduced_dimensions(x, self.dim, spec_name(type(self)))
        return x, TensorType(x.shape, "int64")

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole."""
        (x,) = inputs
        return (reducing(x, (self.dim % x.rank,), keepdim=True),)


class Sort(_Sorted):
    """Sort the elements along a dimension.

    Shapes: (…) → (…) and int64 indices (…).
    Source: https://pytorch.org/docs/stable/generated/torch.sort.html
    """

    torch_name: ClassVar[str] = "sort"
    function_name: ClassVar[str] = "sort"
    results: ClassVar[tuple[str, ...]] = ("", "indices")


class Argsort(_Sorted):
    """Find the order that sorts the elements along a dimension.

    Shapes: (…) → int64 (…).
    Source: https://pytorch.org/docs/stable/generated/torch.argsort.html
    """

    torch_name: ClassVar[str] = "argsort"
    function_name: ClassVar[str] = "argsort"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return places of the input's shape."""
        return super().outputs(*inputs)[1:]


class Topk(Function):
    """Take the k largest elements along a dimension, the largest first, and their places.

    Shapes: (B, …, n, …) → (B, …, k, …) and int64 indices.
    Source: https://pytorch.org/docs/stable/generated/torch.topk.html
    """

    torch_name: ClassVar[str] = "topk"
    function_name: ClassVar[str] = "topk"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("k", "dim")
    results: ClassVar[tuple[str, ...]] = ("", "indices")
    family: ClassVar[str] = "reduction"

    k: Positive = Field(description="how many")
    dim: int = Field(-1, description="the dimension to search")
    largest: bool = Field(True, description="the largest; False for the smallest")
    sorted: bool = Field(True, description="return them in order")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with k elements in `dim`, for the elements and their places."""
        (x,) = inputs
        _refuse_boolean(x, "topk")
        shape = _at_most(x.shape, self.dim, self.k)
        return x.with_shape(shape), TensorType(shape, "int64")

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole."""
        (x,) = inputs
        return (reducing(x, (self.dim % x.rank,), keepdim=True),)


def _at_most(shape: Shape, dim: int, count: int) -> Shape:
    """Return `shape` with `count` elements in `dim`, which has as many."""
    place = normal_dimension(dim, len(shape))
    size = number(shape[place], "the dimension to search")
    if count > size:
        raise RuleViolation(
            Code.DIMENSION, f"k={count} elements of {size} in dimension {place}", argument="k"
        )
    return (*shape[:place], count, *shape[place + 1 :])
