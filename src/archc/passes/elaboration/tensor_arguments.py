"""The arguments of a function on tensors: its tensors and constants, and of several results one."""

from collections.abc import Sequence
from typing import Any

from archc.diagnostics import Code, RuleViolation
from archc.expressions.values import Unknown, is_list
from archc.ir.runs import Value
from archc.layers.base import Function
from archc.passes.elaboration.nodes import is_free_tensor
from archc.passes.elaboration.results import Results

_MANY = 4
"""A function of more tensors than this takes any number of them, as `concat` does."""


def first_result(value: Any) -> Any:
    """Return the first of several results, anything else as it is."""
    return value.first if isinstance(value, Results) else value


def listed_parts(value: Any) -> Any:
    """Return the list that a tensor's parts are, anything else as it is."""
    return value.values if isinstance(value, Results) and value.is_numbered else value


def taken(function: type[Function], values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments of a function: of several results the first.

    One that takes any number of tensors takes the parts of a tensor as the list they are.
    """
    takes_lists = function.arity[1] > _MANY
    taken = [listed_parts(value) if takes_lists else value for value in values]
    return tuple(tuple(map(first_result, v)) if is_list(v) else first_result(v) for v in taken)


def is_tensor(argument: Any) -> bool:
    """Return whether an argument is a tensor or a list of them.

    Raises:
        RuleViolation: a list holds tensors and other values.
    """
    if not is_list(argument):
        return isinstance(argument, Value)
    kinds = {isinstance(part, Value) for part in argument}
    if len(kinds) == 2:
        raise RuleViolation(Code.NOT_A_TENSOR, "a list of tensors holds tensors alone")
    return kinds == {True}


def parted(arguments: tuple[Any, ...]) -> tuple[list[Value], list[Any]]:
    """Part the tensors of a call, those in lists included, from its constants."""
    tensors: list[Value] = []
    constants: list[Any] = []
    for argument in arguments:
        if isinstance(argument, Value):
            tensors.append(argument)
        elif is_tensor(argument):
            tensors += argument
        else:
            constants.append(argument)
    return tensors, constants


def constants_of(function: type[Function], given: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return the constants among arguments of which those that may be tensors are `Unknown`.

    None where their places do not tell them apart: an operator takes numbers for tensors, and
    of a function that takes more or fewer tensors the first unknown ones may be numbers.
    """
    head, rest = given[: function.leading], given[function.leading :]
    least, most = function.arity
    unknown = next((n for n, value in enumerate(rest) if not isinstance(value, Unknown)), len(rest))
    is_told = unknown == least or (unknown > least and least == most)
    return (*head, *rest[least:]) if is_told and "other" not in function.fields() else None


def check_order(name: str, arguments: tuple[Any, ...], leading: int) -> None:
    """Refuse a constant before a tensor: what it means would depend on its place."""
    kinds = [is_tensor(argument) for argument in arguments[leading:]]
    if kinds != sorted(kinds, reverse=True):
        raise RuleViolation(
            Code.ARGUMENTS,
            f"the tensors of `{name}` come before its other arguments",
            help="write the other arguments last, or by name",
        )


def operator_keywords(
    arguments: tuple[Any, ...], tensors: list[Value], constants: list[Any]
) -> dict[str, Any]:
    """Return what an operator's function is called with beside its tensors."""
    if constants:
        keywords: dict[str, Any] = {"other": constants[0]}
        if not isinstance(arguments[0], Value):
            keywords["reflected"] = True
        return keywords
    if any(map(is_free_tensor, tensors)):
        return {"broadcast": True}
    return {}
