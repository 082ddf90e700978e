"""The wires of a picture, divided among its frames: what each frame has to join by itself."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from archc.backends.dot.layout.parts import Frame, Part, Wire


class Net(Struct, frozen=True):
    """What the result of one box feeds within one body.

    Vertices are numbered: the parts, then the entrances, then the exits.
    """

    source: str
    origin: int
    targets: tuple[int, ...]


class Body(Struct, frozen=True):
    """The parts of a frame, the results that come in and go out, and the nets between."""

    parts: tuple[Part, ...]
    entrances: tuple[str, ...]
    exits: tuple[str, ...]
    nets: tuple[Net, ...]

    @property
    def first_exit(self) -> int:
        """The number of the first exit."""
        return len(self.parts) + len(self.entrances)

    @property
    def count(self) -> int:
        """The number of parts and ports."""
        return self.first_exit + len(self.exits)

    def is_part(self, vertex: int) -> bool:
        """Return whether a vertex is a part, not a port."""
        return vertex < len(self.parts)


class Leg(Struct, frozen=True):
    """One stretch of a wire: in one body, to one vertex of it."""

    body: str
    source: str
    target: int


class _Draft(Struct):
    """A body while wires are still entered: an end is a part's number, or None for a port."""

    parts: tuple[Part, ...]
    origins: dict[str, int | None] = field(default_factory=dict[str, int | None])
    targets: dict[str, dict[int | None, None]] = field(
        default_factory=dict[str, dict[int | None, None]]
    )

    def enter(self, source: str, origin: int | None, target: int | None) -> None:
        self.origins[source] = origin
        self.targets.setdefault(source, {})[target] = None

    def finished(self) -> Body:
        entrances = tuple(name for name, origin in self.origins.items() if origin is None)
        exits = tuple(name for name, targets in self.targets.items() if None in targets)
        first_exit = len(self.parts) + len(entrances)
        doors = {name: len(self.parts) + place for place, name in enumerate(entrances)}
        leaving = {name: first_exit + place for place, name in enumerate(exits)}
        nets = tuple(
            Net(
                source,
                doors[source] if origin is None else origin,
                tuple(
                    leaving[source] if target is None else target for target in self.targets[source]
                ),
            )
            for source, origin in self.origins.items()
        )
        return Body(self.parts, entrances, exits, nets)


class Division(Struct, frozen=True):
    """The body of each frame, by name, and the legs of each wire, first to last."""

    bodies: dict[str, Body]
    legs: dict[Wire, tuple[Leg, ...]]


def divided(root: Frame, wires: Iterable[Wire]) -> Division:
    """Return the wires of a picture divided among the frames they pass."""
    homes = {leaf: home for home, leaf in _homes(root, ())}
    drafts = {frame.name: _Draft(frame.parts) for frame in _frames(root)}
    ways: dict[Wire, list[tuple[str, int | None]]] = {}
    for tail, head in wires:
        ways[tail, head] = way = list(_way(homes[tail], homes[head]))
        for (frame, target), origin in zip(way, _origins(homes[tail], homes[head]), strict=True):
            drafts[frame].enter(tail, origin, target)
    bodies = {name: draft.finished() for name, draft in drafts.items()}
    legs = {
        wire: tuple(
            Leg(frame, wire[0], _vertex(bodies[frame], wire[0], target)) for frame, target in way
        )
        for wire, way in ways.items()
    }
    return Division(bodies, legs)


_Home = tuple[tuple[str, int], ...]
"""The frames around a box from the outermost on, each with the number of the part taken."""


def _homes(frame: Frame, outer: _Home) -> Iterator[tuple[_Home, str]]:
    for place, part in enumerate(frame.parts):
        home = (*outer, (frame.name, place))
        if isinstance(part, Frame):
            yield from _homes(part, home)
        else:
            yield home, part.name


def _frames(frame: Frame) -> Iterator[Frame]:
    yield frame
    for part in frame.parts:
        if isinstance(part, Frame):
            yield from _frames(part)


def _common(tail: _Home, head: _Home) -> int:
    """Return the place in both homes of the innermost frame around both boxes."""
    place = 0
    while tail[place] == head[place]:
        place += 1
    return place


def _way(tail: _Home, head: _Home) -> Iterator[tuple[str, int | None]]:
    """Yield the frames a wire passes, innermost of its tail first, and where it ends in each."""
    common = _common(tail, head)
    for frame, _ in reversed(tail[common + 1 :]):
        yield frame, None
    for frame, part in head[common:]:
        yield frame, part


def _origins(tail: _Home, head: _Home) -> Iterator[int | None]:
    """Yield where a wire begins in each of the frames it passes."""
    common = _common(tail, head)
    for _, part in reversed(tail[common:]):
        yield part
    for _ in head[common + 1 :]:
        yield None


def _vertex(body: Body, source: str, target: int | None) -> int:
    return body.first_exit + body.exits.index(source) if target is None else target
