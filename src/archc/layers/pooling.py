"""Pooling: one number for each window, or for each part of an adaptive grid.

Letters as in `archc.windows`.
"""

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, expect_floating, expect_rank, spatial, spec_name
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes
from archc.reach import Goes, Reads, parts_reach, sliding, unmoved, window_reach
from archc.shapes import TensorType, number
from archc.windows import Axis, adaptive_axis, ceil_length, floor_length


class _Spatial(Layer):
    """What all poolings share: (B, C, L…), each channel by itself."""

    axes: ClassVar[int]
    family: ClassVar[str] = "pooling"

    def lengths(self, x: TensorType) -> list[int]:
        """Return the sizes of the pooled axes, once rank and dtype are right."""
        name = spec_name(type(self))
        expect_rank(x, self.axes + 2, layer=name)
        expect_floating(x, name)
        return [number(size, "an axis to pool over") for size in x.shape[2:]]


class _Pooling(_Spatial):
    """Reduce each window of `kernel_size` positions to one number.

    Shapes: (B, C, L…) → (B, C, o…), o = ⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1, or ⌈…⌉ in ceil mode.
    """

    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "stride")

    kernel_size: PositiveAxes = Field(description="size of the window")
    stride: PositiveAxes | None = Field(
        None, description="step of the window; by default the kernel size"
    )
    padding: NotNegativeAxes = Field(0, description="positions added on both sides")

    def geometry(self, dilation: int | tuple[int, ...]) -> tuple[Axis, ...]:
        """Return the window per axis; the padding is at most half the kernel.

        Raises:
            RuleViolation: more padding than that.
        """
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = kernels if self.stride is None else spatial(self.stride, self.axes, "stride")
        paddings = spatial(self.padding, self.axes, "padding")
        for padding, kernel in zip(paddings, kernels, strict=True):
            if padding > kernel // 2:
                raise _too_much_padding(padding, kernel)
        pairs = [(padding, padding) for padding in paddings]
        return tuple(map(Axis, kernels, strides, pairs, spatial(dilation, self.axes, "dilation")))

    @abstractmethod
    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its window, channel by channel."""
        return (sliding(map(window_reach, self.window(*inputs)), channels=True),)

    def pooled(self, x: TensorType, window: tuple[Axis, ...], ceil_mode: bool) -> TensorType:
        """Return the type after the window has passed over each axis of `x`."""
        length = ceil_length if ceil_mode else floor_length
        return x.with_shape((*x.shape[:2], *map(length, self.lengths(x), window)))


def _too_much_padding(padding: int, kernel: int) -> RuleViolation:
    return RuleViolation(
        Code.WINDOW,
        f"padding {padding} is more than half the kernel of {kernel}",
        notes=(f"{padding} > ⌊{kernel}/2⌋ = {kernel // 2}",),
        help=f"use padding={kernel // 2} at most, or a `ZeroPad` layer before",
        argument="padding",
    )


class _MaxPooling(_Pooling):
    """Keep the largest number of each window; the padding counts as −∞."""

    dilation: PositiveAxes = Field(1, description="distance between the elements of the window")
    ceil_mode: bool = Field(False, description="keep a last window that is not full")

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        return self.geometry(self.dilation)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula on each axis."""
        return (self.pooled(inputs[0], self.window(), self.ceil_mode),)


class _AveragePooling(_Pooling):
    """Take the mean of each window."""

    ceil_mode: bool = Field(False, description="keep a last window that is not full")
    count_include_pad: bool = Field(True, description="count the padding as zeros in the mean")

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        return self.geometry(1)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula on each axis."""
        return (self.pooled(inputs[0], self.window(), self.ceil_mode),)


OutputSize = Annotated[int, Field(ge=1)] | None


class _AdaptivePooling(_Spatial):
    """Divide each axis into `output_size` parts, which may overlap by one, and reduce each.

    Shapes: (B, C, L…) → (B, C, o…); part i reaches from ⌊iL/o⌋ to ⌈(i + 1)L/o⌉.
    """

    positional: ClassVar[tuple[str, ...]] = ("output_size",)

    output_size: Positive | tuple[OutputSize, ...] = Field(
        description="sizes of the output; None in a list keeps the input's"
    )

    def sizes(self, x: TensorType) -> list[int]:
        """Return the sizes of the output's axes."""
        lengths = self.lengths(x)
        wanted = self.output_size
        if isinstance(wanted, int):
            return [wanted] * self.axes
        spatial(tuple(size or 1 for size in wanted), self.axes, "output_size")
        if wanted == (None,):
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`output_size` of `{spec_name(type(self))}` cannot be None",
                help="drop the layer: it would keep the only size there is",
                argument="output_size",
            )
        return [size or length for size, length in zip(wanted, lengths, strict=True)]

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `output_size` in place of the lengths."""
        (x,) = inputs
        return (x.with_shape((*x.shape[:2], *self.sizes(x))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its part; a single part reads the axis whole."""
        (x,) = inputs
        lengths, sizes = self.lengths(x), self.sizes(x)
        parts = {
            dim: Goes((dim,), parts_reach(length, size))
            for dim, (length, size) in enumerate(zip(lengths, sizes, strict=True), 2)
            if size > 1
        }
        return (unmoved((0, 1)) | parts,)

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the largest part per axis, and the usual distance between two."""
        (x,) = inputs
        return tuple(map(adaptive_axis, self.lengths(x), self.sizes(x)))


class MaxPool1d(_MaxPooling):
    """Keep the largest number of each window over one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
    """

    torch_name: ClassVar[str] = "nn.MaxPool1d"
    axes: ClassVar[int] = 1


class MaxPool2d(_MaxPooling):
    """Keep the largest number of each window over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    torch_name: ClassVar[str] = "nn.MaxPool2d"
    axes: ClassVar[int] = 2


class MaxPool3d(_MaxPooling):
    """Keep the largest number of each window over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    torch_name: ClassVar[str] = "nn.MaxPool3d"
    axes: ClassVar[int] = 3


class AvgPool1d(_AveragePooling):
    """Take the mean of each window over one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """

    torch_name: ClassVar[str] = "nn.AvgPool1d"
    axes: ClassVar[int] = 1


class AvgPool2d(_AveragePooling):
    """Take the mean of each window over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    torch_name: ClassVar[str] = "nn.AvgPool2d"
    axes: ClassVar[int] = 2

    divisor_override: Positive | None = Field(
        None, description="divide the sum by this, not by the size of the window"
    )


class AvgPool3d(_AveragePooling):
    """Take the mean of each window over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """

    torch_name: ClassVar[str] = "nn.AvgPool3d"
    axes: ClassVar[int] = 3

    divisor_override: Positive | None = Field(
        None, description="divide the sum by this, not by the size of the window"
    )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula; torch wants the kernel within the plain input."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        for length, kernel in zip(self.lengths(inputs[0]), kernels, strict=True):
            if kernel > length:
                raise RuleViolation(
                    Code.WINDOW,
                    f"a window of {kernel} is larger than the input of {length}",
                    notes=("torch's `AvgPool3d` does not count the padding here",),
                    help=f"use a kernel of at most {length}",
                    argument="kernel_size",
                )
        return super().outputs(*inputs)


class AdaptiveAvgPool1d(_AdaptivePooling):
    """Take means so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool1d"
    axes: ClassVar[int] = 1


class AdaptiveAvgPool2d(_AdaptivePooling):
    """Take means so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool2d"
    axes: ClassVar[int] = 2


class AdaptiveAvgPool3d(_AdaptivePooling):
    """Take means so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool3d"
    axes: ClassVar[int] = 3


class AdaptiveMaxPool1d(_AdaptivePooling):
    """Take maxima so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool1d"
    axes: ClassVar[int] = 1


class AdaptiveMaxPool2d(_AdaptivePooling):
    """Take maxima so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool2d"
    axes: ClassVar[int] = 2


class AdaptiveMaxPool3d(_AdaptivePooling):
    """Take maxima so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool3d"
    axes: ClassVar[int] = 3
