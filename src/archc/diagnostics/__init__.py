"""Errors and warnings as values: what is wrong, where, why, and the smallest fix."""

from archc.diagnostics.codes import Code
from archc.diagnostics.model import (
    Advice,
    ArchcError,
    CompileError,
    Diagnostic,
    Edit,
    Label,
    NoNumber,
    Operand,
    Proposal,
    RuleViolation,
    Span,
    did_you_mean,
    meant,
    to_write,
)
from archc.diagnostics.spelling import digits, near

__all__ = [
    "Advice",
    "ArchcError",
    "Code",
    "CompileError",
    "Diagnostic",
    "Edit",
    "Label",
    "NoNumber",
    "Operand",
    "Proposal",
    "RuleViolation",
    "Span",
    "did_you_mean",
    "digits",
    "meant",
    "near",
    "to_write",
]
