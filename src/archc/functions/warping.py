"""Sampling an image at the places of a grid, and grids that turn, shift and scale."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.layers.base import Function
from archc.layers.rules import Rule, expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, format_shape


class GridSample(Function):
    """Take the pixel at each place of a grid, the second tensor, from −1 to 1 on each axis.

    Shapes: (B, C, H, W), (B, h, w, 2) → (B, C, h, w); (B, C, D, H, W), (B, d, h, w, 3) →
    (B, C, d, h, w).
    Source: Jaderberg et al. 2015;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
    """

    torch_name: ClassVar[str] = "F.grid_sample"
    function_name: ClassVar[str] = "grid_sample"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("mode", "padding_mode")
    family: ClassVar[str] = "resampling"

    mode: Literal["bilinear", "nearest", "bicubic"] = Field(
        "bilinear", description="how a number between others is found"
    )
    padding_mode: Literal["zeros", "border", "reflection"] = Field(
        "zeros", description="what stands outside of the image"
    )
    align_corners: bool = Field(False, description="−1 and 1 are the middles of the corner pixels")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch warns where `align_corners` is left to its default."""
        given = {**self.given, "align_corners": self.align_corners}
        arguments = [f"{name}={constant_text(value)}" for name, value in given.items()]
        return f"F.grid_sample({', '.join([*inputs, *arguments])})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the channels of the image over the places of the grid."""
        x, grid = inputs
        expect_rank(x, *((4,) if self.mode == "bicubic" else (4, 5)), layer="grid_sample")
        expect_floating(x, "grid_sample")
        wanted = (x.shape[0], *grid.shape[1:-1], x.rank - 2)
        if grid.dtype != x.dtype or grid.rank != x.rank or grid.shape != wanted:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`grid_sample` needs a grid of {x.dtype}, (batch, …, {x.rank - 2})",
                notes=(f"the image is {x}, the grid {grid}",),
            )
        return (x.with_shape((*x.shape[:2], *grid.shape[1:-1])),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that a position reads from anywhere in its channel."""
        return unmoved((0, 1)), unmoved((0,))


class AffineGrid(Function):
    """Make the grid that `grid_sample` reads from affine maps, one for each sample.

    Shapes: (B, 2, 3) → (B, h, w, 2), or (B, 3, 4) → (B, d, h, w, 3).
    Source: Jaderberg et al. 2015;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html
    """

    torch_name: ClassVar[str] = "F.affine_grid"
    function_name: ClassVar[str] = "affine_grid"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    family: ClassVar[str] = "resampling"

    size: tuple[int, ...] = Field(description="height and width, or depth, height and width")
    align_corners: bool = Field(False, description="−1 and 1 are the middles of the corner pixels")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch wants the batch and the channels in the size too."""
        sizes = ", ".join(map(str, self.size))
        size = f"({inputs[0]}.shape[0], 1, {sizes})"
        return f"F.affine_grid({inputs[0]}, {size}, align_corners={self.align_corners})"

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the size."""
        return (self._size_rule,)

    def _size_rule(self) -> None:
        """Refuse a size of other axes than a picture or a body has."""
        if len(self.size) not in (2, 3) or min(self.size) < 1:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`size` needs two or three numbers from 1, found {self.size}",
                argument="size",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return a place for each position of the grid."""
        (x,) = inputs
        axes = len(self.size)
        expect_floating(x, "affine_grid")
        self._size_rule()
        if x.rank != 3 or x.shape[1:] != (axes, axes + 1):
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`affine_grid` needs maps of {format_shape((axes, axes + 1))} for {axes} axes",
                notes=(f"the input is {format_shape(x.shape)}",),
            )
        return (x.with_shape((x.shape[0], *self.size, axes)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each place reads the map of its sample."""
        return (unmoved((0,)),)
