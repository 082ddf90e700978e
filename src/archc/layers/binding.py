"""Calling a layer: arguments by position and by name."""

from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import spoken_constant
from archc.expressions.values import Constant, Unknown, is_list
from archc.layers.base import Layer, spec_name
from archc.layers.misuse import (
    argument_meant,
    missing_arguments,
    takes,
    unknown_argument,
    wrong_value,
)


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
    yield from (unknown_argument(layer, name) for name in strange)
    known = {n: v for n, v in values.items() if n not in strange and not _holds_unknown(v)}
    found: dict[str, ErrorDetails] = {}
    try:
        layer(**known)
    except ValidationError as error:
        found = {str(each["loc"][0]): each for each in reversed(error.errors()) if each["loc"]}
        wrong = [found[name] for name in known if name in found]
        yield from (wrong_value(layer, values, each, ()) for each in wrong)
        guesses = [argument_meant(layer, name) for name in strange]
        # a name that means nothing may stand for any that is missing
        if is_whole and all(guesses):
            given = {*values, *(name for names in guesses for name in names)}
            left = [name for name in layer.fields() if name in found and name not in given]
            yield from [missing_arguments(layer, values, left)] if left else []
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
        raise wrong_value(layer, arguments.values, _cause(found), left) from None


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
                help=f"by position it is {spoken_constant(values[name])}: remove one of them",
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
        advice = naming(layer, arguments) if named else takes(layer)
    count = f"{len(allowed)} positional argument{'s' * (len(allowed) != 1)} ({', '.join(allowed)})"
    return RuleViolation(
        Code.TOO_MANY_POSITIONAL,
        f"`{name}` takes {count if allowed else 'no positional arguments'}, {len(arguments)} given",
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
    return ", ".join(f"{name}={spoken_constant(value)}" for name, value in pairs)


def _may_be(layer: type[Layer], name: str, value: Constant) -> bool:
    """Return whether an argument alone may have a value, as far as that is known."""
    if _holds_unknown(value):
        return True
    try:
        layer(**{name: value})
    except ValidationError as error:
        return all(name not in each["loc"] for each in error.errors())
    return True
