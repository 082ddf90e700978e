"""The registry of functions: which family file holds which; imported when first named."""

from functools import cache
from importlib import import_module

from archc.layers.base import Function

FAMILIES: dict[str, dict[str, str]] = {
    "activation": {
        "celu": "Celu",
        "elu": "Elu",
        "gelu": "Gelu",
        "glu": "Glu",
        "hardsigmoid": "Hardsigmoid",
        "hardswish": "Hardswish",
        "hardtanh": "Hardtanh",
        "leaky_relu": "LeakyRelu",
        "logsigmoid": "Logsigmoid",
        "mish": "Mish",
        "prelu": "Prelu",
        "relu": "Relu",
        "relu6": "Relu6",
        "rrelu": "Rrelu",
        "selu": "Selu",
        "sigmoid": "Sigmoid",
        "silu": "Silu",
        "softplus": "Softplus",
        "softsign": "Softsign",
        "tanh": "Tanh",
    },
    "arithmetic": {
        "add": "Add",
        "bmm": "Bmm",
        "div": "Div",
        "matmul": "Matmul",
        "maximum": "Maximum",
        "minimum": "Minimum",
        "mul": "Mul",
        "neg": "Neg",
        "pow": "Pow",
        "sub": "Sub",
    },
    "attention": {
        "scaled_dot_product_attention": "ScaledDotProductAttention",
    },
    "dropout": {
        "alpha_dropout": "AlphaDropout",
        "dropout": "Dropout",
        "dropout1d": "Dropout1d",
        "dropout2d": "Dropout2d",
        "dropout3d": "Dropout3d",
        "feature_alpha_dropout": "FeatureAlphaDropout",
    },
    "elementary": {
        "abs": "Abs",
        "ceil": "Ceil",
        "clamp": "Clamp",
        "cos": "Cos",
        "erf": "Erf",
        "exp": "Exp",
        "floor": "Floor",
        "log": "Log",
        "round": "Round",
        "rsqrt": "Rsqrt",
        "sin": "Sin",
        "sqrt": "Sqrt",
        "square": "Square",
    },
    "indexing": {
        "chunk": "Chunk",
        "getitem": "GetItem",
        "index_select": "IndexSelect",
        "narrow": "Narrow",
        "split": "Split",
    },
    "joining": {
        "concat": "Concat",
        "stack": "Stack",
    },
    "normalization": {
        "local_response_norm": "LocalResponseNorm",
        "normalize": "Normalize",
    },
    "ordering": {
        "flip": "Flip",
        "movedim": "Movedim",
        "permute": "Permute",
        "roll": "Roll",
        "transpose": "Transpose",
    },
    "padding": {
        "pad": "Pad",
    },
    "pooling": {
        "adaptive_avg_pool1d": "AdaptiveAvgPool1d",
        "adaptive_avg_pool2d": "AdaptiveAvgPool2d",
        "adaptive_avg_pool3d": "AdaptiveAvgPool3d",
        "adaptive_max_pool1d": "AdaptiveMaxPool1d",
        "adaptive_max_pool2d": "AdaptiveMaxPool2d",
        "adaptive_max_pool3d": "AdaptiveMaxPool3d",
        "avg_pool1d": "AvgPool1d",
        "avg_pool2d": "AvgPool2d",
        "avg_pool3d": "AvgPool3d",
        "max_pool1d": "MaxPool1d",
        "max_pool2d": "MaxPool2d",
        "max_pool3d": "MaxPool3d",
    },
    "reduction": {
        "amax": "Amax",
        "amin": "Amin",
        "argmax": "Argmax",
        "argmin": "Argmin",
        "cumsum": "Cumsum",
        "logsumexp": "Logsumexp",
        "mean": "Mean",
        "std": "Std",
        "sum": "Sum",
        "var": "Var",
    },
    "repeating": {
        "expand": "Expand",
        "repeat": "Repeat",
    },
    "resampling": {
        "channel_shuffle": "ChannelShuffle",
        "interpolate": "Interpolate",
        "pixel_shuffle": "PixelShuffle",
        "pixel_unshuffle": "PixelUnshuffle",
    },
    "reshaping": {
        "flatten": "Flatten",
        "reshape": "Reshape",
        "squeeze": "Squeeze",
        "unflatten": "Unflatten",
        "unsqueeze": "Unsqueeze",
        "view": "View",
    },
    "shrinkage": {
        "hardshrink": "Hardshrink",
        "softshrink": "Softshrink",
        "tanhshrink": "Tanhshrink",
        "threshold": "Threshold",
    },
    "softmax": {
        "gumbel_softmax": "GumbelSoftmax",
        "log_softmax": "LogSoftmax",
        "softmax": "Softmax",
        "softmin": "Softmin",
    },
}
"""Family file → the name a spec writes → the class."""

_PLACES = {name: (family, cls) for family, table in FAMILIES.items() for name, cls in table.items()}
NAMES = frozenset(_PLACES)


@cache
def find(name: str) -> type[Function]:
    """Return the function of this name, which must be one of `NAMES`."""
    family, cls = _PLACES[name]
    return getattr(import_module(f"archc.functions.{family}"), cls)
