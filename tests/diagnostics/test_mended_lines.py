"""A line is read on as its message advises, or not at all."""

from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span
from archc.spec.mended_lines import mended_line
from archc.spec.source import Piece, Scalar
from tests.diagnostics.checking import report_on

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


def test_what_stands_behind_an_edit_over_lines_keeps_its_place() -> None:
    pieces = (Piece(0, 4, 5), Piece(5, 5, 9), Piece(10, 6, 1))
    line = Scalar("name( pad( Conv2d(8)", "", Span("net.yaml", 4, 5, 6, 11), pieces)
    advice = Advice("write it so", Edit("", span=Span("net.yaml", 4, 5, 6, 2)))
    found = mended_line(line, RuleViolation(Code.SYNTAX, "no line", help=advice))
    assert found is not None
    assert found.value == "Conv2d(8)"
    assert found.locate(7, 8) == Span("net.yaml", 6, 9, 6, 10)


def test_block_of_the_name_of_torchs_sequence_is_called_as_any_other() -> None:
    head = "archc: 1\nname: net\ninputs: {x: [B, 8, 8, 8]}\nblocks:\n"
    block = "  Sequential(Act, n): Conv2d(n, 3) -> Act\n"
    lines = "model:\n  - Sequential(ReLU, max(8, 3))\n  - Sequential(GELU, n=8)\n"
    assert report_on(head + block + lines, "net.yaml").ok
