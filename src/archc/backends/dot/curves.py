"""A line of straight pieces with round corners, as the curve that DOT writes for an edge."""

from collections.abc import Iterator

from archc.backends.dot.layout import Path, Point

ROUND = 6


def curve(path: Path) -> list[Point]:
    """Return a path as the control points of cubic curves: one point, then three a piece.

    A corner is a curve whose controls lie two thirds of the way to it.
    """
    found = [path[0]]
    for place in range(1, len(path) - 1):
        before, corner, after = path[place - 1 : place + 2]
        room = min(ROUND, _share(path, place - 1), _share(path, place))
        start, end = toward(corner, before, room), toward(corner, after, room)
        inner = room - 2 * room // 3
        found += _straight(found[-1], start)
        found += [toward(corner, before, inner), toward(corner, after, inner), end]
    return [*found, *_straight(found[-1], path[-1])]


def _share(path: Path, place: int) -> int:
    """Return how much of a piece one corner may take: all of it where it has one corner only."""
    corners = (place > 0) + (place + 2 < len(path))
    return extent(path[place], path[place + 1]) // max(corners, 1)


def shortened(path: Path, length: int) -> Path:
    """Return a path that ends before its end, at most by its last piece."""
    return (*path[:-1], toward(path[-1], path[-2], min(length, extent(path[-2], path[-1]) - 1)))


class Trunks:
    """The edges that are drawn from one place, by the points that they begin with."""

    def __init__(self) -> None:
        self.next: dict[Point, Trunks] = {}
        self.any: Path = ()
        self.farthest: dict[Point, Path] = {}
        """By the step toward it, the edge whose next corner is farthest from here."""

    def branched(self, path: Path) -> Path:
        """Return what an edge leaves of its path, for it leaves the one it shares most with.

        The whole path is drawn from now on.
        """
        place, shared = self, 0
        while shared < len(path) and path[shared] in place.next:
            place = place.next[path[shared]]
            shared += 1
        left = path
        if 0 < shared < len(path):
            step = toward((0, 0), _difference(path[shared - 1], path[shared]), 1)
            left = branch(path, place.farthest.get(step, place.any))
        self._add(path)
        return left

    def _add(self, path: Path) -> None:
        place = self
        for shared, point in enumerate(path):
            if shared:
                before = path[shared - 1]
                step = toward((0, 0), _difference(before, point), 1)
                known = place.farthest.get(step)
                if known is None or extent(before, known[shared]) < extent(before, point):
                    place.farthest[step] = path
            place = place.next.setdefault(point, Trunks())
            place.any = path


def _difference(start: Point, end: Point) -> Point:
    return end[0] - start[0], end[1] - start[1]


def branch(path: Path, trunk: Path) -> Path:
    """Return what of a path remains where it leaves another, with room for a round corner.

    Both begin at the same point; the other is drawn whole.
    """
    shared = 0
    while shared < min(len(path), len(trunk)) and path[shared] == trunk[shared]:
        shared += 1
    if shared in {0, len(path)}:
        return path
    before = path[shared - 1]
    if shared < len(trunk) and _same_way(before, path[shared], trunk[shared]):
        apart = min(extent(before, path[shared]), extent(before, trunk[shared]))
        leaving = toward(before, path[shared], apart)
        return (toward(leaving, before, min(ROUND, apart)), *path[shared:])
    if shared == 1:
        return path
    back = min(ROUND, extent(before, path[shared - 2]))
    return (toward(before, path[shared - 2], back), *path[shared - 1 :])


def _same_way(start: Point, one: Point, other: Point) -> bool:
    return toward(start, one, 1) == toward(start, other, 1)


def toward(start: Point, end: Point, length: int) -> Point:
    """Return the point `length` from `start` on the way to `end`, which lies straight from it."""
    step = (end[0] > start[0]) - (end[0] < start[0]), (end[1] > start[1]) - (end[1] < start[1])
    return start[0] + step[0] * length, start[1] + step[1] * length


def _straight(start: Point, end: Point) -> Iterator[Point]:
    yield from (start, end, end)


def extent(one: Point, other: Point) -> int:
    """Return how far two points of a straight piece are apart."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])
