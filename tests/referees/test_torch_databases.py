"""Every row of torch's databases of modules and operators for what archc has, judged by torch."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

from archc import functions, layers
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


def table(tallies: dict[str, Tally]) -> str:
    """Return how many rows came to which outcome."""
    total: Counter[str] = Counter()
    for tally in tallies.values():
        total.update(tally)
    rows = [f"{count:>6}  {outcome}" for outcome, count in total.most_common()]
    faults = [f"     -  {fault}" for tally in tallies.values() for fault in tally.faults]
    return "\n".join([*rows, *faults])


@pytest.fixture(scope="module")
def modules() -> dict[str, Tally]:
    return judged_rows(module_database(), module_calls)


@pytest.fixture(scope="module")
def operators() -> dict[str, Tally]:
    return judged_rows(operator_database(), operator_calls)


def test_rows_of_torchs_modules_are_judged_as_torch_judges_them(
    modules: dict[str, Tally],
) -> None:
    print(table(modules))
    assert [fault for tally in modules.values() for fault in tally.faults] == []
    assert all(tally.total() for tally in modules.values())
    assert sum(tally[EQUAL] for tally in modules.values()) > 350


def test_rows_of_torchs_operators_are_judged_as_torch_judges_them(
    operators: dict[str, Tally],
) -> None:
    print(table(operators))
    assert [fault for tally in operators.values() for fault in tally.faults] == []
    assert all(tally.total() for tally in operators.values())
    assert sum(tally[EQUAL] for tally in operators.values()) > 3000


def test_every_reason_to_be_stricter_excuses_a_row_that_torch_accepts(
    modules: dict[str, Tally], operators: dict[str, Tally]
) -> None:
    used = {outcome for tally in (modules | operators).values() for outcome in tally}
    assert used - {EQUAL, REFUSED, BY_VALUE} == {reason for reason, _ in REASONS}


def test_what_torchs_databases_lack_is_judged_by_cases_of_its_own() -> None:
    judged = {"Buffer", "Parameter"}  # no modules: the compiled source's tests hold them
    judged |= {case.subject for case in all_cases() if case.inputs and not case.error}
    known = module_database().keys() | operator_database().keys()
    lacking = (layers.NAMES | functions.NAMES) - known
    print("not in torch's databases:", ", ".join(sorted(lacking)))
    assert lacking <= judged


@pytest.mark.parametrize("subject", ["MaxPool2d", "MaxPool3d", "AvgPool1d"])
def test_a_window_rule_that_is_off_by_one_is_a_fault(
    subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archc.layers.pooling.floor_length", lambda length, axis: length)
    (tally,) = judged_rows([subject], module_calls).values()
    assert tally.faults
