"""Activations: functions of each element, and those that weigh elements against each other."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Elementwise, Function, expect_floating
from archc.shapes import TensorType, normal_dimension, number


class _Activation(Elementwise, Function):
    """Apply one function to every element.

    Shapes: (…) → (…).
    """


class _InPlace(_Activation):
    """Apply one function to every element, in the input's own memory where asked.

    Shapes: (…) → (…).
    """

    inplace: bool = Field(False, description="overwrite the input")


class Relu(_InPlace):
    """Replace negative elements by 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """

    torch_name: ClassVar[str] = "F.relu"
    function_name: ClassVar[str] = "relu"


class Relu6(_InPlace):
    """Limit elements to 0 … 6.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html
    """

    torch_name: ClassVar[str] = "F.relu6"
    function_name: ClassVar[str] = "relu6"


class LeakyRelu(_InPlace):
    """Scale negative elements by a small slope.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html
    """

    torch_name: ClassVar[str] = "F.leaky_relu"
    function_name: ClassVar[str] = "leaky_relu"
    positional: ClassVar[tuple[str, ...]] = ("negative_slope",)

    negative_slope: float = Field(0.01, description="slope below 0")


class Elu(_InPlace):
    """Bend negative elements towards −alpha: α(eˣ − 1).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.elu.html
    """

    torch_name: ClassVar[str] = "F.elu"
    function_name: ClassVar[str] = "elu"
    positional: ClassVar[tuple[str, ...]] = ("alpha",)

    alpha: float = Field(1.0, description="the limit below 0, with its sign changed")


class Selu(_InPlace):
    """Scale an ELU so that activations keep mean 0 and variance 1.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.selu.html
    """

    torch_name: ClassVar[str] = "F.selu"
    function_name: ClassVar[str] = "selu"


class Gelu(_Activation):
    """Weigh each element by the normal distribution below it: x·Φ(x).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
    """

    torch_name: ClassVar[str] = "F.gelu"
    function_name: ClassVar[str] = "gelu"

    approximate: Literal["none", "tanh"] = Field("none", description="how Φ is computed")


class Silu(_InPlace):
    """Weigh each element by its sigmoid, also called swish: x·σ(x).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.silu.html
    """

    torch_name: ClassVar[str] = "F.silu"
    function_name: ClassVar[str] = "silu"


class Mish(_InPlace):
    """Weigh each element by the tanh of its softplus.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.mish.html
    """

    torch_name: ClassVar[str] = "F.mish"
    function_name: ClassVar[str] = "mish"


class Hardswish(_InPlace):
    """Weigh each element by a straight-lined sigmoid: x·relu6(x + 3)/6.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html
    """

    torch_name: ClassVar[str] = "F.hardswish"
    function_name: ClassVar[str] = "hardswish"


class Hardsigmoid(_InPlace):
    """Replace the sigmoid by straight lines: relu6(x + 3)/6.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html
    """

    torch_name: ClassVar[str] = "F.hardsigmoid"
    function_name: ClassVar[str] = "hardsigmoid"


class Hardtanh(_InPlace):
    """Limit elements to min_val … max_val.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html
    """

    torch_name: ClassVar[str] = "F.hardtanh"
    function_name: ClassVar[str] = "hardtanh"
    positional: ClassVar[tuple[str, ...]] = ("min_val", "max_val")

    min_val: float = Field(-1.0, description="the lower limit")
    max_val: float = Field(1.0, description="the upper limit")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        if self.min_val > self.max_val:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"min_val={self.min_val} lies above max_val={self.max_val}",
                argument="min_val",
            )
        return super().outputs(*inputs)


class Sigmoid(_Activation):
    """Press elements into 0 … 1: 1/(1 + e⁻ˣ).

    Source: https://pytorch.org/docs/stable/generated/torch.sigmoid.html
    """

    torch_name: ClassVar[str] = "torch.sigmoid"
    function_name: ClassVar[str] = "sigmoid"


class Tanh(_Activation):
    """Press elements into −1 … 1.

    Source: https://pytorch.org/docs/stable/generated/torch.tanh.html
    """

    torch_name: ClassVar[str] = "torch.tanh"
    function_name: ClassVar[str] = "tanh"


class Softplus(_Activation):
    """Smooth a ReLU: log(1 + e^βx)/β.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html
    """

    torch_name: ClassVar[str] = "F.softplus"
    function_name: ClassVar[str] = "softplus"
    positional: ClassVar[tuple[str, ...]] = ("beta", "threshold")

    beta: Annotated[float, Field(gt=0)] = Field(1.0, description="sharpness of the bend")
    threshold: float = Field(20.0, description="where the straight line takes over")


class Softsign(_Activation):
    """Press elements into −1 … 1 by x/(1 + |x|).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html
    """

    torch_name: ClassVar[str] = "F.softsign"
    function_name: ClassVar[str] = "softsign"


class Logsigmoid(_Activation):
    """Take the logarithm of the sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
    """

    torch_name: ClassVar[str] = "F.logsigmoid"
    function_name: ClassVar[str] = "logsigmoid"


class _AlongDimension(_Activation):
    """Weigh the elements of one dimension against each other.

    Shapes: (…) → (…).
    """

    positional: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = Field(description="the dimension whose elements add up to 1")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        normal_dimension(self.dim, inputs[0].rank)
        return super().outputs(*inputs)


class Softmax(_AlongDimension):
    """Turn scores into probabilities: eˣ over its sum along `dim`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """

    torch_name: ClassVar[str] = "F.softmax"
    function_name: ClassVar[str] = "softmax"


class LogSoftmax(_AlongDimension):
    """Turn scores into logarithms of probabilities along `dim`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """

    torch_name: ClassVar[str] = "F.log_softmax"
    function_name: ClassVar[str] = "log_softmax"


class Softmin(_AlongDimension):
    """Turn costs into probabilities: the softmax of −x along `dim`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html
    """

    torch_name: ClassVar[str] = "F.softmin"
    function_name: ClassVar[str] = "softmin"


class Glu(Function):
    """Gate the first half of a dimension by the sigmoid of the second.

    Shapes: (…, 2n, …) → (…, n, …).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.glu.html
    """

    torch_name: ClassVar[str] = "F.glu"
    function_name: ClassVar[str] = "glu"
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "activation"

    dim: int = Field(-1, description="the dimension to halve")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `dim` halved."""
        (x,) = inputs
        expect_floating(x, "glu")
        dim = normal_dimension(self.dim, x.rank)
        size = number(x.shape[dim], "the dimension to halve")
        if size % 2:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"`glu` halves dimension {dim}, whose size {size} is odd",
                argument="dim",
            )
        return (x.with_shape((*x.shape[:dim], size // 2, *x.shape[dim + 1 :])),)
