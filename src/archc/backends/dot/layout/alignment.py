"""How far right each vertex stands: as near to its neighbours as all in its row allow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from archc.backends.dot.layout.grid import Grid
from archc.backends.dot.layout.rods import Rods, Touch, rods

PART_GAP = 16
LANE_GAP = 12
SIGN_GAP = 18
SWEEPS = 12
EFFORT = 200_000
"""How many springs are looked at before all stay where they are: a second or less."""

BETWEEN_PARTS = 16
BESIDE = 1


class Spring(Struct, frozen=True):
    """A link between two rods: straight where the lower stands `length` right of the upper."""

    upper: int
    lower: int
    length: int
    strength: int


def aligned(
    grid: Grid, order: Sequence[Sequence[int]], widths: Sequence[int], touch: Touch
) -> list[int]:
    """Return the left edge of each vertex.

    Rods start as far left as they go; then each in turn moves to where its springs are
    slackest, and pushes others before it where that slackens all springs together:
    Σ strength · (distance − length)² only ever falls.
    """
    found = rods(grid, order, touch)
    field = _Field(found, order, grid, widths, touch)
    field.settle()
    return [field.places[found.of[v]] + found.offsets[v] for v in range(len(grid.row_of))]


class _Field:
    """Rods with the distances they keep and the springs between them."""

    def __init__(
        self,
        found: Rods,
        order: Sequence[Sequence[int]],
        grid: Grid,
        widths: Sequence[int],
        touch: Touch,
    ) -> None:
        self.count = found.count
        self.after = _distances(found, order, grid, widths)
        self.before: list[dict[int, int]] = [{} for _ in range(found.count)]
        for rod, others in enumerate(self.after):
            for other, distance in others.items():
                self.before[other][rod] = distance
        self.springs: list[list[Spring]] = [[] for _ in range(found.count)]
        for spring in _springs(found, grid, touch):
            self.springs[spring.upper].append(spring)
            self.springs[spring.lower].append(spring)
        self.effort = EFFORT
        self.places = [0] * found.count
        self.order = self._left_to_right()
        for rod in self.order:
            for other, distance in self.after[rod].items():
                self.places[other] = max(self.places[other], self.places[rod] + distance)

    def _left_to_right(self) -> list[int]:
        waits = [len(others) for others in self.before]
        ready = [rod for rod in range(self.count) if not waits[rod]]
        found: list[int] = []
        while ready:
            rod = ready.pop()
            found.append(rod)
            for other in self.after[rod]:
                waits[other] -= 1
                if not waits[other]:
                    ready.append(other)
        return found

    def settle(self) -> None:
        """Move rods until none has a better place, or the search has cost enough."""
        for sweep in range(SWEEPS):
            rods_in_turn = self.order[::-1] if sweep % 2 == 0 else self.order
            moved = [self._improve(rod) for rod in rods_in_turn if self.effort > 0]
            if not any(moved):
                return

    def _improve(self, rod: int) -> bool:
        """Move a rod toward its aim: all the way, or as far as it is free to."""
        aim = self._aim(rod)
        here = self.places[rod]
        if aim == here:
            return False
        if self._try(self._pushed(rod, aim)):
            return True
        if aim > here:
            free = min((self.places[o] - d for o, d in self.after[rod].items()), default=aim)
            return self._try({rod: min(aim, free)})
        free = max((self.places[o] + d for o, d in self.before[rod].items()), default=aim)
        return self._try({rod: max(aim, free)})

    def _aim(self, rod: int) -> int:
        """Return where the springs of a rod would have it, ⌊mean + ½⌋."""
        total, weight = 0, 0
        for spring in self.springs[rod]:
            if spring.upper == rod:
                asked = self.places[spring.lower] - spring.length
            else:
                asked = self.places[spring.upper] + spring.length
            total += spring.strength * asked
            weight += spring.strength
        return (2 * total + weight) // (2 * weight) if weight else self.places[rod]

    def _pushed(self, rod: int, place: int) -> dict[int, int]:
        """Return the places of all that move where one rod moves and pushes others."""
        rightwards = place > self.places[rod]
        found = {rod: place}
        waiting = [rod]
        while waiting:
            mover = waiting.pop()
            near = self.after[mover] if rightwards else self.before[mover]
            for other, distance in near.items():
                now = found.get(other, self.places[other])
                limit = found[mover] + (distance if rightwards else -distance)
                if now < limit if rightwards else now > limit:
                    found[other] = limit
                    waiting.append(other)
        return found

    def _try(self, moves: Mapping[int, int]) -> bool:
        """Take moves over if they slacken the springs."""
        old = {rod: self.places[rod] for rod in moves}
        springs = {id(spring): spring for rod in moves for spring in self.springs[rod]}
        self.effort -= len(springs)
        before = self._tension(springs.values())
        for rod, place in moves.items():
            self.places[rod] = place
        if self._tension(springs.values()) < before:
            return True
        for rod, place in old.items():
            self.places[rod] = place
        return False

    def _tension(self, springs: Iterable[Spring]) -> int:
        return sum(
            spring.strength
            * (self.places[spring.lower] - self.places[spring.upper] - spring.length) ** 2
            for spring in springs
        )


def _distances(
    found: Rods, order: Sequence[Sequence[int]], grid: Grid, widths: Sequence[int]
) -> list[dict[int, int]]:
    """Return for each rod how far right of it those have to stand that have it at their left."""
    after: list[dict[int, int]] = [{} for _ in range(found.count)]
    for row in order:
        for left, right in pairwise(row):
            distance = widths[left] + _gap(grid, left, right)
            distance += found.offsets[left] - found.offsets[right]
            known = after[found.of[left]]
            known[found.of[right]] = max(known.get(found.of[right], distance), distance)
    return after


def _gap(grid: Grid, left: int, right: int) -> int:
    if grid.beside.get(left) == right or grid.beside.get(right) == left:
        return SIGN_GAP
    return PART_GAP if grid.body.is_part(left) and grid.body.is_part(right) else LANE_GAP


def _springs(found: Rods, grid: Grid, touch: Touch) -> Iterator[Spring]:
    solid = {found.of[vertex] for vertex in range(grid.body.count) if vertex not in grid.loose}
    for link in grid.links():
        upper, lower = found.of[link.upper], found.of[link.lower]
        if upper != lower:
            length = found.offsets[link.upper] + touch(link.upper, link.net)
            length -= found.offsets[link.lower] + touch(link.lower, link.net)
            strong = upper in solid and lower in solid
            yield Spring(upper, lower, length, BETWEEN_PARTS if strong else BESIDE)
