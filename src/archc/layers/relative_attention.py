"""Attention within groups of positions, weighed also by how two of them lie.

Letters: L the positions of a group, C the features.
"""

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.fields import Positive
from archc.layers.rules import Rule, expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import MAX_RANK, TensorType, elements, number

_RELATIVE_POSITIONAL = '''
class RelativePositionalMultiHeadAttention(nn.Module):
    """Attend within each group of positions that form a square: arXiv:2204.01697."""

    relative_position_index: Tensor

    def __init__(self, feat_dim: int, head_dim: int, max_seq_len: int) -> None:
        super().__init__()
        self.num_heads = feat_dim // head_dim
        size = int(max_seq_len**0.5)
        table = torch.empty((2 * size - 1) ** 2, self.num_heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        row, column = torch.arange(max_seq_len) // size, torch.arange(max_seq_len) % size
        down = row[:, None] - row + size - 1
        right = column[:, None] - column + size - 1
        self.register_buffer("relative_position_index", down * (2 * size - 1) + right)
        self.to_qkv = nn.Linear(feat_dim, 3 * feat_dim)
        self.merge = nn.Linear(feat_dim, feat_dim)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.to_qkv(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for part in parts)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        weights = (q @ (k * x.shape[-1] ** -0.5).transpose(-2, -1) + bias).softmax(-1)
        return self.merge((weights @ v).transpose(-3, -2).flatten(-2))
'''


class RelativePositionalMultiHeadAttention(Layer):
    """Attend within groups; a table holds what a weight gains for how two positions lie.

    The positions of a group form a square, row by row. torch has no such module: the compiled
    source holds its class. It is torchvision's, of MaxViT.

    Shapes: (B, …, L, C) → the same.
    Source: Tu, Talebi, Zhang, Yang, Milanfar, Bovik, Li 2022, arXiv:2204.01697, section 3.2
    """

    torch_name: ClassVar[str] = "RelativePositionalMultiHeadAttention"
    positional: ClassVar[tuple[str, ...]] = ("head_dim", "max_seq_len")
    inferred_names: ClassVar[tuple[str, ...]] = ("feat_dim",)
    family: ClassVar[str] = "attention"
    source_class: ClassVar[str] = _RELATIVE_POSITIONAL
    inner: ClassVar[Mapping[str, str]] = {"to_qkv": "Linear", "merge": "Linear"}

    head_dim: Positive = Field(description="features of a head")
    max_seq_len: Positive = Field(description="L, the positions of a group: a square number")

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `feat_dim`: the input's features."""
        return {"feat_dim": number(inputs[0].shape[-1], "the number of features")}

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the positions, and of the heads where the features are written."""
        features = claimed.get("feat_dim")
        return (self._square_rule, lambda: self._check_heads(features or self.head_dim))

    def _check_heads(self, features: int) -> None:
        if features % self.head_dim:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"head_dim={self.head_dim} does not divide {features} features",
                argument="head_dim",
            )

    def _square_rule(self) -> None:
        """Refuse positions that form no square."""
        if isqrt(self.max_seq_len) ** 2 != self.max_seq_len:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"the positions of a group form a square, and {self.max_seq_len} is no square",
                argument="max_seq_len",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        name = type(self).__name__
        expect_rank(x, *range(3, MAX_RANK + 1), layer=name)
        expect_floating(x, name)
        features = self.inferred(x)["feat_dim"]
        self._check_heads(features)
        self._square_rule()
        if x.shape[-2] != self.max_seq_len:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"a group has {self.max_seq_len} positions here, the input's have {x.shape[-2]}",
                help=f"write max_seq_len={x.shape[-2]}",
                argument="max_seq_len",
            )
        return (x,)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the table ((2√L − 1)², heads), where it is read, and the projections."""
        features = self.inferred(*inputs)["feat_dim"]
        count = (2 * isqrt(self.max_seq_len) - 1) ** 2
        square = (self.max_seq_len, self.max_seq_len)
        return (
            Owned("relative_position_bias_table", (count, features // self.head_dim)),
            Owned("relative_position_index", square, "int64", "buffer"),
            Owned("to_qkv.weight", (3 * features, features)),
            Owned("to_qkv.bias", (3 * features,)),
            Owned("merge.weight", (features, features)),
            Owned("merge.bias", (features,)),
        )

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return 4·C² for the projections of each position, and 2·L·C to weigh and mix."""
        features = self.inferred(*inputs)["feat_dim"]
        return elements(inputs[0].shape) * (4 * features + 2 * self.max_seq_len)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its own group."""
        return (unmoved(range(inputs[0].rank - 2)),)
