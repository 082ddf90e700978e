"""docs/how-it-is-tested.md and docs/stricter.md say what the tests count."""

from collections.abc import Iterable

import pytest

from archc import functions, layers
from archc.diagnostics import RuleViolation
from archc.shapes import TensorType
from tests.docs.pages import ROOT
from tests.docs.parts import expect_part, part, replaced, table
from tests.layers.case_files import Case, all_cases
from tests.property import test_random_graphs
from tests.referees import test_edges
from tests.referees.boundaries import BOUNDARIES
from tests.referees.calls import TorchCall, outputs_of, translated
from tests.referees.edges import STRATEGIES
from tests.referees.judging import EQUAL, judged
from tests.referees.stricter_calls import STRICTER
from tests.referees.strictness import EDGE_REASONS, REASONS
from tests.referees.test_boundaries import CALLS


def test_every_reason_to_be_stricter_has_a_call_that_torch_accepts() -> None:
    reasons = [reason for reason, _ in (*REASONS, *EDGE_REASONS)]
    assert [judged(call) for call in STRICTER] == reasons


def test_page_has_every_reason_to_be_stricter_with_a_call(update_golden: bool) -> None:
    rows = [
        (reason, call_in_torch(call), refusal(call))
        for (reason, _), call in zip((*REASONS, *EDGE_REASONS), STRICTER, strict=True)
    ]
    real = table(["because", "torch takes", "archc says"], rows)
    expect_part("stricter.md", "reasons", real, update_golden)


def test_page_has_every_rule_that_a_case_adds(update_golden: bool) -> None:
    rules: dict[str, Case] = {}
    for case in all_cases():
        if case.stricter:
            rules.setdefault(case.stricter, case)
    rows = [(rule, call_in_a_spec(case), code_link(case.error)) for rule, case in rules.items()]
    real = table(["because", "for example", "code"], sorted(rows))
    expect_part("stricter.md", "rules", real, update_golden)


def test_page_counts_the_cases(update_golden: bool) -> None:
    rows = [
        counted("layers", layers.NAMES),
        counted("functions", functions.NAMES),
        counted("together", layers.NAMES | functions.NAMES),
    ]
    head = [
        "",
        "=how many",
        "=cases",
        "=accepted by both",
        "=refused by both",
        "=archc is stricter",
    ]
    expect_part("how-it-is-tested.md", "cases", table(head, rows), update_golden)


def counted(what: str, names: Iterable[str]) -> tuple[str, int, int, int, int, int]:
    """Return how many cases these subjects have, and of which kind."""
    subjects = set(names)
    cases = [case for case in all_cases() if case.subject in subjects]
    passing = sum(not case.error for case in cases)
    stricter = sum(bool(case.stricter) for case in cases)
    return what, len(subjects), len(cases), passing, len(cases) - passing - stricter, stricter


def test_page_lists_the_boundaries(update_golden: bool) -> None:
    rows = [
        (f"`{kind}`", listed(kind, taken=True), listed(kind, taken=False)) for kind in BOUNDARIES
    ]
    real = table(["layer", "taken", "refused"], rows)
    expect_part("how-it-is-tested.md", "boundaries", real, update_golden)


def listed(kind: str, *, taken: bool) -> str:
    """Return the boundaries at which archc takes a call, or those at which it does not."""
    found = BOUNDARIES[kind].items()
    return "; ".join(name for name, place in found if (place.outcomes == (EQUAL,)) == taken)


def call_in_torch(call: TorchCall) -> str:
    """Return a call as torch has it, with the tensors it is given."""
    return f"`{call.text}` of {tensors(call.types)}"


def call_in_a_spec(case: Case) -> str:
    """Return a case's call as a spec has it."""
    return f"`{case.call}`" + (f" of {tensors(case.inputs)}" if case.inputs else "")


def tensors(types: Iterable[TensorType]) -> str:
    """Return the types of tensors, as a page shows them."""
    return ", ".join(f"`{x}`" for x in types)


def refusal(call: TorchCall) -> str:
    """Return what archc says to a call."""
    with pytest.raises(RuleViolation) as caught:
        outputs_of(translated(call), call.types)
    return f"{code_link(caught.value.code)} {caught.value.headline}"


def code_link(code: str) -> str:
    """Return a link to a code's page."""
    return f"[{code}](errors/{code}.md)"


def test_page_says_how_many_calls_are_drawn() -> None:
    text = (ROOT / "docs" / "how-it-is-tested.md").read_text(encoding="utf-8")
    drawn, graphs = test_edges.QUICK.max_examples, test_random_graphs.EXAMPLES
    assert f"{len(STRATEGIES)} kinds of rules" in text
    assert f"{drawn} of each kind in each run, {test_edges.EXAMPLES:,} in `make prove`" in text
    assert f"{graphs} of both in each run, {test_random_graphs.MANY:,} in `make prove`" in text
    assert f"{CALLS} calls are drawn at each" in text


def test_a_part_that_is_wrong_is_found_and_replaced() -> None:
    page = "a\n<!-- x -->\n\nold\n\n<!-- end -->\nb\n"
    assert part(page, "x") == "old\n"
    assert part(replaced(page, "x", "new\n"), "x") == "new\n"
    assert replaced(page, "x", "new\n").endswith("<!-- end -->\nb\n")
