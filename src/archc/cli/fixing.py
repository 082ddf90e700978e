"""`archc check --fix` and `--diff`: following the help of messages in the files themselves."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from archc.diagnostics import Advice, Code, Diagnostic
from archc.diagnostics.fixes import fixed
from archc.diagnostics.render import excerpt, printable, shortened
from archc.files import output_error, write_whole
from archc.opening import is_canonical
from archc.spec.source import decode

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Check = Callable[[str, Path], Sequence[Diagnostic]]
"""What is wrong with a text, as the file at a path."""


def fix_files(paths: Iterable[Path], check: Check, *, is_only_shown: bool) -> None:
    """Mend the files at paths where the cure is known, or show on standard output how.

    Raises:
        CompileError: a file cannot be read or written, or changed while it was checked.
    """
    for path in paths:
        _fix_file(path, check, is_only_shown=is_only_shown)


def _fix_file(path: Path, check: Check, *, is_only_shown: bool) -> None:
    data = path.read_bytes()
    text = decode(data, str(path))
    if is_canonical(text):
        return
    new, mended = fixed(text, str(path), lambda candidate: check(candidate, path))
    if is_only_shown:
        _print_difference(path, text, new)
    elif mended:
        _write(path, data, new)
        for diagnostic in mended:
            print(_report(diagnostic), file=sys.stderr)


def _write(path: Path, data: bytes, text: str) -> None:
    """Write a mended text, unless somebody else wrote the file meanwhile."""
    if path.read_bytes() != data:
        headline = f"`{path}` changed while it was checked: nothing was written"
        raise output_error(Code.OUTPUT_FAILED, headline, "check it again")
    mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
    write_whole(path, mark + text.encode())


def _report(diagnostic: Diagnostic) -> str:
    """Return what was wrong, where, and what stands there now."""
    assert isinstance(diagnostic.help, Advice)
    written = ", ".join(f"`{excerpt(edit.new)}`" for edit in diagnostic.help.edits if edit.new)
    now = f": wrote {written}" if written else ": removed it"
    return printable(f"fixed {diagnostic.primary}: {shortened(diagnostic.headline)}{now}")


def _print_difference(path: Path, text: str, new: str) -> None:
    from difflib import unified_diff

    before, after = text.splitlines(keepends=True), new.splitlines(keepends=True)
    for line in unified_diff(before, after, str(path), str(path)):
        print(printable(line.rstrip("\r\n")))
