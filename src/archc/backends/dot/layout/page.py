"""The whole picture: frames from the inside out, the flow in columns, every place on the page."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from archc.backends.dot.layout.bodies import Division, divided
from archc.backends.dot.layout.columns import choices
from archc.backends.dot.layout.meeting import Solid
from archc.backends.dot.layout.parts import Box, Frame, Head, Layout, Part, Path, Wire, moved
from archc.backends.dot.layout.placing import Placed, placed, simplified
from archc.backends.dot.layout.rows import rising_parts, rows, turned_rows

PAGE_WIDTH = 468
PAGE_HEIGHT = 600
TALL = 450
BETWEEN_COLUMNS = 28
ABOVE_COLUMNS = 9
ROOT = ""


class _Page(Struct, frozen=True):
    """Bodies laid out beside each other; each is a column."""

    division: Division
    root: Frame
    columns: tuple[Placed, ...]

    @property
    def lead(self) -> int:
        """The room above and below the columns in which the flow passes to the next."""
        return ABOVE_COLUMNS if len(self.columns) > 1 else 0

    @property
    def starts(self) -> tuple[int, ...]:
        """The left edge of each column."""
        found = [0]
        for column in self.columns:
            found.append(found[-1] + column.width + BETWEEN_COLUMNS)
        return tuple(found[:-1])

    @property
    def width(self) -> int:
        """The width of all columns."""
        return self.starts[-1] + self.columns[-1].width

    @property
    def height(self) -> int:
        """The height of the tallest column."""
        return max(column.height for column in self.columns) + 2 * self.lead

    @property
    def scale(self) -> int:
        """How large it can be printed on a page, in percent."""
        return min(100 * PAGE_WIDTH // self.width, 100 * PAGE_HEIGHT // self.height)


def laid_out(parts: Sequence[Part], wires: Sequence[Wire]) -> Layout:
    """Return where every part lies and how every wire runs.

    A flow with nested skips goes down and up again. Any other is cut into as many columns as
    let it be printed largest; one more has to be worth 15 percent.
    """
    whole = Frame(ROOT, Head(), tuple(parts))
    division = divided(whole, wires)
    body = division.bodies[ROOT]
    rising = rising_parts(body)
    inner = dict(_inner(parts, division, lambda place: place in rising))
    if rising:
        solids = [_solid(part, inner) for part in parts]
        column = placed(body, turned_rows(body, rising), solids, None)
        return _layout(_Page(division, Frame("", Head(), (whole,)), (column,)), inner)
    best = _page(parts, wires, (0,) * len(parts), inner)
    if best.height > TALL:
        bottoms = [box.bottom for box in best.columns[0].boxes]
        for columns in choices(body, bottoms):
            page = _page(parts, wires, columns, inner)
            if 100 * page.scale >= 115 * best.scale:
                best = page
    return _layout(best, inner)


def _inner(
    parts: Sequence[Part], division: Division, rises: Callable[[int], bool]
) -> Iterator[tuple[str, Placed]]:
    """Yield every frame inside the parts by its name, laid out, and which way it flows."""
    for place, part in enumerate(parts):
        if isinstance(part, Frame):
            rising = rises(place)
            found = dict(_inner(part.parts, division, lambda _, rising=rising: rising))
            yield from found.items()
            body = division.bodies[part.name]
            solids = [_solid(inner, found) for inner in part.parts]
            yield part.name, placed(body, rows(body), solids, part.head, rising=rising)


def _solid(part: Part, inner: Mapping[str, Placed]) -> Solid:
    return inner[part.name].solid if isinstance(part, Frame) else Solid(part.width, part.height)


def _page(
    parts: Sequence[Part],
    wires: Sequence[Wire],
    columns: Sequence[int],
    inner: Mapping[str, Placed],
) -> _Page:
    """Return the parts in columns."""
    frames = tuple(
        Frame(
            f"column {number}",
            Head(),
            tuple(part for part, column in zip(parts, columns, strict=True) if column == number),
        )
        for number in range(max(columns) + 1)
    )
    root = Frame(ROOT, Head(), frames)
    division = divided(root, wires)
    bodies = [division.bodies[frame.name] for frame in frames]
    return _Page(
        division,
        root,
        tuple(
            placed(body, rows(body), [_solid(part, inner) for part in frame.parts], None)
            for frame, body in zip(frames, bodies, strict=True)
        ),
    )


def _layout(page: _Page, inner: Mapping[str, Placed]) -> Layout:
    """Return the places of all that a page holds, counted from its corner."""
    corners: dict[str, tuple[int, int]] = {}
    leaves: dict[str, Box] = {}
    frames: dict[str, Box] = {}

    def enter(frame: Frame, body: Placed, left: int, top: int) -> None:
        corners[frame.name] = left, top
        for part, box in zip(frame.parts, body.boxes, strict=True):
            here = box.moved(left, top)
            if isinstance(part, Frame):
                frames[part.name] = here
                enter(part, inner[part.name], here.left, here.top)
            else:
                leaves[part.name] = here

    columns = [part for part in page.root.parts if isinstance(part, Frame)]
    for frame, column, start in zip(columns, page.columns, page.starts, strict=True):
        enter(frame, column, start, page.lead)
    bodies = {**inner, **{f.name: c for f, c in zip(columns, page.columns, strict=True)}}
    paths = {
        wire: simplified(
            [
                point
                for leg in legs
                for point in (
                    moved(bodies[leg.body].paths[leg.source, leg.target], *corners[leg.body])
                    if leg.body in corners
                    else _between(page, leg.source, leg.target)
                )
            ]
        )
        for wire, legs in page.division.legs.items()
    }
    return Layout(page.width, page.height, leaves, frames, paths, page.scale)


def _between(page: _Page, source: str, target: int) -> Path:
    """Return the way of a result from the foot of one column to the head of the next."""
    before, after = page.columns[target - 1], page.columns[target]
    start = page.starts[target - 1] + before.exits[source]
    end = page.starts[target] + after.entries[source]
    gutter = page.starts[target] - BETWEEN_COLUMNS // 2
    foot = page.lead + before.height
    return (
        (start, foot),
        (start, foot + page.lead),
        (gutter, foot + page.lead),
        (gutter, 0),
        (end, 0),
        (end, page.lead),
    )
