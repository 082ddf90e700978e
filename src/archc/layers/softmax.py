"""Softmax and its kin: the numbers along one dimension compete."""

from typing import ClassVar

from pydantic import Field

from archc.layers.base import Elementwise
from archc.layers.rules import expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, normal_dimension


class _AlongDimension(Elementwise):
    """Turn the numbers along one dimension into parts of a whole."""

    positional: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = Field(description="the dimension along which the numbers compete")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which has the dimension `dim`."""
        (x,) = super().outputs(*inputs)
        normal_dimension(self.dim, x.rank)
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that `dim` is read whole, for its sum."""
        (x,) = inputs
        return (unmoved(dim for dim in range(x.rank) if dim != self.dim % x.rank),)


class Softmax(_AlongDimension):
    """Map numbers to exp(x)/Σ exp(x): positive, with sum 1.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    torch_name: ClassVar[str] = "nn.Softmax"


class LogSoftmax(_AlongDimension):
    """Map numbers to the logarithm of their softmax.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    torch_name: ClassVar[str] = "nn.LogSoftmax"


class Softmin(_AlongDimension):
    """Map numbers to exp(−x)/Σ exp(−x): the smallest gets the largest part.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmin.html
    """

    torch_name: ClassVar[str] = "nn.Softmin"


class Softmax2d(Elementwise):
    """Map the channels of each pixel to exp(x)/Σ exp(x).

    Shapes: (B, C, H, W) → the same.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
    """

    torch_name: ClassVar[str] = "nn.Softmax2d"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, an image."""
        expect_rank(inputs[0], 4, layer="Softmax2d")
        return super().outputs(*inputs)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the channels are read whole, for their sum."""
        return (unmoved((0, 2, 3)),)
