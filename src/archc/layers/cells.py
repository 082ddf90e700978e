"""Cells: one step of a recurrent network, for loops that a spec writes out.

Letters: H the hidden size, g the gates of a cell.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned, Returned
from archc.layers.fields import Positive
from archc.layers.rules import expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, elements, number


class _Cell(Layer):
    """Take one step: a new state from an input and the state before, zeros by default.

    Shapes: (B, input_size), (B, H) → (B, H).
    """

    gates: ClassVar[int]
    arity: ClassVar[tuple[int, int]] = (1, 2)
    positional: ClassVar[tuple[str, ...]] = ("hidden_size",)
    inferred_names: ClassVar[tuple[str, ...]] = ("input_size",)
    feature: ClassVar[str] = "hidden_size"
    family: ClassVar[str] = "recurrent"

    hidden_size: Positive = Field(description="features of the state")
    bias: bool = Field(True, description="add learnt numbers in each gate")

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `input_size`: the input's features."""
        return {"input_size": number(inputs[0].shape[-1], "the number of features")}

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the new state."""
        x, *states = inputs
        name = type(self).__name__
        expect_rank(x, 2, layer=name)
        expect_floating(x, name)
        self.inferred(x)
        new = x.with_shape((x.shape[0], self.hidden_size))
        for state in states:
            if state != new:
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    f"the state of this `{name}` is {new}, the tensor given is {state}",
                    notes=("a state is (batch, hidden_size)",),
                )
        return (new,)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weights (g·H, input_size) and (g·H, H), and their biases."""
        rows = self.gates * self.hidden_size
        size = self.inferred(*inputs)["input_size"]
        weights = (Owned("weight_ih", (rows, size)), Owned("weight_hh", (rows, self.hidden_size)))
        biases = (Owned("bias_ih", (rows,)), Owned("bias_hh", (rows,)))
        return (*weights, *biases) if self.bias else weights

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return the elements of both matrices."""
        return sum(elements(tensor.shape) for tensor in self.owned(*inputs)[:2])

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each sample reads its own input and state."""
        return (unmoved((0,)),) * len(inputs)


class RNNCell(_Cell):
    """Combine an input with the state through one matrix each and a nonlinearity.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
    """

    torch_name: ClassVar[str] = "nn.RNNCell"
    gates: ClassVar[int] = 1

    nonlinearity: Literal["tanh", "relu"] = Field("tanh", description="function of the step")


class GRUCell(_Cell):
    """Let two gates choose what the state keeps.

    Source: Cho et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
    """

    torch_name: ClassVar[str] = "nn.GRUCell"
    gates: ClassVar[int] = 3


class LSTMCell(_Cell):
    """Let gates choose what a cell keeps, takes in and shows; the state is a pair.

    Shapes: (B, input_size), (B, H), (B, H) → (B, H), (B, H).
    Source: Hochreiter & Schmidhuber 1997;
    https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
    """

    torch_name: ClassVar[str] = "nn.LSTMCell"
    gates: ClassVar[int] = 4
    arity: ClassVar[tuple[int, int]] = (1, 3)
    results: ClassVar[tuple[str, ...]] = ("", "c")

    @property
    def returned(self) -> Returned:
        """A pair: the state and the cell."""
        return 0, 1

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return the input, and the state before as a pair."""
        x, *state = inputs
        return f"{x}, ({', '.join(state)})" if state else x

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the types of the new state and of the new cell."""
        if len(inputs) == 2:
            raise RuleViolation(
                Code.ARGUMENTS,
                "`LSTMCell` takes an input alone, or with the state and the cell before",
                help="write `from x, cell, cell.c`",
            )
        return super().outputs(*inputs) * 2
