"""Evaluation of a syntax tree over plain values; tensors are the subclass's business."""

import re
from collections.abc import Sequence
from typing import Any

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.parser import parse_expression
from archc.expressions.printing import expression_text
from archc.expressions.syntax import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Display,
    Expression,
    Keyword,
    Literal,
    Logical,
    Name,
    Rest,
    Slice,
    Subscript,
    Unary,
)
from archc.expressions.values import (
    FUNCTIONS,
    Constant,
    applied,
    arithmetic,
    checked,
    compared,
    describe,
    element,
    is_constant,
    is_list,
    no_integer,
    weight,
)

MAX_MADE = 1_000_000
_BRACES = re.compile(r"\{([^{}]*)\}")


Given = tuple[Sequence[Any], dict[str, Any]]
"""The arguments of a call by position and by name."""


def _whole(expression: Expression, value: Any) -> str:
    """Return how a whole number is written in place of another."""
    if not isinstance(value, float):
        return ""
    if not isinstance(expression, Name | Literal):
        return "use // for a whole quotient"
    if not value.is_integer():
        return ""
    is_name = isinstance(expression, Name)
    return f"let `{expression.identifier}` be {int(value)}" if is_name else f"write {int(value)}"


def _compared(value: Any) -> str:
    """Return how a value that is no condition becomes one."""
    if isinstance(value, str):
        return "compare it with a text: `== 'name'`"
    if isinstance(value, (int, float)):
        return "compare it with a number: `!= 0`"
    return "compare it with something: `!= 0`, `== 'name'`"


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, float) else describe(value)


class Evaluator:
    """Evaluates expressions; a subclass says what names and tensors mean.

    Every violation that leaves carries the place of the innermost expression at fault.
    """

    elements: int = 0

    def lookup(self, name: Name) -> Any:
        """Return the value of a bare name."""
        raise RuleViolation(Code.UNKNOWN_NAME, f"`{name.identifier}` is not defined here")

    def attribute(self, expression: Attribute) -> Any:
        """Return the value of `a.b`."""
        raise RuleViolation(Code.EXPRESSION_VALUE, f"{expression.name} cannot be asked here")

    def operation(self, expression: Expression, name: str, operands: tuple[Any, ...]) -> Any:
        """Return the result of an operator at least one of whose operands is a tensor."""
        raise RuleViolation(Code.EXPRESSION_VALUE, f"`{name}` needs plain values here")

    def call(self, expression: Call, given: Given | None = None) -> Any:
        """Return the value of a call of a function that is not one of the language's own.

        `given` are the arguments, where they have been evaluated: those that make tensors may
        be evaluated once alone.
        """
        raise RuleViolation(
            Code.UNKNOWN_CALLEE, f"there is no function `{expression.function}` here"
        )

    def subscript(self, expression: Subscript, value: Any) -> Any:
        """Return the result of indexing something that is no list."""
        raise RuleViolation(Code.EXPRESSION_VALUE, f"{describe(value)} has no elements")

    def spend(self, value: Any) -> Any:
        """Return a list that was just made; all lists of a spec together have a limit."""
        if is_list(value):
            self.count_elements(weight(value))
        return value

    def count_elements(self, count: int) -> None:
        """Count elements of lists that an expression made, so that no spec can fill the memory."""
        self.elements += count
        if self.elements > MAX_MADE:
            raise RuleViolation(
                Code.READING_LIMIT, f"expressions that make more than {MAX_MADE:,} list elements"
            )

    def expect_comparable(self, expression: Comparison, values: Sequence[Any]) -> None:
        """Refuse a comparison that never holds, where something is known of its names."""

    def evaluate(self, expression: Expression) -> Any:
        """Return the value of an expression."""
        if type(expression) is Literal:
            return expression.value
        try:
            return self._evaluate(expression)
        except RuleViolation as violation:
            if violation.span is None:
                violation.span = expression.span
            raise

    def _evaluate(self, expression: Expression) -> Any:
        match expression:
            case Literal(value):
                return checked(value)
            case Name():
                return self.lookup(expression)
            case Binary(operator, left, right):
                return self._binary(expression, operator, left, right)
            case Call():
                return self._call(expression)
            case Comparison():
                return self._comparison(expression)
            case Conditional(test, then, other):
                return self.evaluate(then if self.condition(test) else other)
            case Subscript(value):
                return self._subscript(expression, self.evaluate(value))
            case Attribute():
                return self.attribute(expression)
            case Unary(operator, operand):
                return self._unary(expression, operator, operand)
            case Logical(operator, operands):
                return self._logical(operator, operands)
            case Display(items):
                return self.spend(checked(tuple(self.evaluate(item) for item in items)))

    def condition(self, expression: Expression) -> bool:
        """Return the value of a condition, which must be a boolean."""
        value = self.evaluate(expression)
        if not isinstance(value, bool):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                f"a condition is True or False; this is {describe(value)}",
                help=_compared(value),
                span=expression.span,
            )
        return value

    def integer(self, expression: Expression, what: str) -> int:
        """Return the value of an expression that must be an integer."""
        value = self.evaluate(expression)
        if type(value) is not int:
            hint = _whole(expression, value)
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                f"{what} is an integer; this is {_shown(value)}",
                help=hint,
                span=expression.span,
                found=no_integer(value),
            )
        return value

    def constant(self, expression: Expression) -> Constant:
        """Return the value of an expression that must be no tensor."""
        value = self.evaluate(expression)
        if not is_constant(value):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "a tensor cannot stand here",
                help="take its size with `.channels` or `.shape[i]`, or the tensor with `from`",
                span=expression.span,
            )
        return value

    def expand_braces(self, text: str, name: Name | Attribute) -> str:
        """Replace each `{expression}` in a name by its value."""
        if "{" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            inner = parse_expression(match[1], lambda _start, _end: name.span)
            return str(self.constant(inner))

        return _BRACES.sub(value, text)

    def keywords(self, keywords: tuple[Keyword, ...]) -> dict[str, Any]:
        """Return the keyword arguments of a call by name; `**kw` is a tuple of pairs."""
        result: dict[str, Any] = {}
        for keyword in keywords:
            value = self.evaluate(keyword.value)
            result |= {keyword.name: value} if keyword.name else _pairs(value, keyword.value)
        return result

    def _binary(
        self, expression: Binary, operator: str, left: Expression, right: Expression
    ) -> Any:
        a, b = self.evaluate(left), self.evaluate(right)
        if is_constant(a) and is_constant(b):
            return self.spend(arithmetic(operator, a, b))
        return self.operation(expression, operator, (a, b))

    def _unary(self, expression: Unary, operator: str, operand: Expression) -> Any:
        if operator == "not":
            return not self.condition(operand)
        value = self.evaluate(operand)
        if not is_constant(value):
            return self.operation(expression, operator, (value,))
        if isinstance(value, float):
            return -value if operator == "-" else value  # 0 - 0.0 has another sign
        return arithmetic("-" if operator == "-" else "+", 0, value)

    def _logical(self, operator: str, operands: tuple[Expression, ...]) -> bool:
        decisive = operator == "or"
        for operand in operands:
            if self.condition(operand) is decisive:
                return decisive
        return not decisive

    def _comparison(self, expression: Comparison) -> Any:
        values = [self.evaluate(operand) for operand in expression.operands]
        if not all(is_constant(v) or hasattr(v, "letter") for v in values):
            if len(values) == 2:
                return self.operation(expression, expression.operators[0], tuple(values))
            raise RuleViolation(Code.EXPRESSION_VALUE, "tensors are compared two at a time")
        self.expect_comparable(expression, values)
        pairs = zip(values, expression.operators, values[1:], strict=False)
        return all(compared(operator, a, b) for a, operator, b in pairs)

    def _call(self, expression: Call) -> Any:
        if expression.function not in FUNCTIONS:
            return self.call(expression)
        arguments = tuple(self.evaluate(argument) for argument in expression.arguments)
        keywords = self.keywords(expression.keywords)
        if all(is_constant(a) for a in (*arguments, *keywords.values())):
            return self.spend(applied(expression.function, arguments, keywords))
        return self.call(expression, (arguments, keywords))

    def _subscript(self, expression: Subscript, value: Any) -> Any:
        if not is_list(value):
            return self.subscript(expression, value)
        if len(expression.indices) != 1:
            raise _several_indices(expression)
        index = expression.indices[0]
        if isinstance(index, Rest):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "`...` stands for dimensions of a tensor; a list has elements",
                span=index.span,
            )
        if isinstance(index, Slice):
            return self.spend(value[self.slice(index)])
        return element(value, self.evaluate(index))

    def slice(self, part: Slice) -> slice:
        """Return a Python slice of the integers that a slice expression means."""
        bounds = [
            None if bound is None else self.integer(bound, "a bound of a slice")
            for bound in (part.start, part.stop, part.step)
        ]
        if bounds[2] == 0:
            raise RuleViolation(Code.EXPRESSION_VALUE, "a slice cannot step by 0", span=part.span)
        return slice(*bounds)


def _several_indices(expression: Subscript) -> RuleViolation:
    """Return the violation for `rows[0, 1]`: lists in lists are asked one after the other."""
    violation = RuleViolation(Code.EXPRESSION_VALUE, "a list takes one index")
    plain = [index for index in expression.indices if not isinstance(index, (Slice, Rest))]
    if len(plain) == len(expression.indices):
        indices = "".join(f"[{expression_text(index)}]" for index in plain)
        text = f"{expression_text(expression.value)}{indices}"
        violation.help = Advice(f"write `{text}`", Edit(text, span=expression.span))
    return violation


def _pairs(value: Any, expression: Expression) -> dict[str, Any]:
    """Return what `**kw` gives by name."""
    if is_list(value) and all(map(_is_named, value)):
        return dict(value)
    raise RuleViolation(
        Code.EXPRESSION_VALUE,
        f"`**` takes the keyword arguments of a block; this is {describe(value)}",
        span=expression.span,
    )


def _is_named(pair: Any) -> bool:
    return is_list(pair) and len(pair) == 2 and isinstance(pair[0], str)
