"""A safetensors file, read and never mapped: what happens to it meanwhile cannot end the process.

A mapped file that somebody truncates kills the reader (SIGBUS), and one that somebody
overwrites changes what was loaded.
"""

import os
import stat
from collections.abc import Iterable
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archc.diagnostics import Code, CompileError, Diagnostic

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = {
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
MAX_HEADER = 100_000_000
"""How many bytes of header safetensors itself reads."""
_METADATA = "__metadata__"


class StoredTensor(msgspec.Struct, frozen=True):
    """One tensor of a file: what the header says of it."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def size(self) -> int:
        """How many bytes of the file are its own."""
        return self.data_offsets[1] - self.data_offsets[0]


class WeightFile:
    """An open file of weights, of which the header was read and found whole.

    Raises:
        CompileError: it cannot be opened, or is no whole safetensors file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise unreadable(path, "it is a folder" if path.is_dir() else "it is no file")
            self.stream = path.open("rb")
        except OSError as error:
            raise unreadable(path, _reason(error)) from None
        try:
            self.mark = self._mark()
            self.start, self.tensors = self._header()
        except OSError as error:
            self.stream.close()
            raise unreadable(path, _reason(error)) from None
        except CompileError:
            self.stream.close()
            raise

    def facts(self, name: str) -> tuple[tuple[int, ...], str]:
        """Return a tensor's shape and dtype."""
        stored = self.tensors[name]
        return stored.shape, DTYPES.get(stored.dtype, stored.dtype)

    def values(self, names: Iterable[str]) -> "dict[str, Tensor]":
        """Return tensors, all as the file held them when it was opened.

        Raises:
            CompileError: the file changed meanwhile, or cannot be read.
        """
        try:
            values = {name: self._value(self.tensors[name]) for name in names}
            is_changed = self._mark() != self.mark
        except OSError as error:
            raise unreadable(self.path, _reason(error)) from None
        if is_changed:
            raise self._changed()
        return values

    def close(self) -> None:
        """Let go of the file."""
        self.stream.close()

    def _value(self, stored: StoredTensor) -> "Tensor":
        import torch

        dtype: torch.dtype = getattr(torch, DTYPES[stored.dtype])
        data = torch.empty(stored.size, dtype=torch.uint8)
        self.stream.seek(self.start + stored.data_offsets[0])
        if self.stream.readinto(data.numpy().data) != stored.size:
            raise self._changed()
        return data.view(dtype).reshape(stored.shape)

    def _mark(self) -> tuple[int, int]:
        """Return what changes when somebody writes into the file."""
        status = os.fstat(self.stream.fileno())
        return status.st_size, status.st_mtime_ns

    def _changed(self) -> CompileError:
        return unreadable(self.path, "it changed while it was read", "load it again")

    def _header(self) -> tuple[int, dict[str, StoredTensor]]:
        """Return where the tensors start, and what the header says of each.

        Raises:
            CompileError: the header is no such thing, or is not that of this many bytes.
        """
        length = int.from_bytes(self.stream.read(8), "little")
        start = 8 + length
        if length > MAX_HEADER or start > self.mark[0]:
            raise self._broken(f"a header of {length} bytes in a file of {self.mark[0]}")
        try:
            parts = msgspec.json.decode(self.stream.read(length), type=dict[str, msgspec.Raw])
            parts.pop(_METADATA, None)
            tensors = {
                name: msgspec.json.decode(part, type=StoredTensor) for name, part in parts.items()
            }
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"its header: {error}") from None
        self._check(tensors, self.mark[0] - start)
        return start, dict(sorted(tensors.items()))

    def _check(self, tensors: dict[str, StoredTensor], size: int) -> None:
        """Refuse tensors that overlap, leave a gap, or do not fill the file to its end."""
        places = sorted(stored.data_offsets for stored in tensors.values())
        edges = [(0, 0), *places, (size, size)]
        if any(before[1] != after[0] for before, after in pairwise(edges)):
            raise self._broken(f"its tensors do not fill its {size} bytes of data")
        for name, stored in tensors.items():
            if not _is_consistent(stored):
                raise self._broken(f"`{name}` has {stored.size} bytes, {list(stored.shape)} others")

    def _broken(self, reason: str) -> CompileError:
        return unreadable(self.path, f"it is no whole safetensors file ({reason})")


def unreadable(path: Path, reason: str, advice: str = "") -> CompileError:
    """Return the error that says why weights cannot be read."""
    headline = f"cannot read the weights `{path}`: {reason}"
    return CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline, help=advice)], {})


def _is_consistent(stored: StoredTensor) -> bool:
    """Return whether a tensor has as many bytes as its shape and dtype; of ours, that is."""
    import torch

    if stored.size < 0 or min(stored.shape, default=0) < 0:
        return False
    if stored.dtype not in DTYPES:
        return True
    dtype: torch.dtype = getattr(torch, DTYPES[stored.dtype])
    return prod(stored.shape) * dtype.itemsize == stored.size


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return error.strerror or str(error)
