"""Where nets run across between two rows, and how much room that takes."""

from collections.abc import Sequence

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
    placed: list[tuple[Across, int]] = []
    for run in ranked:
        track = max((level + 1 for other, level in placed if _meet(run, other)), default=0)
        placed.append((run, track))
        found[run.net] = track
    return found


def _meet(one: Across, other: Across) -> bool:
    return one.low <= other.high + CLEAR and other.low <= one.high + CLEAR


def _cost(upper: Across, lower: Across) -> int:
    """Return how often two nets cross where the first runs above the other.

    Lines that would lie upon each other count as many crossings.
    """
    crossed = sum(upper.low < x < upper.high for x in lower.above)
    crossed += sum(lower.low < x < lower.high for x in upper.below)
    covered = sum(abs(x - y) < CLEAR for x in lower.above for y in upper.below)
    return crossed + 10 * covered
