"""Norms: the length of what lies along dimensions."""

from typing import ClassVar

from pydantic import Field

from archc.functions.reduction import Statistic


class Norm(Statistic):
    """Take the p-norm of the elements as of one vector.

    Source: https://pytorch.org/docs/stable/generated/torch.norm.html
    """

    torch_name: ClassVar[str] = "norm"
    function_name: ClassVar[str] = "norm"
    positional: ClassVar[tuple[str, ...]] = ("p", "dim", "keepdim")

    p: float = Field(2.0, description="the exponent; `inf` for the largest absolute value")


class VectorNorm(Statistic):
    """Take the norm of the elements as of one vector.

    Source: https://pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
    """

    torch_name: ClassVar[str] = "torch.linalg.vector_norm"
    function_name: ClassVar[str] = "vector_norm"
    method: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("ord", "dim", "keepdim")

    ord: float = Field(2.0, description="the exponent; `inf` for the largest absolute value")
