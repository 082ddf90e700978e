"""Elementary functions of each element: root, exponential, rounding, limits."""

from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import with_numbers
from archc.layers.base import Function, spec_name
from archc.reach import Reads, unmoved
from archc.shapes import TensorType


class _Elementary(Function):
    """Apply one function to every element; integers give float32.

    Shapes: (…) → (…).
    """

    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input, in floating-point numbers."""
        (x,) = inputs
        return (x if x.is_floating else TensorType(x.shape, "float32"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Sqrt(_Elementary):
    """Take the square root.

    Source: https://pytorch.org/docs/stable/generated/torch.sqrt.html
    """

    torch_name: ClassVar[str] = "torch.sqrt"
    function_name: ClassVar[str] = "sqrt"


class Rsqrt(_Elementary):
    """Take one over the square root.

    Source: https://pytorch.org/docs/stable/generated/torch.rsqrt.html
    """

    torch_name: ClassVar[str] = "torch.rsqrt"
    function_name: ClassVar[str] = "rsqrt"


class Exp(_Elementary):
    """Take the exponential.

    Source: https://pytorch.org/docs/stable/generated/torch.exp.html
    """

    torch_name: ClassVar[str] = "torch.exp"
    function_name: ClassVar[str] = "exp"


class Log(_Elementary):
    """Take the natural logarithm.

    Source: https://pytorch.org/docs/stable/generated/torch.log.html
    """

    torch_name: ClassVar[str] = "torch.log"
    function_name: ClassVar[str] = "log"


class Sin(_Elementary):
    """Take the sine: half of a positional encoding.

    Source: https://pytorch.org/docs/stable/generated/torch.sin.html
    """

    torch_name: ClassVar[str] = "torch.sin"
    function_name: ClassVar[str] = "sin"


class Cos(_Elementary):
    """Take the cosine: the other half of a positional encoding.

    Source: https://pytorch.org/docs/stable/generated/torch.cos.html
    """

    torch_name: ClassVar[str] = "torch.cos"
    function_name: ClassVar[str] = "cos"


class Erf(_Elementary):
    """Take the error function, of which GELU is made.

    Source: https://pytorch.org/docs/stable/generated/torch.erf.html
    """

    torch_name: ClassVar[str] = "torch.erf"
    function_name: ClassVar[str] = "erf"


class _KeepsDtype(Function):
    """Apply one function to every number, keeping its dtype.

    Shapes: (…) → (…).
    """

    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        if x.dtype == "bool":
            raise RuleViolation(
                Code.DTYPE, f"`{spec_name(type(self))}` needs numbers, the input is bool"
            )
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Abs(_KeepsDtype):
    """Drop the sign.

    Source: https://pytorch.org/docs/stable/generated/torch.abs.html
    """

    torch_name: ClassVar[str] = "torch.abs"
    function_name: ClassVar[str] = "abs"


class Round(_KeepsDtype):
    """Round to the nearest integer, halves to the even one.

    Source: https://pytorch.org/docs/stable/generated/torch.round.html
    """

    torch_name: ClassVar[str] = "torch.round"
    function_name: ClassVar[str] = "round"


class Floor(_KeepsDtype):
    """Round down.

    Source: https://pytorch.org/docs/stable/generated/torch.floor.html
    """

    torch_name: ClassVar[str] = "torch.floor"
    function_name: ClassVar[str] = "floor"


class Ceil(_KeepsDtype):
    """Round up.

    Source: https://pytorch.org/docs/stable/generated/torch.ceil.html
    """

    torch_name: ClassVar[str] = "torch.ceil"
    function_name: ClassVar[str] = "ceil"


class Square(Function):
    """Multiply each element by itself; booleans give int64.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.square.html
    """

    torch_name: ClassVar[str] = "torch.square"
    function_name: ClassVar[str] = "square"
    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        return (TensorType(x.shape, "int64") if x.dtype == "bool" else x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Clamp(Function):
    """Limit elements to min … max; either may be left out.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.clamp.html
    """

    torch_name: ClassVar[str] = "torch.clamp"
    function_name: ClassVar[str] = "clamp"
    family: ClassVar[str] = "arithmetic"
    positional: ClassVar[tuple[str, ...]] = ("min", "max")

    min: int | float | None = Field(None, description="the lower limit")
    max: int | float | None = Field(None, description="the upper limit")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input, in the dtype that holds the limits too."""
        (x,) = inputs
        limits = [limit for limit in (self.min, self.max) if limit is not None]
        if not limits:
            raise RuleViolation(
                Code.ARGUMENTS, "`clamp` needs a limit", help="write clamp(min=…) or clamp(max=…)"
            )
        return (TensorType(x.shape, with_numbers(x.dtype, *limits)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)
