"""Binding a spec's parameters: defaults, then a variant's, then the caller's, then derived ones."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from archc.diagnostics import Code, RuleViolation
from archc.expressions.syntax import Expression
from archc.expressions.values import Constant, LayerName, describe
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Declaration, Document

_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "list": tuple,
    "layer": LayerName,
}


def bind_parameters(
    document: Document, variant: str | None, given: Mapping[str, Constant], file: FileScope
) -> dict[str, Constant]:
    """Return the value of every parameter; later sources win, derived ones come last.

    Raises:
        RuleViolation: an unknown name or variant, a value of the wrong kind or out of range.
    """
    chosen = _variant(document, variant)
    values: dict[str, Any] = {}
    for name, value in {**chosen, **given}.items():
        if name not in document.parameters:
            raise _unknown(name, document, None)
        values[name] = value
    result: dict[str, Constant] = {}
    evaluator = DefaultEvaluator(result, file)
    for name, declaration in document.parameters.items():
        value = values.get(name, declaration.default)
        if isinstance(value, Expression):
            value = evaluator.constant(value)
        result[name] = _checked(name, value, declaration, document)
    return result


def check_variants(document: Document) -> Iterator[RuleViolation]:
    """Yield what is wrong with the variants, whichever of them is asked for."""
    for variant, values in document.variants.items():
        for name, value in values.items():
            span = document.spans.get(f"variants.{variant}.{name}")
            try:
                if name not in document.parameters:
                    raise _unknown(name, document, variant)
                if not isinstance(value, Expression):
                    _checked(name, value, document.parameters[name], document)
            except RuleViolation as violation:
                violation.span = span
                yield violation


def _variant(document: Document, variant: str | None) -> Mapping[str, Any]:
    if variant is None:
        return {}
    if variant not in document.variants:
        near = get_close_matches(variant, document.variants, 1)
        known = ", ".join(document.variants) or "it has none"
        raise RuleViolation(
            Code.UNKNOWN_VARIANT,
            f"`{document.name}` has no variant `{variant}`",
            help=f"did you mean `{near[0]}`?" if near else f"variants: {known}",
        )
    return document.variants[variant]


def _unknown(name: str, document: Document, variant: str | None) -> RuleViolation:
    near = get_close_matches(name, document.parameters, 1)
    known = ", ".join(document.parameters) or "none"
    return RuleViolation(
        Code.PARAMETER_VALUE,
        f"`{document.name}` has no parameter `{name}`",
        help=f"did you mean `{near[0]}`?" if near else f"parameters: {known}",
        span=document.spans.get(f"variants.{variant}.{name}"),
    )


def _checked(name: str, value: Any, declaration: Declaration, document: Document) -> Constant:
    span = document.spans.get(f"params.{name}")
    kind = declaration.type or kind_of(declaration.default)
    if value is None and (declaration.default is None or kind is None):
        return None
    if kind is not None and not _is_of(value, kind):
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"the parameter `{name}` is of type {kind}, this is {describe(value)}",
            span=span,
        )
    _check_range(name, value, declaration, span)
    return float(value) if kind == "float" and type(value) is int else value


def _check_range(name: str, value: Any, declaration: Declaration, span: Any) -> None:
    choices = declaration.choices
    if choices is not None and value not in choices:
        listed = ", ".join(map(str, choices))
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"`{name}` cannot be {value}",
            help=f"choose one of {listed}",
            span=span,
        )
    if not isinstance(value, (int, float)):
        return
    below = declaration.min is not None and value < declaration.min
    above = declaration.max is not None and value > declaration.max
    if below or above:
        bound = f"at least {declaration.min}" if below else f"at most {declaration.max}"
        raise RuleViolation(
            Code.PARAMETER_VALUE, f"`{name}` is {value}; it must be {bound}", span=span
        )


def kind_of(default: Any) -> str | None:
    """Return the kind a default gives its parameter, None for null and derived ones."""
    for kind in ("bool", "int", "float", "str", "list", "layer"):
        if _is_of(default, kind):
            return kind
    return None


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, _KINDS[kind])
