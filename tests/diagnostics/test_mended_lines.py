"""A line is read on as its message advises, or not at all."""

from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span
from archc.spec.mended_lines import mended_line
from archc.spec.source import Piece, Scalar

LINE = Scalar("Conv2d(8 3", "", Span("net.yaml", 4, 5, 4, 15), (Piece(0, 4, 5),))


def part(column: int, end: int, line: int = 4) -> Span:
    """Return a place on the line."""
    return Span("net.yaml", line, column, line, end)


COMMA = Edit(", ", span=part(13, 14))
BRACKET = Edit(")", span=part(15, 15))


def mended(*edits: Edit) -> str | None:
    """Return what the line becomes by these edits, None where it does not."""
    violation = RuleViolation(Code.SYNTAX, "no line", help=Advice("write it so", *edits))
    found = mended_line(LINE, violation)
    return None if found is None else found.value


def test_every_edit_of_an_advice_is_made() -> None:
    assert mended(COMMA) == "Conv2d(8, 3"
    assert mended(COMMA, BRACKET) == mended(BRACKET, COMMA) == "Conv2d(8, 3)"


def test_line_is_not_mended_by_some_of_the_edits_alone() -> None:
    assert mended(COMMA, Edit("x", span=part(1, 2, line=2))) is None
    assert mended(COMMA, Edit("Linear", "Conv3d")) is None


def test_line_is_not_mended_by_edits_of_the_same_characters() -> None:
    assert mended(COMMA, Edit("8,", span=part(12, 14))) is None
