"""Lines that go on below: YAML joins what a missing dash, key or colon would have kept apart."""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.spec.source import Piece, Scalar

CONTINUATIONS = ("->", "from", "as", "if", "else")
_ASSIGNMENT = re.compile(r"((?:self\.)?[A-Za-z_]\w*)\s*=\s*(?!=)")
"""How a line of Python begins."""
_LAYER = re.compile(r"- [A-Z][A-Za-z]*\w*\(")


def check_continuations(scalar: Scalar) -> None:
    """Refuse a folded line unless a bracket is open or the new line begins with `->` and such.

    Raises:
        RuleViolation: a dash or a key is probably missing.
    """
    for piece in scalar.folded[1:]:
        before, after = scalar.value[: piece.offset], scalar.value[piece.offset :]
        if after.startswith("- "):
            raise folded_dash(scalar, piece)
        if _open_brackets(before) > 0:
            continue
        word = after.split(" ")[0]
        if word in CONTINUATIONS or after.startswith("->"):
            continue
        place = scalar.locate(piece.offset, piece.offset + max(1, len(word)))
        if after.startswith("//"):
            advice = "write `#` in place of `//`"
            raise RuleViolation(Code.SYNTAX, "a comment begins with `#`", help=advice, span=place)
        raise RuleViolation(
            Code.SYNTAX,
            "this line continues the one above",
            help="a dash (`- `) or a key (`name: `) is missing; "
            "a continued line begins with `->`, `from`, `as`, `if` or `else`",
            span=place,
        )


def assigned(scalar: Scalar) -> list[RuleViolation]:
    """Return a violation for each line of Python, `conv1 = Conv2d(8, 3)`, where YAML joins them."""
    begun = [p for p in scalar.folded if _open_brackets(scalar.value[: p.offset]) == 0]
    found = [(piece, _assignment(scalar, piece)) for piece in begun]
    lines = [(piece, match) for piece, match in found if match is not None]
    if not any(piece.offset for piece, _ in lines):
        return []
    found = [_no_colon(scalar, piece, match) for piece, match in lines]
    edits = [_named(scalar, piece, match) for piece, match in lines]
    if len({edit.new for edit in edits}) == len(edits):
        found[0].help = Advice(str(found[0].help), *edits)  # one line mended alone is no more right
    else:
        for violation in found:
            violation.help = f"{violation.help}; every line needs a name of its own"
    return found


def _no_colon(scalar: Scalar, piece: Piece, match: re.Match[str]) -> RuleViolation:
    sign = piece.offset + match[0].index("=")
    return RuleViolation(
        Code.SYNTAX,
        "`=` stands where a colon belongs",
        help=f"a line is a name, a colon and a layer: write `{_name(match)}: …`",
        span=scalar.locate(sign, sign + 1),
    )


def _named(scalar: Scalar, piece: Piece, match: re.Match[str]) -> Edit:
    """Return the edit that writes a name and a colon."""
    span = scalar.locate(piece.offset, piece.offset + len(match[0]))
    return Edit(f"{_name(match)}: ", span=span)


def _name(match: re.Match[str]) -> str:
    return match[1].removeprefix("self.")


def _assignment(scalar: Scalar, piece: Piece) -> re.Match[str] | None:
    return _ASSIGNMENT.match(scalar.value[piece.offset :])


def dashes_inside(scalar: Scalar) -> list[Piece]:
    """Return the lines with a dash that YAML joined to the one above, for they are deeper.

    A dash behind a bracket that is open may be a minus, unless a layer follows.
    """
    found: list[Piece] = []
    for piece in () if scalar.style else scalar.folded[1:]:
        start = found[-1].offset if found else 0
        is_open = _open_brackets(scalar.value[start : piece.offset]) > 0
        line = scalar.value[piece.offset :]
        if line.startswith("- ") and not (is_open and _LAYER.match(line) is None):
            found.append(piece)
    return found


def parted_at(scalar: Scalar, dashes: Sequence[Piece]) -> Iterator[Scalar]:
    """Yield the lines of a list that YAML joined, those behind a dash without it."""
    starts = [0, *(dash.offset + len("- ") for dash in dashes)]
    ends = [*(dash.offset for dash in dashes), len(scalar.value)]
    for start, end in zip(starts, ends, strict=True):
        yield _part(scalar, start, end)


def _part(scalar: Scalar, start: int, end: int) -> Scalar:
    text = scalar.value[start:end].rstrip()
    span = scalar.locate(start, start + len(text))
    inside = [piece for piece in scalar.pieces if start < piece.offset < end]
    behind = (replace(piece, offset=piece.offset - start) for piece in inside)
    return Scalar(text, "", span, (Piece(0, span.line, span.column), *behind))


def folded_dash(scalar: Scalar, piece: Piece) -> RuleViolation:
    """Return what to say of a dash that YAML reads as a part of the line above."""
    above = scalar.locate(piece.offset - 1, piece.offset).line
    opened = _open_brackets(scalar.value[: piece.offset]) > 0
    return RuleViolation(
        Code.YAML_SPLIT,
        f"YAML reads this dash as a continuation of line {above}",
        help=f"close the bracket on line {above}"
        if opened
        else f"give it the indentation of line {above}, or write a line `name:` above it",
        span=scalar.locate(piece.offset, piece.offset + 1),
    )


def _open_brackets(text: str) -> int:
    return sum(text.count(c) for c in "([") - sum(text.count(c) for c in ")]")
