"""Calls with other arguments on the way to a tensor: whether that then has another's size."""

from collections.abc import Mapping, Sequence

from archc.diagnostics import Advice, Edit, Proposal
from archc.ir.runs import Node
from archc.passes.elaboration.meetings import Meeting, Operand, Way
from archc.passes.elaboration.rewriting import Rewriting, rewritten


def change_that_fits(
    way: Way,
    node: Node,
    other: Operand,
    meeting: Meeting,
    written: Mapping[str, str],
    **values: object,
) -> Rewriting | None:
    """Return the call with other arguments if the way then ends in the size of a tensor."""
    change = rewritten(node, written, meeting.scope, way.nodes)
    if change is None:
        return None
    found = way.with_arguments(change.nodes, **values)
    return change if found is not None and found.shape[2:] == other.lengths else None


def help_to_write(words: str, changes: Sequence[Rewriting], is_certain: bool) -> str:
    """Return the help to change calls, which a program follows where that is certain."""
    edits = [Edit(change.text, span=change.place.call.span) for change in changes]
    return (Advice if is_certain else Proposal)(words, *edits)


def size_text(lengths: tuple[object, ...]) -> str:
    """Return sizes as a message has them: `32 × 32`."""
    return " × ".join(map(str, lengths))
