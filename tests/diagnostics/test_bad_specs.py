"""Every spec in `tests/bad` is refused with exactly the marked codes at the marked lines.

`# error: ARC402` marks its own line; `# error in the next line: ARC402` stands where a comment
would change what is tested. The whole message of each is in the `.txt` beside it.
"""

import re
from pathlib import Path

import pytest

from archc.diagnostics import Code
from tests.diagnostics.checking import message_on, report_on

BAD = Path(__file__).parents[1] / "bad"
SPECS = sorted(BAD.glob("*.yaml"))
_MARK = re.compile(r"# error( in the next line)?: (ARC\d{3})")


def marked(text: str) -> list[tuple[int, str]]:
    """Return the lines that a spec marks as wrong, with their codes."""
    return [
        (number + bool(mark[1]), mark[2])
        for number, line in enumerate(text.split("\n"), 1)
        for mark in _MARK.finditer(line)
    ]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_bad_spec_is_refused_at_the_marked_lines_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [
        (d.primary.line, str(d.code)) for d in report_on(text, path.name).diagnostics if d.primary
    ]
    assert found == marked(text)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_bad_spec_is_explained_as_recorded(path: Path, update_golden: bool) -> None:
    golden = path.with_suffix(".txt")
    message = message_on(path.read_text(encoding="utf-8"), path.name)
    if update_golden:
        golden.write_text(message, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == message


def test_bad_specs_are_named_for_a_code_they_mark() -> None:
    for path in SPECS:
        code, _, what = path.stem.partition("_")
        assert code in {code for _, code in marked(path.read_text(encoding="utf-8"))}, path.name
        assert code in set(Code), path.name
        assert what, path.name


def test_bad_specs_have_no_message_without_a_spec() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in SPECS}
