"""What stands on a terminal without Unicode: words for archc's signs, numbers for the rest."""

import ast
import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest

import archc
from archc.cli.plain_characters import in_plain_characters
from tests.cli.command import archc as run
from tests.cli.command import written

SOURCES = Path(archc.__file__).parent
INPUT_ONLY = {"tokens.py", "marks.py", "plain_characters.py"}
"""Modules with characters that are looked for in specs, never printed."""

NOT_IN_XML = "\ufffd"
"""What a drawing holds in place of a character that no XML document may; drawings are UTF-8."""

codecs.register_error("plain", in_plain_characters)


def plain(text: str) -> str:
    return text.encode("ascii", "plain").decode("ascii")


def test_formula_stays_a_formula() -> None:
    assert plain("⌊(30 + 2·0 − 40)/1⌋ + 1 = −9") == "floor((30 + 2*0 - 40)/1) + 1 = -9"


def test_character_that_archc_does_not_use_is_its_number() -> None:
    assert plain("width×ж") == "widthx\\u0436"


def test_bytes_that_cannot_be_read_are_not_made_plain() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "plain")


def printed_signs() -> Iterator[str]:
    """Yield the texts of archc's modules that are no docstrings."""
    for path in SOURCES.rglob("*.py"):
        if path.name in INPUT_ONLY:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in alone:
                yield node.value if isinstance(node.value, str) else ""


def test_every_sign_that_archc_prints_has_plain_words() -> None:
    signs = {sign for text in printed_signs() for sign in text if sign.isprintable()}
    assert "⌊" in signs
    assert {sign for sign in signs if plain(sign).startswith("\\u")} <= {NOT_IN_XML}


@pytest.mark.slow
def test_output_without_unicode_is_plain(tmp_path: Path) -> None:
    path = written(tmp_path)
    done = run("summary", path, variables={"PYTHONIOENCODING": "ascii"})
    assert done.status == 0
    assert "image [B, 3, 8, 8] -> output [B, 10]" in done.out
    assert "\\u" not in done.out
