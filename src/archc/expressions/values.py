"""The values an expression can have before any tensor exists, and arithmetic on them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from msgspec import Struct

from archc.diagnostics import Advice, Code, Edit, NoNumber, RuleViolation
from archc.expressions.syntax import Call

MAX_INTEGER = 2**63 - 1
MAX_SEQUENCE = 10_000
MAX_ELEMENTS = 100_000
MAX_LIST_NESTING = 32
OUTSIDE = "an integer outside −2⁶³ … 2⁶³ − 1"
_TOO_LONG = f"a list longer than {MAX_SEQUENCE:,}"


class LayerName(Struct, frozen=True, gc=False):
    """A layer, block or function passed as an argument: `Block: Bottleneck`.

    `call` is there where the parameter was given with arguments of its own
    (`act: LeakyReLU(0.1)`).
    """

    name: str
    call: Call | None = None

    def __str__(self) -> str:
        return self.name


class Unknown(LayerName, frozen=True, gc=False):
    """A value that follows from what is not known here; its name is how it is written."""


# The values of the language are nested tuples, which no finite union describes to the type checker.
Constant = Any
CONSTANT_TYPES = (int, float, str, tuple, LayerName, type(None))


def is_list(value: Constant) -> TypeGuard[tuple[Constant, ...]]:
    """Return whether a value is a list of the language, which is a tuple here."""
    return isinstance(value, tuple)


def is_constant(value: object) -> bool:
    """Return whether `value` is a plain value and no tensor."""
    return isinstance(value, CONSTANT_TYPES)


def describe(value: Constant) -> str:
    """Return the kind of a value as a message names it."""
    if isinstance(value, bool):
        return "a boolean"
    kinds: dict[type, str] = {int: "an integer", float: "a number", str: "a string"}
    kinds |= {tuple: "a list", LayerName: "a layer", type(None): "None"}
    return kinds.get(value.__class__, "a tensor")


def no_number(*values: Constant) -> NoNumber:
    """Return that a text stands among values that have to be numbers, where one does."""
    return "text" if any(isinstance(value, str) for value in values) else ""


def no_integer(*values: Constant) -> NoNumber:
    """Return that a text or a `float` stands among values that have to be integers."""
    is_float = any(isinstance(value, float) for value in values)
    return no_number(*values) or ("float" if is_float else "")


def checked(value: Constant) -> Constant:
    """Return `value` if it lies within the language's limits.

    Raises:
        RuleViolation: an integer outside int64, no number, or a list that is too long or
            too deep.
    """
    if isinstance(value, int) and not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
        raise RuleViolation(Code.READING_LIMIT, OUTSIDE)
    if isinstance(value, float) and math.isnan(value):
        raise RuleViolation(Code.EXPRESSION_VALUE, "the result is no number: inf − inf or inf · 0")
    if is_list(value):
        if len(value) > MAX_SEQUENCE:
            raise RuleViolation(Code.READING_LIMIT, _TOO_LONG)
        weight(value)
    return value


def weight(value: Constant) -> int:
    """Return how many elements a list has with those of the lists in it.

    One list may stand in another many times over, so the count can be far larger than
    what lies in memory; counting stops at the limit.

    Raises:
        RuleViolation: too many elements, or lists nested too deeply.
    """
    count = 0
    level: list[Constant] = [value]
    for _ in range(MAX_LIST_NESTING):
        inner = [item for item in level if is_list(item)]
        level = []
        for item in inner:
            count += len(item)
            if count > MAX_ELEMENTS:
                raise RuleViolation(
                    Code.READING_LIMIT, f"lists of more than {MAX_ELEMENTS:,} elements in all"
                )
            level += item
        if not level:
            return count
    raise RuleViolation(Code.READING_LIMIT, f"lists nested deeper than {MAX_LIST_NESTING}")


def arithmetic(operator: str, left: Constant, right: Constant) -> Constant:
    """Return `left operator right` for numbers; `+` and `*` also join and repeat lists."""
    if is_list(left) or is_list(right):
        return _list_arithmetic(operator, left, right)
    if not _is_number(left) or not _is_number(right):
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"`{operator}` needs two numbers, found {describe(left)} and {describe(right)}",
            found=no_number(left, right),
        )
    if operator == "**":
        _check_power(left, right)
    if operator == "@":
        raise RuleViolation(Code.EXPRESSION_VALUE, "`@` multiplies tensors, not numbers")
    try:
        return checked(_OPERATIONS[operator](left, right))
    except ZeroDivisionError:
        raise RuleViolation(Code.EXPRESSION_VALUE, "division by zero") from None
    except OverflowError:
        raise RuleViolation(Code.EXPRESSION_VALUE, "the result is too large") from None


def _is_number(value: Constant) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _list_arithmetic(operator: str, left: Constant, right: Constant) -> Constant:
    if operator == "+" and is_list(left) and is_list(right):
        return checked((*left, *right))
    if operator == "*" and is_list(left) and type(right) is int:
        if len(left) * right > MAX_SEQUENCE:
            raise RuleViolation(Code.READING_LIMIT, _TOO_LONG)
        return checked(left * right)
    raise RuleViolation(
        Code.EXPRESSION_VALUE,
        f"`{operator}` does not join {describe(left)} and {describe(right)}",
        found=no_number(left, right),
    )


def _check_power(base: float, exponent: float) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 63:
        raise RuleViolation(Code.READING_LIMIT, OUTSIDE)
    if base < 0 and not isinstance(exponent, int):
        raise RuleViolation(Code.EXPRESSION_VALUE, "a root of a negative number")


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
}


def compared(operator: str, left: Constant, right: Constant) -> bool:
    """Return whether `left operator right` holds.

    Raises:
        RuleViolation: an order is asked of things that have none.
    """
    if operator in {"in", "not in"}:
        if not is_list(right):
            raise RuleViolation(
                Code.EXPRESSION_VALUE, f"`{operator}` needs a list, found {describe(right)}"
            )
        return any(_same(left, item) for item in right) == (operator == "in")
    if operator in {"==", "!="}:
        return _same(left, right) == (operator == "==")
    if not (_is_number(left) and _is_number(right)):
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"`{operator}` orders numbers, found {describe(left)} and {describe(right)}",
            found=no_number(left, right),
        )
    orders: dict[str, bool] = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return orders[operator]


def _same(left: Constant, right: Constant) -> bool:
    """Return whether two values are equal; unlike in Python, True is not 1."""
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def make_divisible(v: float, d: int = 8) -> int:
    """Return the multiple of `d` nearest to `v`, at least `d` and not below 0.9·v.

    Source: torchvision, `torchvision.models._utils._make_divisible`.
    """
    rounded = max(d, int(v + d / 2) // d * d)
    return rounded + d if rounded < 0.9 * v else rounded


def _range(*bounds: int) -> tuple[int, ...]:
    if not 1 <= len(bounds) <= 3 or any(type(b) is not int for b in bounds):
        is_listed = bool(bounds) and is_list(bounds[0])
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            "`range` takes one to three integers",
            help="a list is gone through by itself, or by its places: `range(len(…))`"
            if is_listed
            else "",
            found=no_integer(*bounds),
        )
    if len(bounds) == 3 and bounds[2] == 0:
        raise RuleViolation(Code.EXPRESSION_VALUE, "`range` cannot step by 0")
    numbers = range(*bounds)
    if numbers[MAX_SEQUENCE:]:
        raise RuleViolation(Code.READING_LIMIT, _TOO_LONG)
    return tuple(numbers)


def _extreme(choose: Callable[[Sequence[Any]], Any], values: tuple[Any, ...]) -> Any:
    if len(values) != 1:
        return choose(values)
    if not is_list(values[0]):
        headline = f"`{choose.__name__}` of one value: it compares two, or the elements of a list"
        raise RuleViolation(Code.EXPRESSION_VALUE, headline)
    return choose(values[0])


def _integer(value: float) -> int:
    if not _is_number(value) or not math.isfinite(value):
        raise RuleViolation(Code.EXPRESSION_VALUE, f"`int` needs a finite number: {value}")
    return int(value)


def _enumerated(items: Sequence[Constant], start: int = 0) -> tuple[tuple[int, Constant], ...]:
    return tuple(enumerate(items, start))


def _reversed(items: Sequence[Constant]) -> tuple[Constant, ...]:
    return tuple(items)[::-1]


def _rounded(value: float, digits: int | None = None) -> float:
    if digits is not None and (type(digits) is not int or not 0 <= digits <= 15):
        raise RuleViolation(Code.EXPRESSION_VALUE, "`round` keeps 0 to 15 digits")
    return round(value, digits)


FUNCTIONS: dict[str, Callable[..., Constant]] = {
    "len": len,
    "range": _range,
    "enumerate": _enumerated,
    "zip": lambda *lists: tuple(zip(*lists, strict=False)),
    "reversed": _reversed,
    "min": lambda *values: _extreme(min, values),
    "max": lambda *values: _extreme(max, values),
    "sum": sum,
    "prod": math.prod,
    "abs": abs,
    "round": _rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "int": _integer,
    "float": float,
    "make_divisible": make_divisible,
}


def applied(
    function: str, arguments: tuple[Constant, ...], keywords: dict[str, Constant]
) -> Constant:
    """Return the value of one of the language's own functions.

    Raises:
        RuleViolation: the arguments do not suit the function.
    """
    try:
        return checked(FUNCTIONS[function](*arguments, **keywords))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError):
        found = ", ".join(_given(a) for a in (*arguments, *keywords.values()))
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"`{function}` cannot be applied to ({found})",
            help=_of_tensors(function, arguments),
            found=no_number(*arguments),
        ) from None


def _given(value: Constant) -> str:
    return str(value) if _is_number(value) else describe(value)


def _of_tensors(function: str, arguments: tuple[Constant, ...]) -> str:
    """Return the function that adds a list of tensors, where numbers were to be added."""
    parts = arguments[0] if len(arguments) == 1 else None
    if function != "sum" or not is_list(parts) or all(isinstance(p, (int, float)) for p in parts):
        return ""
    return Advice("tensors are added by `add`: write `add(…)`", Edit("add", "sum"))


def element(value: Constant, index: Constant) -> Constant:
    """Return `value[index]` for a list.

    Raises:
        RuleViolation: no list, no integer, or out of range.
    """
    if not is_list(value):
        raise RuleViolation(Code.EXPRESSION_VALUE, f"{describe(value)} has no elements")
    if type(index) is not int:
        headline = f"an index is an integer, not {describe(index)}"
        raise RuleViolation(Code.EXPRESSION_VALUE, headline, found=no_integer(index))
    if not -len(value) <= index < len(value):
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"index {index} of a list of {len(value)}",
            help=f"the last index is {len(value) - 1}" if value else "the list is empty",
        )
    return value[index]
