"""Padding and cropping: what stands around a tensor."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function
from archc.layers.fields import Real
from archc.layers.rules import Rule, expect_rank
from archc.reach import Goes, Reads, unmoved, window_reach
from archc.shapes import Shape, Size, TensorType, checked, format_shape, number
from archc.windows import Axis

Mode = Literal["constant", "reflect", "replicate", "circular"]
_REACH: dict[Mode, int] = {"reflect": 1, "circular": 0}
"""How much shorter than the axis a padding must be, by its mode."""


class Pad(Function):
    """Put elements around the last dimensions; negative numbers take elements away.

    `pad` begins with the last dimension: (left, right, top, bottom, …).

    Shapes: (B, C, H, W) → (B, C, H + p₂ + p₃, W + p₀ + p₁).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """

    torch_name: ClassVar[str] = "F.pad"
    function_name: ClassVar[str] = "pad"
    positional: ClassVar[tuple[str, ...]] = ("pad",)
    family: ClassVar[str] = "shape"

    pad: tuple[int, ...] = Field(
        min_length=2, description="elements before and after, the last dimension first"
    )
    mode: Mode = Field("constant", description="what stands in the padding")
    value: Real | None = Field(None, description="the constant; 0 by default")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the value, and of the numbers."""
        crop = partial(expect_no_crop, argument="pad")
        return (self._value_rule, self._count_rule, lambda: crop(self.pad, self.mode))

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the padding added."""
        (x,) = inputs
        self._value_rule()
        return (x.with_shape(padded(x, self.pad, self.mode)),)

    def _count_rule(self) -> None:
        """Refuse a number without its other side."""
        if len(self.pad) % 2:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`pad` needs two numbers for each dimension, found {len(self.pad)}",
                help="write (left, right) or (left, right, top, bottom)",
                argument="pad",
            )

    def _value_rule(self) -> None:
        """Refuse a value beside a mode that takes its values from the input."""
        if self.mode != "constant" and self.value is not None:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"mode={self.mode!r} takes its values from the input, not from `value`",
                argument="value",
            )

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads the one that lies under it."""
        (x,) = inputs
        reads = unmoved(range(x.rank))
        for dim, before in zip(reversed(range(x.rank)), self.pad[::2], strict=False):
            reads[dim] = Goes((dim,), window_reach(Axis(1, padding=(before, 0))))
        return (reads,)


def expect_no_crop(pad: Sequence[int], mode: Mode, argument: str) -> None:
    """Refuse numbers below 0 for a mode that repeats the input.

    Raises:
        RuleViolation: one is.
    """
    if mode != "constant" and min(pad) < 0:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"mode={mode!r} cannot pad {min(pad)}",
            help="use numbers from 0",
            argument=argument,
        )


def padded(x: TensorType, pad: Sequence[int], mode: Mode) -> Shape:
    """Return the shape of `x` with `pad` around its last dimensions, the last one first.

    Raises:
        RuleViolation: an odd count, the batch, or more than the mode can take from the input.
    """
    pairs = list(zip(pad[::2], pad[1::2], strict=False))
    if len(pad) % 2 or len(pairs) > x.rank:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"`pad` needs two numbers for each of at most {x.rank} dimensions, found {len(pad)}",
            help="write (left, right) or (left, right, top, bottom)",
            argument="pad",
        )
    if mode != "constant":
        _check_mode(x, pairs, mode)
    first = x.rank - len(pairs)
    ends = map(_longer, x.shape[first:], reversed(pairs))
    return checked((*x.shape[:first], *ends))


def _longer(size: Size, pair: tuple[int, int]) -> Size:
    if pair == (0, 0):
        return size
    known = number(size, "a dimension to pad")
    length, cropped = known + sum(pair), -sum(min(count, 0) for count in pair)
    if length < 1 or cropped > known:
        raise RuleViolation(
            Code.DIMENSION,
            f"cropping {pair} leaves nothing of a dimension of {size}",
            notes=(f"{size} + {pair[0]} + {pair[1]} = {length}".replace("+ -", "− "),)
            if length < 1
            else (f"{size} − {cropped} = −{cropped - known}, before anything is added",),
            argument="pad",
        )
    return length


def _check_mode(x: TensorType, pairs: Sequence[tuple[int, int]], mode: Mode) -> None:
    """Refuse what a mode that repeats the input cannot do."""
    expect_rank(x, 3, 4, 5, layer=f"pad(…, mode='{mode}')")
    if len(pairs) != x.rank - 2:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"mode={mode!r} pads all dimensions but batch and channels: "
            f"{2 * (x.rank - 2)} numbers for {format_shape(x.shape)}, found {2 * len(pairs)}",
            argument="pad",
        )
    if x.dtype == "bool":
        raise RuleViolation(Code.DTYPE, f"mode={mode!r} needs numbers, the input is bool")
    for pair, size in zip(pairs, reversed(x.shape), strict=False):
        length = number(size, "a dimension to pad")
        limit = length - _REACH[mode] if mode in _REACH else max(pair)
        if min(pair) < 0 or max(pair) > limit:
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"mode={mode!r} cannot pad {pair} from a length of {length}",
                help=f"use 0 to {limit}" if mode in _REACH else "use numbers from 0",
                argument="pad",
            )
