"""Functions that make one tensor of several."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import first_difference
from archc.layers.base import Function
from archc.reach import Goes, Reads, unmoved
from archc.shapes import TensorType, checked, concatenated, normal_dimension, number, promoted

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
        return tuple(unmoved(range(x.rank)) | {dim: Goes((dim,), None)} for x in inputs)

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
                notes=(first_difference(shapes),),
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
