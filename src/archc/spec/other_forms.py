"""Lines that break the grammar as Python, torch and other formats have them: what they mean."""

import re
from itertools import pairwise

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, Proposal, RuleViolation, Span, meant
from archc.expressions.evaluate import FUNCTIONS
from archc.expressions.parser import Parser
from archc.expressions.tokens import ARROW, Token
from archc.layers.left_out import reason
from archc.spec.names import is_identifier
from archc.spec.source import Scalar
from archc.statements import Argument

ENDS = ("from", "else")
"""Words that end a chain and are long enough to be misspelt."""
_COPIES = re.compile(r"(\d+|[a-z]\w*(?=\s*\*))\s*(?:[*x×]\s*|\s)([A-Z]\w*(?:\(.*\))?)")
_STATEMENTS = frozenset({"assert", "let", "return"})
_TENSORS = frozenset({"weight", "bias", "running_mean", "running_var", "in_proj_weight"})
"""What torch calls the tensors of its layers."""


class OtherForms(Parser):
    """The expression parser, and what to say where a line goes on as none of the language does."""

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
        if advice := self._opened() or self.closed_too_often():
            return advice
        if self.at("(") and self._before.text[:1].isupper() and (copies := self._copies(0)):
            return copies
        if arrow := self._arrow_advice():
            return arrow
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

    def _opened(self) -> str:
        """Return the advice to open a bracket that is only closed: `Linear64)`."""
        word, words = self._before, self.never_opened()
        if not words or word.kind != "name" or not self.at(",", ")"):
            return ""
        called = [n for n in layers.NAMES | functions.NAMES if word.text.startswith(n)]
        name = max(called, key=len, default="")
        first = word.text.removeprefix(name)
        if not first:
            return ""
        if not name or not (name[0].isupper() or first.isdigit()):
            return words
        call = f"{name}({self.text[word.start + len(name) :].strip()}"
        words = f"an opening bracket is missing: write `{call}`"
        return Advice(words, Edit(f"{name}({first}", word.text))

    def _arrow_advice(self) -> str:
        """Return the advice to write an arrow for `=>`, and for `>` or a comma before a layer."""
        following, is_layer = self.peek(), self._before.text[:1] == ")"
        is_layer |= self._before.text[:1].isupper()
        if self.at(">", "=") and following.text == ">":
            place = self.locate(self.token.start, following.end)
            return Advice(ARROW, Edit("->", span=place))
        if self.at(">") and is_layer and following.kind == "name":
            place = self.locate(self.token.start, self.token.end)
            return Advice(ARROW, Edit("->", span=place))
        is_before_layer = self.at(",") and following.text[:1].isupper()
        return ARROW if self.at(">") or is_before_layer else ""

    def _end_meant(self, word: str) -> str:
        """Return which word that ends a chain is meant by another, if one is."""
        if word.startswith("from") and self.peek().kind != "name":
            source = word.removeprefix("from")
            return Advice(f"write `from {source}`", Edit(f"from {source}", word))
        if (
            word in {"a", "s", "aas", "ass"}
            and self.peek().kind == "name"
            and self.peek(2).kind == "end"
        ):
            place = self.locate(self.token.start, self.token.end)
            return Advice("did you mean `as`?", Edit("as", span=place))
        return meant(word, ENDS)

    def _word_advice(self) -> str:
        """Return what to write instead of a name or a number behind a whole layer."""
        word = self.token.text
        if self.token.kind == "number":
            return self._call_of_the_rest()
        if self.token.kind != "name":
            return ""
        if word == "is" and any(token.text == "if" for token in self.tokens[: self.position]):
            return self.compared("if")
        if word == "for":
            turns = self.text[self.token.start :].strip().rstrip("]")
            return f"a loop is a line of its own, `{turns}:`, above what it repeats"
        if word == "as":
            return f"one name is enough: drop `as {self.peek().text}`"
        if word in {"if", "from"}:
            return ""
        if word[0].isupper():
            return Advice(f"chain layers with an arrow: `-> {word}`", Edit(f"-> {word}", word))
        if question := self._end_meant(word):
            return question
        if count := re.fullmatch(r"[xX]\s*(\d+|[a-z]\w*)", self.text[self.token.start :].strip()):
            place = self.locate(self.token.start, len(self.text.rstrip()))
            edit = Edit(f"* {count[1]}", span=place)
            kind = Advice if count[1].isdecimal() else Proposal
            return kind(f"copies are counted by `* {count[1]}`", edit)
        if self._follows_bare_layer() and word in functions.NAMES:
            return Advice(f"chain layers with an arrow: `-> {word}`", Edit(f"-> {word}", word))
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
        found = _COPIES.fullmatch(text)
        if found is None or found[1] in functions.NAMES:
            return ""
        written = f"{found[2]} * {found[1]}"
        if not found[1].isdecimal():
            return f"a number of copies stands behind: `{written}`; tensors are joined by `mul`"
        place = self.locate(start, start + len(text))
        return Advice(f"the number of copies stands behind: `{written}`", Edit(written, span=place))

    def _let(self, start: int) -> str:
        """Return how a line that calculates a number is written."""
        name = self.name if is_identifier(self.name) else "n"
        return f"`let` names a number: write `let {name}: {self.text[start:].strip()}`"

    def _own_name(self, first: Argument) -> RuleViolation:
        """Return the violation for a signature that begins with `self` or `x`, as a method's does.

        What flows into a block is `x` in its lines, where it gives it no other name.
        """
        without = re.sub(rf"\b{first.name}\s*,?\s*", "", self.text, count=1).replace("()", "")
        whole = self.locate(0, len(self.text))
        why = "a call gives a block all of them"
        if first.name != "self":
            why = "what flows into a block is called so anyway"
        return RuleViolation(
            Code.BAD_NAME,
            f"`{first.name}` is no parameter: {why}",
            help=Advice(f"write `{without}:`", Edit(without, span=whole)),
            span=first.span,
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


def _has_results(name: str) -> bool:
    """Return whether a layer has several results."""
    return name in layers.NAMES and len(layers.find(name).results) > 1
