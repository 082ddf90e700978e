"""In which row each part stands: below all that feed it, or, on a way back up, above."""

from collections.abc import Container, Sequence

from msgspec import Struct

from archc.backends.dot.layout.bodies import Body
from archc.backends.dot.layout.parts import Leaf, Part
from archc.backends.dot.layout.sequence import Link, in_sequence


class Rows(Struct, frozen=True):
    """The row of each part and port; which parts go up, which stand beside the flow.

    Row 0 is that of the entrances, the last that of the exits. The longest way through the
    body, which nothing beside the flow counts for, passes the critical parts.
    """

    of: tuple[int, ...]
    critical: frozenset[int]
    loose: frozenset[int]
    rising: frozenset[int]
    last: int


def rows(body: Body) -> Rows:
    """Return the rows of a body whose flow only falls."""
    links = _links(body)
    order = in_sequence(len(body.parts), links)
    earliest = _earliest(order, links)
    fed = {target for net in body.nets for target in net.targets}
    lowered = _lower_unfed(links, earliest, fed)
    loose = _loose(body)
    flow = [part for part in order if part not in loose]
    latest = _latest(flow, links, max((earliest[part] for part in flow), default=0))
    critical = frozenset(part for part in flow if earliest[part] == latest[part])
    critical -= lowered | _constants(body)
    last = max(earliest, default=0) + 1
    return Rows((*earliest, *_port_rows(body, last)), critical, loose, frozenset(), last)


def turned_rows(body: Body, rising: frozenset[int]) -> Rows:
    """Return the rows of a body of which some parts go up again.

    The two ends of a skip stand in one row. Only nested skips can be so placed.
    """
    loose = _loose(body)
    turn = min(rising)
    bottom = max(part for part in range(turn) if part not in loose)
    ordered: list[Link] = []
    level: list[Link] = []
    for tail, head in _links(body):
        if (tail in rising) == (head in rising):
            ordered.append((head, tail) if tail in rising else (tail, head))
        elif (tail, head) != (bottom, turn) and not loose & {tail, head}:
            level.append((tail, head))
    found = [1] * len(body.parts)
    changed = True
    while changed:
        changed = False
        for upper, lower in ordered:
            changed |= _lower(found, lower, found[upper] + 1)
        for one, other in level:
            changed |= _lower(found, one, found[other]) | _lower(found, other, found[one])
    _lower_unfed(ordered, found)
    last = max(found, default=0) + 1
    critical = frozenset(range(len(found))) - loose
    return Rows((*found, *_port_rows(body, last)), critical, loose, rising, last)


def rising_parts(body: Body) -> frozenset[int]:
    """Return the parts of the way up; there are none where there are no nested skips.

    Skips are nested where each begins after the one before and ends before it, as in a U-Net.
    A mere sum of results is no way up: there is a box for each skip.
    """
    loose = _loose(body)
    flow = [part for part in range(len(body.parts)) if part not in loose]
    places = {part: place for place, part in enumerate(flow)}
    links = [(places[t], places[h]) for t, h in _links(body) if t in places and h in places]
    skips = sorted((tail, head) for tail, head in links if head > tail + 1)
    sources, targets = [tail for tail, _ in skips], [head for _, head in skips]
    if len(skips) < 2 or len(set(sources)) < len(skips) or sources[-1] >= targets[-1]:
        return frozenset()
    if targets != sorted(set(targets), reverse=True) or _jumps(links, targets[-1], skips):
        return frozenset()
    up = flow[targets[-1] :]
    if sum(not _is_sign(body.parts[part]) for part in up) < len(skips):
        return frozenset()
    return frozenset(up) | _fed_by(body, frozenset(up), loose)


def _is_sign(part: Part) -> bool:
    return isinstance(part, Leaf) and part.is_sign


def _jumps(links: Sequence[Link], turn: int, skips: Sequence[Link]) -> bool:
    """Return whether anything but a skip or the last part down leads to the way up."""
    known = {*skips, (turn - 1, turn)}
    return any(tail < turn <= head and (tail, head) not in known for tail, head in links)


def _fed_by(body: Body, parts: frozenset[int], among: frozenset[int]) -> frozenset[int]:
    """Return those among some parts that others feed, also by way of each other."""
    found = set(parts)
    for tail, head in sorted(_links(body)):
        if tail in found and head in among:
            found.add(head)
    return frozenset(found) - parts


def _lower(found: list[int], part: int, row: int) -> bool:
    lower = row > found[part]
    found[part] = max(found[part], row)
    return lower


def _links(body: Body) -> list[Link]:
    """Return which part feeds which."""
    return [
        (net.origin, target)
        for net in body.nets
        if body.is_part(net.origin)
        for target in net.targets
        if body.is_part(target)
    ]


def _port_rows(body: Body, last: int) -> tuple[int, ...]:
    return (0,) * len(body.entrances) + (last,) * (len(body.exits))


def _earliest(order: Sequence[int], links: Sequence[Link]) -> list[int]:
    followers = _ends(links)
    found = [1] * len(order)
    for part in order:
        for follower in followers.get(part, ()):
            found[follower] = max(found[follower], found[part] + 1)
    return found


def _latest(flow: Sequence[int], links: Sequence[Link], last: int) -> dict[int, int]:
    """Return the lowest row of each part of the flow from which all it feeds is in reach."""
    found = dict.fromkeys(flow, last)
    followers = _ends(links)
    for part in reversed(flow):
        for follower in followers.get(part, ()):
            found[part] = min(found[part], found.get(follower, last + 1) - 1)
    return found


def _loose(body: Body) -> frozenset[int]:
    """Return the parts that stand beside the flow, unless all do."""
    loose = frozenset(place for place, part in enumerate(body.parts) if part.is_loose)
    return loose if len(loose) < len(body.parts) else frozenset()


def _constants(body: Body) -> frozenset[int]:
    return frozenset(
        place
        for place, part in enumerate(body.parts)
        if isinstance(part, Leaf) and part.is_constant
    )


def _lower_unfed(
    links: Sequence[Link], found: list[int], fed: Container[int] = ()
) -> frozenset[int]:
    """Move what nothing feeds down to just above what it feeds; return what was moved."""
    heads = {head for _, head in links}
    lowered: set[int] = set()
    for part, followers in _ends(links).items():
        row = min(found[follower] for follower in followers) - 1
        if part not in heads and part not in fed and row > found[part]:
            found[part] = row
            lowered.add(part)
    return frozenset(lowered)


def _ends(links: Sequence[Link]) -> dict[int, list[int]]:
    ends: dict[int, list[int]] = {}
    for tail, head in links:
        ends.setdefault(tail, []).append(head)
    return ends
