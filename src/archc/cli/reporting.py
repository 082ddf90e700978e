"""Errors as the terminal shows them."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from archc.diagnostics import CompileError, Diagnostic
from archc.diagnostics.render import printable, render_text


def print_error(error: Exception) -> int:
    """Print an error of ours on standard error; return the exit status it leads to."""
    if not isinstance(error, CompileError):
        print(f"error: {error}", file=sys.stderr)
        return 2
    print_diagnostics(error.diagnostics, error.sources)
    return exit_status(error.diagnostics)


def print_diagnostics(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
    """Print diagnostics on standard error; a terminal gets colour and lines that fit."""
    sys.stdout.flush()
    text = render_text(diagnostics, sources, width=_width(), is_coloured=_is_coloured())
    print(text, file=sys.stderr, end="\n\n")


def print_fixable(found: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
    """Say on standard error how many mistakes of a file, or of what it imports, `--fix` mends."""
    from archc.diagnostics.fixes import replacements

    for file in dict.fromkeys(mistake.primary.file for mistake in found if mistake.primary):
        source = sources.get(file, "")
        own = [mistake for mistake in found if mistake.primary and mistake.primary.file == file]
        count = sum(bool(replacements(mistake, source)) for mistake in own)
        if count and Path(file).exists():
            verb = "has" if count == 1 else "have"
            which = "this has" if len(found) == 1 else f"{count} of these {verb}"
            print(f"{which} a fix: archc check --fix {printable(file)}\n", file=sys.stderr)


def _width() -> int | None:
    return os.get_terminal_size(2).columns if sys.stderr.isatty() else None


def _is_coloured() -> bool:
    """Return whether standard error shows colour: a terminal, unless NO_COLOR forbids it."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain


def amount(count: int) -> str:
    """Return a count with a unit and three decimals, rounded half up: `4.089 G`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= size:
            thousandths = (2000 * count + size) // (2 * size)
            return f"{thousandths // 1000:,}.{thousandths % 1000:03d} {unit}"
    return str(count)


def exit_status(diagnostics: Iterable[Diagnostic]) -> int:
    """Return the highest exit status that the errors among the diagnostics lead to."""
    errors = [found for found in diagnostics if found.severity == "error"]
    return max((found.code.exit_status for found in errors), default=0)


def print_columns(rows: Iterable[Sequence[str]], right: tuple[int, ...] = ()) -> None:
    """Print rows in columns as wide as their longest cell; a row may end before the others."""
    listed = list(rows)
    columns = zip_longest(*listed, fillvalue="")
    widths = [max(map(len, column)) for column in columns]
    for row in listed:
        cells = [
            cell.rjust(width) if position in right else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
