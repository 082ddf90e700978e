"""The syntax tree of an expression: a subset of Python's, parsed by our own code."""

from dataclasses import dataclass, field

from archc.diagnostics import Span

NOWHERE = Span("", 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a quoted string, True, False or None."""

    value: int | float | bool | str | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name."""

    identifier: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`, where the name may be a number (`features.0`) or hold braces (`a{i}`)."""

    value: "Expression"
    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` inside brackets."""

    start: "Expression | None"
    stop: "Expression | None"
    step: "Expression | None"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[index, …]`."""

    value: "Expression"
    indices: tuple["Expression | Slice", ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An arithmetic operator between two operands; `sign` is the operator's own place."""

    operator: str
    left: "Expression"
    right: "Expression"
    span: Span = field(default=NOWHERE, compare=False)
    sign: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b`, `a in b`, chained as Python chains them."""

    operands: tuple["Expression", ...]
    operators: tuple[str, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """`a and b` or `a or b`; evaluation stops at the first operand that decides."""

    operator: str
    operands: tuple["Expression", ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if test else other`."""

    test: "Expression"
    then: "Expression"
    other: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """`name=value` in a call; an empty name is `**value`."""

    name: str
    value: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments, name=value)`."""

    function: str
    arguments: tuple["Expression", ...]
    keywords: tuple[Keyword, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Display:
    """A list or a tuple; both are tuples when evaluated."""

    items: tuple["Expression", ...]
    brackets: str = "()"
    span: Span = field(default=NOWHERE, compare=False)


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


def children(expression: "Expression | Slice") -> tuple["Expression | Slice", ...]:
    """Return the direct parts of an expression, left to right."""
    match expression:
        case Literal() | Name():
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


def names(expression: "Expression | Slice") -> frozenset[str]:
    """Return every bare name the expression reads; the names of functions are not among them."""
    if isinstance(expression, Name):
        return frozenset((expression.identifier,))
    return frozenset[str]().union(*(names(part) for part in children(expression)))
