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


def tensors_of(path: Path, build: Build | None = None) -> "dict[str, Tensor]":
    """Return the tensors of a safetensors file, as it was when it was opened, by name.

    Raises:
        CompileError: it cannot be read, is no whole safetensors file, changed meanwhile, or is not
            what a build has.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = _bytes(path)
    if build is not None and sha256(data) != build.manifest.files[path.name]:
        raise changed(build.shown, {path.name: "it was edited"})
    try:
        return dict(sorted(load(data).items()))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = f"it is no whole safetensors file ({error})"
        raise _unreadable(path, reason) from None


def _bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable(path, "it is a folder" if path.is_dir() else "it is no file")
        with path.open("rb") as stream:
            before = _mark(stream)
            data = read_all(stream)
            is_changed = _mark(stream) != before
    except OSError as error:
        raise _unreadable(path, _reason(error)) from None
    if is_changed:
        raise _unreadable(path, "it changed while it was read", "load it again")
    return data


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
