"""A system that refuses one call: the n-th that touches a file below a folder."""

import builtins
import fcntl
import io
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CALLS = (
    "chmod",
    "fsync",
    "link",
    "listdir",
    "lstat",
    "mkdir",
    "readlink",
    "remove",
    "rename",
    "replace",
    "rmdir",
    "scandir",
    "stat",
    "symlink",
    "unlink",
)
"""Functions of `os` that take a path or a descriptor; `open`, `close` and streams stand apart."""


class Faults:
    """What a program asked of the system below a folder, and the call that is refused."""

    def __init__(
        self, root: Path, refused: int | None = None, error: int = 0, about: str = ""
    ) -> None:
        self.root = os.path.realpath(root)
        self.about = about
        self.refused = refused
        self.error = error
        self.calls: list[str] = []
        self.is_removal = False
        """Whether the refused call was to remove a folder."""
        self.descriptors: dict[int, str] = {}

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Count the calls of this process, and refuse the one that is to be refused."""
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._counted(name, getattr(os, name)))
            patch.setattr(fcntl, "flock", self._counted("flock", fcntl.flock))
            patch.setattr(os, "open", self._opening(os.open))
            patch.setattr(os, "close", self._closing(os.close))
            opened = self._streaming(io.open)
            patch.setattr(io, "open", opened)
            patch.setattr(builtins, "open", opened)
            yield

    def place(self, values: tuple[Any, ...], folder: int | None = None) -> str | None:
        """Return the path below the folder that a call is about, None for others."""
        for value in values:
            if isinstance(value, int) and value in self.descriptors:
                return self.descriptors[value]
            if isinstance(value, (str, os.PathLike)):
                path = str(Path(self.descriptors.get(folder or -1, ""), value))
                if path.startswith(self.root):
                    return path
        return None

    def ask(self, name: str, path: str) -> None:
        """Count a call in whose name or path `about` stands, and refuse it where its turn has come.

        Raises:
            OSError: it is refused.
        """
        name = f"{name} {path.removeprefix(self.root)}"
        if self.about not in name:
            return
        self.calls.append(name)
        if self.refused == len(self.calls) - 1:
            self.is_removal = "rmtree" in {frame.name for frame in traceback.extract_stack()}
            raise OSError(self.error, os.strerror(self.error), path)

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            path = self.place(values, named.get("dir_fd"))
            if path is not None:
                self.ask(name, path)
            return real(*values, **named)

        return call

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(*values: Any, **named: Any) -> int:
            path = self.place(values, named.get("dir_fd"))
            if path is not None:
                self.ask("open", path)
            descriptor = real(*values, **named)
            if path is not None:
                self.descriptors[descriptor] = path
            return descriptor

        return call

    def _closing(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: int) -> None:
            path = self.descriptors.pop(descriptor, None)
            real(descriptor)  # a close that fails has closed
            if path is not None:
                self.ask("close", path)

        return call

    def _streaming(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            path = self.place(values[:1])
            if path is None:
                return real(*values, **named)
            if not isinstance(values[0], int):
                self.ask("open", path)
            stream = real(*values, **named)
            self.descriptors[stream.fileno()] = path
            return _Stream(stream, path, self)

        return call


class _Stream:
    """A stream whose reads and writes are counted; a refused write has written half."""

    def __init__(self, stream: Any, path: str, faults: Faults) -> None:
        self.stream, self.path, self.faults = stream, path, faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, *values: int) -> Any:
        self.faults.ask("read", self.path)
        return self.stream.read(*values)

    def readinto(self, buffer: Any) -> Any:
        self.faults.ask("read", self.path)
        return self.stream.readinto(buffer)

    def write(self, data: Any) -> Any:
        try:
            self.faults.ask("write", self.path)
        except OSError:
            self.stream.write(data[: len(data) // 2])
            self.stream.flush()
            raise
        return self.stream.write(data)

    def flush(self) -> None:
        self.faults.ask("flush", self.path)
        self.stream.flush()

    def close(self) -> None:
        if self.stream.closed:
            return
        self.faults.descriptors.pop(self.stream.fileno(), None)
        self.stream.close()
        self.faults.ask("close", self.path)
