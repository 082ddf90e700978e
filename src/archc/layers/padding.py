"""Padding as a layer: a border of zeros, of a constant, or of the input itself."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import RuleViolation
from archc.functions.padding import Mode, expect_no_crop, padded
from archc.layers.base import Layer
from archc.layers.fields import Real
from archc.layers.rules import Rule, expect_rank, spatial, worked_axes
from archc.reach import Reads, sliding, window_reach
from archc.shapes import TensorType, number
from archc.windows import Axis


class _Padding(Layer):
    """Add a border to every axis; negative numbers cut one off.

    Shapes: (B, C, L…) → (B, C, o…), o = L + before + after.
    """

    axes: ClassVar[int]
    mode: ClassVar[Mode]
    positional: ClassVar[tuple[str, ...]] = ("padding",)
    family: ClassVar[str] = "padding"

    padding: int | tuple[int, ...] = Field(
        description="one number, or (before, after) for each axis, the last axis first"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the border's numbers."""
        return (self._border_rule,)

    def _border_rule(self) -> None:
        """Refuse another number of sides, and cutting where the border repeats the input."""
        expect_no_crop(spatial(self.padding, 2 * self.axes, "padding"), self.mode, "padding")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with both borders added."""
        (x,) = inputs
        expect_rank(x, self.axes + 2, layer=type(self).__name__)
        sides = spatial(self.padding, 2 * self.axes, "padding")
        try:
            return (x.with_shape(padded(x, sides, self.mode)),)
        except RuleViolation as violation:
            violation.argument = "padding"
            raise

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return windows of one position, which start in the border."""
        sides = spatial(self.padding, 2 * self.axes, "padding")
        pairs = zip(sides[::2], sides[1::2], strict=True)
        return tuple(Axis(1, padding=pair) for pair in reversed(list(pairs)))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads the one that lies under it."""
        return (sliding(map(window_reach, self.window(*inputs)), channels=True),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return both borders added to each axis."""
        lengths = [number(size, "an axis") for size in inputs[0].shape[2:]]
        return worked_axes(
            [
                f"L + p₀ + p₁ = {length} + {axis.padding[0]} + {axis.padding[1]} = "
                f"{length + sum(axis.padding)}"
                for length, axis in zip(lengths, self.window(*inputs), strict=True)
            ]
        )


class ZeroPad1d(_Padding):
    """Put zeros around (B, C, L).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
    """

    torch_name: ClassVar[str] = "nn.ZeroPad1d"
    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "constant"


class ZeroPad2d(_Padding):
    """Put zeros around (B, C, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
    """

    torch_name: ClassVar[str] = "nn.ZeroPad2d"
    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "constant"


class ZeroPad3d(_Padding):
    """Put zeros around (B, C, D, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
    """

    torch_name: ClassVar[str] = "nn.ZeroPad3d"
    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "constant"


class ConstantPad1d(_Padding):
    """Put a number around (B, C, L).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
    """

    torch_name: ClassVar[str] = "nn.ConstantPad1d"
    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "constant"
    positional: ClassVar[tuple[str, ...]] = ("padding", "value")

    value: Real = Field(description="the number in the border")


class ConstantPad2d(_Padding):
    """Put a number around (B, C, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
    """

    torch_name: ClassVar[str] = "nn.ConstantPad2d"
    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "constant"
    positional: ClassVar[tuple[str, ...]] = ("padding", "value")

    value: Real = Field(description="the number in the border")


class ConstantPad3d(_Padding):
    """Put a number around (B, C, D, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
    """

    torch_name: ClassVar[str] = "nn.ConstantPad3d"
    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "constant"
    positional: ClassVar[tuple[str, ...]] = ("padding", "value")

    value: Real = Field(description="the number in the border")


class ReflectionPad1d(_Padding):
    """Mirror the border of (B, C, L).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
    """

    torch_name: ClassVar[str] = "nn.ReflectionPad1d"
    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "reflect"


class ReflectionPad2d(_Padding):
    """Mirror the border of (B, C, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """

    torch_name: ClassVar[str] = "nn.ReflectionPad2d"
    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "reflect"


class ReflectionPad3d(_Padding):
    """Mirror the border of (B, C, D, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """

    torch_name: ClassVar[str] = "nn.ReflectionPad3d"
    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "reflect"


class ReplicationPad1d(_Padding):
    """Repeat the border of (B, C, L).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html
    """

    torch_name: ClassVar[str] = "nn.ReplicationPad1d"
    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "replicate"


class ReplicationPad2d(_Padding):
    """Repeat the border of (B, C, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
    """

    torch_name: ClassVar[str] = "nn.ReplicationPad2d"
    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "replicate"


class ReplicationPad3d(_Padding):
    """Repeat the border of (B, C, D, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """

    torch_name: ClassVar[str] = "nn.ReplicationPad3d"
    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "replicate"


class CircularPad1d(_Padding):
    """Continue (B, C, L) from its other end.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html
    """

    torch_name: ClassVar[str] = "nn.CircularPad1d"
    axes: ClassVar[int] = 1
    mode: ClassVar[Mode] = "circular"


class CircularPad2d(_Padding):
    """Continue (B, C, H, W) from its other end.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html
    """

    torch_name: ClassVar[str] = "nn.CircularPad2d"
    axes: ClassVar[int] = 2
    mode: ClassVar[Mode] = "circular"


class CircularPad3d(_Padding):
    """Continue (B, C, D, H, W) from its other end.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """

    torch_name: ClassVar[str] = "nn.CircularPad3d"
    axes: ClassVar[int] = 3
    mode: ClassVar[Mode] = "circular"
