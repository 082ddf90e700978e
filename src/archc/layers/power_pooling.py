"""Power-average pooling: the p-norm of each window."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import spec_name
from archc.layers.fields import Positive, PositiveAxes
from archc.layers.pooling import Spatial
from archc.layers.rules import Rule, numbers_for_axes, spatial
from archc.reach import Reads, sliding, window_reach
from archc.shapes import TensorType
from archc.windows import Axis, ceil_length, floor_length


class _PowerPooling(Spatial):
    """Take the p-norm of each window: between a sum, p = 1, and a maximum, p = ∞.

    Shapes: (B, C, L…) → (B, C, o…), o = ⌊(L − k)/s⌋ + 1, or ⌈…⌉ in ceil mode.
    """

    positional: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size")

    norm_type: float = Field(description="p, the exponent")
    kernel_size: PositiveAxes = Field(description="size of the window")
    stride: PositiveAxes | None = Field(
        None, description="step of the window; by default the kernel size"
    )
    ceil_mode: bool = Field(False, description="keep a last window that is not full")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the exponent and of the window's numbers."""
        return (self._power_rule, *numbers_for_axes(self, self.axes, "kernel_size", "stride"))

    def _power_rule(self) -> None:
        """Refuse the exponent 0."""
        if self.norm_type == 0:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`norm_type` of `{spec_name(type(self))}` cannot be 0",
                argument="norm_type",
            )

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = kernels if self.stride is None else spatial(self.stride, self.axes, "stride")
        return tuple(map(Axis, kernels, strides))

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula on each axis."""
        (x,) = inputs
        self._power_rule()
        lengths = self.lengths(x)
        length = ceil_length if self.ceil_mode else floor_length
        return (x.with_shape((*x.shape[:2], *map(length, lengths, self.window()))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its window, channel by channel."""
        return (sliding(map(window_reach, self.window()), channels=True),)


class LPPool1d(_PowerPooling):
    """Take the p-norm of each window over one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """

    torch_name: ClassVar[str] = "nn.LPPool1d"
    axes: ClassVar[int] = 1

    kernel_size: Positive = Field(description="size of the window")
    stride: Positive | None = Field(
        None, description="step of the window; by default the kernel size"
    )


class LPPool2d(_PowerPooling):
    """Take the p-norm of each window over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
    """

    torch_name: ClassVar[str] = "nn.LPPool2d"
    axes: ClassVar[int] = 2


class LPPool3d(_PowerPooling):
    """Take the p-norm of each window over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """

    torch_name: ClassVar[str] = "nn.LPPool3d"
    axes: ClassVar[int] = 3

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula; the kernel lies within the input."""
        for length, axis in zip(self.lengths(inputs[0]), self.window(), strict=True):
            floor_length(length, axis)
        return super().outputs(*inputs)
