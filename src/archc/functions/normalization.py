"""Normalisation that owns nothing."""

from typing import Annotated, ClassVar

from pydantic import Field

from archc.layers import normalization as modules
from archc.layers.base import Function
from archc.layers.fields import Real
from archc.layers.rules import expect_floating
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, normal_dimension


class LocalResponseNorm(Function, modules.LocalResponseNorm):
    """Divide each number by a power of the energy of its neighbours in the channels.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html
    """

    torch_name: ClassVar[str] = "F.local_response_norm"
    function_name: ClassVar[str] = "local_response_norm"
    positional: ClassVar[tuple[str, ...]] = ("size", "alpha", "beta", "k")
    family: ClassVar[str] = "normalization"


class Normalize(Function):
    """Divide by the p-norm along a dimension: vectors of length 1.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html
    """

    torch_name: ClassVar[str] = "F.normalize"
    function_name: ClassVar[str] = "normalize"
    positional: ClassVar[tuple[str, ...]] = ("p", "dim", "eps")
    family: ClassVar[str] = "normalization"

    p: float = Field(2.0, description="the exponent of the norm")
    dim: int = Field(1, description="the dimension along which the norm is taken")
    eps: Annotated[Real, Field(ge=0)] = Field(1e-12, description="the least norm to divide by")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        expect_floating(x, "normalize")
        normal_dimension(self.dim, x.rank)
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole, for its norm."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        return (unmoved(other for other in range(x.rank) if other != dim),)
