"""Functions that arrange the same elements in another shape; the batch stays itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function, spec_name
from archc.layers.rules import Rule
from archc.reach import Reads, regrouped
from archc.shapes import (
    Batch,
    Shape,
    TensorType,
    checked,
    elements,
    format_shape,
    normal_dimension,
    number,
)

SizeOrRest = Annotated[int, Field(ge=-1)]


class Reshaping(Function):
    """Arrange the same elements in another shape."""

    method: ClassVar[bool] = True
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return how the dimensions were grouped anew."""
        return (regrouped(inputs[0].shape, self.outputs(*inputs)[0].shape),)


class Flatten(Reshaping):
    """Make one dimension of several: `flatten(1)` keeps the batch.

    Shapes: (B, C, H, W) → (B, C·H·W) from `start_dim=1`.
    Source: https://pytorch.org/docs/stable/generated/torch.flatten.html
    """

    torch_name: ClassVar[str] = "torch.flatten"
    function_name: ClassVar[str] = "flatten"
    method: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("start_dim", "end_dim")

    start_dim: int = Field(0, description="the first dimension to join")
    end_dim: int = Field(-1, description="the last dimension to join")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the order."""
        return (lambda: expect_order(self.start_dim, self.end_dim),)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the dimensions from first to last multiplied."""
        (x,) = inputs
        return (x.with_shape(flattened(x.shape, self.start_dim, self.end_dim)),)

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the product of the sizes that were merged."""
        return merged_working(inputs[0].shape, self.start_dim, self.end_dim)


def flattened(shape: Shape, start_dim: int, end_dim: int) -> Shape:
    """Return `shape` with the dimensions from `start_dim` to `end_dim` made one.

    Raises:
        RuleViolation: the batch is among them, or the first comes after the last.
    """
    start = normal_dimension(start_dim, len(shape), "start_dim")
    end = normal_dimension(end_dim, len(shape), "end_dim")
    if start > end:
        raise _reversed(start_dim, end_dim)
    joined = shape[start : end + 1]
    if len(joined) > 1 and any(isinstance(size, Batch) for size in joined):
        raise RuleViolation(
            Code.RESHAPE,
            "flattening from dimension 0 would join the batch with its elements"
            if start == 0
            else "flattening would join the batch with its elements",
            notes=(f"the input is {format_shape(shape)}",),
            help="write flatten(1)" if isinstance(shape[0], Batch) else "",
            argument="start_dim",
        )
    one = elements(joined) if len(joined) > 1 else shape[start]
    return checked((*shape[:start], one, *shape[end + 1 :]))


def expect_order(start_dim: int, end_dim: int) -> None:
    """Refuse a first dimension behind the last, both counted from one end.

    Raises:
        RuleViolation: it is there.
    """
    if start_dim > end_dim and (start_dim < 0) == (end_dim < 0):
        raise _reversed(start_dim, end_dim)


def _reversed(start_dim: int, end_dim: int) -> RuleViolation:
    return RuleViolation(
        Code.DIMENSION,
        f"start_dim={start_dim} comes after end_dim={end_dim}",
        argument="start_dim",
    )


def merged_working(shape: Shape, start_dim: int, end_dim: int) -> tuple[str, ...]:
    """Return the product of the sizes from `start_dim` to `end_dim`, with its numbers."""
    start = normal_dimension(start_dim, len(shape), "start_dim")
    merged = shape[start : normal_dimension(end_dim, len(shape), "end_dim") + 1]
    if len(merged) < 2:
        return ()
    return (f"{' · '.join(map(str, merged))} = {elements(merged)}",)


class Unflatten(Reshaping):
    """Part one dimension into several.

    Shapes: (B, n·m, …) → (B, n, m, …) for `unflatten(1, (n, m))`.
    Source: https://pytorch.org/docs/stable/generated/torch.unflatten.html
    """

    torch_name: ClassVar[str] = "unflatten"
    function_name: ClassVar[str] = "unflatten"
    positional: ClassVar[tuple[str, ...]] = ("dim", "sizes")

    dim: int = Field(description="the dimension to part")
    sizes: tuple[SizeOrRest, ...] = Field(
        description="the sizes it is parted into; one may be -1", min_length=1
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the sizes."""
        return sizes_rules(lambda: self.sizes, "sizes")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the dimension's parts in its place."""
        (x,) = inputs
        return (x.with_shape(unflattened(x.shape, self.dim, self.sizes)),)


def unflattened(shape: Shape, dim: int, sizes: Sequence[int]) -> Shape:
    """Return `shape` with the dimension `dim` parted into `sizes`, one of which may be -1.

    Raises:
        RuleViolation: the sizes do not multiply to the dimension's, or it is the batch.
    """
    place = normal_dimension(dim, len(shape))
    size = number(shape[place], "the dimension to part")
    return checked((*shape[:place], *solved(sizes, size, "sizes"), *shape[place + 1 :]))


def solved(sizes: Sequence[int], count: int, argument: str) -> tuple[int, ...]:
    """Return `sizes` with a -1 replaced by what makes their product `count`.

    Raises:
        RuleViolation: no number does, or several sizes are -1.
    """
    known = 1
    for size in sizes:
        known *= 1 if size == -1 else size
    expect_one_rest(sizes, argument)
    unknown = sizes.count(-1)
    if known == 0 or count % known or (not unknown and known != count):
        product = " · ".join(str(size) for size in sizes if size != -1)
        raise RuleViolation(
            Code.RESHAPE,
            f"{count} elements do not fill {format_shape(sizes)}",
            notes=(f"{product} = {known}",) if product else (),
            argument=argument,
        )
    return tuple(count // known if size == -1 else size for size in sizes)


def expect_one_rest(sizes: Sequence[int], argument: str) -> None:
    """Refuse a second -1.

    Raises:
        RuleViolation: there is one.
    """
    if sizes.count(-1) > 1:
        raise RuleViolation(
            Code.RESHAPE, "only one size may be -1: write the others", argument=argument
        )


def expect_elements(sizes: Sequence[int], argument: str) -> None:
    """Refuse a size of 0.

    Raises:
        RuleViolation: there is one.
    """
    if 0 in sizes:
        raise RuleViolation(
            Code.RESHAPE, f"there are no elements in {format_shape(sizes)}", argument=argument
        )


def sizes_rules(sizes: Callable[[], Sequence[int]], argument: str) -> tuple[Rule, ...]:
    """Return the rules of sizes that elements are put into."""
    return (
        lambda: expect_one_rest(sizes(), argument),
        lambda: expect_elements(sizes(), argument),
    )


class Reshape(Reshaping):
    """Arrange the elements of each sample in other sizes; the first size, -1, is the batch.

    Shapes: (B, n·m) → (B, n, m) for `reshape(-1, n, m)`.
    Source: https://pytorch.org/docs/stable/generated/torch.reshape.html
    """

    torch_name: ClassVar[str] = "reshape"
    function_name: ClassVar[str] = "reshape"
    variadic: ClassVar[str] = "sizes"

    sizes: tuple[SizeOrRest, ...] = Field(
        description="the sizes; -1 for the batch, or for the one to be computed", min_length=1
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the sizes."""
        return sizes_rules(lambda: self.sizes, "sizes")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the sizes, the batch in front where the input has one."""
        (x,) = inputs
        batches = [axis for axis, size in enumerate(x.shape) if isinstance(size, Batch)]
        if not batches:
            return (x.with_shape(checked(solved(self.sizes, elements(x.shape), "sizes"))),)
        if batches != [0]:
            raise RuleViolation(
                Code.RESHAPE,
                "a reshape needs the batch in front",
                notes=(f"the input is {format_shape(x.shape)}",),
                help="put it there first: `transpose` or `permute`",
            )
        return (x.with_shape(checked((x.shape[0], *self._sample(x)))),)

    def _sample(self, x: TensorType) -> tuple[int, ...]:
        first, *rest = self.sizes
        count = elements(x.shape)
        if first != -1:
            raise self._takes_batch(x, self.sizes)
        if -1 in rest:
            known = elements([size for size in rest if size != -1])
            numbers = [count // known if size == -1 else size for size in rest]
            raise RuleViolation(
                Code.RESHAPE,
                "the first -1 is the batch: write the others as numbers",
                help=f"write {spec_name(type(self))}{(-1, *numbers)}"
                if rest.count(-1) == 1 and known > 0 and count % known == 0
                else "",
                argument="sizes",
            )
        if elements(rest) != count:
            raise self._takes_batch(x, rest)
        return tuple(rest)

    def _takes_batch(self, x: TensorType, sample: Sequence[int]) -> RuleViolation:
        """Return the error of sizes that would mix samples; `sample` is what one should be."""
        count, given = elements(x.shape), elements(sample)
        name = spec_name(type(self))
        return RuleViolation(
            Code.RESHAPE,
            f"`{name}` would mix the samples of the batch",
            notes=(f"a sample has {count} elements, {format_shape(sample)} has {given}",)
            if given > 0
            else (f"a sample has {count} elements",),
            help=_filling(name, self.sizes, count),
            argument="sizes",
        )


def _filling(name: str, sizes: Sequence[int], count: int) -> str:
    """Return the calls that part a sample's elements and are most like the one that does not.

    A first size other than -1 is the batch as a number, or the sample's own where that fits;
    of two sizes, `(32, -1)`, it is the batch.
    """
    first, *rest = sizes
    if first != -1 and elements(sizes) == count:
        rest = [*sizes]
    is_sample = first > 1 and len(sizes) > 2 and sizes.count(-1) == 1
    if is_sample and (whole := _changed(sizes, sizes.index(-1), count)):
        return f"the batch comes first, and is -1: write {name}{(-1, *whole)}"
    open_places = [place for place, size in enumerate(rest) if size == -1]
    changed = open_places or [*range(len(rest) if first == -1 else 0)]
    parted = [rest] if elements(rest) == count else [_changed(rest, n, count) for n in changed]
    calls = [f"{name}{(-1, *sample)}" for sample in parted if sample]
    return f"write {' or '.join(calls)}" if calls else "write -1, the batch, first"


def _changed(sizes: Sequence[int], place: int, count: int) -> list[int]:
    """Return sizes with one of them such that they hold `count` elements, none if none does."""
    before, behind = sizes[:place], sizes[place + 1 :]
    others = elements([*before, *behind])
    return [*before, count // others, *behind] if others > 0 and count % others == 0 else []


class View(Reshape):
    """Arrange elements as `reshape` does, which also works after a transpose.

    Shapes: (B, n·m) → (B, n, m) for `view(-1, n, m)`.
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """

    function_name: ClassVar[str] = "view"


class Squeeze(Reshaping):
    """Drop a dimension of size 1.

    Shapes: (B, C, 1) → (B, C) for `squeeze(2)`.
    Source: https://pytorch.org/docs/stable/generated/torch.squeeze.html
    """

    torch_name: ClassVar[str] = "squeeze"
    function_name: ClassVar[str] = "squeeze"
    positional: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = Field(description="the dimension to drop")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape without `dim`."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        if x.shape[dim] != 1:
            raise RuleViolation(
                Code.DIMENSION,
                f"`squeeze` drops dimensions of size 1; dimension {dim} is {x.shape[dim]}",
                notes=(f"the input is {format_shape(x.shape)}",),
                help=_squeezable(x.shape),
                argument="dim",
            )
        return (x.with_shape(checked((*x.shape[:dim], *x.shape[dim + 1 :]))),)


def _squeezable(shape: Shape) -> str:
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    return f"write squeeze({ones[0]})" if len(ones) == 1 else ""


class Unsqueeze(Reshaping):
    """Insert a dimension of size 1.

    Shapes: (B, L, D) → (B, 1, L, D) for `unsqueeze(1)`.
    Source: https://pytorch.org/docs/stable/generated/torch.unsqueeze.html
    """

    torch_name: ClassVar[str] = "unsqueeze"
    function_name: ClassVar[str] = "unsqueeze"
    positional: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = Field(description="where the new dimension stands")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with a 1 at `dim`."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank + 1)
        return (x.with_shape(checked((*x.shape[:dim], 1, *x.shape[dim:]))),)
