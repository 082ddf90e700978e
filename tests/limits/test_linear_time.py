"""That the work of a check grows as the network does, counted in calls: no clock is asked."""

import sys

import pytest

import archc

BLOCKS = """\
  Pair(n):
    a: Linear(n) -> relu
    b: Linear(n) from a
    return: a + b
"""
BODIES = {
    "layers": "  - for i in range({n}):\n    - Linear(8)\n",
    "lines": "{lines}",
    "blocks": "  - Pair(8) * {n}\n",
    "joins": "  - concat:\n    - for i in range({n}):\n      - Linear(2)\n",
}


def calls_of_check(body: str, count: int) -> int:
    """Return how many functions a check of a network of `count` parts calls."""
    lines = "".join(f"  - Linear({8 + index % 3})\n" for index in range(count))
    model = body.format(n=count, lines=lines)
    text = f"archc: 1\nname: deep\ninputs:\n  x: [B, 8]\nblocks:\n{BLOCKS}model:\n{model}"
    if "Pair(8)" not in model:
        text = text.replace(f"blocks:\n{BLOCKS}", "")
    calls = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        report = archc.check(text=text)
    finally:
        sys.setprofile(None)
    assert report.ok, str(report)
    return calls


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_check_of_four_times_the_layers_takes_four_times_the_calls(body: str) -> None:
    calls_of_check(body, 10)
    few, many = calls_of_check(body, 200), calls_of_check(body, 800)
    assert many < 4.1 * few
