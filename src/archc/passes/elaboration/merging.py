"""The mistakes of a document as they are shown: in the file's order, each cause once."""

from collections.abc import Container, Iterator, Sequence

from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Code, Diagnostic, Proposal
from archc.expressions.syntax import NOWHERE

SHOWN = 8
"""How many other lines a message names."""

_MEETING = frozenset({Code.ADD_SHAPES, Code.CONCAT_SHAPES, Code.SIZE_MISMATCH, Code.WINDOW})
_MISSING = frozenset({Code.UNKNOWN_NAME, Code.UNKNOWN_CALLEE, Code.PARAMETER_VALUE, Code.SELECTOR})
"""Codes of a name that nothing has: what has another name is misspelt as likely as they."""
_Mark = tuple[object, ...]


def merged(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return mistakes in the file's order, each cause with all lines that it spoils.

    A missing name is one mistake, and so are tensors that the same change of one line makes meet.
    """
    ordered = sorted(diagnostics, key=lambda found: found.primary or NOWHERE)
    missing = {_misspelt(found) for found in ordered if found.code in _MISSING} - {()}
    groups: list[list[Diagnostic]] = []
    known: dict[_Mark, list[Diagnostic]] = {}
    for found in ordered:
        marks = [*_marks(found, missing)]
        group = next((known[mark] for mark in marks if mark in known), None)
        if group is None:
            group = list[Diagnostic]()
            groups.append(group)
        group.append(found)
        known |= dict.fromkeys(marks, group)
    return [_with_lines(group) for group in groups]


def _marks(found: Diagnostic, missing: Container[_Mark]) -> Iterator[_Mark]:
    """Yield what tells the cause of a mistake, nothing where it is taken for its own."""
    if found.primary is None:
        return
    if (name := _misspelt(found)) in missing:
        yield name
    if found.code in {Code.UNKNOWN_NAME, Code.UNKNOWN_CALLEE}:
        yield found.code, found.headline, found.primary.file
    if found.code is Code.ARGUMENT_VALUE and found.calls and not isinstance(found.help, Proposal):
        yield found.code, found.headline, *found.calls  # a value that the call of a block gave
    edits = found.help.edits if isinstance(found.help, Proposal) else ()
    is_elsewhere = all(edit.span is not None and not edit.old for edit in edits)
    if edits and is_elsewhere and found.code in _MEETING:
        yield edits


def _misspelt(found: Diagnostic) -> tuple[str, ...]:
    """Return a name for which a message knows another, with the file; nothing without one.

    Of a path it is the one segment that differs.
    """
    edits = found.help.edits if isinstance(found.help, Proposal) and found.help.meant else ()
    if len(edits) != 1 or found.primary is None:
        return ()
    old, new = (text.split(".") for text in (edits[0].old, edits[0].new))
    unlike = [own for own, other in zip(old, new, strict=False) if own != other]
    is_one = len(old) == len(new) and len(unlike) == 1
    return (unlike[0], found.primary.file) if is_one else ()


def _with_lines(group: Sequence[Diagnostic]) -> Diagnostic:
    """Return the first mistake of a cause, with a note of the other lines that it spoils."""
    found = group[0]
    lines = {other.primary.line for other in group if other.primary is not None}
    others = sorted(lines - {found.primary.line if found.primary is not None else 0})
    if not others:
        return found
    notes = [*found.notes, _of_lines(others)]
    if (name := _definition(found)) and len(others) > 1:
        notes.append(f"these lines agree with each other: it may be `{name}` that is misspelt")
    return replace(found, notes=tuple(notes))


def _definition(found: Diagnostic) -> str:
    """Return the name of the file that a message asks for, nothing where it is one of archc's."""
    name = found.help.meant.split(".")[0] if isinstance(found.help, Proposal) else ""
    return "" if name in layers.NAMES | functions.NAMES else name


def _of_lines(others: Sequence[int]) -> str:
    note = f"also on line{'s' * (len(others) > 1)} {', '.join(map(str, others[:SHOWN]))}"
    return note + ", …" * (len(others) > SHOWN)
