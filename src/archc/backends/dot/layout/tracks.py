"""Where nets run across between two rows, and how much room that takes."""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf

from msgspec import Struct

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

    Of two nets that meet, the one stands above that so crosses the other less often. What
    does not meet shares a track.
    """
    ranked: list[Across] = []
    for run in sorted((run for run in runs if run.low < run.high), key=lambda run: run.low):
        place = len(ranked)
        while place and _cost(run, ranked[place - 1]) < _cost(ranked[place - 1], run):
            place -= 1
        ranked.insert(place, run)
    found: dict[int, int] = {}
    taken = _Taken()
    for run in ranked:
        found[run.net] = taken.below(run.low, run.high + CLEAR)
    return found


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


def _cost(upper: Across, lower: Across) -> int:
    """Return how often two nets cross where the first runs above the other.

    Lines that would lie upon each other count as many crossings.
    """
    crossed = sum(upper.low < x < upper.high for x in lower.above)
    crossed += sum(lower.low < x < lower.high for x in upper.below)
    covered = sum(abs(x - y) < CLEAR for x in lower.above for y in upper.below)
    return crossed + 10 * covered
