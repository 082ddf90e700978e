"""Unpooling: put numbers back where a max pooling found them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import spec_name
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes
from archc.layers.pooling import Spatial
from archc.layers.rules import Rule, numbers_for_axes, spatial
from archc.reach import Reads, scattered, unmoved
from archc.shapes import TensorType, checked, format_shape


class Unpooling(Spatial):
    """Put each number at its index, the second tensor, among zeros.

    Shapes: (B, C, L…), int64 (B, C, L…) → (B, C, o…), o = (L − 1)s − 2p + k, or a size
    less than one stride away.
    """

    of_call: ClassVar[tuple[str, ...]] = ("output_size",)
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "stride")

    kernel_size: PositiveAxes = Field(description="size of the pooling's window")
    stride: PositiveAxes | None = Field(
        None, description="step of the pooling's window; by default the kernel size"
    )
    padding: NotNegativeAxes = Field(0, description="padding of the pooling")
    output_size: tuple[Positive, ...] | None = Field(
        None, description="sizes of the output, where several pool to the input's"
    )

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return the numbers, the indices and the sizes of the output, if they were asked for."""
        sizes = [] if self.output_size is None else [f"output_size={self.output_size}"]
        return ", ".join([*inputs, *sizes])

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, and how many sizes the output has."""
        names = ("kernel_size", "stride", "padding")
        return (*numbers_for_axes(self, self.axes, *names), self._size_rule)

    def _size_rule(self) -> None:
        """Refuse sizes that are neither those of the axes nor those of all dimensions."""
        sizes = self.output_size
        if sizes is not None and len(sizes) != self.axes + 2:
            spatial(sizes, self.axes, "output_size")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape before the pooling."""
        x, indices = inputs
        name = spec_name(type(self))
        lengths = self.lengths(x)
        if indices.dtype != "int64":
            raise RuleViolation(
                Code.DTYPE,
                f"`{name}` needs indices of int64, these are {indices.dtype}",
                help="the pooling gives them with return_indices=True: `from x, pool.indices`",
            )
        if indices.shape != x.shape:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{name}` needs an index for each number",
                notes=(
                    f"the numbers are {format_shape(x.shape)}, "
                    f"the indices {format_shape(indices.shape)}",
                ),
            )
        return (x.with_shape(checked((*x.shape[:2], *self._sizes(x, lengths)))),)

    def _sizes(self, x: TensorType, lengths: Sequence[int]) -> tuple[int, ...]:
        """Return (L − 1)s − 2p + k for each axis, or the sizes asked for."""
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        strides = kernels if self.stride is None else spatial(self.stride, self.axes, "stride")
        paddings = spatial(self.padding, self.axes, "padding")
        windows = zip(lengths, kernels, strides, paddings, strict=True)
        usual = tuple((length - 1) * s - 2 * p + k for length, k, s, p in windows)
        if self.output_size is None:
            return usual
        wanted = self._asked(x, self.output_size)
        for size, plain, stride in zip(wanted, usual, strides, strict=True):
            if not plain - stride < size < plain + stride:
                raise RuleViolation(
                    Code.WINDOW,
                    f"an output of {size} does not pool to this input",
                    notes=(f"{plain - stride} < size < {plain + stride}",),
                    argument="output_size",
                )
        return wanted

    def _asked(self, x: TensorType, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the sizes of the axes; batch and channels may stand before them."""
        if len(sizes) != self.axes + 2:
            return spatial(sizes, self.axes, "output_size")
        if sizes[:2] != x.shape[:2]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"output_size={sizes} has another batch or other channels than "
                f"{format_shape(x.shape)}",
                help=f"name the axes alone: output_size={sizes[2:]}",
                argument="output_size",
            )
        return sizes[2:]

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads a number from anywhere in its channel."""
        rank = inputs[0].rank
        where = unmoved((0, 1)) | scattered(rank, range(2, rank))
        return where, where


class MaxUnpool1d(Unpooling):
    """Undo `MaxPool1d`, with zeros for what it dropped.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
    """

    torch_name: ClassVar[str] = "nn.MaxUnpool1d"
    axes: ClassVar[int] = 1


class MaxUnpool2d(Unpooling):
    """Undo `MaxPool2d`, with zeros for what it dropped.

    Source: Zeiler & Fergus 2014; Badrinarayanan et al. 2015 (SegNet);
    https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
    """

    torch_name: ClassVar[str] = "nn.MaxUnpool2d"
    axes: ClassVar[int] = 2


class MaxUnpool3d(Unpooling):
    """Undo `MaxPool3d`, with zeros for what it dropped.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
    """

    torch_name: ClassVar[str] = "nn.MaxUnpool3d"
    axes: ClassVar[int] = 3
