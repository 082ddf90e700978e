"""docs/promises.md names tests that there are, and every one is seen to fail without its guard."""

import re

from tests.docs.pages import ROOT
from tests.docs.parts import expect_part, table
from tests.prove.guards import GUARDS

PROMISES = [f"P{number}" for number in range(1, 11)]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (P\d+) \| .+ \| (`tests/.+`) \|$", PAGE, re.MULTILINE)
TESTS = [
    (promise, file, test)
    for promise, cell in LINES
    for file, test in re.findall(r"`tests/([\w/]+\.py)::(test_\w+)`", cell)
]


def test_every_promise_names_a_test_that_exists() -> None:
    assert [promise for promise, _ in LINES] == PROMISES
    assert len(TESTS) == PAGE.count("::test_")
    for _, file, test in TESTS:
        assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test


def test_test_of_every_promise_has_a_guard_that_is_taken_out() -> None:
    seen = {(guard.promise, guard.test.partition("[")[0]) for guard in GUARDS}
    assert {(promise, f"{file}::{test}") for promise, file, test in TESTS} <= seen


def test_page_lists_every_guard(update_golden: bool) -> None:
    head = ("", "what is taken out", "what fails")
    rows = [(guard.promise, guard.what, f"`{_name(guard.test)}`") for guard in GUARDS]
    expect_part("how-it-is-tested.md", "guards", table(head, rows), update_golden)


def _name(test: str) -> str:
    """Return the name of a test without its case, or its file where all of it is meant."""
    return test.partition("::")[2].partition("[")[0] or test
