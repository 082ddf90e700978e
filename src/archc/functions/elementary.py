"""Elementary functions of each element: roots, exponentials, logarithms, the error function."""

from typing import ClassVar

from pydantic import Field

from archc.layers.base import Function
from archc.layers.fields import Real
from archc.reach import Reads, unmoved
from archc.shapes import TensorType


class Elementary(Function):
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


class Sqrt(Elementary):
    """Take the square root.

    Source: https://pytorch.org/docs/stable/generated/torch.sqrt.html
    """

    torch_name: ClassVar[str] = "torch.sqrt"
    function_name: ClassVar[str] = "sqrt"


class Rsqrt(Elementary):
    """Take one over the square root.

    Source: https://pytorch.org/docs/stable/generated/torch.rsqrt.html
    """

    torch_name: ClassVar[str] = "torch.rsqrt"
    function_name: ClassVar[str] = "rsqrt"


class Exp(Elementary):
    """Take the exponential.

    Source: https://pytorch.org/docs/stable/generated/torch.exp.html
    """

    torch_name: ClassVar[str] = "torch.exp"
    function_name: ClassVar[str] = "exp"


class Log(Elementary):
    """Take the natural logarithm.

    Source: https://pytorch.org/docs/stable/generated/torch.log.html
    """

    torch_name: ClassVar[str] = "torch.log"
    function_name: ClassVar[str] = "log"


class Erf(Elementary):
    """Take the error function, of which GELU is made.

    Source: https://pytorch.org/docs/stable/generated/torch.erf.html
    """

    torch_name: ClassVar[str] = "torch.erf"
    function_name: ClassVar[str] = "erf"


class Log1p(Elementary):
    """Take the logarithm of 1 + x, exact for small x.

    Source: https://pytorch.org/docs/stable/generated/torch.log1p.html
    """

    torch_name: ClassVar[str] = "torch.log1p"
    function_name: ClassVar[str] = "log1p"


class Log2(Elementary):
    """Take the logarithm to base 2.

    Source: https://pytorch.org/docs/stable/generated/torch.log2.html
    """

    torch_name: ClassVar[str] = "torch.log2"
    function_name: ClassVar[str] = "log2"


class Log10(Elementary):
    """Take the logarithm to base 10.

    Source: https://pytorch.org/docs/stable/generated/torch.log10.html
    """

    torch_name: ClassVar[str] = "torch.log10"
    function_name: ClassVar[str] = "log10"


class Expm1(Elementary):
    """Take the exponential minus 1, exact for small x.

    Source: https://pytorch.org/docs/stable/generated/torch.expm1.html
    """

    torch_name: ClassVar[str] = "torch.expm1"
    function_name: ClassVar[str] = "expm1"


class Exp2(Elementary):
    """Raise 2 to the power of each element.

    Source: https://pytorch.org/docs/stable/generated/torch.exp2.html
    """

    torch_name: ClassVar[str] = "torch.exp2"
    function_name: ClassVar[str] = "exp2"


class Reciprocal(Elementary):
    """Take one over each element.

    Source: https://pytorch.org/docs/stable/generated/torch.reciprocal.html
    """

    torch_name: ClassVar[str] = "torch.reciprocal"
    function_name: ClassVar[str] = "reciprocal"


class Erfc(Elementary):
    """Take one minus the error function.

    Source: https://pytorch.org/docs/stable/generated/torch.erfc.html
    """

    torch_name: ClassVar[str] = "torch.erfc"
    function_name: ClassVar[str] = "erfc"


class Erfinv(Elementary):
    """Take the inverse of the error function.

    Source: https://pytorch.org/docs/stable/generated/torch.erfinv.html
    """

    torch_name: ClassVar[str] = "torch.erfinv"
    function_name: ClassVar[str] = "erfinv"


class Logit(Elementary):
    """Take log(x/(1 − x)), the inverse of the sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.logit.html
    """

    torch_name: ClassVar[str] = "torch.logit"
    function_name: ClassVar[str] = "logit"
    positional: ClassVar[tuple[str, ...]] = ("eps",)

    eps: Real | None = Field(None, description="numbers are cut to eps … 1 − eps before")


class Lgamma(Elementary):
    """Take the logarithm of the absolute value of the gamma function.

    Source: https://pytorch.org/docs/stable/generated/torch.lgamma.html
    """

    torch_name: ClassVar[str] = "torch.lgamma"
    function_name: ClassVar[str] = "lgamma"


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
