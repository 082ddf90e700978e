"""Products of vectors and of blocks: every element with every other, or at right angles."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import unequal
from archc.functions.contractions import refuse_meeting_samples
from archc.functions.pairwise import Pairwise
from archc.layers.base import Function
from archc.layers.rules import expect_rank
from archc.reach import HERE, Goes, Reads, copies_reach
from archc.shapes import (
    Size,
    TensorType,
    checked,
    elements,
    format_shape,
    normal_dimension,
    number,
    promoted,
)


class Outer(Function):
    """Multiply every element of one vector by every element of another.

    Shapes: (n), (m) → (n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.outer.html
    """

    torch_name: ClassVar[str] = "torch.outer"
    function_name: ClassVar[str] = "outer"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return a row for each element of the first, a column for each of the second."""
        for x in inputs:
            expect_rank(x, 1, layer="outer")
        a, b = inputs
        shape = (*a.shape, *b.shape)
        refuse_meeting_samples(shape, "outer")
        return (TensorType(shape, promoted(a.dtype, b.dtype)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the first goes along the rows, the second along the columns."""
        return {0: Goes((0,))}, {0: Goes((1,))}


class Kron(Function):
    """Put a copy of the second tensor in place of each element of the first, times it.

    Shapes: (n, m), (k, l) → (n·k, m·l); missing dimensions in front count 1.
    Source: https://pytorch.org/docs/stable/generated/torch.kron.html
    """

    torch_name: ClassVar[str] = "torch.kron"
    function_name: ClassVar[str] = "kron"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the products of the sizes."""
        a, b = inputs
        rank = max(a.rank, b.rank)
        wide = [(1,) * (rank - x.rank) + x.shape for x in inputs]
        shape = tuple(_product(one, other) for one, other in zip(*wide, strict=True))
        return (TensorType(checked(shape), promoted(a.dtype, b.dtype)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that an element of the first is read by neighbours, of the second in turn."""
        a, b = inputs
        (product,) = self.outputs(a, b)
        first = {dim: Goes((at,), copies_reach(n)) for dim, at, n in _copies(a, product)}
        second = {dim: Goes((at,), HERE if n == 1 else None) for dim, at, n in _copies(b, product)}
        return first, second


def _product(one: Size, other: Size) -> Size:
    if 1 in (one, other):
        return other if one == 1 else one
    what = "a dimension to multiply"
    return number(one, what) * number(other, what)


def _copies(x: TensorType, product: TensorType) -> Iterator[tuple[int, int, int]]:
    """Yield each dimension, its place in the product and how often its elements are there."""
    added = product.rank - x.rank
    for dim, size in enumerate(x.shape):
        whole = product.shape[dim + added]
        times = 1 if whole == size else elements((whole,)) // elements((size,))
        yield dim, dim + added, times


class Cross(Pairwise):
    """Take the vector at right angles to two vectors of three elements, which lie along `dim`.

    Shapes: (B, …, 3), (B, …, 3) → (B, …, 3).
    Source: https://pytorch.org/docs/stable/generated/torch.linalg.cross.html
    """

    torch_name: ClassVar[str] = "torch.linalg.cross"
    function_name: ClassVar[str] = "cross"
    positional: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = Field(-1, description="the dimension of the vectors")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch broadcasts without being asked."""
        return f"torch.linalg.cross({', '.join(inputs)}, dim={self.dim})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of both tensors."""
        ranks = {x.rank for x in inputs}
        if len(ranks) > 1:
            raise RuleViolation(
                Code.RANK,
                "`cross` needs tensors of one rank",
                notes=(unequal([x.shape for x in inputs]),),
            )
        for x in inputs:
            if x.shape[normal_dimension(self.dim, x.rank)] != 3:
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    f"`cross` needs vectors of 3 elements along dim={self.dim}",
                    notes=(f"the tensor is {format_shape(x.shape)}",),
                    argument="dim",
                )
        return super().outputs(*inputs)

    def dtype(self, *inputs: TensorType) -> str:
        """Return the one dtype of both."""
        a, b = inputs
        if a.dtype != b.dtype or a.dtype == "bool":
            raise RuleViolation(
                Code.DTYPE,
                f"`cross` needs two tensors of one numeric dtype, found {a.dtype} and {b.dtype}",
            )
        return a.dtype

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the vectors are read whole."""
        along = normal_dimension(self.dim, inputs[0].rank)
        both = super().reads(*inputs)
        return tuple({dim: goes for dim, goes in one.items() if dim != along} for one in both)
