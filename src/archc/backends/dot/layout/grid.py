"""The rows of a body with the lanes in which nets pass them, and the runs between two rows."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from archc.backends.dot.layout.bodies import Body, Net
from archc.backends.dot.layout.parts import Leaf
from archc.backends.dot.layout.rows import Rows


class Run(Struct, frozen=True):
    """A net between two rows: the vertex from which it comes, and those to which it goes."""

    net: int
    start: int
    ends: tuple[int, ...]


class Link(Struct, frozen=True):
    """A pair of vertices in neighbouring rows which a net joins; the upper stands first."""

    net: int
    upper: int
    lower: int


class Way(Struct, frozen=True):
    """How a net reaches one target: the vertices it passes and the gap before each.

    A gap has the number of the row above it. `at_side` tells that the last vertex is a lane
    beside the target, which is entered from there.
    """

    net: int
    target: int
    vertices: tuple[int, ...]
    gaps: tuple[int, ...]
    at_side: bool


_Ways = Mapping[tuple[str, int], Way]


class Grid(Struct, frozen=True):
    """The vertices of each row and the runs in each gap.

    Vertices beyond the parts and ports of the body are lanes. `beside` names the sign that a
    lane ends at. The main flow passes the firm vertices, which ought to stand in one line.
    """

    body: Body
    rows: tuple[tuple[int, ...], ...]
    gaps: tuple[tuple[Run, ...], ...]
    row_of: tuple[int, ...]
    beside: Mapping[int, int]
    ways: _Ways
    firm: frozenset[int]
    loose: frozenset[int]
    rising: frozenset[int]

    def is_lane(self, vertex: int) -> bool:
        """Return whether a vertex is a place where a net passes a row beside the main flow."""
        return vertex >= self.body.count and vertex not in self.firm

    def links(self) -> Iterator[Link]:
        """Yield who ought to stand above whom.

        A sign that is entered from its sides alone stands below what enters it.
        """
        straight = {end for runs in self.gaps for run in runs for end in run.ends}
        for runs in self.gaps:
            for run in runs:
                for end in run.ends:
                    sign = self.beside.get(end, end)
                    yield from self._link(run, end)
                    if sign not in straight:
                        yield from self._link(run, sign)

    def _link(self, run: Run, end: int) -> Iterator[Link]:
        rows = self.row_of[run.start], self.row_of[end]
        if rows[0] != rows[1]:
            upper, lower = (run.start, end) if rows[0] < rows[1] else (end, run.start)
            yield Link(run.net, upper, lower)


class _Draft(Struct):
    """A grid while lanes are still added."""

    body: Body
    rows: Rows
    row_of: list[int]
    beside: dict[int, int] = field(default_factory=dict[int, int])
    runs: dict[tuple[int, int, int], dict[int, None]] = field(
        default_factory=dict[tuple[int, int, int], dict[int, None]]
    )

    def lane(self, row: int) -> int:
        self.row_of.append(row)
        return len(self.row_of) - 1


def grid(body: Body, rows: Rows) -> Grid:
    """Return the rows of a body, with a lane wherever a net passes one."""
    draft = _Draft(body, rows, list(rows.of))
    leading = _leading(body, rows)
    sides = _sides(body, rows, leading)
    ways: dict[tuple[str, int], Way] = {}
    for number, net in enumerate(body.nets):
        lanes = _lanes(draft, net)
        for target in net.targets:
            ways[net.source, target] = _way(draft, number, target, lanes, number in sides[target])
    gaps: list[list[Run]] = [[] for _ in range(rows.last + 1)]
    for (gap, number, start), ends in draft.runs.items():
        gaps[gap].append(Run(number, start, tuple(ends)))
    members: list[list[int]] = [[] for _ in range(rows.last + 1)]
    for vertex, row in enumerate(draft.row_of):
        members[row].append(vertex)
    return Grid(
        body,
        tuple(map(tuple, members)),
        tuple(map(tuple, gaps)),
        tuple(draft.row_of),
        draft.beside,
        ways,
        frozenset(_firm(body, leading, rows, ways)),
        rows.loose,
        rows.rising,
    )


def _firm(body: Body, leading: Mapping[int, int], rows: Rows, ways: _Ways) -> Iterator[int]:
    """Yield what the main flow passes: ports, critical parts, and the lanes between them."""
    yield from rows.critical
    yield from range(len(body.parts), body.count)
    for number, target in leading.items():
        yield from ways[body.nets[number].source, target].vertices


def _leading(body: Body, rows: Rows) -> dict[int, int]:
    """Return the nets of the main flow, and where each goes on.

    Of several that lead to one place, those from the row before it are meant, if there are such.
    """
    found: dict[int, list[int]] = {}
    for number, net in enumerate(body.nets):
        target = _next(body, rows, net)
        if target is not None:
            found.setdefault(target, []).append(number)
    leading: dict[int, int] = {}
    for target, numbers in found.items():
        straight = [number for number in numbers if _is_straight(body, rows, number, target)]
        leading.update(dict.fromkeys(straight or numbers, target))
    return leading


def _next(body: Body, rows: Rows, net: Net) -> int | None:
    """Return where the main flow goes on from the origin of a net, unless it divides there."""
    if not _is_main(body, rows, net.origin):
        return None
    ahead = [target for target in net.targets if target not in rows.loose]
    nearest = min((abs(rows.of[target] - rows.of[net.origin]) for target in ahead), default=0)
    near = [target for target in ahead if abs(rows.of[target] - rows.of[net.origin]) == nearest]
    return near[0] if len(near) == 1 and _is_main(body, rows, near[0]) else None


def _is_main(body: Body, rows: Rows, vertex: int) -> bool:
    return vertex in rows.critical or not body.is_part(vertex)


def _first_gap(draft: _Draft, origin: int) -> int:
    return draft.row_of[origin] - (origin in draft.rows.rising)


def _last_gap(draft: _Draft, target: int) -> int:
    return draft.row_of[target] - (target not in draft.rows.rising)


def _lanes(draft: _Draft, net: Net) -> dict[int, int]:
    """Return a lane in each row that lies between two gaps which the net has to reach."""
    gaps = [_first_gap(draft, net.origin), *(_last_gap(draft, target) for target in net.targets)]
    return {row: draft.lane(row) for row in range(min(gaps) + 1, max(gaps) + 1)}


def _way(draft: _Draft, number: int, target: int, lanes: Mapping[int, int], at_side: bool) -> Way:
    net = draft.body.nets[number]
    first, last = _first_gap(draft, net.origin), _last_gap(draft, target)
    end = target
    if at_side:
        end = draft.lane(draft.row_of[target])
        draft.beside[end] = target
    if first <= last:
        gaps = tuple(range(first, last + 1))
        passed = [lanes[row] for row in gaps[1:]]
    else:
        gaps = tuple(range(first, last - 1, -1))
        passed = [lanes[row + 1] for row in gaps[1:]]
    vertices = (net.origin, *passed, end)
    for gap, start, stop in zip(gaps, vertices, vertices[1:], strict=False):
        draft.runs.setdefault((gap, number, start), {})[stop] = None
    return Way(number, target, vertices, gaps, at_side)


def _sides(body: Body, rows: Rows, leading: Mapping[int, int]) -> Sequence[frozenset[int]]:
    """Return, for each vertex, the nets that enter it from the side."""
    entering: list[list[int]] = [[] for _ in range(body.count)]
    for number, net in enumerate(body.nets):
        for target in net.targets:
            entering[target].append(number)
    return [
        frozenset(_side_nets(body, rows, leading, vertex, numbers))
        for vertex, numbers in enumerate(entering)
    ]


def _side_nets(
    body: Body, rows: Rows, leading: Mapping[int, int], vertex: int, numbers: Sequence[int]
) -> Iterator[int]:
    """Yield the nets that enter a sign from the side: all but the main flow's.

    Where two are equal they come from both sides. A sign with room at its top is entered
    there by three or more.
    """
    part = body.parts[vertex] if body.is_part(vertex) else None
    if not isinstance(part, Leaf) or not part.is_sign or len(numbers) < 2:
        return
    if len(numbers) > 2 and not part.is_narrow:
        return
    main = [number for number in numbers if leading.get(number) == vertex]
    straight = [number for number in numbers if _is_straight(body, rows, number, vertex)]
    best = main or straight
    middle = best[len(best) // 2] if len(best) % 2 else None
    yield from (number for number in numbers if number != middle)


def _is_straight(body: Body, rows: Rows, number: int, target: int) -> bool:
    """Return whether a net comes from the row just before its target."""
    origin = body.nets[number].origin
    step = -1 if target in rows.rising else 1
    same_way = (origin in rows.rising) == (target in rows.rising)
    return same_way and rows.of[target] - rows.of[origin] == step
