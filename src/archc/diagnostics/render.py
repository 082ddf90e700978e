"""Diagnostics as text for a terminal."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from archc.diagnostics.model import Diagnostic, Label, Span

SHOWN = 20
CUT = 80
QUOTED = 160
GUTTER = 5
DOTS = "..."
LINE_ENDS = "\r\n\x85\u2028\u2029"
_LINE = re.compile(f"[^{LINE_ENDS}]*(?:\r\n|[{LINE_ENDS}])|[^{LINE_ENDS}]+")
_FOUND = re.compile(r"`([^`]*)`")
_COLOURS = {"error": "1;31", "warning": "1;33", "help": "1;36", "mark": "31"}


def printable(text: str) -> str:
    """Escape every character that could move a cursor or break a line."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def text_lines(text: str) -> list[str]:
    """Return the lines of a text as YAML counts them, each with its end."""
    return _LINE.findall(text)


def excerpt(text: str) -> str:
    """Return `text` escaped and cut to 80 characters, for quoting what was found."""
    shown = printable(text[: CUT + 1])
    return shown if len(shown) <= CUT else shown[: CUT - 1] + "…"


def shortened(text: str) -> str:
    """Return a sentence with everything it quotes in backticks cut to 80 characters."""
    return _FOUND.sub(lambda found: f"`{excerpt(found[1])}`", text)


def render_text(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, str],
    *,
    width: int | None = None,
    is_coloured: bool = False,
) -> str:
    """Return the diagnostics as rustc would print them: at most 20, then a count.

    A width wraps sentences and cuts quoted lines; colour is for terminals alone.
    """
    listed = list(diagnostics)
    page = Page(width, is_coloured)
    blocks = [_block(d, sources, page) for d in listed[:SHOWN]]
    if len(listed) > SHOWN:
        blocks.append(f"… and {len(listed) - SHOWN} more (all are in --format json)")
    return "\n\n".join(blocks)


class Page(Struct, frozen=True):
    """What a rendering is for: its width in columns, None for any, and whether it has colour."""

    width: int | None = None
    is_coloured: bool = False

    @property
    def quoted(self) -> int:
        """How many characters of a quoted line are shown."""
        return QUOTED if self.width is None else max(30, min(QUOTED, self.width - 8))

    def painted(self, text: str, colour: str) -> str:
        """Return text in a colour, where there is colour."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.is_coloured and text else text

    def sentence(self, lead: str, text: str) -> list[str]:
        """Return `lead` and a text wrapped to the width, further lines below the first word."""
        line = lead + printable(shortened(text))
        if self.width is None or len(line) <= self.width:
            return [line]
        from textwrap import wrap

        return wrap(
            line,
            max(40, self.width),
            subsequent_indent=" " * min(len(lead), 10),
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )


def _block(diagnostic: Diagnostic, sources: Mapping[str, str], page: Page) -> str:
    lines = _head(diagnostic, page)
    if diagnostic.option:
        lines.append(f"  --> {excerpt(diagnostic.option)}")
    if diagnostic.primary is not None:
        lines += _snippets(diagnostic, diagnostic.primary, sources, page)
    lines += _operand_rows(diagnostic)
    for note in diagnostic.notes[:SHOWN]:
        lines += page.sentence("  note: ", note)
    if len(diagnostic.notes) > SHOWN:
        lines.append(f"  note: … and {len(diagnostic.notes) - SHOWN} more")
    if diagnostic.calls:
        lines += page.sentence("  in ", ", from ".join(diagnostic.calls))
    if diagnostic.help:
        first, *rest = page.sentence("  help: ", diagnostic.help)
        lines += ["  " + page.painted("help", "help") + first[len("  help") :], *rest]
    return "\n".join(lines)


def _head(diagnostic: Diagnostic, page: Page) -> list[str]:
    label = f"{diagnostic.severity}[{diagnostic.code}]"
    first, *rest = page.sentence(f"{label}: ", diagnostic.headline)
    colour = "warning" if diagnostic.severity == "warning" else "error"
    return [page.painted(label, colour) + first[len(label) :], *rest]


def _operand_rows(diagnostic: Diagnostic) -> list[str]:
    rows = diagnostic.operands
    name = max((len(o.name) for o in rows), default=0)
    shape = max((len(o.shape) for o in rows), default=0)
    return [
        printable(f"      {o.name:<{name}}  {o.shape:<{shape}}  {shortened(o.origin)}").rstrip()
        for o in rows
    ]


def _snippets(
    diagnostic: Diagnostic, primary: Span, sources: Mapping[str, str], page: Page
) -> list[str]:
    """Return the arrow line and each quoted line, the primary span's first.

    Below an option of the command line, which is at fault, the file's line is another place.
    """
    labels = diagnostic.secondary
    arrow, mark = (":::", "~") if diagnostic.option else ("-->", "^")
    beside = [la for la in labels if (la.span.file, la.span.line) == (primary.file, primary.line)]
    others = [la for la in labels if la not in beside]
    last = max(span.line for span in (primary, *(la.span for la in labels)))
    gutter = max(GUTTER, len(str(last)))
    lines = [f"  {arrow} {printable(str(primary))}"]
    lines += _quoted(primary, mark, beside, gutter=gutter, sources=sources, page=page)
    for label in others:
        if label.span.file != primary.file:
            lines.append(f"  ::: {printable(str(label.span))}")
        lines += _quoted(label.span, "~", [label], gutter=gutter, sources=sources, page=page)
    return lines


def _quoted(
    span: Span,
    mark: str,
    labels: list[Label],
    *,
    gutter: int,
    sources: Mapping[str, str],
    page: Page,
) -> list[str]:
    lines = text_lines(sources.get(span.file, ""))
    if not 0 < span.line <= len(lines):
        return []
    text = lines[span.line - 1].rstrip(LINE_ENDS)
    start, text, span_columns = _window(text, span, page.quoted)
    row = _underline(text, [(*_columns(la.span, start, text), "~") for la in labels])
    row = _overlay(row, *span_columns, mark)
    words = "; ".join(la.text for la in labels if la.text)
    return [
        f"{span.line:>{gutter}} | {printable(text)}",
        f"{' ' * gutter} | {page.painted(row, 'mark')} {printable(words)}".rstrip(),
    ]


def _window(text: str, span: Span, width: int) -> tuple[int, str, tuple[int, int]]:
    """Cut a long line to the part around the span; return its offset, itself, the columns.

    Three dots stand where it was cut.
    """
    start = max(0, span.column - width * 3 // 8) if len(text) > width else 0
    shown = text[start : start + width]
    if start > 0:
        shown = DOTS + shown[len(DOTS) :]
    if start + width < len(text):
        shown = shown[: -len(DOTS)] + DOTS
    return start, shown, _columns(span, start, shown)


def _columns(span: Span, start: int, text: str) -> tuple[int, int]:
    end = span.end_column if span.end_line == span.line else len(text) + start + 1
    first = max(0, span.column - 1 - start)
    return first, max(first + 1, min(end - 1 - start, len(text) + 1))


def _underline(text: str, marks: list[tuple[int, int, str]]) -> str:
    row = " " * len(text)
    for first, last, mark in marks:
        row = _overlay(row, first, last, mark)
    return row.rstrip()


def _overlay(row: str, first: int, last: int, mark: str) -> str:
    row = row.ljust(last)
    return row[:first] + mark * (last - first) + row[last:]
