"""What each tensor sees of the model's inputs: receptive fields, axis by axis."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

from archc.reach import Reach


class Local(Struct, frozen=True):
    """Position j of dimension `dim` sees an interval of the input's axis, which moves with j."""

    dim: int
    reach: Reach


class Scattered(Struct, frozen=True):
    """Positions along `dims` see parts of the input's axis that no moving interval describes.

    Once all of `dims` were read whole, all of the axis is seen. No `dims` are left where
    it is not known which they are.
    """

    dims: frozenset[int] = frozenset()


class Everything(Struct, frozen=True):
    """Each position sees all of the input's axis."""


Seen = Local | Scattered | Everything
Sight = Seen | None
"""What a tensor sees of one axis; None: nothing, it was made of parameters alone."""


class Field(Struct, frozen=True):
    """What one node sees along one axis of an input, as a person reads it.

    Units: positions of the input. `size` is the widest interval that one output position
    sees away from the borders, `stride` the distance between the intervals of neighbours,
    `padding` how far the first one reaches before the input.
    """

    size: int | Literal["global", "unknown"]
    stride: Fraction | None = None
    padding: int | None = None


def field_of(sight: Sight) -> Field | None:
    """Return a sight as a person reads it."""
    match sight:
        case Local(_, reach):
            return Field(reach.size, reach.stride, reach.padding)
        case Everything():
            return Field("global")
        case Scattered():
            return Field("unknown")
        case None:
            return None


class InputAxis(Struct, frozen=True):
    """One axis of a model's input along which fields are traced."""

    input: str
    dim: int


class FieldTable(Struct, frozen=True):
    """The fields of every node by its index: one for each of `axes`, in their order."""

    axes: tuple[InputAxis, ...]
    rows: dict[int, tuple[Field | None, ...]]
