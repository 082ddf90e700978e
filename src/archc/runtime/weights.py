"""Weights in and out: complete or not at all, and safetensors only."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archc.diagnostics import Code, CompileError, Diagnostic, meant
from archc.diagnostics.render import excerpt
from archc.files import write_whole
from archc.manifest import WEIGHTS, Build
from archc.runtime.weight_differences import Differences, Facts, mismatch
from archc.runtime.weight_file import CONVERT, tensors_of

if TYPE_CHECKING:
    from torch import Tensor, nn

_COUNTER = "num_batches_tracked"
_WIDTHS = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8}
_PICKLES = frozenset({".pt", ".pth", ".bin", ".pkl", ".ckpt"})


def load_weights(
    model: "nn.Module",
    weights: "str | os.PathLike[str] | Mapping[str, Tensor]",
    *,
    except_: Iterable[str] = (),
    optional: Iterable[str] = (),
    narrowing: bool = False,
) -> tuple[str, ...]:
    """Copy weights into a model: every key with its shape, or the model is left as it was.

    Every tensor is read before the first is copied. Floating-point tensors convert to a wider type
    of the model, with `narrowing` to any; integers never convert. `num_batches_tracked` may be
    missing; the keys that were are returned. `except_` names keys and modules to leave alone,
    `optional` keys that may be missing.

    Raises:
        CompileError: every difference at once, or the file cannot be read.
    """
    import torch

    state = model.state_dict()
    given = _tensors(weights, sum(tensor.numel() for tensor in state.values()))
    left = _left(except_, state, given)
    absent = _checked(state, given, left, set(optional), narrowing)
    with torch.no_grad():
        for name in state.keys() & given.keys() - left:
            state[name].copy_(given[name])
    return absent


def built_weights(build: Build, numbers: int) -> "Mapping[str, Tensor] | None":
    """Return the weights of a build of so many parameters, None where it was made without.

    Raises:
        CompileError: they are not those that were built.
    """
    if WEIGHTS not in build.manifest.files:
        return None
    return tensors_of(build.folder / WEIGHTS, numbers, build)


def save(model: "nn.Module", path: str | os.PathLike[str]) -> None:
    """Write a model's state dict as safetensors, every key; a tied tensor under each of its keys.

    Raises:
        CompileError: the file cannot be written.
    """
    from safetensors.torch import save as encoded

    alone = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    state = model.state_dict()
    write_whole(
        Path(path),
        encoded({n: t.contiguous() if n in alone else t.clone() for n, t in state.items()}),
    )


def _facts(tensor: "Tensor") -> Facts:
    return tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")


def _tensors(
    weights: "str | os.PathLike[str] | Mapping[str, Tensor]", numbers: int
) -> "Mapping[str, Tensor]":
    if isinstance(weights, Mapping):
        _check_tensors(weights)
        return weights
    path = Path(weights)
    if path.suffix in _PICKLES and os.path.exists(path):  # noqa: PTH110 - a name too long is none
        headline = f"`{path.name}` is a pickle, and archc does not unpickle weights"
        raise CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline, help=CONVERT)], {})
    return tensors_of(path, numbers)


def _check_tensors(weights: "Mapping[str, Any]") -> None:
    """Refuse a mapping that holds other things than tensors, such as a whole checkpoint."""
    from torch import Tensor

    for key, value in weights.items():
        if not isinstance(cast("object", key), str):
            headline = f"weights are tensors by name, and {excerpt(repr(key))} is no name"
            raise CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline)], {})
        if isinstance(value, Tensor) and (reason := _unusable(value)):
            headline = f"the weights of `{excerpt(key)}` cannot be copied: {reason}"
            raise CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline)], {})
    wrong = {key: value for key, value in weights.items() if not isinstance(value, Tensor)}
    if not wrong:
        return
    inner = next((key for key, value in wrong.items() if isinstance(value, Mapping)), None)
    key, value = next(iter(wrong.items()))
    headline = f"weights are tensors by name, and `{key}` is of the type {type(value).__name__}"
    advice = f"pass what it holds: weights[{inner!r}]" if inner is not None else ""
    if not advice and all(hasattr(value, "__array__") for value in wrong.values()):
        advice = (
            "make tensors of arrays: "
            "{key: torch.as_tensor(value) for key, value in weights.items()}"
        )
    raise CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline, help=advice)], {})


def _unusable(tensor: "Tensor") -> str:
    """Return why a tensor has no numbers to copy one by one, nothing where it has."""
    import torch

    if tensor.is_meta:
        return "a tensor on the meta device has no numbers"
    if tensor.layout != torch.strided:
        return "it is sparse: take `.to_dense()`"
    return "it is quantized: take `.dequantize()`" if tensor.is_quantized else ""


def _checked(
    state: "Mapping[str, Tensor]",
    given: "Mapping[str, Tensor]",
    left: set[str],
    optional: set[str],
    narrowing: bool,
) -> tuple[str, ...]:
    """Refuse weights that do not fit; return the counters that may be missing and are."""
    missing = [name for name in state if name not in given and name not in left]
    counters = tuple(name for name in missing if name.rpartition(".")[2] == _COUNTER)
    missing = [name for name in missing if name not in counters and name not in optional]
    surplus = [name for name in given if name not in state and name not in left]
    both = [name for name in state if name in given and name not in left]
    pairs = {name: (_facts(state[name]), _facts(given[name])) for name in both}
    differences = Differences(
        {name: _facts(state[name]) for name in missing},
        {name: _facts(given[name]) for name in surplus},
        {name: pair for name, pair in pairs.items() if not _fits(*pair, narrowing)},
        frozenset(name.rpartition(".")[0] for name in state),
    )
    if differences:
        raise mismatch(differences)
    return counters


def _fits(model: Facts, weights: Facts, narrowing: bool) -> bool:
    """Return whether a tensor has the model's shape, and a dtype that converts to the model's."""
    return model[0] == weights[0] and _converts(weights[1], model[1], narrowing)


def _left(
    excepted: Iterable[str], state: "Mapping[str, Tensor]", given: "Mapping[str, Tensor]"
) -> set[str]:
    """Return the keys that are left as they are: those named, and all of a module named.

    Raises:
        CompileError: a name that neither the model nor the weights have.
    """
    keys = [*state, *given]
    left: set[str] = set()
    for name in excepted:
        found = {key for key in keys if key == name or key.startswith(f"{name}.")}
        if not found:
            advice = str(meant(name, {*keys, *(key.rpartition(".")[0] for key in keys)}))
            headline = f"`except_` names `{name}`, which neither the model nor the weights have"
            raise CompileError([Diagnostic(Code.WEIGHTS_MISMATCH, headline, help=advice)], {})
        left |= found
    return left


def _converts(given: str, wanted: str, narrowing: bool) -> bool:
    """Return whether a dtype may become another: the same, or a float into a wider one."""
    both = given in _WIDTHS and wanted in _WIDTHS
    return given == wanted or (both and (narrowing or _WIDTHS[wanted] > _WIDTHS[given]))
