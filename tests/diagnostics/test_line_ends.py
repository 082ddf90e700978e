"""Windows' line ends and a byte order mark change nothing of what is said of a spec."""

import pytest

from archc.diagnostics.render import text_lines
from tests.cli.command import NET, WRONG
from tests.diagnostics.checking import message_on, report_on

ENDS = {"Windows": "\r\n", "old Macintosh": "\r", "Unicode": "\u2028", "mainframe": "\x85"}


@pytest.mark.parametrize("end", ENDS)
def test_line_ends_of_another_system_are_read_as_any(end: str) -> None:
    report = report_on(NET.replace("\n", ENDS[end]), "tiny.yaml")
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 162


@pytest.mark.parametrize("end", ENDS)
def test_message_on_lines_of_another_system_quotes_the_line(end: str) -> None:
    message = message_on(WRONG.replace("\n", ENDS[end]), "tiny.yaml")
    assert "    9 |   conv: Conv2d(width, 3, kernle=1) -> relu\n" in message
    assert message == message_on(WRONG, "tiny.yaml")


def test_lines_of_a_text_make_up_the_text() -> None:
    assert text_lines("a\r\nb\nc") == ["a\r\n", "b\n", "c"]
    assert text_lines("a\n") == ["a\n"]
    assert text_lines("") == []
