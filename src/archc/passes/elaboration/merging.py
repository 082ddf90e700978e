"""The mistakes of a document as they are shown: in the file's order, each missing name once."""

from collections.abc import Sequence

from msgspec.structs import replace

from archc.diagnostics import Code, Diagnostic
from archc.expressions.syntax import NOWHERE

SHOWN = 8
"""How many other lines a message names."""

_MISSING = frozenset({Code.UNKNOWN_NAME, Code.UNKNOWN_CALLEE})


def merged(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return mistakes in the file's order; a missing name is one, with all lines that read it."""
    lines: dict[tuple[Code, str], list[int]] = {}
    result: list[Diagnostic] = []
    ordered = sorted(diagnostics, key=lambda found: found.primary or NOWHERE)
    for found in ordered:
        if found.code not in _MISSING or found.primary is None:
            result.append(found)
            continue
        mark = (found.code, found.headline)
        if mark not in lines:
            result.append(found)
        lines.setdefault(mark, []).append(found.primary.line)
    return [_with_lines(found, lines.get((found.code, found.headline), [])) for found in result]


def _with_lines(found: Diagnostic, lines: Sequence[int]) -> Diagnostic:
    """Return a mistake with a note of the other lines on which it stands as well."""
    others = sorted({line for line in lines if found.primary and line != found.primary.line})
    if not others:
        return found
    note = f"also on line{'s' * (len(others) > 1)} {', '.join(map(str, others[:SHOWN]))}"
    note += ", …" * (len(others) > SHOWN)
    return replace(found, notes=(*found.notes, note))
