"""Advice where no usual change makes sizes equal: the padding and stride that do, by trying."""

from collections.abc import Iterator
from itertools import product

from archc.passes.elaboration.changed_ways import change_that_fits, help_to_write, size_text
from archc.passes.elaboration.meetings import Meeting, Operand, Way
from archc.windows import Axis

STRIDES = (1, 2, 3, 4)
"""The strides that are tried."""


def other_windows(way: Way, other: Operand, meeting: Meeting) -> str:
    """Return the padding and the stride of one layer that give a way another tensor's size.

    One argument is changed rather than two, and the last layer before the tensor first.
    """
    changes = [
        (len(values), -node.index, node, values)
        for node, axes in way.windows("stride", "padding")
        for values in _others(axes)
    ]
    for _, _, node, values in sorted(changes, key=lambda change: change[:2]):
        texts = {name: str(value) for name, value in values.items()}
        change = change_that_fits(way, node, other, meeting, texts, **values)
        if change is not None:
            written = " and ".join(f"{name}={value}" for name, value in values.items())
            name, size = way.operand.name, size_text(other.lengths)
            words = (
                f"with {written} on line {change.place.line} `{name}` is {size} too: "
                f"write `{change.text}`"
            )
            return help_to_write(words, [change], is_certain=False)
    return ""


def _others(axes: tuple[Axis, ...]) -> Iterator[dict[str, int]]:
    """Yield other paddings, up to half a window, and strides of a layer: what differs."""
    half = max(axis.extent for axis in axes) // 2
    paddings, strides = {axis.padding for axis in axes}, {axis.stride for axis in axes}
    for padding, stride in product(range(half + 1), STRIDES):
        other: dict[str, int] = {}
        if paddings != {(padding, padding)}:
            other["padding"] = padding
        if strides != {stride}:
            other["stride"] = stride
        if other:
            yield other
