"""Who stands left of whom in a row, so that few wires cross."""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence

from archc.backends.dot.layout.grid import Grid

SWEEPS = 8

Order = list[list[int]]
Near = Mapping[int, Sequence[int]]
"""The neighbours of each vertex in the row above it, or in the row below."""


def ordered(grid: Grid) -> Order:
    """Return the vertices of each row from left to right.

    Rows are sorted by the middle of what each vertex is joined to, down and up in turn; the
    order with the fewest crossings is kept. Where the flow turns, it falls at the left and
    rises at the right.
    """
    if grid.rising:
        sides = [sorted(row, key=lambda vertex: _side(grid, vertex)) for row in grid.rows]
        return [_beside_their_signs(grid, row) for row in sides]
    above, below = _neighbours(grid)
    order = [list(row) for row in grid.rows]
    _sweep(grid, order, order, above)
    best, fewest = [row.copy() for row in order], crossings(order, below)
    for sweep in range(SWEEPS if fewest else 0):
        if sweep % 2 == 0:
            _sweep(grid, order, order[::-1], below)
        else:
            _sweep(grid, order, order, above)
        count = crossings(order, below)
        if count < fewest:
            best, fewest = [row.copy() for row in order], count
    return [_beside_their_signs(grid, row) for row in best]


def crossings(order: Sequence[Sequence[int]], below: Near) -> int:
    """Return how many pairs of links cross."""
    place = _places(order)
    count = 0
    for row in order:
        seen: list[int] = []
        for upper in row:
            ends = sorted(place[lower] for lower in below.get(upper, ()))
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _neighbours(grid: Grid) -> tuple[Near, Near]:
    """Return for each vertex those it is joined to in the row above and in the row below."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for link in grid.links():
        below.setdefault(link.upper, []).append(link.lower)
        above.setdefault(link.lower, []).append(link.upper)
    return above, below


def _places(order: Sequence[Sequence[int]]) -> dict[int, int]:
    return {vertex: place for row in order for place, vertex in enumerate(row)}


def _sweep(grid: Grid, order: Order, rows: Sequence[list[int]], near: Near) -> None:
    """Sort rows, one after the other, by the middle of each vertex's neighbours.

    In doubt the main flow stands at the left, then lanes, then what stands beside the flow.
    """
    place = _places(order)

    def key(vertex: int) -> tuple[int, int, int]:
        ends = near.get(vertex, ())
        total = sum(1000 * place[end] for end in ends)
        middle = total // len(ends) if ends else 1000 * place[vertex]
        return middle, grid.is_lane(vertex) + 2 * (vertex in grid.loose), place[vertex]

    for row in rows:
        row.sort(key=key)
        place.update({vertex: number for number, vertex in enumerate(row)})


def _side(grid: Grid, vertex: int) -> tuple[bool, int, int]:
    """Return what sorts a row of a flow that turns: what stands beside the flow is outermost."""
    rises = vertex in grid.rising
    outer = vertex in grid.loose
    return rises, outer if rises else not outer, vertex


def _beside_their_signs(grid: Grid, row: Sequence[int]) -> list[int]:
    """Return a row in which each lane that ends at a sign stands next to it."""
    place = {vertex: number for number, vertex in enumerate(row)}
    lanes: dict[int, list[int]] = {}
    for vertex in row:
        if vertex in grid.beside:
            lanes.setdefault(grid.beside[vertex], []).append(vertex)
    found: list[int] = []
    for vertex in row:
        if vertex not in grid.beside:
            sides = lanes.get(vertex, ())
            found += [lane for lane in sides if place[lane] < place[vertex]]
            found.append(vertex)
            found += [lane for lane in sides if place[lane] > place[vertex]]
    return found
