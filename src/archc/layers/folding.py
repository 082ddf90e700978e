"""Windows as columns: what a convolution multiplies, laid out, and back again."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, spec_name
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes
from archc.layers.rules import Rule, expect_floating, expect_rank, numbers_for_axes, spatial
from archc.reach import Goes, Reads, transposed_reach, window_reach
from archc.shapes import TensorType, checked, number
from archc.windows import Axis, floor_length


class _Columns(Layer):
    """A layout with one column of C·k elements for each place of a window."""

    family: ClassVar[str] = "shape"

    kernel_size: PositiveAxes = Field(description="size of the window")
    dilation: PositiveAxes = Field(1, description="distance between the elements of the window")
    padding: NotNegativeAxes = Field(0, description="zeros on both sides")
    stride: PositiveAxes = Field(1, description="step of the window")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers."""
        return numbers_for_axes(self, 2, "kernel_size", "stride", "padding", "dilation")

    def geometry(self) -> tuple[Axis, ...]:
        """Return the window over height and width."""
        paddings = [(p, p) for p in spatial(self.padding, 2, "padding")]
        return tuple(
            map(
                Axis,
                spatial(self.kernel_size, 2, "kernel_size"),
                spatial(self.stride, 2, "stride"),
                paddings,
                spatial(self.dilation, 2, "dilation"),
            )
        )

    def elements_of_window(self) -> int:
        """Return k, the elements of a window in one channel."""
        height, width = spatial(self.kernel_size, 2, "kernel_size")
        return height * width


class Unfold(_Columns):
    """Lay the windows of an image side by side: the patches of a transformer, im2col.

    Shapes: (B, C, H, W) → (B, C·k, n), n the places of the window.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html
    """

    torch_name: ClassVar[str] = "nn.Unfold"
    positional: ClassVar[tuple[str, ...]] = ("kernel_size",)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return a column for each place of the window."""
        (x,) = inputs
        name = spec_name(type(self))
        expect_rank(x, 4, layer=name)
        expect_floating(x, name)
        channels = number(x.shape[1], "the number of channels")
        lengths = [number(size, "an axis to unfold") for size in x.shape[2:]]
        rows, columns = map(floor_length, lengths, self.geometry())
        shape = (x.shape[0], channels * self.elements_of_window(), rows * columns)
        return (x.with_shape(checked(shape)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each place reads its window; rows and columns of places lie in one line.

        Where there is one row of places, or one column, the window slides along the line.
        """
        (x,) = inputs
        lengths = [number(size, "an axis to unfold") for size in x.shape[2:]]
        counts = list(map(floor_length, lengths, self.geometry()))
        reads = {0: Goes((0,)), 1: Goes((1,), None)}
        for dim, (count, axis) in enumerate(zip(counts, self.geometry(), strict=True), 2):
            if count > 1:
                reads[dim] = Goes((2,), window_reach(axis) if 1 in counts else None)
        return (reads,)


class Fold(_Columns):
    """Add the windows that `Unfold` laid out into an image again.

    Shapes: (B, C·k, n) → (B, C, H, W), n the places of the window in H × W.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """

    torch_name: ClassVar[str] = "nn.Fold"
    positional: ClassVar[tuple[str, ...]] = ("output_size", "kernel_size")

    output_size: Positive | tuple[Positive, ...] = Field(description="height and width")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window's numbers, and that it fits into the image."""
        size = numbers_for_axes(self, 2, "output_size")
        return (*super().argument_rules(claimed), *size, self._places)

    def _places(self) -> tuple[int, ...]:
        """Return how many places the window has, down and right."""
        sizes = spatial(self.output_size, 2, "output_size")
        return tuple(map(floor_length, sizes, self.geometry()))

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the image, whose window has as many places as there are columns."""
        (x,) = inputs
        name = spec_name(type(self))
        expect_rank(x, 3, layer=name)
        expect_floating(x, name)
        sizes = spatial(self.output_size, 2, "output_size")
        rows, columns = self._places()
        count, places = (number(size, "a size of the columns") for size in x.shape[1:])
        if places != rows * columns:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"a window has {rows * columns} places in this image, the input {places} columns",
                notes=(f"{rows} · {columns} = {rows * columns}",),
                argument="output_size",
            )
        if count % self.elements_of_window():
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"columns of {count} are no whole channels of {self.elements_of_window()} elements",
                argument="kernel_size",
            )
        return (x.with_shape((x.shape[0], count // self.elements_of_window(), *sizes)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each pixel reads the places whose windows hold it.

        Where there is one row of places, or one column, the window slides along the line.
        """
        sizes = spatial(self.output_size, 2, "output_size")
        counts = list(map(floor_length, sizes, self.geometry()))
        channels = {0: Goes((0,)), 1: Goes((1,), None)}
        if 1 not in counts:
            return (channels | {2: Goes((2, 3), None)},)
        along = 0 if counts[1] == 1 else 1
        return (channels | {2: Goes((2 + along,), transposed_reach(self.geometry()[along]))},)
