"""Softmax and its kin without a slot: the arguments and rules are those of the modules."""

from typing import ClassVar

from pydantic import Field

from archc.layers import softmax as modules
from archc.layers.base import Elementwise, Function
from archc.layers.fields import Real
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, normal_dimension


class _Competition(Function):
    """Turn the numbers along one dimension into parts of a whole."""

    family: ClassVar[str] = "activation"


class Softmax(_Competition, modules.Softmax):
    """Map numbers along `dim` to exp(x)/Σ exp(x): positive, with sum 1.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """

    torch_name: ClassVar[str] = "F.softmax"
    function_name: ClassVar[str] = "softmax"


class LogSoftmax(_Competition, modules.LogSoftmax):
    """Map numbers along `dim` to the logarithm of their softmax.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """

    torch_name: ClassVar[str] = "F.log_softmax"
    function_name: ClassVar[str] = "log_softmax"


class Softmin(_Competition, modules.Softmin):
    """Map numbers along `dim` to exp(−x)/Σ exp(−x).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html
    """

    torch_name: ClassVar[str] = "F.softmin"
    function_name: ClassVar[str] = "softmin"


class GumbelSoftmax(_Competition, Elementwise):
    """Draw from the categories that the numbers along `dim` weigh, so that gradients flow.

    It draws in evaluation too: it does not follow the mode.

    Source: Jang et al. 2017;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html
    """

    torch_name: ClassVar[str] = "F.gumbel_softmax"
    function_name: ClassVar[str] = "gumbel_softmax"
    positional: ClassVar[tuple[str, ...]] = ("tau", "hard")

    tau: Real = Field(1.0, gt=0, description="temperature; near 0 one category takes all")
    hard: bool = Field(False, description="return one-hot samples; gradients are the soft ones")
    dim: int = Field(-1, description="the dimension along which the numbers compete")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which has the dimension `dim`."""
        (x,) = super().outputs(*inputs)
        normal_dimension(self.dim, x.rank)
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole, for its sum."""
        (x,) = inputs
        return (unmoved(dim for dim in range(x.rank) if dim != self.dim % x.rank),)
