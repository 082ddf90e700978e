"""From YAML's events to a spec's tree: each node with its place, within the limits.

Counters hold depth, events and sizes; nothing is typed by YAML, nothing is constructed by
it. What the language leaves out of YAML is a mistake that does not end the reading.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import yaml
from msgspec import Struct, field

from archc.diagnostics import Code, CompileError, RuleViolation, Span
from archc.spec.doubled_keys import doubled_keys, is_run
from archc.spec.events import events
from archc.spec.mistakes import Mistakes, TooManyMistakes
from archc.spec.page import Mended
from archc.spec.source import (
    MAX_DEPTH,
    MAX_EVENTS,
    MAX_SCALAR,
    Erroneous,
    Mapping,
    Node,
    Piece,
    Scalar,
    Sequence,
    Source,
)

SECTION_DEPTH = 2
"""The depth of what stands below a key of the file."""


def _drop_empty(entries: list[tuple[Scalar, Node]], key: Scalar) -> None:
    """Drop the entry right above if it is the same key with nothing below: a line twice."""
    if not entries or entries[-1][0].value != key.value:
        return
    value = entries[-1][1]
    if isinstance(value, Scalar) and not value.value:
        entries.pop()


class _Cut(Exception):
    """YAML can read no more; what was read before stands."""


@contextmanager
def _held(depth: int) -> Generator[None]:
    """Let the file and its sections end where YAML does; anything deeper is incomplete."""
    try:
        yield
    except _Cut:
        if depth > SECTION_DEPTH:
            raise


class _Anchor(Struct):
    """An anchor and the lines of its aliases: one mistake."""

    span: Span
    lines: list[int] = field(default_factory=list[int])


class TreeReader:
    """Builds the tree from events, one at a time; the counters are the limits."""

    def __init__(self, mended: Mended) -> None:
        self.mended = mended
        self.page = mended.page
        self.mistakes = Mistakes((), (), mended.silent)
        self.is_partial = False
        self.is_cut = False
        self.anchors: dict[str, _Anchor] = {}
        self.events = self._counted(events(mended.page.text))

    def _counted(self, events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
        """Yield events up to the limit, or up to where YAML can read no more."""
        try:
            for count, event in enumerate(events, 1):
                if count > MAX_EVENTS:
                    raise self._limit(f"more than {MAX_EVENTS:,} YAML events", event)
                yield event
        except yaml.YAMLError:
            self.is_partial = self.is_cut = True

    def _next(self) -> yaml.Event:
        event = next(self.events, None)
        if event is None:
            raise _Cut
        return event

    def source(self, text: str) -> Source:
        """Return the tree of the page, which is that of a text.

        Raises:
            CompileError: the text is empty, or passes a limit; or too much is wrong.
        """
        found = self.mistakes
        try:
            root = self._whole_document()
        except RuleViolation as violation:
            found.refuse(violation, Span(self.page.file, 1, 1, 1, 2))
        except TooManyMistakes:
            pass
        else:
            return Source(
                self.page.file,
                text,
                root,
                tuple(found.found),
                tuple(found.unreadable),
                tuple(found.silent),
                self.is_partial,
                self.mended,
            )
        raise CompileError(found.by_line(), {self.page.file: text})

    def _whole_document(self) -> Node:
        for violation in self.mended.violations:
            self.mistakes.keep(violation)
        try:
            return self._document()
        except _Cut:
            return Erroneous(Span(self.page.file, 1, 1, 1, 2))
        finally:
            self._refuse_anchors()

    def _document(self) -> Node:
        self._expect_start()
        event = self._next()
        if isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            raise self._empty(event)
        root = self._node(event, 1)
        if next(self.events, None) is not None:
            self._expect_end()
        return root

    def _expect_end(self) -> None:
        last = self._next()
        if not isinstance(last, yaml.StreamEndEvent):
            self._refuse("a second document", "one network a file: remove `---`", last)
            self.is_partial = True

    def _expect_start(self) -> None:
        self._next()
        start = self._next()
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
        event: yaml.Event = start
        with _held(depth):
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
        flow = bool(start.flow_style)
        span = self._collection_span(start, event, flow, items)
        return Sequence(tuple(items), span, flow)

    def _mapping(self, start: yaml.Event, depth: int) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        keys: list[Scalar] = []
        event = start
        with _held(depth):
            while not isinstance(event := self._next(), yaml.MappingEndEvent):
                key = self._key(event, depth + 1)
                value = self._node(self._next(), depth + 1)
                if key is not None:
                    _drop_empty(entries, key)
                    keys.append(key)
                    entries.append((key, value))
        for violation in doubled_keys(keys, depth):
            self.is_partial |= is_run(violation)
            self.mistakes.keep(violation)
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
        if self.mended.is_cut and style and span.line != span.end_line:
            self._erroneous(span)  # a quote that is not closed takes in what follows
        pieces = () if style else self._pieces(event)
        shift = 1 if style in {"'", '"'} else 0
        first = event.start_mark
        return Scalar(
            event.value,
            style,
            span,
            pieces or self._piece(first.line, first.column + shift, 0, len(event.value)),
        )

    def _pieces(self, event: yaml.ScalarEvent) -> tuple[Piece, ...]:
        """Return where each line of a folded plain scalar lies."""
        first, last = event.start_mark, event.end_mark
        if first.line == last.line:
            return ()
        pieces: tuple[Piece, ...] = ()
        offset = 0
        for index in range(first.line, min(last.line + 1, len(self.page.lines))):
            line = self.page.lines[index].text
            start = first.column if index == first.line else len(line) - len(line.lstrip())
            text = line[start : last.column if index == last.line else None].strip()
            if text and event.value.startswith(text.split(" #")[0].rstrip(), offset):
                pieces += self._piece(index, start, offset, len(text))
                offset += len(text) + 1
        return pieces

    def _piece(self, index: int, column: int, offset: int, length: int) -> tuple[Piece, ...]:
        """Return a stretch of a line of the page, in as many pieces as it was mended to."""
        number, first = self.page.place(index, column)
        pieces = [Piece(offset, number, first)]
        if length and not self.page.lines[index].is_own:
            for i in range(1, length):
                place = self.page.place(index, column + i)[1]
                if place != pieces[-1].column + offset + i - pieces[-1].offset:
                    pieces.append(Piece(offset + i, number, place))
        return tuple(pieces)

    def _span(self, start: yaml.Event, end: yaml.Event) -> Span:
        first = self.page.place(start.start_mark.line, start.start_mark.column)
        last = self.page.place(end.end_mark.line, end.end_mark.column)
        return Span(self.page.file, *first, *last)

    def _refuse(self, what: str, advice: str, event: yaml.Event) -> None:
        violation = RuleViolation(
            Code.YAML_FEATURE, f"{what} is not part of the language", help=advice
        )
        self.mistakes.refuse(violation, self._span(event, event))

    def _limit(self, what: str, event: yaml.Event) -> RuleViolation:
        return RuleViolation(Code.READING_LIMIT, what, span=self._span(event, event))
