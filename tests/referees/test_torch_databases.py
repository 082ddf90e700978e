"""Every row of torch's databases of modules and operators for what archc has, judged by torch."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest
import torch

from archc import functions, layers
from tests.docs.pages import ROOT
from tests.docs.parts import expect_part, part, table
from tests.layers.case_files import all_cases
from tests.referees.calls import TorchCall
from tests.referees.databases import (
    module_calls,
    module_database,
    operator_calls,
    operator_database,
)
from tests.referees.judging import BY_VALUE, EQUAL, REFUSED, Tally
from tests.referees.strictness import REASONS

pytestmark = pytest.mark.slow

PAGE = "how-it-is-tested.md"


def judged_rows(
    subjects: Iterable[str], calls: Callable[[str], Iterator[TorchCall]]
) -> dict[str, Tally]:
    """Return what came of each subject's rows."""
    tallies: dict[str, Tally] = {}
    for subject in subjects:
        tallies[subject] = Tally()
        for call in calls(subject):
            tallies[subject].judge(call)
    return tallies


def outcomes(tallies: dict[str, Tally]) -> Counter[str]:
    """Return how many rows came to which outcome."""
    total: Counter[str] = Counter()
    for tally in tallies.values():
        total.update(tally)
    return total


def faults(tallies: dict[str, Tally]) -> list[str]:
    """Return where archc and torch disagree."""
    return [fault for tally in tallies.values() for fault in tally.faults]


@pytest.fixture(scope="module")
def modules() -> dict[str, Tally]:
    return judged_rows(module_database(), module_calls)


@pytest.fixture(scope="module")
def operators() -> dict[str, Tally]:
    return judged_rows(operator_database(), operator_calls)


def test_rows_of_torchs_modules_are_judged_as_torch_judges_them(
    modules: dict[str, Tally],
) -> None:
    assert faults(modules) == []
    assert all(tally.total() for tally in modules.values())
    assert outcomes(modules)[EQUAL] > 450


def test_rows_of_torchs_operators_are_judged_as_torch_judges_them(
    operators: dict[str, Tally],
) -> None:
    assert faults(operators) == []
    assert all(tally.total() for tally in operators.values())
    assert outcomes(operators)[EQUAL] > 4500


def test_every_reason_to_be_stricter_excuses_a_row_that_torch_accepts(
    modules: dict[str, Tally], operators: dict[str, Tally]
) -> None:
    used = {outcome for tally in (modules | operators).values() for outcome in tally}
    assert used - {EQUAL, REFUSED, BY_VALUE} == {reason for reason, _ in REASONS}


def test_page_counts_the_rows_of_torchs_databases(
    modules: dict[str, Tally], operators: dict[str, Tally], update_golden: bool
) -> None:
    real = rows_text(modules, operators)
    page = part((ROOT / "docs" / PAGE).read_text(encoding="utf-8"), "databases")
    if page.split("\n")[0] != real.split("\n")[0] and not update_golden:
        pytest.skip("the page counts the rows of another torch")
    expect_part(PAGE, "databases", real, update_golden)
    expect_part(PAGE, "subjects", subjects_text(modules | operators), update_golden)


def subjects_text(tallies: dict[str, Tally]) -> str:
    """Return what judges each layer and each function: its cases, and its rows in torch's."""
    cases = Counter(case.subject for case in all_cases())
    rows: list[tuple[object, ...]] = []
    for name in [*sorted(layers.NAMES), *sorted(functions.NAMES)]:
        tally = tallies.get(name, Tally())
        refused = tally[REFUSED] + tally[BY_VALUE]
        excused = tally.total() - tally[EQUAL] - refused
        rows.append((f"`{name}`", cases[name], tally[EQUAL], refused, excused))
    head = ["name", "=cases", "=rows equal", "=rows refused by both", "=rows archc is stricter on"]
    return table(head, rows)


def rows_text(modules: dict[str, Tally], operators: dict[str, Tally]) -> str:
    """Return what the page says of the rows."""
    first, second = outcomes(modules), outcomes(operators)
    order = [EQUAL, REFUSED, BY_VALUE, *(reason for reason, _ in REASONS)]
    rows = [(outcome, first[outcome], second[outcome]) for outcome in order]
    rows.append(("archc and torch disagree", len(faults(modules)), len(faults(operators))))
    rows.append(("all rows", first.total(), second.total()))
    lacking = sorted((layers.NAMES | functions.NAMES) - module_database().keys() - operators.keys())
    return (
        f"With torch {torch.__version__.split('+')[0]}: {len(modules)} modules and "
        f"{len(operators)} functions have rows.\n\n"
        + table(["outcome", "=`module_db`", "=`op_db`"], rows)
        + f"\nTorch's databases lack {len(lacking)} of archc's names, which have cases "
        + f"of their own: {', '.join(f'`{name}`' for name in lacking)}.\n"
    )


def test_what_torchs_databases_lack_is_judged_by_cases_of_its_own() -> None:
    judged = {"Buffer", "Parameter"}  # no modules: the compiled source's tests hold them
    judged |= {case.subject for case in all_cases() if case.inputs and not case.error}
    known = module_database().keys() | operator_database().keys()
    lacking = (layers.NAMES | functions.NAMES) - known
    assert lacking <= judged


@pytest.mark.parametrize("subject", ["MaxPool2d", "MaxPool3d", "AvgPool1d"])
def test_a_window_rule_that_is_off_by_one_is_a_fault(
    subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archc.layers.pooling.floor_length", lambda length, axis: length)
    (tally,) = judged_rows([subject], module_calls).values()
    assert tally.faults
