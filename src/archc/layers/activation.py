"""Activations: a function of each element, or of all elements along one dimension."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Elementwise, Owned, spec_name
from archc.layers.fields import Positive, Real
from archc.layers.rules import Rule
from archc.reach import Reads, scattered
from archc.shapes import TensorType, normal_dimension, number

_INPLACE = "write the result over the input"


class ReLU(Elementwise):
    """Replace negative numbers by 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """

    torch_name: ClassVar[str] = "nn.ReLU"
    overwrites: ClassVar[bool] = True

    inplace: bool = Field(False, description=_INPLACE)


class ReLU6(Elementwise):
    """Cut numbers to the range from 0 to 6.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
    """

    torch_name: ClassVar[str] = "nn.ReLU6"
    overwrites: ClassVar[bool] = True

    inplace: bool = Field(False, description=_INPLACE)


class LeakyReLU(Elementwise):
    """Multiply negative numbers by a small slope.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    torch_name: ClassVar[str] = "nn.LeakyReLU"
    positional: ClassVar[tuple[str, ...]] = ("negative_slope",)

    negative_slope: Real = Field(0.01, description="slope for negative numbers")
    inplace: bool = Field(False, description=_INPLACE)


class PReLU(Elementwise):
    """Multiply negative numbers by a learnt slope.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.PReLU.html
    """

    torch_name: ClassVar[str] = "nn.PReLU"

    num_parameters: Positive = Field(1, description="1, or one slope for each channel")
    init: Real = Field(0.25, description="first value of the slope")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which has a channel for each slope."""
        (x,) = super().outputs(*inputs)
        channels = number(x.shape[1], "the number of channels") if x.rank > 1 else 1
        if self.num_parameters not in (1, channels):
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"num_parameters={self.num_parameters} slopes do not fit {channels} channels",
                help=f"write num_parameters={channels}, or 1 for one slope",
                argument="num_parameters",
            )
        return (x,)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the slopes (num_parameters)."""
        return (Owned("weight", (self.num_parameters,)),)


class RReLU(Elementwise):
    """Multiply negative numbers by a slope drawn from a range in training, by its middle after.

    Source: Xu et al. 2015; https://pytorch.org/docs/stable/generated/torch.nn.RReLU.html
    """

    torch_name: ClassVar[str] = "nn.RReLU"

    lower: Real = Field(1 / 8, description="lower end of the slopes")
    upper: Real = Field(1 / 3, description="upper end of the slopes")
    inplace: bool = Field(False, description=_INPLACE)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the range."""
        return (self._range_rule,)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input; the range of slopes is not reversed."""
        self._range_rule()
        return super().outputs(*inputs)

    def _range_rule(self) -> None:
        if self.lower > self.upper:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"there is no slope from lower={self.lower} to upper={self.upper}",
                argument="upper",
            )


class ELU(Elementwise):
    """Replace negative numbers by α(exp(x) − 1).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    torch_name: ClassVar[str] = "nn.ELU"

    alpha: Real = Field(1.0, description="limit for large negative numbers, negated")
    inplace: bool = Field(False, description=_INPLACE)


class SELU(Elementwise):
    """Replace negative numbers by α(exp(x) − 1), scaled so that depth keeps the variance.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.SELU.html
    """

    torch_name: ClassVar[str] = "nn.SELU"

    inplace: bool = Field(False, description=_INPLACE)


class CELU(Elementwise):
    """Replace negative numbers by α(exp(x/α) − 1).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CELU.html
    """

    torch_name: ClassVar[str] = "nn.CELU"

    alpha: Real = Field(1.0, description="limit for large negative numbers, negated")
    inplace: bool = Field(False, description=_INPLACE)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the divisor."""
        return (self._divisor_rule,)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input; `alpha`, by which x is divided, is not 0."""
        self._divisor_rule()
        return super().outputs(*inputs)

    def _divisor_rule(self) -> None:
        if self.alpha == 0:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`alpha` of `{spec_name(type(self))}` cannot be 0",
                argument="alpha",
            )


class GELU(Elementwise):
    """Multiply each number by the normal distribution's share below it.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    torch_name: ClassVar[str] = "nn.GELU"

    approximate: Literal["none", "tanh"] = Field(
        "none", description="`'tanh'` for the faster formula"
    )


class SiLU(Elementwise):
    """Multiply each number by its sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """

    torch_name: ClassVar[str] = "nn.SiLU"

    inplace: bool = Field(False, description=_INPLACE)


class Mish(Elementwise):
    """Multiply each number by the hyperbolic tangent of its softplus.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Mish.html
    """

    torch_name: ClassVar[str] = "nn.Mish"

    inplace: bool = Field(False, description=_INPLACE)


class Hardswish(Elementwise):
    """Multiply each number by its hard sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
    """

    torch_name: ClassVar[str] = "nn.Hardswish"

    inplace: bool = Field(False, description=_INPLACE)


class Hardsigmoid(Elementwise):
    """Follow the sigmoid by three straight lines.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
    """

    torch_name: ClassVar[str] = "nn.Hardsigmoid"

    inplace: bool = Field(False, description=_INPLACE)


class Hardtanh(Elementwise):
    """Cut numbers to a range.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
    """

    torch_name: ClassVar[str] = "nn.Hardtanh"

    min_val: Real = Field(-1.0, description="lower end of the range")
    max_val: Real = Field(1.0, description="upper end of the range")
    inplace: bool = Field(False, description=_INPLACE)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the range."""
        return (self._range_rule,)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input; the range is not empty."""
        self._range_rule()
        return super().outputs(*inputs)

    def _range_rule(self) -> None:
        if self.min_val >= self.max_val:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"the range from min_val={self.min_val} to max_val={self.max_val} is empty",
                argument="max_val",
            )


class Sigmoid(Elementwise):
    """Map each number to 1/(1 + exp(−x)).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """

    torch_name: ClassVar[str] = "nn.Sigmoid"


class LogSigmoid(Elementwise):
    """Map each number to the logarithm of its sigmoid.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
    """

    torch_name: ClassVar[str] = "nn.LogSigmoid"


class Tanh(Elementwise):
    """Map each number to its hyperbolic tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """

    torch_name: ClassVar[str] = "nn.Tanh"


class Softplus(Elementwise):
    """Map each number to log(1 + exp(βx))/β.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    torch_name: ClassVar[str] = "nn.Softplus"

    beta: Real = Field(1.0, description="sharpness")
    threshold: Real = Field(20.0, description="βx above which the number is kept")


class Softsign(Elementwise):
    """Map each number to x/(1 + |x|).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softsign.html
    """

    torch_name: ClassVar[str] = "nn.Softsign"


class GLU(Elementwise):
    """Multiply one half of a dimension by the sigmoid of the other.

    Shapes: (B, …, 2n, …) → (B, …, n, …).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.GLU.html
    """

    torch_name: ClassVar[str] = "nn.GLU"

    dim: int = Field(-1, description="the dimension to halve")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `dim` halved.

        Raises:
            RuleViolation: the size is odd.
        """
        (x,) = super().outputs(*inputs)
        dim = normal_dimension(self.dim, x.rank)
        size = number(x.shape[dim], "the dimension to halve")
        if size % 2:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"`{spec_name(type(self))}` halves dimension {self.dim}, whose size {size} is odd",
                argument="dim",
            )
        return (x.with_shape((*x.shape[:dim], size // 2, *x.shape[dim + 1 :])),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dim` each element reads one of either half."""
        return (scattered(inputs[0].rank, (self.dim,)),)
