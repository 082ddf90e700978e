"""What `torch.nn.init` refuses is refused by the check, and nothing else of it: torch is asked."""

import warnings

import pytest
import torch
from torch.nn import init

import archc

LAYERS = {
    (4,): "norm: GroupNorm(2)",
    (4, 4): "norm: flatten(1) -> Linear(4)",
    (4, 4, 3, 3): "norm: Conv2d(4, 3, padding=1)",
    (4, 2, 3, 3): "norm: Conv2d(4, 3, padding=1, groups=2)",
    (6, 4, 1, 1): "norm: Conv2d(6, 1)",
}
CALLS = [
    *("zeros", "ones", "constant", "constant(0.5)", "constant(True)", "eye", "sparse(0.1)"),
    *("normal(0, -1)", "normal(0, 0)", "normal(1, 2)", "uniform(2, 1)", "uniform(1, 1)"),
    *("uniform(2)", "uniform(0, inf)", "trunc_normal(0, 0)", "trunc_normal(0, 1, 2, 1)"),
    *("trunc_normal(0, 1, 3)", "xavier_normal", "xavier_normal(-1)", "xavier_uniform(-1)"),
    *("orthogonal", "orthogonal(-1)", "kaiming_normal", "kaiming_uniform(-3)", "dirac"),
    *("dirac(2)", "dirac(3)", "dirac(0)", "sparse(0.1, -1)", "sparse"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("shape", LAYERS, ids=str)
def test_initialisation_is_refused_exactly_where_torch_refuses(
    call: str, shape: tuple[int, ...]
) -> None:
    size = "[B, 4, 1, 1]" if len(shape) < 3 else "[B, 4, 8, 8]"
    report = archc.check(
        text=f"archc: 1\nname: net\ninputs:\n  image: {size}\nmodel:\n  {LAYERS[shape]}\n"
        f"init:\n  norm.weight: {call}\n"
    )
    assert report.ok == torch_fills(call, shape), str(report)


def torch_fills(call: str, shape: tuple[int, ...]) -> bool:
    """Return whether torch fills a tensor of a shape by a call as a spec writes it."""
    name, _, arguments = call.partition("(")
    given = [
        float("inf") if a == "inf" else a == "True" or float(a) if "." in a else int(a)
        for a in arguments.rstrip(")").replace("True", "1").split(", ")
        if a
    ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(init, f"{name}_")(torch.empty(shape), *given)
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError):
        return False
    return True
