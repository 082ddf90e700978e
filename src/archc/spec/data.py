"""Plain data out of a YAML tree, typed by archc's own rules and by nothing of YAML 1.1."""

import re
from typing import Any

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.diagnostics.render import excerpt
from archc.expressions.parser import parse_expression
from archc.expressions.python_forms import PREFIXES
from archc.expressions.syntax import Call, Expression
from archc.expressions.values import MAX_INTEGER, LayerName
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d*(?:_\d+)*)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:\d+(?:_\d+)*)(?:\.\d*)?(?:[eE][-+]?\d+)?|[-+]?\.\d+(?:[eE][-+]?\d+)?", re.ASCII
)
_LEADING_ZERO = re.compile(r"[-+]?0\d[\d_]*", re.ASCII)
_TYPES = frozenset({"int", "float", "bool", "str", "list", "tuple"})
_LAYER = re.compile(r"[A-Z][A-Za-z0-9_]*")
_CONSTANTS = {"true": True, "false": False, "null": None, "inf": float("inf")}
_YAML_BOOLEANS = {
    word: value
    for value, words in (
        ("true", "on yes y True TRUE On Yes Y ON YES"),
        ("false", "off no n False FALSE Off No N OFF NO"),
    )
    for word in words.split()
} | {"~": "null", "Null": "null", "NULL": "null", "None": "null"}


def typed(scalar: Scalar) -> Any:
    """Return the value of a data scalar: true, false, null, a number, else its text.

    Raises:
        RuleViolation: a spelling that YAML 1.1 would read as something else.
    """
    text = scalar.value
    if scalar.style:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text in _YAML_BOOLEANS:
        raise RuleViolation(
            Code.AMBIGUOUS_SCALAR,
            f"`{text}` is ambiguous",
            help=Advice(
                f"write `{_YAML_BOOLEANS[text]}`, or '{text}' for the text",
                Edit(_YAML_BOOLEANS[text], text),
            ),
            span=scalar.span,
        )
    if _LEADING_ZERO.fullmatch(text):
        raise RuleViolation(
            Code.AMBIGUOUS_SCALAR,
            f"`{text}` begins with a zero",
            help=f"write {text.lstrip('+-0_') or 0}, or '{text}' for the text",
            span=scalar.span,
        )
    return _number(scalar, text)


def unreadable(node: Erroneous) -> RuleViolation:
    """Return the violation for a part whose mistake is known; it is not reported again."""
    return RuleViolation(Code.YAML_FEATURE, "a part that cannot be read", span=node.span)


def _number(scalar: Scalar, text: str) -> Any:
    if _INTEGER.fullmatch(text):
        value = int(text) if len(text) < 30 else MAX_INTEGER + 1
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise RuleViolation(
                Code.READING_LIMIT, "an integer outside −2⁶³ … 2⁶³ − 1", span=scalar.span
            )
        return value
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text


def plain(node: Node) -> Any:
    """Return a tree of dicts, lists and typed scalars."""
    if isinstance(node, Erroneous):
        raise unreadable(node)
    if isinstance(node, Scalar):
        return typed(node)
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.value: plain(value) for key, value in node.entries}


def parameter_value(node: Node, is_layer: bool = False) -> Any:
    """Return the value a parameter is given: a constant of the language, or an expression.

    A bare CamelCase name is a layer; other bare text is refused, for a text has quotes.
    `= 4 * dim` is returned as its expression.

    Raises:
        RuleViolation: no value of the language.
    """
    if isinstance(node, Erroneous):
        raise unreadable(node)
    if isinstance(node, Sequence):
        return tuple(parameter_value(item) for item in node.items)
    if isinstance(node, Mapping):
        raise RuleViolation(
            Code.PARAMETER_VALUE, "a parameter's value is no mapping", span=node.span
        )
    value = typed(node)
    if not isinstance(value, str) or node.style:
        return value
    if value.startswith("="):
        return parse_expression(value[1:], lambda a, b: node.locate(a + 1, b + 1))
    if is_layer or _LAYER.fullmatch(value):
        return layer_value(node)
    if value.count("(") != value.count(")"):
        raise RuleViolation(
            Code.YAML_SPLIT,
            f"YAML split this at a comma, `{excerpt(value)}` is what is left",
            help="write inner lists with brackets: [[1, 2], [3, 4]]",
            span=node.span,
        )
    is_call = bool(_called_layer(value))
    raise RuleViolation(
        Code.PARAMETER_VALUE,
        f"`{excerpt(value)}` calls a layer, and a layer's name stands here"
        if is_call
        else f"`{excerpt(value)}` is no number, no list and no layer",
        help=_value_advice(value),
        span=node.span,
    )


def keyword_advice(name: str, value: str) -> Advice:
    """Return how an argument is written that stands with a colon: `bias: no` is `bias=False`."""
    found = re.match(r"[\w.'-]+", value)
    if found and found[0] in _TYPES:
        return Advice(f"a parameter has no type: write `{name}`", Edit(name, f"{name}: {found[0]}"))
    words = {"no": "False", "off": "False", "yes": "True", "on": "True", "null": "None"}
    word = found[0] if found else "…"
    truth = word.capitalize() if word in {"true", "false"} else word
    written = f"{name}={words.get(word, truth)}"
    return Advice(f"an argument takes `=`: `{written}`", Edit(written, f"{name}: {word}"))


def _value_advice(value: str) -> str:
    """Return what was meant by a parameter's value that is none."""
    prefix, _, alone = value.partition("(")[0].rpartition(".")
    if prefix in PREFIXES and alone in layers.NAMES:
        return Advice(f"write `{alone}`: layers have no prefix", Edit(alone, f"{prefix}.{alone}"))
    if meant := next((name for name in layers.NAMES if name.lower() == value.lower()), ""):
        return f"the layer is `{meant}`; a text has quotes: '{value}'"
    if value in functions.NAMES:
        return f"a function as a layer: `{{default: {value}, type: layer}}`; a text has quotes"
    if value.startswith("(") and value.endswith(")") and "," in value:
        return f"a list has brackets: `{excerpt(value.replace('(', '[').replace(')', ']'))}`"
    if re.fullmatch(r"\d{1,3}(,\d{3})+", value):
        return f"write {value.replace(',', '_')}"
    if re.fullmatch(r"\w+(\s*,\s*\w+)+", value):
        return f"a list has brackets: `[{excerpt(value)}]`"
    if advice := _called_layer(value):
        return advice
    if re.search(r"[-+*/]|\w\(", value) and re.fullmatch(r"[\w\s.,()+*/%-]+", value):
        return f"an expression begins with `=`: `= {excerpt(value)}`; a text has quotes"
    return f"a text has quotes: '{excerpt(value)}'"


def _called_layer(value: str) -> str:
    """Return how a parameter's default is a layer that is written as a call: `GELU()`."""
    name, bracket, arguments = value.partition("(")
    if not bracket or name not in layers.NAMES or not arguments.endswith(")"):
        return ""
    if not arguments[:-1].strip():
        return Advice(f"a layer is its name alone: write `{name}`", Edit(name, value))
    quoted = f'"{value}"' if "," in value else value
    return f"a layer with arguments: write `{{default: {quoted}, type: layer}}`"


def layer_value(scalar: Scalar) -> LayerName:
    """Return the layer a parameter names, with its arguments where it has some."""
    parsed: Expression = parse_expression(scalar.value, scalar.locate)
    if isinstance(parsed, Call):
        return LayerName(parsed.function, parsed)
    if not scalar.value.replace(".", "_").isidentifier():
        raise RuleViolation(
            Code.PARAMETER_VALUE, f"`{scalar.value}` names no layer", span=scalar.span
        )
    return LayerName(scalar.value)
