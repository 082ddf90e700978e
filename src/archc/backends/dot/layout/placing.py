"""One body laid out: the place of its parts, and the way of each net in it."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from archc.backends.dot.layout.alignment import aligned
from archc.backends.dot.layout.bodies import Body
from archc.backends.dot.layout.grid import Grid, Way, grid
from archc.backends.dot.layout.levels import MARGIN, Levels, levels
from archc.backends.dot.layout.meeting import Offsets, Solid, offsets, snapped
from archc.backends.dot.layout.ordering import ordered
from archc.backends.dot.layout.parts import Box, Head, Path, Point
from archc.backends.dot.layout.rows import Rows

HEAD_CLEAR = 7


class Placed(Struct, frozen=True):
    """A body laid out, counted from its upper left corner."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    entries: Mapping[str, int]
    exits: Mapping[str, int]
    paths: Mapping[tuple[str, int], Path]

    @property
    def solid(self) -> Solid:
        """The body as a part of another."""
        return Solid(self.width, self.height, self.entries, self.exits)


class _Places(Struct, frozen=True):
    """A grid whose vertices have places: across, where nets meet them, and downwards."""

    grid: Grid
    left: Sequence[int]
    offsets: Offsets
    boxes: Sequence[Box]
    levels: Levels

    def meets(self, vertex: int, net: int) -> int:
        return self.left[vertex] + self.offsets.get((vertex, net), 0)


def placed(
    body: Body, rows: Rows, solids: Sequence[Solid], head: Head | None, *, rising: bool = False
) -> Placed:
    """Return a body laid out, within a margin where it has a head.

    One that rises is laid out falling, then turned over, with its head at the top all the same.
    """
    lattice = grid(body, rows)
    order = ordered(lattice)
    if rising:
        order = [row[::-1] for row in order]
    widths = [solid.width for solid in solids] + [0] * (len(lattice.row_of) - len(solids))
    found = offsets(lattice, order, solids)
    left = aligned(lattice, order, widths, lambda vertex, net: found.get((vertex, net), 0))
    left, width = _within(body, left, widths, head, rising=rising)
    found = snapped(lattice, found, lambda v, net: left[v] + found.get((v, net), 0))
    heights = levels(
        lattice, lambda v, net: left[v] + found.get((v, net), 0), solids, head, rising=rising
    )
    boxes = tuple(_boxes(lattice, left, heights, solids))
    places = _Places(lattice, left, found, boxes, heights)
    flat = Placed(
        width,
        heights.bottoms[-1],
        boxes,
        {name: left[len(body.parts) + place] for place, name in enumerate(body.entrances)},
        {name: left[body.first_exit + place] for place, name in enumerate(body.exits)},
        {end: _path(places, way) for end, way in lattice.ways.items()},
    )
    return _turned_over(flat) if rising else flat


def _turned_over(flat: Placed) -> Placed:
    """Return a body upside down: what flowed down flows up."""
    height = flat.height
    boxes = tuple(Box(box.left, height - box.bottom, box.width, box.height) for box in flat.boxes)
    paths = {end: tuple((x, height - y) for x, y in path) for end, path in flat.paths.items()}
    return Placed(flat.width, height, boxes, flat.entries, flat.exits, paths)


def _within(
    body: Body, left: Sequence[int], widths: Sequence[int], head: Head | None, *, rising: bool
) -> tuple[list[int], int]:
    """Return left edges counted from the frame's, and the frame's width.

    There is room for the title left of what passes it, and for the badge right of that.
    """
    start = min(left)
    end = max(place + width for place, width in zip(left, widths, strict=True))
    if head is not None:
        first, after = (
            (body.first_exit, body.count) if rising else (len(body.parts), body.first_exit)
        )
        doors = left[first:after]
        start = min([start, *(door - HEAD_CLEAR - head.left for door in doors)]) - MARGIN
        if head.right:
            end = max([end, *(door + HEAD_CLEAR + head.right for door in doors)])
        end = max(end, start + MARGIN + head.left + HEAD_CLEAR + head.right) + MARGIN
    return [place - start for place in left], end - start


def _boxes(
    lattice: Grid, left: Sequence[int], heights: Levels, solids: Sequence[Solid]
) -> Iterator[Box]:
    """Yield the place of each part: at the top of its row, where the flow rises at the foot."""
    for part, solid in enumerate(solids):
        row = lattice.row_of[part]
        rises = part in lattice.rising
        top = heights.bottoms[row] - solid.height if rises else heights.tops[row]
        yield Box(left[part], top, solid.width, solid.height)


def _path(places: _Places, way: Way) -> Path:
    """Return the way of a net to one target as a line of straight pieces."""
    points: list[Point] = [_end(places, way, 0)]
    for gap, start, stop in zip(way.gaps, way.vertices, way.vertices[1:], strict=False):
        one, other = places.meets(start, way.net), places.meets(stop, way.net)
        if one != other:
            step = places.levels.courses[gap][way.net].step
            rows = (places.grid.row_of[vertex] for vertex in (start, stop))
            first, last = (places.levels.height(gap, way.net, row) for row in rows)
            # where it keeps to one track, the step lies in line with its ends and is left out
            points += [(one, first), (step, first), (step, last), (other, last)]
    if way.at_side:
        sign = places.boxes[way.target]
        x = places.left[way.vertices[-1]]
        middle = sign.top + sign.height // 2
        points += [(x, middle), (sign.right if x > sign.right else sign.left, middle)]
    else:
        points.append(_end(places, way, -1))
    return simplified(points)


def _end(places: _Places, way: Way, end: int) -> Point:
    """Return where a way begins or ends: at the side of the vertex that faces the gap."""
    vertex, gap = way.vertices[end], way.gaps[end]
    row = places.grid.row_of[vertex]
    x = places.meets(vertex, way.net)
    if not places.grid.body.is_part(vertex):
        return x, places.levels.tops[row]
    box = places.boxes[vertex]
    return x, box.bottom if gap == row else box.top


def simplified(points: Sequence[Point]) -> Path:
    """Return a line without points that lie on the way between their neighbours."""
    found: list[Point] = []
    for point in points:
        if found and point == found[-1]:
            continue
        while len(found) > 1 and _straight(found[-2], found[-1], point):
            found.pop()
        found.append(point)
    return tuple(found)


def _straight(one: Point, middle: Point, other: Point) -> bool:
    return one[0] == middle[0] == other[0] or one[1] == middle[1] == other[1]
