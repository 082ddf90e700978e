"""The syntax tree of an expression: a subset of Python's, parsed by our own code."""

from typing import cast

from msgspec import Struct

from archc.diagnostics import Span

NOWHERE = Span("", 0, 0, 0, 0)


class Syntax(Struct, frozen=True, eq=False, gc=False):
    """A node of a syntax tree: equal to another that says the same, wherever either stands.

    A frozen record of frozen things is in no cycle, so `gc=False` spares the collector the visit.
    """

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == cast("Syntax", other)._said()

    def __ne__(self, other: object) -> bool:
        return not self == other  # a struct's own `!=` would look at every field

    def __hash__(self) -> int:
        return hash((type(self), self._said()))

    def _said(self) -> tuple[object, ...]:
        return tuple(
            getattr(self, name) for name in self.__struct_fields__ if name not in _WHERE_IT_STANDS
        )


_WHERE_IT_STANDS = frozenset({"span", "sign", "text"})
"""The fields that tell where a node stands and how it looked there."""


class Literal(Syntax, frozen=True):
    """A number, a quoted string, True, False or None."""

    value: int | float | bool | str | None
    span: Span = NOWHERE


class Name(Syntax, frozen=True):
    """A bare name."""

    identifier: str
    span: Span = NOWHERE


class Attribute(Syntax, frozen=True):
    """`value.name`, where the name may be a number (`features.0`) or hold braces (`a{i}`)."""

    value: "Expression"
    name: str
    span: Span = NOWHERE


class Slice(Syntax, frozen=True):
    """`start:stop:step` inside brackets."""

    start: "Expression | None"
    stop: "Expression | None"
    step: "Expression | None"
    span: Span = NOWHERE


class Rest(Syntax, frozen=True):
    """`...` inside brackets: `:` for as many dimensions as the other items leave over."""

    span: Span = NOWHERE


class Subscript(Syntax, frozen=True):
    """`value[index, …]`."""

    value: "Expression"
    indices: tuple["Index", ...]
    span: Span = NOWHERE


class Unary(Syntax, frozen=True):
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: "Expression"
    span: Span = NOWHERE


class Binary(Syntax, frozen=True):
    """An arithmetic operator between two operands; `sign` is the operator's own place."""

    operator: str
    left: "Expression"
    right: "Expression"
    span: Span = NOWHERE
    sign: Span = NOWHERE


class Comparison(Syntax, frozen=True):
    """`a < b`, `a in b`, chained as Python chains them."""

    operands: tuple["Expression", ...]
    operators: tuple[str, ...]
    span: Span = NOWHERE


class Logical(Syntax, frozen=True):
    """`a and b` or `a or b`; evaluation stops at the first operand that decides."""

    operator: str
    operands: tuple["Expression", ...]
    span: Span = NOWHERE


class Conditional(Syntax, frozen=True):
    """`then if test else other`."""

    test: "Expression"
    then: "Expression"
    other: "Expression"
    span: Span = NOWHERE


class Keyword(Syntax, frozen=True):
    """`name=value` in a call; an empty name is `**value`."""

    name: str
    value: "Expression"
    span: Span = NOWHERE


class Call(Syntax, frozen=True):
    """`function(arguments, name=value)`."""

    function: str
    arguments: tuple["Expression", ...]
    keywords: tuple[Keyword, ...] = ()
    span: Span = NOWHERE


class Display(Syntax, frozen=True):
    """A list or a tuple; both are tuples when evaluated."""

    items: tuple["Expression", ...]
    brackets: str = "()"
    span: Span = NOWHERE


Expression = (
    Literal
    | Name
    | Attribute
    | Subscript
    | Unary
    | Binary
    | Comparison
    | Logical
    | Conditional
    | Call
    | Display
)
Index = Expression | Slice | Rest
"""What stands between brackets, and every part of an expression."""


def keyword_span(keywords: tuple[Keyword, ...], name: str) -> Span | None:
    """Return the place of an argument that a call gives by name."""
    return next((k.span for k in keywords if name and k.name == name), None)


def children(expression: Index) -> tuple[Index, ...]:
    """Return the direct parts of an expression, left to right."""
    match expression:
        case Literal() | Name() | Rest():
            return ()
        case Attribute(value):
            return (value,)
        case Slice(start, stop, step):
            return tuple(part for part in (start, stop, step) if part is not None)
        case Subscript(value, indices):
            return (value, *indices)
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Comparison(operands) | Logical(_, operands):
            return operands
        case Conditional(test, then, other):
            return (test, then, other)
        case Call(_, arguments, keywords):
            return (*arguments, *(keyword.value for keyword in keywords))
        case Display(items):
            return items


def names(expression: Index) -> frozenset[str]:
    """Return every bare name the expression reads; the names of functions are not among them."""
    if isinstance(expression, Name):
        return frozenset((expression.identifier,))
    return frozenset[str]().union(*(names(part) for part in children(expression)))
