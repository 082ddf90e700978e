"""Where a long flow may be cut into columns, and where it is best cut."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from archc.backends.dot.layout.bodies import Body

MOST_COLUMNS = 8

Cuts = tuple[int, ...]
"""The parts after which a column ends."""


def choices(body: Body, bottoms: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the column of each part, for two columns, three, …

    A column ends after a part that alone feeds all that follow. What may stand beside the
    flow stays in the column that feeds it. `bottoms` tells how far down each part ends where
    all stand in one column.
    """
    ends = _ends(body)
    height = max(bottoms, default=0)
    depths = _depths(body, bottoms, ends)
    for count in range(2, min(len(ends) + 1, MOST_COLUMNS) + 1):
        columns = _columns(body, _balanced(depths, height, count))
        if _is_one_way(body, columns):
            yield columns


def _ends(body: Body) -> list[int]:
    """Return the parts that alone feed all that follow, in order."""
    order = [part for part in range(len(body.parts)) if not body.parts[part].is_loose]
    places = {part: place for place, part in enumerate(order)}
    reach = [0] * len(order)
    for net in body.nets:
        if net.origin in places:
            ahead = [places[target] for target in net.targets if target in places]
            reach[places[net.origin]] = max([reach[places[net.origin]], *ahead])
    ends: list[int] = []
    open_until = 0
    for place, part in enumerate(order[:-1]):
        if open_until <= place < reach[place]:
            ends.append(part)
        open_until = max(open_until, reach[place])
    return ends


def _depths(body: Body, bottoms: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    """Return the parts after which a column may end, each with how far down the flow is there."""
    flow = [
        0 if part.is_loose else bottom for part, bottom in zip(body.parts, bottoms, strict=True)
    ]
    deepest = list(accumulate(flow, max))
    return [(deepest[end], end) for end in ends]


def _balanced(ends: Sequence[tuple[int, int]], height: int, count: int) -> frozenset[int]:
    """Return the cuts into at most `count` columns of which the tallest is as low as can be."""
    low, high = 0, height
    while low < high:
        middle = (low + high) // 2
        columns = _filled(ends, height, middle)
        fits = len(columns) < count and _tallest(ends, height, columns) <= middle
        low, high = (low, middle) if fits else (middle + 1, high)
    return _filled(ends, height, low)


def _filled(ends: Sequence[tuple[int, int]], height: int, limit: int) -> frozenset[int]:
    """Return the cuts of columns filled one after the other up to `limit`."""
    found: list[int] = []
    top = 0
    following = [depth for depth, _ in ends[1:]] + [height]
    for (depth, part), after in zip(ends, following, strict=True):
        if after - top > limit:
            found.append(part)
            top = depth
    return frozenset(found)


def _tallest(ends: Sequence[tuple[int, int]], height: int, found: frozenset[int]) -> int:
    stops = [0, *(depth for depth, part in ends if part in found), height]
    return max(after - before for before, after in pairwise(stops))


def _columns(body: Body, found: frozenset[int]) -> tuple[int, ...]:
    columns: dict[int, int] = {}
    column = 0
    for number, part in enumerate(body.parts):
        if not part.is_loose:
            columns[number] = column
            column += number in found
    for net in sorted(body.nets, key=lambda net: net.origin):
        for target in net.targets:
            if body.is_part(target):
                columns.setdefault(target, columns.get(net.origin, 0))
    return tuple(columns.get(part, 0) for part in range(len(body.parts)))


def _is_one_way(body: Body, columns: Sequence[int]) -> bool:
    """Return whether each column is fed by one result of the column before, and by no other."""
    feeding: dict[int, set[str]] = {}
    for net in body.nets:
        for target in net.targets:
            if columns[target] not in {columns[net.origin], columns[net.origin] + 1}:
                return False
            if columns[target] != columns[net.origin]:
                feeding.setdefault(columns[target], set()).add(net.source)
    return all(len(sources) == 1 for sources in feeding.values())
