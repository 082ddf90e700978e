"""From YAML nodes to the lines of a body; every line's mistake is collected, none ends the pass."""

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, near
from archc.diagnostics.render import excerpt
from archc.expressions.syntax import Binary, Call, Expression, Name
from archc.spec.continuations import (
    check_continuations,
    dashes_inside,
    folded_dash,
    parted_at,
)
from archc.spec.grammar import (
    LineParser,
    parse_call,
    parse_item,
    parse_value,
)
from archc.spec.lines_below_return import check_lines_below_return
from archc.spec.mended_lines import joined, mended_line
from archc.spec.mistakes import Mistakes
from archc.spec.names import check_child_key, check_child_name, is_identifier, meant_by
from archc.spec.other_formats import (
    as_arguments,
    check_no_call,
    check_no_join,
    filled_parameter,
    is_plain,
    names_a_layer,
    names_as_branches,
    split_at_comma,
    split_call,
)
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence
from archc.statements import (
    Assert,
    Block,
    Body,
    Branch,
    Child,
    Declare,
    Entry,
    For,
    If,
    Item,
    Join,
    Let,
    Return,
    Targets,
    words,
)

JOINS = ("concat", "add", "mul")
CONDITIONS = ("if", "elif", "else")


BROKEN = Name("")
"""Stands for an expression that could not be read; what depends on it is skipped in silence."""

MAX_MENDED = 8
"""How many mistakes in the grammar of one line are told."""

Parsed = TypeVar("Parsed")
_PICKED = re.compile(r"[a-z_]\w*\[-?\w+(?:\s*[-+]\s*\w+)*\]")
_OTHER_ELIF = re.compile(r"(else if|elseif|elsif)\s")
_TARGET = re.compile(r"\bas\s+([A-Za-z_]\w*)")


class BodyReader:
    """Reads bodies and collects the mistakes of their lines, one a place.

    A line that cannot be read becomes an item without stages or sources, so that the rest
    of the file can be checked all the same.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.refuse = mistakes.refuse
        self.loops = 0
        """How many loops the line that is read stands in."""

    def block(self, key: Scalar, node: Node) -> Block:
        """Read one entry of `blocks`.

        Raises:
            RuleViolation: the key is no signature, or promises what the lines never read;
                mistakes of the lines are collected.
        """
        if word := statement_word(key):
            raise RuleViolation(
                Code.BAD_NAME,
                f"`{word}` is a word of the language, and no block",
                help="a line of the block above is indented deeper than its name",
            )
        name, arguments, inputs = self._read(key, lambda text: LineParser(text).signature())
        if name in layers.NAMES:
            raise RuleViolation(
                Code.BAD_NAME, f"`{name}` is a layer of archc", help="give the block another name"
            )
        known = len(self.mistakes.found)
        block = Block(name, arguments, inputs, self.block_body(node), key.span)
        if len(self.mistakes.found) == known:
            _check_passed_on(block)
        return block

    def _read(self, text: Scalar, parse: Callable[[Scalar], Parsed]) -> Parsed:
        """Parse a text; what breaks its grammar is told, and mended where the cure is sure.

        Raises:
            RuleViolation: it is broken beyond that.
        """
        for _ in range(MAX_MENDED):
            try:
                return parse(text)
            except RuleViolation as violation:
                mended = mended_line(text, violation)
                if mended is None:
                    raise
                self.refuse(violation, text.span)
                text = mended
        return parse(text)

    def block_body(self, node: Node) -> Body:
        """Read the lines of a block or of the model, where `return:` belongs."""
        body = self.body(node)
        check_lines_below_return(body, self.mistakes)
        return body

    def body(self, node: Node) -> Body:
        """Read a list, a mapping or one line."""
        if isinstance(node, Erroneous):
            return _broken_body(node.span)
        if not isinstance(node, Scalar) and node.flow and (piece := split_call(node)):
            self.refuse(split_at_comma(piece), piece.span)
            return _broken_body(node.span)
        if isinstance(node, Sequence):
            entries = tuple(e for item in node.items for e in self._list_entry(item))
            return Body("list", entries, node.span)
        if isinstance(node, Mapping) and _lacks_dashes(node):
            return self._list_without_dashes(node)
        if isinstance(node, Mapping):
            return Body("mapping", self._mapping_entries(node), node.span)
        return Body("item", (Child("", self._item(node), node.span),), node.span)

    def _item(self, node: Scalar, name: str = "") -> Item:
        try:
            if not node.value:
                raise RuleViolation(
                    Code.SYNTAX,
                    "expected a layer, found nothing",
                    help="write a layer, or `Identity`; a key may need its lines indented",
                )
            check_continuations(node)
        except RuleViolation as violation:
            self.refuse(violation, node.span)
            return _broken_item(node)
        return self._line(node, name)

    def _line(self, node: Scalar, name: str = "") -> Item:
        try:
            if (wrong := filled_parameter(node)) is not None:
                mended = mended_line(node, wrong)
                wrong.help = str(wrong.help)  # no program writes the rule under `init:`
                self.refuse(wrong, node.span)
                node = mended or node
            return self._read(node, lambda text: parse_item(text, name))
        except RuleViolation as violation:
            self.refuse(violation, node.span)
            return _broken_item(node)

    def _list_without_dashes(self, node: Mapping) -> Body:
        """Read statements over lists as the list they are meant to be."""
        key = node.entries[0][0]
        self.refuse(
            RuleViolation(
                Code.BODY_KIND,
                f"a dash is missing before `{key.value}:`, under which stands a list",
                help=f"write `- {key.value}:`; or give the lines under it names (`name: Layer`)",
            ),
            key.span,
        )
        return Body("list", self._mapping_entries(node, "list"), node.span)

    def _list_entry(self, node: Node) -> tuple[Entry, ...]:
        if isinstance(node, Scalar) and (dashes := dashes_inside(node)):
            for dash in {dash.column: dash for dash in reversed(dashes)}.values():
                self.refuse(folded_dash(node, dash), node.span)
            parts = parted_at(node, dashes)
            return tuple(Child("", self._item(part), part.span) for part in parts)
        if not isinstance(node, Mapping):
            return (Child("", self._content(node), node.span),)
        if refused := self._typed_layer(node):
            return (Child("", refused, node.span),)
        if self._is_statement(node):
            return self._mapping_entries(node, "list")
        if refused := self._pasted_layer(node):
            return refused
        if (parted := self._parted_line(node)) is not None:
            return (Child("", parted, node.span),)
        return (Child("", self._content(node), node.span),)

    def _is_statement(self, node: Mapping) -> bool:
        if not node.entries:
            return False
        kinds = [
            statement_word(key) for key in {key.value: key for key, _ in node.entries}.values()
        ]
        if len(kinds) == 1:
            return bool(kinds[0])
        return kinds[0] == "if" and all(kind in {"elif", "else"} for kind in kinds[1:])

    def _parted_line(self, node: Mapping) -> Item | None:
        """Read `- Conv2d(8, bias: no)`, which YAML parts at its colon."""
        (key, value), *others = node.entries or [(None, None)]
        if others or key is None or not isinstance(value, Scalar) or key.style or value.style:
            return None
        try:
            check_no_call(key, value)
        except RuleViolation as violation:
            self.refuse(violation, key.span)
            mended = mended_line(joined(key, value), violation)
            return self._line(mended) if mended else _broken_item(key)
        return None

    def _pasted_layer(self, node: Mapping) -> tuple[Entry, ...]:
        """Refuse `- Conv2d: [64, 3]`, which other formats write."""
        if len(node.entries) != 1 or node.entries[0][0].value not in layers.NAMES:
            return ()
        key, value = node.entries[0]
        self._refuse_layer_key(key, value)
        return (Child("", Item(()), key.span),)

    def _typed_layer(self, node: Mapping) -> Item | None:
        """Refuse `{type: Conv2d, out_channels: 8}`, which other formats write."""
        found = next((entry for entry in node.entries if names_a_layer(*entry)), None)
        if found is None:
            return None
        key, layer = found
        rest = [entry for entry in node.entries if entry is not found]
        if key.value != "type" and not (rest and all(is_plain(value) for _, value in rest)):
            return None
        arguments = as_arguments(Mapping(tuple(e for e in rest if e[0].value != "name"), node.span))
        self._refuse_layer(layer, arguments, node.span)
        return Item((), span=node.span)

    def _refuse_layer_key(self, key: Scalar, value: Node) -> None:
        self._refuse_layer(key, as_arguments(value), key.span.to(value.span))

    def _refuse_layer(self, name: Node, arguments: str, whole: Span) -> None:
        """Refuse a layer whose arguments stand in a mapping or a list, and write the call."""
        assert isinstance(name, Scalar)
        call = f"{name.value}({arguments})" if arguments else name.value
        violation = RuleViolation(
            Code.LAYER_AS_MAPPING,
            f"`{name.value}` is a layer; a layer is called, not given a mapping",
            help=Advice(f"did you mean `{call}`?", Edit(call, span=whole)),
        )
        self.refuse(violation, name.span)

    def _mapping_entries(self, node: Mapping, kind: str = "mapping") -> tuple[Entry, ...]:
        entries: list[Entry] = []
        conditions: list[tuple[Expression | None, Body]] = []
        start = node.span
        names: set[str] = set()
        for key, value in node.entries:
            word = statement_word(key)
            if word in {"elif", "else"} and not conditions:
                self.refuse(
                    RuleViolation(
                        Code.SYNTAX,
                        f"`{word}:` without an `if …:` before it",
                        help="in a list `if …:` and `else:` share one dash; `else:` has none",
                    ),
                    key.span,
                )
                continue
            if conditions and word not in {"elif", "else"}:
                entries.append(If(tuple(conditions), start))
                conditions = []
            try:
                if word in CONDITIONS:
                    start = start if conditions else key.span
                    conditions.append(self._branch_of_if(word, key, value, kind))
                else:
                    entries += _doubled(self._entry(word, key, value, kind), names)
            except RuleViolation as violation:
                self.refuse(violation, key.span)
                if word in CONDITIONS:
                    conditions.append((BROKEN, self._salvaged(value)))
                else:
                    entries += _doubled(self._broken(word, key, value), names)
        if conditions:
            entries.append(If(tuple(conditions), start))
        return tuple(entries)

    def _broken(self, word: str, key: Scalar, value: Node) -> list[Entry]:
        """Return what stands for an entry that could not be read: it sets the same names."""
        if word in {"for", "branch", *JOINS}:
            return [If(((BROKEN, self._salvaged(value)),), key.span)]
        if word == "let":
            return [Let(key.value[4:].strip(), BROKEN, key.span)]
        if word == "return":
            return [Return((BROKEN,), span=key.span)]
        return [] if word else [Child(name, Item(()), key.span) for name in meant_by(key.value)]

    def _salvaged(self, value: Node) -> Body:
        """Return the lines under a control line that could not be read, for their names."""
        return _broken_body(value.span) if isinstance(value, Scalar) else self.body(value)

    def _branch_of_if(
        self, word: str, key: Scalar, value: Node, kind: str
    ) -> tuple[Expression | None, Body]:
        condition = None
        if other := _OTHER_ELIF.match(key.value):
            raise RuleViolation(
                Code.SYNTAX,
                f"`{other[1]}` is one word, `elif`",
                help=Advice("write `elif`", Edit("elif", other[1])),
                span=key.locate(0, len(other[1])),
            )
        if word != "else":
            condition = self._read(key, parse_condition)
        return condition, self._controlled(value, kind, key)

    def _controlled(self, node: Node, kind: str, key: Scalar) -> Body:
        """Read the body of a control line, which is of its container's kind."""
        if isinstance(node, Scalar) and not node.value:
            raise RuleViolation(
                Code.SYNTAX,
                f"there is nothing under `{key.value}:`",
                help="indent the lines that belong to it",
                span=key.span,
            )
        if isinstance(node, Scalar) and kind == "mapping":
            raise RuleViolation(
                Code.BODY_KIND,
                f"the lines under `{key.value}:` need names here",
                help="the container is a mapping: write `name: Layer(…)` under it",
            )
        body = self.body(node)
        if body.kind == kind or body.is_broken or (body.kind == "item" and kind == "list"):
            return body
        advice = "write the lines under it with dashes (`- Layer`)"
        if kind == "mapping":
            advice = (
                "write the lines under it with names (`name: Layer`); "
                f"or a line `name:` above, and `- {key.value}:` below that"
            )
        raise RuleViolation(
            Code.BODY_KIND,
            f"under `{key.value}:` stands a {body.kind}, its container is a {kind}",
            help=advice,
        )

    def _entry(self, word: str, key: Scalar, value: Node, kind: str) -> list[Entry]:
        match word:
            case "for":
                return [self._for(key, value, kind)]
            case "concat" | "add" | "mul":
                operation, keywords, target, collects = parse_call(key)
                if names := names_as_branches(operation, value):
                    self.refuse(names, value.span)
                    return [If(((BROKEN, _broken_body(value.span)),), key.span)]
                body = self._controlled(value, kind, key)
                return [Join(operation, keywords, target, body, key.span, collects)]
            case "branch":
                return [Branch(self.body(value), key.span)]
            case "let":
                return [self._let(key, value)]
            case "assert":
                return [Assert(self._read(self._text(key, value), parse_value), key.span)]
            case "return":
                return [self._return(key, value)]
            case "declare":
                return [self._declare(key, value)]
            case _ if self._returns(key, value):
                return [self._return(key, value)]
            case _:
                return self._child(key, value)

    def _returns(self, key: Scalar, value: Node) -> bool:
        """Tell of a misspelt `return:` before a tensor, which is read as what it is meant to be."""
        is_misspelt = not key.style and near(key.value, ("return",))
        question = did_you_mean(key.value, "return") if is_misspelt else ""
        if not isinstance(question, Advice) or not isinstance(value, Scalar):
            return False
        if not _is_tensor(value):
            return False
        headline = f"`{excerpt(value.value)}` is a tensor, and no layer"
        self.refuse(RuleViolation(Code.SYNTAX, headline, help=question), key.span)
        return True

    def _for(self, key: Scalar, value: Node, kind: str) -> For:
        targets, iterable = self._read(key, parse_for)
        self.loops += 1
        try:
            body = self._controlled(value, kind, key)
        finally:
            self.loops -= 1
        return For(targets, iterable, body, key.span, key.value)

    def _let(self, key: Scalar, value: Node) -> Let:
        name = key.value[4:].strip()
        if not is_identifier(name):
            raise RuleViolation(
                Code.BAD_NAME, f"`{name}` cannot be a name", help="write `let h: …`"
            )
        return Let(name, self._read(self._text(key, value), parse_value), key.span)

    def _return(self, key: Scalar, value: Node) -> Return:
        if isinstance(value, Mapping):
            names = tuple(k.value for k, _ in value.entries)
            values = tuple(parse_value(self._text(k, v)) for k, v in value.entries)
            return Return(values, names, span=key.span)
        text = self._text(key, value)
        check_continuations(text)
        found = self._read(text, parse_results)
        return replace(found, span=key.span.to(text.span))

    def _declare(self, key: Scalar, value: Node) -> Declare:
        if not isinstance(value, Sequence):
            raise RuleViolation(
                Code.WRONG_KIND,
                "`declare:` takes a list of names",
                help=_declared(value),
                span=value.span,
            )
        names = [self._text(key, item) for item in value.items]
        for name in names:
            try:
                check_child_name(name.value)
            except RuleViolation as violation:
                self.refuse(violation, name.span)
        return Declare(tuple(Name(n.value, n.span) for n in names), key.span)

    def _child(self, key: Scalar, value: Node) -> list[Entry]:
        if isinstance(value, Sequence) and key.value in layers.NAMES and not key.style:
            self._refuse_layer_key(key, value)
            return [Child(key.value, Item(()), key.span)]
        if (picked := self._picked_in_loop(key, value)) is not None:
            return [picked]
        check_no_call(key, value)
        check_no_join(key, value)
        check_child_key(key.value)
        content = self._content(value, key.value)
        return [Child(key.value, content, key.span, bool(key.style))]

    def _picked_in_loop(self, key: Scalar, value: Node) -> Let | None:
        """Refuse `skip: skips[i]` in a loop, where `from` would make one child many times."""
        is_picked = isinstance(value, Scalar) and _PICKED.fullmatch(value.value)
        if not self.loops or not is_picked or not is_identifier(key.value):
            return None
        assert isinstance(value, Scalar)
        name = f"let {key.value}"
        violation = RuleViolation(
            Code.SYNTAX,
            f"`{value.value.partition('[')[0]}[…]` is a tensor, and a layer belongs here",
            help=Advice(f"write `{name}: {value.value}`", Edit(name, span=key.span)),
        )
        self.refuse(violation, value.span)
        return Let(key.value, self._read(value, parse_value), key.span)

    def _content(self, node: Node, name: str = "") -> Item | Body:
        if isinstance(node, Erroneous):
            return Item((), span=node.span)
        if isinstance(node, Scalar):
            return self._item(node, name)
        if isinstance(node, Mapping) and (refused := self._typed_layer(node)) is not None:
            return refused
        body = self.body(node)
        return Item((), span=node.span) if body.is_broken else body

    def _text(self, key: Scalar, node: Node) -> Scalar:
        if isinstance(node, Scalar) and node.value:
            return node
        found = "nothing" if isinstance(node, Scalar) else "a list or a mapping"
        raise RuleViolation(
            Code.WRONG_KIND,
            f"`{key.value}:` takes one line of text, found {found}",
            help=_as_one_line(key, node),
            span=node.span,
        )


def _is_tensor(text: Scalar) -> bool:
    """Return whether a text is a tensor as `return:` takes it: an expression, or a line's name."""
    try:
        values = parse_results(text).values
    except RuleViolation:
        return False
    match values:
        case (Name(name),):
            return name not in functions.NAMES and not name[:1].isupper()
        case (Call(_, (first, *_)),):
            return isinstance(first, Binary) and first.operator == "+"
        case (Binary(operator),):
            return operator != "*"
        case _:
            return len(values) > 1


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


def parse_condition(key: Scalar) -> Expression:
    """Parse `if …` and `elif …`."""
    parser = LineParser(key)
    parser.advance()
    condition = parser.expression()
    parser.expect_end()
    return condition


def parse_for(key: Scalar) -> tuple[Targets, Expression]:
    """Parse `for targets in list`."""
    parser = LineParser(key)
    parser.advance()
    targets = parser.targets()
    if not parser.at("in"):
        written = ", ".join(targets.flat())
        rest = key.value[parser.token.start :]
        turns = f"_ in {written}{rest}" if parser.at("(") else f"{written} in range(…)"
        raise parser.unexpected("expected `in`", f"write `for {turns}:`")
    parser.expect("in")
    iterable = parser.expression()
    parser.expect_end()
    return targets, iterable


def parse_results(text: Scalar) -> Return:
    """Parse what follows `return:`."""
    parser = LineParser(text)
    values = [parser.operation()]
    while parser.accept(","):
        values.append(parser.operation())
    condition = otherwise = None
    if parser.accept("if"):
        condition = parser.operation()
        otherwise = parser.operation() if parser.accept("else") else None
    if parser.at("->"):
        raise parser.unexpected("expected the end of the line", _called(parser, text))
    parser.expect_end()
    return Return(tuple(values), (), condition, otherwise)


def _called(parser: LineParser, text: Scalar) -> str:
    """Return the call that `return: a + b -> relu` means."""
    before = text.value[: parser.token.start].strip()
    name = parser.peek().text
    if name in functions.NAMES and parser.peek(2).kind == "end":
        return f"an arrow leads from layer to layer; of an expression write `{name}({before})`"
    return f"give the layer a line of its own: `name: {name} from {before}`"


def _check_passed_on(block: Block) -> None:
    """Refuse a block that collects arguments which its lines pass on to no layer."""
    collecting = next((argument for argument in block.arguments if argument.variadic), None)
    if collecting is not None and collecting.name not in words(block.body):
        name = collecting.name
        raise RuleViolation(
            Code.UNUSED_VALUE,
            f"`{block.name}` passes its `**{name}` on to no layer",
            help=f"write `**{name}` last in the parentheses of a layer, or take it out here",
            span=collecting.span,
        )


def _lacks_dashes(node: Mapping) -> bool:
    """Return whether a mapping holds statements alone, and lists under them."""
    return bool(node.entries) and all(
        statement_word(key) in {"for", "if", "elif", "else", *JOINS} and isinstance(value, Sequence)
        for key, value in node.entries
    )


def _broken_item(node: Scalar) -> Item:
    """Return what stands for a line that could not be read: it sets the same name."""
    target = _TARGET.search(node.value)
    return Item((), target=target[1] if target else "", span=node.span)


def _broken_body(span: Span) -> Body:
    return Body("item", (Child("", Item((), span=span), span),), span)


def _doubled(entries: list[Entry], names: set[str]) -> list[Entry]:
    """Return entries with those children marked whose name is taken; add theirs to `names`."""
    marked: list[Entry] = []
    for entry in entries:
        if isinstance(entry, Child) and entry.key:
            marked.append(replace(entry, is_doubled=entry.key in names))
            names.add(entry.key)
        else:
            marked.append(entry)
    return marked


def statement_word(key: Scalar) -> str:
    """Return the control word a key begins with, or nothing for a child's name."""
    if key.style:
        return ""
    word = key.value.split(" ")[0].split("(")[0]
    alone = key.value == word
    if _OTHER_ELIF.match(key.value):
        return "elif"
    if word in JOINS or (word in {"else", "branch", "assert", "return", "declare"} and alone):
        return word
    if word in {"for", "if", "elif", "let"} and not alone:
        return word
    return ""
