"""Advice where tensors that are added have other channels, or other features."""

from collections import Counter

from msgspec.structs import replace

from archc.diagnostics import Code, Edit, Proposal
from archc.expressions.syntax import NOWHERE, names
from archc.ir.runs import Node
from archc.layers.base import spec_name
from archc.layers.rules import IMAGE_RANK
from archc.passes.elaboration.meetings import Meeting, Operand, ways
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.rewriting import Place, place_of
from archc.passes.elaboration.scope import STAGE_INPUTS

COLOURS = (1, 3, 4)
"""How many channels pictures have."""


def channels_last(builder: NodeBuilder) -> str:
    """Return how an input is declared whose channels stand behind its height and width."""
    for node in builder.nodes:
        shape = node.output.shape if node.operation is None and node.outputs else ()
        if len(shape) == IMAGE_RANK and shape[3] in COLOURS and shape[1] == shape[2] != shape[3]:
            sizes = f"[{shape[0]}, {shape[3]}, {shape[1]}, {shape[2]}]"
            words = f"channels come before height and width: write `{node.path}: {sizes}`"
            return Proposal(words, Edit(sizes, span=node.span))
    return ""


def unlike_channels(meeting: Meeting) -> str:
    """Say how the channels of two tensors to be added, or their features, become equal."""
    left, right = meeting.operands
    both = ways(left, right)
    dimension = _dimension(meeting)
    if both is None or dimension == 0:
        return ""
    if plain := [way.operand for way in both if not way.nodes]:
        return _shortcut(plain[0], right if plain[0] is left else left, dimension, meeting)
    first, second = channel_place(left, meeting), channel_place(right, meeting)
    if first is None or second is None or first.text == second.text:
        return ""
    if not all(_set_by_a_layer(operand, dimension) for operand in meeting.operands):
        return ""
    sizes = left.type.shape[dimension], right.type.shape[dimension]
    pairs = ((first, second), (second, first))
    written = [
        f"`{to.written(**{to.name: of.text})}` on line {to.line}"
        for to, of in pairs
        if _means_the_same(of, to, meeting)
    ]
    return (
        f"`{left.name}` has its {sizes[0]} from line {first.line}, `{right.name}` its {sizes[1]} "
        f"from line {second.line}" + (f": write {', or '.join(written)}" if written else "")
    )


def odd_channels(meeting: Meeting, odd: Operand, normal: Operand) -> str:
    """Say how one of several tensors to be added gets as many channels as the others have."""
    pair = replace(meeting, operands=(normal, odd))
    both, dimension = ways(normal, odd), _dimension(pair)
    if both is None or dimension == 0:
        return ""
    size = channels_here(normal, pair) or str(normal.type.shape[dimension])
    name, layer, what = _projection(size, odd, dimension)
    have = f"`{odd.name}` has {odd.type.shape[dimension]} {what}, the others "
    have += str(normal.type.shape[dimension])
    setters = [node for node in both[1].nodes if node.operation and type(node.operation).feature]
    place = channel_place(odd, pair) if setters and _set_by_a_layer(odd, dimension) else None
    if place is None:
        where = f"write `-> {layer}` at the end of line {odd.span.line}"
        behind = where if odd.span is not NOWHERE else f"`{layer}`"
        return f"{have}: {name} makes them equal, {behind}"
    return f"{have}: write `{place.written(**{place.name: size})}` on line {place.line}"


def _means_the_same(of: Place, to: Place, meeting: Meeting) -> bool:
    """Return whether an argument can be read on another line too: a block sees its own names."""
    given = names(of.given) if of.given is not None else frozenset[str]()
    if given & STAGE_INPUTS:
        return False
    return of.home is to.home or given <= meeting.scope.file.parameters.keys()


def unlike_ranks(meeting: Meeting) -> str:
    """Name the line that gave one tensor another number of dimensions than the others have."""
    ranks = Counter(operand.type.rank for operand in meeting.operands)
    usual = max(ranks, key=lambda rank: (ranks[rank], rank))
    odd = next(operand for operand in meeting.operands if operand.type.rank != usual)
    node = odd.value.node
    while node.operation is not None and node.inputs:
        before = node.inputs[0]
        if node.output.rank == odd.type.rank and before.type.rank == usual:
            layer = spec_name(type(node.operation))
            rest = "the others keep" if len(meeting.operands) > 2 else "the other keeps"
            made = f"makes {odd.type} of {before.type}"
            return f"`{layer}` on line {node.span.line} {made}: {rest} {usual} dimensions"
        node = before.node
    return ""


def _dimension(meeting: Meeting) -> int:
    """Return the only dimension in which two tensors to be added differ, if layers set it."""
    left, right = (operand.type.shape for operand in meeting.operands)
    unlike = [i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
    is_set = unlike == [1] or unlike == [len(left) - 1]
    return unlike[0] if meeting.code is Code.ADD_SHAPES and is_set and unlike[0] else 0


def _shortcut(shortcut: Operand, main: Operand, dimension: int, meeting: Meeting) -> str:
    size = channels_here(main, meeting) or str(main.type.shape[dimension])
    name, layer, what = _projection(size, main, dimension)
    return (
        f"{name} makes the {what} equal: `shortcut: {layer} from {shortcut.name}`, "
        f"then add `shortcut` instead of `{shortcut.name}`"
    )


def _projection(size: str, operand: Operand, dimension: int) -> tuple[str, str, str]:
    """Return the layer that gives a tensor a size of one dimension: in words, as written, of what.

    The last of up to three dimensions holds features, the second of an image channels.
    """
    rank = operand.type.rank
    if dimension == rank - 1 and rank < IMAGE_RANK:
        return "a linear layer", f"Linear({size})", "features"
    return "a 1×1 convolution", f"Conv{rank - 2}d({size}, 1)", "channels"


def _set_by_a_layer(operand: Operand, dimension: int) -> bool:
    """Return whether a size is the one that the last layer with channels, or features, set."""
    node = operand.value.node
    while node.operation is not None and node.inputs and not type(node.operation).feature:
        node = node.inputs[0].node
    feature = type(node.operation).feature if node.operation is not None else ""
    return bool(feature) and vars(node.operation).get(feature) == operand.type.shape[dimension]


def channels_here(operand: Operand, meeting: Meeting) -> str:
    """Return the channels of a tensor as a line of this block can write them; empty for none."""
    place = channel_place(operand, meeting)
    if place is None or place.given is None:
        return ""
    given, instance = names(place.given), meeting.scope.instance
    is_known = place.home is instance or given <= meeting.scope.file.parameters.keys()
    return place.text if is_known and not given & STAGE_INPUTS else ""


def channel_place(operand: Operand, meeting: Meeting) -> Place | None:
    """Return where the channels of a tensor are set, in the block's own words if possible."""
    node: Node | None = operand.value.node
    while node is not None and node.operation is not None:
        feature = type(node.operation).feature
        if feature:
            place = place_of(node, feature, meeting.scope)
            return place if place is not None and place.text else None
        node = node.inputs[0].node if node.inputs else None
    return None
