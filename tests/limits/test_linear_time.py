"""That the work of a check grows as the network does, counted in calls: no clock is asked."""

import sys
from collections.abc import Callable

import pytest

import archc
from archc.backends.dot import dot
from archc.backends.dot.layout.tracks import Across, courses
from archc.backends.python_source import python_source

HEAD = "archc: 1\nname: deep\ninputs:\n  x: [B, 8]\n"
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
    text = f"{HEAD}blocks:\n{BLOCKS}model:\n{model}"
    if "Pair(8)" not in model:
        text = text.replace(f"blocks:\n{BLOCKS}", "")
    reports: list[archc.Report] = []
    calls = calls_of(lambda: reports.append(archc.check(text=text)))
    assert reports[0].ok, str(reports[0])
    return calls


def calls_of(act: Callable[[], object]) -> int:
    """Return how many functions an act calls."""
    calls = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_check_of_four_times_the_layers_takes_four_times_the_calls(body: str) -> None:
    calls_of_check(body, 10)
    few, many = calls_of_check(body, 200), calls_of_check(body, 800)
    assert many < 4.1 * few


LOOPS = """\
blocks:
  Unit()(x, y):
    fc: Linear(8) from x
    return: fc + y
model:
  let h: x
"""


def calls_of_source(count: int) -> int:
    """Return how many functions the source of a network of `count` loops calls."""
    loop = "  l{0}:\n    - for _ in range(3):\n        - Unit from h, x as h\n"
    text = HEAD + LOOPS + "".join(loop.format(index) for index in range(count))
    graph = archc.check(text=text).graph
    assert graph is not None
    return calls_of(lambda: python_source(graph))


def test_source_of_four_times_the_loops_takes_four_times_the_calls() -> None:
    calls_of_source(5)
    few, many = calls_of_source(40), calls_of_source(160)
    assert many < 4.5 * few


WIDE = {
    "joined": "  - concat:\n    - for i in range({n}):\n      - Linear(2)\n",
    "chained": "  - concat:\n    - for i in range({n}):\n      - Linear(2) -> relu\n",
}


def calls_of_diagram(body: str, count: int) -> int:
    """Return how many functions the diagram of a network of `count` branches calls."""
    graph = archc.check(text=f"{HEAD}model:\n{body.format(n=count)}").graph
    assert graph is not None
    return calls_of(lambda: dot(graph))


@pytest.mark.parametrize("body", WIDE.values(), ids=WIDE)
def test_diagram_of_four_times_the_branches_takes_four_times_the_calls(body: str) -> None:
    calls_of_diagram(body, 5)
    few, many = calls_of_diagram(body, 200), calls_of_diagram(body, 800)
    assert many < 5 * few


def calls_of_courses(pairs: int) -> int:
    """Return how many functions find tracks for pairs of lines that change places."""
    runs = [Across(line, (30 * line,), (30 * (line ^ 1),)) for line in range(2 * pairs)]
    return calls_of(lambda: courses(runs))


def test_tracks_of_four_times_the_lines_that_change_places_take_four_times_the_calls() -> None:
    few, many = calls_of_courses(50), calls_of_courses(200)
    assert many < 5 * few


def calls_of_figures(count: int) -> int:
    """Return how many functions the check of figures of `count` paths calls that nobody has."""
    lines = "".join(f"  aaaab{index}: ReLU\n" for index in range(count))
    shapes = "".join(f"    aaaac{index}: [B, 8]\n" for index in range(count))
    text = f"{HEAD}model:\n{lines}expect:\n  source: none\n  shapes:\n{shapes}"
    return calls_of(lambda: archc.check(text=text))


def test_figures_of_four_times_the_wrong_paths_take_four_times_the_calls() -> None:
    calls_of_figures(5)
    few, many = calls_of_figures(100), calls_of_figures(400)
    assert many < 5 * few


def calls_of_unknown_parameters(count: int) -> int:
    """Return how many functions are called to refuse `count` parameters that a spec lacks."""
    declared = "".join(f"  aaaab{index}: 1\n" for index in range(count))
    given = {f"aaaac{index}": 1 for index in range(count)}
    text = f"{HEAD}params:\n{declared}model:\n  - ReLU\n"
    return calls_of(lambda: archc.check(text=text, params=given))


def test_four_times_the_unknown_parameters_take_four_times_the_calls() -> None:
    calls_of_unknown_parameters(5)
    few, many = calls_of_unknown_parameters(100), calls_of_unknown_parameters(400)
    assert many < 5 * few
