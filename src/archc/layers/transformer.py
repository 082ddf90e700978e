"""Layers of the transformer as torch packs them: attention, two linear maps, normalisations.

Letters: L the positions, S those of the memory, E the features, F the inner ones, h the heads.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.layers.attention import MultiheadAttention, heads_rules
from archc.layers.base import Layer, Owned
from archc.layers.binding import bind
from archc.layers.fields import Positive, Probability, Real
from archc.layers.masks import Masked
from archc.layers.rules import Rule
from archc.layers.sequences import batch_and_length
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, elements, number

_EncoderMask = Literal["src_mask", "src_key_padding_mask"]
_DecoderMask = Literal["tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"]
_INNER = {
    "self_attn": "MultiheadAttention",
    "self_attn.out_proj": "Linear",
    "linear1": "Linear",
    "linear2": "Linear",
    "norm1": "LayerNorm",
    "norm2": "LayerNorm",
}
"""What both layers hold, by name."""


class _TransformerLayer(Masked):
    """Attend, then map each position through F features, around residual sums."""

    torch_order: ClassVar[tuple[str, ...]] = (
        "dim_feedforward",
        "dropout",
        "activation",
        "layer_norm_eps",
        "batch_first",
        "norm_first",
        "bias",
    )

    positional: ClassVar[tuple[str, ...]] = ("nhead",)
    inferred_names: ClassVar[tuple[str, ...]] = ("d_model",)
    family: ClassVar[str] = "attention"
    inner: ClassVar[Mapping[str, str]] = _INNER
    attentions: ClassVar[tuple[str, ...]]
    """The names of the attentions, in torch's order."""

    nhead: Positive = Field(description="heads, among which the features are divided")
    dim_feedforward: Positive = Field(2048, description="F, the features between the linear maps")
    dropout: Probability = Field(0.1, description="probability of dropout, at each of its places")
    activation: Literal["relu", "gelu"] = Field("relu", description="between the linear maps")
    layer_norm_eps: Real = Field(1e-5, description="added to the variances")
    batch_first: bool = Field(False, description="the batch comes before the length")
    norm_first: bool = Field(False, description="normalise before each part, not after its sum")
    bias: bool = Field(True, description="add learnt numbers in all maps and normalisations")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the masks' names, and of the heads where the features are written."""
        return (
            *super().argument_rules(claimed),
            *heads_rules(lambda: self.nhead, claimed.get("d_model")),
        )

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `d_model`: the input's features."""
        return {"d_model": number(inputs[0].shape[-1], "the number of features")}

    def attention(self) -> Layer:
        """Return the attention it holds."""
        given = {"num_heads": self.nhead, "bias": self.bias, "batch_first": self.batch_first}
        return bind(MultiheadAttention, (), given)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the tensors of the attentions, of the linear maps and of the normalisations."""
        features = self.inferred(*inputs)["d_model"]
        held = self.attention().owned(inputs[0])
        attentions = [
            Owned(f"{name}.{one.name}", one.shape) for name in self.attentions for one in held
        ]
        return (*attentions, *self._maps(features), *self._norms(features))

    def _maps(self, features: int) -> Iterator[Owned]:
        shapes = ((self.dim_feedforward, features), (features, self.dim_feedforward))
        for place, shape in enumerate(shapes, 1):
            yield Owned(f"linear{place}.weight", shape)
            if self.bias:
                yield Owned(f"linear{place}.bias", shape[:1])

    def _norms(self, features: int) -> Iterator[Owned]:
        for place in range(1, len(self.attentions) + 2):
            yield Owned(f"norm{place}.weight", (features,))
            if self.bias:
                yield Owned(f"norm{place}.bias", (features,))

    def mapped(self, x: TensorType) -> int:
        """Return 2·E·F for each position: the multiply-adds of both linear maps."""
        return 2 * self.dim_feedforward * elements(x.shape)

    def attended(self, query: TensorType, key: TensorType) -> int:
        """Return the multiply-adds of one attention."""
        inputs = (query, key, key)
        attention = self.attention()
        return attention.multiply_adds(inputs, attention.outputs(*inputs))

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return the sequences, and the masks by their names."""
        masks = self.named_masks(inputs[self.arity[0] :])
        written = [f"{name}={mask}" for name, mask in masks.items()]
        return ", ".join([*inputs[: self.arity[0]], *written])


class TransformerEncoderLayer(_TransformerLayer):
    """Let the positions attend to each other; a second and a third tensor are masks.

    The mask of who sees whom comes first, then that of padding; `masks='src_key_padding_mask'`
    says that the second tensor is the mask of padding. True, or -inf, hides.

    Shapes: (B, L, E) → (B, L, E) with batch_first=True; without it (L, B, E). Masks: (L, L),
    (B, L).
    Source: Vaswani et al. 2017, section 3.1;
    https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
    """

    torch_name: ClassVar[str] = "nn.TransformerEncoderLayer"
    arity: ClassVar[tuple[int, int]] = (1, 3)
    attentions: ClassVar[tuple[str, ...]] = ("self_attn",)
    usual_masks: ClassVar[tuple[str, ...]] = ("src_mask", "src_key_padding_mask")
    padding_mask: ClassVar[str] = "src_key_padding_mask"

    masks: _EncoderMask | tuple[_EncoderMask, ...] | None = Field(
        None, description="what the masks are, in the order of the tensors"
    )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        x, *masks = inputs
        batch_and_length(x, self.batch_first, "TransformerEncoderLayer")
        self.attention().outputs(x)
        self.check_masks(self.named_masks(masks), x, x)
        return (x,)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return those of the attention, 4·L·E² + 2·L²·E, and 2·L·E·F."""
        return self.attended(inputs[0], inputs[0]) + self.mapped(inputs[0])

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads all of its sample, and its row of a mask."""
        masks = map(self.mask_reads, self.named_masks(inputs[1:]))
        return (unmoved((0 if self.batch_first else 1,)), *masks)


class TransformerDecoderLayer(_TransformerLayer):
    """Attend to the positions themselves, then to a memory, the second tensor.

    Masks follow: who sees whom, of the positions and of the memory, then the padding of both;
    `masks=('tgt_mask', 'memory_key_padding_mask')` says that two of these are there. True, or
    -inf, hides.

    Shapes: (B, L, E), (B, S, E) → (B, L, E) with batch_first=True; without it the length
    comes before the batch. Masks: (L, L), (L, S), (B, L), (B, S).
    Source: Vaswani et al. 2017, section 3.1;
    https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html
    """

    torch_name: ClassVar[str] = "nn.TransformerDecoderLayer"
    arity: ClassVar[tuple[int, int]] = (2, 6)
    inner: ClassVar[Mapping[str, str]] = {
        **_INNER,
        "multihead_attn": "MultiheadAttention",
        "multihead_attn.out_proj": "Linear",
        "norm3": "LayerNorm",
    }
    attentions: ClassVar[tuple[str, ...]] = ("self_attn", "multihead_attn")
    usual_masks: ClassVar[tuple[str, ...]] = (
        "tgt_mask",
        "memory_mask",
        "tgt_key_padding_mask",
        "memory_key_padding_mask",
    )
    padding_mask: ClassVar[str] = "memory_key_padding_mask"

    masks: _DecoderMask | tuple[_DecoderMask, ...] | None = Field(
        None, description="what the masks are, in the order of the tensors"
    )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the first input."""
        x, memory, *masks = inputs
        batch_and_length(x, self.batch_first, "TransformerDecoderLayer")
        self.attention().outputs(x)
        self.attention().outputs(x, memory, memory)
        named = self.named_masks(masks)
        for of, key in (("tgt", x), ("memory", memory)):
            its = {kind: mask for kind, mask in named.items() if kind.startswith(of)}
            self.check_masks(its, x, key)
        return (x,)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return those of both attentions, and 2·L·E·F."""
        x, memory, *_ = inputs
        return self.attended(x, x) + self.attended(x, memory) + self.mapped(x)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads all of its sample and memory, its row of a mask."""
        batch = unmoved((0 if self.batch_first else 1,))
        return (batch, batch, *map(self.mask_reads, self.named_masks(inputs[2:])))
