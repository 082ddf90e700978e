"""From a spec's text to its tree, by way of PyYAML's event stream.

Counters hold depth, events and sizes; nothing is typed by YAML, nothing is constructed by
it. This is the only module that imports yaml.
"""

from collections.abc import Iterator

import yaml

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.spec.source import (
    MAX_DEPTH,
    MAX_SCALAR,
    Mapping,
    Node,
    Piece,
    Scalar,
    Sequence,
    Source,
)
from archc.spec.yaml_advice import YamlProblem, explained

MAX_EVENTS = 50_000


def read(text: str, file: str) -> Source:
    """Return the tree of a spec's text.

    Raises:
        CompileError: the text is no YAML, or uses what the language leaves out.
    """
    try:
        return Source(file, text, _Reader(text, file).document())
    except RuleViolation as violation:
        found = Diagnostic(
            violation.code,
            violation.headline,
            violation.span,
            notes=violation.notes,
            help=violation.help,
        )
        raise CompileError([found], {file: text}) from None


class _Reader:
    """Builds the tree from events, one at a time; the counters are the limits."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.text = text
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
        """Return the one document of the stream."""
        self._expect_start()
        event = next(self.events)
        if isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            raise self._feature("the file is empty", "a spec begins with `archc: 1`", event)
        root = self._node(event, 1)
        next(self.events)
        last = next(self.events)
        if not isinstance(last, yaml.StreamEndEvent):
            raise self._feature("a second document", "one network a file: remove `---`", last)
        return root

    def _expect_start(self) -> None:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise self._feature("the file is empty", "a spec begins with `archc: 1`", start)
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            raise self._feature("a YAML directive", "remove the line that begins with `%`", start)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._limit(f"nested deeper than {MAX_DEPTH}", event)
        if isinstance(event, yaml.AliasEvent):
            raise self._feature("an alias (`*name`)", "repeat the value, or make a block", event)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            raise self._feature("an anchor (`&name`)", "make a block or a parameter of it", event)
        if getattr(event, "tag", None):
            raise self._feature("a tag (`!…`)", "remove it", event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        flow = bool(start.flow_style)
        span = self._collection_span(start, event, flow, items)
        return Sequence(tuple(items), span, flow)

    def _mapping(self, start: yaml.Event, depth: int) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        places: dict[str, Span] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise self._strange_key(key)
            if key.value == "<<" and not key.style:
                raise self._feature("a merge key (`<<`)", "write the keys out", event)
            if key.value in places:
                first = places[key.value].line
                raise RuleViolation(
                    Code.DUPLICATE_KEY,
                    f"the key `{key.value}` is there twice, first on line {first}",
                    help=_duplicate_advice(key.value),
                    span=key.span,
                )
            places[key.value] = key.span
            entries.append((key, self._node(next(self.events), depth + 1)))
        flow = bool(getattr(start, "flow_style", False))
        span = self._collection_span(start, event, flow, [value for _, value in entries])
        return Mapping(tuple(entries), span, flow)

    def _collection_span(
        self, start: yaml.Event, end: yaml.Event, flow: bool, parts: list[Node]
    ) -> Span:
        """Return a collection's place; without brackets it ends where its last part does."""
        span = self._span(start, end)
        return span.to(parts[-1].span) if parts and not flow else span

    def _strange_key(self, key: Node) -> RuleViolation:
        if isinstance(key, Mapping) and key.flow and len(key.entries) == 1:
            name = key.entries[0][0].value
            return RuleViolation(
                Code.YAML_SPLIT,
                f"YAML reads `{{{name}}}` at the start of a key as a mapping",
                help=f"put the key in quotes: '{{{name}}}'",
                span=key.span,
            )
        return RuleViolation(
            Code.YAML_FEATURE, "a key that is no text", help="write a name", span=key.span
        )

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

    def _feature(self, what: str, advice: str, event: yaml.Event) -> RuleViolation:
        headline = what if what.startswith("the ") else f"{what} is not part of the language"
        return RuleViolation(
            Code.YAML_FEATURE, headline, help=advice, span=self._span(event, event)
        )

    def _limit(self, what: str, event: yaml.Event) -> RuleViolation:
        return RuleViolation(Code.READING_LIMIT, what, span=self._span(event, event))


def _loader() -> type[yaml.Loader]:
    return getattr(yaml, "CLoader", yaml.Loader)


def _duplicate_advice(key: str) -> str:
    word = key.partition("(")[0].partition(" ")[0]
    if word in {"if", "for", "else", "elif"}:
        return "write the condition at the end of each line, or use a list"
    if word in {"concat", "add", "mul"}:
        return f"name one of them: `{word} as y:`"
    return "give one of them another name"
