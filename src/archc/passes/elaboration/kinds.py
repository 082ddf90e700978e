"""The kinds of parameters: what a declaration asks for, and which values are of it."""

from typing import Any

from archc.expressions.values import LayerName
from archc.spec.model import Declaration

_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "list": tuple,
    "layer": LayerName,
}
KIND_WORDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "a string",
    "list": "a list",
    "layer": "a layer",
}
"""What messages call the kinds of parameters."""


def declared_kind(declaration: Declaration) -> str | None:
    """Return the kind of a parameter, None where any value will do."""
    return declaration.type or kind_of(declaration.default)


def kind_of(default: Any) -> str | None:
    """Return the kind a default gives its parameter, None for null and derived ones."""
    for kind in ("bool", "int", "float", "str", "list", "layer"):
        if is_of(default, kind):
            return kind
    return None


def is_of(value: Any, kind: str) -> bool:
    """Return whether a value is of a kind; an integer is a number, a boolean is neither."""
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, _KINDS[kind])
