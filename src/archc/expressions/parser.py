"""Tokens to a syntax tree; every node knows its place in the file.

Precedence, loosest first: `a if c else b` · `or` · `and` · `not` · comparisons ·
`+ -` · `* / // % @` · unary `-` · `**` · calls, subscripts and attributes.
"""

from collections.abc import Callable

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.python_forms import (
    PREFIXES,
    STRING_PREFIXES,
    MethodCall,
    lambda_word,
    method,
    prefixed_function,
    prefixed_string,
)
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
    children,
)
from archc.expressions.tokens import KEYWORDS, Cursor, Locate, Token, read_by_name

MAX_NESTING = 32
MAX_TREE_DEPTH = 100

_CONSTANTS: dict[str, bool | float | None] = {
    "True": True,
    "False": False,
    "None": None,
    "inf": float("inf"),
}
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


class Parser(Cursor):
    """A recursive-descent parser over the tokens of one line."""

    def __init__(self, text: str, locate: Locate) -> None:
        super().__init__(text, locate)
        self.depth = 0

    def expression(self) -> Expression:
        """Parse an expression; a ternary is allowed."""
        value = self.operation()
        if not self.at("if"):
            return value
        self.advance()
        test = self.operation()
        self.expect("else")
        other = self.expression()
        return Conditional(test, value, other, value.span.to(other.span))

    def operation(self) -> Expression:
        """Parse an expression in which a bare `if` ends it."""
        value = self._nested(lambda: self._logical("or", self._conjunction))
        if self.depth == 0:
            self._expect_shallow(value)
        return value

    def _expect_shallow(self, expression: Expression) -> None:
        """Refuse a long row of operators, whose tree leans to the left and is as deep as long."""
        level: list[Index] = [expression]
        for _ in range(MAX_TREE_DEPTH):
            level = [part for parent in level for part in children(parent)]
            if not level:
                return
        raise RuleViolation(
            Code.READING_LIMIT,
            f"more than {MAX_TREE_DEPTH} operators in a row",
            help="part the expression with `let`, or use `sum([…])`",
            span=expression.span,
        )

    def expressions(self, closing: str) -> tuple[Expression, ...]:
        """Parse expressions parted by commas up to the symbol `closing`, and take that."""
        items: list[Expression] = []
        while not self.at(closing):
            items.append(self.expression())
            if not self.accept(","):
                break
        self.expect(closing)
        return tuple(items)

    def arguments(self) -> tuple[tuple[Expression, ...], tuple[Keyword, ...]]:
        """Parse `(…)`: positional arguments, then keywords and `**name`."""
        self.expect("(")
        positional: list[Expression] = []
        keywords: list[Keyword] = []
        while not self.at(")"):
            start = self.token.start
            if self.accept("**"):
                value = self.expression()
                keywords.append(Keyword("", value, self.span(start)))
            elif self.token.kind == "name" and self.peek().text == "=":
                name = self.advance().text
                self.advance()
                value = self.expression()
                keywords.append(Keyword(name, value, self.span(start)))
            elif keywords:
                raise self.unexpected(
                    "expected `name=value` after a keyword argument",
                    "give it its name, or write it before the named ones",
                )
            else:
                positional.append(self.expression())
            if not self.accept(","):
                break
        self.expect(")")
        self._refuse_repeats(keywords)
        return tuple(positional), tuple(keywords)

    def _refuse_repeats(self, keywords: list[Keyword]) -> None:
        seen: set[str] = set()
        for keyword in keywords:
            if keyword.name and keyword.name in seen:
                raise RuleViolation(
                    Code.ARGUMENTS,
                    f"argument `{keyword.name}` is given twice",
                    help="remove one of them",
                    span=keyword.span,
                )
            seen.add(keyword.name)

    def _logical(self, word: str, operand: Callable[[], Expression]) -> Expression:
        operands = [operand()]
        while self.accept(word):
            operands.append(operand())
        if len(operands) == 1:
            return operands[0]
        return Logical(word, tuple(operands), operands[0].span.to(operands[-1].span))

    def _conjunction(self) -> Expression:
        return self._logical("and", self._negation)

    def _negation(self) -> Expression:
        if not self.at("not"):
            return self._comparison()
        start = self.advance().start
        operand = self._nested(self._negation)
        return Unary("not", operand, self.span(start))

    def _comparison(self) -> Expression:
        operands = [self._sum()]
        operators: list[str] = []
        while operator := self._comparison_operator():
            operators.append(operator)
            operands.append(self._sum())
        if not operators:
            return operands[0]
        span = operands[0].span.to(operands[-1].span)
        return Comparison(tuple(operands), tuple(operators), span)

    def _comparison_operator(self) -> str:
        if self.at(*_COMPARISONS) or self.at("in"):
            return self.advance().text
        if self.at("not") and self.peek().text == "in":
            self.advance()
            self.advance()
            return "not in"
        return ""

    def _sum(self) -> Expression:
        return self._left_associative(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._left_associative(("*", "/", "//", "%", "@"), self._signed)

    def _left_associative(
        self, operators: tuple[str, ...], operand: Callable[[], Expression]
    ) -> Expression:
        left = operand()
        while self.at(*operators):
            sign = self.advance()
            right = operand()
            left = Binary(
                sign.text,
                left,
                right,
                left.span.to(right.span),
                self.locate(sign.start, sign.end),
            )
        return left

    def _signed(self) -> Expression:
        if not self.at("-", "+"):
            return self._power()
        sign = self.advance()
        operand = self._nested(self._signed)
        return Unary(sign.text, operand, self.span(sign.start))

    def _nested(self, parse: Callable[[], Expression]) -> Expression:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise RuleViolation(
                Code.READING_LIMIT,
                f"an expression nested deeper than {MAX_NESTING}",
                span=self.span(self.token.start, self.token.end),
            )
        value = parse()
        self.depth -= 1
        return value

    def _power(self) -> Expression:
        base = self._postfix()
        if not self.at("**"):
            return base
        sign = self.advance()
        exponent = self._nested(self._signed)
        place = self.locate(sign.start, sign.end)
        return Binary("**", base, exponent, base.span.to(exponent.span), place)

    def _postfix(self) -> Expression:
        start = self.token.start
        value = self._atom()
        while True:
            if self.at("."):
                value = self._attribute(value)
                if self.at("(") and isinstance(value, Attribute):
                    raise self._method(value, start)
            elif self.at("["):
                value = self._subscript(value)
            elif self.token.kind == "number" and self.token.text.startswith("."):
                index = self.advance()
                place = self.locate(index.start, index.end)
                value = Attribute(value, index.text[1:], value.span.to(place))
            else:
                return value

    def _method(self, called: Attribute, start: int) -> RuleViolation:
        """Return the violation for `F.relu(…)` and `x.view(…)`: functions stand alone."""
        owner = self.text[start : self.token.start].rpartition(".")[0].rstrip()
        if owner in PREFIXES:
            return prefixed_function(owner, called)
        opening = self.token.end
        self.arguments()
        end = self.tokens[self.position - 1].end
        given = self.text[opening : end - 1].strip()
        call = MethodCall(owner, called.name, given, self.locate(start, end))
        return method(call, called.span, self.knows_function, self.function_meant)

    def knows_function(self, name: str) -> bool:
        """Return whether there is a function of this name; a line's own parser knows them."""
        return bool(name)

    def function_meant(self, name: str) -> str:
        """Return what is meant by the name of a function that there is not."""
        return f"there is no function `{name}` either"

    def _attribute(self, value: Expression) -> Expression:
        self.expect(".")
        if self.token.kind not in {"name", "number"}:
            raise self.unexpected("expected a name after `.`")
        name = self.advance().text + self._braces()
        end = self.tokens[self.position - 1].end
        return Attribute(value, name, value.span.to(self.locate(end - 1, end)))

    def _braces(self) -> str:
        """Take the `{i}` parts that follow a name without a space, as text."""
        start = end = self.tokens[self.position - 1].end
        while self.at("{") and self.token.start == end:
            while not self.at("}"):
                if self.advance().kind == "end":
                    raise self.unexpected("expected `}`")
            end = self.advance().end
            if self.token.kind in {"name", "number"} and self.token.start == end:
                end = self.advance().end
        return self.text[start:end]

    def _subscript(self, value: Expression) -> Expression:
        self.expect("[")
        indices: list[Index] = []
        while not self.at("]"):
            indices.append(self._index())
            comma = self.accept(",")
            if comma is None:
                break
            if self.at("]"):
                raise self._last_comma(comma)
        closing = self.expect("]")
        span = value.span.to(self.locate(closing.start, closing.end))
        if not indices:
            raise RuleViolation(Code.SYNTAX, "expected an index between `[` and `]`", span=span)
        return Subscript(value, tuple(indices), span)

    def _last_comma(self, comma: Token) -> RuleViolation:
        """Return the violation for `rows[-1,]`, which Python takes for a tuple."""
        span = self.locate(comma.start, comma.end)
        return RuleViolation(
            Code.SYNTAX,
            "expected an index after the comma, found `]`",
            help=Advice("drop the comma", Edit("", span=span)),
            span=span,
        )

    def _index(self) -> Index:
        start = self.token.start
        if self.accept("..."):
            return Rest(self.span(start))
        first = None if self.at(":") else self.expression()
        if not self.at(":"):
            return first if first is not None else self.expression()
        self.advance()
        stop = None if self.at(":", ",", "]") else self.expression()
        step = None
        if self.accept(":") and not self.at(",", "]"):
            step = self.expression()
        return Slice(first, stop, step, self.span(start))

    def _atom(self) -> Expression:
        token = self.token
        place = self.locate(token.start, max(token.end, token.start + 1))
        if token.kind == "number":
            return Literal(self.number(), place)
        if token.kind == "string":
            self.advance()
            return Literal(token.text[1:-1], place)
        if token.kind == "name" and token.text not in KEYWORDS:
            return self._name_or_call()
        if self.at("("):
            return self._parenthesis()
        if self.accept("["):
            items = self._inside(lambda: self.expressions("]"))
            return Display(items, "[]", self.span(token.start))
        before = self.tokens[self.position - 1].text if self.position else ""
        hint = "a value is missing after `=`" if before == "=" else ""
        if before == "," and self.at(","):
            is_empty = self.tokens[self.position - 1].end < self.token.start
            words = "there is one comma too many"
            missing = "a value is missing between the commas, or one of them is too many"
            hint = missing if is_empty else Advice(words, Edit("", span=place))
        if self.at("{") and self.peek().kind == "name" and self.peek(2).text == "}":
            hint = read_by_name(self.peek().text, self.locate(token.start, self.peek(2).end))
        raise self.unexpected("expected a value", hint or self.keyword_advice())

    def _inside(self, parse: Callable[[], tuple[Expression, ...]]) -> tuple[Expression, ...]:
        self.depth += 1
        items = parse()
        self.depth -= 1
        return items

    def _parenthesis(self) -> Expression:
        start = self.expect("(").start
        if self.accept(")"):
            return Display((), "()", self.span(start))
        first = self.expression()
        if self.accept(")"):
            return first
        self.expect(",")
        rest = self.expressions(")")
        return Display((first, *rest), "()", self.span(start))

    def _name_or_call(self) -> Expression:
        token = self.advance()
        if self.token.kind == "string" and token.text in STRING_PREFIXES:
            raise prefixed_string(token, self.token, self.locate)
        if token.text == "lambda" and not self.at(",", ")", "]"):
            raise lambda_word(self.locate(token.start, token.end))
        name = token.text + self._braces()
        if self.at("(") and "{" not in name:
            arguments, keywords = self.arguments()
            return Call(name, arguments, keywords, self.span(token.start))
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], self.span(token.start))
        return Name(name, self.span(token.start))


def parse_expression(text: str, locate: Locate) -> Expression:
    """Parse a whole text as one expression.

    Raises:
        RuleViolation: the text is no expression; the violation has its place.
    """
    parser = Parser(text, locate)
    value = parser.expression()
    parser.expect_end()
    return value
