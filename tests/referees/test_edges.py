"""Arguments drawn by chance around the edge of validity: archc accepts what torch accepts."""

import os
import warnings
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.referees.calls import TorchCall
from tests.referees.edges import STRATEGIES
from tests.referees.judging import EQUAL, REFUSED, judged

EXAMPLES = int(os.environ.get("ARCHC_REFEREE_EXAMPLES", "20000"))
"""How many calls of each kind the long form draws."""
_UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
    "database": None,
}
QUICK = settings(max_examples=300, derandomize=True, **_UNHURRIED)
LONG = settings(max_examples=EXAMPLES, **_UNHURRIED)


def judge_drawn(kind: str, profile: settings) -> Counter[str]:
    """Judge calls of one kind and return how many came to which outcome."""
    outcomes: Counter[str] = Counter()

    @profile
    @given(STRATEGIES[kind])
    def judge(call: TorchCall) -> None:
        outcomes[judged(call)] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge()
    print(kind, dict(outcomes.most_common()))
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRATEGIES)
def test_calls_at_the_edge_are_judged_as_torch_judges_them(kind: str) -> None:
    outcomes = judge_drawn(kind, QUICK)
    assert outcomes[EQUAL] >= 20
    assert outcomes[REFUSED] >= 20


@pytest.mark.prove
@pytest.mark.parametrize("kind", STRATEGIES)
def test_many_calls_at_the_edge_are_judged_as_torch_judges_them(kind: str) -> None:
    outcomes = judge_drawn(kind, LONG)
    assert outcomes[EQUAL] > EXAMPLES // 50
