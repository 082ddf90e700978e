"""Functions that cut a dimension into parts, each a result of its own."""

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function, spec_name
from archc.layers.fields import Positive
from archc.layers.rules import Rule
from archc.reach import Goes, Reads, shifted_reach, unmoved
from archc.shapes import Batch, TensorType, checked, format_shape, normal_dimension

MAX_PARTS = 1_000


class _Parts(Function):
    """Cut a tensor into parts along a dimension; the results are named `0`, `1`, ….

    Shapes: (B, C, …) → (B, C₀, …), (B, C₁, …), … with ΣCᵢ = C for `dim=1`.
    """

    method: ClassVar[bool] = True
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    dim: int = Field(0, description="the dimension to cut")

    @abstractmethod
    def _lengths(self, size: int) -> tuple[int, ...]:
        """Return the length of each part of a dimension of this size."""

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of each part."""
        (x,) = inputs
        dim, size = _cut_dimension(x, self.dim, spec_name(type(self)))
        before, after = x.shape[:dim], x.shape[dim + 1 :]
        return tuple(x.with_shape((*before, part, *after)) for part in self._lengths(size))

    def result_names(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return `0`, `1`, … for the parts."""
        return tuple(str(place) for place in range(len(self.outputs(*inputs))))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dim` each part begins where those before it end."""
        (x,) = inputs
        dim, size = _cut_dimension(x, self.dim, spec_name(type(self)))
        parts = self._lengths(size)
        first = sum(parts[:result])
        return (unmoved(range(x.rank)) | {dim: Goes((dim,), shifted_reach(first))},)


def _cut_dimension(x: TensorType, dim: int, name: str) -> tuple[int, int]:
    """Return the dimension to cut, counted from 0, and its size.

    Raises:
        RuleViolation: it is the batch, or does not exist.
    """
    dim = normal_dimension(dim, x.rank)
    size = x.shape[dim]
    if isinstance(size, Batch):
        raise RuleViolation(
            Code.DIMENSION,
            f"`{name}` would cut the batch apart",
            notes=(f"dimension {dim} of {format_shape(x.shape)} is the batch",),
            help=f"write dim=1: {name}({'' if name == 'unbind' else '…, '}1)",
            argument="dim",
        )
    return dim, size


class Chunk(_Parts):
    """Cut a dimension into a number of parts, the last of which may be shorter.

    Source: https://pytorch.org/docs/stable/generated/torch.chunk.html
    """

    torch_name: ClassVar[str] = "chunk"
    function_name: ClassVar[str] = "chunk"
    positional: ClassVar[tuple[str, ...]] = ("chunks", "dim")

    chunks: Positive = Field(description="how many parts")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the number of parts."""
        return (lambda: _refuse_many(self.chunks),)

    def _lengths(self, size: int) -> tuple[int, ...]:
        lengths = _cut(size, -(-size // self.chunks))
        if len(lengths) != self.chunks:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"{size} elements do not make {self.chunks} parts: torch would give {len(lengths)}",
                notes=(f"⌈{size}/{self.chunks}⌉ = {lengths[0]} elements a part",),
                argument="chunks",
            )
        return lengths


class Split(_Parts):
    """Cut a dimension into parts of one length, or into parts of the lengths listed.

    Source: https://pytorch.org/docs/stable/generated/torch.split.html
    """

    torch_name: ClassVar[str] = "split"
    function_name: ClassVar[str] = "split"
    positional: ClassVar[tuple[str, ...]] = ("split_size", "dim")

    split_size: Positive | Annotated[tuple[Positive, ...], Field(min_length=1)] = Field(
        description="the length of each part, or the list of lengths"
    )

    def _lengths(self, size: int) -> tuple[int, ...]:
        if isinstance(self.split_size, int):
            return _cut(size, self.split_size)
        if sum(self.split_size) != size:
            total = " + ".join(map(str, self.split_size))
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"the parts of `split` add up to {sum(self.split_size)}, the size is {size}",
                notes=(f"{total} = {sum(self.split_size)}",),
                argument="split_size",
            )
        return self.split_size


class TensorSplit(_Parts):
    """Cut a dimension into a number of parts, the first of which may be longer by 1, or at places.

    Source: https://pytorch.org/docs/stable/generated/torch.tensor_split.html
    """

    torch_name: ClassVar[str] = "tensor_split"
    function_name: ClassVar[str] = "tensor_split"
    positional: ClassVar[tuple[str, ...]] = ("indices_or_sections", "dim")

    indices_or_sections: Positive | Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        description="how many parts, or where each but the first begins"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the number of parts, and of the places."""
        return (self._count_rule, self._places_rule)

    def _count_rule(self) -> None:
        """Refuse more parts than a graph may hold."""
        if isinstance(self.indices_or_sections, int):
            _refuse_many(self.indices_or_sections)

    def _places_rule(self) -> None:
        """Refuse places of which one does not lie behind that before it, or at the start."""
        given = self.indices_or_sections
        places = given if isinstance(given, tuple) and min(given) >= 0 else ()
        if any(b <= a for a, b in pairwise((0, *places))):
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"`tensor_split` would make empty parts at {given}",
                argument="indices_or_sections",
            )

    def _lengths(self, size: int) -> tuple[int, ...]:
        lengths = tuple(b - a for a, b in pairwise((0, *self._places(size), size)))
        if min(lengths) < 1:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"`tensor_split` would make empty parts of {size} elements",
                notes=(f"the parts would have {', '.join(map(str, lengths))}",),
                argument="indices_or_sections",
            )
        return lengths

    def _places(self, size: int) -> tuple[int, ...]:
        """Return where each part but the first begins."""
        given = self.indices_or_sections
        if isinstance(given, tuple):
            return tuple(max(i + size, 0) if i < 0 else min(i, size) for i in given)
        _refuse_many(given)
        length, longer = divmod(size, given)
        return tuple(part * length + min(part, longer) for part in range(1, given))


class Unbind(Function):
    """Take a dimension apart: a result for each of its elements, named `0`, `1`, ….

    Shapes: (B, n, …) → n × (B, …) for `dim=1`.
    Source: https://pytorch.org/docs/stable/generated/torch.unbind.html
    """

    torch_name: ClassVar[str] = "unbind"
    function_name: ClassVar[str] = "unbind"
    method: ClassVar[bool] = True
    is_view: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "shape"

    dim: int = Field(0, description="the dimension to take apart")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without the dimension, once for each element."""
        (x,) = inputs
        dim, size = _cut_dimension(x, self.dim, "unbind")
        _refuse_many(size)
        return (x.with_shape(checked((*x.shape[:dim], *x.shape[dim + 1 :]))),) * size

    def result_names(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return `0`, `1`, … for the elements."""
        return tuple(str(place) for place in range(len(self.outputs(*inputs))))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each result reads one place of the dimension, whose reach does not move."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        kept = [axis for axis in range(x.rank) if axis != dim]
        return ({axis: Goes((new,)) for new, axis in enumerate(kept)} | {dim: Goes((), None)},)


def _refuse_many(count: int) -> None:
    if count > MAX_PARTS:
        raise RuleViolation(
            Code.EXPANSION_LIMIT, f"{count} parts are too many: the limit is {MAX_PARTS}"
        )


def _cut(size: int, length: int) -> tuple[int, ...]:
    """Return ⌊size/length⌋ parts of `length` and one of what is left."""
    whole, rest = divmod(size, length)
    _refuse_many(whole)
    return (length,) * whole + ((rest,) if rest else ())
