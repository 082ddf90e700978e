"""What a message adds where tensors of an expression do not go together: who they are."""

from collections.abc import Sequence
from typing import Any

from archc.diagnostics import Code, Label, RuleViolation
from archc.diagnostics import Operand as Row
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Binary, Call, Expression, Name
from archc.ir.runs import Value
from archc.passes.elaboration.mending import Operand, mending
from archc.passes.elaboration.nodes import operand, origin_text
from archc.passes.elaboration.scope import Scope


def explained(
    violation: RuleViolation, expression: Expression, values: tuple[Any, ...], scope: Scope
) -> RuleViolation:
    """Add to a violation of two tensors what they are and where they come from."""
    if not isinstance(expression, Binary) or violation.operands:
        return violation
    parts = (expression.left, expression.right)
    rows = [_operand(p, v, scope) for p, v in zip(parts, values, strict=True)]
    violation.operands = tuple(row for row in rows if row is not None)
    violation.help = _mending(violation, parts, values, scope) or violation.help
    violation.span = expression.sign
    violation.labels = tuple(Label(part.span) for part in parts)
    return violation


def argued(
    violation: RuleViolation, expression: Call, values: list[Any], scope: Scope
) -> RuleViolation:
    """Add to a violation of a function's tensors what they are and where they come from."""
    if not violation.operands:
        pairs = zip(expression.arguments, values, strict=True)
        rows = [_operand(part, value, scope) for part, value in pairs]
        violation.operands = tuple(row for row in rows if row is not None)
        violation.help = _mending(violation, expression.arguments, values, scope) or violation.help
    return violation


def _mending(
    violation: RuleViolation, parts: Sequence[Expression], values: Sequence[Any], scope: Scope
) -> str:
    if violation.code not in {Code.ADD_SHAPES, Code.CONCAT_SHAPES, Code.SIZE_MISMATCH}:
        return ""
    pairs = [(p, v) for p, v in zip(parts, values, strict=True) if isinstance(v, Value)]
    operands = [Operand(expression_text(p), v, _content(p, scope)) for p, v in pairs]
    constants = scope.constants()
    return mending(violation.code, operands, constants, scope.instance)


def _content(part: Expression, scope: Scope) -> object:
    record = scope.child(part.identifier) if isinstance(part, Name) else None
    return record.content if record is not None else None


def _operand(part: Expression, value: Any, scope: Scope) -> Any:
    if not isinstance(value, Value):
        return None
    name = expression_text(part)
    record = scope.child(name) if isinstance(part, Name) else None
    block = scope.instance.template
    if record is None and not block.is_model and name in block.block.inputs:
        return Row(name, str(value.type), f"the input of `{block.name}`")
    if record is not None:
        return operand(name, value, record.span, record.text)
    return operand(name, value, value.node.span, origin_text(value.node))
