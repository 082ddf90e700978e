"""Vertices that stand in one line, one below the other, whatever else moves."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from archc.backends.dot.layout.grid import Grid, Link

Touch = Callable[[int, int], int]
"""Where a net meets a vertex, counted from the vertex's left edge."""


class Rods(Struct, frozen=True):
    """The rod of each vertex, and how far right of the rod its left edge stands."""

    of: tuple[int, ...]
    offsets: tuple[int, ...]
    count: int


def rods(grid: Grid, order: Sequence[Sequence[int]], touch: Touch) -> Rods:
    """Return which vertices are held in one line.

    A net's lanes are, and two vertices of which each is the other's only way on: of two ways
    on the main flow's is meant. Where such lines cross, the later one gives way.
    """
    of = [-1] * len(grid.row_of)
    offsets = [0] * len(grid.row_of)
    joined = {link.lower: link for link in _held(grid, order)}
    count = 0
    for vertex in (vertex for row in order for vertex in row):
        link = joined.get(vertex)
        if link is None:
            of[vertex] = count
            count += 1
        else:
            shift = touch(link.upper, link.net) - touch(vertex, link.net)
            of[vertex], offsets[vertex] = of[link.upper], offsets[link.upper] + shift
    return Rods(tuple(of), tuple(offsets), count)


def _held(grid: Grid, order: Sequence[Sequence[int]]) -> Iterator[Link]:
    """Yield the links that hold two vertices in line, of which no two cross."""
    place = {vertex: number for row in order for number, vertex in enumerate(row)}
    links = list(grid.links())
    ahead = _only(grid, links, lambda link: link.upper, lambda link: link.lower)
    behind = _only(grid, links, lambda link: link.lower, lambda link: link.upper)
    kept: dict[int, list[Link]] = {}
    for link in sorted(links, key=lambda link: not grid.is_lane(link.upper)):
        if ahead[link.upper] != link or behind[link.lower] != link:
            continue
        others = kept.setdefault(grid.row_of[link.upper], [])
        if not any(_cross(place, link, other) for other in others):
            others.append(link)
            yield link


def _cross(place: dict[int, int], one: Link, other: Link) -> bool:
    upper = place[one.upper] - place[other.upper]
    lower = place[one.lower] - place[other.lower]
    return upper * lower < 0


def _only(
    grid: Grid,
    links: Sequence[Link],
    end: Callable[[Link], int],
    other: Callable[[Link], int],
) -> dict[int, Link | None]:
    """Return the one link of each vertex that leads on, if there is one such."""
    found: dict[int, list[Link]] = {}
    for link in links:
        found.setdefault(end(link), []).append(link)
    return {vertex: _main(grid, vertex, some, other) for vertex, some in found.items()}


def _main(
    grid: Grid, vertex: int, links: Sequence[Link], other: Callable[[Link], int]
) -> Link | None:
    """Return the link that leads on: a lane's to its next lane, else the one to a part.

    Of two parts, the one on the main flow is meant.
    """
    if grid.is_lane(vertex):
        lanes = [link for link in links if grid.is_lane(other(link))]
        chosen = lanes or links
    else:
        solid = [link for link in links if not grid.is_lane(other(link))]
        solid = [link for link in solid if other(link) not in grid.loose] or solid
        firm = [link for link in solid if other(link) in grid.firm]
        chosen = (firm if len(solid) == 2 else solid) or links
    return chosen[0] if len(chosen) == 1 else None
