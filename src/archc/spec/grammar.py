"""The grammar of one line: chains, sources, conditions, loop heads and signatures.

item  = [chain] ["from" tensor {"," tensor}] ["as" NAME ["[]"]] ["if" expr ["else" item]]
chain = stage {"->" stage}
stage = unit ["*" factor]
unit  = callee ["(" arguments ")"] | "(" item ")"
"""

import re
from itertools import pairwise

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, meant
from archc.expressions.evaluate import FUNCTIONS
from archc.expressions.parser import Parser
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression, Keyword, Literal, Name
from archc.expressions.tokens import ARROW, KEYWORDS, Token
from archc.layers.left_out import reason
from archc.spec.source import Scalar
from archc.statements import Argument, Item, LayerCall, Stage, Targets

ENDS = ("from", "else")
"""Words that end a chain and are long enough to be misspelt."""
_STATEMENTS = frozenset({"assert", "let", "return"})
_TENSORS = frozenset({"weight", "bias", "running_mean", "running_var", "in_proj_weight"})
"""What torch calls the tensors of its layers."""


class LineParser(Parser):
    """The expression parser with the words of a line added."""

    def __init__(self, scalar: Scalar, name: str = "") -> None:
        super().__init__(scalar.value, scalar.locate)
        self.scalar = scalar
        self.name = name
        """The name of the line that is read, where it has one."""

    def knows_function(self, name: str) -> bool:
        """Return whether there is a function of this name."""
        return name in functions.NAMES or name in FUNCTIONS

    def function_meant(self, name: str) -> str:
        """Return what is meant by the name of a function that there is not."""
        there_is = f"there is no function `{name}` either"
        if why := reason(name):
            return f"{there_is}, archc leaves it out: {why}"
        question = meant(name, [*functions.NAMES, *FUNCTIONS])
        return f"{there_is}: {question}" if question else there_is

    def item(self, closing: str = "") -> Item:
        """Parse one line, or what stands inside a parenthesis."""
        start = self.token.start
        if self.token.kind == "number" and not closing:
            raise self.unexpected("expected a layer", self._copies(start) or self._let(start))
        stages = self._chain() if not self.at("from", "as", "if") else ()
        tail = self.token
        sources = self._sources() if self.accept("from") else ()
        target, collects = self._target() if self.accept("as") else ("", False)
        condition, otherwise = self._condition(closing) if self.accept("if") else (None, None)
        if not stages and not sources:
            raise self.unexpected("expected a layer or `from`")
        if self.at("->") and self.token.start > tail.start:
            raise self._late_chain(start, tail, closing)
        self._expect_item_end(closing)
        text = self.text[start : self.tokens[self.position - 1].end]
        return Item(stages, sources, target, collects, condition, otherwise, self.span(start), text)

    def _expect_item_end(self, closing: str) -> None:
        if self.token.kind == "end" and not closing:
            return
        if closing and self.at(closing):
            return
        if self.at("+", "-", "/", "@", "**", "%", "*"):
            raise self._computed_copies() or self._sum_of_tensors(closing)
        wanted = "expected `->`, `from`, `as`, `if` or the end of the line"
        if self.token.kind == "end":
            raise self.unexpected(f"expected `{closing}`", self.left_open(closing))
        if not closing and (violation := self._of_other_form()) is not None:
            raise violation
        raise self.unexpected(wanted, self._word_advice() or self._sign_advice())

    def _of_other_form(self) -> RuleViolation | None:
        """Return the violation for a line that is an expression, or a statement, of Python."""
        first, before = self.tokens[0], self._before
        if self.position == 1 and first.text in _STATEMENTS:
            return self._without_colon(first)
        if self.at("["):
            return self._indexed(first) if before.text in {first.text, ")"} else None
        if not self.at("."):
            return None
        return self._attribute_of_layer() if before.text == ")" else self._computed(first)

    def _without_colon(self, word: Token) -> RuleViolation:
        """Return the violation for `assert x.channels == 8`."""
        place = self.locate(word.start, word.end)
        rest = self.text[word.end :].strip()
        return RuleViolation(
            Code.SYNTAX,
            f"a colon is missing after `{word.text}`",
            help=f"write `{word.text}: {rest}`",
            span=place,
        )

    def _indexed(self, first: Token) -> RuleViolation | None:
        """Return the violation for `x[:, 0]`, and for `Layer(…)[0]`, where a layer belongs."""
        opening = self.locate(self.token.start, self.token.end)
        text = self.text[first.start :].strip()
        if self._before.text == ")":
            if self.text[self.token.start :].strip() == "[0]" and _has_results(self._called()):
                return self._first_result(opening)
            name = self.name if is_identifier(self.name) else "y"
            layer = self.text[first.start : self.token.start].strip()
            reading = f"below it `from {name}{self.text[self.token.start :].strip()}`"
            return RuleViolation(
                Code.SYNTAX,
                "no brackets follow a layer: a part of its result is read by the name of its line",
                help=f"write `{name}: {layer}`, and {reading}",
                span=opening,
            )
        behind = self._behind_expression(first)
        if first.text[:1].isupper() or behind is None:
            return None
        place = self.locate(first.start, first.end)
        advice = Advice(f"write `from {text}`", Edit(f"from {first.text}", span=place))
        chain = self.text[behind.end :].strip()
        if behind.text == "->":
            advice = f"write `{chain} from {self.text[first.start : behind.start].strip()}`"
        elif behind.kind != "end":
            return None
        return RuleViolation(
            Code.SYNTAX,
            f"`{first.text}[…]` is a tensor, and a layer belongs here",
            help=advice,
            span=self.locate(first.start, self._before.end),
        )

    def _behind_expression(self, first: Token) -> Token | None:
        """Return what stands behind an expression that begins with a token; nothing is taken."""
        position = self.position
        self.position = self.tokens.index(first)
        try:
            self.operation()
        except RuleViolation:
            return None
        finally:
            behind, self.position = self.token, position
        return behind

    def _called(self) -> str:
        """Return the name of the call that ends before the token."""
        depth = 0
        for place in range(self.position - 1, 0, -1):
            sign = self.tokens[place].text
            depth += (sign == ")") - (sign == "(")
            if not depth:
                return self.tokens[place - 1].text
        return ""

    def _first_result(self, opening: Span) -> RuleViolation:
        """Return the violation for `LSTM(…)[0]`, whose first result is its value anyway."""
        place = opening.to(self.locate(self.token.start, len(self.text.rstrip())))
        return RuleViolation(
            Code.SYNTAX,
            "no brackets follow a layer: its first result is the value of its line",
            help=Advice("leave `[0]` out", Edit("", span=place)),
            span=place,
        )

    def _attribute_of_layer(self) -> RuleViolation:
        """Return the violation for `Conv2d(8, 3).weight`, or a method behind a layer."""
        name, after = self.peek(), self.tokens[min(self.position + 2, len(self.tokens) - 1)]
        here = self.name if is_identifier(self.name) else "y"
        if after.text == "(":
            hint = f"chain layers and functions with an arrow: `-> {name.text}(…)`"
        elif name.text in _TENSORS:
            words = "a layer's tensors are no values; `init:` and `tie:` name them"
            hint = f"{words}: `{here}.{name.text}`"
        else:
            hint = f"give the line a name, and read `{here}.{name.text}` below it"
        return RuleViolation(
            Code.SYNTAX,
            f"nothing is read of a layer where it is made: `.{name.text}`",
            help=hint,
            span=self.locate(self.token.start, name.end),
        )

    def _computed(self, first: Token) -> RuleViolation | None:
        """Return the violation for a line, or a factor, that reads a size: `x.channels`."""
        wanted = "expected `->`, `from`, `as`, `if` or the end of the line"
        if first.text[:1].isupper():
            words = "a factor that is more than a name stands in parentheses"
            return self.unexpected(wanted, f"{words}: `Layer * (x.channels)`")
        is_chain = any(token.text == "->" for token in self.tokens)
        return self.unexpected(wanted, "" if is_chain else self._let(first.start))

    def _sign_advice(self) -> str:
        """Return what to write instead of a sign that ends no line."""
        if self.at("=") and any(token.text == "if" for token in self.tokens[: self.position]):
            place = self.locate(self.token.start, self.token.end)
            return Advice("two signs compare: write `==`", Edit("==", span=place))
        if closed := self.closed_too_often():
            return closed
        if self.at(">", "=") and self.peek().text == ">":
            place = self.locate(self.token.start, self.peek().end)
            return Advice(ARROW, Edit("->", span=place))
        if self.at(">") or (self.at(",") and self.peek().text[:1].isupper()):
            return ARROW
        if self.at(",") and self.peek().kind == "end":
            return "drop the comma: one line is one layer"
        advice = {
            "//": "a comment begins with `#`",
            "[": "arguments stand in round brackets: `Layer(…)`",
            "(": "the inputs of a line follow `from`: `Block(…) from a, b`",
            "=": "a name stands before a colon: `name: Layer(…)`",
            ",": "one line is one layer; several inputs follow `from`",
        }
        return advice.get(self.token.text, "")

    def _word_advice(self) -> str:
        """Return what to write instead of a name or a number behind a whole layer."""
        word = self.token.text
        if self.token.kind == "number":
            return self._call_of_the_rest()
        if self.token.kind != "name":
            return ""
        if word == "as":
            return f"one name is enough: drop `as {self.peek().text}`"
        if word in {"if", "from"}:
            return ""
        if word[0].isupper():
            return Advice(f"chain layers with an arrow: `-> {word}`", Edit(f"-> {word}", word))
        if question := meant(word, ENDS):
            return question
        if count := re.fullmatch(r"[xX]\s*(\d+)", self.text[self.token.start :].strip()):
            place = self.locate(self.token.start, len(self.text.rstrip()))
            return Advice(
                f"copies are counted by `* {count[1]}`", Edit(f"* {count[1]}", span=place)
            )
        if self._follows_bare_layer():
            call = f"{self._before.text}({word})"
            return f"arguments stand in parentheses: `{call}`; an input follows `from`"
        return f"an input follows `from`: `from {word}`"

    def _call_of_the_rest(self) -> str:
        """Return the call that `Conv2d 16, 5` means."""
        before = self.tokens[self.position - 1].text
        rest = self.text[self.token.start :].strip().rstrip(")")
        plain = re.fullmatch(r"[\w\s,.=]+", rest)
        return f"arguments stand in parentheses: `{before}({rest})`" if plain else ""

    def _computed_copies(self) -> RuleViolation | None:
        """Return the violation for `Layer * n - 1`, None where no copies are counted."""
        factor, times = self.tokens[self.position - 1], self.tokens[self.position - 2]
        unit = self.tokens[self.position - 3].text
        if times.text != "*" or not (unit == ")" or unit[:1].isupper()):
            return None
        text = self.text[factor.start :].strip()
        return RuleViolation(
            Code.SYNTAX,
            "a number of copies that is computed stands in parentheses",
            help=f"write `* ({text})`" if text.count("(") == text.count(")") else "",
            span=self.span(factor.start, self.token.end),
        )

    @property
    def _before(self) -> Token:
        return self.tokens[max(0, self.position - 1)]

    def _follows_bare_layer(self) -> bool:
        """Return whether what was read last is a layer without brackets."""
        return self._before.kind == "name" and self._before.text[:1].isupper()

    def _copies(self, start: int) -> str:
        """Return what `3 * Conv2d(8, 3)` means; nothing for a line that calculates."""
        text = self.text[start:].rstrip()
        found = re.fullmatch(r"(\d+)\s*(?:[*x×]\s*|\s)([A-Z]\w*(?:\(.*\))?)", text)
        if found is None:
            return ""
        written = f"{found[2]} * {found[1]}"
        place = self.locate(start, start + len(text))
        return Advice(f"the number of copies stands behind: `{written}`", Edit(written, span=place))

    def _let(self, start: int) -> str:
        """Return how a line that calculates a number is written."""
        name = self.name if is_identifier(self.name) else "n"
        return f"`let` names a number: write `let {name}: {self.text[start:].strip()}`"

    def _late_chain(self, start: int, tail: Token, closing: str) -> RuleViolation:
        """Return the violation for `add from a -> relu`: what flows in is said last."""
        arrow = self.token
        self.advance()
        self._chain()
        chain = self.text[arrow.end : self._before.end].strip()
        first = self.text[start : tail.start].strip()
        rest = self.text[self._before.end :].strip() if not closing else ""
        parts = [f"{first} -> {chain}" if first else chain]
        parts += [self.text[tail.start : arrow.start].strip(), rest]
        return RuleViolation(
            Code.SYNTAX,
            f"a chain stands before `{tail.text}`, and `->` follows it here",
            help=f"write `{' '.join(filter(None, parts))}`",
            span=self.locate(arrow.start, arrow.end),
        )

    def _sum_of_tensors(self, closing: str) -> RuleViolation:
        """Return the violation for `out: a + b`: an expression of tensors follows `from`."""
        sign = self.token
        after = self.tokens[self.position + 1]
        if (sign.text, after.text) == ("-", ">"):
            place = self.locate(sign.start, after.end)
            advice = Advice("write `->`, without the space", Edit("->", span=place))
            return RuleViolation(Code.SYNTAX, "the arrow is in two parts", help=advice, span=place)
        start = self.tokens[0].start if not closing else sign.start
        text = self.text[start:].strip()
        called = (token.text for token, after in pairwise(self.tokens) if after.text == "(")
        hint = f"write `from {text}`"
        if closing or any(name[:1].isupper() for name in called):
            hint = f"give each layer a line of its own and write `from a {sign.text} b`"
        return RuleViolation(
            Code.SYNTAX,
            f"`{sign.text}` joins tensors, and a layer belongs here",
            help=hint,
            span=self.locate(sign.start, sign.end),
        )

    def _chain(self) -> tuple[Stage, ...]:
        stages = [self._stage()]
        while self.accept("->"):
            stages.append(self._stage())
        return tuple(stages)

    def _stage(self) -> Stage:
        start = self.token.start
        unit = self._parenthesis_item() if self.at("(") else self._layer_call()
        factor = self._factor() if self.accept("*") else None
        return Stage(unit, factor, self.span(start))

    def _parenthesis_item(self) -> Item:
        self.expect("(")
        self.depth += 1
        if self.depth > 32:
            raise RuleViolation(Code.READING_LIMIT, "parentheses nested deeper than 32")
        item = self.item(")")
        self.depth -= 1
        self.expect(")")
        return item

    def _layer_call(self) -> LayerCall:
        token = self.expect_name("a layer")
        parts = [token.text + self._braces()]
        while self.at(".") or (self.token.kind == "number" and self.token.text.startswith(".")):
            if self.at("."):
                self.advance()
                parts.append(self.expect_name("a name after `.`").text + self._braces())
            else:
                parts.append(self.advance().text[1:])
        if not self.at("("):
            return LayerCall(tuple(parts), None, (), self.span(token.start))
        arguments, keywords = self.arguments()
        return LayerCall(tuple(parts), arguments, keywords, self.span(token.start))

    def _factor(self) -> Expression:
        start = self.token.start
        if self.token.kind == "number":
            return Literal(self.number(), self.span(start))
        if self.accept("("):
            factor = self.expression()
            self.expect(")")
            return factor
        name = self.expect_name("a number, a name or (…) after `*`")
        return Name(name.text, self.span(start))

    def _sources(self) -> tuple[Expression, ...]:
        sources = [self.operation()]
        while self.accept(","):
            sources.append(self.operation())
        return tuple(sources)

    def _target(self) -> tuple[str, bool]:
        name = self.expect_name("a name after `as`").text
        collects = bool(self.accept("["))
        if collects:
            self.expect("]")
        return name, collects

    def _condition(self, closing: str) -> tuple[Expression, Item | None]:
        condition = self.operation()
        otherwise = self.item(closing) if self.accept("else") else None
        return condition, otherwise

    def targets(self) -> Targets:
        """Parse what a `for` assigns."""
        names = [self._one_target()]
        single = not self.at(",")
        while self.accept(","):
            if self.at("in"):
                break
            names.append(self._one_target())
        return Targets(tuple(names), single and isinstance(names[0], str))

    def _one_target(self) -> "str | Targets":
        if self.accept("("):
            inner = self.targets()
            self.expect(")")
            return Targets(inner.names)
        return self.expect_name("a name after `for`").text

    def signature(self) -> tuple[str, tuple[Argument, ...], tuple[str, ...]]:
        """Parse `Name(parameters)(inputs)`: the key of a block."""
        name = self.expect_name("a block's name").text
        if name in {"def", "class"} and self.token.kind == "name":
            raise RuleViolation(
                Code.SYNTAX,
                f"`{name}` is no word of the language",
                help=f"a block is its name alone: `{self.text[self.token.start :]}:`",
                span=self.span(0),
            )
        parameters: list[Argument] = []
        if self.accept("("):
            while not self.at(")"):
                parameters.append(self._parameter())
                if not self.accept(","):
                    break
            self.expect(")")
        inputs: list[str] = []
        if self.accept("("):
            while not self.at(")"):
                inputs.append(self.expect_name("the name of an input").text)
                if not self.accept(","):
                    break
            self.expect(")")
        self.expect_end()
        self._refuse_repeats_of([p.name for p in parameters] + inputs)
        return name, tuple(parameters), tuple(inputs) or ("x",)

    def _parameter(self) -> Argument:
        start = self.token.start
        variadic = bool(self.accept("**"))
        name = self.expect_name("the name of a parameter").text
        default = self.expression() if self.accept("=") else None
        return Argument(name, default, variadic, self.span(start))

    def _refuse_repeats_of(self, names: list[str]) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise RuleViolation(
                    Code.BAD_NAME, f"`{name}` is there twice", span=self.span(0, len(self.text))
                )


def _has_results(name: str) -> bool:
    """Return whether a layer has several results."""
    return name in layers.NAMES and len(layers.find(name).results) > 1


def parse_item(scalar: Scalar, name: str = "") -> Item:
    """Parse a layer line, of a child of this name, whose folded lines were checked.

    Raises:
        RuleViolation: the line breaks the grammar; the violation has its place.
    """
    parser = LineParser(scalar, name)
    item = parser.item()
    parser.expect_end()
    return item


def parse_value(scalar: Scalar) -> Expression:
    """Parse a scalar that is one expression."""
    parser = LineParser(scalar)
    value = parser.expression()
    parser.expect_end()
    return value


def parse_call(scalar: Scalar) -> tuple[str, tuple[Keyword, ...], str, bool]:
    """Parse the key of a join: `concat(dim=2) as y`."""
    parser = LineParser(scalar)
    word = parser.expect_name("a join").text
    keywords: tuple[Keyword, ...] = ()
    if parser.at("("):
        arguments, keywords = parser.arguments()
        if arguments:
            given = expression_text(arguments[0])
            raise RuleViolation(
                Code.SYNTAX,
                f"`{word}:` takes its arguments by name",
                help=f"write `concat(dim={given}):`" if word == "concat" else "",
                span=arguments[0].span,
            )
    target, collects = "", False
    if parser.accept("as"):
        target = parser.expect_name("a name after `as`").text
        if parser.accept("["):
            parser.expect("]")
            collects = True
    parser.expect_end()
    return word, keywords, target, collects


def is_identifier(text: str) -> bool:
    """Return whether a text can be a name in an expression."""
    return text.isascii() and text.isidentifier() and text not in KEYWORDS
