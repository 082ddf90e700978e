"""Pooling: one number for each window, or for each part of an adaptive grid.

Letters as in `archc.windows`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Returned, spec_name
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes
from archc.layers.rules import (
    Rule,
    expect_floating,
    expect_rank,
    numbers_for_axes,
    spatial,
    worked_axes,
)
from archc.reach import Reads, sliding, window_reach
from archc.shapes import TensorType, number
from archc.windows import Axis, ceil_length, ceil_working, floor_length, floor_working


class Spatial(Layer):
    """What all poolings share: (B, C, L…), each channel by itself."""

    axes: ClassVar[int]
    family: ClassVar[str] = "pooling"

    def lengths(self, x: TensorType) -> list[int]:
        """Return the sizes of the pooled axes, once rank and dtype are right."""
        name = spec_name(type(self))
        expect_rank(x, self.axes + 2, layer=name)
        expect_floating(x, name)
        return [number(size, "an axis to pool over") for size in x.shape[2:]]


class WithIndices(Spatial):
    """Return, where asked, also where each number stood: what `MaxUnpool` needs."""

    results: ClassVar[tuple[str, ...]] = ("", "indices")

    return_indices: bool = Field(False, description="give `.indices` too, of int64")

    @property
    def returned(self) -> Returned:
        """A pair where indices are asked for."""
        return (0, 1) if self.return_indices else 0

    def result_names(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the names of the results: indices where asked."""
        return self.results if self.return_indices else ("",)

    def with_indices(self, pooled: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the numbers and, where asked, of their indices."""
        indices = TensorType(pooled.shape, "int64")
        return (pooled, indices) if self.return_indices else (pooled,)


class Pooling(Spatial):
    """Reduce each window of `kernel_size` positions to one number.

    Shapes: (B, C, L…) → (B, C, o…), o = ⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1, or ⌈…⌉ in ceil mode.
    """

    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "stride")

    kernel_size: PositiveAxes = Field(description="size of the window")
    stride: PositiveAxes | None = Field(
        None, description="step of the window; by default the kernel size"
    )
    padding: NotNegativeAxes = Field(0, description="positions added on both sides")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, and of its padding."""
        names = ("kernel_size", "stride", "padding")
        return (*numbers_for_axes(self, self.axes, *names), self._padding_rule)

    def _padding_rule(self) -> None:
        """Refuse more padding than half the kernel."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        paddings = spatial(self.padding, self.axes, "padding")
        for padding, kernel in zip(paddings, kernels, strict=True):
            if padding > kernel // 2:
                raise _too_much_padding(padding, kernel)

    def geometry(self, dilation: int | tuple[int, ...]) -> tuple[Axis, ...]:
        """Return the window per axis; the padding is at most half the kernel.

        Raises:
            RuleViolation: more padding than that.
        """
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = kernels if self.stride is None else spatial(self.stride, self.axes, "stride")
        paddings = spatial(self.padding, self.axes, "padding")
        self._padding_rule()
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

    def worked(self, x: TensorType, window: tuple[Axis, ...], ceil_mode: bool) -> tuple[str, ...]:
        """Return the window formula on each axis, with its numbers."""
        working = ceil_working if ceil_mode else floor_working
        return worked_axes(list(map(working, self.lengths(x), window)))


def _too_much_padding(padding: int, kernel: int) -> RuleViolation:
    return RuleViolation(
        Code.WINDOW,
        f"padding {padding} is more than half the kernel of {kernel}",
        notes=(f"{padding} > ⌊{kernel}/2⌋ = {kernel // 2}",),
        help=f"use padding={kernel // 2} at most, or a `ZeroPad` layer before",
        argument="padding",
    )


class _MaxPooling(Pooling, WithIndices):
    """Keep the largest number of each window; the padding counts as −∞."""

    torch_order: ClassVar[tuple[str, ...]] = ("padding", "dilation", "return_indices", "ceil_mode")

    dilation: PositiveAxes = Field(1, description="distance between the elements of the window")
    ceil_mode: bool = Field(False, description="keep a last window that is not full")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, and of its padding."""
        dilation = numbers_for_axes(self, self.axes, "dilation")
        return (*super().argument_rules(claimed), *dilation)

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        return self.geometry(self.dilation)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula on each axis."""
        return self.with_indices(self.pooled(inputs[0], self.window(), self.ceil_mode))

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the window formula on each axis."""
        return self.worked(inputs[0], self.window(), self.ceil_mode)


class _AveragePooling(Pooling):
    """Take the mean of each window."""

    ceil_mode: bool = Field(False, description="keep a last window that is not full")
    count_include_pad: bool = Field(True, description="count the padding as zeros in the mean")

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        return self.geometry(1)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the window formula on each axis."""
        return (self.pooled(inputs[0], self.window(), self.ceil_mode),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the window formula on each axis."""
        return self.worked(inputs[0], self.window(), self.ceil_mode)


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
