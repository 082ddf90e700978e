"""Activations without a slot: the arguments and rules are those of the modules of the same kind."""

from typing import ClassVar

from archc.diagnostics import Code, RuleViolation
from archc.functions.dropout import Random
from archc.layers import activation as modules
from archc.layers.base import Function
from archc.layers.rules import expect_floating
from archc.reach import Goes, Reads
from archc.shapes import TensorType, format_shape


class _Activation(Function):
    """Apply one function to every number, or to all along one dimension."""

    family: ClassVar[str] = "activation"


class Relu(_Activation, modules.ReLU):
    """Replace negative numbers by 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """

    torch_name: ClassVar[str] = "F.relu"
    function_name: ClassVar[str] = "relu"


class Relu6(_Activation, modules.ReLU6):
    """Cut numbers to the range from 0 to 6.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html
    """

    torch_name: ClassVar[str] = "F.relu6"
    function_name: ClassVar[str] = "relu6"


class LeakyRelu(_Activation, modules.LeakyReLU):
    """Multiply negative numbers by a small slope.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html
    """

    torch_name: ClassVar[str] = "F.leaky_relu"
    function_name: ClassVar[str] = "leaky_relu"
    positional: ClassVar[tuple[str, ...]] = ("negative_slope",)


class Prelu(_Activation, modules.Elementwise):
    """Multiply negative numbers by the slope that a second tensor holds, for all or by channel.

    Shapes: (B, C, …), (1) or (C) → (B, C, …).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html
    """

    torch_name: ClassVar[str] = "F.prelu"
    function_name: ClassVar[str] = "prelu"
    arity: ClassVar[tuple[int, int]] = (2, 2)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which has a channel for each slope."""
        x, slopes = inputs
        expect_floating(x, "prelu")
        channels = x.shape[1] if x.rank > 1 else 1
        if x.dtype != slopes.dtype or slopes.rank != 1 or slopes.shape[0] not in (1, channels):
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`prelu` needs 1 slope or {channels}, in {x.dtype}",
                notes=(f"the slopes are {slopes.dtype}{format_shape(slopes.shape)}",),
            )
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself, and the slope of its channel."""
        x, slopes = inputs
        return *super().reads(x), {} if slopes.shape[0] == 1 else {0: Goes((1,))}


class Rrelu(Random, _Activation, modules.RReLU):
    """Multiply negative numbers by a slope drawn from a range in training, by its middle after.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html
    """

    torch_name: ClassVar[str] = "F.rrelu"
    function_name: ClassVar[str] = "rrelu"
    positional: ClassVar[tuple[str, ...]] = ("lower", "upper")


class Elu(_Activation, modules.ELU):
    """Replace negative numbers by α(exp(x) − 1).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.elu.html
    """

    torch_name: ClassVar[str] = "F.elu"
    function_name: ClassVar[str] = "elu"
    positional: ClassVar[tuple[str, ...]] = ("alpha",)


class Selu(_Activation, modules.SELU):
    """Replace negative numbers by α(exp(x) − 1), scaled so that depth keeps the variance.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.selu.html
    """

    torch_name: ClassVar[str] = "F.selu"
    function_name: ClassVar[str] = "selu"


class Celu(_Activation, modules.CELU):
    """Replace negative numbers by α(exp(x/α) − 1).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.celu.html
    """

    torch_name: ClassVar[str] = "F.celu"
    function_name: ClassVar[str] = "celu"
    positional: ClassVar[tuple[str, ...]] = ("alpha",)


class Gelu(_Activation, modules.GELU):
    """Multiply each number by the normal distribution's share below it.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html
    """

    torch_name: ClassVar[str] = "F.gelu"
    function_name: ClassVar[str] = "gelu"


class Silu(_Activation, modules.SiLU):
    """Multiply each number by its sigmoid; also called swish.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.silu.html
    """

    torch_name: ClassVar[str] = "F.silu"
    function_name: ClassVar[str] = "silu"


class Mish(_Activation, modules.Mish):
    """Multiply each number by the hyperbolic tangent of its softplus.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.mish.html
    """

    torch_name: ClassVar[str] = "F.mish"
    function_name: ClassVar[str] = "mish"


class Hardswish(_Activation, modules.Hardswish):
    """Multiply each number by its hard sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html
    """

    torch_name: ClassVar[str] = "F.hardswish"
    function_name: ClassVar[str] = "hardswish"


class Hardsigmoid(_Activation, modules.Hardsigmoid):
    """Follow the sigmoid by three straight lines.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html
    """

    torch_name: ClassVar[str] = "F.hardsigmoid"
    function_name: ClassVar[str] = "hardsigmoid"


class Hardtanh(_Activation, modules.Hardtanh):
    """Cut numbers to a range.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html
    """

    torch_name: ClassVar[str] = "F.hardtanh"
    function_name: ClassVar[str] = "hardtanh"
    positional: ClassVar[tuple[str, ...]] = ("min_val", "max_val")


class Sigmoid(_Activation, modules.Sigmoid):
    """Map each number to 1/(1 + exp(−x)).

    Source: https://pytorch.org/docs/stable/generated/torch.sigmoid.html
    """

    torch_name: ClassVar[str] = "torch.sigmoid"
    function_name: ClassVar[str] = "sigmoid"


class Logsigmoid(_Activation, modules.LogSigmoid):
    """Map each number to the logarithm of its sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
    """

    torch_name: ClassVar[str] = "F.logsigmoid"
    function_name: ClassVar[str] = "logsigmoid"


class Tanh(_Activation, modules.Tanh):
    """Map each number to its hyperbolic tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.tanh.html
    """

    torch_name: ClassVar[str] = "torch.tanh"
    function_name: ClassVar[str] = "tanh"


class Softplus(_Activation, modules.Softplus):
    """Map each number to log(1 + exp(βx))/β.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html
    """

    torch_name: ClassVar[str] = "F.softplus"
    function_name: ClassVar[str] = "softplus"
    positional: ClassVar[tuple[str, ...]] = ("beta", "threshold")


class Softsign(_Activation, modules.Softsign):
    """Map each number to x/(1 + |x|).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html
    """

    torch_name: ClassVar[str] = "F.softsign"
    function_name: ClassVar[str] = "softsign"


class Glu(_Activation, modules.GLU):
    """Multiply one half of a dimension by the sigmoid of the other.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.glu.html
    """

    torch_name: ClassVar[str] = "F.glu"
    function_name: ClassVar[str] = "glu"
    positional: ClassVar[tuple[str, ...]] = ("dim",)
