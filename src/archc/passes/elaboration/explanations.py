"""What a message adds where tensors that meet do not go together: who they are, what to change."""

from collections.abc import Sequence
from typing import Any

from archc.diagnostics import Code, Label, Proposal, RuleViolation
from archc.diagnostics import Operand as Row
from archc.expressions.printing import expression_text, spoken_constant
from archc.expressions.syntax import (
    NOWHERE,
    Attribute,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    children,
)
from archc.expressions.values import is_list
from archc.ir.runs import ItemRun, Value
from archc.passes.elaboration.meetings import Meeting, Operand
from archc.passes.elaboration.mending import mending
from archc.passes.elaboration.naming import absent_name
from archc.passes.elaboration.nodes import NodeBuilder, operand, origin_text
from archc.passes.elaboration.scope import STAGE_INPUTS, Record, Scope
from archc.shapes import format_shape

_MEETINGS = frozenset({Code.ADD_SHAPES, Code.CONCAT_SHAPES, Code.SIZE_MISMATCH})
_PRODUCTS = frozenset({"@", "matmul"})
"""What takes tensors of unlike shapes: a product of matrices."""


def explained(
    violation: RuleViolation,
    expression: Expression,
    values: Sequence[Any],
    scope: Scope,
    builder: NodeBuilder,
) -> RuleViolation:
    """Add to a violation of an operator's tensors what they are and what would make them fit."""
    if not isinstance(expression, Binary) or violation.operands:
        return violation
    parts = (expression.left, expression.right)
    violation.span = expression.sign
    violation.labels = tuple(Label(part.span) for part in parts)
    return met(violation, _operands(parts, values, scope), scope, builder, expression.operator)


def argued(
    violation: RuleViolation,
    expression: Call,
    values: Sequence[Any],
    scope: Scope,
    builder: NodeBuilder,
) -> RuleViolation:
    """Add to a violation of a function's tensors what they are and what would make them fit."""
    if violation.operands:
        return violation
    operands = _operands(expression.arguments, values, scope)
    return met(violation, operands, scope, builder, expression.function)


def met(
    violation: RuleViolation,
    operands: Sequence[Operand],
    scope: Scope,
    builder: NodeBuilder,
    operation: str,
) -> RuleViolation:
    """Add to a violation of tensors that meet what they are and what would make them fit."""
    violation.operands = tuple(_row(part, scope) for part in operands)
    if violation.code in _MEETINGS and operation not in _PRODUCTS:
        left_out = [_left_out(part, scope) for part in operands if part.is_left_out]
        violation.notes = (*violation.notes, *left_out)
        meeting = Meeting(violation.code, tuple(operands), scope, builder, operation)
        violation.help = mending(meeting) or violation.help
    if operation in _PRODUCTS and isinstance(violation.help, Proposal) and violation.help.meant:
        written = violation.help.meant.replace("(", f"({operands[-1].name}, ", 1)
        violation.help = f"turn the right one: `{written}`"
    return violation


def _operands(parts: Sequence[Expression], values: Sequence[Any], scope: Scope) -> list[Operand]:
    """Return the tensors that an expression gives; a list that it writes gives each of its own."""
    found: list[Operand] = []
    for part, value in zip(parts, values, strict=True):
        if isinstance(value, Value):
            found.append(_operand(part, value, scope))
        elif isinstance(part, Display) and is_list(value) and len(value) == len(part.items):
            found += _operands(part.items, value, scope)
    return found


def _operand(part: Expression, value: Value, scope: Scope) -> Operand:
    name = expression_text(part)
    record = scope.child(name) if isinstance(part, Name) else None
    if record is None:
        return Operand(name, value)
    return Operand(name, value, record.content, record.span, record.text)


def _row(part: Operand, scope: Scope) -> Row:
    """Return a tensor as a row of the message."""
    block = scope.instance.template
    if part.is_left_out:
        origin = f"line {part.span.line} is left out, so it is {part.stands_for}"
        return Row(part.name, str(part.type), origin)
    if part.span is not NOWHERE:
        return operand(part.name, part.value, part.span, part.text)
    if not block.is_model and part.name in block.block.inputs:
        return Row(part.name, str(part.type), f"the input of `{block.name}`")
    return operand(part.name, part.value, part.value.node.span, origin_text(part.value.node))


def _left_out(part: Operand, scope: Scope) -> str:
    """Say why a line is left out: its condition with the values of what it asks."""
    line = part.line
    assert line is not None
    assert line.item.condition is not None
    condition = line.item.condition
    if isinstance(condition, Literal):
        return f"`{part.name}` is left out here, for its condition is `{condition.value}`"
    given = line.inputs[0] if line.inputs else None
    facts = [f"{name} is {value}" for name, value in facts_of(condition, given, scope).items()]
    known = f": {', '.join(facts)}" if facts else ""
    text = expression_text(condition)
    return f"`{part.name}` is left out here, for its condition `{text}` is false{known}"


def absent(record: Record, name: str, scope: Scope) -> RuleViolation:
    """Return the violation for the name of a line that is absent, with why it is."""
    violation = absent_name(name)
    condition = record.content.item.condition if isinstance(record.content, ItemRun) else None
    if condition is None:
        return violation
    facts = [f"{name} is {value}" for name, value in facts_of(condition, None, scope).items()]
    if facts:
        text = f"`{expression_text(condition)}` on line {record.span.line}"
        violation.notes = (f"its condition is {text}: {', '.join(facts)}",)
    return violation


def facts_of(expression: Any, given: Value | None, scope: Scope) -> dict[str, str]:
    """Return the value of everything that a condition asks, where it has one.

    `given` is the tensor that flows in.
    """
    match expression:
        case Name(name) if name in STAGE_INPUTS and given is not None:
            shape = given.type.shape
            return {name: str(_asked(shape, name.removeprefix("in_")))}
        case Name(name):
            constants = scope.constants()
            return {name: spoken_constant(constants[name])} if name in constants else {}
        case Attribute(Name(name), "channels" | "features" | "shape" as what):
            shape = _shape_of(name, scope)
            return {f"{name}.{what}": _asked(shape, what)} if shape else {}
        case _:
            found: dict[str, str] = {}
            for part in children(expression):
                found |= facts_of(part, given, scope)
            return found


def _shape_of(name: str, scope: Scope) -> tuple[Any, ...]:
    record = scope.child(name)
    binding = scope.variables.get(name)
    value = record.value if record is not None else binding.value if binding is not None else None
    return value.type.shape if isinstance(value, Value) else ()


def _asked(shape: tuple[Any, ...], what: str) -> str:
    if what == "shape":
        return format_shape(shape)
    return str(shape[1 if what == "channels" else -1])
