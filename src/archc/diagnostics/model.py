"""The diagnostic as a value; rendering it is another module's work."""

from collections.abc import Iterable, Mapping
from typing import Literal, Self

from msgspec import Struct

from archc.diagnostics.codes import Code
from archc.diagnostics.spelling import is_misspelt, is_nearest, near

_MOST_MEANT = 4
"""How many names a message asks about."""


class Span(Struct, frozen=True, order=True, gc=False):
    """A stretch of a file: lines and columns count from 1, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: "Span") -> "Span":
        """Return the stretch from the start of this span to the end of `other`."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)

    def overlaps(self, other: "Span") -> bool:
        """Return whether the two stretches have a character in common."""
        first, last = (self.line, self.column), (self.end_line, self.end_column)
        begin, end = (other.line, other.column), (other.end_line, other.end_column)
        return self.file == other.file and first < end and begin < last

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Label(Struct, frozen=True):
    """A span with the few words that explain it."""

    span: Span
    text: str = ""


class Operand(Struct, frozen=True):
    """One tensor that took part in the mistake: its name, its shape, where it came from."""

    name: str
    shape: str
    origin: str


class Edit(Struct, frozen=True):
    """A change of a spec's text: `new` in place of `old`.

    `old` stands once in the span, as a word of its own, or is all of it where it is empty.
    Without a span it is sought where the message points, then in that line.
    """

    new: str
    old: str = ""
    span: Span | None = None


class Proposal(str):
    """The help of a message that names a change of the text, which a person has to judge."""

    edits: tuple[Edit, ...]
    meant: str = ""
    """What is to be written in place of what is wrong: a name for a misspelt one, or a value."""

    def __new__(cls, text: str, *edits: Edit) -> Self:
        proposal = super().__new__(cls, text)
        proposal.edits = edits
        return proposal


def to_write(text: str, words: str) -> Proposal:
    """Return the help that names what is to be written in place of something."""
    proposal = Proposal(words)
    proposal.meant = text
    return proposal


class Advice(Proposal):
    """The help of a message that a program can follow: its edits can hardly be wrong."""


def did_you_mean(old: str, new: str, *more: str, among: Iterable[str] = (), mark: str = "`") -> str:
    """Return the question which name was meant; it is an advice where one is for certain.

    `among` are all names that can stand there, where these are few.
    """
    *others, last = (f"{mark}{name}{mark}" for name in (new, *more)[:_MOST_MEANT])
    words = f"did you mean {', '.join(others) + ' or ' * bool(others) + last}?"
    if more:
        return words
    known = tuple(among)
    is_certain = is_misspelt(old, new) or (bool(known) and is_nearest(old, new, known))
    question = (Advice if is_certain else Proposal)(words, Edit(new, old))
    question.meant = new
    return question


def meant(given: str, known: Iterable[str], *, is_closed: bool = False, mark: str = "`") -> str:
    """Return the question which of the known names one means that is none of them, if any.

    It `is_closed` where nothing else can stand there, so that a slip in `byas` is one in `bias`.
    """
    names = tuple(known)
    found = near(given, names)
    among = names if is_closed else ()
    return did_you_mean(given, *found, among=among, mark=mark) if found else ""


class Diagnostic(Struct, frozen=True):
    """One mistake: what is wrong, where, why, and the smallest fix.

    `calls` is the chain of block calls that led here, innermost first. Where `help` is an
    `Advice`, `archc check --fix` follows it.
    """

    code: Code
    headline: str
    primary: Span | None = None
    secondary: tuple[Label, ...] = ()
    operands: tuple[Operand, ...] = ()
    notes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    help: str = ""
    severity: str = "error"
    option: str = ""
    """The option of the command line that is at fault, as it was typed; `primary` declares it."""


class ArchcError(Exception):
    """The base of every error that leaves archc."""


class CompileError(ArchcError):
    """A spec was refused; `diagnostics` holds everything that is wrong with it.

    `sources` maps a file's name to its text, so that the message can quote it.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources)
        super().__init__(self.diagnostics, self.sources)

    def __str__(self) -> str:
        from archc.diagnostics.render import render_text

        return render_text(self.diagnostics, self.sources)


NoNumber = Literal["", "text", "float"]


class RuleViolation(Exception):
    """A rule was broken; the pass that called the rule adds the position.

    `argument` names the argument at fault where there is one, so that the
    message can point at it inside the line.
    """

    def __init__(
        self,
        code: Code,
        headline: str,
        notes: tuple[str, ...] = (),
        help: str = "",
        argument: str = "",
        span: Span | None = None,
        operands: tuple[Operand, ...] = (),
        labels: tuple[Label, ...] = (),
        *,
        found: "NoNumber" = "",
    ) -> None:
        super().__init__(headline)
        self.code = code
        self.headline = headline
        self.notes = notes
        self.help = help
        self.argument = argument
        self.span = span
        self.operands = operands
        self.labels = labels
        self.option = ""
        """The option of the command line that broke the rule, as it was typed."""
        self.found = found
        """What was found where a number is needed: a text, or a `float` for an integer."""
