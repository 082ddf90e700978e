"""docs/promises.md names tests that there are, and every promise was seen to be guarded."""

import re

from tests.docs.pages import ROOT

PROMISES = [f"P{number}" for number in range(1, 11)]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (P\d+) \| .+ \| (`tests/.+`) \|$", PAGE, re.MULTILINE)
GUARDS = [
    (promise, file, test)
    for promise, cell in LINES
    for file, test in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
]


def test_every_promise_names_a_test_that_exists() -> None:
    assert [promise for promise, _ in LINES] == PROMISES
    assert len(GUARDS) == PAGE.count("::test_")
    for _, file, test in GUARDS:
        assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_guard_of_every_promise_was_seen_to_fail() -> None:
    page = (ROOT / "docs" / "how-it-is-tested.md").read_text(encoding="utf-8")
    _, _, section = page.partition("\n## Promises\n")
    seen = re.findall(r"^\| (P\d+) \| .+ \| `(test_\w+)` \|$", section, re.MULTILINE)
    for promise, _, test in GUARDS:
        assert (promise, test) in seen, promise
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    for _, test in seen:
        assert any(f"\ndef {test}(" in text for text in texts), test
