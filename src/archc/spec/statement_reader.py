"""Statements of one line: `let`, `assert`, `return` and `declare`."""

import re

from msgspec.structs import replace

from archc.diagnostics import Advice, Code, Edit, RuleViolation, did_you_mean, near
from archc.diagnostics.render import excerpt
from archc.expressions.syntax import Name
from archc.expressions.tokens import KEYWORDS, keyword_renamed
from archc.spec.continuations import check_continuations
from archc.spec.control_lines import is_tensor, parse_results
from archc.spec.grammar import parse_value
from archc.spec.line_reader import LineReader
from archc.spec.names import check_child_name, is_identifier
from archc.spec.source import Mapping, Node, Scalar, Sequence
from archc.statements import Assert, Declare, Let, Return

_PICKED = re.compile(r"[a-z_]\w*\[-?\w+(?:\s*[-+]\s*\w+)*\]")


class StatementReader:
    """Reads statements that have no lines below them.

    Each method raises a `RuleViolation` for what cannot be read; the rest is collected.
    """

    def __init__(self, lines: LineReader) -> None:
        self.lines = lines
        self.refuse = lines.refuse

    def let(self, key: Scalar, value: Node) -> Let:
        """Read `let h: …`."""
        name = key.value[4:].strip()
        if not is_identifier(name):
            plain = name.strip(" :")
            written = plain if is_identifier(plain) else "h"
            raise RuleViolation(
                Code.BAD_NAME,
                f"`{name}` cannot be a name",
                help=keyword_renamed(name) if name in KEYWORDS else f"write `let {written}: …`",
            )
        return Let(name, self.lines.parsed(_text(key, value), parse_value), key.span)

    def asserted(self, key: Scalar, value: Node) -> Assert:
        """Read `assert: …`."""
        return Assert(self.lines.parsed(_text(key, value), parse_value), key.span)

    def returned(self, key: Scalar, value: Node) -> Return:
        """Read `return:` with tensors, or with names for them."""
        if isinstance(value, Mapping):
            names = tuple(k.value for k, _ in value.entries)
            values = tuple(parse_value(_text(k, v)) for k, v in value.entries)
            return Return(values, names, span=key.span)
        text = _text(key, value)
        check_continuations(text)
        found = self.lines.parsed(text, parse_results)
        return replace(found, span=key.span.to(text.span))

    def is_misspelt_return(self, key: Scalar, value: Node) -> bool:
        """Tell of a misspelt `return:` before a tensor, which is read as what it is meant to be."""
        is_misspelt = not key.style and near(key.value, ("return",))
        question = did_you_mean(key.value, "return") if is_misspelt else ""
        if not isinstance(question, Advice) or not isinstance(value, Scalar):
            return False
        if not is_tensor(value):
            return False
        headline = f"`{excerpt(value.value)}` is a tensor, and no layer"
        self.refuse(RuleViolation(Code.SYNTAX, headline, help=question), key.span)
        return True

    def declared(self, key: Scalar, value: Node) -> Declare:
        """Read `declare: [a, b]`."""
        if not isinstance(value, Sequence):
            raise RuleViolation(
                Code.WRONG_KIND,
                "`declare:` takes a list of names",
                help=_declared(value),
                span=value.span,
            )
        names = [_text(key, item) for item in value.items]
        for name in names:
            try:
                check_child_name(name.value)
            except RuleViolation as violation:
                self.refuse(violation, name.span)
        return Declare(tuple(Name(n.value, n.span) for n in names), key.span)

    def picked_in_loop(self, key: Scalar, value: Node) -> Let | None:
        """Refuse `skip: skips[i]` in a loop, where `from` would make one child many times."""
        is_picked = isinstance(value, Scalar) and _PICKED.fullmatch(value.value)
        if not is_picked or not is_identifier(key.value):
            return None
        assert isinstance(value, Scalar)
        name = f"let {key.value}"
        violation = RuleViolation(
            Code.SYNTAX,
            f"`{value.value.partition('[')[0]}[…]` is a tensor, and a layer belongs here",
            help=Advice(f"write `{name}: {value.value}`", Edit(name, span=key.span)),
        )
        self.refuse(violation, value.span)
        return Let(key.value, self.lines.parsed(value, parse_value), key.span)


def _text(key: Scalar, node: Node) -> Scalar:
    if isinstance(node, Scalar) and node.value:
        return node
    found = "nothing" if isinstance(node, Scalar) else "a list or a mapping"
    raise RuleViolation(
        Code.WRONG_KIND,
        f"`{key.value}:` takes one line of text, found {found}",
        help=_as_one_line(key, node),
        span=node.span,
    )


def _as_one_line(key: Scalar, node: Node) -> str:
    """Return how a list is written where one line of text belongs."""
    if isinstance(node, Scalar):
        return "write it on the same line"
    items = node.items if isinstance(node, Sequence) else ()
    texts = [item.value for item in items if isinstance(item, Scalar)]
    if any(" for " in text for text in texts):
        return "no list is made by a loop inside it: write its items, or loop over lines"
    if key.value == "return" and texts and len(texts) == len(items):
        results = ", ".join(texts)
        words = f"results are parted by commas alone: write `return: {results}`"
        return Advice(words, Edit(results, span=node.span))
    return "a text that begins with `[` or `{` needs quotes"


def _declared(value: Node) -> str:
    """Return the list that `declare: act` means."""
    text = value.value if isinstance(value, Scalar) and value.value else "conv1, bn1"
    return Advice(f"write `declare: [{text}]`", Edit(f"[{text}]", span=value.span))
