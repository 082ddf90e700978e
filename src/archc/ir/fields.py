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
    """What one node sees along one axis of an input, away from the borders."""

    reach: Reach | Literal["global", "unknown"]

    @property
    def size(self) -> int | Literal["global", "unknown"]:
        """The positions of the input in the widest interval that one output position sees."""
        return self.reach.size if isinstance(self.reach, Reach) else self.reach

    @property
    def stride(self) -> Fraction | None:
        """The positions of the input between the intervals of neighbours."""
        return self.reach.stride if isinstance(self.reach, Reach) else None

    @property
    def padding(self) -> int | None:
        """How many positions the first interval reaches before the input."""
        return self.reach.padding if isinstance(self.reach, Reach) else None


def field_of(sight: Sight) -> Field | None:
    """Return a sight without the dimension it lies in."""
    match sight:
        case Local(_, reach):
            return Field(reach)
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
