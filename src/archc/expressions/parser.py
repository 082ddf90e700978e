"""Text to tokens to a syntax tree; every token and node knows its place in the file.

Precedence, loosest first: `a if c else b` · `or` · `and` · `not` · comparisons ·
`+ -` · `* / // % @` · unary `-` · `**` · calls, subscripts and attributes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from archc.diagnostics import Code, RuleViolation, Span
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
    Slice,
    Subscript,
    Unary,
    children,
)

MAX_LENGTH = 1024
MAX_NESTING = 32
MAX_TREE_DEPTH = 100
MAX_INTEGER = 2**63 - 1

Locate = Callable[[int, int], Span]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d[\d_]*\.?(?:\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'[^'\\]*'|"[^"\\]*")
    |(?P<symbol>->|\*\*|//|<=|>=|==|!=|[-+*/%@<>=()\[\]{},.:])""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?:0|[1-9]\d*(?:_\d+)*)(?P<fraction>\.(?:\d+(?:_\d+)*)?)?(?P<exponent>[eE][+-]?\d+)?"
)
_CONSTANTS: dict[str, bool | float | None] = {
    "True": True,
    "False": False,
    "None": None,
    "inf": float("inf"),
}
KEYWORDS = frozenset({"if", "else", "elif", "for", "in", "and", "or", "not", "from", "as"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a line: its kind, its text, and where it starts and ends in the line."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str, locate: Locate) -> list[Token]:
    """Split a line into tokens, the last of kind `end`.

    Raises:
        RuleViolation: a character that no token begins with, or a line too long.
    """
    if len(text) > MAX_LENGTH:
        raise RuleViolation(
            Code.READING_LIMIT,
            f"a line of {len(text)} characters; the limit is {MAX_LENGTH}",
            help="put the table in `params`",
            span=locate(0, 1),
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _strange(text, position, locate)
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match.group(), position, match.end()))
        position = match.end()
    tokens.append(Token("end", "", len(text.rstrip()), len(text.rstrip())))
    return tokens


def _strange(text: str, position: int, locate: Locate) -> RuleViolation:
    found = text[position]
    advice = {
        "'": "close the string with a second quote; backslashes are not allowed in it",
        '"': "close the string with a second quote; backslashes are not allowed in it",
        "!": "write `not` or `!=`",
        "&": "write `and`",
        "|": "write `or`",
    }.get(found, "")
    return RuleViolation(
        Code.SYNTAX,
        f"unexpected character `{found}`",
        help=advice,
        span=locate(position, position + 1),
    )


class Parser:
    """A recursive-descent parser over the tokens of one line."""

    def __init__(self, text: str, locate: Locate) -> None:
        self.text = text
        self.locate = locate
        self.tokens = tokenize(text, locate)
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def peek(self, distance: int = 1) -> Token:
        """Return the token `distance` after the next one."""
        return self.tokens[min(self.position + distance, len(self.tokens) - 1)]

    def at(self, *texts: str) -> bool:
        """Return whether the next token is one of these symbols or words."""
        token = self.token
        return token.kind in {"symbol", "name"} and token.text in texts

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        self.position += token.kind != "end"
        return token

    def accept(self, text: str) -> Token | None:
        """Take the next token if it is `text`."""
        return self.advance() if self.at(text) else None

    def expect(self, text: str) -> Token:
        """Take the next token, which must be `text`."""
        if not self.at(text):
            raise self.unexpected(f"expected `{text}`", self._closing_advice(text))
        return self.advance()

    def _closing_advice(self, text: str) -> str:
        if self.token.kind == "end" and text in {")", "]"}:
            return f"a bracket is left open: write the missing `{text}`"
        return "arguments are parted by commas" if text == ")" and self.token.kind != "end" else ""

    def expect_name(self, what: str) -> Token:
        """Take the next token, which must be a name and no keyword."""
        if self.token.kind != "name" or self.token.text in KEYWORDS:
            raise self.unexpected(f"expected {what}")
        return self.advance()

    def expect_end(self) -> None:
        """Refuse anything that is left over."""
        if self.token.kind != "end":
            raise self.unexpected("expected the end of the line")

    def span(self, start: int, end: int | None = None) -> Span:
        """Return the place from offset `start` to `end`, by default the last token's end."""
        if end is None:
            end = self.tokens[self.position - 1].end if self.position else start
        return self.locate(start, max(end, start + 1))

    def unexpected(self, wanted: str, hint: str = "") -> RuleViolation:
        """Return the violation for a token that cannot stand here."""
        token = self.token
        found = "the end of the line" if token.kind == "end" else f"`{token.text}`"
        return RuleViolation(
            Code.SYNTAX,
            f"{wanted}, found {found}",
            help=hint,
            span=self.locate(token.start, max(token.end, token.start + 1)),
        )

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
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise RuleViolation(
                Code.READING_LIMIT,
                f"an expression nested deeper than {MAX_NESTING}",
                span=self.span(self.token.start, self.token.end),
            )
        value = self._logical("or", lambda: self._logical("and", self._negation))
        self.depth -= 1
        if self.depth == 0:
            self._expect_shallow(value)
        return value

    def _expect_shallow(self, expression: Expression) -> None:
        """Refuse a long row of operators, whose tree leans to the left and is as deep as long."""
        level: list[Expression | Slice] = [expression]
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
                raise self.unexpected("expected `name=value` after a keyword argument")
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
                    Code.ARGUMENTS, f"argument `{keyword.name}` is given twice", span=keyword.span
                )
            seen.add(keyword.name)

    def _logical(self, word: str, operand: Callable[[], Expression]) -> Expression:
        operands = [operand()]
        while self.accept(word):
            operands.append(operand())
        if len(operands) == 1:
            return operands[0]
        return Logical(word, tuple(operands), operands[0].span.to(operands[-1].span))

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
        value = self._atom()
        while True:
            if self.at("."):
                value = self._attribute(value)
            elif self.at("["):
                value = self._subscript(value)
            elif self.token.kind == "number" and self.token.text.startswith("."):
                index = self.advance()
                place = self.locate(index.start, index.end)
                value = Attribute(value, index.text[1:], value.span.to(place))
            else:
                return value

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
        indices: list[Expression | Slice] = []
        while not self.at("]"):
            indices.append(self._index())
            if not self.accept(","):
                break
        closing = self.expect("]")
        span = value.span.to(self.locate(closing.start, closing.end))
        if not indices:
            raise RuleViolation(Code.SYNTAX, "expected an index between `[` and `]`", span=span)
        return Subscript(value, tuple(indices), span)

    def _index(self) -> Expression | Slice:
        start = self.token.start
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
            return Literal(self._number(), place)
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
        raise self.unexpected("expected a value")

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
        name = token.text + self._braces()
        if self.at("(") and "{" not in name:
            arguments, keywords = self.arguments()
            return Call(name, arguments, keywords, self.span(token.start))
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], self.span(token.start))
        return Name(name, self.span(token.start))

    def _number(self) -> int | float:
        token = self.advance()
        match = _NUMBER.fullmatch(token.text)
        if match is None:
            raise RuleViolation(
                Code.SYNTAX,
                f"`{token.text}` is no number",
                help="integers have no leading zero; underscores stand between digits",
                span=self.locate(token.start, token.end),
            )
        if match["fraction"] is None and match["exponent"] is None:
            return self._integer(token)
        return float(token.text)

    def _integer(self, token: Token) -> int:
        value = int(token.text)
        if value > MAX_INTEGER:
            raise RuleViolation(
                Code.READING_LIMIT,
                "an integer outside −2⁶³ … 2⁶³ − 1",
                span=self.locate(token.start, token.end),
            )
        return value


def parse_expression(text: str, locate: Locate) -> Expression:
    """Parse a whole text as one expression.

    Raises:
        RuleViolation: the text is no expression; the violation has its place.
    """
    parser = Parser(text, locate)
    value = parser.expression()
    parser.expect_end()
    return value
