"""Sizes, shapes and the rules by which shapes meet."""

from collections.abc import Callable, Sequence
from functools import cache

from msgspec import Struct

from archc.diagnostics import Code, RuleViolation

MAX_SIZE = 2**31 - 1
MAX_RANK = 8
MAX_ELEMENTS = 2**48
"""Of one sample: torch counts the bytes of a tensor in 63 bits."""


class Batch(Struct, frozen=True, gc=False):
    """The one dimension that may stay unknown, under the letter the file gives it."""

    letter: str

    def __repr__(self) -> str:
        return self.letter


Size = int | Batch
Shape = tuple[Size, ...]
Sizes = tuple[Size, ...]
"""What several tensors have along one axis."""


class TensorType(Struct, frozen=True, gc=False):
    """What is known of a tensor before it exists: its shape and its dtype."""

    shape: Shape
    dtype: str = "float32"

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def with_shape(self, shape: Shape) -> "TensorType":
        """Return the type of a tensor of this dtype with another shape."""
        return TensorType(shape, self.dtype)

    @property
    def is_floating(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self.dtype.startswith(("float", "bfloat"))

    def __str__(self) -> str:
        text = format_shape(self.shape)
        return text if self.dtype == "float32" else f"{self.dtype}{text}"

    @property
    def bytes(self) -> int:
        """The bytes of one sample's elements."""
        return elements(self.shape) * item_bytes(self.dtype)


@cache
def item_bytes(dtype: str) -> int:
    """Return the bytes of one element: 4 for `float32`, 1 for `bool`."""
    bits = "".join(filter(str.isdigit, dtype))
    return int(bits) // 8 if bits else 1


def format_shape(shape: Sequence[Size]) -> str:
    """Return a shape as the language writes it: `[B, 64, 56, 56]`."""
    return f"[{', '.join(map(str, shape))}]"


def elements(shape: Sequence[Size]) -> int:
    """Return the product of the sizes for one sample: the batch counts as 1."""
    count = 1
    for size in shape:
        if isinstance(size, int):
            count *= size
    return count


def number(size: Size, what: str) -> int:
    """Return `size` where a rule needs a number; the batch is refused."""
    if isinstance(size, Batch):
        raise RuleViolation(
            Code.DIMENSION,
            f"{what} is the batch `{size}`, whose size is not known",
            help="use another dimension, or give the batch a size in `inputs`",
        )
    return size


def normal_dimension(dim: int, rank: int, argument: str = "dim") -> int:
    """Return `dim` counted from the front, as torch counts negative dimensions.

    Raises:
        RuleViolation: `dim` lies outside −rank … rank − 1.
    """
    if not -rank <= dim < rank:
        raise RuleViolation(
            Code.DIMENSION,
            f"dimension {dim} does not exist in a tensor of {rank} dimensions",
            help=f"use a number from {-rank} to {rank - 1}",
            argument=argument,
        )
    return dim % rank


def broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """Return the shape to which all `shapes` broadcast, or None where they do not.

    Aligned at the right, the sizes of a dimension must be equal or 1.
    """
    rank = max(map(len, shapes))
    result: list[Size] = [1] * rank
    for shape in shapes:
        for position, size in enumerate(shape, rank - len(shape)):
            if result[position] == 1:
                result[position] = size
            elif size not in (1, result[position]):
                return None
    return tuple(result)


def concatenated(shapes: Sequence[Shape], dim: int) -> Shape:
    """Return the shape of `shapes` joined along `dim`: its sizes add, all others are equal.

    Raises:
        RuleViolation: ranks differ, another dimension differs, or `dim` is the batch.
    """
    first = shapes[0]
    dim = normal_dimension(dim, len(first))
    for shape in shapes[1:]:
        if len(shape) != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(shape, first, strict=True)) if i != dim
        ):
            raise RuleViolation(
                Code.CONCAT_SHAPES,
                f"concat along dimension {dim} needs all other sizes equal",
                notes=(differences(shapes, lambda axis, _: axis == dim),),
            )
    total = sum(number(shape[dim], "the dimension to join along") for shape in shapes)
    return (*first[:dim], total, *first[dim + 1 :])


def differences(shapes: Sequence[Shape], may_differ: Callable[[int, Sizes], bool]) -> str:
    """Return in words where shapes that should be equal differ; axes that differ alike once.

    `may_differ` says of an axis and its sizes whether nothing is wrong with them.
    """
    if len({len(shape) for shape in shapes}) > 1:
        return "the ranks are " + ", ".join(str(len(shape)) for shape in shapes)
    unlike: dict[Sizes, int] = {}
    for axis, sizes in enumerate(zip(*shapes, strict=True)):
        if len(set(sizes)) > 1 and not may_differ(axis, sizes):
            unlike.setdefault(sizes, axis)
    return "; ".join(f"dimension {n} is {', '.join(map(str, s))}" for s, n in unlike.items())


def checked(shape: Shape) -> Shape:
    """Return `shape` if the rank lies in 1 … 8, every size in 1 … 2³¹ − 1, their product below 2⁴⁸.

    Raises:
        RuleViolation: a limit is passed.
    """
    if not 1 <= len(shape) <= MAX_RANK:
        raise RuleViolation(
            Code.RANK, f"a tensor has 1 to {MAX_RANK} dimensions; this one would have {len(shape)}"
        )
    for size in shape:
        if isinstance(size, int) and not 1 <= size <= MAX_SIZE:
            raise RuleViolation(
                Code.DIMENSION,
                f"the result {format_shape(shape)} has a size outside 1 … {MAX_SIZE}",
            )
    if elements(shape) > MAX_ELEMENTS:
        raise RuleViolation(
            Code.DIMENSION, f"a tensor {format_shape(shape)} has more than {MAX_ELEMENTS} elements"
        )
    return shape


def promoted(*dtypes: str) -> str:
    """Return the dtype of a result that mixes `dtypes`: the highest of bool, integers, floats.

    Source: https://pytorch.org/docs/stable/tensor_attributes.html#torch.dtype
    """
    order = ("bool", "uint8", "int8", "int16", "int32", "int64", "bfloat16", "float16")
    order += ("float32", "float64")
    highest = max(dtypes, key=order.index)
    if highest == "float16" and "bfloat16" in dtypes:
        return "float32"
    if highest == "int8" and "uint8" in dtypes:
        return "int16"
    return highest
