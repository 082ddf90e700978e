"""The smallest change that would make shapes meet, said only where the numbers leave no doubt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from archc.diagnostics import Code
from archc.expressions.printing import expression_text, keyword_text
from archc.ir.runs import Instance, ItemRun, Node, Value
from archc.layers.base import spec_name
from archc.statements import LayerCall
from archc.windows import Axis

MAX_STEPS = 200
"""How far upstream of a tensor the layer is sought that made its size differ."""


class Operand(Struct, frozen=True):
    """A tensor that meets others: the name it has in the line, and the line that made it."""

    name: str
    value: Value
    content: object = None

    @property
    def channels(self) -> object:
        """The size of dimension 1."""
        return self.value.type.shape[1] if self.value.type.rank > 1 else None

    @property
    def lengths(self) -> tuple[Any, ...]:
        """The sizes behind the channels."""
        return self.value.type.shape[2:]


def mending(
    code: Code, operands: Sequence[Operand], names: Mapping[str, Any], within: Instance
) -> str:
    """Return what to change where tensors that meet differ, or nothing where that is unclear.

    `names` holds the variables that the line can read, `within` is the block it stands in.
    """
    ranks = {operand.value.type.rank for operand in operands}
    if len(ranks) != 1 or min(ranks) < 3 or len(operands) < 2:
        return ""
    if len({operand.lengths for operand in operands}) > 1:
        return _lengths(operands, names, within)
    if code is Code.ADD_SHAPES and len(operands) == 2:
        return _channels(*operands)
    return ""


def _lengths(operands: Sequence[Operand], names: Mapping[str, Any], within: Instance) -> str:
    if len(operands) == 2:
        large, small = sorted(operands, key=lambda operand: operand.lengths, reverse=True)
        ratio = _ratio(large, small)
        if ratio > 1:
            return _stride(large, small, ratio, names)
    usual = Counter(operand.lengths for operand in operands).most_common(1)[0][0]
    if len(operands) == 2:
        usual = max(operand.lengths for operand in operands)
    odd = next(operand for operand in operands if operand.lengths != usual)
    return _shrinking(odd, usual, within)


def _ratio(large: Operand, small: Operand) -> int:
    """Return how many times longer every axis of the larger tensor is, 0 if that is not whole."""
    pairs = list(zip(large.lengths, small.lengths, strict=True))
    if not all(type(a) is int and type(b) is int and -(-a // (a // b or 1)) == b for a, b in pairs):
        return 0
    ratios = {a // b for a, b in pairs}
    return ratios.pop() if len(ratios) == 1 else 0


def _stride(large: Operand, small: Operand, ratio: int, names: Mapping[str, Any]) -> str:
    call = _single_instance(large.content)
    if call is not None and call.arguments.get("stride") == 1 and call.call is not None:
        word = next((n for n, value in names.items() if n == "stride" and value == ratio), ratio)
        written = _with_argument(call, call.call, "stride", str(word))
        return f"the other path has stride {ratio}, `{large.name}` stride 1: write {written}"
    layer = f"Conv2d({small.channels}, 1, stride={ratio})"
    return (
        f"`{large.name}` is {ratio} times as large as `{small.name}`: it needs a path with "
        f"stride {ratio} too, such as `shortcut: {layer} -> BatchNorm2d from {large.name}`"
    )


def _channels(left: Operand, right: Operand) -> str:
    shortcut, main = sorted((left, right), key=lambda operand: operand.value.node.index)
    layer = f"Conv2d({main.channels}, 1)"
    return (
        f"a 1×1 convolution makes the channels equal: `shortcut: {layer} from {shortcut.name}`, "
        f"then add `shortcut` instead of `{shortcut.name}`"
    )


def _shrinking(odd: Operand, usual: tuple[Any, ...], within: Instance) -> str:
    """Name the window without enough padding on the way to the tensor that is too small."""
    node = odd.value.node
    for _ in range(MAX_STEPS):
        if node.operation is None or not node.inputs:
            break
        before = node.inputs[0].type.shape[2:]
        axes = node.operation.window(*(value.type for value in node.inputs))
        if axes and before == usual and node.output.shape[2:] != usual:
            return _padding_advice(odd.name, node, axes, within)
        node = node.inputs[0].node
    return f"`{odd.name}` differs: give it the padding and the stride of the others"


def _padding_advice(name: str, node: Node, axes: Sequence[Axis], within: Instance) -> str:
    layer, line = _seen_from(node, within)
    where = f"`{layer}` on line {line} changes the size of `{name}`"
    if any(axis.stride != 1 for axis in axes):
        return f"{where}: give it stride=1, or the other branches the same stride"
    paddings = {(axis.extent - 1) // 2 for axis in axes if axis.extent % 2}
    if len(paddings) == 1 and all(axis.extent % 2 for axis in axes):
        return f"{where}: padding={paddings.pop()} (k // 2) keeps it"
    return f"{where}: padding='same' keeps it"


def _seen_from(node: Node, within: Instance) -> tuple[str, int]:
    """Return the layer of a node and its line, or the block call around it in `within`."""
    text = spec_name(type(node.operation)) if node.operation is not None else node.path
    line, caller = node.span.line, node.caller
    while caller is not None and caller is not within:
        text, line, caller = caller.text, caller.line.line, caller.caller
    if caller is None:
        return spec_name(type(node.operation)) if node.operation else node.path, node.span.line
    return text, line


def _single_instance(content: object) -> Instance | None:
    """Return the one block that a line calls."""
    if not isinstance(content, ItemRun) or len(content.stages) != 1:
        return None
    units = content.stages[0].units
    return units[0] if len(units) == 1 and isinstance(units[0], Instance) else None


def _with_argument(instance: Instance, call: LayerCall, name: str, text: str) -> str:
    """Return a call as written with one argument of another value."""
    order = [argument.name for argument in instance.template.block.arguments]
    parts = [expression_text(argument) for argument in call.arguments or ()]
    keywords = [keyword_text(k) for k in call.keywords if k.name != name]
    index = order.index(name)
    if index <= len(parts):
        parts[index : index + 1] = [text]
    else:
        keywords.append(f"{name}={text}")
    return f"{call.name}({', '.join([*parts, *keywords])})"
