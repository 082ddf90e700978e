"""Comparisons that never hold: two values of kinds that are never equal."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.printing import expression_text, spoken_constant
from archc.expressions.syntax import Comparison, Display, Expression, Literal, Name
from archc.expressions.values import LayerName, describe
from archc.passes.elaboration.kinds import KIND_WORDS, declared_kind, is_of
from archc.spec.model import Declaration

DeclarationOf = Callable[[str], Declaration | None]
"""What a name is declared as under `params:`, None for a name that stands for anything else."""
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def expect_equal_kinds(
    expression: Comparison, values: Sequence[Any], declaration_of: DeclarationOf
) -> None:
    """Refuse `==`, `!=` and `in` between a name and a constant that it can never equal.

    A parameter has one kind, and its choices, whatever it is given. Any other name may stand for
    a text here and for a number there; of it a boolean and `'true'`, a number and `'3'`, are
    taken for a mistake.

    Raises:
        RuleViolation: they can never be equal.
    """
    operands = expression.operands
    for operator, left, right, *pair in zip(
        expression.operators, operands, operands[1:], values, values[1:], strict=False
    ):
        for name, value, other, constant in _pairs(operator, left, right, pair):
            declaration = declaration_of(name.identifier)
            if isinstance(other, Name) and declaration_of(other.identifier) is not None:
                continue
            headline = _why_never(name.identifier, value, constant, declaration)
            if headline:
                advice = _instead(expression, name, value, other, constant, declaration)
                place = expression.span if operator in {"==", "!="} else other.span
                raise RuleViolation(Code.EXPRESSION_VALUE, headline, help=advice, span=place)


def _pairs(
    operator: str, left: Expression, right: Expression, values: Sequence[Any]
) -> Iterator[tuple[Name, Any, Expression, Any]]:
    """Yield each name that is compared with a constant: both as written, both as values."""
    first, second = values
    if operator in {"==", "!="}:
        if isinstance(left, Name) and _is_written(right, second):
            yield left, first, right, second
        elif isinstance(right, Name) and _is_written(left, first):
            yield right, second, left, first
    elif operator in {"in", "not in"} and isinstance(left, Name) and isinstance(right, Display):
        for item, value in zip(right.items, second, strict=True):
            if _is_written(item, value):
                yield left, first, item, value


def _is_written(expression: Expression, value: Any) -> bool:
    """Return whether an expression is a constant by itself: a literal, or the name of a layer."""
    if isinstance(expression, Name):
        return isinstance(value, LayerName) and value.name == expression.identifier
    return isinstance(expression, Literal) and value is not None


def _why_never(name: str, value: Any, constant: Any, declaration: Declaration | None) -> str:
    """Return why a name never equals a constant, nothing where it may."""
    shown = spoken_constant(constant)
    kind = declared_kind(declaration) if declaration is not None else None
    if declaration is None or kind is None:
        is_slip = _is_quoted(value, constant)
        return (
            f"`{name}` is {describe(value)} and never equals the text `{shown}`" if is_slip else ""
        )
    if not is_of(constant, "float" if kind == "int" else kind):
        return f"`{name}` is {KIND_WORDS[kind]} and never equals `{shown}`"
    if declaration.choices is not None and constant not in declaration.choices:
        return f"`{shown}` is none of the choices of `{name}`, which never equals it"
    return ""


def _is_quoted(value: Any, constant: Any) -> bool:
    """Return whether a constant is a boolean or a number in quotes, and the value one without."""
    if not isinstance(constant, str):
        return False
    if isinstance(value, bool):
        return constant.lower() in {"true", "false"}
    return isinstance(value, (int, float)) and constant.isdecimal()


def _instead(
    expression: Comparison,
    name: Name,
    value: Any,
    other: Expression,
    constant: Any,
    declaration: Declaration | None,
) -> str:
    """Return what to write in place of a comparison that never holds."""
    choices = declaration.choices if declaration is not None else None
    if isinstance(value, bool):
        truth = _TRUTHS.get(str(constant).lower())
        if truth is None or len(expression.operands) != 2:
            return "a boolean is a condition by itself"
        holds = truth == (expression.operators[0] == "==")
        text = name.identifier if holds else f"not {name.identifier}"
        return Advice(f"write `{text}`", Edit(text, span=expression.span))
    if isinstance(value, LayerName) and isinstance(constant, str) and constant.isidentifier():
        return Advice(
            f"a layer's name has no quotes: write `{constant}`", Edit(constant, span=other.span)
        )
    if isinstance(value, (int, float)) and isinstance(constant, str) and constant.isdecimal():
        words = f"a number has no quotes: write `{constant}`"
        return Advice(words, Edit(constant, span=other.span))
    if choices is not None:
        return f"its choices are {', '.join(map(spoken_constant, choices))}"
    if isinstance(value, str):
        return f"a text has quotes: write `'{expression_text(other)}'`"
    return ""
