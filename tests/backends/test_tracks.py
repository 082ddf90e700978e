"""Where lines run across between two rows: each on a track that is free, none upon another."""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from archc.backends.dot.layout import Path
from archc.backends.dot.layout.sequence import circles_in
from archc.backends.dot.layout.tracks import CLEAR, Across, Course, courses
from tests.backends.layout_faults import covered


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
@settings(deadline=None)
def test_runs_that_meet_have_tracks_of_their_own_and_none_is_left_free(
    ends: list[tuple[int, int]],
) -> None:
    runs = [Across(net, (one,), (other,)) for net, (one, other) in enumerate(ends)]
    found = courses(runs)
    assert set(found) == {run.net for run in runs if run.low < run.high}
    pieces = [piece for run in runs if run.net in found for piece in _pieces(run, found[run.net])]
    for low, high, track in pieces:
        met = sorted(
            other
            for other_low, other_high, other in pieces
            if low <= other_high + CLEAR and other_low <= high + CLEAR
        )
        assert met.count(track) == 1
        assert track == 0 or track - 1 in met


def _pieces(run: Across, course: Course) -> Iterator[tuple[int, int, int]]:
    """Yield from where to where a net runs across, and on which track."""
    first, last = course.tracks
    if first == last:
        yield run.low, run.high, first
        return
    for ends, track in ((run.above, first), (run.below, last)):
        yield min(*ends, course.step), max(*ends, course.step), track


def test_run_that_comes_down_where_another_goes_on_stands_above_it_whatever_stands_between() -> (
    None
):
    going_on = Across(0, above=(96, 164), below=(12, 96, 140))
    between = Across(1, above=(128,), below=(30, 128))
    coming_down = Across(2, above=(140,), below=(48,))
    found = courses([going_on, between, coming_down])
    assert found[coming_down.net].tracks < found[going_on.net].tracks


def test_of_runs_that_change_places_one_steps_past_the_other() -> None:
    found = courses([Across(0, (10,), (40,)), Across(1, (40,), (10,))])
    assert sorted(course.tracks for course in found.values()) == [(0, 2), (1, 1)]
    assert [course.step for course in found.values() if course.tracks == (0, 2)] == [25]


def test_run_of_one_end_steps_past_a_run_of_two() -> None:
    found = courses([Across(0, (60,), (10, 90)), Across(1, (90,), (60,))])
    assert {net: course.tracks for net, course in found.items()} == {0: (1, 1), 1: (0, 2)}


LINKS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30)


@given(LINKS)
@settings(deadline=None)
def test_circles_share_no_number_and_without_them_there_are_none(
    links: list[tuple[int, int]],
) -> None:
    found = list(circles_in(10, links))
    for circle in found:
        assert set(zip(circle, [*circle[1:], circle[0]], strict=True)) <= set(links)
    members = [number for circle in found for number in circle]
    assert len(set(members)) == len(members)
    rest = TopologicalSorter[int]()
    for tail, head in links:
        if not {tail, head} & set(members):
            rest.add(head, tail)
    rest.prepare()


@st.composite
def random_rows(draw: st.DrawFn) -> list[Across]:
    """Return runs between two rows in which no two places are nearer than two lanes."""
    count = draw(st.integers(1, 12))
    steps = st.lists(st.integers(12, 30), min_size=count, max_size=count)
    above = accumulate(draw(steps))
    below = draw(st.permutations(list(accumulate(draw(steps)))))
    owners = draw(st.lists(st.integers(0, count - 1), min_size=count, max_size=count))
    goals = [
        [x for x, owner in zip(below, owners, strict=True) if owner == n] for n in range(count)
    ]
    return [Across(net, (x,), tuple(goals[net])) for net, x in enumerate(above) if goals[net]]


@given(random_rows())
@settings(deadline=None)
def test_runs_do_not_lie_upon_each_other_however_they_change_places(runs: list[Across]) -> None:
    found = courses(runs)
    paths = {
        (f"{run.net}", f"{run.net} {end}"): _between_rows(run.above[0], end, found.get(run.net))
        for run in runs
        for end in run.below
    }
    assert list(covered(paths)) == []


def _between_rows(start: int, end: int, course: Course | None) -> Path:
    if start == end or course is None:
        return (start, -1), (end, 99)
    first, last = course.tracks
    step = () if first == last else ((course.step, first), (course.step, last))
    return (start, -1), (start, first), *step, (end, last), (end, 99)
