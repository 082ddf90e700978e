"""Files written whole or not at all, and read only where they are files."""

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from secrets import token_hex

from archc.diagnostics import Code, CompileError, Diagnostic

_NO_FILES = {errno.ELOOP: "it is a link", errno.ENXIO: "it is no file"}
"""What opening a file answers for a link that is not followed, and for a socket."""


class NoRegularFileError(OSError):
    """What stands at a path is a link, a folder, a pipe or a device, or is too large."""


@contextmanager
def regular_file(path: Path) -> Generator[BufferedReader]:
    """Open a file to read it; nothing else, at which a reader might wait for ever, is opened.

    Raises:
        NoRegularFileError: it is a link, a folder, a pipe or a device.
        OSError: the system refuses.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _NO_FILES:
            raise NoRegularFileError(error.errno, _NO_FILES[error.errno], str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoRegularFileError(errno.EINVAL, "it is no file", str(path))
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def read_regular(path: Path, limit: int) -> bytes:
    """Return the bytes of a file.

    Raises:
        NoRegularFileError: it is no file, has more bytes than the limit, or grows.
        OSError: the system refuses.
    """
    with regular_file(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise NoRegularFileError(errno.EFBIG, "it is too large", str(path))
        data = stream.read(size + 1)
    if len(data) > size:
        raise NoRegularFileError(errno.EBUSY, "it changed while it was read", str(path))
    return data


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a kill, finds the old content or the new, no mixture.

    Raises:
        CompileError: the file cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file() and not target.is_dir():
            _pour(target, data)
        else:
            _replace(target, data)
    except OSError as error:
        raise write_refused(path, error) from None


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet and force it to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(path: Path) -> None:
    """Force a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_refused(path: Path, error: OSError) -> CompileError:
    """Return the error that says why a file could not be written."""
    reason = error.strerror or str(error)
    advice = ""
    if isinstance(error, FileNotFoundError):
        advice = f"make the folder `{path.parent}` first"
        if path.parent.is_dir():
            advice = "choose another folder: this one takes no new files"
    if isinstance(error, PermissionError):
        advice = "choose a place that you may write to"
    return output_error(Code.OUTPUT_FAILED, f"cannot write `{path}`: {reason}", advice)


def system_refused(error: OSError | MemoryError) -> CompileError:
    """Return the error that says what the system refused, of a call that says no more."""
    if isinstance(error, MemoryError):
        error = OSError(errno.ENOMEM, "there is not enough memory")
    place = f" `{error.filename}`" if error.filename else ""
    reason = error.strerror or str(error)
    return output_error(Code.OUTPUT_FAILED, f"the system refused{place}: {reason}")


def output_error(
    code: Code, headline: str, advice: str = "", notes: Sequence[str] = ()
) -> CompileError:
    """Return an error about an output, which has no place in a spec."""
    return CompileError([Diagnostic(code, headline, help=advice, notes=tuple(notes))], {})


def _pour(target: Path, data: bytes) -> None:
    """Write into a pipe or a device; a pipe that nobody reads is refused, not waited for."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(error.errno, "nobody reads from it", str(target)) from None
        raise
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _replace(target: Path, data: bytes) -> None:
    draft = target.with_name(f".{target.name[:200]}.{token_hex(8)}.draft")
    try:
        write_new(draft, data)
        if target.exists():
            draft.chmod(target.stat().st_mode)
        draft.replace(target)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
