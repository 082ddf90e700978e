"""The pages on errors show what archc really prints: each message is made from its spec."""

import re
from pathlib import Path

import pytest

from archc.diagnostics import Code
from tests.diagnostics.checking import message_on
from tests.diagnostics.test_codes import OUTSIDE_OF_SPECS

PAGES = Path(__file__).parents[2] / "docs" / "errors"
_EXAMPLE = re.compile(r"```yaml\n(?P<spec>.*?)```\n\n```text\n(?P<text>.*?)```", re.DOTALL)


def updated(page: str) -> str:
    """Return a page with the message after each spec made anew."""

    def example(match: re.Match[str]) -> str:
        head = page[match.start() : match.start("text")]
        return f"{head}{message_on(match['spec'], 'spec.yaml')}```"

    return _EXAMPLE.sub(example, page)


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_page_shows_the_messages_that_archc_prints(path: Path, update_golden: bool) -> None:
    page = path.read_text(encoding="utf-8")
    if update_golden:
        page = updated(page)
        path.write_text(page, encoding="utf-8")
    assert page == updated(page)


@pytest.mark.parametrize("code", [code for code in Code if code not in OUTSIDE_OF_SPECS], ids=str)
def test_page_of_a_code_shows_a_message_of_that_code_alone(code: Code) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    found = re.findall(r"^(?:error|warning)\[(ARC\d{3})\]", page, re.MULTILINE)
    assert found
    assert set(found) == {str(code)}


def test_index_lists_every_code_once() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(ARC\d{3})\]\(\1\.md\)", index, re.MULTILINE)
    assert listed == sorted(map(str, Code))


MISTAKES = {
    "A kernel that does not fit its input": ("ARC401", "use a kernel of at most"),
    "A shortcut that is missing": ("ARC402", "1×1 convolution"),
    "Branches of unlike sizes": ("ARC403", "padding=2 (k // 2)"),
    "A layer pasted from PyTorch": ("ARC207", "in_channels is inferred: drop the 3"),
    "A name used before its line": ("ARC301", "move this line below line"),
}


@pytest.mark.parametrize("title", MISTAKES)
def test_common_mistake_is_explained_with_its_fix_alone(title: str) -> None:
    code, advice = MISTAKES[title]
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    section = index.split(f"### {title}\n", 1)[1].split("\n### ", 1)[0]
    example = _EXAMPLE.search(section)
    assert example is not None
    message = message_on(example["spec"], "spec.yaml")
    assert message.count("error[") == 1
    assert message.startswith(f"error[{code}]")
    assert advice in message
