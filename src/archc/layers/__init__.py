"""The registry: which family file holds which layer; a family is imported when first named."""

from functools import cache
from importlib import import_module

from archc.layers.base import Layer

FAMILIES: dict[str, tuple[str, ...]] = {
    "convolution": (
        "Conv1d",
        "Conv2d",
        "Conv3d",
        "ConvTranspose1d",
        "ConvTranspose2d",
        "ConvTranspose3d",
    ),
    "pooling": (
        "MaxPool1d",
        "MaxPool2d",
        "MaxPool3d",
        "AvgPool1d",
        "AvgPool2d",
        "AvgPool3d",
    ),
    "normalization": (
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "InstanceNorm1d",
        "InstanceNorm2d",
        "InstanceNorm3d",
        "LayerNorm",
        "RMSNorm",
        "GroupNorm",
        "LocalResponseNorm",
        "CrossMapLRN2d",
    ),
    "activation": (
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "PReLU",
        "RReLU",
        "ELU",
        "SELU",
        "CELU",
        "GELU",
        "SiLU",
        "Mish",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
        "Sigmoid",
        "LogSigmoid",
        "Tanh",
        "Softplus",
        "Softsign",
        "GLU",
    ),
    "shrinkage": (
        "Hardshrink",
        "Softshrink",
        "Tanhshrink",
        "Threshold",
    ),
    "softmax": (
        "Softmax",
        "LogSoftmax",
        "Softmin",
        "Softmax2d",
    ),
    "linear": (
        "Linear",
        "Bilinear",
    ),
    "dropout": (
        "Dropout",
        "AlphaDropout",
        "FeatureAlphaDropout",
        "Dropout1d",
        "Dropout2d",
        "Dropout3d",
        "StochasticDepth",
    ),
    "embedding": (
        "Embedding",
        "EmbeddingBag",
    ),
    "shape": (
        "Identity",
        "Flatten",
        "Unflatten",
    ),
    "resampling": (
        "Upsample",
        "PixelShuffle",
        "PixelUnshuffle",
        "UpsamplingNearest2d",
        "UpsamplingBilinear2d",
        "ChannelShuffle",
    ),
    "padding": (
        "ZeroPad1d",
        "ZeroPad2d",
        "ZeroPad3d",
        "ConstantPad1d",
        "ConstantPad2d",
        "ConstantPad3d",
        "ReflectionPad1d",
        "ReflectionPad2d",
        "ReflectionPad3d",
        "ReplicationPad1d",
        "ReplicationPad2d",
        "ReplicationPad3d",
        "CircularPad1d",
        "CircularPad2d",
        "CircularPad3d",
    ),
    "attention": ("MultiheadAttention",),
    "window_attention": ("ShiftedWindowAttention", "ShiftedWindowAttentionV2"),
    "relative_attention": ("RelativePositionalMultiHeadAttention",),
    "recurrent": (
        "RNN",
        "LSTM",
        "GRU",
    ),
    "tensors": (
        "Buffer",
        "Parameter",
    ),
    "adaptive_pooling": (
        "AdaptiveAvgPool1d",
        "AdaptiveAvgPool2d",
        "AdaptiveAvgPool3d",
        "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d",
        "AdaptiveMaxPool3d",
    ),
    "power_pooling": (
        "LPPool1d",
        "LPPool2d",
        "LPPool3d",
    ),
    "fractional_pooling": (
        "FractionalMaxPool2d",
        "FractionalMaxPool3d",
    ),
    "unpooling": (
        "MaxUnpool1d",
        "MaxUnpool2d",
        "MaxUnpool3d",
    ),
    "cells": (
        "RNNCell",
        "LSTMCell",
        "GRUCell",
    ),
    "folding": (
        "Fold",
        "Unfold",
    ),
    "distance": (
        "CosineSimilarity",
        "PairwiseDistance",
    ),
    "transformer": (
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
    ),
}

_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}
NAMES = frozenset(_FAMILY_OF)


@cache
def find(name: str) -> type[Layer]:
    """Return the layer of this name, which must be one of `NAMES`."""
    module = import_module(f"archc.layers.{_FAMILY_OF[name]}")
    return getattr(module, name)
