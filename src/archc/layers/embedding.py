"""Tables that turn tokens into vectors."""

from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.fields import Positive, Real
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

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the tokens with the vector's length behind."""
        (x,) = inputs
        self._check_padding_idx()
        if x.dtype not in _TOKENS:
            raise RuleViolation(
                Code.DTYPE,
                f"`Embedding` looks up integers, the input is {x.dtype}",
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
