"""How the flow lies on the page: down one column, down several, or down and up again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

TALL = 600
ASPECT = 1.3
MOST_COLUMNS = 8
GAP = 20
FRAME_HEAD = 34


@dataclass(frozen=True, slots=True)
class Box:
    """A drawn node: its name, its size in points, its top-level item and how many frames it opens."""

    name: str
    width: int
    height: int
    item: int
    frames: int
    pale: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The column of each drawn node, and the nodes at which the flow goes upwards."""

    columns: Mapping[str, int]
    rising: frozenset[str]
    turning: str = ""


def arranged(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> Arrangement:
    """Return where the drawn nodes stand.

    Boxes stand in the order of the flow. Two or more nested skips, as in a U-Net, make the
    flow go down to the deepest item and up again beside it. Else a long flow is cut into
    columns: one ends after an item that alone feeds all that follow. What only training
    needs stays in the column that feeds it.
    """
    turn = _turn(boxes, edges)
    if turn is not None:
        rising = frozenset(box.name for box in boxes if box.item >= turn)
        falling = [box.name for box in boxes if box.item < turn]
        return Arrangement({box.name: 0 for box in boxes}, rising, falling[-1])
    items = _assigned(boxes, edges, _cuts(boxes, edges))
    return Arrangement({box.name: items[box.item] for box in boxes}, frozenset())


def _turn(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> int | None:
    """Return the first item of the way up, or None where there are no nested skips."""
    items = {box.name: box.item for box in boxes}
    order = {item: place for place, item in enumerate(dict.fromkeys(items.values()))}
    jumps = {
        (items[tail], items[head])
        for tail, head in edges
        if order[items[head]] > order[items[tail]] + 1
    }
    skips = sorted(jumps)
    sources, targets = [tail for tail, _ in skips], [head for _, head in skips]
    nested = targets == sorted(set(targets), reverse=True) and len(set(sources)) == len(skips)
    return targets[-1] if nested and len(skips) > 1 and sources[-1] < targets[-1] else None


def _cuts(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> set[int]:
    """Return the items after which a new column begins."""
    bottoms = _bottoms(boxes, edges)
    height = max(bottoms.values(), default=0)
    ends = _ends(boxes, edges)
    count = _column_count(boxes, height, len(ends))
    depths: dict[int, int] = {}
    for box in boxes:
        if not box.pale:
            depths[box.item] = max(depths.get(box.item, 0), bottoms[box.name])
    return {
        min(ends, key=lambda item: abs(depths[item] - height * turn // count))
        for turn in range(1, count)
    }


def _bottoms(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return how far down each box ends when all stand in one column."""
    sources: dict[str, list[str]] = {}
    for tail, head in edges:
        sources.setdefault(head, []).append(tail)
    bottoms: dict[str, int] = {}
    for box in boxes:
        top = max((bottoms.get(tail, 0) for tail in sources.get(box.name, ())), default=0)
        bottoms[box.name] = top + box.height + GAP + box.frames * FRAME_HEAD
    return bottoms


def _ends(boxes: Sequence[Box], edges: Sequence[tuple[str, str]]) -> list[int]:
    """Return the items after which a column may end."""
    items = {box.name: box.item for box in boxes if not box.pale}
    order = list(dict.fromkeys(items.values()))
    places = {item: place for place, item in enumerate(order)}
    crossing = [
        (places[items[tail]], places[items[head]])
        for tail, head in edges
        if tail in items and head in items and items[tail] != items[head]
    ]
    return [
        item
        for place, item in enumerate(order[:-1])
        if all(tail == place for tail, head in crossing if tail <= place < head)
    ]


def _column_count(boxes: Sequence[Box], height: int, ends: int) -> int:
    """Return the number of columns that comes nearest to the shape of a page."""
    if height <= TALL:
        return 1
    width = _column_width(boxes)
    choices = range(1, min(ends + 1, MOST_COLUMNS) + 1)
    return min(choices, key=lambda count: abs(log(height / (count * count * width * ASPECT))))


def _column_width(boxes: Sequence[Box]) -> int:
    """Return about how wide a column is: a frame's boxes stand beside each other in part."""
    widest = max(box.width for box in boxes)
    return widest * 3 // 2 + 2 * GAP if any(box.frames for box in boxes) else widest + 2 * GAP


def _assigned(
    boxes: Sequence[Box], edges: Sequence[tuple[str, str]], cuts: set[int]
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
