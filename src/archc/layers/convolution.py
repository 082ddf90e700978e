"""Convolutions over one, two or three axes.

Letters as in `archc.windows`; C channels, g groups, k the kernel's elements.
"""

from collections.abc import Mapping, Sequence
from math import gcd
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes
from archc.layers.rules import (
    Rule,
    dividing,
    expect_floating,
    expect_rank,
    numbers_for_axes,
    spatial,
    worked_axes,
)
from archc.reach import Reads, sliding, transposed_reach, window_reach
from archc.shapes import TensorType, elements, number
from archc.windows import (
    Axis,
    expect_small_rest,
    floor_length,
    floor_working,
    same_padding,
    transposed_length,
    transposed_working,
)


class _Filters(Layer):
    """What convolutions and transposed ones share: filters, and groups of channels."""

    axes: ClassVar[int]
    positional: ClassVar[tuple[str, ...]] = ("out_channels", "kernel_size")
    inferred_names: ClassVar[tuple[str, ...]] = ("in_channels",)
    feature: ClassVar[str] = "out_channels"
    family: ClassVar[str] = "convolution"

    out_channels: Positive = Field(description="filters, and channels of the output")
    kernel_size: PositiveAxes = Field(description="size of the window")
    stride: PositiveAxes = Field(1, description="step of the window")

    def lengths(self, x: TensorType, groups: int) -> list[int]:
        """Return the sizes the window slides over, once rank, dtype and groups are right."""
        name = type(self).__name__
        expect_rank(x, self.axes + 2, layer=name)
        expect_floating(x, name)
        self._check_groups(groups, number(x.shape[1], "the number of channels"))
        return [number(size, "an axis the window slides over") for size in x.shape[2:]]

    def _check_groups(self, groups: int, channels: int | None) -> None:
        """Refuse groups that do not divide the input's channels, where these are known, and the
        output's.
        """
        out = self.out_channels
        both = f"the groups divide the input's {channels} channels and the output's {out}"
        if channels is None:
            both = "the groups divide the input's channels and the output's"
        for size, what in ((channels, "the input's"), (out, "the output's")):
            if size is not None and size % groups:
                raise RuleViolation(
                    Code.DIVISIBILITY,
                    f"groups={groups} does not divide {what} {size} channels",
                    notes=(both,),
                    help=self._other_groups(groups, channels),
                    argument="groups",
                )

    def _other_groups(self, groups: int, channels: int | None) -> str:
        """Return the groups next to those given, or the output that these would divide.

        As many groups as output channels are meant as those of a depthwise convolution.
        """
        if channels is None:
            return f"write a number that divides {self.out_channels} and the input's channels"
        if groups == self.out_channels:
            whole = f"{type(self).__name__}(in_channels, …, groups=in_channels)"
            call = whole if self.out_channels % channels else "groups=in_channels"
            return f"for a depthwise convolution write {call}"
        near = dividing(groups, gcd(channels, self.out_channels))
        others = near.replace("write ", "write groups=", 1)
        if channels % groups:
            return others
        below = self.out_channels // groups * groups
        sizes = " or ".join(str(size) for size in (below, below + groups) if size)
        return f"{others}, or {sizes} output channels"

    def group_rule(self, groups: int, claimed: Mapping[str, int]) -> None:
        """Refuse groups that do not divide the output's channels, or those claimed for the input.

        Raises:
            RuleViolation: they do not.
        """
        self._check_groups(groups, claimed.get("in_channels"))

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `in_channels`: the input's channels."""
        return {"in_channels": number(inputs[0].shape[1], "the number of channels")}

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the input and the weights alone."""
        return True

    def filters(self, first: int, second: int, bias: bool) -> tuple[Owned, ...]:
        """Return the weight (first, second, k…) and the bias (out_channels)."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        weight = Owned("weight", (first, second, *kernels))
        return (weight, Owned("bias", (self.out_channels,))) if bias else (weight,)


class _Convolution(_Filters):
    """Slide `out_channels` filters over the input and take an inner product at each place.

    Shapes: (B, C, L…) → (B, out_channels, o…), o = ⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1.
    """

    padding: NotNegativeAxes | Literal["same", "valid"] = Field(
        0, description="zeros on both sides, or `'same'` to keep the size, or `'valid'` for none"
    )
    dilation: PositiveAxes = Field(1, description="distance between the elements of the window")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")
    bias: bool = Field(True, description="add a learnt number to each output channel")
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field(
        "zeros", description="what stands in the padding"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, of `same` and of the groups."""
        names = ("kernel_size", "stride", "padding", "dilation")
        numbers = numbers_for_axes(self, self.axes, *names)
        return (*numbers, self._stride_rule, lambda: self.group_rule(self.groups, claimed))

    def _stride_rule(self) -> None:
        """Refuse a stride beside 'same'."""
        if self.padding == "same":
            strides = spatial(self.stride, self.axes, "stride")
            kernels = spatial(self.kernel_size, self.axes, "kernel_size")
            self._paddings(kernels, strides, (1,) * self.axes)

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the window per axis."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = spatial(self.stride, self.axes, "stride")
        dilations = spatial(self.dilation, self.axes, "dilation")
        paddings = self._paddings(kernels, strides, dilations)
        return tuple(map(Axis, kernels, strides, paddings, dilations))

    def _paddings(
        self, kernels: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
    ) -> tuple[tuple[int, int], ...]:
        if self.padding == "same":
            if max(strides) > 1:
                raise RuleViolation(
                    Code.ARGUMENT_VALUE,
                    "padding='same' needs stride 1",
                    help=f"write padding={kernels[0] // 2}",
                    argument="padding",
                )
            return tuple(map(same_padding, kernels, dilations))
        if isinstance(self.padding, str):
            return ((0, 0),) * self.axes
        return tuple((p, p) for p in spatial(self.padding, self.axes, "padding"))

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape after the convolution, by the window formula on each axis."""
        (x,) = inputs
        lengths = self.lengths(x, self.groups)
        window = self.window(x)
        self._check_padding_mode(lengths, window)
        return (x.with_shape((x.shape[0], self.out_channels, *map(floor_length, lengths, window))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its window, of every channel."""
        return (sliding(map(window_reach, self.window(*inputs))),)

    def _check_padding_mode(self, lengths: list[int], window: tuple[Axis, ...]) -> None:
        bound = {"reflect": 1, "circular": 0}.get(self.padding_mode)
        for length, axis in zip(lengths, window, strict=True):
            if bound is not None and max(axis.padding) > length - bound:
                raise RuleViolation(
                    Code.ARGUMENT_VALUE,
                    f"padding_mode={self.padding_mode!r} cannot pad {max(axis.padding)} "
                    f"from a length of {length}",
                    argument="padding",
                )

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weight (out_channels, C/g, k…) and the bias (out_channels)."""
        channels = self.inferred(*inputs)["in_channels"]
        return self.filters(self.out_channels, channels // self.groups, self.bias)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return C/g · k for each element of the output."""
        return elements(self.owned(*inputs)[0].shape[1:]) * elements(outputs[0].shape)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the channels that were asked for, and the window formula on each axis."""
        (x,) = inputs
        axes = worked_axes(list(map(floor_working, self.lengths(x, self.groups), self.window(x))))
        return (f"channels = out_channels = {self.out_channels}", *axes)


class Conv1d(_Convolution):
    """Convolve along one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    """

    torch_name: ClassVar[str] = "nn.Conv1d"
    axes: ClassVar[int] = 1


class Conv2d(_Convolution):
    """Convolve over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    torch_name: ClassVar[str] = "nn.Conv2d"
    axes: ClassVar[int] = 2


class Conv3d(_Convolution):
    """Convolve over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """

    torch_name: ClassVar[str] = "nn.Conv3d"
    axes: ClassVar[int] = 3


class _TransposedConvolution(_Filters):
    """Spread each input position over a window of the output, as a convolution's gradient does.

    Shapes: (B, C, L…) → (B, out_channels, o…),
    o = (L − 1)s − 2p + d(k − 1) + output_padding + 1.
    """

    padding: NotNegativeAxes = Field(0, description="positions taken off both ends of the output")
    output_padding: NotNegativeAxes = Field(
        0, description="positions added at the end, to choose among the sizes a stride merges"
    )
    groups: Positive = Field(1, description="parts of the channels that do not see each other")
    bias: bool = Field(True, description="add a learnt number to each output channel")
    dilation: PositiveAxes = Field(1, description="distance between the elements of the window")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, of the output's padding and of the groups."""
        names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
        numbers = numbers_for_axes(self, self.axes, *names)
        return (*numbers, self._extra_rule, lambda: self.group_rule(self.groups, claimed))

    def _extra_rule(self) -> None:
        """Refuse more output padding than a stride can merge."""
        extra = spatial(self.output_padding, self.axes, "output_padding")
        strides = spatial(self.stride, self.axes, "stride")
        dilations = spatial(self.dilation, self.axes, "dilation")
        for rest, stride, dilation in zip(extra, strides, dilations, strict=True):
            expect_small_rest(rest, stride, dilation)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape by the transposed window's formula on each axis."""
        (x,) = inputs
        lengths = self.lengths(x, self.groups)
        extra = spatial(self.output_padding, self.axes, "output_padding")
        sizes = map(transposed_length, lengths, self._geometry(), extra)
        return (x.with_shape((x.shape[0], self.out_channels, *sizes)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads those that were spread over it, of every channel."""
        return (sliding(map(transposed_reach, self._geometry())),)

    def _geometry(self) -> tuple[Axis, ...]:
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = spatial(self.stride, self.axes, "stride")
        paddings = [(p, p) for p in spatial(self.padding, self.axes, "padding")]
        return tuple(
            map(Axis, kernels, strides, paddings, spatial(self.dilation, self.axes, "dilation"))
        )

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weight (C, out_channels/g, k…) and the bias (out_channels)."""
        channels = self.inferred(*inputs)["in_channels"]
        return self.filters(channels, self.out_channels // self.groups, self.bias)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return out_channels/g · k for each element of the input."""
        return elements(self.owned(*inputs)[0].shape[1:]) * elements(inputs[0].shape)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the channels that were asked for, and the transposed formula on each axis."""
        (x,) = inputs
        extra = spatial(self.output_padding, self.axes, "output_padding")
        lengths = self.lengths(x, self.groups)
        axes = worked_axes(list(map(transposed_working, lengths, self._geometry(), extra)))
        return (f"channels = out_channels = {self.out_channels}", *axes)


class ConvTranspose1d(_TransposedConvolution):
    """Convolve, transposed, over one axis, such as time: the learnt way to enlarge.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    torch_name: ClassVar[str] = "nn.ConvTranspose1d"
    axes: ClassVar[int] = 1


class ConvTranspose2d(_TransposedConvolution):
    """Convolve, transposed, over height and width: the learnt way to enlarge.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """

    torch_name: ClassVar[str] = "nn.ConvTranspose2d"
    axes: ClassVar[int] = 2


class ConvTranspose3d(_TransposedConvolution):
    """Convolve, transposed, over depth (or time), height and width: the learnt way to enlarge.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """

    torch_name: ClassVar[str] = "nn.ConvTranspose3d"
    axes: ClassVar[int] = 3
