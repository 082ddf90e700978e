"""Errors and warnings as values: what is wrong, where, why, and the smallest fix."""

from archc.diagnostics.codes import Code
from archc.diagnostics.model import (
    ArchcError,
    CompileError,
    Diagnostic,
    Label,
    Operand,
    RuleViolation,
    Span,
)

__all__ = [
    "ArchcError",
    "Code",
    "CompileError",
    "Diagnostic",
    "Label",
    "Operand",
    "RuleViolation",
    "Span",
]
