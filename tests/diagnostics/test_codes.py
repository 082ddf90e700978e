"""Every code has a raise site, a page and a failing example; there is none besides."""

import ast
from pathlib import Path

from archc.diagnostics import Code
from tests.diagnostics.test_bad_specs import SPECS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "errors"

OUTSIDE_OF_SPECS = frozenset(
    {
        Code.UNREADABLE_FILE,
        Code.UNKNOWN_VARIANT,
        Code.DUPLICATE_NETWORK,
        Code.OUTPUT_EXISTS,
        Code.OUTPUT_FAILED,
        Code.DRAWING_FAILED,
        Code.WEIGHTS_MISMATCH,
        Code.WEIGHTS_UNREADABLE,
        Code.CANONICAL_MISMATCH,
        Code.BUILD_CHANGED,
        Code.INTERNAL,
    }
)
"""Codes that no text of a spec leads to: files, folders, weights and faults of archc's own."""


def named_codes() -> set[Code]:
    """Return the codes that the source names outside of their definition."""
    found: set[Code] = set()
    for path in (ROOT / "src").rglob("*.py"):
        if path.name == "codes.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        found |= {
            Code[node.attr]
            for node in names
            if isinstance(node.value, ast.Name)
            and node.value.id == "Code"
            and node.attr in Code.__members__
        }
    return found


def test_every_code_is_raised_somewhere() -> None:
    assert named_codes() == set(Code)


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {path.stem for path in PAGES.glob("ARC*.md")}
    assert pages == set(map(str, Code))


def test_every_code_of_a_spec_has_a_failing_example() -> None:
    examples = {path.stem.partition("_")[0] for path in SPECS}
    assert examples == {str(code) for code in Code if code not in OUTSIDE_OF_SPECS}
