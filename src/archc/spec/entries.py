"""The entries of a file's sections, one function a kind: a parameter, an output, a rule.

Each takes a key and its value from the YAML tree and returns what the document holds.
"""

import re
from collections.abc import Mapping as Dict
from collections.abc import Set
from typing import Any, get_args

from archc.diagnostics import Code, RuleViolation, Span, did_you_mean, meant, near
from archc.diagnostics.render import excerpt
from archc.spec.data import parameter_value, plain
from archc.spec.fields import Report, validated
from archc.spec.grammar import LineParser
from archc.spec.model import Declaration, Expectation, Import, InitRule, Output, ParameterKind
from archc.spec.names import check_network_name
from archc.spec.source import Mapping, Node, Scalar
from archc.spec.texts import check_identifier, text_of
from archc.statements import LayerCall


def network_name(node: Node) -> str:
    """Read the value of `name`."""
    name = text_of(node).value
    try:
        check_network_name(name)
    except RuleViolation as violation:
        violation.span = node.span
        raise
    return name


def declaration(key: Scalar, node: Node, report: Report) -> Declaration:
    """Read one entry of `params`: a default, or the long form that names it.

    What is wrong beside the default is reported, and left out.
    """
    check_identifier(key)
    if isinstance(node, Mapping):
        return _long_declaration(key, node, report)
    try:
        value = parameter_value(node)
    except RuleViolation as violation:
        if violation.code is Code.AMBIGUOUS_SCALAR and key.value[:1].isupper():
            violation.help += f"; for a layer write its name, `{key.value}: ReLU`"
        raise
    if value is None:
        kind = "layer" if key.value[:1].isupper() else "int"
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"the parameter `{key.value}` is null",
            help=f"null has no type: write one, `{key.value}: {{default: null, type: {kind}}}`",
        )
    return Declaration(default=value)


def _long_declaration(key: Scalar, node: Mapping, report: Report) -> Declaration:
    entries = _as_declared(node, report)
    if "default" not in entries:
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"the parameter `{key.value}` has no default",
            help=f"write its value: `{key.value}: {{default: …{_kind(entries)}}}`",
        )
    is_layer = "type" in entries and text_of(entries["type"]).value == "layer"
    fields: dict[str, Any] = {}
    for name, value in entries.items():
        known = name in {"default", "choices"}
        fields[name] = parameter_value(value, is_layer) if known else plain(value)
    return validated(Declaration, fields, node, frozenset(), report)


def _kind(entries: Dict[str, Node]) -> str:
    """Return the type of a declaration as it is written, behind a comma; nothing without one."""
    kind = entries.get("type")
    if isinstance(kind, Scalar) and kind.value in get_args(ParameterKind):
        return f", type: {kind.value}"
    return ""


def _as_declared(node: Mapping, report: Report) -> Dict[str, Node]:
    """Return the keys of a declaration with their values; a misspelt one is reported and mended."""
    fields = Declaration.model_fields
    entries = {key.value: value for key, value in node.entries if key.value in fields}
    for key, value in node.entries:
        if key.value in fields:
            continue
        report(
            RuleViolation(
                Code.UNKNOWN_KEY,
                f"there is no key `{key.value}` here",
                help=meant(key.value, fields, is_closed=True) or "keys are " + ", ".join(fields),
                span=key.span,
            )
        )
        for name in near(key.value, fields)[:1]:
            entries.setdefault(name, value)
    return entries


def variant(key: Scalar, node: Node) -> tuple[tuple[Scalar, Node], ...]:
    """Read one entry of `variants`: the parameters it sets, their values as they stand."""
    check_network_name(key.value)
    if not isinstance(node, Mapping):
        raise RuleViolation(
            Code.WRONG_KIND,
            "a variant is a mapping of parameters",
            help=f"write the parameters that it sets: `{key.value}: {{width: 64}}`",
        )
    return node.entries


def output(key: Scalar, node: Node) -> Output:
    """Read one entry of `outputs`: a tensor, and when it is one."""
    check_identifier(key)
    parser = LineParser(text_of(node))
    value = parser.operation()
    if parser.at("from", "->"):
        advice = "a layer stands in a line of `model:`, and its name here"
        raise parser.unexpected("expected the end of the line", advice)
    condition = parser.expression() if parser.accept("if") else None
    parser.expect_end()
    return Output(key.value, value, condition, key.span)


def init_rule(key: Scalar, node: Node) -> InitRule:
    """Read one entry of `init`: which tensors, what fills them, and when."""
    text = text_of(node)
    if text.value.count("(") > text.value.count(")"):
        raise RuleViolation(
            Code.SYNTAX,
            f"`{excerpt(text.value)}` leaves a bracket open",
            help="write the missing `)`; in `{…}` YAML splits at a comma: put it in quotes",
            span=node.span,
        )
    parser = LineParser(text)
    if _is_number(text.value):
        advice = f"write `constant({text.value.strip()})`"
        raise parser.unexpected("expected an initialisation", advice)
    name = parser.expect_name("an initialisation")
    if _is_number(rest := text.value[name.end :]):
        advice = f"write `{name.text}({rest.strip()})`"
        raise parser.unexpected(f"expected `(` behind `{name.text}`", advice)
    arguments, keywords = parser.arguments() if parser.at("(") else ((), ())
    call = LayerCall((name.text,), arguments, keywords, parser.span(name.start))
    condition = parser.expression() if parser.accept("if") else None
    parser.expect_end()
    return InitRule(tuple(key.value.split(".")), call, condition, key.span)


def _is_number(text: str) -> bool:
    """Return whether a text is one number."""
    return re.fullmatch(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", text) is not None


def tie(key: Scalar, node: Node) -> tuple[str, str, Span]:
    """Read one entry of `tie`: the two keys of one tensor."""
    return key.value, text_of(node).value, key.span


def imported(key: Scalar, node: Node) -> Import:
    """Read one entry of `import`: a file and, after `#`, a block of it."""
    check_identifier(key)
    path, _, block = text_of(node).value.partition("#")
    return Import(key.value, path, block, node.span)


def python_layer(_key: Scalar, node: Node) -> str:
    """Read one entry of `python`: `module:Class`."""
    return text_of(node).value


def allowed(key: Scalar, node: Node) -> str:
    """Read one entry of `allow`: a warning's code and the reason."""
    warnings = {str(code) for code in Code if code.can_warn}
    if key.value not in warnings:
        is_error = key.value in {str(code) for code in Code}
        headline = f"`{key.value}` is never a warning" if is_error else ""
        raise RuleViolation(
            Code.FIELD_VALUE,
            headline or f"there is no warning `{key.value}`",
            help=_near_warning(key.value, warnings),
            span=key.span,
        )
    reason = text_of(node).value.strip()
    if not reason:
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"the reason for allowing `{key.value}` is missing",
            help=f"write why, such as `{key.value}: small images are for inference alone`",
            span=key.span,
        )
    return reason


def _near_warning(name: str, warnings: Set[str]) -> str:
    if name.upper() in warnings:
        return did_you_mean(name, name.upper())
    question = meant(name.upper(), warnings)
    return question or f"warnings have the codes {min(warnings)} to {max(warnings)}"


def expectation(node: Node, variants: Set[str], report: Report) -> Expectation:
    """Read `expect`; the keys that name variants hold figures of their own.

    What is wrong is reported, and the other figures stand.
    """
    if not isinstance(node, Mapping):
        report(RuleViolation(Code.WRONG_KIND, "`expect:` is a mapping"))
        return Expectation()
    fields = _figures(node, variants, report)
    return validated(Expectation, fields, node, variants, report)


def _figures(node: Mapping, variants: Set[str], report: Report) -> dict[str, Any]:
    """Return the figures; the keys that name variants are gathered under `variants`."""
    fields: dict[str, Any] = {}
    for key, value in node.entries:
        if key.value in variants and isinstance(value, Mapping):
            of_variant = _figures(value, variants, report)
            fields.setdefault("variants", {})[key.value] = of_variant
        else:
            fields |= plain_parts(key.value, value, report)
    return fields


def plain_parts(name: str, node: Node, report: Report) -> dict[str, Any]:
    """Return plain data under its name, without those parts that are none; these are reported."""
    if isinstance(node, Mapping):
        parts: dict[str, Any] = {}
        for key, value in node.entries:
            parts |= plain_parts(key.value, value, report)
        return {name: parts}
    try:
        return {name: plain(node)}
    except RuleViolation as violation:
        violation.span = violation.span or node.span
        report(violation)
        return {}
