"""A safetensors file, read and never mapped: what happens to it meanwhile cannot end the process.

A mapped file that somebody truncates kills the reader (SIGBUS), and one that somebody
overwrites changes what was loaded.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from archc.diagnostics import Code, CompileError, Diagnostic
from archc.manifest import Build, changed, sha256

if TYPE_CHECKING:
    from torch import Tensor


LENGTH = 8
"""How many bytes in front say how long the header is."""
MAX_HEADER = 100_000_000
"""How long a header may be, as safetensors has it."""
CONVERT = "convert it where it is trusted: safetensors.torch.save_file(state_dict, path)"
_SAVED = (b"PK\x03\x04", b"\x80\x02\x8a\x0a")
"""With which bytes the files of torch.save begin, those of today and those before 1.6."""
ANY_MODEL = 4 * 2**30
"""How many bytes are read whatever the model is, so that a message can say what differs."""


def tensors_of(path: Path, numbers: int, build: Build | None = None) -> "dict[str, Tensor]":
    """Return the tensors of a safetensors file, as it was when it was opened, by name.

    `numbers` is how many the model has: a file far larger is not read.

    Raises:
        CompileError: it cannot be read, is no whole safetensors file, is far too large, changed
            meanwhile, or is not what a build has.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = _bytes(path, max(ANY_MODEL, 32 * numbers))
    if build is not None and sha256(data) != build.manifest.files[path.name]:
        raise changed(build.shown, {path.name: "it was edited"})
    try:
        return dict(sorted(load(data).items()))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = f"it is no whole safetensors file ({error})"
        raise _unreadable(path, reason) from None


def _bytes(path: Path, limit: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable(path, "it is a folder" if path.is_dir() else "it is no file")
        with path.open("rb") as stream:
            before = _mark(stream)
            _check_size(path, before[0], limit)
            head = stream.read(LENGTH)
            if head.startswith(_SAVED):
                raise _unreadable(path, "it is a pickle, as torch.save writes", CONVERT)
            _check_header(path, int.from_bytes(head, "little"), before[0])
            data = head + read_all(stream)
            is_changed = _mark(stream) != before
    except OSError as error:
        raise _unreadable(path, _reason(error)) from None
    except MemoryError:
        raise _unreadable(path, "there is not the memory for it") from None
    if is_changed:
        raise _unreadable(path, "it changed while it was read", "load it again")
    return data


def _check_size(path: Path, size: int, limit: int) -> None:
    if size > limit:
        raise _unreadable(path, f"its {size:,} bytes are many times those of the model")


def _check_header(path: Path, length: int, size: int) -> None:
    """Refuse a file whose header cannot be there, before the rest of it is read."""
    if length > MAX_HEADER or LENGTH + length > size:
        reason = f"it is no whole safetensors file (its header would have {length:,} bytes)"
        raise _unreadable(path, reason)


def read_all(stream: BinaryIO) -> bytes:
    """Return what is left of a stream."""
    return stream.read()


def _mark(stream: BinaryIO) -> tuple[int, int]:
    """Return what changes when somebody writes into an open file."""
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _unreadable(path: Path, reason: str, advice: str = "") -> CompileError:
    headline = f"cannot read the weights `{path}`: {reason}"
    return CompileError([Diagnostic(Code.WEIGHTS_UNREADABLE, headline, help=advice)], {})


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return error.strerror or str(error)
