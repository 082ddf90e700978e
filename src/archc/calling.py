"""What a function of archc is called with: checked, then made into settings."""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, cast, get_args

from archc.compiler import MAX_PARAMETERS, Settings
from archc.expressions.values import MAX_ELEMENTS, MAX_INTEGER, MAX_SEQUENCE
from archc.given import CallError, check_choice, not_of_type
from archc.ir.graph import Mode
from archc.layers.base import Layer
from archc.passes.elaboration.nodes import MAX_NODES, NODE_LIMITS

PARAMETER_LIMITS = range(1, MAX_INTEGER + 1)
"""What may be set as the limit of parameters."""
DEPTHS = range(MAX_INTEGER)
"""How deep a table or a figure may be asked to go."""


def settings_of(
    variant: str | None,
    params: Mapping[str, object] | None,
    inputs: Mapping[str, Sequence[int]] | None,
    *,
    mode: Mode | None = None,
    max_nodes: int = MAX_NODES,
    max_parameters: int = MAX_PARAMETERS,
    ops: Mapping[str, type[Layer]] | None = None,
    training: bool = False,
) -> Settings:
    """Return the settings that the arguments of a function stand for.

    Raises:
        CallError: one of them is of the wrong kind.
    """
    if variant is not None and not isinstance(cast("object", variant), str):
        raise CallError(f"variant is a name, {not_of_type(variant)}")
    if mode is not None:
        check_choice("mode", mode, get_args(Mode))
    check_mappings(params=params, inputs=inputs)
    check_integer("max_nodes", max_nodes, NODE_LIMITS)
    check_integer("max_parameters", max_parameters, PARAMETER_LIMITS)
    sizes = {name: _sizes(name, given) for name, given in (inputs or {}).items()}
    return Settings(
        variant,
        dict(params or {}),
        inputs=sizes,
        mode=mode,
        max_nodes=max_nodes,
        max_parameters=max_parameters,
        ops=ops or {},
        training=training,
    )


def check_spec_given(path: object, text: object) -> None:
    """Refuse a spec that is neither a path nor a text, or both.

    Raises:
        CallError: it is so.
    """
    if (path is None) == (text is None):
        raise CallError("give a path or text=…, one of them")
    if text is not None and not isinstance(text, str):
        raise CallError(f"text is a string, {not_of_type(text)}")
    if path is not None and not isinstance(path, (str, os.PathLike)):
        raise CallError(f"a path is a string or a Path, {not_of_type(path)}")
    if isinstance(path, str) and "\n" in path:
        raise CallError(
            "a path has no line breaks: give a spec's text by name, archc.check(text=…), "
            "and write it to a file to load it"
        )


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        CallError: it is so.
    """
    if type(value) is not bool:
        raise CallError(f"{name} is True or False, {not_of_type(value)}")


def checked_names(name: str, given: object) -> tuple[str, ...]:
    """Return the names that an argument lists; one alone may stand for itself.

    Raises:
        CallError: it is no list of names.
    """
    if isinstance(given, str):
        return (given,)
    try:
        names = tuple(islice(cast("Iterable[object]", given), MAX_ELEMENTS))
    except TypeError:
        raise CallError(f"{name} is a list of names, {not_of_type(given)}") from None
    for found in names:
        if not isinstance(found, str):
            raise CallError(f"{name} is a list of names, which are strings, {not_of_type(found)}")
    return cast("tuple[str, ...]", names)


def check_mappings(**given: object) -> None:
    """Refuse what is given by name, such as `params`, but is no mapping of names.

    Raises:
        CallError: it is so.
    """
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, Mapping):
            raise CallError(f"{name} is a mapping, {{'name': value}}, {not_of_type(value)}")
        for key in cast("Mapping[object, object]", value):
            if type(key) is not str:
                raise CallError(
                    f"{name} is a mapping of names, which are strings, {not_of_type(key)}"
                )


def check_integer(name: str, value: object, allowed: range) -> None:
    """Refuse what is no integer of Python's own, or lies outside a range.

    Raises:
        CallError: it is so.
    """
    if type(value) is not int:
        raise CallError(f"{name} is an integer, {not_of_type(value)}")
    if value not in allowed:
        raise CallError(f"{name} is an integer from {allowed[0]} to {allowed[-1]}")


def _sizes(name: str, given: Any) -> tuple[int, ...]:
    """Return the sizes of one input.

    Raises:
        CallError: they are no list of integers.
    """
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise CallError(f"the sizes of `{name}` are a list of integers, {not_of_type(given)}")
    sizes = tuple(islice(cast("Sequence[object]", given), MAX_SEQUENCE))
    for size in sizes:
        if type(size) is not int:
            raise CallError(f"the sizes of `{name}` are integers, {not_of_type(size)}")
    return cast("tuple[int, ...]", sizes)
