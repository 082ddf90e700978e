"""Functions that put dimensions, or the elements along them, into another order."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.reshaping import Reshaping
from archc.layers.rules import Rule
from archc.reach import HERE, Goes, Reads, scattered, shifted_reach, unmoved
from archc.shapes import TensorType, normal_dimension, number

Dims = int | tuple[int, ...]


class _Reordering(Reshaping):
    """Put the dimensions into another order."""

    @abstractmethod
    def order(self, x: TensorType) -> Sequence[int]:
        """Return the old place of each new dimension."""

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the sizes in their new order."""
        (x,) = inputs
        return (x.with_shape(tuple(x.shape[dim] for dim in self.order(x))),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return which dimensions of the input stand where now."""
        (x,) = inputs
        (result,) = self.outputs(x)
        order = ", ".join(map(str, self.order(x)))
        return (f"its dimensions {order}: {x} → {result}",)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return where each dimension went."""
        return ({old: Goes((new,)) for new, old in enumerate(self.order(inputs[0]))},)


class Transpose(_Reordering):
    """Swap two dimensions.

    Shapes: (B, C, L) → (B, L, C) for `transpose(1, 2)`.
    Source: https://pytorch.org/docs/stable/generated/torch.transpose.html
    """

    torch_name: ClassVar[str] = "transpose"
    function_name: ClassVar[str] = "transpose"
    positional: ClassVar[tuple[str, ...]] = ("dim0", "dim1")

    dim0: int = Field(description="one dimension")
    dim1: int = Field(description="the other")

    def order(self, x: TensorType) -> Sequence[int]:
        """Return the dimensions with two of them swapped."""
        one = normal_dimension(self.dim0, x.rank, "dim0")
        other = normal_dimension(self.dim1, x.rank, "dim1")
        dims = list(range(x.rank))
        dims[one], dims[other] = other, one
        return dims


class Permute(_Reordering):
    """Put the dimensions into another order.

    Shapes: (B, C, H, W) → (B, H, W, C) for `permute(0, 2, 3, 1)`.
    Source: https://pytorch.org/docs/stable/generated/torch.permute.html
    """

    torch_name: ClassVar[str] = "permute"
    function_name: ClassVar[str] = "permute"
    variadic: ClassVar[str] = "dims"

    dims: tuple[int, ...] = Field(description="the old place of each new dimension")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the dimensions."""
        return (self._dims_rule,)

    def _dims_rule(self) -> None:
        """Refuse dimensions that are no order of as many as there are."""
        rank = len(self.dims)
        if sorted(dim + rank * (dim < 0) for dim in self.dims) != list(range(rank)):
            raise RuleViolation(
                Code.DIMENSION,
                f"`permute` names each dimension once, found {self.dims}",
                help="the batch counts too: its number is 0" if 0 not in self.dims else "",
                argument="dims",
            )

    def order(self, x: TensorType) -> Sequence[int]:
        """Return the dimensions as they are named."""
        dims = [normal_dimension(dim, x.rank, "dims") for dim in self.dims]
        if sorted(dims) != list(range(x.rank)):
            raise RuleViolation(
                Code.DIMENSION,
                f"`permute` names each of the {x.rank} dimensions once, found {self.dims}",
                help="the batch counts too: its number is 0" if len(dims) == x.rank - 1 else "",
                argument="dims",
            )
        return dims


class Movedim(_Reordering):
    """Move dimensions to other places; the others keep their order.

    Shapes: (B, C, H, W) → (B, H, W, C) for `movedim(1, -1)`.
    Source: https://pytorch.org/docs/stable/generated/torch.movedim.html
    """

    torch_name: ClassVar[str] = "movedim"
    function_name: ClassVar[str] = "movedim"
    positional: ClassVar[tuple[str, ...]] = ("source", "destination")

    source: Dims = Field(description="the dimensions to move")
    destination: Dims = Field(description="their new places")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules that no dimension moves twice, and that each has a place."""
        return (
            lambda: expect_distinct(self.source, "source"),
            lambda: expect_distinct(self.destination, "destination"),
            self._pairs_rule,
        )

    def _pairs_rule(self) -> None:
        """Refuse more places than dimensions, or fewer."""
        sources, destinations = _listed(self.source), _listed(self.destination)
        if len(sources) != len(destinations):
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`source` names {len(sources)} dimensions, `destination` {len(destinations)}",
                argument="destination",
            )

    def order(self, x: TensorType) -> Sequence[int]:
        """Return the dimensions with those that move in their new places."""
        sources = _places(self.source, x.rank, "source")
        destinations = _places(self.destination, x.rank, "destination")
        self._pairs_rule()
        moved = dict(zip(destinations, sources, strict=True))
        rest = iter(axis for axis in range(x.rank) if axis not in sources)
        return [moved[place] if place in moved else next(rest) for place in range(x.rank)]


class Roll(Reshaping):
    """Move elements along dimensions; those that fall off the end come back in front.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.roll.html
    """

    torch_name: ClassVar[str] = "roll"
    is_view: ClassVar[bool] = False
    function_name: ClassVar[str] = "roll"
    positional: ClassVar[tuple[str, ...]] = ("shifts", "dims")

    shifts: Dims = Field(description="by how many places")
    dims: Dims = Field(description="along which dimensions")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        for dim in _listed(self.dims):
            normal_dimension(dim, x.rank, "dims")
        self._pairs_rule()
        return (x,)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that each dimension has a shift."""
        return (self._pairs_rule,)

    def _pairs_rule(self) -> None:
        """Refuse more shifts than dimensions, or fewer."""
        shifts, dims = _listed(self.shifts), _listed(self.dims)
        if len(shifts) != len(dims) or not dims:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`roll` needs as many shifts as dimensions, found {len(shifts)} and {len(dims)}",
                argument="shifts",
            )

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dims` each position reads the one that far before it."""
        (x,) = inputs
        shifts, dims = _listed(self.shifts), _listed(self.dims)
        moved: dict[int, int] = {}
        for dim, shift in zip(dims, shifts, strict=True):
            moved[dim % x.rank] = moved.get(dim % x.rank, 0) - shift
        return (
            unmoved(range(x.rank)) | {d: Goes((d,), shifted_reach(n)) for d, n in moved.items()},
        )


class Flip(Reshaping):
    """Reverse the order of the elements along dimensions.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.flip.html
    """

    torch_name: ClassVar[str] = "flip"
    is_view: ClassVar[bool] = False
    function_name: ClassVar[str] = "flip"
    variadic: ClassVar[str] = "dims"

    dims: tuple[int, ...] = Field(description="the dimensions to reverse", min_length=1)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that no dimension is named twice."""
        return (lambda: expect_distinct(self.dims, "dims"),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        _places(self.dims, x.rank, "dims")
        return (x,)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dims` each position reads another."""
        return (scattered(inputs[0].rank, self.dims),)


class Rot90(Reshaping):
    """Turn a plane by quarters: from its first dimension towards the second.

    Shapes: (B, C, H, W) → (B, C, W, H) for `rot90(1, (2, 3))`.
    Source: https://pytorch.org/docs/stable/generated/torch.rot90.html
    """

    torch_name: ClassVar[str] = "torch.rot90"
    is_view: ClassVar[bool] = False
    method: ClassVar[bool] = False
    function_name: ClassVar[str] = "rot90"
    positional: ClassVar[tuple[str, ...]] = ("k", "dims")

    k: int = Field(1, description="how many quarters; below 0 the other way round")
    dims: tuple[int, int] = Field((0, 1), description="the dimensions of the plane")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that the plane has two dimensions."""
        return (lambda: expect_distinct(self.dims, "dims"),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape, its two sizes swapped where the turns are odd."""
        (x,) = inputs
        one, other = _places(self.dims, x.rank, "dims")
        for dim in (one, other):
            number(x.shape[dim], "a dimension to turn")
        sizes = list(x.shape)
        if self.k % 2:
            sizes[one], sizes[other] = sizes[other], sizes[one]
        return (x.with_shape(tuple(sizes)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that a turn swaps the dimensions and reverses one, two reverse both."""
        (x,) = inputs
        one, other = _places(self.dims, x.rank, "dims")
        turns = self.k % 4
        first, second = (other, one) if turns % 2 else (one, other)
        reversed_ones = {1: {other}, 2: {one, other}, 3: {one}}.get(turns, set[int]())
        return (
            unmoved(range(x.rank))
            | {
                dim: Goes((place,), None if dim in reversed_ones else HERE)
                for dim, place in ((one, first), (other, second))
            },
        )


def _places(dims: Dims, rank: int, argument: str) -> tuple[int, ...]:
    """Return dimensions as a tuple of numbers from 0, each named once."""
    named = _listed(dims)
    places = tuple(normal_dimension(dim, rank, argument) for dim in named)
    if len(set(places)) < len(places):
        raise _named_twice(named, argument)
    return places


def expect_distinct(dims: Dims, argument: str) -> None:
    """Refuse a dimension that is named twice by one number.

    Raises:
        RuleViolation: one is.
    """
    named = _listed(dims)
    if len(set(named)) < len(named):
        raise _named_twice(named, argument)


def _named_twice(named: tuple[int, ...], argument: str) -> RuleViolation:
    return RuleViolation(
        Code.DIMENSION, f"`{argument}` names a dimension twice: {named}", argument=argument
    )


def _listed(dims: Dims) -> tuple[int, ...]:
    return (dims,) if isinstance(dims, int) else dims
