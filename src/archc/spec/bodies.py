"""From YAML nodes to the bodies they hold: lists, mappings, and what control lines have below."""

from msgspec.structs import replace

from archc import layers
from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.syntax import Expression
from archc.spec.beside_statements import beside_statement, is_of_file, length_of_statement
from archc.spec.broken import BROKEN, broken_body
from archc.spec.continuations import dashes_inside, folded_dash, parted_at
from archc.spec.control_lines import (
    CONDITIONS,
    JOINS,
    check_elif,
    parse_condition,
    parse_for,
    statement_word,
    targets_meant,
)
from archc.spec.grammar import LineParser, parse_call
from archc.spec.line_reader import LineReader
from archc.spec.lines_below_return import check_lines_below_return
from archc.spec.mended_lines import edited_line
from archc.spec.mistakes import Mistakes
from archc.spec.names import check_child_key, check_child_name, meant_by
from archc.spec.other_formats import (
    check_no_call,
    check_no_join,
    layer_as_key,
    names_as_branches,
    split_at_comma,
    split_call,
    typed_layer,
)
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence
from archc.spec.statement_reader import StatementReader
from archc.statements import (
    Block,
    Body,
    Branch,
    Child,
    Entry,
    For,
    If,
    Item,
    Join,
    Let,
    Return,
    words,
)


class BodyReader:
    """Reads bodies and collects the mistakes of their lines, one a place.

    A line that cannot be read becomes an item without stages or sources, so that the rest
    of the file can be checked all the same.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.refuse = mistakes.refuse
        self.lines = LineReader(mistakes)
        self.statements = StatementReader(self.lines)
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
        name, arguments, inputs = self.lines.parsed(key, lambda text: LineParser(text).signature())
        if name in layers.NAMES:
            raise RuleViolation(
                Code.BAD_NAME, f"`{name}` is a layer of archc", help="give the block another name"
            )
        known = len(self.mistakes.found)
        block = Block(name, arguments, inputs, self.block_body(node), key.span)
        if len(self.mistakes.found) == known:
            _check_passed_on(block)
        return block

    def block_body(self, node: Node) -> Body:
        """Read the lines of a block or of the model, where `return:` belongs."""
        body = self.body(node)
        check_lines_below_return(body, self.mistakes)
        return body

    def body(self, node: Node) -> Body:
        """Read a list, a mapping or one line."""
        if isinstance(node, Erroneous):
            return broken_body(node.span)
        if not isinstance(node, Scalar) and node.flow and (piece := split_call(node)):
            self.refuse(split_at_comma(piece), piece.span)
            return broken_body(node.span)
        if isinstance(node, Sequence):
            entries = tuple(e for item in node.items for e in self._list_entry(item))
            return Body("list", entries, node.span)
        if isinstance(node, Mapping) and _lacks_dashes(node):
            return self._list_without_dashes(node)
        if isinstance(node, Mapping):
            return Body("mapping", self._mapping_entries(node), node.span)
        return Body("item", (Child("", self.lines.item(node), node.span),), node.span)

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
            return tuple(Child("", self.lines.item(part), part.span) for part in parts)
        if not isinstance(node, Mapping):
            return (Child("", self._content(node), node.span),)
        node = self._respelt(node)
        if wrong := typed_layer(node):
            return (Child("", self._refused(wrong, node.span), node.span),)
        if self._is_statement(node):
            return self._mapping_entries(node, "list")
        if length := length_of_statement(node):
            return self._statement_and_others(node, length)
        if refused := self._pasted_layer(node):
            return refused
        if (parted := self.lines.parted(node)) is not None:
            return (Child("", parted, node.span),)
        return (Child("", self._content(node), node.span),)

    def _respelt(self, node: Mapping) -> Mapping:
        """Return a mapping with the words of statements as they are meant: `lte h` is `let h`."""
        entries: list[tuple[Scalar, Node]] = []
        for key, value in node.entries:
            meant = None
            if " " in key.value and not key.style and not statement_word(key):
                meant = self._with_statement(key)
            entries.append((meant or key, value))
        return replace(node, entries=tuple(entries))

    def _with_statement(self, key: Scalar) -> Scalar | None:
        """Return a key with its misspelt first word mended, which is told; else nothing.

        That is enough to read on: no name of a child has a blank.
        """
        try:
            check_child_name(key.value)
        except RuleViolation as violation:
            mended = edited_line(key, violation)
            if mended is not None and statement_word(mended):
                self.refuse(violation, key.span)
                return mended
        return None

    def _statement_and_others(self, node: Mapping, length: int) -> tuple[Entry, ...]:
        """Read a statement over a list; what stands beside it in its item are lines of the list."""
        statement = node.entries[0][0]
        entries = self._mapping_entries(replace(node, entries=node.entries[:length]), "list")
        for key, value in node.entries[length:]:
            self.refuse(beside_statement(key, statement), key.span)
            if not is_of_file(key):
                line = replace(node, entries=((key, value),), span=key.span)
                entries += self._list_entry(line)
        return entries

    def _is_statement(self, node: Mapping) -> bool:
        if not node.entries:
            return False
        kinds = [
            statement_word(key) for key in {key.value: key for key, _ in node.entries}.values()
        ]
        if len(kinds) == 1:
            return bool(kinds[0])
        return kinds[0] == "if" and all(kind in {"elif", "else"} for kind in kinds[1:])

    def _pasted_layer(self, node: Mapping) -> tuple[Entry, ...]:
        """Refuse `- Conv2d: [64, 3]`, which other formats write."""
        if len(node.entries) != 1 or node.entries[0][0].value not in layers.NAMES:
            return ()
        key, value = node.entries[0]
        self.refuse(layer_as_key(key, value), key.span)
        return (Child("", Item(()), key.span),)

    def _refused(self, wrong: RuleViolation, span: Span) -> Item:
        self.refuse(wrong, span)
        return Item((), span=span)

    def _mapping_entries(self, node: Mapping, kind: str = "mapping") -> tuple[Entry, ...]:
        entries: list[Entry] = []
        conditions: list[tuple[Expression | None, Body]] = []
        start = node.span
        names: set[str] = set()
        for key, value in self._respelt(node).entries:
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
        if word == "for":
            return [For(targets_meant(key), BROKEN, self._salvaged(value), key.span, key.value)]
        if word in {"branch", *JOINS}:
            return [If(((BROKEN, self._salvaged(value)),), key.span)]
        if word == "let":
            return [Let(key.value[4:].strip(" :"), BROKEN, key.span)]
        if word == "return":
            return [Return((BROKEN,), span=key.span)]
        return [] if word else [Child(name, Item(()), key.span) for name in meant_by(key.value)]

    def _salvaged(self, value: Node) -> Body:
        """Return the lines under a control line that could not be read, for their names."""
        return broken_body(value.span) if isinstance(value, Scalar) else self.body(value)

    def _branch_of_if(
        self, word: str, key: Scalar, value: Node, kind: str
    ) -> tuple[Expression | None, Body]:
        condition = None
        check_elif(key)
        if word != "else":
            condition = self.lines.parsed(key, parse_condition)
        return condition, self._controlled(value, kind, key)

    def _controlled(self, node: Node, kind: str, key: Scalar) -> Body:
        """Read the body of a control line, which is of its container's kind."""
        if _is_empty(node):
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
                    return [If(((BROKEN, broken_body(value.span)),), key.span)]
                body = self._controlled(value, kind, key)
                return [Join(operation, keywords, target, body, key.span, collects)]
            case "branch":
                return [Branch(self.body(value), key.span)]
            case "let":
                return [self.statements.let(key, value)]
            case "assert":
                return [self.statements.asserted(key, value)]
            case "return":
                return [self.statements.returned(key, value)]
            case "declare":
                return [self.statements.declared(key, value)]
            case _ if self.statements.is_misspelt_return(key, value):
                return [self.statements.returned(key, value)]
            case _:
                return self._child(key, value)

    def _for(self, key: Scalar, value: Node, kind: str) -> For:
        targets, iterable = self.lines.parsed(key, parse_for)
        self.loops += 1
        try:
            body = self._controlled(value, kind, key)
        finally:
            self.loops -= 1
        return For(targets, iterable, body, key.span, key.value)

    def _child(self, key: Scalar, value: Node) -> list[Entry]:
        if isinstance(value, Sequence) and key.value in layers.NAMES and not key.style:
            self.refuse(layer_as_key(key, value), key.span)
            return [Child(key.value, Item(()), key.span)]
        picked = self.statements.picked_in_loop(key, value) if self.loops else None
        if picked is not None:
            return [picked]
        check_no_call(key, value)
        check_no_join(key, value)
        check_child_key(key.value)
        content = self._content(value, key.value)
        return [Child(key.value, content, key.span, bool(key.style))]

    def _content(self, node: Node, name: str = "") -> Item | Body:
        if isinstance(node, Erroneous):
            return Item((), span=node.span)
        if isinstance(node, Scalar):
            return self.lines.item(node, name)
        if isinstance(node, Mapping) and (wrong := typed_layer(node)) is not None:
            return self._refused(wrong, node.span)
        body = self.body(node)
        return Item((), span=node.span) if body.is_broken else body


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


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.value


def _lacks_dashes(node: Mapping) -> bool:
    """Return whether a mapping holds statements alone, and lists under them."""
    return bool(node.entries) and all(
        statement_word(key) in {"for", "if", "elif", "else", *JOINS} and isinstance(value, Sequence)
        for key, value in node.entries
    )


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
