"""Functions that change the resolution: interpolation and the shuffles of pixels and channels."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function
from archc.layers.fields import Positive
from archc.layers.rules import Rule, expect_floating, expect_rank, spatial, worked_axes
from archc.reach import (
    HERE,
    Goes,
    Reach,
    Reads,
    linear_reach,
    nearest_reach,
    scattered,
    sliding,
    unmoved,
    window_reach,
)
from archc.shapes import MAX_SIZE, Shape, Size, TensorType, checked, number
from archc.windows import Axis

Factor = Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0, allow_inf_nan=False)]
Mode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]
_RANKS: dict[Mode, tuple[int, ...]] = {
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}
"""The numbers of dimensions of the modes that do not take all from 3 to 5."""


class Interpolate(Function):
    """Change the size of an image, or of any grid, to a size, by a factor or to another's size.

    A second tensor is the one whose size to reach: the module then follows the sizes it is given.

    Shapes: (B, C, L…) → (B, C, o…), o = size or ⌊L·factor⌋; (B, C, L…), (B, D, o…) → (B, C, o…).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """

    torch_name: ClassVar[str] = "F.interpolate"
    function_name: ClassVar[str] = "interpolate"
    arity: ClassVar[tuple[int, int]] = (1, 2)
    positional: ClassVar[tuple[str, ...]] = ("size",)
    family: ClassVar[str] = "resampling"

    size: Positive | tuple[Positive, ...] | None = Field(None, description="the size to reach")
    scale_factor: Factor | tuple[Factor, ...] | None = Field(
        None, description="what to multiply the size by"
    )
    mode: Mode = Field("nearest", description="how new elements are computed")
    align_corners: bool | None = Field(None, description="keep the corner elements in the corners")
    recompute_scale_factor: bool | None = Field(
        None, description="compute with the factor that the rounded size gives"
    )
    antialias: bool = Field(False, description="smooth before making the image smaller")

    @property
    def fills_a_place(self) -> bool:
        """Whether a size or a factor stands where the second tensor would."""
        return self.size is not None or self.scale_factor is not None

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; of a second tensor the axes after batch and channels are the size."""
        x, *like = inputs
        return super().forward([x, *(f"{tensor}.shape[2:]" for tensor in like)], batch)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the options, and of size and factor."""
        return (
            self._recompute_rule,
            self._antialias_rule,
            lambda: expect_corners(self.mode, self.align_corners),
            lambda: expect_size(self.size, self.scale_factor, "interpolate", both=True),
            lambda: expect_axes(self.size, self.mode, "size"),
            lambda: expect_axes(self.scale_factor, self.mode, "scale_factor"),
        )

    def _recompute_rule(self) -> None:
        """Refuse to compute a factor anew where none is given."""
        if self.recompute_scale_factor and self.scale_factor is None:
            raise RuleViolation(
                Code.ARGUMENTS,
                "recompute_scale_factor needs a scale_factor",
                argument="recompute_scale_factor",
            )

    def _antialias_rule(self) -> None:
        """Refuse to smooth in a mode that cannot."""
        if self.antialias and self.mode not in {"bilinear", "bicubic"}:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"antialias needs mode 'bilinear' or 'bicubic', not {self.mode!r}",
                argument="antialias",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with new sizes after the channels."""
        x, *like = inputs
        self._recompute_rule()
        self._antialias_rule()
        check_mode(x, self.mode, self.align_corners, "interpolate")
        if like:
            return (x.with_shape(self._like(x, like[0])),)
        return (x.with_shape(resized(x, self.size, self.scale_factor, "interpolate")),)

    def _like(self, x: TensorType, other: TensorType) -> Shape:
        """Return the shape of `x` with the other tensor's axes after batch and channels."""
        if self.fills_a_place:
            raise RuleViolation(
                Code.ARGUMENTS, "`interpolate` takes a size, a factor or a second tensor's size"
            )
        expect_rank(other, x.rank, layer="the second tensor of `interpolate`")
        lengths = (number(length, "an axis to resize to") for length in other.shape[2:])
        return checked((*x.shape[:2], *lengths))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads | None, ...]:
        """Return what each position is interpolated from; of a second tensor the size matters."""
        x, *like = inputs
        if self.antialias:
            own = scattered(x.rank, range(2, x.rank))
        else:
            own = resizing(x, self.outputs(*inputs)[0], self.mode, self.align_corners)
        return (own, *(None for _ in like))

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the sizes that were asked for, or ⌊L·factor⌋."""
        return resized_working(inputs[0], self.outputs(*inputs)[0], self.scale_factor)


def check_mode(x: TensorType, mode: Mode, align_corners: bool | None, name: str) -> None:
    """Refuse a mode that does not suit the tensor, or `align_corners` where it means nothing.

    Raises:
        RuleViolation: rank, dtype or arguments do not suit.
    """
    expect_rank(x, *_RANKS.get(mode, (3, 4, 5)), layer=f"{name}(…, mode='{mode}')")
    expect_floating(x, name)
    expect_corners(mode, align_corners)


def expect_corners(mode: Mode, align_corners: bool | None) -> None:
    """Refuse `align_corners` where it means nothing.

    Raises:
        RuleViolation: it is given for such a mode.
    """
    if align_corners is not None and mode not in _RANKS:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"align_corners means nothing for mode={mode!r}",
            help="drop it, or use 'linear', 'bilinear', 'bicubic' or 'trilinear'",
            argument="align_corners",
        )


def expect_size(size: object, scale_factor: object, name: str, *, both: bool = False) -> None:
    """Refuse a size and a factor side by side; neither of them, unless `both` alone is wrong.

    Raises:
        RuleViolation: that is so.
    """
    given = [value for value in (size, scale_factor) if value is not None]
    if len(given) == 2 or not (given or both):
        raise RuleViolation(
            Code.ARGUMENTS, f"`{name}` needs either `size` or `scale_factor`", argument="size"
        )


def expect_axes(value: object, mode: Mode, argument: str) -> None:
    """Refuse a list that has not a number for each axis of the mode.

    Raises:
        RuleViolation: it has more or less.
    """
    axes = _RANKS[mode][0] - 2 if mode in _RANKS else 0
    if axes and isinstance(value, tuple):
        spatial(value, axes, argument)  # pyright: ignore[reportUnknownArgumentType]


def resized(
    x: TensorType,
    size: int | tuple[int, ...] | None,
    scale_factor: float | tuple[float, ...] | None,
    name: str,
) -> Shape:
    """Return the shape of (B, C, L…) resized to `size` or by ⌊L·scale_factor⌋ in double precision.

    Raises:
        RuleViolation: both are given or none, or nothing is left.
    """
    lengths = [number(length, "an axis to resize") for length in x.shape[2:]]
    expect_size(size, scale_factor, name)
    if size is not None:
        return checked((*x.shape[:2], *spatial(size, len(lengths), "size")))
    factors = scale_factor if isinstance(scale_factor, tuple) else (scale_factor,) * len(lengths)
    if len(factors) != len(lengths):
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"`scale_factor` needs one number or {len(lengths)}, found {len(factors)}",
            argument="scale_factor",
        )
    scaled = [_scaled(length, f or 0) for length, f in zip(lengths, factors, strict=True)]
    return checked((*x.shape[:2], *scaled))


def resized_working(
    x: TensorType, wide: TensorType, scale_factor: float | tuple[float, ...] | None
) -> tuple[str, ...]:
    """Return how each axis got its size, with the numbers."""
    axes = list(zip(x.shape[2:], wide.shape[2:], strict=True))
    if scale_factor is None:
        return worked_axes([f"size = {size}" for _, size in axes])
    factors = scale_factor if isinstance(scale_factor, tuple) else (scale_factor,) * len(axes)
    return worked_axes(
        [
            f"⌊L·factor⌋ = ⌊{length}·{factor}⌋ = {size}"
            for (length, size), factor in zip(axes, factors, strict=True)
        ]
    )


def _scaled(length: int, factor: float) -> int:
    result = math.floor(min(float(length) * factor, 2.0 * MAX_SIZE))
    if result < 1:
        raise RuleViolation(
            Code.DIMENSION,
            f"a factor of {factor} leaves nothing of a length of {length}",
            notes=(f"⌊{length} · {factor}⌋ = {result}",),
            argument="scale_factor",
        )
    return result


def resizing(x: TensorType, wide: TensorType, mode: Mode, align_corners: bool | None) -> Reads:
    """Return what each position of `wide` is interpolated from.

    Known for whole factors, and where `nearest` makes an axis smaller by one.
    """
    reaches: dict[int, Goes] = {}
    for dim, (length, size) in enumerate(zip(x.shape[2:], wide.shape[2:], strict=True), 2):
        reaches[dim] = Goes((dim,), _resized_reach(length, size, mode, bool(align_corners)))
    return unmoved((0, 1)) | reaches


def _resized_reach(length: Size, size: Size, mode: Mode, align_corners: bool) -> Reach | None:
    length, size = number(length, "an axis to resize"), number(size, "an axis to resize")
    if length == size:
        return HERE
    if mode == "nearest" and size % length == 0:
        return nearest_reach(size // length)
    if mode == "nearest" and length % size == 0:
        return window_reach(Axis(1, length // size))
    is_linear = mode in {"linear", "bilinear", "trilinear"} and not align_corners
    return linear_reach(size // length) if is_linear and size % length == 0 else None


class PixelShuffle(Function):
    """Turn r² channels into an image r times as high and wide.

    Shapes: (B, C·r², H, W) → (B, C, H·r, W·r).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
    """

    torch_name: ClassVar[str] = "F.pixel_shuffle"
    function_name: ClassVar[str] = "pixel_shuffle"
    positional: ClassVar[tuple[str, ...]] = ("upscale_factor",)
    family: ClassVar[str] = "resampling"

    upscale_factor: Positive = Field(description="r, the factor of height and width")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with channels turned into pixels."""
        return (pixels_shuffled(inputs[0], self.upscale_factor, "pixel_shuffle"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that r² neighbours read one position."""
        return (sliding((nearest_reach(self.upscale_factor),) * 2),)


class PixelUnshuffle(Function):
    """Turn each square of r × r pixels into r² channels.

    Shapes: (B, C, H·r, W·r) → (B, C·r², H, W).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
    """

    torch_name: ClassVar[str] = "F.pixel_unshuffle"
    function_name: ClassVar[str] = "pixel_unshuffle"
    positional: ClassVar[tuple[str, ...]] = ("downscale_factor",)
    family: ClassVar[str] = "resampling"

    downscale_factor: Positive = Field(description="r, the divisor of height and width")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with pixels turned into channels."""
        return (pixels_unshuffled(inputs[0], self.downscale_factor, "pixel_unshuffle"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads r² neighbours."""
        side = Axis(self.downscale_factor, self.downscale_factor)
        return (sliding((window_reach(side),) * 2),)


def pixels_shuffled(x: TensorType, factor: int, name: str) -> TensorType:
    """Return (B, C, H·r, W·r) of (B, C·r², H, W).

    Raises:
        RuleViolation: another rank, or channels that r² does not divide.
    """
    channels, height, width = _image(x, name)
    _expect_multiple(channels, factor**2, f"{factor}² does not divide the {channels} channels")
    sizes = (channels // factor**2, height * factor, width * factor)
    return x.with_shape(checked((x.shape[0], *sizes)))


def pixels_unshuffled(x: TensorType, factor: int, name: str) -> TensorType:
    """Return (B, C·r², H, W) of (B, C, H·r, W·r).

    Raises:
        RuleViolation: another rank, or a height or width that r does not divide.
    """
    channels, height, width = _image(x, name)
    for length in (height, width):
        _expect_multiple(length, factor, f"{factor} does not divide a side of {length}")
    sizes = (channels * factor**2, height // factor, width // factor)
    return x.with_shape(checked((x.shape[0], *sizes)))


def _image(x: TensorType, name: str) -> tuple[int, int, int]:
    expect_rank(x, 4, layer=name)
    channels, height, width = (number(size, "a size of the image") for size in x.shape[1:])
    return channels, height, width


def _expect_multiple(size: int, divisor: int, otherwise: str) -> None:
    if size % divisor:
        below = size // divisor * divisor
        multiples = " and ".join(str(near) for near in (below, below + divisor) if near)
        raise RuleViolation(Code.DIVISIBILITY, otherwise, help=f"{divisor} divides {multiples}")


class ChannelShuffle(Function):
    """Deal the channels of `groups` groups out in turn, so that groups exchange what they saw.

    Shapes: (B, C, …) → (B, C, …).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    torch_name: ClassVar[str] = "F.channel_shuffle"
    function_name: ClassVar[str] = "channel_shuffle"
    positional: ClassVar[tuple[str, ...]] = ("groups",)
    family: ClassVar[str] = "shape"

    groups: Positive = Field(description="the number of groups")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        check_groups(inputs[0], self.groups, "channel_shuffle")
        return inputs

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads itself, in another channel."""
        x, *_ = inputs
        return (unmoved(range(x.rank)) | {1: Goes((1,), None)},)


def check_groups(x: TensorType, groups: int, name: str) -> None:
    """Refuse a tensor whose channels do not make groups of one size.

    Raises:
        RuleViolation: another rank, or channels that `groups` does not divide.
    """
    expect_rank(x, *range(3, 9), layer=name)
    channels = number(x.shape[1], "the number of channels")
    _expect_multiple(channels, groups, f"groups={groups} does not divide the {channels} channels")
