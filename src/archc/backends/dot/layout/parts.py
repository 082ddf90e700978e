"""What a layout is made of: boxes of a fixed size, frames around them, wires between them."""

from collections.abc import Mapping

from msgspec import Struct

Wire = tuple[str, str]
"""Which box feeds which, by name."""

Point = tuple[int, int]
"""A place in points, counted to the right and downwards."""

Path = tuple[Point, ...]


class Leaf(Struct, frozen=True):
    """A box; a sign is a small one that a line may enter from the side, as a sum's circle.

    A constant is one that comes from nowhere and is no input. `is_loose` tells that it may
    stand beside the flow: a result, or what only training needs.
    """

    name: str
    width: int
    height: int
    is_sign: bool = False
    is_narrow: bool = False
    is_constant: bool = False
    is_loose: bool = False


class Head(Struct, frozen=True):
    """The title of a frame: how wide it is left and right of the lines that pass it."""

    left: int = 0
    right: int = 0
    height: int = 0


class Frame(Struct, frozen=True):
    """A frame around parts."""

    name: str
    head: Head
    parts: "tuple[Part, ...]"

    @property
    def is_loose(self) -> bool:
        """Whether all of it may stand beside the flow."""
        return all(part.is_loose for part in self.parts)


Part = Leaf | Frame


class Box(Struct, frozen=True):
    """Where a rectangle lies."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The lower edge."""
        return self.top + self.height

    def moved(self, right: int, down: int) -> "Box":
        """Return the box at another place."""
        return Box(self.left + right, self.top + down, self.width, self.height)


class Layout(Struct, frozen=True):
    """A whole picture: the place of each box and frame, and the way of each wire.

    `scale` is how large a page lets it be printed, in percent.
    """

    width: int
    height: int
    leaves: Mapping[str, Box]
    frames: Mapping[str, Box]
    paths: Mapping[Wire, Path]
    scale: int


def moved(path: Path, right: int, down: int) -> Path:
    """Return a path at another place."""
    return tuple((x + right, y + down) for x, y in path)
