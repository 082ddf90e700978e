"""The only convolution and pooling arithmetic: how long the output of a sliding window is.

Letters, as in Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep
learning": L the input length, k the kernel, s the stride, p the padding on each
side, d the dilation; o the output length.
"""

from math import gcd

from msgspec import Struct

from archc.diagnostics import Code, RuleViolation


class Axis(Struct, frozen=True, gc=False):
    """A window's geometry along one axis; `padding` is (before, after)."""

    kernel: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1

    @property
    def extent(self) -> int:
        """The input positions from a window's first to its last: d(k − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1


def same_padding(kernel: int, dilation: int) -> tuple[int, int]:
    """Return torch's padding for `padding='same'`: d(k − 1) in all, the odd one after."""
    total = dilation * (kernel - 1)
    return total // 2, total - total // 2


def floor_length(length: int, axis: Axis) -> int:
    """Return ⌊(L + p₀ + p₁ − d(k−1) − 1) / s⌋ + 1, the length after a convolution.

    Raises:
        RuleViolation: the window does not fit into the padded input.
    """
    room = _room(length, axis)
    if room < 0:
        raise _does_not_fit(length, axis)
    return room // axis.stride + 1


def ceil_length(length: int, axis: Axis) -> int:
    """Return the length after a pooling in ceil mode.

    o = ⌈(L + p₀ + p₁ − d(k−1) − 1) / s⌉ + 1, and one less if the last window would
    start in the padding after the input: (o − 1)·s ≥ L + p₀.

    Raises:
        RuleViolation: not one window starts inside the input.
    """
    windows = -(-_room(length, axis) // axis.stride) + 1
    if (windows - 1) * axis.stride >= length + axis.padding[0]:
        windows -= 1
    if windows < 1:
        raise _does_not_fit(length, axis)
    return windows


def transposed_length(length: int, axis: Axis, output_padding: int = 0) -> int:
    """Return (L − 1)s − p₀ − p₁ + d(k−1) + output_padding + 1.

    Raises:
        RuleViolation: output_padding is not below max(s, d), or nothing is left.
    """
    expect_small_rest(output_padding, axis.stride, axis.dilation)
    result = (length - 1) * axis.stride - sum(axis.padding) + axis.extent + output_padding
    if result < 1:
        raise RuleViolation(
            Code.WINDOW,
            "the padding of this transposed window removes the whole output",
            notes=(
                f"({length} − 1)·{axis.stride} − {sum(axis.padding)} + "
                f"{axis.extent - 1} + {output_padding} + 1 = {result}".replace("= -", "= −"),
            ),
            help=f"use a padding of at most {(result + sum(axis.padding) - 1) // 2}",
            argument="padding",
        )
    return result


def expect_small_rest(output_padding: int, stride: int, dilation: int) -> None:
    """Refuse an output padding that is not below max(s, d).

    Raises:
        RuleViolation: it is not.
    """
    most = max(stride, dilation)
    if not 0 <= output_padding < most:
        raise RuleViolation(
            Code.WINDOW,
            f"output_padding {output_padding} must be smaller than stride or dilation",
            notes=(f"max(stride, dilation) = {most}",),
            help=f"use an output_padding of at most {most - 1}",
            argument="output_padding",
        )


def adaptive_axis(length: int, parts: int) -> Axis:
    """Return the window that stands for an adaptive pooling into `parts`, o below.

    Part i reaches from ⌊iL/o⌋ to ⌈(i + 1)L/o⌉. With g = gcd(L, o) the largest part has
    ⌈(L − g)/o⌉ + 1 positions, and L/o where that is whole; the stride is ⌊L/o⌋, at least 1.
    """
    largest = -(-(length - gcd(length, parts)) // parts) + 1
    return Axis(largest, max(length // parts, 1))


def formula(length: int, axis: Axis) -> str:
    """Return the convolution formula with its numbers, for a message or a lesson."""
    value = _room(length, axis) // axis.stride + 1
    return f"⌊{_numbers(length, axis)}⌋ + 1 = {value}".replace("= -", "= −")


def floor_working(length: int, axis: Axis) -> str:
    """Return the convolution formula in letters and in numbers: a worked example."""
    return f"⌊{_letters(axis)}⌋ + 1 = {formula(length, axis)}"


def ceil_working(length: int, axis: Axis) -> str:
    """Return the formula of a pooling in ceil mode in letters and in numbers."""
    whole = -(-_room(length, axis) // axis.stride) + 1
    working = f"⌈{_letters(axis)}⌉ + 1 = ⌈{_numbers(length, axis)}⌉ + 1 = {whole}"
    if ceil_length(length, axis) == whole:
        return working
    start, end = (whole - 1) * axis.stride, length + axis.padding[0]
    return f"{working}, less 1: the last window would start at {start} ≥ L + p = {end}"


def transposed_working(length: int, axis: Axis, output_padding: int = 0) -> str:
    """Return the formula of a transposed window in letters and in numbers."""
    more = (" + output_padding", f" + {output_padding}") if output_padding else ("", "")
    reach = f"{axis.dilation}·({axis.kernel} − 1) + 1" if axis.dilation > 1 else f"{axis.kernel}"
    letters = "d(k − 1) + 1" if axis.dilation > 1 else "k"
    value = transposed_length(length, axis, output_padding)
    return (
        f"(L − 1)s − 2p + {letters}{more[0]} = "
        f"({length} − 1)·{axis.stride} − {_padding(axis)} + {reach}{more[1]} = {value}"
    )


def _letters(axis: Axis) -> str:
    padding = "2p" if axis.padding[0] == axis.padding[1] else "p₀ + p₁"
    return f"(L + {padding} − {'d(k − 1) − 1' if axis.dilation > 1 else 'k'})/s"


def _numbers(length: int, axis: Axis) -> str:
    reach = f"{axis.dilation}·({axis.kernel} − 1) − 1" if axis.dilation > 1 else f"{axis.kernel}"
    return f"({length} + {_padding(axis)} − {reach})/{axis.stride}"


def _padding(axis: Axis) -> str:
    before, after = axis.padding
    return f"2·{before}" if before == after else f"{before} + {after}"


def _room(length: int, axis: Axis) -> int:
    return length + sum(axis.padding) - axis.extent


def _does_not_fit(length: int, axis: Axis) -> RuleViolation:
    padded = length + sum(axis.padding)
    return RuleViolation(
        Code.WINDOW,
        f"a window of {axis.extent} does not fit into an input of {padded}"
        + (f" ({length} and its padding)" if padded != length else ""),
        notes=(formula(length, axis),),
        help=_smaller(padded, axis),
        argument="kernel_size",
    )


def _smaller(padded: int, axis: Axis) -> str:
    fits = (padded - 1) // axis.dilation + 1
    missing = axis.extent - padded
    return f"use a kernel of at most {fits}, pad by {-(-missing // 2)} more, or enlarge the input"
