"""Data of named fields, checked by pydantic: what is wrong is told in our words and left out."""

import re
from collections.abc import Callable, Iterable, Set
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, meant
from archc.diagnostics.render import excerpt
from archc.spec.model import ParameterKind
from archc.spec.source import Mapping, Node, Scalar, Sequence

_KIND_WORDS = {
    "int_type": "an integer",
    "list_type": "a list in brackets",
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What messages call the kinds of values that pydantic asks for."""
_KIND_OF = ("a list", "a mapping")
_KINDS = get_args(ParameterKind)
_OTHER_KINDS = {"integer": "int", "string": "str", "text": "str", "boolean": "bool"}
"""What other formats call the types of parameters."""
_OTHER_FIELDS = {
    "multiply_adds": "macs",
    "params": "parameters",
    "output": "shapes",
    "shape": "shapes",
    "paper": "source",
    "reference": "source",
}
"""What papers and other tools call the figures."""
Model = TypeVar("Model", bound=BaseModel)
Report = Callable[[RuleViolation], None]
"""What takes a violation that does not end the reading."""


def validated(
    model: type[Model], fields: dict[str, Any], node: Node, others: Set[str], report: Report
) -> Model:
    """Validate plain data with pydantic; what is wrong is reported and left out."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors()
    for found in wrong:
        report(_wrong_field(found, model, node, others))
        _leave_out(fields, found["loc"])
    return model.model_validate(fields)


def _wrong_field(
    found: ErrorDetails, model: type[BaseModel], node: Node, others: Set[str]
) -> RuleViolation:
    path = _path_in(node, [str(part) for part in found["loc"]])
    unknown = found["type"] == "extra_forbidden"
    headline = (
        f"there is no key `{path[-1]}` here"
        if unknown
        else _wrong_kind(".".join(path), found["type"], found["msg"], found["input"])
    )
    return RuleViolation(
        Code.UNKNOWN_KEY if unknown else Code.FIELD_VALUE,
        headline,
        help=_near_field(path[-1], model, others, found["input"])
        if unknown
        else _value_advice(path[-1], found["input"], _descend(node, path)),
        span=_descend(node, path, at_key=unknown),
    )


def _path_in(node: Node, path: list[str]) -> list[str]:
    """Return the part of pydantic's path that the file has: behind it stand names of types."""
    known: list[str] = []
    for part in path:
        if isinstance(node, Scalar):
            break
        known.append(part)
        if isinstance(node, Mapping):
            node = next((value for key, value in node.entries if key.value == part), node)
        elif isinstance(node, Sequence) and part.isdecimal():
            node = node.items[int(part)]
    return known


def _wrong_kind(path: str, kind: str, words: str, found: object) -> str:
    """Return what is wrong with a value, in pydantic's words where we have none."""
    if kind in _KIND_WORDS and isinstance(found, (str, int, float, bool)):
        return f"`{path}` is {_KIND_WORDS[kind]}, found `{excerpt(str(found))}`"
    if kind in _KIND_WORDS and isinstance(found, (list, dict)):
        return f"`{path}` is {_KIND_WORDS[kind]}, found {_KIND_OF[isinstance(found, dict)]}"
    if kind == "literal_error":
        return f"`{path}` cannot be `{excerpt(str(found))}`"
    return f"`{path}`: {words[0].lower()}{words[1:]}"


def _value_advice(name: str, found: object, span: Span) -> str:
    """Return what to write in place of the value of a field."""
    if name == "macs" and isinstance(found, float):
        return f"a rounded figure is a text with its unit: `{found}M` or `{found}G`"
    if name == "shapes" and isinstance(found, list):
        return _shapes_advice(cast("list[object]", found))
    if name == "type" and isinstance(found, str):
        known = _OTHER_KINDS.get(found.lower(), "")
        question = did_you_mean(found, known) if known else meant(found, _KINDS, is_closed=True)
        return question or "types are " + ", ".join(_KINDS)
    return _number_advice(found, span)


def _shapes_advice(shape: list[object]) -> str:
    """Return how the shape of one tensor is expected."""
    written = f"shapes: {{layer: [{', '.join(map(str, shape))}]}}"
    return f"a shape stands beside the name of its layer: `{written}`"


def _number_advice(found: object, span: Span) -> str:
    if isinstance(found, str) and re.fullmatch(r"[\d.]+\s*[KMGkmg]", found):
        return "write every digit, for the count is exact: `11_689_512`"
    digits = found.replace(",", "_") if isinstance(found, str) else ""
    if not re.fullmatch(r"\d+(?:_\d+)*", digits, re.ASCII):
        return ""
    return Advice(f"write `{digits}`", Edit(digits, span=span))


def _descend(node: Node, path: list[str], at_key: bool = False) -> Span:
    """Return the place of the value at a path, or of its key."""
    span = node.span
    for part in path:
        if not isinstance(node, Mapping):
            break
        for key, value in node.entries:
            if key.value == part:
                span, node = key.span if at_key else value.span, value
                break
    return span


def _near_field(name: str, model: type[BaseModel], others: Set[str], found: object) -> str:
    if name.lower() == "flops" and "macs" in model.model_fields:
        return "write `macs`: a multiply-add is one of them, and two FLOPs"
    fields = [field for field in model.model_fields if field != "variants"]
    known = _OTHER_FIELDS.get(name, "")
    if known == "shapes" and known in fields and isinstance(found, list):
        return _shapes_advice(cast("list[object]", found))
    if known in fields:
        return did_you_mean(name, known)
    return meant(name, [*fields, *sorted(others)]) or "keys are " + ", ".join(fields)


def _leave_out(fields: dict[str, Any], path: Iterable[str | int]) -> None:
    """Take out of nested data the innermost entry that a path leads to."""
    entry: tuple[dict[str, Any], str] | None = None
    inner: Any = fields
    for part in path:
        if not isinstance(inner, dict) or part not in inner:
            break
        entry = cast("dict[str, Any]", inner), str(part)
        inner = cast("dict[str, Any]", inner)[str(part)]
    if entry is not None:
        del entry[0][entry[1]]
