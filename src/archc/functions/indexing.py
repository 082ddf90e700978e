"""Functions that take a part of a tensor: slices, chosen elements."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function
from archc.layers.fields import Positive
from archc.layers.rules import Rule
from archc.reach import HERE, Goes, Reach, Reads, scattered, shifted_reach, unmoved
from archc.shapes import (
    Batch,
    Shape,
    Size,
    TensorType,
    checked,
    format_shape,
    normal_dimension,
    number,
)

Bound = int | None
Slice = tuple[Literal["slice"], Bound, Bound, Bound]
Rest = Literal["..."]
WHOLE: Slice = ("slice", None, None, None)


class GetItem(Function):
    """Take a part as Python's brackets do: `x[:, 0]`, `x[..., ::2]`, or `table[index]`.

    An item of `index` is a number, which drops its dimension,
    (`slice`, start, stop, step), or `'...'` for all dimensions that are left over.
    With no items a second, integer tensor chooses rows of the first.

    Shapes: (B, L, D) → (B, D) for `x[:, 0]`; (V, D), (B, L) → (B, L, D) for `table[index]`.
    Source: https://docs.pytorch.org/docs/stable/tensors.html#torch.Tensor.__getitem__
    """

    torch_name: ClassVar[str] = "getitem"
    function_name: ClassVar[str] = "getitem"
    method: ClassVar[bool] = True
    arity: ClassVar[tuple[int, int]] = (1, 2)
    positional: ClassVar[tuple[str, ...]] = ("index",)
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    index: tuple[int | Rest | Slice, ...] = Field((), description="what stands in the brackets")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of `...`, and of each slice."""
        return (self._rest_rule, self._steps_rule, self._bounds_rule)

    def _rest_rule(self) -> None:
        """Refuse a second `...`."""
        if self.index.count("...") > 1:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                "`...` stands once in brackets",
                help="write `:` for the others",
            )

    def _steps_rule(self) -> None:
        """Refuse a slice that does not go forward."""
        for axis, item in enumerate(self.index):
            if isinstance(item, tuple):
                _expect_forward(item[3], None if "..." in self.index[:axis] else axis)

    def _bounds_rule(self) -> None:
        """Refuse a slice whose end does not lie behind its start, both counted from one end."""
        for item in self.index:
            _, start, stop, _ = item if isinstance(item, tuple) else WHOLE
            start = 0 if start is None else start
            if stop is not None and stop <= start and (stop < 0) == (start < 0):
                raise RuleViolation(Code.DIMENSION, f"`{_item_text(item)}` takes nothing")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `x[…]`."""
        inside = inputs[1] if len(inputs) > 1 else ", ".join(map(_item_text, self.index))
        return f"{inputs[0]}[{inside}]"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the part."""
        x, *chosen = inputs
        if bool(chosen) == bool(self.index):
            raise RuleViolation(Code.ARGUMENTS, "brackets take numbers and slices, or one tensor")
        if chosen:
            return (_rows(x, chosen[0]),)
        sizes: list[Size] = []
        for axis, item in enumerate(self._items(x)):
            if isinstance(item, int):
                _check_index(x.shape, axis, item)
            else:
                sizes.append(_sliced(x.shape, axis, item))
        return (x.with_shape(checked(tuple(sizes))),)

    def _items(self, x: TensorType) -> list[int | Slice]:
        """Return an item for each dimension: those that the brackets leave out stay whole."""
        self._rest_rule()
        place = self.index.index("...") if "..." in self.index else len(self.index)
        given = [item for item in self.index if item != "..."]
        left = x.rank - len(given)
        if left < 0:
            raise RuleViolation(
                Code.RANK,
                f"{len(given)} indices for a tensor of {x.rank} dimensions",
                notes=(f"the tensor is {format_shape(x.shape)}",),
            )
        return [*given[:place], *[WHOLE] * left, *given[place:]]

    def __str__(self) -> str:
        return f"[{', '.join(map(_item_text, self.index))}]" if self.index else "getitem"

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return where the slices lie; a number takes one place, whose reach does not move."""
        x, *chosen = inputs
        if chosen:
            return _rows_read(x, chosen[0])
        items = self._items(x)
        kept = [dim for dim, item in enumerate(items) if not isinstance(item, int)]
        reads: Reads = {dim: Goes((), None) for dim in range(x.rank)}
        for new, dim in enumerate(kept):
            reads[dim] = Goes((new,), _moved(x.shape[dim], items[dim]))
        return (reads,)


def _item_text(item: int | Rest | Slice) -> str:
    if isinstance(item, (int, str)):
        return str(item)
    start, stop, step = ("" if bound is None else str(bound) for bound in item[1:])
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _moved(size: Size, item: int | Slice) -> Reach | None:
    """Return the reach of a slice: its first element, and its step."""
    if item == WHOLE or not isinstance(size, int) or isinstance(item, int):
        return HERE
    first, _, step = slice(*item[1:]).indices(size)
    return Reach(step, ((first, first),)) if step > 0 else None


def _rows(table: TensorType, index: TensorType) -> TensorType:
    """Return the type of `table[index]`: the index's shape and then a row's."""
    number(table.shape[0], "the dimension to choose from")
    if index.dtype not in {"int64", "int32"}:
        raise RuleViolation(
            Code.DTYPE, f"a tensor in brackets holds integers, this one is {index.dtype}"
        )
    return table.with_shape(checked((*index.shape, *table.shape[1:])))


def _rows_read(table: TensorType, index: TensorType) -> tuple[Reads, Reads]:
    """Return that each row reads its number, and of the table a row from anywhere."""
    places = tuple(range(index.rank))
    row = {dim: Goes((index.rank + dim - 1,)) for dim in range(1, table.rank)}
    return row | {0: Goes(places, None)}, unmoved(places)


def _check_index(shape: Shape, axis: int, index: int) -> None:
    size = shape[axis]
    if isinstance(size, Batch):
        raise _batch_part(f"index {index}", axis, f"`[:, {index}]`")
    if not -size <= index < size:
        raise RuleViolation(
            Code.DIMENSION,
            f"index {index} lies outside dimension {axis}, whose size is {size}",
            help=f"the last index is {size - 1}",
        )


def _sliced(shape: Shape, axis: int, item: Slice) -> Size:
    """Return the length of a slice of dimension `axis`, by Python's rule."""
    size = shape[axis]
    _, start, stop, step = item
    _expect_forward(step, axis)
    if isinstance(size, Batch):
        if item != WHOLE:
            raise _batch_part(f"`{_item_text(item)}`", axis, f"`[:, {_item_text(item)}]`")
        return size
    length = len(range(*slice(start, stop, step).indices(size)))
    if not length:
        raise RuleViolation(
            Code.DIMENSION,
            f"`{_item_text(item)}` takes nothing of dimension {axis}, whose size is {size}",
        )
    return length


def _expect_forward(step: Bound, axis: int | None) -> None:
    if step is not None and step < 1:
        place = "…" if axis is None else axis
        raise RuleViolation(
            Code.DIMENSION,
            f"the step of a slice is at least 1, found {step}",
            help=f"reverse with flip({place})" if step == -1 else "",
        )


def _batch_part(what: str, axis: int, instead: str) -> RuleViolation:
    return RuleViolation(
        Code.DIMENSION,
        f"{what} would take a part of the batch",
        notes=(f"dimension {axis} is the batch",),
        help=f"write `:` for the batch: {instead}" if axis == 0 else "write `:` for the batch",
    )


class IndexSelect(Function):
    """Choose elements of a dimension by their numbers, in that order.

    Shapes: (B, C, H, W) → (B, n, H, W) for n numbers and `dim=1`.
    Source: https://pytorch.org/docs/stable/generated/torch.index_select.html
    """

    torch_name: ClassVar[str] = "index_select"
    function_name: ClassVar[str] = "index_select"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "index")
    family: ClassVar[str] = "shape"

    dim: int = Field(description="the dimension to choose from")
    index: tuple[int, ...] = Field(description="the numbers of the elements", min_length=1)

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `x[:, [0, 2]]`: brackets take the numbers without a tensor of them."""
        numbers = f"[{', '.join(map(str, self.index))}]"
        before, after = [":"] * self.dim, [":"] * (-self.dim - 1)
        items = [*before, numbers] if self.dim >= 0 else ["...", numbers, *after]
        return f"{inputs[0]}[{', '.join(items)}]"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with as many elements as were chosen."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        size = number(x.shape[dim], "the dimension to choose from")
        for chosen in self.index:
            if not 0 <= chosen < size:
                raise RuleViolation(
                    Code.DIMENSION,
                    f"index {chosen} lies outside dimension {dim}, whose size is {size}",
                    help=f"the last index is {size - 1}",
                    argument="index",
                )
        return (x.with_shape((*x.shape[:dim], len(self.index), *x.shape[dim + 1 :])),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dim` elements stand at other places."""
        return (scattered(inputs[0].rank, (self.dim,)),)


class Narrow(Function):
    """Take `length` elements of a dimension from `start` on.

    Shapes: (B, C, …) → (B, length, …) for `dim=1`.
    Source: https://pytorch.org/docs/stable/generated/torch.narrow.html
    """

    torch_name: ClassVar[str] = "narrow"
    function_name: ClassVar[str] = "narrow"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dim", "start", "length")
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "shape"

    dim: int = Field(description="the dimension to shorten")
    start: int = Field(description="the first element; negative numbers count from the end")
    length: Positive = Field(description="how many elements")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `length` elements in `dim`."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        size = number(x.shape[dim], "the dimension to shorten")
        start = self.start + size if self.start < 0 else self.start
        if start < 0 or start + self.length > size:
            raise RuleViolation(
                Code.DIMENSION,
                f"{self.length} elements from {self.start} leave dimension {dim}, "
                f"whose size is {size}",
                argument="length",
            )
        return (x.with_shape((*x.shape[:dim], self.length, *x.shape[dim + 1 :])),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that along `dim` each element reads the one `start` places on."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        first = self.start + number(x.shape[dim], "the dimension") if self.start < 0 else self.start
        return (unmoved(range(x.rank)) | {dim: Goes((dim,), shifted_reach(first))},)
