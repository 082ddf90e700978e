"""Advice where the sizes behind the channels differ: a stride, a padding, a kernel."""

from collections.abc import Iterator

from archc.diagnostics import Code, Span
from archc.expressions.syntax import Name
from archc.ir.runs import Node
from archc.layers.base import Layer, spec_name
from archc.layers.binding import bind
from archc.passes.elaboration.advice_on_channels import channels_here, channels_last
from archc.passes.elaboration.advice_on_windows import other_windows
from archc.passes.elaboration.changed_ways import change_that_fits, help_to_write, size_text
from archc.passes.elaboration.meetings import Meeting, Operand, Way, ways, window_of
from archc.passes.elaboration.remedies import Remedy, remedies
from archc.passes.elaboration.rewriting import Rewriting, place_of, rewritten
from archc.windows import Axis

MAX_TRACED = 6
"""How many changes of size a message follows."""


def unlike_sizes(meeting: Meeting, odd: Operand | None = None) -> str:
    """Say which stride, padding or kernel makes the sizes behind the channels equal."""
    first, second = meeting.operands
    both = ways(first, second)
    if first.lengths == second.lengths or first.type.rank < 3 or both is None:
        return ""
    if first.type.rank == 3 and not any(map(_slides, both)):
        return ""
    if odd is not None:
        way, other = both if both[0].operand is odd else reversed(both)
        return (
            _remedy(way, other.operand, meeting)
            or other_windows(way, other.operand, meeting)
            or _trace(way)
        )
    small, large = sorted(both, key=lambda way: way.operand.lengths)
    return (
        channels_last(meeting.builder)
        or _stride(large, small, meeting)
        or _remedy(small, large.operand, meeting)
        or _remedy(large, small.operand, meeting)
        or _all_padded(small, large, meeting)
        or other_windows(small, large.operand, meeting)
        or other_windows(large, small.operand, meeting)
        or _rounding(small, large, meeting)
        or _followed(small, large, meeting)
    )


def _slides(way: Way) -> bool:
    """Return whether a window slides on a way; else the last dimension holds features."""
    operations = [node.operation for node in way.nodes if node.operation is not None]
    return any("kernel_size" in operation.fields() for operation in operations)


def _stride(large: Way, small: Way, meeting: Meeting) -> str:
    """Advise where one way has a stride that the other lacks."""
    ratio = _ratio(large.operand, small.operand)
    if ratio < 2 or not any(node for node, _ in _strided(small)):
        return ""
    if advice := _variable(small, large, meeting):
        return advice
    strides = meeting.strides()
    word = next((name for name, value in strides.items() if value == ratio), "")
    kept = next((name for name, value in strides.items() if value == 1), "")
    is_wanted = bool(word) or not (kept or _pool_by_default(small))
    added = _with_stride(large, small, ratio, meeting, word) or _path(
        large, small, ratio, word, meeting
    )
    removed = _without_stride(small, large, ratio, meeting, kept)
    return (added or removed) if is_wanted else (removed or added)


def _variable(small: Way, large: Way, meeting: Meeting) -> str:
    """Put the block's own stride where a line writes a number of its own."""
    strides = meeting.strides()
    for node, axes in _strided(small):
        for name, value in strides.items():
            change = change_that_fits(
                small, node, large.operand, meeting, {"stride": name}, stride=value
            )
            if change is not None and change.place.text not in strides:
                where = f"`{change.place.call.name}` on line {change.place.line}"
                numbers = f"has stride {axes[0].stride}, and `{name}` is {value} here"
                is_certain = _is_stride_of_block(name, small, large, change, meeting)
                return help_to_write(
                    f"{where} {numbers}: write `{change.text}`", [change], is_certain
                )
    return ""


def _is_stride_of_block(
    name: str, way: Way, other: Way, change: Rewriting, meeting: Meeting
) -> bool:
    """Return whether a line can only mean the stride that its block is called with.

    So it is in a residual block whose other path has that stride, where one layer alone can
    take it and no other argument has the value.
    """
    arguments = {argument.name for argument in meeting.scope.instance.template.block.arguments}
    strides = meeting.strides()
    alike = [other for other, value in strides.items() if value == strides.get(name)]
    places = (place_of(node, "stride", meeting.scope) for node, _ in other.windows("stride"))
    is_others = any(place is not None and place.text == name for place in places)
    return (
        meeting.code is Code.ADD_SHAPES
        and name in arguments
        and alike == [name]
        and is_others
        and len(way.windows("stride")) == 1
        and change.place.home is meeting.scope.instance
    )


def _ratio(large: Operand, small: Operand) -> int:
    """Return how many times longer every axis of the larger tensor is, 0 if that is not whole."""
    pairs = list(zip(large.lengths, small.lengths, strict=True))
    if not all(type(a) is int and type(b) is int and -(-a // (a // b or 1)) == b for a, b in pairs):
        return 0
    ratios = {a // b for a, b in pairs}
    return ratios.pop() if len(ratios) == 1 else 0


def _strided(way: Way) -> Iterator[tuple[Node, tuple[Axis, ...]]]:
    for node, axes in way.windows("stride"):
        if any(axis.stride != 1 for axis in axes):
            yield node, axes


def _pool_by_default(small: Way) -> bool:
    """Return whether the only stride on a way is one that a pool has by its kernel."""
    operations = [node.operation for node, _ in _strided(small) if node.operation is not None]
    return len(operations) == 1 and "stride" not in operations[0].given


def _with_stride(large: Way, small: Way, ratio: int, meeting: Meeting, word: str) -> str:
    """Give a layer on the way to the larger tensor the stride that the other way has."""
    for node, axes in large.windows("stride"):
        if any(axis.stride != 1 for axis in axes):
            continue
        written = {"stride": word or str(ratio)}
        change = change_that_fits(large, node, small.operand, meeting, written, stride=ratio)
        if change is not None:
            words = _of_strides(small, large, ratio, change)
            is_certain = _is_stride_of_block(word, large, small, change, meeting)
            return help_to_write(words, [change], is_certain)
    return ""


def _without_stride(small: Way, large: Way, ratio: int, meeting: Meeting, kept: str) -> str:
    """Take the stride of a layer on the way to the smaller tensor away."""
    for node, _ in _strided(small):
        written = {"stride": kept or "1"}
        change = change_that_fits(small, node, large.operand, meeting, written, stride=1)
        if change is not None:
            default = "" if change.place.text else " (a pool's, if none is given, is its kernel)"
            return help_to_write(_of_strides(small, large, ratio, change, default), [change], False)
    return ""


def _of_strides(small: Way, large: Way, ratio: int, change: Rewriting, default: str = "") -> str:
    return (
        f"the way to `{small.operand.name}` has stride {ratio}{default}, that to "
        f"`{large.operand.name}` stride 1: write `{change.text}` on line {change.place.line}"
    )


def _path(large: Way, small: Way, ratio: int, word: str, meeting: Meeting) -> str:
    """Put a strided convolution where the larger tensor is taken as it is."""
    if large.nodes:
        return ""
    name, rank = large.operand.name, large.operand.type.rank
    channels = channels_here(small.operand, meeting) or small.operand.channels
    layer = f"Conv{rank - 2}d({channels}, 1, stride={word or ratio})"
    return (
        f"`{name}` is {ratio} times as large as `{small.operand.name}`: it needs a path with "
        f"stride {ratio} too, such as `shortcut: {layer} -> BatchNorm{rank - 2}d from {name}`"
    )


def _remedy(way: Way, other: Operand, meeting: Meeting) -> str:
    """Change one line of a way so that the size at its end is the other's."""
    for node in way.nodes:
        if node.operation is None or not node.inputs:
            continue
        ratio = _times(other, node)
        for remedy in remedies(node.operation, window_of(node), ratio):
            texts = {name: _written(value) for name, value in remedy.values.items()}
            texts |= _half_of_kernel(node, remedy, meeting)
            change = change_that_fits(way, node, other, meeting, texts, **remedy.values)
            if change is not None:
                words = _explained(node, way.operand, remedy, change)
                is_certain = _lacks_padding(node, way, other, remedy, meeting)
                return (
                    words
                    if "; take" in remedy.reason
                    else help_to_write(words, [change], is_certain)
                )
    return ""


def _all_padded(way: Way, other: Way, meeting: Meeting) -> str:
    """Pad all convolutions of a way that shrink their input, where that alone makes it fit."""
    changes: dict[int, Layer] = {}
    written: dict[Span, Rewriting] = {}
    for node, axes in way.windows("out_channels", "padding"):
        extents = {axis.extent for axis in axes}
        is_plain = all(axis.stride == 1 and axis.padding == (0, 0) for axis in axes)
        extent = max(extents)
        if len(extents) > 1 or not is_plain or extent == 1 or not extent % 2:
            continue
        padding = extent // 2
        change = rewritten(node, {"padding": str(padding)}, meeting.scope, way.nodes)
        if change is None:
            return ""
        assert node.operation is not None
        arguments = {**node.operation.given, "padding": padding}
        changes[node.index] = bind(type(node.operation), (), arguments)
        written[change.place.call.span] = change
    found = way.end(changes) if len(written) > 1 else None
    if found is None or found.shape[2:] != other.operand.lengths:
        return ""
    lines = sorted(written.values(), key=lambda change: change.place.line)
    parts = (
        f"`{change.place.call.name}` on line {change.place.line} makes `{way.operand.name}` "
        f"smaller: write `{change.text}`"
        for change in lines
    )
    words = "; ".join(dict.fromkeys(parts))
    if cropped := _cropped(way, other, meeting):
        return words + cropped
    padded = [node for node in way.nodes if node.index in changes]
    begins_alike = way.start.shape[2:] == other.operand.lengths
    is_certain = begins_alike and all(_parts_by_padding_alone(node, meeting) for node in padded)
    return help_to_write(words, lines, is_certain)


def _half_of_kernel(node: Node, remedy: Remedy, meeting: Meeting) -> dict[str, str]:
    """Return the padding by the name of the kernel, where the same call gives that by a name."""
    kernel = place_of(node, "kernel_size", meeting.scope)
    padding = place_of(node, "padding", meeting.scope)
    if kernel is None or padding is None or kernel.call is not padding.call:
        return {}
    sizes = {axis.kernel for axis in window_of(node)}
    is_half = (
        sizes == {2 * value + 1} if type(value := remedy.values.get("padding")) is int else False
    )
    return {"padding": f"{kernel.text} // 2"} if is_half and isinstance(kernel.given, Name) else {}


def _times(other: Operand, node: Node) -> int:
    """Return how many times a layer would have to enlarge its input to meet a tensor."""
    before = node.inputs[0].type.shape[2:]
    pairs = [(a, b) for a, b in zip(other.lengths, before, strict=False)]
    whole = pairs and all(type(a) is int and type(b) is int and a % b == 0 for a, b in pairs)
    return pairs[0][0] // pairs[0][1] if whole else 0


def _written(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _explained(node: Node, operand: Operand, remedy: Remedy, change: Rewriting) -> str:
    before, after = node.inputs[0].type.shape[2:], node.output.shape[2:]
    where = f"`{change.place.call.name}` on line {change.place.line}"
    sizes = f"from {size_text(before)} to {size_text(after)}"
    words = f"{where} changes the size of `{operand.name}` {sizes}: {remedy.reason}"
    return words if "; take" in remedy.reason else f"{words}, write `{change.text}`"


def _lacks_padding(node: Node, way: Way, other: Operand, remedy: Remedy, meeting: Meeting) -> bool:
    """Return whether a window of stride 1 lacks the padding that keeps the size of its input.

    That is certain where the tensor that it meets has the size that both began with, and this
    is the only layer on its way that changes it.
    """
    is_half = set(remedy.values) == {"padding"}
    is_plain = all(axis.stride == 1 for axis in window_of(node))
    changed = [n for n in way.nodes if n.inputs[0].type.shape[2:] != n.output.shape[2:]]
    begins_alike = way.start.shape[2:] == other.lengths
    return (
        is_half
        and is_plain
        and changed == [node]
        and begins_alike
        and _parts_by_padding_alone(node, meeting)
    )


def _parts_by_padding_alone(node: Node, meeting: Meeting) -> bool:
    """Return whether no line says how a layer pads, and nothing but that parts the tensors."""
    place = place_of(node, "padding", meeting.scope)
    is_joined = meeting.code is Code.CONCAT_SHAPES
    channels = {operand.channels for operand in meeting.operands}
    return place is not None and not place.text and (is_joined or len(channels) == 1)


def _layer(node: Node) -> str:
    name = spec_name(type(node.operation)) if node.operation is not None else node.path
    return f"`{name}` on line {node.span.line}"


def _rounding(small: Way, large: Way, meeting: Meeting) -> str:
    """Name the stride that does not divide its input, so that what comes back is smaller."""
    for node in small.nodes if not large.nodes else ():
        for axis, length in zip(window_of(node), node.inputs[0].type.shape[2:], strict=False):
            if axis.stride > 1 and type(length) is int and length % axis.stride:
                lost = f"{_layer(node)} makes {_lost(node, length)} of {length}"
                again = f"`{small.operand.name}` cannot be {size_text(large.operand.lengths)} again"
                remedy = f"take an input whose sizes {_total_stride(small, meeting)} divides"
                return f"{lost}, for {axis.stride} does not divide it, and {again}: {remedy}"
    return ""


def _lost(node: Node, length: int) -> object:
    position = node.inputs[0].type.shape[2:].index(length)
    return node.output.shape[2 + position]


def _total_stride(way: Way, meeting: Meeting) -> int:
    """Return by how much the deepest way up to a tensor makes an image smaller in all."""
    totals: dict[int, int] = {}
    for node in meeting.builder.nodes[: way.operand.value.node.index + 1]:
        before = max((totals[value.node.index] for value in node.inputs), default=1)
        totals[node.index] = before * max((axis.stride for axis in window_of(node)), default=1)
    return totals[way.operand.value.node.index]


def _followed(small: Way, large: Way, meeting: Meeting) -> str:
    """Follow a size, and say what could be cut off the other."""
    trace = _trace(small if small.nodes else large)
    return trace and trace + _cropped(small, large, meeting)


def _trace(way: Way) -> str:
    """Follow the size of a tensor along its way."""
    steps: list[str] = []
    size = way.start.shape[2:]
    for node in way.nodes:
        if node.output.rank > 2 and node.output.shape[2:] != size:
            size = node.output.shape[2:]
            steps.append(f"{size_text(size)} after {_layer(node)}")
    if not steps:
        return ""
    shown = steps[:MAX_TRACED] + ["…"] * (len(steps) > MAX_TRACED)
    sizes = ", ".join([size_text(way.start.shape[2:]), *shown])
    return f"follow the size of `{way.operand.name}`: {sizes}"


def _cropped(small: Way, large: Way, meeting: Meeting) -> str:
    """Return the middle of the larger tensor that fits, where a block was given it as it is."""
    name = large.operand.name
    if large.nodes or name not in meeting.inputs or meeting.code is not Code.CONCAT_SHAPES:
        return ""
    pairs = zip(large.operand.lengths, small.operand.lengths, strict=True)
    cuts = [
        (a - b) // 2 for a, b in pairs if type(a) is int and type(b) is int and (a - b) % 2 == 0
    ]
    if len(cuts) != len(large.operand.lengths) or min(cuts) < 1:
        return ""
    slices = ", ".join(f"{cut}:-{cut}" for cut in cuts)
    return f"; the middle of `{name}` fits: `{name}[:, :, {slices}]`"
