"""Attention with learnt projections.

Letters: L the queries, S the keys and values, E the features, h the heads.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Owned, Returned
from archc.layers.fields import Positive, Probability
from archc.layers.masks import Masked, Tensor
from archc.layers.rules import Rule, dividing
from archc.layers.sequences import batch_and_length
from archc.reach import Goes, Reads
from archc.shapes import TensorType, elements, format_shape, number

_Mask = Literal["key_padding_mask", "attn_mask"]


class MultiheadAttention(Masked):
    """Mix values by how well their keys fit each query, in several heads side by side.

    The inputs are queries, keys and values; one input stands for all three. Masks follow,
    which `masks` names: `masks='key_padding_mask'`. True, or -inf, hides.

    Shapes: (B, L, E), (B, S, kdim), (B, S, vdim) → (B, L, E) and weights (B, L, S),
    with batch_first=True; without it the length comes before the batch. Masks: attn_mask
    (L, S), key_padding_mask (B, S).
    Source: Vaswani et al. 2017, section 3.2.2;
    https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """

    torch_order: ClassVar[tuple[str, ...]] = (
        "dropout",
        "bias",
        "add_bias_kv",
        "add_zero_attn",
        "kdim",
        "vdim",
        "batch_first",
    )

    torch_name: ClassVar[str] = "nn.MultiheadAttention"
    positional: ClassVar[tuple[str, ...]] = ("num_heads",)
    inferred_names: ClassVar[tuple[str, ...]] = ("embed_dim",)
    arity: ClassVar[tuple[int, int]] = (1, 5)
    usual_masks: ClassVar[tuple[str, ...]] = ()
    padding_mask: ClassVar[str] = "key_padding_mask"
    results: ClassVar[tuple[str, ...]] = ("", "weights")
    family: ClassVar[str] = "attention"
    inner: ClassVar[Mapping[str, str]] = {"out_proj": "Linear"}

    num_heads: Positive = Field(description="heads, among which the features are divided")
    dropout: Probability = Field(0.0, description="probability of dropping a weight in training")
    bias: bool = Field(True, description="add learnt numbers after each projection")
    add_bias_kv: bool = Field(False, description="add one learnt key and value")
    add_zero_attn: bool = Field(False, description="add one key and value of zeros")
    kdim: Positive | None = Field(None, description="features of the keys, if not the queries'")
    vdim: Positive | None = Field(None, description="features of the values, if not the queries'")
    batch_first: bool = Field(False, description="the batch comes before the length")
    masks: _Mask | tuple[_Mask, ...] | None = Field(
        None, description="what the tensors behind the values are, in their order"
    )

    @property
    def returned(self) -> Returned:
        """How the results lie in what the module returns."""
        return 0, 1

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return queries, keys and values; weights are computed only where they are read."""
        three, masks = self._parted(inputs)
        parts = [*three, *(f"{name}={mask}" for name, mask in masks.items())]
        return ", ".join(parts) + ("" if 1 in read else ", need_weights=False")

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `embed_dim`: the queries' features."""
        return {"embed_dim": number(inputs[0].shape[-1], "the number of features")}

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the masks' names, and of the heads where the features are written."""
        return (
            *super().argument_rules(claimed),
            *heads_rules(lambda: self.num_heads, claimed.get("embed_dim")),
        )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the queries and of the weights, averaged over the heads."""
        (query, key, value), masks = self._parted(inputs)
        batch, length = batch_and_length(query, self.batch_first, "MultiheadAttention")
        keys = batch_and_length(key, self.batch_first, "MultiheadAttention")
        values = batch_and_length(value, self.batch_first, "MultiheadAttention")
        if keys != values or keys[0] != batch:
            raise _unequal(query, key, value)
        self._check_features(query, key, value)
        self.check_masks(masks, query, key)
        attended = number(keys[1], "the number of keys") + self.add_bias_kv + self.add_zero_attn
        return query, query.with_shape((batch, length, attended))

    def _parted(self, inputs: Sequence[Tensor]) -> tuple[Sequence[Tensor], dict[str, Tensor]]:
        """Return queries, keys and values, and the masks by their names."""
        count = len(inputs) - len(self.mask_names())
        if count not in {1, 3}:
            raise RuleViolation(
                Code.ARGUMENTS,
                "`MultiheadAttention` takes one input, or queries, keys and values"
                + (f", and the masks {', '.join(self.mask_names())}" if self.mask_names() else ""),
                help="write `from q, k, v`; the keys may be the values: `from q, k, k`"
                if len(inputs) == 2
                else "say what the masks are: masks='key_padding_mask'",
            )
        three = inputs[:3] if count == 3 else (inputs[0],) * 3
        return three, self.named_masks(inputs[count:])

    def _check_features(self, query: TensorType, key: TensorType, value: TensorType) -> None:
        features = self.inferred(query)["embed_dim"]
        check_heads(self.num_heads, features)
        for name, given, x in (("kdim", self.kdim, key), ("vdim", self.vdim, value)):
            if x.shape[-1] != (given or features):
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    f"`{name}` is {given or features}, the {'keys' if name == 'kdim' else 'values'}"
                    f" have {x.shape[-1]} features",
                    help=f"write {name}={x.shape[-1]}",
                    argument=name if given else "",
                )

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the projections in torch's order: the layer's own, then `out_proj`'s."""
        features = self.inferred(*inputs)["embed_dim"]
        bias = (Owned("in_proj_bias", (3 * features,)),) if self.bias else ()
        learnt = [Owned(f"bias_{of}", (1, 1, features)) for of in "kv" if self.add_bias_kv]
        out = [Owned("out_proj.weight", (features, features))]
        out += [Owned("out_proj.bias", (features,))] if self.bias else []
        return (*self._projections(features), *bias, *learnt, *out)

    def _projections(self, features: int) -> list[Owned]:
        kdim, vdim = self.kdim or features, self.vdim or features
        if kdim == vdim == features:
            return [Owned("in_proj_weight", (3 * features, features))]
        sizes = zip("qkv", (features, kdim, vdim), strict=True)
        return [Owned(f"{of}_proj_weight", (features, size)) for of, size in sizes]

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return E·(E + kdim + vdim + E) for each position, and 2·L·S·E to weigh and mix."""
        (query, key, value), _ = self._parted(inputs)
        features = self.inferred(query)["embed_dim"]
        projections = sum(features * elements(x.shape) for x in (query, key, value, query))
        return projections + 2 * features * elements(outputs[1].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each query reads itself and every key and value, its row of a mask."""
        _, masks = self._parted(inputs)
        first, second = (0, 1) if self.batch_first else (1, 0)
        samples, rows = (0, 1) if result == 1 else (first, second)
        batch = {first: Goes((samples,))}
        three = (batch | {second: Goes((rows,))}, batch, batch)
        reads = three if len(inputs) - len(masks) == 3 else (batch,)
        places = (samples if name == "key_padding_mask" else rows for name in masks)
        return (*reads, *({0: Goes((place,))} for place in places))


def check_heads(heads: int, features: int) -> None:
    """Refuse heads that do not divide the features.

    Raises:
        RuleViolation: features would be left over.
    """
    if features % heads:
        raise RuleViolation(
            Code.DIVISIBILITY,
            f"num_heads={heads} does not divide {features} features",
            help=dividing(heads, features),
            argument="num_heads",
        )


def heads_rules(heads: Callable[[], int], features: int | None) -> tuple[Rule, ...]:
    """Return the rule that heads divide the features, where these are written."""
    return () if features is None else (lambda: check_heads(heads(), features),)


def _unequal(query: TensorType, key: TensorType, value: TensorType) -> RuleViolation:
    shapes = zip(("queries", "keys", "values"), (query, key, value), strict=True)
    return RuleViolation(
        Code.SIZE_MISMATCH,
        "`MultiheadAttention` needs one batch, and a value for each key",
        notes=tuple(f"{what} {format_shape(x.shape)}" for what, x in shapes),
    )
