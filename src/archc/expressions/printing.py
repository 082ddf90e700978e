"""A syntax tree as text again, with names replaced where the caller knows better."""

from collections.abc import Callable

from archc.expressions.syntax import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Display,
    Expression,
    Index,
    Keyword,
    Literal,
    Logical,
    Name,
    Rest,
    Slice,
    Subscript,
    Unary,
)
from archc.expressions.values import LayerName

Substitute = Callable[[Expression], Expression | None]

ATOM = 9
UNARY_LEVEL = 6
POWER_LEVEL = 7
COMPARISON_LEVEL = 3
BINARY_LEVEL = {"+": 4, "-": 4, "*": 5, "/": 5, "//": 5, "%": 5, "@": 5, "**": POWER_LEVEL}


def level(expression: Expression) -> int:
    """Return how tightly an expression binds; a higher number needs no parentheses in a lower."""
    match expression:
        case Conditional():
            return 0
        case Logical(operator):
            return 1 if operator == "or" else 2
        case Unary("not"):
            return 2
        case Comparison():
            return COMPARISON_LEVEL
        case Binary(operator):
            return BINARY_LEVEL[operator]
        case Unary():
            return UNARY_LEVEL
        case Literal(value) if isinstance(value, (int, float)) and value < 0:
            return UNARY_LEVEL
        case _:
            return ATOM


def string_literal(text: str) -> str:
    """Return `text` as a double-quoted Python literal of printable ASCII."""
    body = (
        "".join(
            c if " " <= c <= "~" and c not in '"\\' else c.encode("unicode_escape").decode("ascii")
            for c in text.replace("\\", "\\\\").replace('"', '\\"')
        )
        if not _plain(text)
        else text
    )
    return f'"{body}"'


def _plain(text: str) -> bool:
    return all(" " <= c <= "~" and c not in '"\\' for c in text)


def option_literal(text: str) -> str:
    """Return `text` as a spec has it, in single quotes; in double ones where it holds one."""
    return string_literal(text) if "'" in text else f"'{text}'"


def spoken_constant(value: object) -> str:
    """Return a plain value as a message says it, and a spec has it."""
    return constant_text(value, option_literal)


def constant_text(value: object, quoted: Callable[[str], str] = string_literal) -> str:
    """Return a plain value as Python source; a layer is printed as it was written."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return sequence_text([constant_text(item, quoted) for item in value], "()")  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return 'float("inf")' if value > 0 else 'float("-inf")'
    if isinstance(value, LayerName):
        return value.name if value.call is None else expression_text(value.call)
    return repr(value)


def sequence_text(items: list[str], brackets: str) -> str:
    """Return items parted by commas within brackets; a tuple of one keeps its comma."""
    inner = ", ".join(items)
    if brackets == "()" and len(items) == 1:
        inner += ","
    return f"{brackets[0]}{inner}{brackets[1]}"


def expression_text(expression: Expression, least: int = 0) -> str:
    """Return an expression as Python source, in parentheses if it binds less than `least`."""
    text = _text(expression)
    return f"({text})" if level(expression) < least else text


def _text(expression: Expression) -> str:
    match expression:
        case Literal(value):
            return constant_text(value)
        case Name(identifier):
            return identifier
        case Attribute(value, name):
            return f"{expression_text(value, ATOM)}.{name}"
        case Subscript(value, indices):
            inside = ", ".join(_index_text(index) for index in indices)
            return f"{expression_text(value, ATOM)}[{inside}]"
        case Unary(operator, operand):
            space = " " if operator == "not" else ""
            return f"{operator}{space}{expression_text(operand, level(expression))}"
        case Binary(operator, left, right):
            return _binary_text(operator, left, right)
        case Comparison(operands, operators):
            pairs = zip(operators, operands[1:], strict=True)
            rest = "".join(f" {op} {expression_text(operand, 4)}" for op, operand in pairs)
            return expression_text(operands[0], 4) + rest
        case Logical(operator, operands):
            least = level(expression) + 1
            return f" {operator} ".join(expression_text(operand, least) for operand in operands)
        case Conditional(test, then, other):
            parts = expression_text(then, 1), expression_text(test, 1), expression_text(other)
            return f"{parts[0]} if {parts[1]} else {parts[2]}"
        case Call(function, arguments, keywords):
            parts = [expression_text(argument) for argument in arguments]
            return f"{function}({', '.join([*parts, *map(keyword_text, keywords)])})"
        case Display(items, brackets):
            return sequence_text([expression_text(item) for item in items], brackets)


def keyword_text(keyword: Keyword) -> str:
    """Return `name=value` or `**value`."""
    value = expression_text(keyword.value)
    return f"{keyword.name}={value}" if keyword.name else f"**{value}"


def _is_simple(operand: Expression) -> bool:
    """Return whether formatters let a power hug its operand: a number, a name, a part of one."""
    match operand:
        case Unary("-", value):
            return not isinstance(value, Unary) and _is_simple(value)
        case Attribute(value):
            return _is_simple(value)
        case Binary("**", left, right):
            return _is_simple(left) and _is_simple(right)
        case Literal() | Name():
            return True
        case _:
            return False


def _binary_text(operator: str, left: Expression, right: Expression) -> str:
    own = BINARY_LEVEL[operator]
    right_least = own if operator == "**" else own + 1
    left_text = expression_text(left, own + 1 if operator == "**" else own)
    glue = "**" if operator == "**" and _is_simple(left) and _is_simple(right) else f" {operator} "
    return f"{left_text}{glue}{expression_text(right, right_least)}"


def _index_text(index: Index) -> str:
    if isinstance(index, Rest):
        return "..."
    if not isinstance(index, Slice):
        return expression_text(index)
    start = expression_text(index.start) if index.start else ""
    stop = expression_text(index.stop) if index.stop else ""
    step = f":{expression_text(index.step)}" if index.step else ""
    return f"{start}:{stop}{step}"


def substituted(expression: Expression, substitute: Substitute) -> Expression:
    """Return the expression with each part replaced for which `substitute` gives another."""
    replacement = substitute(expression)
    if replacement is not None:
        return replacement
    again = _Substitution(substitute)
    return again.inside(expression)


class _Substitution:
    def __init__(self, substitute: Substitute) -> None:
        self.substitute = substitute

    def of(self, part: Expression) -> Expression:
        return substituted(part, self.substitute)

    def all(self, parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
        return tuple(self.of(part) for part in parts)

    def inside(self, expression: Expression) -> Expression:
        match expression:
            case Attribute(value, name):
                return Attribute(self.of(value), name)
            case Subscript(value, indices):
                return Subscript(self.of(value), tuple(self.index(i) for i in indices))
            case Unary(operator, operand):
                return Unary(operator, self.of(operand))
            case Binary(operator, left, right):
                return Binary(operator, self.of(left), self.of(right))
            case Comparison(operands, operators):
                return Comparison(self.all(operands), operators)
            case Logical(operator, operands):
                return Logical(operator, self.all(operands))
            case Conditional(test, then, other):
                return Conditional(self.of(test), self.of(then), self.of(other))
            case Call(function, arguments, keywords):
                named = tuple(Keyword(k.name, self.of(k.value)) for k in keywords)
                return Call(function, self.all(arguments), named)
            case Display(items, brackets):
                return Display(self.all(items), brackets)
            case _:
                return expression

    def index(self, part: Index) -> Index:
        if isinstance(part, Rest):
            return part
        if not isinstance(part, Slice):
            return self.of(part)
        start, stop, step = (
            None if bound is None else self.of(bound)
            for bound in (part.start, part.stop, part.step)
        )
        return Slice(start, stop, step)
