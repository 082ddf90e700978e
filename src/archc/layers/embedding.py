"""Tables that turn tokens into vectors."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.fields import Positive, Real
from archc.layers.rules import Rule, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import TensorType

_TOKENS = ("int64", "int32")


class Embedding(Layer):
    """Look each token up in a learnt table.

    Shapes: int64 (B, …) → (B, …, embedding_dim).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """

    torch_name: ClassVar[str] = "nn.Embedding"
    positional: ClassVar[tuple[str, ...]] = ("num_embeddings", "embedding_dim")
    feature: ClassVar[str] = "embedding_dim"
    family: ClassVar[str] = "embedding"

    num_embeddings: Positive = Field(description="size of the vocabulary")
    embedding_dim: Positive = Field(description="length of each vector")
    padding_idx: int | None = Field(None, description="token whose vector stays as it is: 0")
    max_norm: Real | None = Field(None, description="longer vectors are shortened to this norm")
    norm_type: Real = Field(2.0, description="the p of that p-norm")
    scale_grad_by_freq: bool = Field(
        False, description="divide gradients by how often the token is in the batch"
    )
    sparse: bool = Field(False, description="make the gradient a sparse tensor")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the padding's row."""
        return (self._check_padding_idx,)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the tokens with the vector's length behind."""
        (x,) = inputs
        self._check_padding_idx()
        if x.dtype not in _TOKENS:
            raise RuleViolation(
                Code.DTYPE,
                f"`{type(self).__name__}` looks up integers, the input is {x.dtype}",
                help="write `int64[…]` before the shape in `inputs`",
            )
        return (TensorType((*x.shape, self.embedding_dim)),)

    def _check_padding_idx(self) -> None:
        count, index = self.num_embeddings, self.padding_idx
        if index is not None and not -count <= index < count:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"padding_idx={index} lies outside a table of {count} vectors",
                help=f"use a number from {-count} to {count - 1}",
                argument="padding_idx",
            )

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the table (num_embeddings, embedding_dim)."""
        return (Owned("weight", (self.num_embeddings, self.embedding_dim)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position looks up its own row."""
        return (unmoved(range(inputs[0].rank)),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return that each number became a row of the table."""
        return (f"features = embedding_dim = {self.embedding_dim}",)


class EmbeddingBag(Embedding):
    """Look up the tokens of each bag, a row, and reduce their vectors to one.

    A second tensor weighs the tokens; it needs mode='sum'.

    Shapes: int64 (B, L) → (B, embedding_dim).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
    """

    torch_order: ClassVar[tuple[str, ...]] = (
        "max_norm",
        "norm_type",
        "scale_grad_by_freq",
        "mode",
        "sparse",
    )

    torch_name: ClassVar[str] = "nn.EmbeddingBag"
    arity: ClassVar[tuple[int, int]] = (1, 2)

    mode: Literal["mean", "sum", "max"] = Field("mean", description="how a bag is reduced")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the padding's row and of the mode."""
        return (*super().argument_rules(claimed), lambda: self._check_mode(()))

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return the tokens, and their weights by name."""
        tokens, *weights = inputs
        return ", ".join([tokens, *(f"per_sample_weights={w}" for w in weights)])

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return a vector for each row of tokens."""
        x, *weights = inputs
        expect_rank(x, 2, layer="EmbeddingBag")
        (table,) = super().outputs(x)
        self._check_mode(weights)
        if weights and (weights[0].shape != x.shape or weights[0].dtype != table.dtype):
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`EmbeddingBag` needs a weight of {table.dtype} for each token",
                notes=(f"the tokens are {x}, the weights {weights[0]}",),
            )
        return (table.with_shape((x.shape[0], self.embedding_dim)),)

    def _check_mode(self, weights: Sequence[TensorType]) -> None:
        if weights and self.mode != "sum":
            raise RuleViolation(
                Code.ARGUMENT_VALUE, "weights of tokens need mode='sum'", argument="mode"
            )
        if self.mode == "max" and (self.sparse or self.scale_grad_by_freq):
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                "mode='max' goes neither with sparse nor with scale_grad_by_freq",
                argument="mode",
            )

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each bag is read whole."""
        return (unmoved((0,)),) * len(inputs)
