"""Tensors that meet: the ways they came, and what a changed layer on the way would make of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import NOWHERE
from archc.ir.runs import BodyRun, ItemRun, Node, Value
from archc.layers.base import Layer
from archc.layers.binding import bind
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.scope import Scope
from archc.shapes import TensorType
from archc.statements import words
from archc.windows import Axis

MAX_STEPS = 500
"""How far upstream of a tensor a layer is sought."""


class Operand(Struct, frozen=True, eq=False):
    """A tensor that meets others: the name it has in the line, and the line that made it."""

    name: str
    value: Value
    content: ItemRun | BodyRun | None = None
    span: Span = NOWHERE
    text: str = ""

    @property
    def type(self) -> TensorType:
        """The tensor's type."""
        return self.value.type

    @property
    def channels(self) -> object:
        """The size of dimension 1."""
        return self.type.shape[1] if self.type.rank > 1 else None

    @property
    def lengths(self) -> tuple[Any, ...]:
        """The sizes behind the channels."""
        return self.type.shape[2:]

    @property
    def line(self) -> ItemRun | None:
        """The line that made it, where that is one line."""
        return self.content if isinstance(self.content, ItemRun) else None

    @property
    def is_left_out(self) -> bool:
        """Whether its line's condition is false, so that it stands for the line's input."""
        line = self.line
        return line is not None and not line.present and line.alternative is None

    @property
    def stands_for(self) -> str:
        """What a line that is left out is instead: its first source, or what came before."""
        sources = self.line.item.sources if self.line is not None else ()
        return f"`{expression_text(sources[0])}`" if sources else "its own input"


class Meeting(Struct, frozen=True, eq=False):
    """Tensors that meet in a line of a block, and that do not fit each other."""

    code: Code
    operands: tuple[Operand, ...]
    scope: Scope
    builder: NodeBuilder
    operation: str = ""
    """The sign or the name of what they meet in."""

    @property
    def inputs(self) -> dict[str, Value]:
        """The inputs of the block, by name."""
        instance = self.scope.instance
        return dict(zip(instance.template.block.inputs, instance.inputs, strict=False))

    def fits(self, found: TensorType | None, other: Operand) -> bool:
        """Return whether a tensor would meet another: in a concat the channels may differ."""
        if found is None:
            return False
        if self.code is Code.CONCAT_SHAPES:
            return found.shape[:1] + found.shape[2:] == other.type.shape[:1] + other.lengths
        return found.shape == other.type.shape

    def outside(self) -> Iterator[tuple[str, Value]]:
        """Yield the last values of the lines beside the call of this block, the latest first."""
        caller = self.scope.instance.caller
        outer = f"{caller.path}." if caller is not None and caller.path else ""
        found = [
            (i.path, i.values[0]) for i in self.builder.calls if i.caller is caller and i.values
        ]
        found += [
            (node.path, Value(node, 0, node.output))
            for node in self.builder.nodes
            if node.caller is caller and node.operation is not None and node.operation.is_module
        ]
        lines: dict[str, Value] = {}
        for path, value in sorted(found, key=lambda pair: pair[1].node.index):
            lines[path.removeprefix(outer).split(".")[0]] = value
        yield from reversed(lines.items())

    def unread(self) -> Iterator[tuple[str, Value]]:
        """Yield the lines above whose values no line reads, the latest first."""
        taken = [operand.value for operand in self.operands]
        mentions = Counter(words(self.scope.instance.template.block.body))
        for name, value in unread_lines(self.scope, self.builder, taken):
            if mentions[name] < 2:  # its own line names it, and no line below
                yield name, value

    def strides(self) -> dict[str, int]:
        """Return the integers of the block that a stride can be read from, by name."""
        constants = self.scope.constants()
        return {
            name: value
            for name, value in constants.items()
            if "stride" in name and type(value) is int
        }


class Way(Struct, frozen=True, eq=False):
    """The layers that one of two tensors came through since both were one; maybe none."""

    operand: Operand
    start: TensorType
    nodes: tuple[Node, ...]

    def windows(self, *fields: str) -> list[tuple[Node, tuple[Axis, ...]]]:
        """Return the layers with a window and these arguments, the largest kernels first."""
        found = [(node, axes) for node in self.nodes if (axes := window_of(node))]
        found = [
            (node, axes)
            for node, axes in found
            if node.operation is not None and set(fields) <= set(node.operation.fields())
        ]
        return sorted(found, key=lambda pair: -max(axis.extent for axis in pair[1]))

    def end(
        self, changes: Mapping[int, Layer], start: TensorType | None = None
    ) -> TensorType | None:
        """Return what comes out, from another start or by other layers; None where one refuses."""
        found = start or self.start
        last: Value = self.operand.value
        for node, after in zip(self.nodes, [*self.nodes[1:], None], strict=True):
            operation = changes.get(node.index, node.operation)
            assert operation is not None
            taken = last if after is None else after.inputs[0]
            try:
                results = operation.outputs(found, *(value.type for value in node.inputs[1:]))
            except RuleViolation:
                return None
            found = results[taken.index]
        return found

    def with_arguments(self, nodes: Sequence[Node], **values: Any) -> TensorType | None:
        """Return what comes out where layers have other arguments; None where one refuses."""
        changes: dict[int, Layer] = {}
        for node in nodes:
            assert node.operation is not None
            arguments = {**node.operation.given, **values}
            try:
                changes[node.index] = bind(type(node.operation), (), arguments)
            except RuleViolation:
                return None
        return self.end(changes)


def unread_lines(
    scope: Scope, builder: NodeBuilder, taken: Sequence[Value] = ()
) -> Iterator[tuple[str, Value]]:
    """Yield the lines above whose values nothing reads yet, the latest first."""
    read = {value.key for node in builder.nodes for value in node.inputs}
    read |= {value.key for value in taken}
    lines = [pair for frame in scope.frames for pair in frame.items()]
    for name, record in reversed(lines):
        if record.value.node.index >= 0 and record.value.key not in read:
            yield name, record.value


def ways(first: Operand, second: Operand) -> tuple[Way, Way] | None:
    """Return how two tensors came from the last one they both depend on, None without one."""
    back = _upstream(first.value)
    known = {value.node.index for value in back}
    fork = next((value for value in _upstream(second.value) if value.node.index in known), None)
    if fork is None:
        return None
    return _way(first, fork.node), _way(second, fork.node)


def way_to(operand: Operand, start: Value) -> Way | None:
    """Return the layers between a tensor upstream and an operand; None if it is not upstream."""
    upstream = [value.node.index for value in _upstream(operand.value)]
    return _way(operand, start.node) if start.node.index in upstream else None


def window_of(node: Node) -> tuple[Axis, ...]:
    """Return the window of a node, none where it has none."""
    if node.operation is None:
        return ()
    return node.operation.window(*(value.type for value in node.inputs)) or ()


def _way(operand: Operand, fork: Node) -> Way:
    values: list[Value] = []
    for value in _upstream(operand.value):
        if value.node is fork:
            nodes = tuple(v.node for v in reversed(values))
            return Way(operand, value.type, nodes)
        values.append(value)
    raise AssertionError("the fork is upstream of the operand")


def _upstream(value: Value) -> list[Value]:
    """Return a tensor and what it was made of, first inputs alone, nearest first."""
    found = [value]
    while len(found) < MAX_STEPS and found[-1].node.inputs:
        found.append(found[-1].node.inputs[0])
    return found
