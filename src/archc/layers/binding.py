"""Calling a layer: arguments by position and by name, and what is wrong with them."""

import re
from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archc.diagnostics import Advice, Code, Edit, RuleViolation, did_you_mean, meant, near, to_write
from archc.expressions.printing import constant_text
from archc.expressions.values import Constant, Unknown, describe, is_list
from archc.layers.base import Layer, spec_name
from archc.layers.other_arguments import RENAMED, WRITTEN
from archc.shapes import Batch


def bind(
    layer: type[Layer], arguments: Sequence[Constant], keywords: Mapping[str, Constant]
) -> Layer:
    """Return the layer called with these arguments.

    Inferred arguments must have been taken out of `keywords` before.

    Raises:
        RuleViolation: too many positional arguments, an unknown name, a value out of range.
    """
    values = _named(layer, arguments, keywords)
    return _created(layer, _Arguments(values))


def misfits(
    layer: type[Layer],
    arguments: Sequence[Constant],
    keywords: Mapping[str, Constant],
    *,
    is_whole: bool = True,
) -> Iterator[RuleViolation]:
    """Yield all that is wrong with a call whatever its `Unknown` arguments are, each cause once.

    Sizes that archc infers may be among the keywords. Unless it `is_whole`, further arguments are
    given that nobody knows.
    """
    claimed = {n: keywords[n] for n in layer.inferred_names if n in keywords}
    keywords = {name: value for name, value in keywords.items() if name not in claimed}
    try:
        values = _named(layer, arguments, keywords)
    except RuleViolation as violation:
        yield violation
        values, is_whole = dict(keywords), False  # what the others mean is not known
    strange = [name for name in values if name not in layer.fields()]
    if layer.unnamed_arguments == "allow":
        strange = []
    yield from (_unknown_argument(layer, name) for name in strange)
    known = {n: v for n, v in values.items() if n not in strange and not _holds_unknown(v)}
    found: dict[str, ErrorDetails] = {}
    try:
        layer(**known)
    except ValidationError as error:
        found = {str(each["loc"][0]): each for each in reversed(error.errors()) if each["loc"]}
        wrong = [found[name] for name in known if name in found]
        yield from (_violation(layer, values, each, ()) for each in wrong)
        guesses = [_argument_meant(layer, name) for name in strange]
        # a name that means nothing may stand for any that is missing
        if is_whole and all(guesses):
            given = {*values, *(name for names in guesses for name in names)}
            left = [name for name in layer.fields() if name in found and name not in given]
            yield from [_missing(layer, values, left)] if left else []
    if layer.unnamed_arguments == "forbid":
        sound = {name: value for name, value in known.items() if name not in found}
        unknown = {*values, *found} - {*sound} if is_whole and not strange else {*layer.fields()}
        sizes = {name: size for name, size in claimed.items() if type(size) is int and size > 0}
        yield from _contradictions(layer, sound, frozenset(unknown - {*sound}), sizes)


class _NotKnown(Exception):
    """A rule reads an argument that is not known."""


class _Withheld:
    """Stands on a class for an argument that is not known."""

    def __get__(self, layer: Layer | None, owner: type[Layer]) -> NoReturn:
        raise _NotKnown

    def __set__(self, layer: Layer, value: object) -> NoReturn:
        raise AttributeError("what is not known cannot be set")


@lru_cache(maxsize=256)
def _withholding(layer: type[Layer], unknown: frozenset[str]) -> type[Layer]:
    """Return a layer's class whose objects do not know some of their arguments."""
    withheld = {name: _Withheld() for name in unknown}
    return ABCMeta(layer.__name__, (layer,), withheld)


def _contradictions(
    layer: type[Layer],
    arguments: Mapping[str, Constant],
    unknown: frozenset[str],
    claimed: Mapping[str, int],
) -> Iterator[RuleViolation]:
    """Yield what arguments that are right each for itself break together."""
    partial = object.__new__(_withholding(layer, unknown) if unknown else layer)
    held = _held(layer, arguments)
    vars(partial).update({name: value for name, value in held.items() if name not in unknown})
    for rule in partial.argument_rules(claimed):
        try:
            rule()
        except _NotKnown:
            pass
        except RuleViolation as violation:
            yield violation


def _held(layer: type[Layer], arguments: Mapping[str, Constant]) -> dict[str, Constant]:
    """Return arguments as an object of the layer holds them, and the defaults of the others."""
    schema = layer.schema()
    held = schema.model_construct()
    for name, value in arguments.items():
        schema.__pydantic_validator__.validate_assignment(held, name, value)
    return dict(held)


def _holds_unknown(value: Constant) -> bool:
    return isinstance(value, Unknown) or (is_list(value) and any(map(_holds_unknown, value)))


class _Arguments:
    """Arguments as a cache key that tells `1`, `1.0` and `True` apart."""

    __slots__ = ("key", "values")

    def __init__(self, values: dict[str, Constant]) -> None:
        self.values = values
        self.key = repr(values)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Arguments) and self.key == other.key


@lru_cache(maxsize=4096)
def _created(layer: type[Layer], arguments: _Arguments) -> Layer:
    try:
        return layer(**arguments.values)
    except ValidationError as error:
        found = error.errors()
        left = [str(each["loc"][0]) for each in found if each["type"] == "missing"]
        raise _violation(layer, arguments.values, _cause(found), left) from None


def _cause(found: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the first cause: a misspelt name, which leaves the right one missing, before all."""
    return next((each for each in found if each["type"] == "extra_forbidden"), found[0])


def _named(
    layer: type[Layer], arguments: Sequence[Constant], keywords: Mapping[str, Constant]
) -> dict[str, Constant]:
    variadic = getattr(layer, "variadic", "")
    if variadic and arguments:
        if variadic in keywords:
            raise RuleViolation(Code.ARGUMENTS, f"`{variadic}` is given twice", argument=variadic)
        return {variadic: tuple(_spread(arguments)), **keywords}
    if len(arguments) > len(layer.positional):
        raise _too_many(layer, arguments)
    values = dict(zip(layer.positional, arguments, strict=False))
    for name in keywords:
        if name in values:
            raise RuleViolation(
                Code.ARGUMENTS,
                f"argument `{name}` is given twice",
                help=f"by position it is {constant_text(values[name])}: remove one of them",
                argument=name,
            )
    return values | dict(keywords)


def _spread(arguments: Sequence[Constant]) -> Sequence[Constant]:
    """Return the arguments, or the items of the one list that stands for them."""
    first, *rest = arguments
    return arguments[0] if isinstance(first, tuple) and not rest else arguments


def _too_many(layer: type[Layer], arguments: Sequence[Constant]) -> RuleViolation:
    name, allowed = spec_name(layer), layer.positional
    is_long = len(arguments) >= len(allowed) + len(layer.inferred_names) > len(allowed)
    named = by_name(layer, arguments[len(allowed) :])
    is_pasted = is_long and (fits(layer, _pasted(layer, arguments)) or not named)
    if is_pasted:
        advice = dropping(layer, arguments)
    else:
        advice = naming(layer, arguments) if named else _takes(layer)
    takes = f"{len(allowed)} positional argument{'s' * (len(allowed) != 1)} ({', '.join(allowed)})"
    return RuleViolation(
        Code.TOO_MANY_POSITIONAL,
        f"`{name}` takes {takes if allowed else 'no positional arguments'}, {len(arguments)} given",
        help=advice,
        argument="0" if is_pasted else str(len(allowed)),
    )


def dropping(layer: type[Layer], arguments: Sequence[Constant]) -> str:
    """Return the advice that reads arguments as torch's: one is inferred, the last get names."""
    advice = f"{layer.inferred_names[0]} is inferred: drop the {arguments[layer.inferred_after]}"
    rest = by_name(layer, arguments[len(layer.positional) + len(layer.inferred_names) :])
    return f"{advice}, and write by name: {rest}" if rest else advice


def naming(layer: type[Layer], arguments: Sequence[Constant]) -> str:
    """Return the advice that reads arguments as archc's, of which the last lack their names."""
    others = "the others" if layer.positional else "it"
    return f"write {others} by name: {by_name(layer, arguments[len(layer.positional) :])}"


def _pasted(layer: type[Layer], arguments: Sequence[Constant]) -> Sequence[Constant]:
    """Return the arguments of a call of torch's without those that are inferred."""
    after = layer.inferred_after
    return [*arguments[:after], *arguments[after + len(layer.inferred_names) :]]


def fits(layer: type[Layer], arguments: Sequence[Constant]) -> bool:
    """Return whether a layer takes arguments in torch's order, those that are known."""
    names = (*layer.positional, *layer.by_name_alone())
    known = {n: v for n, v in zip(names, arguments, strict=False) if not _holds_unknown(v)}
    try:
        layer(**known)
    except ValidationError as error:
        if any(each["type"] != "missing" for each in error.errors()):
            return False
    return len(arguments) <= len(names)


def by_name(layer: type[Layer], values: Sequence[Constant]) -> str:
    """Return values beyond the positional ones as torch's order names them, if it can.

    A value is the next argument that it can be: `'same'` is no stride, but a padding.
    """
    names = iter(layer.by_name_alone())
    pairs = [(next((n for n in names if _may_be(layer, n, v)), ""), v) for v in values]
    if not all(name for name, _ in pairs):
        return ""
    return ", ".join(f"{name}={constant_text(value)}" for name, value in pairs)


def _may_be(layer: type[Layer], name: str, value: Constant) -> bool:
    """Return whether an argument alone may have a value, as far as that is known."""
    if _holds_unknown(value):
        return True
    try:
        layer(**{name: value})
    except ValidationError as error:
        return all(name not in each["loc"] for each in error.errors())
    return True


def _violation(
    layer: type[Layer],
    values: Mapping[str, Constant],
    error: ErrorDetails,
    missing: Sequence[str],
) -> RuleViolation:
    name = str(error["loc"][0]) if error["loc"] else ""
    callee = spec_name(layer)
    if error["type"] == "missing":
        return _missing(layer, values, missing)
    if error["type"] == "extra_forbidden":
        return _unknown_argument(layer, name)
    value: Any = values.get(name)
    advice = _advice(value, error["type"]) or _near_option(value, error)
    if error["type"] == "int_type" and is_list(value) and getattr(layer, "variadic", "") != name:
        advice = "write one number"
    return RuleViolation(
        Code.ARGUMENT_VALUE,
        f"`{name}` of `{callee}` cannot be {constant_text(value)}: {_reason(error, value)}",
        help=advice,
        argument=name,
        wants_integer=isinstance(value, float) and "int" in error["type"],
    )


def _missing(
    layer: type[Layer], values: Mapping[str, Constant], missing: Sequence[str]
) -> RuleViolation:
    """Return the violation for arguments that are missing, with the call that has them."""
    listed = ", ".join(f"`{name}`" for name in missing)
    given = [constant_text(values[n]) if n in values else f"{n}=…" for n in layer.positional[:1]]
    head = [*layer.positional[:1]]
    given += [f"{n}={constant_text(v)}" for n, v in values.items() if n not in head]
    given += [f"{n}=…" for n in missing if n not in head]
    callee = spec_name(layer)
    advice = f"write `{callee}({', '.join(given)})`"
    if getattr(layer, "variadic", "") in missing:
        advice = f"write `{callee}(…)`"
    if missing == ["dim"] and list(layer.fields())[:1] == ["dim"]:
        advice = f"write `{callee}(dim=-1)` for the last dimension"
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{callee}` needs the argument{'s' * (len(missing) > 1)} {listed}",
        notes=(_takes(layer),) if len(layer.fields()) > len(missing) else (),
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


def _unknown_argument(layer: type[Layer], name: str) -> RuleViolation:
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{spec_name(layer)}` has no argument `{name}`",
        help=WRITTEN.get(name) or _renaming(layer, name) or _takes(layer),
        argument=name,
    )


def _argument_meant(layer: type[Layer], name: str) -> tuple[str, ...]:
    """Return the arguments that another name may stand for; what others call the same is one."""
    known = [*layer.fields(), *layer.inferred_names]
    renamed = tuple(other for other in RENAMED.get(name, ()) if other in known)
    return renamed[:1] or near(name, known)


def _renaming(layer: type[Layer], name: str) -> str:
    """Return the question which argument is meant; what others call the same is no question."""
    found = _argument_meant(layer, name)
    if found and found[0] in RENAMED.get(name, ()):
        return Advice(f"did you mean `{found[0]}`?", Edit(found[0], name))
    known = (*layer.fields(), *layer.inferred_names)
    return did_you_mean(name, *found, among=known) if found else ""


def _takes(layer: type[Layer]) -> str:
    fields = layer.fields()
    ordered = dict.fromkeys((*layer.positional, *layer.by_name_alone(), *fields))
    parts = [
        name if fields[name].is_required() else f"{name}={constant_text(fields[name].default)}"
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
