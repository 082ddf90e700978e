"""Functions that multiply tensors and sum over the dimensions that these share."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.layers.base import Function
from archc.layers.fields import NotNegative
from archc.layers.rules import Rule, expect_floating
from archc.reach import Goes, Reads
from archc.shapes import (
    Batch,
    Shape,
    Size,
    TensorType,
    checked,
    elements,
    format_shape,
    normal_dimension,
    number,
)

MAX_OPERANDS = 256
REST = "..."

Labels = tuple[str, ...]


def refuse_meeting_samples(shape: Shape, name: str) -> None:
    """Refuse a product in which every sample would meet every other.

    Raises:
        RuleViolation: the batch is there twice.
    """
    batches = [size for size in shape if isinstance(size, Batch)]
    if len(batches) > 1:
        raise RuleViolation(
            Code.DIMENSION,
            f"`{name}` would compare every sample with every sample",
            notes=(f"the result would be {format_shape(shape)}",),
        )


def _expect_one_dtype(inputs: Sequence[TensorType], name: str) -> None:
    dtypes = list(dict.fromkeys(x.dtype for x in inputs))
    expect_floating(inputs[0], name)
    if len(dtypes) > 1:
        raise RuleViolation(
            Code.DTYPE, f"`{name}` needs tensors of one dtype, found {' and '.join(dtypes)}"
        )


class Einsum(Function):
    """Multiply tensors and sum, by Einstein's convention: a letter for each dimension.

    Dimensions of one letter are multiplied with each other. A letter that does not stand
    behind the arrow is summed over; a letter twice in one term takes its diagonal; `...`
    stands for any dimensions in front. Without an arrow the letters that stand once are
    kept, in the alphabet's order. Multiply-adds are those of a product from left to right.

    Shapes: (B, i, k), (B, k, j) → (B, i, j) for `'bik,bkj->bij'`.
    Source: https://pytorch.org/docs/stable/generated/torch.einsum.html
    """

    torch_name: ClassVar[str] = "torch.einsum"
    function_name: ClassVar[str] = "einsum"
    arity: ClassVar[tuple[int, int]] = (1, MAX_OPERANDS)
    positional: ClassVar[tuple[str, ...]] = ("equation",)
    leading: ClassVar[int] = 1
    family: ClassVar[str] = "arithmetic"

    equation: Annotated[str, Field(max_length=1024)] = Field(
        description="a term for each tensor, `->`, and the result's"
    )
    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the equation."""
        return (self._equation_rule,)

    def _equation_rule(self) -> None:
        """Refuse what is no equation, and a result that its terms do not give."""
        terms, result = _parsed(self.equation)
        kept = _implied(terms, ()) if result is None else result
        _check_result(kept, [*terms, (REST,)])
        if not kept and not any(REST in term for term in terms):
            checked(())

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with the equation in front."""
        return f"torch.einsum({', '.join([constant_text(self.equation), *inputs])})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the sizes of the letters behind the arrow."""
        terms, kept = self._labelled(inputs)
        _expect_one_dtype(inputs, "einsum")
        self._check_rest(inputs)
        sizes = self._sizes(terms, inputs)
        for label, size in sizes.items():
            if isinstance(size, Batch) and label not in kept:
                raise RuleViolation(
                    Code.DIMENSION,
                    "`einsum` would sum over the batch",
                    notes=(f"`{_text(label)}` is the batch, and does not stand in the result",),
                    help="write the batch's letter behind the arrow",
                    argument="equation",
                )
        shape = tuple(sizes[label] for label in kept)
        refuse_meeting_samples(shape, "einsum")
        return (inputs[0].with_shape(checked(shape)),)

    def _labelled(self, inputs: Sequence[TensorType]) -> tuple[list[Labels], Labels]:
        """Return a label for each dimension of each input, and those of the result."""
        terms, result = _parsed(self.equation)
        if len(terms) != len(inputs):
            raise RuleViolation(
                Code.ARGUMENTS,
                f"the equation has {len(terms)} terms for {len(inputs)} tensors",
                argument="equation",
            )
        found = [_spread(term, x) for term, x in zip(terms, inputs, strict=True)]
        rest = max(([label for label in labels if _is_rest(label)] for labels in found), key=len)
        kept = _implied(found, rest) if result is None else _replaced(result, rest)
        _check_result(kept, found)
        return found, kept

    def _sizes(self, terms: Sequence[Labels], inputs: Sequence[TensorType]) -> dict[str, Size]:
        """Return the size of each label."""
        sizes: dict[str, Size] = {}
        for labels, x in zip(terms, inputs, strict=True):
            own: dict[str, Size] = {}
            for label, size in zip(labels, x.shape, strict=True):
                if own.setdefault(label, size) != size:
                    raise _unlike(label, own[label], size)
            for label, size in own.items():
                sizes[label] = self._met(label, sizes.get(label, size), size)
        return sizes

    def _check_rest(self, inputs: Sequence[TensorType]) -> None:
        """Refuse `...` that stands for dimensions of unlike number, unless they may grow."""
        pairs = zip(_parsed(self.equation)[0], inputs, strict=True)
        counts = [x.rank - len(term) + 1 for term, x in pairs if REST in term]
        if len(set(counts)) > 1 and not self.broadcast:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`...` stands for {' and for '.join(map(str, counts))} dimensions",
                help="if missing ones are to grow, write broadcast=True",
            )

    def _met(self, label: str, one: Size, other: Size) -> Size:
        if one == other:
            return one
        if self.broadcast and 1 in (one, other):
            return other if one == 1 else one
        raise _unlike(label, one, other)

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return, for each pair that a sum is taken of, the product of its letters' sizes."""
        terms, kept = self._labelled(inputs)
        axes = [
            {label: size for label, size in zip(labels, x.shape, strict=True) if size != 1}
            for labels, x in zip(terms, inputs, strict=True)
        ]
        return sum(_paired(axes, kept))

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that letters of the result move along, and that the others are read whole."""
        terms, kept = self._labelled(inputs)
        sizes = self._sizes(terms, inputs)
        return tuple(
            {
                dim: Goes((kept.index(label),))
                for dim, label in enumerate(labels)
                if label in kept and x.shape[dim] == sizes[label]
            }
            for labels, x in zip(terms, inputs, strict=True)
        )


@lru_cache
def _parsed(equation: str) -> tuple[tuple[Labels, ...], Labels | None]:
    """Return the terms in front of the arrow, and that behind it, if there is one."""
    left, arrow, right = equation.partition("->")
    terms = tuple(_letters(term) for term in left.split(","))
    return terms, _letters(right) if arrow else None


def _letters(term: str) -> Labels:
    """Return the letters of a term, and `...` where it stands.

    Raises:
        RuleViolation: anything else is there, or `...` twice.
    """
    labels = tuple(re.findall(r"\.\.\.|[^ ]", term))
    for label in labels:
        if label != REST and not (label.isascii() and label.isalpha()):
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"an equation of `einsum` has letters, `...` and one `->`, found `{label}`",
                argument="equation",
            )
    if labels.count(REST) > 1:
        raise RuleViolation(Code.ARGUMENT_VALUE, "`...` stands once in a term", argument="equation")
    return labels


def _is_rest(label: str) -> bool:
    return label.startswith(".")


def _text(label: str) -> str:
    return REST if _is_rest(label) else label


def _spread(term: Labels, x: TensorType) -> Labels:
    """Return a label for each dimension: those of `...` are `.0`, `.1`, …, from the right."""
    rest = x.rank - len(term) + (REST in term)
    if rest < 0 or (rest != 0 and REST not in term):
        raise RuleViolation(
            Code.RANK,
            f"the term `{''.join(term)}` names {len(term)} dimensions, the tensor has {x.rank}",
            notes=(f"the tensor is {format_shape(x.shape)}",),
            argument="equation",
        )
    return _replaced(term, [f".{place}" for place in reversed(range(rest))])


def _replaced(term: Labels, rest: Sequence[str]) -> Labels:
    """Return a term with the labels that `...` stands for."""
    return tuple(part for label in term for part in (rest if label == REST else (label,)))


def _implied(terms: Sequence[Labels], rest: Sequence[str]) -> Labels:
    """Return the result of an equation without an arrow: `...`, then what stands once, A to z."""
    letters = [label for labels in terms for label in labels if not _is_rest(label)]
    return (*rest, *sorted(label for label in letters if letters.count(label) == 1))


def _check_result(kept: Labels, terms: Sequence[Labels]) -> None:
    known = {label for labels in terms for label in labels}
    for label in kept:
        if label not in known:
            headline = f"`{label}` stands behind the arrow alone"
        elif kept.count(label) > 1:
            headline = f"`{label}` stands twice behind the arrow"
        else:
            continue
        raise RuleViolation(Code.ARGUMENT_VALUE, headline, argument="equation")


def _unlike(label: str, one: Size, other: Size) -> RuleViolation:
    return RuleViolation(
        Code.SIZE_MISMATCH,
        f"`{_text(label)}` of the equation is {one} and {other}",
        help="if the 1 is to grow, write broadcast=True" if 1 in (one, other) else "",
    )


def _paired(axes: Sequence[Mapping[str, Size]], kept: Labels) -> Iterator[int]:
    """Yield the multiply-adds of each pair from left to right, 0 where nothing is summed."""
    first, *others = axes
    for place, other in enumerate(others, 1):
        later = {*kept}.union(*axes[place + 1 :])
        met = first.keys() & other.keys()
        sizes = {**first, **other}
        first = {label: sizes[label] for label in sizes if label in later}
        if met - later:
            yield elements([sizes[label] for label in sizes if label in met | later])


class Tensordot(Function):
    """Multiply two tensors and sum over the last dimensions of one and the first of the other.

    `dims` is how many, or the dimensions of both, in pairs: `((1, 2), (0, 1))`.

    Shapes: (B, …, k…), (k…, m…) → (B, …, m…).
    Source: https://pytorch.org/docs/stable/generated/torch.tensordot.html
    """

    torch_name: ClassVar[str] = "torch.tensordot"
    function_name: ClassVar[str] = "tensordot"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    positional: ClassVar[tuple[str, ...]] = ("dims",)
    family: ClassVar[str] = "arithmetic"

    dims: NotNegative | tuple[tuple[int, ...], tuple[int, ...]] = Field(
        2, description="how many dimensions to sum over, or which of both tensors"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that dimensions are summed over in pairs."""
        return (self._pairs_rule,)

    def _pairs_rule(self) -> None:
        """Refuse lists of unlike length, and a dimension that is named twice by one number."""
        if isinstance(self.dims, tuple):
            self._expect_pairs(*self.dims)

    def _expect_pairs(self, left: Sequence[int], right: Sequence[int]) -> None:
        if len(left) != len(right) or len({*left}) < len(left) or len({*right}) < len(right):
            raise RuleViolation(
                Code.DIMENSION,
                f"`dims` pairs each dimension with one of the other tensor, found {self.dims}",
                argument="dims",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the dimensions of both that were not summed over."""
        a, b = inputs
        _expect_one_dtype(inputs, "tensordot")
        left, right = self._summed(a, b)
        for one, other in zip(left, right, strict=True):
            number(a.shape[one], "a dimension to sum over")
            if a.shape[one] != b.shape[other]:
                raise RuleViolation(
                    Code.SIZE_MISMATCH,
                    "`tensordot` sums over dimensions of one size",
                    notes=(
                        f"dimension {one} of the first is {a.shape[one]}, "
                        f"dimension {other} of the second {b.shape[other]}",
                    ),
                    argument="dims",
                )
        shape = (*_left_over(a.shape, left), *_left_over(b.shape, right))
        refuse_meeting_samples(shape, "tensordot")
        return (a.with_shape(checked(shape)),)

    def _summed(self, a: TensorType, b: TensorType) -> tuple[list[int], list[int]]:
        """Return the dimensions of both that are summed over, in pairs."""
        if isinstance(self.dims, int):
            if self.dims > min(a.rank, b.rank):
                raise RuleViolation(
                    Code.DIMENSION,
                    f"dims={self.dims} is more than the tensors have",
                    notes=(f"they are {format_shape(a.shape)} and {format_shape(b.shape)}",),
                    argument="dims",
                )
            return list(range(a.rank - self.dims, a.rank)), list(range(self.dims))
        left = [normal_dimension(dim, a.rank, "dims") for dim in self.dims[0]]
        right = [normal_dimension(dim, b.rank, "dims") for dim in self.dims[1]]
        self._expect_pairs(left, right)
        return left, right

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return the sizes that are summed over, multiplied, for each element of the output."""
        a, b = inputs
        left, _ = self._summed(a, b)
        return elements([a.shape[dim] for dim in left]) * elements(outputs[0].shape)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the dimensions which are not summed over move along."""
        a, b = inputs
        left, right = self._summed(a, b)
        first = [dim for dim in range(a.rank) if dim not in left]
        second = [dim for dim in range(b.rank) if dim not in right]
        return (
            {dim: Goes((place,)) for place, dim in enumerate(first)},
            {dim: Goes((place,)) for place, dim in enumerate(second, len(first))},
        )


def _left_over(shape: Shape, dims: Sequence[int]) -> Shape:
    return tuple(size for dim, size in enumerate(shape) if dim not in dims)
