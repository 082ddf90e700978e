"""Rounding, signs and limits: functions that keep what kind of number an element is."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import with_numbers
from archc.layers.base import Elementwise, Function, spec_name
from archc.layers.fields import Real
from archc.layers.rules import Rule
from archc.reach import Reads, unmoved
from archc.shapes import TensorType


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


class Trunc(_KeepsDtype):
    """Round towards 0.

    Source: https://pytorch.org/docs/stable/generated/torch.trunc.html
    """

    torch_name: ClassVar[str] = "torch.trunc"
    function_name: ClassVar[str] = "trunc"


class Frac(Function, Elementwise):
    """Keep what stands behind the point.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.frac.html
    """

    torch_name: ClassVar[str] = "torch.frac"
    function_name: ClassVar[str] = "frac"
    family: ClassVar[str] = "arithmetic"


class _OfAnything(Function):
    """Apply one function to every element, keeping its dtype.

    Shapes: (…) → (…).
    """

    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        return inputs

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Sign(_OfAnything):
    """Map each number to −1, 0 or 1.

    Source: https://pytorch.org/docs/stable/generated/torch.sign.html
    """

    torch_name: ClassVar[str] = "torch.sign"
    function_name: ClassVar[str] = "sign"


class NanToNum(_OfAnything):
    """Replace what is no number, and infinite numbers, by finite ones.

    Source: https://pytorch.org/docs/stable/generated/torch.nan_to_num.html
    """

    torch_name: ClassVar[str] = "torch.nan_to_num"
    function_name: ClassVar[str] = "nan_to_num"

    nan: Real = Field(0.0, description="what stands for no number")
    posinf: Real | None = Field(None, description="what stands for ∞; the largest by default")
    neginf: Real | None = Field(None, description="what stands for −∞; the smallest by default")


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

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that there is a limit."""
        return (self._limits,)

    def _limits(self) -> list[int | float]:
        """Return the limits that there are, one at least."""
        limits = [limit for limit in (self.min, self.max) if limit is not None]
        if not limits:
            raise RuleViolation(
                Code.ARGUMENTS, "`clamp` needs a limit", help="write clamp(min=…) or clamp(max=…)"
            )
        return limits

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input, in the dtype that holds the limits too."""
        (x,) = inputs
        limits = self._limits()
        return (TensorType(x.shape, with_numbers(x.dtype, *limits)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)
