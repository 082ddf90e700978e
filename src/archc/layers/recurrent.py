"""Recurrent networks: one step for each position, with a state carried along.

Letters: L the length, H the hidden size, P the projection's, D 2 if bidirectional, else 1,
g the gates of a cell.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned, Returned
from archc.layers.fields import NotNegative, Positive, Probability
from archc.layers.rules import Rule
from archc.layers.sequences import batch_and_length, laid_out
from archc.reach import Goes, Reads
from archc.shapes import TensorType, elements, format_shape, number


class _Recurrent(Layer):
    """Read a sequence step by step, in one or both directions, through stacked layers.

    Shapes: (B, L, input_size) → (B, L, D·H) with batch_first=True, and the last state
    (D·num_layers, B, H); without batch_first the length comes before the batch.
    """

    gates: ClassVar[int]
    positional: ClassVar[tuple[str, ...]] = ("hidden_size",)
    inferred_names: ClassVar[tuple[str, ...]] = ("input_size",)
    feature: ClassVar[str] = "hidden_size"
    results: ClassVar[tuple[str, ...]] = ("", "h_n")
    family: ClassVar[str] = "recurrent"

    hidden_size: Positive = Field(description="features of the state")
    num_layers: Positive = Field(1, description="layers on top of each other")
    bias: bool = Field(True, description="add learnt numbers in each gate")
    batch_first: bool = Field(False, description="the batch comes before the length")
    dropout: Probability = Field(0.0, description="probability of dropout between the layers")
    bidirectional: bool = Field(False, description="read from the end as well")

    @property
    def returned(self) -> Returned:
        """How the results lie in what the module returns."""
        return 0, 1

    @property
    def projection(self) -> int:
        """P, or 0 where the output is the state itself."""
        return 0

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return how the features of the output came about."""
        name = "proj_size" if self.projection else "hidden_size"
        size = self.projection or self.hidden_size
        if self.directions == 1:
            return (f"features = {name} = {size}",)
        return (f"features = 2 directions · {name} = 2 · {size} = {2 * size}",)

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `input_size`: the input's features."""
        return {"input_size": number(inputs[0].shape[-1], "the number of features")}

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the dropout and of the projection."""
        return (self._dropout_rule, self._projection_rule)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the types of the output sequence and of the last state."""
        x = inputs[0]
        batch, length = batch_and_length(x, self.batch_first, type(self).__name__)
        self._dropout_rule()
        self._projection_rule()
        self.inferred(x)
        size = self.projection or self.hidden_size
        sequence = laid_out(batch, length, self.directions * size, self.batch_first)
        states = self.directions * self.num_layers
        last = x.with_shape((states, batch, size))
        _check_first_state(inputs[1:], last)
        return x.with_shape(sequence), last

    def _dropout_rule(self) -> None:
        if self.dropout and self.num_layers == 1:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"dropout={self.dropout} acts between layers, and num_layers=1 has no between",
                help="put a `Dropout` after it, or drop the argument",
                argument="dropout",
            )

    def _projection_rule(self) -> None:
        if self.projection >= self.hidden_size:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"proj_size={self.projection} is not below hidden_size={self.hidden_size}",
                argument="proj_size",
            )

    def _cells(self, input_size: int) -> Iterator[tuple[str, int]]:
        """Yield each cell's suffix in torch's order and the features it reads."""
        stacked = self.directions * (self.projection or self.hidden_size)
        for layer in range(self.num_layers):
            for direction in ("", "_reverse")[: self.directions]:
                yield f"l{layer}{direction}", stacked if layer else input_size

    def _cell(self, suffix: str, input_size: int) -> Iterator[Owned]:
        size = self.projection or self.hidden_size
        rows = self.gates * self.hidden_size
        yield Owned(f"weight_ih_{suffix}", (rows, input_size))
        yield Owned(f"weight_hh_{suffix}", (rows, size))
        if self.bias:
            yield Owned(f"bias_ih_{suffix}", (rows,))
            yield Owned(f"bias_hh_{suffix}", (rows,))
        if self.projection:
            yield Owned(f"weight_hr_{suffix}", (self.projection, self.hidden_size))

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return each cell's weights (g·H, input), (g·H, H), its biases and its projection."""
        cells = self._cells(self.inferred(*inputs)["input_size"])
        return tuple(tensor for suffix, size in cells for tensor in self._cell(suffix, size))

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return the elements of all matrices, once for each position."""
        matrices = [o.shape for o in self.owned(*inputs) if len(o.shape) == 2]
        return elements(inputs[0].shape[:2]) * sum(map(elements, matrices))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each step reads the whole sequence: a state remembers from its first step."""
        first = 0 if self.batch_first else 1
        batch = Goes((1 if result else first,))
        return ({first: batch}, *({1: batch},) * (len(inputs) - 1))


def _check_first_state(given: Sequence[TensorType], last: TensorType) -> None:
    for state in given:
        if state.shape != last.shape:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"the first state is {format_shape(state.shape)}, not {format_shape(last.shape)}",
                notes=("a state is (directions · num_layers, batch, hidden_size)",),
            )


class RNN(_Recurrent):
    """Combine each input with the state through one matrix each and a nonlinearity.

    A second input is the first state.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.RNN.html
    """

    torch_name: ClassVar[str] = "nn.RNN"
    gates: ClassVar[int] = 1
    arity: ClassVar[tuple[int, int]] = (1, 2)

    nonlinearity: Literal["tanh", "relu"] = Field("tanh", description="function of each step")


class GRU(_Recurrent):
    """Let two gates choose what the state keeps.

    A second input is the first state.

    Source: Cho et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.GRU.html
    """

    torch_name: ClassVar[str] = "nn.GRU"
    gates: ClassVar[int] = 3
    arity: ClassVar[tuple[int, int]] = (1, 2)


class LSTM(_Recurrent):
    """Let gates choose what a cell keeps, takes in and shows.

    A second and a third input are the first state and the first cell.

    Source: Hochreiter & Schmidhuber 1997;
    https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
    """

    torch_name: ClassVar[str] = "nn.LSTM"
    gates: ClassVar[int] = 4
    arity: ClassVar[tuple[int, int]] = (1, 3)
    results: ClassVar[tuple[str, ...]] = ("", "h_n", "c_n")

    proj_size: NotNegative = Field(0, description="features of a projection of the state; 0: none")

    @property
    def returned(self) -> Returned:
        """How the results lie in what the module returns."""
        return 0, (1, 2)

    @property
    def projection(self) -> int:
        """P."""
        return self.proj_size

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the types of the output sequence, of the last state and of the last cell."""
        if len(inputs) == 2:
            raise RuleViolation(
                Code.ARGUMENTS,
                "`LSTM` takes a sequence alone, or with the first state and the first cell",
                help="write `from x, lstm.h_n, lstm.c_n`",
            )
        sequence, last = super().outputs(*inputs[:2])
        cell = last.with_shape((*last.shape[:2], self.hidden_size))
        _check_first_state(inputs[2:], cell)
        return sequence, last, cell

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return the sequence, and the first state and cell as a pair."""
        x, *state = inputs
        return f"{x}, ({', '.join(state)})" if state else x
