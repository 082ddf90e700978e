"""Every boundary of a window is met, on either side, and judged as torch judges it."""

import warnings
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from archc import windows
from tests.referees.boundaries import BOUNDARIES, at_boundary
from tests.referees.calls import TorchCall
from tests.referees.judging import EQUAL, REFUSED, judged

pytestmark = pytest.mark.slow

CALLS = 20
"""How many calls are drawn at each boundary."""
PLACES = [(kind, boundary) for kind, found in BOUNDARIES.items() for boundary in found]


def outcomes_at(kind: str, boundary: str) -> Counter[str]:
    """Return what came of calls that were drawn at a boundary."""
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=CALLS,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(at_boundary(kind, boundary))
    def judge(call: TorchCall) -> None:
        outcome = judged(call)
        event(outcome)
        outcomes[outcome] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge()
    return outcomes


@pytest.mark.parametrize(("kind", "boundary"), PLACES)
def test_a_call_at_a_boundary_is_judged_as_torch_judges_it(kind: str, boundary: str) -> None:
    outcomes = outcomes_at(kind, boundary)
    assert outcomes
    assert outcomes.keys() <= set(BOUNDARIES[kind][boundary].outcomes)


@pytest.mark.parametrize("kind", BOUNDARIES)
def test_every_kind_has_boundaries_on_either_side(kind: str) -> None:
    outcomes = {outcome for found in BOUNDARIES[kind].values() for outcome in found.outcomes}
    assert {EQUAL, REFUSED} <= outcomes


@pytest.mark.parametrize("boundary", ["the kernel fills the padded input", "every size is 1"])
def test_a_window_rule_that_is_off_by_one_is_noticed_at_a_boundary(
    boundary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = windows.Axis.extent.fget  # pyright: ignore
    monkeypatch.setattr(windows.Axis, "extent", property(lambda axis: right(axis) + 1))
    with pytest.raises(AssertionError, match="torch gives"):
        outcomes_at("Conv", boundary)
