"""Where nets meet the parts of a body: which entry is whose."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from archc.backends.dot.layout.grid import Grid
from archc.backends.dot.layout.ordering import Order
from archc.backends.dot.layout.parts import Leaf

ENTRY_STEP = 18
ENTRY_SIDE = 12
SNAP = 3

Offsets = Mapping[tuple[int, int], int]
"""How far right of its left edge a vertex is met by a net; a port or a lane is met at its own."""


class Solid(Struct, frozen=True):
    """What a body knows of a part: its size, and where results enter and leave it.

    Where entries are not given, they are spread over the width; a result leaves in the middle.
    """

    width: int
    height: int
    entries: Mapping[str, int] = field(default_factory=dict[str, int])
    exits: Mapping[str, int] = field(default_factory=dict[str, int])


def offsets(grid: Grid, order: Order, solids: Sequence[Solid]) -> dict[tuple[int, int], int]:
    """Return where each net meets each part it leaves or enters."""
    body = grid.body
    place = {vertex: number for row in order for number, vertex in enumerate(row)}
    found: dict[tuple[int, int], int] = {}
    for number, net in enumerate(body.nets):
        if body.is_part(net.origin):
            solid = solids[net.origin]
            found[net.origin, number] = solid.exits.get(net.source, solid.width // 2)
    at_top: dict[int, list[tuple[int, int]]] = {}
    for (source, target), way in grid.ways.items():
        if body.is_part(target) and way.at_side:
            found[target, way.net] = solids[target].width // 2
        elif body.is_part(target) and source in solids[target].entries:
            found[target, way.net] = solids[target].entries[source]
        elif body.is_part(target):
            at_top.setdefault(target, []).append((place[way.vertices[-2]], way.net))
    for target, entering in at_top.items():
        nets = [net for _, net in sorted(entering)]
        for net, entry in zip(
            nets, _entries(grid, target, nets, solids[target].width), strict=True
        ):
            found[target, net] = entry
    return found


def snapped(
    grid: Grid, found: Offsets, meets: Callable[[int, int], int]
) -> dict[tuple[int, int], int]:
    """Return offsets with which a line that was nearly straight is straight.

    Only boxes can be entered beside their middle; a frame is entered where it leads on inside.
    """
    moved = dict(found)
    for way in grid.ways.values():
        if grid.body.is_part(way.target) and isinstance(grid.body.parts[way.target], Leaf):
            aside = meets(way.vertices[-2], way.net) - meets(way.target, way.net)
            if abs(aside) <= SNAP and not way.at_side:
                moved[way.target, way.net] += aside
    return moved


def _entries(grid: Grid, target: int, nets: Sequence[int], width: int) -> Iterator[int]:
    """Yield where nets enter a part: the main flow in the middle, if one of them is it.

    Else the nets stand around the middle.
    """
    origins = [grid.body.nets[net].origin for net in nets]
    main = [
        place
        for place, origin in enumerate(origins)
        if origin in grid.firm and (origin in grid.rising) == (target in grid.rising)
    ]
    middle = 2 * main[0] if len(main) == 1 else len(nets) - 1
    farthest = max(middle, 2 * len(nets) - 2 - middle, 1)
    step = min(ENTRY_STEP, max(width - 2 * ENTRY_SIDE, 0) // farthest)
    for place in range(len(nets)):
        yield width // 2 + (2 * place - middle) * step // 2
