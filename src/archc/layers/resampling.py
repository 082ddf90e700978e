"""Layers that change the resolution without a parameter."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.resampling import (
    Factor,
    Mode,
    check_groups,
    check_mode,
    expect_axes,
    expect_corners,
    expect_size,
    pixels_shuffled,
    pixels_unshuffled,
    resized,
    resized_working,
    resizing,
)
from archc.layers.base import Layer
from archc.layers.fields import Positive
from archc.layers.rules import Rule, expect_rank, numbers_for_axes
from archc.reach import Goes, Reads, nearest_reach, sliding, unmoved, window_reach
from archc.shapes import TensorType
from archc.windows import Axis


class Upsample(Layer):
    """Resize every axis to a size or by a factor.

    Shapes: (B, C, L…) → (B, C, o…), o = size or ⌊L·factor⌋.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    torch_name: ClassVar[str] = "nn.Upsample"
    family: ClassVar[str] = "shape"

    size: Positive | tuple[Positive, ...] | None = Field(None, description="sizes of the output")
    scale_factor: Factor | tuple[Factor, ...] | None = Field(
        None, description="output sizes as multiples of the input's"
    )
    mode: Mode = Field("nearest", description="how a number between others is found")
    align_corners: bool | None = Field(None, description="keep the corners where they are")
    recompute_scale_factor: bool | None = Field(
        None, description="compute with the factor that the rounded size gives"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the options, and of size and factor."""
        return (
            self._recompute_rule,
            lambda: expect_corners(self.mode, self.align_corners),
            lambda: expect_size(self.size, self.scale_factor, "Upsample"),
            lambda: expect_axes(self.size, self.mode, "size"),
            lambda: expect_axes(self.scale_factor, self.mode, "scale_factor"),
        )

    def _recompute_rule(self) -> None:
        """Refuse to compute a factor anew where a size is given."""
        if self.recompute_scale_factor and self.size is not None:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                "recompute_scale_factor has no meaning beside a size",
                argument="recompute_scale_factor",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the new sizes after the channels."""
        (x,) = inputs
        check_mode(x, self.mode, self.align_corners, "Upsample")
        self._recompute_rule()
        return (x.with_shape(resized(x, self.size, self.scale_factor, "Upsample")),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return what each position is interpolated from."""
        return (resizing(inputs[0], self.outputs(*inputs)[0], self.mode, self.align_corners),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the sizes that were asked for, or ⌊L·factor⌋."""
        return resized_working(inputs[0], self.outputs(*inputs)[0], self.scale_factor)


class _FixedUpsampling(Layer):
    """Resize an image in one way.

    Shapes: (B, C, H, W) → (B, C, o, o), o = size or ⌊L·factor⌋.
    """

    family: ClassVar[str] = "shape"
    mode: ClassVar[Mode]
    corners: ClassVar[bool | None] = None

    size: Positive | tuple[Positive, ...] | None = Field(None, description="sizes of the output")
    scale_factor: Factor | tuple[Factor, ...] | None = Field(
        None, description="output sizes as multiples of the input's"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of size and factor."""
        name = type(self).__name__
        numbers = numbers_for_axes(self, 2, "size", "scale_factor")
        return (lambda: expect_size(self.size, self.scale_factor, name), *numbers)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the new sizes after the channels."""
        (x,) = inputs
        name = type(self).__name__
        expect_rank(x, 4, layer=name)
        check_mode(x, self.mode, self.corners, name)
        return (x.with_shape(resized(x, self.size, self.scale_factor, name)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return what each position is interpolated from."""
        return (resizing(inputs[0], self.outputs(*inputs)[0], self.mode, self.corners),)


class UpsamplingNearest2d(_FixedUpsampling):
    """Resize an image by repeating the nearest pixel.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html
    """

    torch_name: ClassVar[str] = "nn.UpsamplingNearest2d"
    mode: ClassVar[Mode] = "nearest"


class UpsamplingBilinear2d(_FixedUpsampling):
    """Resize an image between its pixels, corners on corners.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html
    """

    torch_name: ClassVar[str] = "nn.UpsamplingBilinear2d"
    mode: ClassVar[Mode] = "bilinear"
    corners: ClassVar[bool | None] = True


class PixelShuffle(Layer):
    """Turn r² channels into an image r times as high and wide.

    Shapes: (B, C·r², H, W) → (B, C, H·r, W·r).
    Source: Shi et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
    """

    torch_name: ClassVar[str] = "nn.PixelShuffle"
    positional: ClassVar[tuple[str, ...]] = ("upscale_factor",)
    family: ClassVar[str] = "shape"

    upscale_factor: Positive = Field(description="r, the factor of height and width")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with channels turned into pixels."""
        return (pixels_shuffled(inputs[0], self.upscale_factor, "PixelShuffle"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that r² neighbours read one position."""
        return (sliding((nearest_reach(self.upscale_factor),) * 2),)


class PixelUnshuffle(Layer):
    """Turn each square of r × r pixels into r² channels.

    Shapes: (B, C, H·r, W·r) → (B, C·r², H, W).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    torch_name: ClassVar[str] = "nn.PixelUnshuffle"
    positional: ClassVar[tuple[str, ...]] = ("downscale_factor",)
    family: ClassVar[str] = "shape"

    downscale_factor: Positive = Field(description="r, the divisor of height and width")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with pixels turned into channels."""
        return (pixels_unshuffled(inputs[0], self.downscale_factor, "PixelUnshuffle"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads r² neighbours."""
        side = Axis(self.downscale_factor, self.downscale_factor)
        return (sliding((window_reach(side),) * 2),)


class ChannelShuffle(Layer):
    """Deal the channels of `groups` groups out in turn, so that groups exchange what they saw.

    Shapes: (B, C, L…) → the same.
    Source: Zhang et al. 2018; https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    torch_name: ClassVar[str] = "nn.ChannelShuffle"
    positional: ClassVar[tuple[str, ...]] = ("groups",)
    family: ClassVar[str] = "shape"

    groups: Positive = Field(description="the number of groups")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        check_groups(inputs[0], self.groups, "ChannelShuffle")
        return inputs

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads itself, in another channel."""
        x, *_ = inputs
        return (unmoved(range(x.rank)) | {1: Goes((1,), None)},)
