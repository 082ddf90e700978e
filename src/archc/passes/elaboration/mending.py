"""The smallest change that would make shapes meet, said only where the numbers bear it out."""

from collections import Counter
from typing import Any

from msgspec.structs import replace

from archc.diagnostics import Code
from archc.passes.elaboration.advice_on_channels import unlike_channels, unlike_ranks
from archc.passes.elaboration.advice_on_names import (
    left_out,
    other_line,
    passed_in,
    taken_elsewhere,
)
from archc.passes.elaboration.advice_on_sizes import unlike_sizes
from archc.passes.elaboration.meetings import Meeting, Operand

_ATTEMPTS = (taken_elsewhere, left_out, other_line, passed_in, unlike_sizes, unlike_channels)


def mending(meeting: Meeting) -> str:
    """Return what to change where tensors that meet differ, or nothing where that is unclear."""
    operands = meeting.operands
    ranks = {operand.type.rank for operand in operands}
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
    """Compare the branch whose sizes differ from most with one of the others."""
    usual = Counter(operand.lengths for operand in meeting.operands).most_common(1)[0][0]
    odd = next((o for o in meeting.operands if o.lengths != usual), None)
    if odd is None:
        return "`concat:` joins branches of unlike channels; `add:` and `mul:` need equal ones"
    normal = next(operand for operand in meeting.operands if operand.lengths == usual)
    return unlike_sizes(replace(meeting, operands=(normal, odd)), odd)
