"""Attention: each query takes the mean of all values, weighted by its likeness to their keys."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.layers.base import Function
from archc.layers.fields import Probability, Real
from archc.layers.rules import expect_floating, expect_rank
from archc.reach import READ_WHOLE, Goes, Reads, copies_reach, unmoved
from archc.shapes import TensorType, broadcast, elements, format_shape, number

_NAME = "scaled_dot_product_attention"


class ScaledDotProductAttention(Function):
    """Weigh values by the softmax of q·kᵀ/√E; a fourth tensor masks or shifts the scores.

    Shapes: (B, …, L, E), (B, …, S, E), (B, …, S, V) → (B, …, L, V); with enable_gqa=True
    (B, n·h, L, E), (B, h, S, E), (B, h, S, V) → (B, n·h, L, V).
    Source: Vaswani et al. 2017, section 3.2.1;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
    """

    torch_name: ClassVar[str] = "F.scaled_dot_product_attention"
    function_name: ClassVar[str] = _NAME
    arity: ClassVar[tuple[int, int]] = (3, 4)
    family: ClassVar[str] = "attention"

    dropout_p: Probability = Field(0.0, description="share of the weights set to 0 in training")
    is_causal: bool = Field(False, description="let a query see no later key")
    scale: Real | None = Field(None, description="the factor of the scores; 1/√E by default")
    enable_gqa: bool = Field(
        False, description="several heads of queries share one of keys and values"
    )

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; dropout follows the module's mode."""
        arguments = [*inputs]
        if self.dropout_p:
            rate = constant_text(self.dropout_p)
            arguments.append(f"dropout_p={rate} if self.training else 0.0")
        if self.is_causal:
            arguments.append("is_causal=True")
        if self.scale is not None:
            arguments.append(f"scale={constant_text(self.scale)}")
        if self.enable_gqa:
            arguments.append("enable_gqa=True")
        return f"{self.torch_name}({', '.join(arguments)})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the queries' shape with the width of the values."""
        query, key, value, *masks = inputs
        for x in (query, key, value):
            expect_rank(x, *range(4 if self.enable_gqa else 3, 9), layer=_NAME)
            expect_floating(x, _NAME)
        self._check_alike(query, key, value)
        for mask in masks:
            self._check_mask(query, key, mask)
        return (query.with_shape((*query.shape[:-1], value.shape[-1])),)

    def _check_alike(self, query: TensorType, key: TensorType, value: TensorType) -> None:
        if len({query.dtype, key.dtype, value.dtype}) > 1:
            raise RuleViolation(
                Code.DTYPE,
                f"queries, keys and values need one dtype, found {query.dtype}, "
                f"{key.dtype} and {value.dtype}",
            )
        number(key.shape[-2], "the number of keys")
        heads = -3 if self.enable_gqa else -2
        if self.enable_gqa:
            self._queries_for_a_key(query, key)
        pairs = (
            (query.shape[:heads], key.shape[:heads], "queries and keys differ before the sequence"),
            (key.shape[:-1], value.shape[:-1], "there are not as many values as keys"),
            (query.shape[-1:], key.shape[-1:], "queries and keys are of unlike width"),
        )
        for left, right, headline in pairs:
            if left != right:
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    headline,
                    notes=(
                        f"queries {format_shape(query.shape)}, keys {format_shape(key.shape)}, "
                        f"values {format_shape(value.shape)}",
                    ),
                )

    def _queries_for_a_key(self, query: TensorType, key: TensorType) -> int:
        """Return how many heads of queries share one of the keys."""
        if not self.enable_gqa:
            return 1
        heads, fewer = (number(x.shape[-3], "the number of heads") for x in (query, key))
        if heads % fewer:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"{fewer} heads of keys cannot be shared evenly by {heads} heads of queries",
                argument="enable_gqa",
            )
        return heads // fewer

    def _check_mask(self, query: TensorType, key: TensorType, mask: TensorType) -> None:
        if self.is_causal:
            raise RuleViolation(
                Code.ARGUMENTS, "a mask and is_causal=True exclude each other", argument="is_causal"
            )
        if mask.dtype not in {"bool", query.dtype}:
            raise RuleViolation(
                Code.DTYPE, f"a mask is bool or {query.dtype}, this one is {mask.dtype}"
            )
        scores = (*query.shape[:-1], key.shape[-2])
        if mask.rank < 2 or broadcast((mask.shape, scores)) != scores:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"a mask {format_shape(mask.shape)} does not fit scores {format_shape(scores)}",
            )

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return L·S·(E + V) for each head: the scores and the weighted sum."""
        query, key, value = (x.shape for x in inputs[:3])
        width = elements(query[-1:]) + elements(value[-1:])
        return elements(query[:-1]) * elements(key[-2:-1]) * width

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each query reads itself and every key and value of its own head."""
        query, key, *_ = inputs
        queries = unmoved(range(query.rank - 1))
        keys = unmoved(range(query.rank - 2))
        if self.enable_gqa:
            shared = self._queries_for_a_key(query, key)
            keys |= {query.rank - 3: Goes((query.rank - 3,), copies_reach(shared))}
        values = keys | unmoved((query.rank - 1,))
        return (queries, keys, values, *(READ_WHOLE,) * (len(inputs) - 3))
