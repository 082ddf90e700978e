"""How far down each row of a body lies, and the tracks between the rows."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from archc.backends.dot.layout.grid import Grid
from archc.backends.dot.layout.meeting import Solid
from archc.backends.dot.layout.parts import Head
from archc.backends.dot.layout.rods import Touch
from archc.backends.dot.layout.tracks import TRACK, Across, Course, courses

MARGIN = 9
STRAIGHT = 19
BEFORE_TRACKS = 8
AFTER_TRACKS = 15
BELOW_HEAD = 8
TRACK_BELOW_HEAD = 3


class Levels(Struct, frozen=True):
    """Where each row begins and ends downwards, where each gap has its first track, and which
    tracks each net has in each gap.
    """

    tops: Sequence[int]
    bottoms: Sequence[int]
    starts: Sequence[int]
    courses: Sequence[Mapping[int, Course]]

    def height(self, gap: int, net: int, row: int) -> int:
        """Return how far down a net runs across in a gap where it meets a row."""
        return self.starts[gap] + TRACK * self.courses[gap][net].tracks[row - gap]


class _Room(Struct, frozen=True):
    """The height of a gap: above its first track and below its last, or where it has none."""

    before: int
    after: int
    straight: int


def levels(
    grid: Grid, meets: Touch, solids: Sequence[Solid], head: Head | None, *, rising: bool
) -> Levels:
    """Return where rows lie: the tallest part decides, and how much runs across between."""
    tops, bottoms = [0], [0]
    starts: list[int] = []
    found: list[Mapping[int, Course]] = []
    for gap, row in enumerate(grid.rows[1:]):
        room = _room(grid, gap, head, rising=rising)
        found.append(courses(list(_across(grid, meets, gap))))
        starts.append(bottoms[-1] + room.before)
        lowest = TRACK * max((max(course.tracks) for course in found[-1].values()), default=0)
        size = room.before + lowest + room.after if found[-1] else room.straight
        tops.append(bottoms[-1] + size)
        heights = [solids[vertex].height for vertex in row if grid.body.is_part(vertex)]
        bottoms.append(tops[-1] + max(heights, default=0))
    return Levels(tops, bottoms, starts, found)


def _room(grid: Grid, gap: int, head: Head | None, *, rising: bool) -> _Room:
    """Return the height of a gap; the head stands in the first, of what rises in the last."""
    last = len(grid.rows) - 2
    title = head.height if head is not None and gap == (last if rising else 0) else 0
    if not grid.gaps[gap]:
        return _Room(0, 0, title + (MARGIN if head is not None else 0))
    before = AFTER_TRACKS if grid.rising else BEFORE_TRACKS
    after = MARGIN if gap == last else AFTER_TRACKS
    if not title:
        return _Room(before, after, MARGIN if gap == last else STRAIGHT)
    if rising:
        return _Room(before, title + after, title + BELOW_HEAD)
    return _Room(title + TRACK_BELOW_HEAD, after, title + BELOW_HEAD)


def _across(grid: Grid, meets: Touch, gap: int) -> Iterator[Across]:
    """Yield where each net of a gap meets the rows around it."""
    met: dict[int, tuple[set[int], set[int]]] = {}
    for run in grid.gaps[gap]:
        sides = met.setdefault(run.net, (set(), set()))
        for vertex in (run.start, *run.ends):
            sides[grid.row_of[vertex] - gap].add(meets(vertex, run.net))
    for net, (above, below) in met.items():
        yield Across(net, tuple(sorted(above)), tuple(sorted(below)))
