"""What is wrong with a layout: boxes that overlap, lines through boxes, lines upon lines."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from archc.backends.dot.layout import Box, Frame, Head, Layout, Leaf, Part, Path, Wire

MARGIN = 9


def faults(layout: Layout, parts: Sequence[Part]) -> Iterator[str]:
    """Yield what is wrong with a layout, in words."""
    yield from _overlaps(layout, parts, Box(0, 0, layout.width, layout.height), "the page")
    heads = {frame.name: frame.head for frame in _frames(parts)}
    for (tail, head), path in layout.paths.items():
        wire = f"{tail} -> {head}"
        yield from _wrong_ends(layout, wire, layout.leaves[tail], layout.leaves[head], path)
        for piece in map(_box_of, pairwise(path)):
            if piece.width and piece.height:
                yield f"{wire} is not straight at {piece}"
            for name, box in layout.leaves.items():
                if name not in {tail, head} and _meet(piece, box):
                    yield f"{wire} runs through {name}"
            for name, box in layout.frames.items():
                for title in _title_boxes(heads[name], box):
                    if _meet(piece, title):
                        yield f"{wire} runs through the title of {name}"
    yield from covered(layout.paths)


def _frames(parts: Sequence[Part]) -> Iterator[Frame]:
    for part in parts:
        if isinstance(part, Frame):
            yield part
            yield from _frames(part.parts)


def _overlaps(layout: Layout, parts: Sequence[Part], outer: Box, name: str) -> Iterator[str]:
    boxes = {
        part.name: (layout.leaves if isinstance(part, Leaf) else layout.frames)[part.name]
        for part in parts
    }
    for part, box in boxes.items():
        inside = outer.left <= box.left and box.right <= outer.right
        if not (inside and outer.top <= box.top and box.bottom <= outer.bottom):
            yield f"{part} sticks out of {name}"
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        if _meet(first, second):
            yield f"{one} and {other} overlap"
    for part in parts:
        if isinstance(part, Frame):
            yield from _overlaps(layout, part.parts, boxes[part.name], part.name)


def _wrong_ends(layout: Layout, wire: str, tail: Box, head: Box, path: Path) -> Iterator[str]:
    if not (_touches(tail, path[0]) and _touches(head, path[-1])):
        yield f"{wire} does not join its ends"


def _touches(box: Box, point: tuple[int, int]) -> bool:
    x, y = point
    level = y in {box.top, box.bottom} and box.left < x < box.right
    return level or (x in {box.left, box.right} and box.top < y < box.bottom)


def _title_boxes(head: Head, frame: Box) -> Iterator[Box]:
    yield Box(frame.left + MARGIN, frame.top, head.left, head.height)
    if head.right:
        yield Box(frame.right - MARGIN - head.right, frame.top, head.right, head.height)


def _box_of(piece: tuple[tuple[int, int], tuple[int, int]]) -> Box:
    (x, y), (other_x, other_y) = piece
    return Box(min(x, other_x), min(y, other_y), abs(x - other_x), abs(y - other_y))


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    ) or (
        # a line has no width of its own
        min(one.width, one.height) == 0
        and one.left <= other.right - 1
        and other.left + 1 <= one.right
        and one.top <= other.bottom - 1
        and other.top + 1 <= one.bottom
    )


def covered(paths: Mapping[Wire, Path]) -> Iterator[str]:
    """Yield lines of different results that lie upon each other, unless they end in one place."""
    pieces: dict[tuple[bool, int], list[tuple[int, int, Wire]]] = {}
    for wire, path in paths.items():
        for (x, y), (other_x, other_y) in pairwise(path):
            upright = x == other_x
            low, high = sorted((y, other_y) if upright else (x, other_x))
            pieces.setdefault((upright, x if upright else y), []).append((low, high, wire))
    for some in pieces.values():
        for (low, high, one), (other_low, other_high, other) in combinations(some, 2):
            apart = one[0] != other[0] and one[1] != other[1]
            if apart and low < other_high and other_low < high:
                yield f"{one} and {other} lie upon each other"
