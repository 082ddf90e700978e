"""Functions that take the diagonal of matrices, or put numbers on it."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.reshaping import Reshaping
from archc.layers.base import spec_name
from archc.layers.rules import Rule
from archc.reach import Goes, Reads, shifted_reach
from archc.shapes import TensorType, checked, format_shape, normal_dimension, number


class _Diagonal(Reshaping):
    """Change between matrices and their diagonals."""

    positional: ClassVar[tuple[str, ...]] = ("offset", "dim1", "dim2")

    offset: int = Field(0, description="which diagonal; 1 is the one above the main one")
    dim1: int
    dim2: int

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that there are two dimensions."""
        return (self._dimensions_rule,)

    def _dimensions_rule(self) -> None:
        """Refuse one number for both dimensions."""
        if self.dim1 == self.dim2:
            raise self._alike(self.dim1)

    def _alike(self, dim: int) -> RuleViolation:
        return RuleViolation(
            Code.DIMENSION,
            f"`{spec_name(type(self))}` needs two dimensions, dim1 and dim2 are both {dim}",
            argument="dim2",
        )

    def dimensions(self, rank: int) -> tuple[int, int]:
        """Return the dimensions of rows and of columns, counted from 0."""
        rows = normal_dimension(self.dim1, rank, "dim1")
        columns = normal_dimension(self.dim2, rank, "dim2")
        if rows == columns:
            raise self._alike(rows)
        return rows, columns


class Diagonal(_Diagonal):
    """Take a diagonal of matrices; it becomes the last dimension.

    Shapes: (B, n, m) → (B, min(n, m)) for `diagonal(0, 1, 2)`.
    Source: https://pytorch.org/docs/stable/generated/torch.diagonal.html
    """

    torch_name: ClassVar[str] = "diagonal"
    function_name: ClassVar[str] = "diagonal"

    dim1: int = Field(0, description="the dimension of the rows")
    dim2: int = Field(1, description="the dimension of the columns")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the other dimensions, and the length of the diagonal."""
        (x,) = inputs
        places = self.dimensions(x.rank)
        rows, columns = (number(x.shape[dim], "a side of the matrices") for dim in places)
        length = min(rows - max(-self.offset, 0), columns - max(self.offset, 0))
        if length < 1:
            raise RuleViolation(
                Code.DIMENSION,
                f"a matrix of {rows} by {columns} has no diagonal {self.offset}",
                notes=(f"the input is {format_shape(x.shape)}",),
                argument="offset",
            )
        rest = tuple(size for dim, size in enumerate(x.shape) if dim not in places)
        return (x.with_shape(checked((*rest, length))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that row and column move along the diagonal, from its first element on."""
        (x,) = inputs
        rows, columns = self.dimensions(x.rank)
        rest = [dim for dim in range(x.rank) if dim not in (rows, columns)]
        last = (len(rest),)
        return (
            {dim: Goes((place,)) for place, dim in enumerate(rest)}
            | {rows: Goes(last, shifted_reach(max(-self.offset, 0)))}
            | {columns: Goes(last, shifted_reach(max(self.offset, 0)))},
        )


class DiagEmbed(_Diagonal):
    """Make matrices with the last dimension as their diagonal, and zeros beside it.

    Shapes: (B, n) → (B, n, n).
    Source: https://pytorch.org/docs/stable/generated/torch.diag_embed.html
    """

    torch_name: ClassVar[str] = "torch.diag_embed"
    is_view: ClassVar[bool] = False
    method: ClassVar[bool] = False
    function_name: ClassVar[str] = "diag_embed"

    dim1: int = Field(-2, description="where the dimension of the rows stands")
    dim2: int = Field(-1, description="where the dimension of the columns stands")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the other dimensions, and a square that holds the diagonal."""
        (x,) = inputs
        side = number(x.shape[-1], "the diagonal") + abs(self.offset)
        sizes = list(x.shape[:-1])
        for place in sorted(self.dimensions(x.rank + 1)):
            sizes.insert(place, side)
        return (x.with_shape(checked(tuple(sizes))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that a place reads its row's number, or nothing beside the diagonal."""
        (x,) = inputs
        rows, columns = self.dimensions(x.rank + 1)
        rest = [place for place in range(x.rank + 1) if place not in (rows, columns)]
        moved = {dim: Goes((place,)) for dim, place in enumerate(rest)}
        return (moved | {x.rank - 1: Goes((rows,), shifted_reach(min(self.offset, 0)))},)
