"""Functions that repeat a tensor along dimensions."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field, InstanceOf

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.functions.reshaping import Reshaping, SizeOrRest
from archc.layers.fields import Positive
from archc.reach import HERE, Goes, Reads, aligned, copies_reach, unmoved
from archc.shapes import Batch, Size, TensorType, checked, format_shape, normal_dimension, number


class Expand(Reshaping):
    """Repeat dimensions of size 1 without copying; -1 keeps a size, the batch letter is allowed.

    Shapes: (1, 1, D) → (B, 1, D) for `expand(B, -1, -1)`.
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.expand.html
    """

    torch_name: ClassVar[str] = "expand"
    function_name: ClassVar[str] = "expand"
    variadic: ClassVar[str] = "sizes"

    sizes: tuple[SizeOrRest | InstanceOf[Batch], ...] = Field(
        description="the new sizes; -1 keeps one"
    )

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; the batch letter is written as the batch's size."""
        sizes = [
            (batch or str(size)) if isinstance(size, Batch) else constant_text(size)
            for size in self.sizes
        ]
        return f"{inputs[0]}.expand({', '.join(sizes)})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the sizes, with the input's own where they are -1."""
        (x,) = inputs
        added = len(self.sizes) - x.rank
        if added < 0:
            raise RuleViolation(
                Code.RANK,
                f"`expand` needs a size for each of the {x.rank} dimensions, "
                f"found {len(self.sizes)}",
                notes=(f"the input is {format_shape(x.shape)}",),
                argument="sizes",
            )
        old = (None,) * added + x.shape
        return (x.with_shape(checked(tuple(map(_expanded, old, self.sizes)))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads the one it repeats."""
        return (aligned(inputs[0].shape, self.outputs(*inputs)[0].shape),)


def _expanded(old: Size | None, size: Size) -> Size:
    """Return the size after `expand`; `old` is None for a new dimension."""
    if size == -1 and old is not None:
        return old
    if size == -1:
        raise RuleViolation(
            Code.DIMENSION, "a new dimension in `expand` needs a size, not -1", argument="sizes"
        )
    if old is not None and old not in (1, size):
        raise RuleViolation(
            Code.SIZE_MISMATCH,
            f"`expand` repeats dimensions of size 1; {old} cannot become {size}",
            help="write -1 to keep it",
            argument="sizes",
        )
    return size


class Repeat(Reshaping):
    """Repeat the tensor along each dimension, copying it.

    Shapes: (B, C) → (B, n·C) for `repeat(1, n)`.
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.repeat.html
    """

    torch_name: ClassVar[str] = "repeat"
    is_view: ClassVar[bool] = False
    function_name: ClassVar[str] = "repeat"
    variadic: ClassVar[str] = "sizes"

    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(description="how often, per dimension")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return each size times its number; numbers in front make new dimensions."""
        (x,) = inputs
        times = self.times(x.rank)
        added = len(times) - x.rank
        if added < 0:
            raise RuleViolation(
                Code.RANK,
                f"`repeat` needs a number for each of the {x.rank} dimensions, "
                f"found {len(self.sizes)}",
                help="the batch counts too: write 1 for it" if added == -1 else "",
                argument="sizes",
            )
        old = (1,) * added + x.shape
        return (x.with_shape(checked(tuple(map(_repeated, old, times)))),)

    def times(self, rank: int) -> tuple[int, ...]:
        """Return how often along each dimension of the result."""
        return self.sizes

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads the one it repeats, at another place where it does."""
        (x,) = inputs
        times = self.times(x.rank)
        added = len(times) - x.rank
        return (
            {
                dim: Goes((dim + added,), HERE if n == 1 else None)
                for dim, n in enumerate(times[added:])
            },
        )


class Tile(Repeat):
    """Repeat the tensor along its last dimensions, copying it.

    Shapes: (B, C, H, W) → (B, C, n·H, m·W) for `tile(n, m)`.
    Source: https://pytorch.org/docs/stable/generated/torch.tile.html
    """

    torch_name: ClassVar[str] = "tile"
    function_name: ClassVar[str] = "tile"

    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        description="how often, for the last dimensions"
    )

    def times(self, rank: int) -> tuple[int, ...]:
        """Return how often along each dimension: once, where nothing is said."""
        return (1,) * (rank - len(self.sizes)) + self.sizes


class RepeatInterleave(Reshaping):
    """Repeat each element of a dimension, copies beside each other.

    Shapes: (B, C, …) → (B, n·C, …) for `repeat_interleave(n, 1)`.
    Source: https://pytorch.org/docs/stable/generated/torch.repeat_interleave.html
    """

    torch_name: ClassVar[str] = "repeat_interleave"
    is_view: ClassVar[bool] = False
    function_name: ClassVar[str] = "repeat_interleave"
    positional: ClassVar[tuple[str, ...]] = ("repeats", "dim")

    repeats: Positive = Field(description="how often")
    dim: int = Field(description="along which dimension")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the dimension's size times the number."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        size = _repeated(x.shape[dim], self.repeats)
        return (x.with_shape(checked((*x.shape[:dim], size, *x.shape[dim + 1 :]))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that neighbours read one element."""
        (x,) = inputs
        dim = normal_dimension(self.dim, x.rank)
        return (unmoved(range(x.rank)) | {dim: Goes((dim,), copies_reach(self.repeats))},)


def _repeated(old: Size, times: int) -> Size:
    return old if times == 1 else number(old, "the dimension to repeat") * times
