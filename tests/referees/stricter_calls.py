"""One call for each reason to be stricter: torch takes it, archc refuses it for that reason."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from tests.referees.calls import TorchCall
from tests.referees.edges import function_call, method_call, module_call


def tensors_call(
    name: str, function: Callable[..., Any], *inputs: torch.Tensor, **keywords: Any
) -> TorchCall:
    """Return the call of a function on these tensors."""
    return TorchCall(name, (), keywords, inputs, lambda: (None, function(*inputs, **keywords)))


def zeros(*shape: int) -> torch.Tensor:
    """Return a tensor of this shape."""
    return torch.zeros(shape)


def attention_masked_by_heads() -> TorchCall:
    """Return an attention's call with a mask for each head of each sample."""
    x, mask = zeros(2, 5, 4), zeros(4, 5, 5)
    keywords = {"batch_first": True, "masks": ("attn_mask",)}
    module = torch.nn.MultiheadAttention(4, 2, batch_first=True)
    run = lambda: (module, module(x, x, x, attn_mask=mask))  # noqa: E731
    return TorchCall("MultiheadAttention", (4, 2), keywords, (x, x, x, mask), run)


def distance_in_another_way() -> TorchCall:
    """Return a distance with torch's choice of algorithm."""
    pair, way = (zeros(2, 3, 4), zeros(2, 5, 4)), "use_mm_for_euclid_dist"
    return TorchCall("cdist", (2.0, way), {}, pair, lambda: (None, torch.cdist(*pair, 2.0, way)))


STRICTER: tuple[TorchCall, ...] = (
    method_call("mean", (4,), 0),
    module_call("ReLU", (0, 4)),
    module_call("MaxPool2d", (3, 8, 8), 2),
    tensors_call("add", torch.add, zeros(2, 3), zeros(2, 3), alpha=2),
    module_call("GroupNorm", (2, 4, 3), 2, 4, bias=False),
    method_call("round", (2, 3), decimals=2),
    method_call("sum", (2, 3), 1, dtype=torch.float64),
    tensors_call("div", torch.div, zeros(2, 3), zeros(2, 3) + 1, rounding_mode="floor"),
    attention_masked_by_heads(),
    tensors_call(
        "scaled_dot_product_attention",
        F.scaled_dot_product_attention,
        zeros(4, 3, 8),
        zeros(4, 4, 6, 8),
        zeros(4, 4, 6, 8),
        enable_gqa=True,
    ),
    tensors_call("clamp", torch.clamp, zeros(2, 3), min=torch.tensor(1.0)),
    function_call("getitem", torch.Tensor.__getitem__, (4, 4), [0, 1]),
    tensors_call("where", torch.where, zeros(2, 3) > 0, zeros(2, 3), zeros(3)),
    method_call("squeeze", (2, 1)),
    module_call("TransformerEncoderLayer", (2, 5, 4), 4, 2, batch_first=True, activation=F.relu),
    distance_in_another_way(),
    tensors_call("cosine_similarity", F.cosine_similarity, zeros(2, 3), zeros(1, 3)),
    method_call("squeeze", (2, 3), 1),
    method_call("squeeze", (2, 1, 1), (1, 2)),
    method_call("var", (2, 3), dim=1, correction=0.5),
    tensors_call("relu", F.relu, zeros(2, 3).long()),
    method_call("sum", (2, 3), dim=(), keepdim=True),
    module_call("MaxPool2d", (2, 3, 8, 8), (2,)),
    method_call("norm", (2, 3, 3), p="nuc", dim=(1, 2)),
    tensors_call("one_hot", F.one_hot, zeros(2, 3).long(), num_classes=-1),
    function_call("avg_pool2d", F.avg_pool2d, (2, 3, 8, 8), 2, divisor_override=-2),
    function_call("hardtanh", F.hardtanh, (2, 3), 1.0, 1.0),
    function_call("pad", F.pad, (2, 3, 8), (1, -1), mode="reflect"),
    module_call("BatchNorm2d", (2, 3, 8, 8), 3, eps=0.0),
    module_call("ZeroPad1d", (1, 3, 8, 8), 1),
    method_call("chunk", (4, 4), 3, 1),
    method_call("var", (4, 1), dim=1),
)
"""A call for each of `REASONS` and `EDGE_REASONS`, in their order."""
