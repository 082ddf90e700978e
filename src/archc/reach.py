"""What one output position sees of the input: the arithmetic of receptive fields, on one axis.

Letters as in `archc.windows`. Position j of an output reads the input positions
lo(j) … hi(j), the smallest interval that holds them all. Both ends repeat: after
`period` output positions they have moved on by `advance` input positions, so the step
from one output position to the next is advance/period of an input position: 2 after a
convolution of stride 2, 1/2 after a transposed one.

Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural
Networks", https://distill.pub/2019/computing-receptive-fields
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd, lcm

from msgspec import Struct

from archc.shapes import Batch, Shape, elements
from archc.windows import Axis

MAX_PERIOD = 1024
"""Longer patterns are given up: they come of odd factors multiplied, and nobody reads them."""

Span = tuple[int, int]


class Reach(Struct, frozen=True):
    """The interval each output position reads, phase by phase; None where it reads nothing."""

    advance: int = 1
    spans: tuple[Span | None, ...] = ((0, 0),)

    @property
    def period(self) -> int:
        """The number of output positions after which the pattern repeats."""
        return len(self.spans)

    @property
    def size(self) -> int:
        """The number of input positions in the widest interval."""
        return max((hi - lo + 1 for lo, hi in filter(None, self.spans)), default=0)

    @property
    def stride(self) -> Fraction:
        """The input positions from one output position to the next."""
        return Fraction(self.advance, self.period)

    @property
    def padding(self) -> int:
        """How far the first output position that reads anything reaches before the input."""
        return next((-lo for lo, _ in filter(None, self.spans)), 0)

    def at(self, position: int) -> Span | None:
        """Return the input positions that one output position reads, first and last."""
        turns, phase = divmod(position, self.period)
        span = self.spans[phase]
        if span is None:
            return None
        return span[0] + turns * self.advance, span[1] + turns * self.advance

    def after(self, earlier: "Reach") -> "Reach | None":
        """Return what this sees of the input of `earlier`, whose output it reads.

        None where the pattern is longer than `MAX_PERIOD`.
        """
        turns = earlier.period // gcd(earlier.period, self.advance)
        if turns * self.period > MAX_PERIOD:
            return None
        advance = turns * self.advance * earlier.advance // earlier.period
        positions = range(turns * self.period)
        return Reach(advance, tuple(earlier._covered(self.at(j)) for j in positions)).shortest()

    def joined(self, other: "Reach") -> "Reach | None":
        """Return the intervals that hold what both see; None where their strides differ."""
        period = lcm(self.period, other.period)
        if self.stride != other.stride or period > MAX_PERIOD:
            return None
        advance = self.advance * (period // self.period)
        spans = (_hull((self.at(j), other.at(j))) for j in range(period))
        return Reach(advance, tuple(spans)).shortest()

    def shortest(self) -> "Reach":
        """Return the same intervals with the least period."""
        for period in range(1, self.period // 2 + 1):
            if self.period % period or self.advance * period % self.period:
                continue
            short = Reach(self.advance * period // self.period, self.spans[:period])
            if all(short.at(j) == self.at(j) for j in range(self.period)):
                return short
        return self

    def _covered(self, span: Span | None) -> Span | None:
        """Return the input positions that the output positions of `span` read, first and last.

        The ends never move back along the axis, so those of the outermost positions decide.
        """
        if span is None:
            return None
        first, last = span
        outer = {*range(first, min(first + self.period, last + 1))}
        outer |= {*range(max(last - self.period + 1, first), last + 1)}
        return _hull(map(self.at, outer))


HERE = Reach()
"""Each position reads itself."""


def window_reach(axis: Axis) -> Reach:
    """Return what a window reads: j·s − p₀ … j·s − p₀ + d(k − 1)."""
    first = -axis.padding[0]
    return Reach(axis.stride, ((first, first + axis.extent - 1),))


def transposed_reach(axis: Axis) -> Reach:
    """Return what a transposed window's output reads: each i with i·s − p₀ + d·t = j, 0 ≤ t < k."""
    return _divided(
        axis.stride, range(-axis.padding[0], axis.extent - axis.padding[0], axis.dilation)
    )


def nearest_reach(factor: int) -> Reach:
    """Return what enlarging by a whole factor reads: ⌊j / factor⌋."""
    return _divided(factor, range(factor))


def shifted_reach(places: int) -> Reach:
    """Return what a position reads that takes the one so many places on."""
    return Reach(1, ((places, places),))


def copies_reach(times: int) -> Reach | None:
    """Return what copies beside each other read: ⌊j / times⌋; None past `MAX_PERIOD`."""
    return nearest_reach(times) if times <= MAX_PERIOD else None


def linear_reach(factor: int) -> Reach:
    """Return what linear interpolation by a whole factor reads: the two neighbours of its place.

    Position j lies at (j + 1/2)/f − 1/2; a neighbour of weight 0 is not read.
    """
    places = [Fraction(2 * j + 1 - factor, 2 * factor) for j in range(factor)]
    return Reach(1, tuple((place.__floor__(), place.__ceil__()) for place in places))


def parts_reach(length: int, parts: int) -> Reach | None:
    """Return what part j of an adaptive pooling reads: ⌊jL/o⌋ … ⌈(j + 1)L/o⌉ − 1."""
    period = parts // gcd(length, parts)
    if period > MAX_PERIOD:
        return None
    spans = ((j * length // parts, -(-(j + 1) * length // parts) - 1) for j in range(period))
    return Reach(length * period // parts, tuple(spans))


def _divided(stride: int, offsets: Iterable[int]) -> Reach:
    """Return the reach where i·stride + offset = j, for any of the offsets."""
    offsets = tuple(offsets)
    return Reach(
        1,
        tuple(
            _hull((i, i) for i, rest in (divmod(j - o, stride) for o in offsets) if rest == 0)
            for j in range(stride)
        ),
    )


def _hull(spans: Iterable[Span | None]) -> Span | None:
    found = [span for span in spans if span is not None]
    if not found:
        return None
    return min(lo for lo, _ in found), max(hi for _, hi in found)


class Goes(Struct, frozen=True):
    """Where a dimension of an input lies in the output: in which dimensions, and what is read.

    `reach` is None where no fixed interval moves along with the output position: a
    gather, a dimension parted in two.
    """

    dims: tuple[int, ...]
    reach: Reach | None = HERE


Reads = dict[int, Goes]
"""Each dimension of an input that the output moves along with; any other is read whole."""

READ_WHOLE: Reads = {}
"""No dimension moves along: each position reads all there is."""


def unmoved(dims: Iterable[int]) -> Reads:
    """Return the reading of position j at position j, in the same dimensions."""
    return {dim: Goes((dim,)) for dim in dims}


def sliding(reaches: Iterable[Reach | None], channels: bool = False) -> Reads:
    """Return the reading of (B, C, L…) by windows; with `channels`, each channel by itself."""
    moving = {dim: Goes((dim,), reach) for dim, reach in enumerate(reaches, 2)}
    return unmoved((0, 1) if channels else (0,)) | moving


def aligned(shape: Shape, wide: Shape) -> Reads:
    """Return the reading of a tensor that broadcasts to `wide`: sizes of 1 that grow are whole."""
    added = len(wide) - len(shape)
    return {
        dim: Goes((dim + added,)) for dim, size in enumerate(shape) if size == wide[dim + added]
    }


def regrouped(old: Shape, new: Shape) -> Reads:
    """Return the reading of a tensor by a reshape: dimensions that were merged or parted scatter.

    Dimensions are grouped from the left so that both sides of a group have as many elements.
    """
    reads: dict[int, Goes] = {}
    for before, after in _groups(old, new):
        same = len(before) == len(after) == 1
        reads |= {dim: Goes(after, HERE if same else None) for dim in before if after}
    return reads


def _groups(old: Shape, new: Shape) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the dimensions, before and after, that hold the same elements, less those of size 1."""
    left = [dim for dim, size in enumerate(old) if size != 1]
    right = [dim for dim, size in enumerate(new) if size != 1]
    while left and right:
        before, after = [left.pop(0)], [right.pop(0)]
        while (a := _count(old, before)) != (b := _count(new, after)):
            side, rest = (before, left) if a < b else (after, right)
            side.append(rest.pop(0))
        yield tuple(before), tuple(after)


def _count(shape: Shape, dims: Iterable[int]) -> tuple[int, int]:
    """Return how many batches and how many elements of a sample the dimensions hold."""
    sizes = [shape[dim] for dim in dims]
    return sum(isinstance(size, Batch) for size in sizes), elements(sizes)


def scattered(rank: int, dims: Iterable[int]) -> Reads:
    """Return the reading of other positions along `dims`, of the same one along the others."""
    return unmoved(range(rank)) | {dim % rank: Goes((dim % rank,), None) for dim in dims}
