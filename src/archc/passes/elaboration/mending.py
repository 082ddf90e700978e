"""The smallest change that would make shapes meet, said only where the numbers bear it out."""

from collections import Counter
from typing import Any

from msgspec.structs import replace

from archc.diagnostics import Advice, Code, Proposal
from archc.passes.elaboration.advice_on_channels import odd_channels, unlike_channels, unlike_ranks
from archc.passes.elaboration.advice_on_gates import unlike_gate
from archc.passes.elaboration.advice_on_names import (
    left_out,
    other_line,
    passed_in,
    taken_elsewhere,
)
from archc.passes.elaboration.advice_on_parameters import turned, unlike_parameter
from archc.passes.elaboration.advice_on_sizes import unlike_sizes
from archc.passes.elaboration.meetings import Meeting, Operand, ways

_ATTEMPTS = (
    taken_elsewhere,
    left_out,
    other_line,
    passed_in,
    turned,
    unlike_sizes,
    unlike_channels,
)


def mending(meeting: Meeting) -> str:
    """Return what to change where tensors that meet differ, or nothing where that is unclear."""
    operands = meeting.operands
    ranks = {operand.type.rank for operand in operands}
    if advice := unlike_parameter(meeting) or unlike_gate(meeting):
        return advice
    if len(operands) < 2 or min(ranks) < 2:
        return ""
    if len(ranks) > 1:
        return unlike_ranks(meeting)
    if meeting.code is Code.CONCAT_SHAPES and len({_beside_channels(o) for o in operands}) == 1:
        return "along dimension 1 they fit: leave `dim` out"
    if len(operands) > 2:
        return _odd_one(meeting)
    return next((advice for attempt in _ATTEMPTS if (advice := attempt(meeting))), "")


def _beside_channels(operand: Operand) -> tuple[Any, ...]:
    """Return a tensor's sizes without its channels, which a concat joins."""
    return operand.type.shape[:1] + operand.lengths


def _odd_one(meeting: Meeting) -> str:
    """Compare the branches whose sizes differ from the others' with one of those."""
    usual = _usual(meeting)
    odd = [o for o in meeting.operands if o.lengths != usual]
    if not odd:
        joined = "`concat:` joins branches of unlike channels; `add:` and `mul:` need equal ones"
        return _odd_channels(meeting) or joined
    normal = next(operand for operand in meeting.operands if operand.lengths == usual)
    found = [unlike_sizes(replace(meeting, operands=(normal, each)), each) for each in odd]
    changes = {help.edits: help for help in found if isinstance(help, Proposal)}
    if len(changes) < 2 or not all(isinstance(help, Proposal) for help in found):
        return found[0]
    is_certain = all(isinstance(help, Advice) for help in found)
    together = Advice if is_certain else Proposal
    return together("; ".join(changes.values()), *(edit for edits in changes for edit in edits))


def _odd_channels(meeting: Meeting) -> str:
    """Compare the one branch whose channels are not those of all others with one of them."""
    ((usual, count), *_) = Counter(o.type.shape for o in meeting.operands).most_common()
    if count != len(meeting.operands) - 1:
        return ""
    normal = next(o for o in meeting.operands if o.type.shape == usual)
    odd = next(o for o in meeting.operands if o.type.shape != usual)
    return odd_channels(meeting, odd, normal)


def _usual(meeting: Meeting) -> tuple[Any, ...]:
    """Return the size that most branches have; without such a size that of their common input."""
    ((size, count), *_) = Counter(o.lengths for o in meeting.operands).most_common()
    if 2 * count > len(meeting.operands):
        return size
    both = ways(*meeting.operands[:2])
    before = both[0].start.shape[2:] if both is not None else ()
    return before if any(o.lengths == before for o in meeting.operands) else size
