"""Functions that make one tensor of several."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import unequal
from archc.layers.base import Function
from archc.reach import HERE, Goes, Reads, unmoved
from archc.shapes import (
    Shape,
    TensorType,
    checked,
    concatenated,
    normal_dimension,
    number,
    promoted,
)

MAX_TENSORS = 10_000


class _Join(Function):
    """Join any number of tensors."""

    arity: ClassVar[tuple[int, int]] = (1, MAX_TENSORS)
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "join"

    dim: int

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with its list of tensors; `dim` is always written."""
        return f"{self.torch_name}([{', '.join(inputs)}], {self.dim})"


class Concat(_Join):
    """Join tensors along a dimension: the channels, where nothing else is said.

    Shapes: (B, C₁, …), (B, C₂, …), … → (B, C₁ + C₂ + …, …).
    Source: https://pytorch.org/docs/stable/generated/torch.cat.html
    """

    torch_name: ClassVar[str] = "torch.cat"
    function_name: ClassVar[str] = "concat"

    dim: int = Field(1, description="the dimension whose sizes add up")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape whose size along `dim` is the sum of all."""
        shape = concatenated([x.shape for x in inputs], self.dim)
        return (TensorType(checked(shape), promoted(*(x.dtype for x in inputs))),)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that the parts are copied and backward reads their sizes alone."""
        return True

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself; along `dim` its place has changed."""
        dim = normal_dimension(self.dim, inputs[0].rank)
        place = HERE if len(inputs) == 1 else None
        return tuple(unmoved(range(x.rank)) | {dim: Goes((dim,), place)} for x in inputs)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the sum of the sizes along `dim`."""
        dim = normal_dimension(self.dim, inputs[0].rank)
        sizes = [number(x.shape[dim], "the dimension to join along") for x in inputs]
        what = "channels" if dim == 1 else f"dimension {dim}"
        return (f"{what} = {' + '.join(map(str, sizes))} = {sum(sizes)}",)


class Stack(_Join):
    """Put tensors of one shape beside each other along a new dimension.

    Shapes: n × (B, …) → (n, B, …), the n at `dim`.
    Source: https://pytorch.org/docs/stable/generated/torch.stack.html
    """

    torch_name: ClassVar[str] = "torch.stack"
    function_name: ClassVar[str] = "stack"

    dim: int = Field(0, description="where the new dimension stands")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the common shape with a new dimension as long as the list of tensors."""
        shapes = [x.shape for x in inputs]
        if len(set(shapes)) > 1:
            raise RuleViolation(
                Code.CONCAT_SHAPES,
                "`stack` needs equal shapes",
                notes=(unequal(shapes),),
                help="`concat` joins tensors that differ in one dimension",
            )
        (first, *_) = shapes
        dim = normal_dimension(self.dim, len(first) + 1)
        shape = checked((*first[:dim], len(inputs), *first[dim:]))
        return (TensorType(shape, promoted(*(x.dtype for x in inputs))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself, beside a new dimension."""
        new = normal_dimension(self.dim, inputs[0].rank + 1)
        places = {dim: Goes((dim + (dim >= new),)) for dim in range(inputs[0].rank)}
        return (places,) * len(inputs)


class _Raised(Function):
    """Join tensors along one dimension, which those of a lower rank are given first."""

    arity: ClassVar[tuple[int, int]] = (1, MAX_TENSORS)
    family: ClassVar[str] = "join"
    along: ClassVar[int]
    """The dimension to join along."""

    @abstractmethod
    def added(self, rank: int) -> tuple[int, int]:
        """Return how many dimensions a tensor gets, in front and behind."""

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with its list of tensors."""
        return f"{self.torch_name}([{', '.join(inputs)}])"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape whose size along the dimension is the sum of all."""
        shapes = [self._raised(x.shape) for x in inputs]
        shape = concatenated(shapes, min(self.along, len(shapes[0]) - 1))
        return (TensorType(checked(shape), promoted(*(x.dtype for x in inputs))),)

    def _raised(self, shape: Shape) -> Shape:
        before, behind = self.added(len(shape))
        return (1,) * before + shape + (1,) * behind

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself; along the dimension its place has changed."""
        return tuple(map(self._read, inputs))

    def _read(self, x: TensorType) -> Reads:
        before, behind = self.added(x.rank)
        along = min(self.along, x.rank + before + behind - 1)
        places = range(before, before + x.rank)
        return {
            dim: Goes((place,), None if place == along else HERE)
            for dim, place in enumerate(places)
        }


class Hstack(_Raised):
    """Join tensors along the second dimension, as `concat` does; vectors along their only one.

    Shapes: (B, C₁, …), (B, C₂, …), … → (B, C₁ + C₂ + …, …).
    Source: https://pytorch.org/docs/stable/generated/torch.hstack.html
    """

    torch_name: ClassVar[str] = "torch.hstack"
    function_name: ClassVar[str] = "hstack"
    along: ClassVar[int] = 1

    def added(self, rank: int) -> tuple[int, int]:
        """Return that none is added."""
        return 0, 0


class Vstack(_Raised):
    """Join tensors along the first dimension; vectors become rows.

    Shapes: (n₁, …), (n₂, …), … → (n₁ + n₂ + …, …).
    Source: https://pytorch.org/docs/stable/generated/torch.vstack.html
    """

    torch_name: ClassVar[str] = "torch.vstack"
    function_name: ClassVar[str] = "vstack"
    along: ClassVar[int] = 0

    def added(self, rank: int) -> tuple[int, int]:
        """Return that a vector becomes a matrix of one row."""
        return (1, 0) if rank == 1 else (0, 0)


class Dstack(_Raised):
    """Join tensors along the third dimension, which vectors and matrices are given.

    Shapes: (B, C), (B, C), … → (B, C, n).
    Source: https://pytorch.org/docs/stable/generated/torch.dstack.html
    """

    torch_name: ClassVar[str] = "torch.dstack"
    function_name: ClassVar[str] = "dstack"
    along: ClassVar[int] = 2

    def added(self, rank: int) -> tuple[int, int]:
        """Return that a vector gets a dimension at each end, a matrix one behind."""
        return {1: (1, 1), 2: (0, 1)}.get(rank, (0, 0))
