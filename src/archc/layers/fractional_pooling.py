"""Fractional max pooling: windows at random places, so that the size shrinks by any factor."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import spec_name
from archc.layers.fields import Positive, PositiveAxes
from archc.layers.pooling import WithIndices
from archc.layers.rules import Rule, numbers_for_axes, spatial
from archc.reach import Reads, scattered
from archc.shapes import TensorType

Ratio = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class _FractionalPooling(WithIndices):
    """Keep the largest number of each of o windows, whose places are drawn at random.

    Shapes: (B, C, L…) → (B, C, o…), o = output_size or ⌊L·output_ratio⌋, with o + k − 1 ≤ L.
    """

    torch_order: ClassVar[tuple[str, ...]] = ("output_size", "output_ratio", "return_indices")

    positional: ClassVar[tuple[str, ...]] = ("kernel_size",)
    strict: ClassVar[int] = 0
    """What torch wants o + k − 1 to stay below L by."""

    kernel_size: PositiveAxes = Field(description="size of the window")
    output_size: Positive | tuple[Positive, ...] | None = Field(
        None, description="sizes of the output"
    )
    output_ratio: Ratio | tuple[Ratio, ...] | None = Field(
        None, description="sizes of the output as parts of the input's"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules that one of size and ratio is given, and of their numbers."""
        numbers = numbers_for_axes(self, self.axes, "kernel_size", "output_size")
        return (self._choice_rule, *numbers, self._ratios)

    def _choice_rule(self) -> None:
        """Refuse a size and a ratio side by side, and neither."""
        if (self.output_size is None) == (self.output_ratio is None):
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{spec_name(type(self))}` needs either `output_size` or `output_ratio`",
                argument="output_size",
            )

    def _ratios(self) -> tuple[float, ...]:
        """Return a ratio for each axis."""
        given = self.output_ratio
        ratios = given if isinstance(given, tuple) else (given or 0.0,) * self.axes
        if len(ratios) != self.axes:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`output_ratio` needs one number or {self.axes}, found {len(ratios)}",
                argument="output_ratio",
            )
        return ratios

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the sizes asked for in place of the lengths."""
        (x,) = inputs
        lengths = self.lengths(x)
        sizes = self._sizes(lengths)
        kernels = spatial(self.kernel_size, self.axes, "kernel_size")
        for length, size, kernel in zip(lengths, sizes, kernels, strict=True):
            if size + kernel - 1 > length - self.strict:
                raise RuleViolation(
                    Code.WINDOW,
                    f"{size} windows of {kernel} do not fit into {length} positions",
                    notes=(f"{size} + {kernel} − 1 = {size + kernel - 1}",),
                    help="make the output or the kernel smaller",
                    argument="kernel_size",
                )
        return self.with_indices(x.with_shape((*x.shape[:2], *sizes)))

    def _sizes(self, lengths: list[int]) -> tuple[int, ...]:
        self._choice_rule()
        if self.output_size is not None:
            return spatial(self.output_size, self.axes, "output_size")
        return tuple(map(_part, lengths, self._ratios()))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads a window whose place is not known."""
        rank = inputs[0].rank
        return (scattered(rank, range(2, rank)),)


def _part(length: int, ratio: float) -> int:
    """Return ⌊L·ratio⌋ in double precision, as torch computes it; at least 1."""
    size = int(length * ratio)
    if size < 1:
        raise RuleViolation(
            Code.WINDOW,
            f"an output_ratio of {ratio} leaves nothing of a length of {length}",
            notes=(f"⌊{length} · {ratio}⌋ = {size}",),
            argument="output_ratio",
        )
    return size


class FractionalMaxPool2d(_FractionalPooling):
    """Shrink height and width by a fraction, keeping the largest number of each window.

    Source: Graham 2014;
    https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
    """

    torch_name: ClassVar[str] = "nn.FractionalMaxPool2d"
    axes: ClassVar[int] = 2


class FractionalMaxPool3d(_FractionalPooling):
    """Shrink depth, height and width by a fraction; torch wants o + k ≤ L here.

    Source: Graham 2014;
    https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html
    """

    torch_name: ClassVar[str] = "nn.FractionalMaxPool3d"
    axes: ClassVar[int] = 3
    strict: ClassVar[int] = 1
