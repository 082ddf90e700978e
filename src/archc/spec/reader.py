"""From a spec's text to its tree, by way of PyYAML's event stream.

Counters hold depth, events and sizes; nothing is typed by YAML, nothing is constructed by
it. What the language leaves out of YAML is a mistake that does not end the reading. This is
the only module that imports yaml.
"""

from collections.abc import Iterator

import yaml
from msgspec import Struct, field

from archc.diagnostics import Code, CompileError, RuleViolation, Span
from archc.spec.mistakes import Mistakes, TooManyMistakes
from archc.spec.source import (
    MAX_DEPTH,
    MAX_SCALAR,
    Erroneous,
    Mapping,
    Node,
    Piece,
    Scalar,
    Sequence,
    Source,
)
from archc.spec.yaml_advice import YamlProblem, explained

MAX_EVENTS = 50_000
NAMED = 3
"""How many keys a message names."""
GAP = 3
"""Doubled keys with at most so many others between them repeat for one reason."""


def read(text: str, file: str) -> Source:
    """Return the tree of a spec's text; what the language leaves out is among its `mistakes`.

    Raises:
        CompileError: the text is no YAML, or passes a limit.
    """
    reader = _Reader(text, file)
    try:
        root = reader.document()
    except RuleViolation as violation:
        reader.mistakes.refuse(violation, Span(file, 1, 1, 1, 2))
    except TooManyMistakes:
        pass
    else:
        found = reader.mistakes
        return Source(
            file, text, root, tuple(found.found), tuple(found.unreadable), reader.is_partial
        )
    raise CompileError(reader.mistakes.by_line(), {file: text})


class _Anchor(Struct):
    """An anchor and the lines of its aliases: one mistake."""

    span: Span
    lines: list[int] = field(default_factory=list[int])


class _Reader:
    """Builds the tree from events, one at a time; the counters are the limits."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.text = text
        self.mistakes = Mistakes()
        self.is_partial = False
        self.anchors: dict[str, _Anchor] = {}
        self.events = self._counted(yaml.parse(text, Loader=_loader()))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]

    def _counted(self, events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
        try:
            for count, event in enumerate(events, 1):
                if count > MAX_EVENTS:
                    raise self._limit(f"more than {MAX_EVENTS:,} YAML events", event)
                yield event
        except yaml.MarkedYAMLError as error:
            raise self._no_yaml(error) from None
        except yaml.YAMLError:
            raise RuleViolation(
                Code.NOT_YAML,
                "the text holds a control character",
                help="remove it; only tabs inside quotes and line breaks are allowed",
                span=self._control_character(),
            ) from None

    def _control_character(self) -> Span:
        for number, line in enumerate(self.lines, 1):
            for column, character in enumerate(line, 1):
                if not character.isprintable() and character not in "\t\r":
                    return Span(self.file, number, column, number, column + 1)
        return Span(self.file, 1, 1, 1, 2)

    def _no_yaml(self, error: yaml.MarkedYAMLError) -> RuleViolation:
        mark, context = error.problem_mark or error.context_mark, error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = YamlProblem(
            self.file,
            self.lines,
            (error.problem or "the text is no YAML").replace("\n", " "),
            line,
            column,
            error.context or "",
            context.line + 1 if context else 0,
            context.column + 1 if context else 0,
        )
        return explained(problem)

    def document(self) -> Node:
        """Return the tree of the stream's first document.

        Raises:
            RuleViolation: the text is empty, no YAML, or passes a limit.
        """
        try:
            return self._document()
        finally:
            self._refuse_anchors()

    def _document(self) -> Node:
        self._expect_start()
        event = next(self.events)
        if isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            raise self._empty(event)
        root = self._node(event, 1)
        next(self.events)
        last = next(self.events)
        if not isinstance(last, yaml.StreamEndEvent):
            self._refuse("a second document", "one network a file: remove `---`", last)
            self.is_partial = True
        return root

    def _expect_start(self) -> None:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise self._empty(start)
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._refuse("a YAML directive", "remove the line that begins with `%`", start)

    def _empty(self, event: yaml.Event) -> RuleViolation:
        return RuleViolation(
            Code.YAML_FEATURE,
            "the file is empty",
            help="a spec begins with `archc: 1`",
            span=self._span(event, event),
        )

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._limit(f"nested deeper than {MAX_DEPTH}", event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self.anchors[event.anchor] = _Anchor(self._span(event, event))
        node = self._content(event, depth)
        if not getattr(event, "tag", None):
            return node
        self._refuse("a tag (`!…`)", "remove it", event)
        return self._erroneous(node.span)

    def _content(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _alias(self, event: yaml.AliasEvent) -> Erroneous:
        """Return the part that stands for an alias; its anchor's mistake is its own."""
        span = self._span(event, event)
        if event.anchor in self.anchors:
            self.anchors[event.anchor].lines.append(span.line)
        else:
            advice = "repeat the value, or make a block"
            self._refuse(f"an alias (`*{event.anchor}`)", advice, event)
        return self._erroneous(span)

    def _refuse_anchors(self) -> None:
        for name, anchor in self.anchors.items():
            again = ", ".join(map(str, dict.fromkeys(anchor.lines)))
            violation = RuleViolation(
                Code.YAML_FEATURE,
                f"an anchor (`&{name}`) is not part of the language",
                notes=(f"`*{name}` repeats it on line {again}",) if again else (),
                help="make a block or a parameter of it",
            )
            self.mistakes.refuse(violation, anchor.span)

    def _erroneous(self, span: Span) -> Erroneous:
        self.mistakes.unreadable.append(span)
        return Erroneous(span)

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        flow = bool(start.flow_style)
        span = self._collection_span(start, event, flow, items)
        return Sequence(tuple(items), span, flow)

    def _mapping(self, start: yaml.Event, depth: int) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, depth + 1)
            value = self._node(next(self.events), depth + 1)
            if key is not None:
                entries.append((key, value))
        self._refuse_doubled([key for key, _ in entries], depth)
        flow = bool(getattr(start, "flow_style", False))
        span = self._collection_span(start, event, flow, [value for _, value in entries])
        return Mapping(tuple(entries), span, flow)

    def _key(self, event: yaml.Event, depth: int) -> Scalar | None:
        """Return a key, or nothing for one that no entry can have: its names are lost."""
        key = self._node(event, depth)
        if isinstance(key, Scalar) and (key.value != "<<" or key.style):
            return key
        if isinstance(key, Mapping) and key.flow and len(key.entries) == 1:
            return self._key_in_braces(key)
        self.is_partial = True
        if isinstance(key, Scalar):
            self._refuse("a merge key (`<<`)", "write the keys out", event)
        elif not isinstance(key, Erroneous):
            violation = RuleViolation(
                Code.YAML_FEATURE, "a key that is no text", help="write a name"
            )
            self.mistakes.refuse(violation, key.span)
        return None

    def _key_in_braces(self, key: Mapping) -> Scalar:
        """Return the key that `{i}: …` means; it needs quotes."""
        name = key.entries[0][0].value
        violation = RuleViolation(
            Code.YAML_SPLIT,
            f"YAML reads `{{{name}}}` at the start of a key as a mapping",
            help=f"put the key in quotes: '{{{name}}}'",
        )
        self.mistakes.refuse(violation, key.span)
        start = Piece(0, key.span.line, key.span.column)
        return Scalar(f"{{{name}}}", "'", key.span, (start,))

    def _refuse_doubled(self, keys: list[Scalar], depth: int) -> None:
        """Refuse keys that are there twice; those that stand close together are one mistake."""
        places: dict[str, Span] = {}
        run: list[Scalar] = []
        gap = 0
        for key in keys:
            if key.value in places:
                run.append(key)
                gap = 0
                continue
            gap += 1
            places[key.value] = key.span
            if gap > GAP:
                self._refuse_run(run, places, depth)
                run = []
        self._refuse_run(run, places, depth)

    def _refuse_run(self, run: list[Scalar], places: dict[str, Span], depth: int) -> None:
        if not run:
            return
        names = {key.value: places[key.value].line for key in run}
        violation = (
            _doubled(names, depth) if len(names) == 1 else _doubled_run(names, run[0], depth)
        )
        self.is_partial |= len(names) > 1
        self.mistakes.refuse(violation, run[0].span)

    def _collection_span(
        self, start: yaml.Event, end: yaml.Event, flow: bool, parts: list[Node]
    ) -> Span:
        """Return a collection's place; without brackets it ends where its last part does."""
        span = self._span(start, end)
        return span.to(parts[-1].span) if parts and not flow else span

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        if len(event.value) > MAX_SCALAR:
            raise self._limit(f"a text of more than {MAX_SCALAR:,} characters", event)
        span = self._span(event, event)
        style = event.style or ""
        pieces = self._pieces(event.value, span) if not style else ()
        shift = 1 if style in {"'", '"'} else 0
        return Scalar(
            event.value, style, span, pieces or (Piece(0, span.line, span.column + shift),)
        )

    def _pieces(self, value: str, span: Span) -> tuple[Piece, ...]:
        """Return where each line of a folded plain scalar lies."""
        if span.line == span.end_line:
            return ()
        pieces: list[Piece] = []
        offset = 0
        for number in range(span.line, span.end_line + 1):
            line = self.lines[number - 1] if number <= len(self.lines) else ""
            start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
            text = line[start:].strip()
            if text and value.startswith(text.split(" #")[0].rstrip(), offset):
                pieces.append(Piece(offset, number, start + 1))
                offset += len(text) + 1
        return tuple(pieces)

    def _span(self, start: yaml.Event, end: yaml.Event) -> Span:
        first, last = start.start_mark, end.end_mark
        return Span(self.file, first.line + 1, first.column + 1, last.line + 1, last.column + 1)

    def _refuse(self, what: str, advice: str, event: yaml.Event) -> None:
        violation = RuleViolation(
            Code.YAML_FEATURE, f"{what} is not part of the language", help=advice
        )
        self.mistakes.refuse(violation, self._span(event, event))

    def _limit(self, what: str, event: yaml.Event) -> RuleViolation:
        return RuleViolation(Code.READING_LIMIT, what, span=self._span(event, event))


def _loader() -> type[yaml.Loader]:
    return getattr(yaml, "CLoader", yaml.Loader)


def _doubled(names: dict[str, int], depth: int) -> RuleViolation:
    ((name, line),) = names.items()
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the key `{name}` is there twice, first on line {line}",
        help=f"write one `{name}:` with the lines of both"
        if depth == 1
        else _duplicate_advice(name),
    )


def _doubled_run(names: dict[str, int], first: Scalar, depth: int) -> RuleViolation:
    """Return the violation for keys that repeat in a row: the line that parts them is missing."""
    listed = ", ".join(f"`{name}`" for name in list(names)[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    missing = f"or a line that ends in `:` is missing above line {first.span.line}"
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the keys {listed}{more} are there twice, first from line {min(names.values())}",
        help="one network a file: remove one of them"
        if depth == 1
        else f"give them other names; {missing}",
    )


def _duplicate_advice(key: str) -> str:
    word = key.partition("(")[0].partition(" ")[0]
    if word in {"if", "for", "else", "elif"}:
        return "write the condition at the end of each line, or use a list"
    if word in {"concat", "add", "mul"}:
        return f"name one of them: `{word} as y:`"
    return "give one of them another name"
