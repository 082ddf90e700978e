"""Linear maps of the last dimension."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.fields import Positive
from archc.layers.rules import expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import MAX_RANK, TensorType, elements, number


class Linear(Layer):
    """Multiply the features of each position by a matrix, and add a bias.

    Shapes: (B, …, in_features) → (B, …, out_features).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    torch_name: ClassVar[str] = "nn.Linear"
    positional: ClassVar[tuple[str, ...]] = ("out_features",)
    inferred_names: ClassVar[tuple[str, ...]] = ("in_features",)
    feature: ClassVar[str] = "out_features"
    family: ClassVar[str] = "linear"

    out_features: Positive = Field(description="size of the last dimension of the output")
    bias: bool = Field(True, description="add a learnt number to each output feature")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `out_features` in the last place."""
        (x,) = inputs
        expect_rank(x, *range(2, MAX_RANK + 1), layer="Linear")
        expect_floating(x, "Linear")
        self.inferred(x)
        return (x.with_shape((*x.shape[:-1], self.out_features)),)

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `in_features`: the input's last size."""
        return {"in_features": number(inputs[0].shape[-1], "the last dimension")}

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weight (out_features, in_features) and the bias (out_features)."""
        weight = Owned("weight", (self.out_features, self.inferred(*inputs)["in_features"]))
        return (weight, Owned("bias", (self.out_features,))) if self.bias else (weight,)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the input and the weights alone."""
        return True

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return in_features for each element of the output."""
        return self.inferred(*inputs)["in_features"] * elements(outputs[0].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the features are read whole, at each position."""
        return (unmoved(range(inputs[0].rank - 1)),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the features that were asked for."""
        return (f"features = out_features = {self.out_features}",)


class Bilinear(Layer):
    """Multiply each pair of features of two tensors, and add the products up by learnt weights.

    Shapes: (B, …, in1_features), (B, …, in2_features) → (B, …, out_features).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
    """

    torch_name: ClassVar[str] = "nn.Bilinear"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("out_features",)
    inferred_names: ClassVar[tuple[str, ...]] = ("in1_features", "in2_features")
    feature: ClassVar[str] = "out_features"
    family: ClassVar[str] = "linear"

    out_features: Positive = Field(description="size of the last dimension of the output")
    bias: bool = Field(True, description="add a learnt number to each output feature")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `out_features` in the last place."""
        first, second = inputs
        for x in inputs:
            expect_rank(x, *range(2, MAX_RANK + 1), layer="Bilinear")
            expect_floating(x, "Bilinear")
        if first.dtype != second.dtype or first.shape[:-1] != second.shape[:-1]:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                "`Bilinear` needs tensors alike but for their features",
                notes=(f"they are {first} and {second}",),
            )
        self.inferred(*inputs)
        return (first.with_shape((*first.shape[:-1], self.out_features)),)

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return the last size of either input."""
        sizes = [number(x.shape[-1], "the last dimension") for x in inputs]
        return dict(zip(self.inferred_names, sizes, strict=False))

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weight (out_features, in1_features, in2_features) and the bias."""
        weight = Owned("weight", (self.out_features, *self.inferred(*inputs).values()))
        return (weight, Owned("bias", (self.out_features,))) if self.bias else (weight,)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return in1_features · in2_features + in2_features for each element of the output."""
        first, second = self.inferred(*inputs).values()
        return (first * second + second) * elements(outputs[0].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads the features at its own place."""
        return tuple(unmoved(range(x.rank - 1)) for x in inputs)
