"""The mistakes of a document as they are shown: in the file's order, each cause once."""

from collections.abc import Sequence

from msgspec.structs import replace

from archc.diagnostics import Code, Diagnostic, Edit, Proposal
from archc.expressions.syntax import NOWHERE

SHOWN = 8
"""How many other lines a message names."""

_MEETING = frozenset({Code.ADD_SHAPES, Code.CONCAT_SHAPES, Code.SIZE_MISMATCH, Code.WINDOW})
_Mark = tuple[Code, str, str] | tuple[Edit, ...]
_MISSING = frozenset({Code.UNKNOWN_NAME, Code.UNKNOWN_CALLEE})


def merged(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return mistakes in the file's order, each cause with all lines that it spoils.

    A missing name is one mistake, and so are tensors that the same change of one line makes meet.
    """
    lines: dict[_Mark, list[int]] = {}
    result: list[Diagnostic] = []
    ordered = sorted(diagnostics, key=lambda found: found.primary or NOWHERE)
    for found in ordered:
        mark = _mark(found)
        if mark is None or found.primary is None:
            result.append(found)
            continue
        if mark not in lines:
            result.append(found)
        lines.setdefault(mark, []).append(found.primary.line)
    marks = [_mark(found) for found in result]
    return [
        found if mark is None else _with_lines(found, lines.get(mark, []))
        for found, mark in zip(result, marks, strict=True)
    ]


def _mark(found: Diagnostic) -> _Mark | None:
    """Return what tells the cause of a mistake, None where it is taken for its own."""
    if found.code in _MISSING and found.primary is not None:
        return found.code, found.headline, found.primary.file
    edits = found.help.edits if isinstance(found.help, Proposal) else ()
    is_elsewhere = edits and all(edit.span is not None and not edit.old for edit in edits)
    return edits if is_elsewhere and found.code in _MEETING else None


def _with_lines(found: Diagnostic, lines: Sequence[int]) -> Diagnostic:
    """Return a mistake with a note of the other lines on which it stands as well."""
    others = sorted({line for line in lines if found.primary and line != found.primary.line})
    if not others:
        return found
    note = f"also on line{'s' * (len(others) > 1)} {', '.join(map(str, others[:SHOWN]))}"
    note += ", …" * (len(others) > SHOWN)
    return replace(found, notes=(*found.notes, note))
