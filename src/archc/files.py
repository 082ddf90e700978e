"""Files written whole or not at all."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from archc.diagnostics import Code, CompileError, Diagnostic


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a kill, finds the old content or the new, no mixture.

    Raises:
        CompileError: the file cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
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
    if isinstance(error, PermissionError):
        advice = "choose a place that you may write to"
    return output_error(Code.OUTPUT_FAILED, f"cannot write `{path}`: {reason}", advice)


def system_refused(error: OSError) -> CompileError:
    """Return the error that says what the system refused, of a call that says no more."""
    place = f" `{error.filename}`" if error.filename else ""
    reason = error.strerror or str(error)
    return output_error(Code.OUTPUT_FAILED, f"the system refused{place}: {reason}")


def output_error(
    code: Code, headline: str, advice: str = "", notes: Sequence[str] = ()
) -> CompileError:
    """Return an error about an output, which has no place in a spec."""
    return CompileError([Diagnostic(code, headline, help=advice, notes=tuple(notes))], {})


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
