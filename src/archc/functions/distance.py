"""How near tensors are, without a slot."""

from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers import distance as modules
from archc.layers.base import Function
from archc.layers.rules import expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import Batch, TensorType, format_shape


class CosineSimilarity(Function, modules.CosineSimilarity):
    """Take the cosine of the angle between two vectors.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html
    """

    torch_name: ClassVar[str] = "F.cosine_similarity"
    function_name: ClassVar[str] = "cosine_similarity"
    positional: ClassVar[tuple[str, ...]] = ("dim", "eps")
    family: ClassVar[str] = "reduction"


class PairwiseDistance(Function, modules.PairwiseDistance):
    """Take the p-norm of the difference of two vectors in the last dimension.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html
    """

    torch_name: ClassVar[str] = "F.pairwise_distance"
    function_name: ClassVar[str] = "pairwise_distance"
    positional: ClassVar[tuple[str, ...]] = ("p", "eps", "keepdim")
    family: ClassVar[str] = "reduction"


class Cdist(Function):
    """Take the distance of each row of the first tensor from each row of the second.

    Shapes: (B, n, D), (B, m, D) → (B, n, m).
    Source: https://pytorch.org/docs/stable/generated/torch.cdist.html
    """

    torch_name: ClassVar[str] = "torch.cdist"
    function_name: ClassVar[str] = "cdist"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("p",)
    family: ClassVar[str] = "arithmetic"

    p: Annotated[float, Field(ge=0)] = Field(2.0, description="the exponent of the norm")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return a distance for each pair of rows."""
        a, b = inputs
        for x in inputs:
            expect_rank(x, *range(2, 9), layer="cdist")
            expect_floating(x, "cdist")
        if a.dtype != b.dtype:
            raise RuleViolation(
                Code.DTYPE, f"`cdist` needs one dtype, found {a.dtype} and {b.dtype}"
            )
        if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-1]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`cdist` needs rows of one length in tensors alike but for their number",
                notes=(f"they are {format_shape(a.shape)} and {format_shape(b.shape)}",),
            )
        if any(isinstance(x.shape[-2], Batch) for x in inputs):
            raise RuleViolation(
                Code.DIMENSION,
                "`cdist` would compare every sample with others",
                notes=("the batch is in the rows",),
            )
        return (a.with_shape((*a.shape[:-1], b.shape[-2])),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads a row of either."""
        rank = inputs[0].rank
        second = unmoved(range(rank - 2)) | {rank - 2: unmoved((rank - 1,))[rank - 1]}
        return unmoved(range(rank - 1)), second
