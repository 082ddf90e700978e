"""Where nets run across between two rows, and how much room that takes."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf

from msgspec import Struct

from archc.backends.dot.layout.sequence import Link, circles_in, in_sequence

TRACK = 8
CLEAR = 5


class Across(Struct, frozen=True):
    """A net in one gap, or its upper or lower half.

    It touches the row above and the row below; the halves touch each other at their step.
    """

    net: int
    above: tuple[int, ...]
    below: tuple[int, ...]
    step: tuple[int, ...] = ()

    @property
    def low(self) -> int:
        """The left end of the run."""
        return min(self.above + self.below + self.step)

    @property
    def high(self) -> int:
        """The right end of the run."""
        return max(self.above + self.below + self.step)


class Course(Struct, frozen=True):
    """The tracks of a net in one gap: where it meets the row above, and the row below.

    Where they are two, it passes from the one to the other at `step`.
    """

    tracks: tuple[int, int]
    step: int


def courses(runs: Sequence[Across]) -> dict[int, Course]:
    """Return the course of each net that runs across, tracks counted from the top.

    Of two nets that meet, the one stands above that so crosses the other less often, unless
    they would lie upon each other. What does not meet shares a track.
    """
    steps = _steps(runs)
    ranked = _ranked([half for run in runs for half in _halves(run, steps)])
    found: dict[int, list[int]] = {}
    taken = _Taken()
    for place in in_sequence(len(ranked), list(_apart(ranked))):
        run = ranked[place]
        found.setdefault(run.net, []).append(taken.below(run.low, run.high + CLEAR))
    return {net: Course((own[0], own[-1]), steps.get(net, 0)) for net, own in found.items()}


def _steps(runs: Sequence[Across]) -> dict[int, int]:
    """Return which nets step, and where.

    Of nets that change places each would have to stand above the other. So one of them begins
    above the rest and ends below.
    """
    steps: dict[int, int] = {}
    touched = sorted({x for run in runs for x in run.above + run.below})
    across = [run for run in runs if run.low < run.high]
    while True:
        before = len(steps)
        halves = [half for run in across for half in _halves(run, steps)]
        for circle in circles_in(len(halves), _apart(halves)):
            chances = _chances([halves[place] for place in circle], touched)
            best = max(chances, default=None)
            if best is not None:
                *_, place, net = best
                steps[net] = place
                insort(touched, place)
        if len(steps) == before:
            return steps


def _halves(run: Across, steps: Mapping[int, int]) -> tuple[Across, ...]:
    """Return what of a net stands above its step and what below, or all of it."""
    if run.net not in steps:
        return (run,)
    step = (steps[run.net],)
    return Across(run.net, run.above, (), step), Across(run.net, (), run.below, step)


def _chances(runs: Sequence[Across], touched: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield where each run has the most room for a step: of two chances the greater is better.

    A run of few ends comes first, for its halves cross less, then one with more room.
    """
    for run in runs:
        own = touched[bisect_left(touched, run.low) : bisect_right(touched, run.high)]
        room, low = max((high - low, low) for low, high in pairwise(own))
        if room > 1:
            yield -len(run.above + run.below), room, low + room // 2, run.net


def _ranked(runs: Sequence[Across]) -> list[Across]:
    """Return the nets that run across, of neighbours that first that so crosses less often."""
    ranked: list[Across] = []
    for run in sorted((run for run in runs if run.low < run.high), key=lambda run: run.low):
        place = len(ranked)
        while place and _crossed(run, ranked[place - 1]) < _crossed(ranked[place - 1], run):
            place -= 1
        ranked.insert(place, run)
    return ranked


def _apart(runs: Sequence[Across]) -> Iterator[Link]:
    """Yield which run has to stand above which, by their places.

    One that goes on down where another comes from above would lie upon it if it stood above.
    """
    firsts = {run.net: place for place, run in enumerate(runs) if run.step and run.above}
    ups = sorted((x, place) for place, run in enumerate(runs) for x in run.above)
    for lower, run in enumerate(runs):
        if run.step and run.below:
            yield firsts[run.net], lower
        for x in run.below:
            first = bisect_left(ups, (x - CLEAR + 1, 0))
            last = bisect_left(ups, (x + CLEAR, 0))
            yield from ((upper, lower) for _, upper in ups[first:last] if upper != lower)


class _Taken:
    """How many tracks are taken at each place from left to right, as steps.

    A run takes the track below all that it meets, so that its steps become one: every step is
    looked at once.
    """

    def __init__(self) -> None:
        self.starts: list[float] = [-inf]
        self.counts = [0]

    def below(self, low: int, high: int) -> int:
        """Return the first track below all that are taken between two places; take it there."""
        first = bisect_right(self.starts, low) - 1
        last = bisect_right(self.starts, high) - 1
        track = max(self.counts[first : last + 1])
        steps = [(self.starts[first], self.counts[first])] if self.starts[first] < low else []
        steps.append((low, track + 1))
        if self.starts[last + 1 : last + 2] != [high + 1]:
            steps.append((high + 1, self.counts[last]))
        self.starts[first : last + 1] = [start for start, _ in steps]
        self.counts[first : last + 1] = [count for _, count in steps]
        return track


def _crossed(upper: Across, lower: Across) -> int:
    """Return how often two nets cross where the first runs above the other."""
    crossed = sum(upper.low < x < upper.high for x in lower.above)
    return crossed + sum(lower.low < x < lower.high for x in upper.below)
