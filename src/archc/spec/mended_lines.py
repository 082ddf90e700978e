"""A line that breaks the grammar, read on where the message says for sure how it was meant."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from archc.diagnostics import Advice, Edit, Proposal, RuleViolation
from archc.spec.source import Piece, Scalar


def mended_line(scalar: Scalar, violation: RuleViolation) -> Scalar | None:
    """Return a line with the edits that a message advises; nothing where they are not sure."""
    return edited_line(scalar, violation) if isinstance(violation.help, Advice) else None


def edited_line(scalar: Scalar, violation: RuleViolation) -> Scalar | None:
    """Return a line with the edits that a message proposes; nothing where they have no place.

    What stands behind an edit keeps its place in the file.
    """
    edits = violation.help.edits if isinstance(violation.help, Proposal) else ()
    changes = [_change(scalar, edit, violation) for edit in edits]
    found = sorted(change for change in changes if change is not None)
    overlap = any(later[0] < earlier[1] for earlier, later in pairwise(found))
    if not found or len(found) < len(changes) or overlap:
        return None
    return _changed(scalar, found)


def joined(key: Scalar, value: Scalar) -> Scalar:
    """Return a line that YAML parted at a colon as the one text that it was."""
    start = len(key.value) + len(": ")
    behind = (replace(piece, offset=piece.offset + start) for piece in value.pieces)
    text, span = f"{key.value}: {value.value}", key.span.to(value.span)
    return Scalar(text, "", span, (*key.pieces, *behind))


Change = tuple[int, int, str]
"""The text that is written in place of the characters from one offset to before another."""


def _change(scalar: Scalar, edit: Edit, violation: RuleViolation) -> Change | None:
    """Return what an edit replaces; of a word without a place, the only one of the line."""
    span = edit.span or violation.span
    if edit.old:
        start = scalar.value.find(edit.old)
        is_alone = start >= 0 and scalar.value.count(edit.old) == 1
        return (start, start + len(edit.old), edit.new) if is_alone else None
    if span is None:
        return None
    start = _offset(scalar, span.line, span.column)
    end = _offset(scalar, span.end_line, span.end_column)
    return (start, end, edit.new) if start is not None and end is not None else None


def _offset(scalar: Scalar, line: int, column: int) -> int | None:
    """Return where in the value a place of the file lies."""
    before = [p for p in scalar.pieces if p.line == line and p.column <= column]
    if not before:
        return None
    return min(before[-1].offset + column - before[-1].column, len(scalar.value))


def _changed(scalar: Scalar, changes: Sequence[Change]) -> Scalar:
    value = scalar.value
    for start, end, text in reversed(changes):
        value = value[:start] + text + value[end:]
    return replace(scalar, value=value, pieces=tuple(_pieces(scalar, changes)))


def _pieces(scalar: Scalar, changes: Sequence[Change]) -> Iterator[Piece]:
    """Yield the stretches of a line, of which each change ends one and begins another.

    What began inside of a change is gone with it.
    """
    ends = [(end, scalar.locate(end, end)) for _, end, _ in changes]
    cuts = [Piece(end, span.line, span.column) for end, span in ends]
    kept = [p for p in scalar.pieces if not any(a < p.offset < b for a, b, _ in changes)]
    for piece in sorted([*kept, *cuts], key=lambda each: each.offset):
        moved = sum(
            len(text) - (end - start) for start, end, text in changes if end <= piece.offset
        )
        yield replace(piece, offset=piece.offset + moved)
