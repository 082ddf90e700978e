"""Text to tokens: the words of a line, each with its place in it, taken one after the other."""

import re
from collections.abc import Callable

from msgspec import Struct

from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span

MAX_LENGTH = 1024
MAX_INTEGER = 2**63 - 1
KEYWORDS = frozenset({"if", "else", "elif", "for", "in", "and", "or", "not", "from", "as"})

Locate = Callable[[int, int], Span]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9][0-9_]*\.?(?:[0-9][0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'[^'\\]*'|"[^"\\]*")
    |(?P<symbol>->|\*\*|//|<=|>=|==|!=|\.\.\.|[-+*/%@<>=()\[\]{},.:])""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?:0|[1-9]\d*(?:_\d+)*)(?P<fraction>\.(?:\d+(?:_\d+)*)?)?(?P<exponent>[eE][+-]?\d+)?",
    re.ASCII,
)


def keyword_renamed(word: str) -> str:
    """Return how something is called that has a word of the language for its name."""
    return f"`{word}` is a word of the language, and no name: call it `{word}_` everywhere"


class Token(Struct, frozen=True, gc=False):
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
    if found in "'\"":
        return _open_string(text, position, locate)
    return RuleViolation(
        Code.SYNTAX,
        f"unexpected character `{found}`",
        help=_meant_by(text[position:], position, locate) or _advice(found),
        span=locate(position, position + 1),
    )


def _meant_by(rest: str, position: int, locate: Locate) -> str:
    """Return what stands for the beginning of a text that other languages have."""
    if read := re.match(r"\$\{(\w+)\}", rest):
        return read_by_name(read[1], locate(position, position + read.end()))
    return ARROW if re.match(r"\|>?\s*\w", rest) else ""


_QUOTES = "“”‘’"
_MEANT = {
    **dict.fromkeys(_QUOTES, "'"),
    **dict.fromkeys("–−", "-"),
    **dict(zip("（），：［］｛｝＝０１２３４５６７８９", "(),:[]{}=0123456789", strict=True)),
    "×": "*",
    "^": "**",
    "→": "->",
}
"""What a character of typeset text, or of a keyboard with wide ones, stands for."""
ARROW = "the arrow between layers is `->`"
_HINTS = {
    "!": "write `not` or `!=`",
    "&": "write `and`",
    "|": "write `or`",
    "#": "a comment has a space before its `#`",
    ";": "one line is one layer; nothing ends it",
    "$": "a parameter is read by its name alone: `width`",
}


def read_by_name(name: str, span: Span) -> str:
    """Return the advice for `{name}` and `${name}`, as templates and shells have it."""
    return Advice(f"a parameter is read by its name alone: `{name}`", Edit(name, span=span))


def _advice(found: str) -> str:
    if found not in _MEANT:
        return _HINTS.get(found, "")
    plain = _MEANT[found]
    words = f"write a plain quote, `{plain}`" if plain == "'" else f"write `{plain}`"
    return Advice(words, Edit(plain, found))


def _open_string(text: str, position: int, locate: Locate) -> RuleViolation:
    """Return the violation for a string without its second quote.

    Where a string before it holds what no name of an option does, that one is not closed.
    """
    strings = re.finditer(rf"{text[position]}([^'\"]*){text[position]}", text[:position])
    start = next((s.start() for s in strings if re.search(r"[=,()]", s[1])), position)
    typeset = next((c for c in text[start:] if c in _QUOTES), "")
    advice = "close the string with a second quote; backslashes are not allowed in it"
    return RuleViolation(
        Code.SYNTAX,
        "this string is not closed",
        help=_advice(typeset) if typeset else advice,
        span=locate(start, start + 1),
    )


class Cursor:
    """Takes the tokens of one line in order, and says what is wrong with the next one."""

    def __init__(self, text: str, locate: Locate) -> None:
        self.text = text
        self.locate = locate
        self.tokens = tokenize(text, locate)
        self.position = 0

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
        if (self.token.kind == "end" or self.at("->")) and text in {")", "]"}:
            return self.left_open(text)
        if self.at(":") and text == ")" and self.tokens[self.position - 1].kind == "name":
            place = self.locate(self.token.start, self.token.end)
            return Advice("an argument takes `=`", Edit("=", span=place))
        if re.fullmatch(r"x\d+", self.token.text):
            return "two sizes are a tuple: `(3, 3)`"
        if product := self._product_advice():
            return product
        if self.at("for"):
            return "a list is written out; lines repeat below `for i in range(n):`"
        return self._comma_advice() if text in {")", "]", ","} and self.token.kind != "end" else ""

    def _product_advice(self) -> str:
        """Return the advice to multiply by `*` where `4 x out` is written."""
        if not self.at("x", "X") or self.peek().kind not in {"name", "number"}:
            return ""
        place = self.locate(self.token.start, self.token.end)
        return Advice("a product is written with `*`", Edit("*", span=place))

    def left_open(self, bracket: str) -> str:
        """Return the advice to close a bracket here, where the line or the layer ends."""
        words = f"a bracket is left open: write the missing `{bracket}`"
        if "((" in self.text:
            return f"{words}, or take one of `((` away"
        last = self.tokens[self.position - 1]
        kept = "" if last.text == "," else last.text
        return Advice(words, Edit(f"{kept}{bracket}", span=self.locate(last.start, last.end)))

    def _comma_advice(self) -> str:
        """Return the advice to part arguments; `padding=1 bias=False` leaves no doubt where."""
        words, last = "values are parted by commas", self.tokens[self.position - 1]
        is_named = self.token.kind == "name" and self.peek().text == "="
        if not is_named or last.end == self.token.start:
            return words
        return Advice(words, Edit(", ", span=self.locate(last.end, self.token.start)))

    def expect_name(self, what: str) -> Token:
        """Take the next token, which must be a name and no keyword."""
        if self.token.kind != "name" or self.token.text in KEYWORDS:
            raise self.unexpected(f"expected {what}", self.keyword_advice())
        return self.advance()

    def keyword_advice(self) -> str:
        """Return how something is called that has a word of the language for its name."""
        word, behind = self.token, self.peek()
        is_value = behind.kind in {"name", "number", "string"} and behind.text not in KEYWORDS
        if word.text not in KEYWORDS:
            return ""
        if self.position and (is_value or behind.text == "("):
            return self._doubled_advice()
        return keyword_renamed(word.text)

    def _doubled_advice(self) -> str:
        """Return the advice to drop a word that stands there twice."""
        word, before = self.token, self.tokens[self.position - 1]
        if before.text != word.text:
            return ""
        words = f"`{word.text}` stands there twice: write it once"
        return Advice(words, Edit("", span=self.locate(word.start, self.peek().start)))

    def expect_end(self) -> None:
        """Refuse anything that is left over."""
        if self.token.kind != "end":
            advice = (
                self.closed_too_often()
                or self.never_opened()
                or self.compared()
                or self._second_colon()
            )
            raise self.unexpected("expected the end of the line", advice)

    def _second_colon(self) -> str:
        """Return the advice to drop a colon at the end, which YAML leaves in a text for `::`."""
        if not self.at(":") or self.peek().kind != "end":
            return ""
        place = self.locate(self.token.start, self.token.end)
        return Advice("there is one colon too many", Edit("", span=place))

    def compared(self, word: str = "") -> str:
        """Return the advice to compare with `==`, behind an `if` that is known or first."""
        is_not = self.at("is") and self.peek().text == "not"
        first = word or self.tokens[0].text
        if not self.at("is", "=") or first not in {"if", "elif"}:
            return ""
        last, sign = (self.peek() if is_not else self.token), ("!=" if is_not else "==")
        place = self.locate(self.token.start, last.end)
        return Advice(f"two values are compared by `{sign}`", Edit(sign, span=place))

    def closed_too_often(self) -> str:
        """Return the advice to drop a bracket that closes nothing; nothing where there is none."""
        if not self.at(")", "]"):
            return ""
        if self.at(")") and "(" not in self.text:
            return self.never_opened()
        words = "there is one closing bracket too many"
        before = self.tokens[max(0, self.position - 1)].text
        if self.peek().kind != "end" and before != self.token.text:
            return words
        return Advice(words, Edit("", span=self.locate(self.token.start, self.token.end)))

    def never_opened(self) -> str:
        """Say that a bracket is closed which nothing opens; nothing where none is."""
        signs = [token.text for token in self.tokens if token.kind == "symbol"]
        if signs.count(")") <= signs.count("("):
            return ""
        return "an opening bracket is missing, or a closing one is too many"

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

    def number(self) -> int | float:
        """Take the next token, a number, and return its value."""
        token = self.advance()
        match = _NUMBER.fullmatch(token.text)
        if match is None:
            raise RuleViolation(
                Code.SYNTAX,
                f"`{token.text}` is no number",
                help=_number_advice(token.text, self.locate(token.start, token.end)),
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


def _number_advice(text: str, place: Span) -> str:
    """Return how a number is written that is none: `0.5` for `.5`."""
    if _NUMBER.fullmatch(f"0{text}"):
        return Advice(f"write `0{text}`", Edit(f"0{text}", span=place))
    if text.startswith("0") and "_" not in text:
        return "a number has no leading zero"
    return "underscores stand between digits"
