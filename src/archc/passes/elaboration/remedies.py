"""Other arguments of a windowed layer that students mean, the smallest change first."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from archc.layers.base import Layer
from archc.windows import Axis

MAX_ENLARGED = 4
"""By how much one transposed convolution is advised to enlarge an image."""


class Remedy(Struct, frozen=True):
    """Arguments to write instead, and the words that say why."""

    values: dict[str, Any]
    reason: str


def remedies(layer: Layer, axes: tuple[Axis, ...], ratio: int) -> Iterator[Remedy]:
    """Yield arguments that let a layer keep the size, or enlarge it `ratio` times if it enlarges.

    `axes` is the layer's window, nothing for one that enlarges.
    """
    fields = layer.fields()
    if "output_padding" in fields:
        yield from _enlarging(layer, ratio)
    elif "scale_factor" in layer.given and ratio > 1:
        reason = f"scale_factor={ratio} makes it {ratio} times as large"
        yield Remedy({"scale_factor": ratio}, reason)
    elif axes and {"kernel_size", "padding"} <= set(fields):
        yield from _keeping("same" if "out_channels" in fields else "", axes)


def _keeping(same: str, axes: tuple[Axis, ...]) -> Iterator[Remedy]:
    """Yield what keeps a size: half the kernel as padding, a stride of 1, an odd kernel."""
    strided = any(axis.stride != 1 for axis in axes)
    padding = _alike([(axis.extent - 1) // 2 for axis in axes])
    if all(axis.extent % 2 for axis in axes):
        half = "k // 2" if all(axis.dilation == 1 for axis in axes) else "d · (k − 1) / 2"
        effect = "lets the stride alone change it" if strided else "keeps it"
        yield Remedy({"padding": padding}, f"padding={padding} ({half}) {effect}")
        if strided:
            yield Remedy({"stride": 1}, "stride=1 keeps it")
            reason = f"stride=1 and padding={padding} ({half}) keep it"
            yield Remedy({"stride": 1, "padding": padding}, reason)
    elif len({axis.kernel for axis in axes}) == 1:
        yield from _even(same, axes[0].kernel, strided=strided)


def _even(same: str, kernel: int, *, strided: bool) -> Iterator[Remedy]:
    stride = {"stride": 1} if strided else {}
    if strided:
        reason = "an even kernel needs a padding of k // 2 − 1"
        yield Remedy({"padding": kernel // 2 - 1}, reason)
    why = f"an even kernel, {kernel}, keeps no size with the same padding on both sides"
    odd = [f"kernel {k} with padding={k // 2}" for k in (kernel - 1, kernel + 1) if k > 1]
    if same:
        choices = ", or ".join([", ".join(odd), f"padding={same!r}"])
        yield Remedy({**stride, "padding": same}, f"{why}; take {choices}")
    else:
        larger = {"kernel_size": kernel + 1, "padding": kernel // 2}
        yield Remedy({**stride, **larger}, f"{why}; take {' or '.join(odd)}")


def _enlarging(layer: Layer, ratio: int) -> Iterator[Remedy]:
    """Yield what makes a transposed convolution enlarge an image just `ratio` times."""
    if not 2 <= ratio <= MAX_ENLARGED:
        return
    reason = f"stride={ratio} makes it {ratio} times as large"
    yield Remedy({"stride": ratio}, reason)
    kernel: Any = vars(layer)["kernel_size"]
    if type(kernel) is int and kernel > ratio:
        trimmed = {
            "stride": ratio,
            "padding": (kernel - ratio + 1) // 2,
            "output_padding": (kernel - ratio) % 2,
        }
        words = " and ".join(f"{name}={value}" for name, value in list(trimmed.items())[1:])
        yield Remedy(trimmed, f"{words} make it {ratio} times as large")
    whole = {"kernel_size": ratio, "stride": ratio, "padding": 0}
    yield Remedy(whole, f"kernel and stride {ratio} make it {ratio} times as large")


def _alike(sizes: list[int]) -> int | tuple[int, ...]:
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)
