"""What the shape rules of many layers share: ranks, dtypes, numbers for each axis."""

from collections.abc import Callable, Sequence
from functools import partial
from math import isqrt

from archc.diagnostics import Code, RuleViolation
from archc.shapes import TensorType, format_shape

Rule = Callable[[], object]
"""A check of arguments; it raises a RuleViolation where they break it."""


def spatial(value: int | tuple[int, ...], count: int, argument: str) -> tuple[int, ...]:
    """Return one number for each of `count` axes from a number or a list of them.

    Raises:
        RuleViolation: a list of another length.
    """
    if isinstance(value, int):
        return (value,) * count
    if len(value) != count:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"`{argument}` needs one number or {count}, found {len(value)}",
            help="write one number for all axes, or one for each",
            argument=argument,
        )
    return value


def numbers_for_axes(layer: object, count: int, *arguments: str) -> tuple[Rule, ...]:
    """Return the rules that arguments are one number or `count` of them, where they are numbers."""
    return tuple(partial(_expect_numbers, layer, count, argument) for argument in arguments)


def _expect_numbers(layer: object, count: int, argument: str) -> None:
    value = getattr(layer, argument)
    if isinstance(value, (int, tuple)):
        spatial(value, count, argument)  # pyright: ignore[reportUnknownArgumentType]


def dividing(given: int, whole: int) -> str:
    """Return the advice to write one of the numbers next to `given` that divide `whole`."""
    small = [n for n in range(1, isqrt(whole) + 1) if whole % n == 0]
    near = [*small, *(whole // n for n in small)]
    below = max((n for n in near if n < given), default=0)
    above = min((n for n in near if n > given), default=0)
    return "write " + " or ".join(str(n) for n in (below, above) if n)


IMAGE_RANK = 4
"""How many dimensions images have: batch, channels, height, width."""
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes after batch and channels are called."""


def worked_axes(workings: Sequence[str]) -> tuple[str, ...]:
    """Return one line for all axes whose working is the same: `height = width = …`."""
    names: dict[str, list[str]] = {}
    for name, working in zip(_AXES[len(workings)], workings, strict=True):
        names.setdefault(working, []).append(name)
    return tuple(f"{' = '.join(those)} = {working}" for working, those in names.items())


def expect_rank(x: TensorType, *ranks: int, layer: str) -> None:
    """Refuse a tensor whose number of dimensions is none of `ranks`.

    Raises:
        RuleViolation: another rank.
    """
    if x.rank not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise RuleViolation(
            Code.RANK,
            f"`{layer}` needs a tensor of {wanted} dimensions, this one has {x.rank}",
            help=_rank_advice(x, ranks, layer),
        )


def _rank_advice(x: TensorType, ranks: tuple[int, ...], layer: str) -> str:
    if x.rank == min(ranks) - 1 >= 3 and layer[-2:] in {"2d", "3d"} and _is_no_picture(x):
        other = f"{layer[:-2]}{x.rank - 2}d"
        return (
            f"the layer for {format_shape(x.shape)} is `{other}`; where a dimension is missing, "
            "add it with `-> unsqueeze(1)` or in `inputs`"
        )
    if layer == "BatchNorm2d" and x.rank == IMAGE_RANK - 1:
        return "`BatchNorm1d` takes [B, C, L]; `LayerNorm` takes the last dimension"
    if x.rank == min(ranks) - 1:
        return "a dimension is missing: add it with `-> unsqueeze(1)` or in `inputs`"
    if x.rank > 2 and ranks == (2,):
        return "flatten it first: `-> flatten(1)` or `Flatten`"
    if x.rank == 2 and ranks == (IMAGE_RANK,):
        return "height and width are missing: add them with `-> unflatten(1, (-1, 1, 1))`"
    if x.rank == IMAGE_RANK and layer[-2:] in {"1d", "3d"}:
        return f"the layer for images is `{layer[:-2]}2d`"
    return ""


def _is_no_picture(x: TensorType) -> bool:
    """Return whether the last two sizes are too unlike for a height and a width."""
    height, width = x.shape[-2:]
    return isinstance(height, int) and isinstance(width, int) and width > 4 * height


def expect_floating(x: TensorType, layer: str) -> None:
    """Refuse a tensor that does not hold floating-point numbers.

    Raises:
        RuleViolation: integers or booleans.
    """
    if not x.is_floating:
        raise RuleViolation(
            Code.DTYPE,
            f"`{layer}` needs floating-point numbers, the input is {x.dtype}",
            help="look tokens up first: `Embedding(vocabulary, dim)`" if x.dtype == "int64" else "",
        )
