"""The lines of a spec while they are mended, each with its place in the file."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation, Span
from archc.diagnostics.render import LINE_ENDS, text_lines

REACH = 1_000
"""How many lines away the neighbours of a line are sought."""
MAX_COMPARED = 200
"""Longer changes of a line are not looked into for what they have in common."""
CONTROL_CHARACTER = "control character"
"""The words of a trouble that stands for one."""
WHOLE_LINE = 2**20
"""A column behind the end of any line."""
_TAKE_LINES_IN = ("quoted scalar", "simple key", "flow sequence", "flow mapping")


class Line(Struct, frozen=True):
    """One line: its text, its number in the file, and what the file has in its place."""

    text: str
    number: int
    own: str

    @property
    def indent(self) -> int:
        """How many spaces it begins with."""
        return len(self.text) - len(self.text.lstrip(" "))

    @property
    def body(self) -> str:
        """What stands between the indentation and a comment."""
        text = self.text.strip()
        return "" if text.startswith("#") else text.split(" #")[0].rstrip()

    def with_body(self, body: str) -> "Line":
        """Return the line with other words in the same place."""
        start = self.text.index(self.body)
        return replace(self, text=self.text[:start] + body + self.text[start + len(self.body) :])

    def at_indent(self, indent: int) -> "Line":
        """Return the line moved to another column."""
        return self.with_text(" " * indent + self.text.lstrip())

    def with_text(self, text: str) -> "Line":
        """Return the line with another text in its place."""
        return replace(self, text=text)

    @property
    def is_own(self) -> bool:
        """Whether the line stands like this in the file."""
        return self.text == self.own

    def own_column(self, column: int) -> int:
        """Return the column in the file of a column of the text, both from 0."""
        if self.is_own:
            return min(column, len(self.own))
        columns = _own_columns(self.text, self.own)
        return columns[min(column, len(columns) - 1)]


@lru_cache(maxsize=64)
def _own_columns(text: str, own: str) -> tuple[int, ...]:
    """Return where in one text each character of another stands, and where that ends.

    What is written anew stands where something else stood.
    """
    before = _in_common(text, own)
    after = min(_in_common(text[::-1], own[::-1]), len(text) - before, len(own) - before)
    middle, own_middle = text[before : len(text) - after], own[before : len(own) - after]
    columns = [*range(before)]
    for start, end, own_start, own_end in _changes(middle, own_middle):
        columns += [before + min(own_start + i, own_end) for i in range(end - start)]
    return (*columns, *range(len(own) - after, len(own) + 1))


def _changes(new: str, old: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield the stretches in which one text is another, or is written in its place."""
    if max(len(new), len(old)) > MAX_COMPARED:
        yield 0, len(new), 0, len(old)
        return
    from difflib import SequenceMatcher

    for _, *stretch in SequenceMatcher(None, new, old, autojunk=False).get_opcodes():
        start, end, old_start, old_end = stretch
        yield start, end, old_start, old_end


def _in_common(first: str, second: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(first), len(second)))


class Page(Struct, frozen=True):
    """The lines of a file as YAML is given them."""

    file: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(line.text for line in self.lines)

    def place(self, index: int, column: int) -> tuple[int, int]:
        """Return line and column in the file of a place in the text, both from 1."""
        if index >= len(self.lines):
            index, column = len(self.lines) - 1, WHOLE_LINE
        line = self.lines[index]
        return line.number, line.own_column(column) + 1

    def span(self, index: int, start: int, end: int) -> Span:
        """Return the place in the file of the columns `start` … `end` of a line, from 0."""
        number, first = self.place(index, start)
        return Span(self.file, number, first, number, max(first + 1, self.place(index, end)[1]))

    def body_span(self, index: int) -> Span:
        """Return the place of a line without its indentation and its comment."""
        line = self.lines[index]
        start = len(line.text) - len(line.text.lstrip())
        return self.span(index, start, start + max(1, len(line.body)))

    def above(self, index: int) -> int | None:
        """Return the nearest line above that holds more than a comment."""
        above = range(index - 1, max(-1, index - REACH), -1)
        return next((i for i in above if self.lines[i].body), None)

    def below(self, index: int) -> int | None:
        """Return the nearest line below that holds more than a comment."""
        below = range(index + 1, min(len(self.lines), index + REACH))
        return next((i for i in below if self.lines[i].body), None)

    def around(self, index: int) -> list[int]:
        """Return the nearest lines above and below."""
        found = (self.above(index), self.below(index))
        return [beside for beside in found if beside is not None]

    def siblings(self, index: int) -> list[int]:
        """Return the nearest lines above and below in the same column, none shallower between."""
        steps = (
            range(index - 1, max(-1, index - REACH), -1),
            range(index + 1, min(len(self.lines), index + REACH)),
        )
        found = (self._sibling(self.lines[index].indent, step) for step in steps)
        return [sibling for sibling in found if sibling is not None]

    def _sibling(self, indent: int, indices: range) -> int | None:
        for index in indices:
            line = self.lines[index]
            if line.body and line.indent <= indent:
                return index if line.indent == indent else None
        return None

    def block(self, index: int) -> range:
        """Return a line with the lines below it that are deeper."""
        indent = self.lines[index].indent
        below = range(index + 1, len(self.lines))
        ends = (i for i in below if self.lines[i].indent <= indent and self.lines[i].body)
        return range(index, next(ends, len(self.lines)))

    def with_lines(self, changed: Mapping[int, Line]) -> "Page":
        """Return the page with some lines changed."""
        lines = list(self.lines)
        for index, line in changed.items():
            lines[index] = line
        return replace(self, lines=tuple(lines))

    def with_header(self, index: int, text: str) -> "Page":
        """Return the page with a line put above another; it has that line's number."""
        below = self.lines[index]
        header = Line(text, below.number, below.own)
        return replace(self, lines=(*self.lines[:index], header, *self.lines[index:]))


class Trouble(Struct, frozen=True):
    """Where YAML stopped: its words, the line and column from 0, and where what it read began."""

    words: str
    index: int
    column: int
    start: int
    start_column: int
    events: int
    """How much was read before."""
    since: int = 0
    """The line in which the last of that began."""

    @property
    def is_of_signs(self) -> bool:
        """Whether YAML stopped where it tells signs apart, ahead of what they mean."""
        return self.words.startswith("while scanning")

    @property
    def takes_lines_in(self) -> bool:
        """Whether what YAML was reading takes in the lines below it, whatever they are."""
        return any(what in self.words for what in _TAKE_LINES_IN)


class Repair(Struct, frozen=True):
    """A mistake and the page without it.

    The lines in `silent` may have been meant otherwise: of their form nothing more is said.

    One that is a `guess` counts only if YAML can then read the whole file, one that `is_sure`
    comes before all others.
    """

    violation: RuleViolation
    page: Page
    silent: tuple[int, ...] = ()
    guess: bool = False
    is_sure: bool = False
    beside: tuple[RuleViolation, ...] = ()
    """The same mistake of lines beside it, which YAML reads as one with it."""


class Mended(Struct, frozen=True):
    """A page as YAML is to read it, and what was wrong with the file's own."""

    page: Page
    violations: tuple[RuleViolation, ...] = ()
    silent: tuple[Span, ...] = ()
    """Lines of whose form nothing more is said."""
    is_cut: bool = False
    """Whether YAML cannot read the whole of it all the same."""
    others: tuple["Mended", ...] = ()
    """The same file mended in ways that seemed less likely."""
    unfinished: tuple["Mended", ...] = ()
    """The same file mended in ways that need a repair more."""

    def with_repair(self, repair: Repair) -> "Mended":
        """Return the page with one more mistake mended; of a silent line it is not told."""
        file, found = self.page.file, repair.violation
        silent = tuple(Span(file, n, 1, n, WHOLE_LINE) for n in repair.silent)
        if found.span is not None and any(map(found.span.overlaps, self.silent)):
            return Mended(repair.page, self.violations, (*self.silent, *silent))
        told = (*self.violations, repair.violation, *repair.beside)
        return Mended(repair.page, told, (*self.silent, *silent))


def page_of(text: str, file: str) -> Page:
    """Return the lines of a text, which end where YAML says that lines end."""
    texts = [line.rstrip(LINE_ENDS) for line in text_lines(text)]
    if not text or text[-1] in LINE_ENDS:
        texts.append("")
    lines = (Line(line, number, line) for number, line in enumerate(texts, 1))
    return Page(file, tuple(lines))


def rewritten(
    page: Page,
    index: int,
    line: Line,
    headline: str,
    span: Span,
    advice: str = "",
    *,
    is_checked: bool = False,
) -> Repair:
    """Return the repair that writes one line anew; its text is the advice unless there is one.

    A line that leaves no doubt `is_checked` like any other.
    """
    advice = advice or f"write `{line.body}`"
    violation = RuleViolation(Code.NOT_YAML, headline, help=advice, span=span)
    silent = () if is_checked else (page.lines[index].number,)
    return Repair(violation, page.with_lines({index: line}), silent)


def split(page: Page, index: int, text: str, headline: str, advice: str, column: int) -> Repair:
    """Return the repair of a line that YAML takes apart where it is one."""
    line = page.lines[index]
    span = page.span(index, column, column + 1)
    violation = RuleViolation(Code.YAML_SPLIT, headline, help=advice, span=span)
    mended = line.with_text(text)
    return Repair(violation, page.with_lines({index: mended}), (line.number,))


def is_control(sign: str) -> bool:
    """Return whether YAML refuses a character."""
    return not (sign.isprintable() or sign.isspace()) or sign in "\x0b\x0c\x1c\x1d\x1e\x1f"
