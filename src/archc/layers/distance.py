"""How near two tensors are, along one dimension."""

from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, spec_name
from archc.layers.fields import Real
from archc.layers.rules import expect_floating
from archc.reach import Goes, Reads, unmoved
from archc.shapes import Batch, Shape, TensorType, checked, format_shape, normal_dimension, promoted


class _Nearness(Layer):
    """Reduce a dimension of two tensors of one shape to one number.

    Shapes: (B, …, n, …), (B, …, n, …) → (B, …, …).
    """

    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "reduction"

    def reduced(self, inputs: tuple[TensorType, ...], dim: int, keep: bool) -> TensorType:
        """Return the type without `dim`, or with a 1 in its place."""
        shape = self._shape(inputs)
        name = spec_name(type(self))
        place = normal_dimension(dim, len(shape))
        if isinstance(shape[place], Batch):
            raise RuleViolation(
                Code.DIMENSION,
                f"`{name}` would take the batch away",
                notes=(f"dimension {place} of {format_shape(shape)} is the batch",),
                argument="dim",
            )
        result = TensorType((), promoted(*(x.dtype for x in inputs)))
        expect_floating(result, name)
        middle = (1,) if keep else ()
        return result.with_shape(checked((*shape[:place], *middle, *shape[place + 1 :])))

    def _shape(self, inputs: tuple[TensorType, ...]) -> Shape:
        a, b = (x.shape for x in inputs)
        if a != b:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`{spec_name(type(self))}` needs equal shapes",
                notes=(f"they are {format_shape(a)} and {format_shape(b)}",),
            )
        return a

    def reading(self, x: TensorType, dim: int, keep: bool) -> tuple[Reads, ...]:
        """Return that `dim` is read whole in both."""
        kept = [axis for axis in range(x.rank) if axis != dim % x.rank]
        reads = unmoved(kept) if keep else {old: Goes((new,)) for new, old in enumerate(kept)}
        return reads, reads


class CosineSimilarity(_Nearness):
    """Take the cosine of the angle between two vectors.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    torch_name: ClassVar[str] = "nn.CosineSimilarity"

    dim: int = Field(1, description="the dimension of the vectors")
    eps: Annotated[Real, Field(ge=0)] = Field(1e-8, description="the least norm to divide by")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without `dim`."""
        return (self.reduced(inputs, self.dim, keep=False),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the vectors are read whole."""
        return self.reading(inputs[0], self.dim, keep=False)


class PairwiseDistance(_Nearness):
    """Take the p-norm of the difference of two vectors in the last dimension.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    torch_name: ClassVar[str] = "nn.PairwiseDistance"

    p: float = Field(2.0, description="the exponent of the norm")
    eps: Real = Field(1e-6, description="added to the difference")
    keepdim: bool = Field(False, description="keep the last dimension with size 1")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the last dimension."""
        return (self.reduced(inputs, -1, self.keepdim),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the vectors are read whole."""
        return self.reading(inputs[0], -1, self.keepdim)
