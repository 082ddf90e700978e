"""How the flow lies on the page: down one column, down several, or down and up again."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log

from msgspec import Struct

TALL = 450
ASPECT = 1.0
MOST_COLUMNS = 8
GAP = 20
FRAME_HEAD = 34

Edge = tuple[str, str]


class Box(Struct, frozen=True):
    """A drawn node: its size in points, its top-level item, how many frames it opens."""

    name: str
    width: int
    height: int
    item: int
    frames: int
    pale: bool


class Arrangement(Struct, frozen=True):
    """The column of each drawn node; the nodes at which the flow goes up, and where it turns.

    `height` is about the height of the tallest column, in points.
    """

    columns: Mapping[str, int]
    height: int
    rising: frozenset[str] = frozenset()
    turning: str = ""


def arranged(boxes: Sequence[Box], edges: Sequence[Edge]) -> Arrangement:
    """Return where the drawn nodes stand.

    Boxes stand in the order of the flow. Two or more nested skips, as in a U-Net, make the
    flow go down to the deepest item and up again beside it. Else a long flow is cut into
    columns: one ends after an item that alone feeds all that follow. What only training
    needs stays in the column that feeds it.
    """
    turn = _turn(boxes, edges)
    if turn is None:
        return _in_columns(boxes, edges)
    falling = [box for box in boxes if box.item < turn]
    rising = [box for box in boxes if box.item >= turn]
    height = max(_height(falling, edges), _height(rising, edges))
    columns = {box.name: 0 for box in boxes}
    return Arrangement(columns, height, frozenset(box.name for box in rising), falling[-1].name)


def _turn(boxes: Sequence[Box], edges: Sequence[Edge]) -> int | None:
    """Return the first item of the way up, or None where there are no nested skips."""
    items = {box.name: box.item for box in boxes}
    places = {item: place for place, item in enumerate(dict.fromkeys(items.values()))}
    joined = {(items[tail], items[head]) for tail, head in edges}
    skips = sorted((tail, head) for tail, head in joined if places[head] > places[tail] + 1)
    sources, targets = [tail for tail, _ in skips], [head for _, head in skips]
    if len(skips) < 2 or len(set(sources)) < len(skips) or sources[-1] >= targets[-1]:
        return None
    return targets[-1] if targets == sorted(set(targets), reverse=True) else None


def _in_columns(boxes: Sequence[Box], edges: Sequence[Edge]) -> Arrangement:
    bottoms = _bottoms(boxes, edges)
    height = max(bottoms.values(), default=0)
    depths: dict[int, int] = {}
    for box in boxes:
        if not box.pale:
            depths[box.item] = max(depths.get(box.item, 0), bottoms[box.name])
    ends = [(depths[item], item) for item in _ends(boxes, edges)]
    cuts, tallest = _best_cuts(ends, height, _column_width(boxes))
    items = _columns_of_items(boxes, edges, cuts)
    return Arrangement({box.name: items[box.item] for box in boxes}, tallest)


def _height(boxes: Sequence[Box], edges: Sequence[Edge]) -> int:
    return max(_bottoms(boxes, edges).values(), default=0)


def _bottoms(boxes: Sequence[Box], edges: Sequence[Edge]) -> dict[str, int]:
    """Return how far down each box ends when all stand in one column."""
    sources: dict[str, list[str]] = {}
    for tail, head in edges:
        sources.setdefault(head, []).append(tail)
    bottoms: dict[str, int] = {}
    for box in boxes:
        top = max((bottoms.get(tail, 0) for tail in sources.get(box.name, ())), default=0)
        bottoms[box.name] = top + box.height + GAP + box.frames * FRAME_HEAD
    return bottoms


def _ends(boxes: Sequence[Box], edges: Sequence[Edge]) -> list[int]:
    """Return the items that alone feed all that follow, in order."""
    items = {box.name: box.item for box in boxes if not box.pale}
    order = list(dict.fromkeys(items.values()))
    places = {item: place for place, item in enumerate(order)}
    reach = [0] * len(order)
    for tail, head in edges:
        if tail in items and head in items:
            place = places[items[tail]]
            reach[place] = max(reach[place], places[items[head]])
    ends: list[int] = []
    open_until = 0
    for place, item in enumerate(order[:-1]):
        if open_until <= place < reach[place]:
            ends.append(item)
        open_until = max(open_until, reach[place])
    return ends


def _column_width(boxes: Sequence[Box]) -> int:
    """Return about how wide a column is: boxes of a frame stand beside each other in part."""
    widest = max((box.width for box in boxes), default=0)
    return widest * (3 if any(box.frames for box in boxes) else 2) // 2 + GAP


def _best_cuts(
    ends: Sequence[tuple[int, int]], height: int, width: int
) -> tuple[frozenset[int], int]:
    """Return the cuts whose picture comes nearest to the shape of a page, and its height."""
    if height <= TALL:
        return frozenset(), height
    choices = [
        _balanced(ends, height, count) for count in range(1, min(len(ends) + 1, MOST_COLUMNS) + 1)
    ]
    return min(
        choices, key=lambda choice: abs(log(choice[1] / ((len(choice[0]) + 1) * width * ASPECT)))
    )


def _balanced(
    ends: Sequence[tuple[int, int]], height: int, count: int
) -> tuple[frozenset[int], int]:
    """Return at most `count` columns of which the tallest is as low as can be."""
    low, high = 0, height
    while low < high:
        middle = (low + high) // 2
        columns = _filled(ends, height, middle)
        fits = len(columns) < count and _tallest(ends, height, columns) <= middle
        low, high = (low, middle) if fits else (middle + 1, high)
    cuts = _filled(ends, height, low)
    return cuts, _tallest(ends, height, cuts)


def _filled(ends: Sequence[tuple[int, int]], height: int, limit: int) -> frozenset[int]:
    """Return the cuts of columns filled one after the other up to `limit`."""
    cuts: list[int] = []
    top = 0
    following = [depth for depth, _ in ends[1:]] + [height]
    for (depth, item), after in zip(ends, following, strict=True):
        if after - top > limit:
            cuts.append(item)
            top = depth
    return frozenset(cuts)


def _tallest(ends: Sequence[tuple[int, int]], height: int, cuts: frozenset[int]) -> int:
    stops = [0, *(depth for depth, item in ends if item in cuts), height]
    return max(after - before for before, after in pairwise(stops))


def _columns_of_items(
    boxes: Sequence[Box], edges: Sequence[Edge], cuts: frozenset[int]
) -> dict[int, int]:
    columns: dict[int, int] = {}
    column = 0
    for box in boxes:
        if not box.pale and box.item not in columns:
            columns[box.item] = column
            column += box.item in cuts
    items = {box.name: box.item for box in boxes}
    for tail, head in edges:
        columns.setdefault(items[head], columns.get(items[tail], 0))
    return columns
