"""The registry of functions: which family file holds which; imported when first named."""

from functools import cache
from importlib import import_module

from archc.layers.base import Function

FAMILIES: dict[str, dict[str, str]] = {
    "activation": {
        "elu": "Elu",
        "gelu": "Gelu",
        "glu": "Glu",
        "hardsigmoid": "Hardsigmoid",
        "hardswish": "Hardswish",
        "hardtanh": "Hardtanh",
        "leaky_relu": "LeakyRelu",
        "log_softmax": "LogSoftmax",
        "logsigmoid": "Logsigmoid",
        "mish": "Mish",
        "relu": "Relu",
        "relu6": "Relu6",
        "selu": "Selu",
        "sigmoid": "Sigmoid",
        "silu": "Silu",
        "softmax": "Softmax",
        "softmin": "Softmin",
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
    "joining": {"concat": "Concat", "stack": "Stack"},
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
    "reshaping": {
        "expand": "Expand",
        "flatten": "Flatten",
        "flip": "Flip",
        "movedim": "Movedim",
        "permute": "Permute",
        "repeat": "Repeat",
        "reshape": "Reshape",
        "roll": "Roll",
        "squeeze": "Squeeze",
        "transpose": "Transpose",
        "unflatten": "Unflatten",
        "unsqueeze": "Unsqueeze",
        "view": "View",
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
