"""Advice where a gate, one number a channel, does not fit what it scales."""

from collections.abc import Iterator

from archc.diagnostics import Advice, Code, Edit, Proposal
from archc.ir.runs import Node, Value
from archc.passes.elaboration.advice_on_channels import channels_here
from archc.passes.elaboration.call_edits import chained
from archc.passes.elaboration.meetings import Meeting, Operand, Way, way_to, ways
from archc.passes.elaboration.rewriting import Rewriting, rewritten
from archc.shapes import broadcast

_GATES = frozenset({"*", "/", "mul", "div"})


def unlike_gate(meeting: Meeting) -> str:
    """Say how a gate gets the dimensions, or the channels, of what it scales."""
    if meeting.code is not Code.SIZE_MISMATCH or meeting.operation not in _GATES:
        return ""
    for gate, main in _pairs(meeting):
        if gate.type.rank == 2 < main.type.rank and gate.type.shape == main.type.shape[:2]:
            return _flat(gate, main)
        if gate.type.rank == main.type.rank - 1 and (advice := _unsqueezed(gate, main)):
            return advice
        if gate.type.rank == main.type.rank > 2 and {*gate.lengths} == {1}:
            return _of_other_channels(gate, main, meeting)
    return ""


def _pairs(meeting: Meeting) -> Iterator[tuple[Operand, Operand]]:
    if len(meeting.operands) == 2:
        first, second = meeting.operands
        yield first, second
        yield second, first


def _flat(gate: Operand, main: Operand) -> str:
    """Give a gate [B, C] the dimensions of what it scales."""
    part = f"unflatten(1, {(-1, *(1,) * (main.type.rank - 2))})"
    why = f"`{gate.name}` lacks the dimensions behind the channels of `{main.name}`"
    if gate.line is None:
        return f"{why}: write `-> {part}` behind it"
    words = f"{why}: write `-> {part}` at the end of line {gate.span.line}"
    is_certain = main.channels not in main.lengths
    return (Advice if is_certain else Proposal)(words, *chained(gate.line.item, part))


def _unsqueezed(gate: Operand, main: Operand) -> str:
    """Put a dimension of 1 where a tensor lacks it, if one place alone makes it fit."""
    shape = gate.type.shape
    grown = [(*shape[:place], 1, *shape[place:]) for place in range(1, len(shape) + 1)]
    fitting = [i for i, s in enumerate(grown, 1) if broadcast((s, main.type.shape)) is not None]
    if len(fitting) != 1:
        return ""
    call = f"unsqueeze({gate.name}, {fitting[0]})"
    words = f"`{gate.name}` lacks dimension {fitting[0]} of `{main.name}`: write `{call}`"
    return Advice(words, Edit(call, gate.name)) if gate.name.isidentifier() else words


def _of_other_channels(gate: Operand, main: Operand, meeting: Meeting) -> str:
    """Give the layer that sets a gate's channels those of what the gate scales."""
    both = ways(gate, main)
    change = _with_channels(both[0], main, meeting) if both is not None else None
    if change is None:
        return ""
    return Proposal(
        f"a gate has as many channels as what it scales, `{main.name}`: "
        f"write `{change.text}` on line {change.place.line}",
        Edit(change.text, span=change.place.call.span),
    )


def _with_channels(way: Way, main: Operand, meeting: Meeting) -> Rewriting | None:
    """Return the call on the way to a gate that sets its channels, with the right number."""
    for node in reversed(way.nodes):
        feature = type(node.operation).feature if node.operation is not None else ""
        if not feature:
            continue
        change = rewritten(node, {feature: str(main.channels)}, meeting.scope, way.nodes)
        if change is None:
            return None
        found = way.with_arguments(change.nodes, **{feature: main.channels})
        if found is None or found.shape[1] != main.channels:
            return None
        if change.place.home is not meeting.scope.instance:
            return change
        written = {feature: _channels_of(way.operand, main, meeting)}
        return rewritten(node, written, meeting.scope, way.nodes)
    return None


def _channels_of(gate: Operand, main: Operand, meeting: Meeting) -> str:
    """Return how the lines of a gate write the channels of what it scales."""
    names = [name for name in _called_alike(main, meeting) if way_to(gate, name[1]) is not None]
    if names:
        return f"{names[0][0]}.channels"
    return channels_here(main, meeting) or str(main.channels)


def _called_alike(main: Operand, meeting: Meeting) -> list[tuple[str, Value]]:
    """Return the names of the tensors that what a gate scales got its channels from.

    The inputs of the block come first, then the lines, the nearest before those further up.
    """
    values = [main.value]
    while values[-1].node.inputs and not _sets_channels(values[-1].node):
        values.append(values[-1].node.inputs[0])
    frames = [*meeting.scope.frames]
    lines = [(n, r.value) for frame in frames for n, r in frame.items() if n.isidentifier()]
    pairs = [*meeting.inputs.items(), *lines]
    near = {value.key for value in values if value.type.shape[1:2] == main.type.shape[1:2]}
    return [(name, value) for name, value in pairs if value.key in near]


def _sets_channels(node: Node) -> bool:
    """Return whether a node has other channels than its input, whatever that is."""
    return len(node.inputs) > 1 or (node.operation is not None and bool(node.operation.feature))
