"""Running results: one for each element, of all elements so far along a dimension."""

from typing import ClassVar

from pydantic import Field

from archc.functions.reduction import reduced_dimensions, reducing
from archc.layers.base import Function, spec_name
from archc.layers.rules import expect_floating
from archc.reach import Reads
from archc.shapes import TensorType


class _Cumulative(Function):
    """Combine the elements so far along a dimension.

    Shapes: (…) → (…).
    """

    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "reduction"

    dim: int = Field(description="the dimension to run along")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input."""
        (x,) = inputs
        reduced_dimensions(x, self.dim, spec_name(type(self)))
        return (TensorType(x.shape, x.dtype if x.is_floating else "int64"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole: its last element combines all."""
        (x,) = inputs
        return (reducing(x, (self.dim % x.rank,), keepdim=True),)


class Cumsum(_Cumulative):
    """Add up the elements so far; integers give int64.

    Source: https://pytorch.org/docs/stable/generated/torch.cumsum.html
    """

    torch_name: ClassVar[str] = "cumsum"
    function_name: ClassVar[str] = "cumsum"


class Cumprod(_Cumulative):
    """Multiply the elements so far; integers give int64.

    Source: https://pytorch.org/docs/stable/generated/torch.cumprod.html
    """

    torch_name: ClassVar[str] = "cumprod"
    function_name: ClassVar[str] = "cumprod"


class Logcumsumexp(_Cumulative):
    """Take the logarithm of the sum of the exponentials so far.

    Source: https://pytorch.org/docs/stable/generated/torch.logcumsumexp.html
    """

    torch_name: ClassVar[str] = "logcumsumexp"
    function_name: ClassVar[str] = "logcumsumexp"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which holds floating-point numbers."""
        expect_floating(inputs[0], "logcumsumexp")
        return super().outputs(*inputs)


class _Record(_Cumulative):
    """Keep the most extreme element so far, and where it stood.

    Shapes: (…) → (…) and int64 indices (…).
    """

    results: ClassVar[tuple[str, ...]] = ("", "indices")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, and indices of its shape."""
        super().outputs(*inputs)
        return inputs[0], TensorType(inputs[0].shape, "int64")


class Cummax(_Record):
    """Keep the largest element so far.

    Source: https://pytorch.org/docs/stable/generated/torch.cummax.html
    """

    torch_name: ClassVar[str] = "cummax"
    function_name: ClassVar[str] = "cummax"


class Cummin(_Record):
    """Keep the smallest element so far.

    Source: https://pytorch.org/docs/stable/generated/torch.cummin.html
    """

    torch_name: ClassVar[str] = "cummin"
    function_name: ClassVar[str] = "cummin"
