"""What is wrong with the arguments of a layer, in words, and what to write instead."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic_core import ErrorDetails

from archc.diagnostics import (
    Advice,
    Code,
    Edit,
    NoNumber,
    RuleViolation,
    did_you_mean,
    meant,
    near,
    to_write,
)
from archc.expressions.printing import spoken_constant
from archc.expressions.syntax import Name
from archc.expressions.values import Constant, describe, is_list, no_integer, no_number
from archc.layers.base import Layer, spec_name
from archc.layers.other_arguments import RENAMED, WRITTEN
from archc.shapes import Batch


def wrong_value(
    layer: type[Layer],
    values: Mapping[str, Constant],
    error: ErrorDetails,
    missing: Sequence[str],
) -> RuleViolation:
    """Return the violation for what pydantic refuses; of arguments that are missing, for all."""
    name = str(error["loc"][0]) if error["loc"] else ""
    callee = spec_name(layer)
    if error["type"] == "missing":
        return missing_arguments(layer, values, missing)
    if error["type"] == "extra_forbidden":
        return unknown_argument(layer, name)
    value: Any = values.get(name)
    advice = _advice(value, error["type"]) or _near_option(value, error)
    if error["type"] == "int_type" and is_list(value) and getattr(layer, "variadic", "") != name:
        advice = "write one number"
    return RuleViolation(
        Code.ARGUMENT_VALUE,
        f"`{name}` of `{callee}` cannot be {spoken_constant(value)}: {_reason(error, value)}",
        help=advice,
        argument=name,
        found=_no_number(value, error["type"]),
    )


def _no_number(value: Constant, kind: str) -> NoNumber:
    """Return what pydantic found where an argument has to be a number."""
    if "int" in kind:
        return no_integer(value)
    return no_number(value) if "float" in kind else ""


def quoted_option(option: Name, argument: str = "") -> Advice:
    """Return the advice to put an option into quotes: `mode='bilinear'` for `mode=bilinear`."""
    word = f"'{option.identifier}'"
    written = f"{argument}={word}" if argument else word
    return Advice(f"an option stands in quotes: write `{written}`", Edit(word, span=option.span))


class Missing(str):
    """The help of a message about arguments that a call lacks: the call with them, in numbers."""

    def __new__(cls, text: str, names: Sequence[str]) -> Self:
        advice = super().__new__(cls, text)
        advice.names = tuple(names)
        return advice

    names: tuple[str, ...]


def missing_arguments(
    layer: type[Layer], values: Mapping[str, Constant], missing: Sequence[str]
) -> RuleViolation:
    """Return the violation for arguments that are missing, with the call that has them."""
    listed = ", ".join(f"`{name}`" for name in missing)
    given = [spoken_constant(values[n]) if n in values else f"{n}=…" for n in layer.positional[:1]]
    head = [*layer.positional[:1]]
    given += [f"{n}={spoken_constant(v)}" for n, v in values.items() if n not in head]
    given += [f"{n}=…" for n in missing if n not in head]
    callee = spec_name(layer)
    advice: str = Missing(f"write `{callee}({', '.join(given)})`", missing)
    if getattr(layer, "variadic", "") in missing:
        advice = f"write `{callee}(…)`"
    if missing == ["dim"] and list(layer.fields())[:1] == ["dim"]:
        advice = f"write `{callee}(dim=-1)` for the last dimension"
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{callee}` needs the argument{'s' * (len(missing) > 1)} {listed}",
        notes=(takes(layer),) if len(layer.fields()) > len(missing) else (),
        help=advice,
    )


def _advice(value: Constant, kind: str) -> str:
    """Return how a value of the wrong kind becomes one of the right kind."""
    if isinstance(value, float) and "int" in kind:
        return _instead(f"{int(value)}") if value.is_integer() else "write a whole number"
    if kind == "bool_type" and type(value) is int and value in (0, 1):
        return _instead(f"{bool(value)}")
    if isinstance(value, str) and kind == "bool_type":
        return _boolean_advice(value.lower())
    if isinstance(value, str) and value.lower() in {"same", "valid"} and value != value.lower():
        return to_write(f"'{value.lower()}'", f"did you mean '{value.lower()}'?")
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return _instead(value, ", without quotes")
    if isinstance(value, (int, float)) and kind == "less_than_equal" and 2 < value <= 100:
        return f"write {value / 100:g} for {value:g} %"
    if is_list(value) and any(isinstance(size, Batch) for size in value):
        sizes = ", ".join("-1" if isinstance(size, Batch) else str(size) for size in value)
        if len(value) == 2 and value[1] == -1:
            return "write `flatten(1)`: it keeps the batch and joins all else"
        if -1 in value:
            return f"-1 stands for the batch: write `{sizes}`, with a number for the other -1"
        return f"-1 stands for the batch: write `{sizes}`"
    return ""


def _instead(text: str, how: str = "") -> str:
    return to_write(text, f"write {text}{how}")


def _boolean_advice(word: str) -> str:
    """Return the boolean that a text stands for."""
    if word in {"no", "false", "off"}:
        return _instead("False", ", without quotes")
    if word in {"yes", "true", "on"}:
        return _instead("True", ", without quotes")
    return "write True or False, without quotes"


def _near_option(value: Constant, error: ErrorDetails) -> str:
    """Return the option that a misspelt one means, nothing where none is alike."""
    if error["type"] != "literal_error" or not isinstance(value, str):
        return ""
    options = re.findall(r"'([^']+)'", error["msg"])
    return meant(value, options, is_closed=True, mark="'")


def unknown_argument(layer: type[Layer], name: str) -> RuleViolation:
    """Return the violation for an argument that no field has, with what it may mean."""
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{spec_name(layer)}` has no argument `{name}`",
        help=WRITTEN.get(name) or _renaming(layer, name) or takes(layer),
        argument=name,
    )


def argument_meant(layer: type[Layer], name: str) -> tuple[str, ...]:
    """Return the arguments that another name may stand for; what others call the same is one."""
    known = [*layer.fields(), *layer.inferred_names]
    renamed = tuple(other for other in RENAMED.get(name, ()) if other in known)
    return renamed[:1] or near(name, known)


def _renaming(layer: type[Layer], name: str) -> str:
    """Return the question which argument is meant; what others call the same is no question."""
    found = argument_meant(layer, name)
    if found and found[0] in RENAMED.get(name, ()):
        return Advice(f"did you mean `{found[0]}`?", Edit(found[0], name))
    known = (*layer.fields(), *layer.inferred_names)
    return did_you_mean(name, *found, among=known) if found else ""


def takes(layer: type[Layer]) -> str:
    """Return the arguments that a layer takes, with the values they have where none is given."""
    fields = layer.fields()
    ordered = dict.fromkeys((*layer.positional, *layer.by_name_alone(), *fields))
    parts = [
        name if fields[name].is_required() else f"{name}={spoken_constant(fields[name].default)}"
        for name in ordered
        if name in fields
    ]
    return f"it takes {', '.join(parts)}"


def _reason(error: ErrorDetails, value: Constant) -> str:
    kind = error["type"]
    if kind in {"int_type", "float_type", "bool_type", "string_type", "tuple_type"}:
        wanted = kind.removesuffix("_type").replace("int", "integer").replace("bool", "boolean")
        return f"expected {'an' if wanted[0] in 'aeiou' else 'a'} {wanted}, found {describe(value)}"
    return (
        error["msg"]
        .replace("Input should be", "it must be")
        .replace("greater than or equal to", "at least")
        .replace("less than or equal to", "at most")
    )
