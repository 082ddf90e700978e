"""Parts of a page that a test writes: what stands between `<!-- name -->` and `<!-- end -->`."""

import re
from collections.abc import Iterable, Sequence

import pytest

from tests.docs.pages import ROOT

END = "<!-- end -->"


def expect_part(page: str, name: str, real: str, update: bool) -> None:
    """Hold a part of a page to the real text, or write it there."""
    path = ROOT / "docs" / page
    text = path.read_text(encoding="utf-8")
    if update:
        text = replaced(text, name, real)
        path.write_text(text, encoding="utf-8")
    if part(text, name) != real:
        pytest.fail(f"docs/{page}, {name}: rewrite it with --update-golden:\n{real}", pytrace=False)


def part(text: str, name: str) -> str:
    """Return the part of this name."""
    start = text.index(_opening(name)) + len(_opening(name))
    return text[start : text.index(END, start)].strip("\n") + "\n"


def replaced(text: str, name: str, real: str) -> str:
    """Return a page with another text in the part of this name."""
    start = text.index(_opening(name)) + len(_opening(name))
    return f"{text[:start]}\n{real}\n{text[text.index(END, start) :]}"


def _opening(name: str) -> str:
    return f"<!-- {name} -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of Markdown; a column whose head begins with `=` is set to the right."""
    names = [name.removeprefix("=") for name in head]
    rules = ["--:" if name.startswith("=") else "---" for name in head]
    lines = [names, rules, *([_cell(value) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return re.sub(r"\|", r"\\|", text)
