"""Weights in and out: complete or not at all, and safetensors only."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archc.diagnostics import Code, CompileError, Diagnostic
from archc.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

_COUNTER = "num_batches_tracked"
_WIDTHS = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8}
_FILE_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
"""What safetensors calls torch's dtypes."""
_PICKLES = frozenset({".pt", ".pth", ".bin", ".pkl", ".ckpt"})
SHOWN = 20


def load_weights(
    model: "nn.Module",
    weights: "str | os.PathLike[str] | Mapping[str, Tensor]",
    *,
    except_: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> tuple[str, ...]:
    """Copy weights into a model: every key with its shape, or the model is left as it was.

    Floating-point tensors convert to a wider type of the model; integers never convert.
    `num_batches_tracked` may be missing; the keys that were are returned. `except_` names keys
    to leave alone, `optional` those that may be missing.

    Raises:
        CompileError: every difference at once, or the file cannot be read.
    """
    import torch

    state = model.state_dict()
    left = set(except_)
    with closing(_opened(weights)) as given, torch.no_grad():
        absent = _checked(state, given, left, set(optional))
        wanted = set(given.names) - left
        for name, tensor in state.items():
            if name in wanted:
                tensor.copy_(given.tensor(name))
    return absent


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


class _Given(ABC):
    """Weights by name: shapes and dtypes first, tensors when asked."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    @abstractmethod
    def facts(self, name: str) -> tuple[tuple[int, ...], str]:
        """Return a tensor's shape and dtype."""

    @abstractmethod
    def tensor(self, name: str) -> "Tensor":
        """Return a tensor, read now."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what the weights were read from."""


class _InMemory(_Given):
    """A mapping of tensors."""

    def __init__(self, tensors: "Mapping[str, Tensor]") -> None:
        super().__init__(tensors)
        self.tensors = tensors

    def facts(self, name: str) -> tuple[tuple[int, ...], str]:
        return _facts(self.tensors[name])

    def tensor(self, name: str) -> "Tensor":
        return self.tensors[name]

    def close(self) -> None:
        pass


class _File(_Given):
    """A safetensors file, read tensor by tensor and closed before the model is used."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            self.file: Any = safe_open(str(path), framework="pt")
        except (SafetensorError, OSError) as error:
            raise _unreadable(path, error) from None
        super().__init__(self.file.keys())

    def facts(self, name: str) -> tuple[tuple[int, ...], str]:
        part = self.file.get_slice(name)
        dtype: str = part.get_dtype()
        return tuple(part.get_shape()), _FILE_DTYPES.get(dtype, dtype)

    def tensor(self, name: str) -> "Tensor":
        return self.file.get_tensor(name)

    def close(self) -> None:
        self.file.__exit__(None, None, None)


def _facts(tensor: "Tensor") -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")


def _opened(weights: "str | os.PathLike[str] | Mapping[str, Tensor]") -> _Given:
    if isinstance(weights, Mapping):
        return _InMemory(weights)
    path = Path(weights)
    if path.suffix in _PICKLES:
        headline = f"`{path.name}` is a pickle, and archc does not unpickle weights"
        advice = "convert it where it is trusted: safetensors.torch.save_file(state_dict, path)"
        raise CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline, help=advice)], {})
    return _File(path)


def _unreadable(path: Path, error: Exception) -> CompileError:
    missing = not path.exists()
    reason = "there is no such file" if missing else str(error).split("\n", maxsplit=1)[0]
    return CompileError(
        [Diagnostic(Code.WEIGHTS_UNREADABLE, f"cannot read the weights `{path}`: {reason}")], {}
    )


def _checked(
    state: "Mapping[str, Tensor]", given: _Given, left: set[str], optional: set[str]
) -> tuple[str, ...]:
    """Refuse weights that do not fit; return the counters that may be missing and are."""
    names = set(given.names)
    missing = [name for name in state if name not in names and name not in left]
    counters = tuple(name for name in missing if name.rpartition(".")[2] == _COUNTER)
    missing = [name for name in missing if name not in counters and name not in optional]
    surplus = [name for name in given.names if name not in state and name not in left]
    wrong = _wrong(state, given, [name for name in state if name in names and name not in left])
    if missing or surplus or wrong:
        raise _mismatch(missing, surplus, wrong)
    return counters


def _wrong(state: "Mapping[str, Tensor]", given: _Given, names: Iterable[str]) -> list[str]:
    """Return what is said of each tensor of another shape or of a type that does not convert."""
    found: list[str] = []
    for name in names:
        shape, dtype = given.facts(name)
        wanted_shape, wanted_dtype = _facts(state[name])
        if shape != wanted_shape:
            found.append(f"{name}: the model has {list(wanted_shape)}, the weights {list(shape)}")
        elif not _converts(dtype, wanted_dtype):
            found.append(f"{name}: the model has {wanted_dtype}, the weights {dtype}")
    return found


def _converts(given: str, wanted: str) -> bool:
    """Return whether a dtype may become another: the same, or a float into a wider one."""
    both = given in _WIDTHS and wanted in _WIDTHS
    return given == wanted or (both and _WIDTHS[wanted] > _WIDTHS[given])


def _mismatch(missing: list[str], surplus: list[str], wrong: list[str]) -> CompileError:
    notes = [f"missing: {name}" for name in missing]
    notes += [f"unexpected: {name}" for name in surplus]
    notes += [f"differs: {text}" for text in wrong]
    counts = (
        f"{len(missing)} missing, {len(surplus)} unexpected, {len(wrong)} of another shape or type"
    )
    return CompileError(
        [
            Diagnostic(
                Code.WEIGHTS_MISMATCH,
                f"the weights do not fit the model: {counts}",
                notes=tuple(notes[:SHOWN]),
                help=_rename(missing, surplus),
            )
        ],
        {},
    )


def _rename(missing: list[str], surplus: list[str]) -> str:
    """Return the likely reason: a key with a number too many, or the nearest name."""
    for name in missing:
        parts = name.split(".")
        shorter = ".".join([*parts[:-2], parts[-1]])
        if len(parts) > 2 and parts[-2].isdigit() and shorter in surplus:
            return (
                f"`{name}` is `{shorter}` in the weights: "
                "write `-> relu`, a function, not `-> ReLU`"
            )
        if near := get_close_matches(name, surplus, 1):
            return f"is `{name}` called `{near[0]}` in the weights?"
    return ""
