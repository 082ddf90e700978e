"""Where nets run across between two rows, and how much room that takes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import inf

from msgspec import Struct

from archc.backends.dot.layout.sequence import Link, in_sequence

TRACK = 8
CLEAR = 5


class Across(Struct, frozen=True):
    """A net in one gap: where it touches the row above and the row below."""

    net: int
    above: tuple[int, ...]
    below: tuple[int, ...]

    @property
    def low(self) -> int:
        """The left end of the run."""
        return min(self.above + self.below)

    @property
    def high(self) -> int:
        """The right end of the run."""
        return max(self.above + self.below)


def tracks(runs: Sequence[Across]) -> dict[int, int]:
    """Return the track of each net that runs across, counted from the top.

    Of two nets that meet, the one stands above that so crosses the other less often, unless
    they would lie upon each other. What does not meet shares a track.
    """
    found: dict[int, int] = {}
    taken = _Taken()
    ranked = _ranked(runs)
    for place in in_sequence(len(ranked), list(_apart(ranked))):
        run = ranked[place]
        found[run.net] = taken.below(run.low, run.high + CLEAR)
    return found


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
    ups = sorted((x, place) for place, run in enumerate(runs) for x in run.above)
    for lower, run in enumerate(runs):
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
