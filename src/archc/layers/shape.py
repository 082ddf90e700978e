"""Layers that keep every element and change at most the shape."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archc.functions.reshaping import (
    expect_order,
    flattened,
    merged_working,
    sizes_rules,
    unflattened,
)
from archc.layers.base import Layer
from archc.layers.rules import Rule
from archc.reach import Reads, regrouped, unmoved
from archc.shapes import TensorType


class Identity(Layer):
    """Return the input.

    Shapes: any → the same.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """

    torch_name: ClassVar[str] = "nn.Identity"
    is_view: ClassVar[bool] = True

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        return inputs

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Flatten(Layer):
    """Make one dimension of several; by default of all but the batch.

    Shapes: (B, C, H, W) → (B, C·H·W).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    torch_name: ClassVar[str] = "nn.Flatten"
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    start_dim: int = Field(1, description="first dimension to merge")
    end_dim: int = Field(-1, description="last dimension to merge")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the order."""
        return (lambda: expect_order(self.start_dim, self.end_dim),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the sizes from `start_dim` to `end_dim` multiplied."""
        (x,) = inputs
        return (x.with_shape(flattened(x.shape, self.start_dim, self.end_dim)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return how the dimensions were grouped anew."""
        return (regrouped(inputs[0].shape, self.outputs(*inputs)[0].shape),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the product of the sizes that were merged."""
        return merged_working(inputs[0].shape, self.start_dim, self.end_dim)


class Unflatten(Layer):
    """Make several dimensions of one; one size may be -1, which takes what is left.

    Shapes: (B, C·K) → (B, C, K).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    torch_name: ClassVar[str] = "nn.Unflatten"
    positional: ClassVar[tuple[str, ...]] = ("dim", "unflattened_size")
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    dim: int = Field(description="the dimension to divide")
    unflattened_size: tuple[Annotated[int, Field(ge=-1)], ...] = Field(
        min_length=1, description="the sizes it is divided into"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the sizes."""
        return sizes_rules(lambda: self.unflattened_size, "unflattened_size")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the sizes in place of `dim`."""
        (x,) = inputs
        return (x.with_shape(unflattened(x.shape, self.dim, self.unflattened_size)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return how the dimensions were grouped anew."""
        return (regrouped(inputs[0].shape, self.outputs(*inputs)[0].shape),)
