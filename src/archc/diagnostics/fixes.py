"""The edits that a message advises, in a spec's text: found, and made where each is the cure."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from archc.diagnostics.model import Advice, Diagnostic, Edit, Span
from archc.diagnostics.render import text_lines

MAX_FIXES = 200
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_WORD = re.compile(r"[A-Za-z_]\w*")
_KEY = re.compile(r"([A-Za-z_]\w*) *:")
_SIGNATURE = re.compile(r"(?m)^ *\w+(\([^()\n]*\)(?:\([^()\n]*\))?):")


class Replacement(Struct, frozen=True, order=True):
    """`text` in place of the characters of a file's text from `start` to before `end`."""

    start: int
    end: int
    text: str


def replacements(diagnostic: Diagnostic, source: str) -> tuple[Replacement, ...]:
    """Return where in the file's text a message's edits are made; nothing unless all are found.

    What is wrong in an option of the command line stands in no file.
    """
    if not isinstance(diagnostic.help, Advice) or diagnostic.primary is None or diagnostic.option:
        return ()
    lines = text_lines(source)
    found = [_place(edit, diagnostic.primary, source, lines) for edit in diagnostic.help.edits]
    places = tuple(sorted(place for place in found if place))
    if len(places) < len(found) or any(_may_be_right(place, source) for place in places):
        return ()
    return places


def _may_be_right(change: Replacement, source: str) -> bool:
    """Return whether it is the other name that is misspelt, where it is defined.

    It stands there alone, and the lines that would be changed agree with each other.
    """
    word, name = source[change.start : change.end], change.text
    if not (word.isidentifier() and name.isidentifier()):
        return False
    words = _words_of(source)
    return words.counts[word] > 1 and words.counts[name] == 1 and name in words.defined


class _Words(Struct, frozen=True):
    """How often each word stands in a text, and which a key or a block's signature defines."""

    counts: Counter[str]
    defined: frozenset[str]


@lru_cache(maxsize=2)
def _words_of(source: str) -> _Words:
    text = _COMMENT.sub("", source)
    signatures = " ".join(_SIGNATURE.findall(text))
    defined = frozenset([*_KEY.findall(text), *_WORD.findall(signatures)])
    return _Words(Counter(_WORD.findall(text)), defined)


def made(source: str, changes: Sequence[Replacement]) -> str:
    """Return a text with replacements that do not overlap."""
    for change in sorted(changes, reverse=True):
        source = source[: change.start] + change.text + source[change.end :]
    return source


def fixed(
    source: str, file: str, check: Callable[[str], Sequence[Diagnostic]]
) -> tuple[str, list[Diagnostic]]:
    """Return the text of `file` with the mistakes mended whose cure is known, and these mistakes.

    Each edit is tried by itself: it stays only if its mistake is gone after it, and the text
    can still be read. What a cure brings to light is mended too.
    """
    mended: list[Diagnostic] = []
    refused: set[Replacement] = set()
    found = check(source)
    while len(mended) < MAX_FIXES:
        attempt = next(_attempts(source, file, found, refused), None)
        if attempt is None:
            break
        diagnostic, changes = attempt
        text = made(source, changes)
        after = check(text)
        if _is_cured(diagnostic, found, after):
            source, found = text, after
            refused = set()
            mended.append(diagnostic)
        else:
            refused.update(changes)
    return source, mended


def _attempts(
    source: str, file: str, found: Sequence[Diagnostic], refused: set[Replacement]
) -> Iterator[tuple[Diagnostic, tuple[Replacement, ...]]]:
    for diagnostic in found:
        if diagnostic.primary is not None and diagnostic.primary.file == file:
            changes = replacements(diagnostic, source)
            if changes and refused.isdisjoint(changes):
                yield diagnostic, changes


def _is_cured(
    diagnostic: Diagnostic, before: Sequence[Diagnostic], after: Sequence[Diagnostic]
) -> bool:
    """Return whether its line has a mistake less, and the text is no less readable."""
    said = _said(diagnostic)
    was, left = (sum(_said(other) == said for other in found) for found in (before, after))
    return left < was and _unreadable(after) <= _unreadable(before)


def _line_of(diagnostic: Diagnostic) -> int:
    return diagnostic.primary.line if diagnostic.primary is not None else 0


def _said(diagnostic: Diagnostic) -> tuple[object, ...]:
    """Return all that a message says, and of its place the line: columns move with an edit."""
    return (_line_of(diagnostic), *(getattr(diagnostic, name) for name in _SAID))


_SAID = ("code", "headline", "operands", "notes", "help")


def _unreadable(found: Sequence[Diagnostic]) -> int:
    return sum(diagnostic.code.startswith("ARC1") for diagnostic in found)


def _place(edit: Edit, primary: Span, source: str, lines: Sequence[str]) -> Replacement | None:
    span = edit.span or primary
    start, end = _offsets(span, lines)
    if not edit.old:
        is_safe = edit.span is not None and not _loses_a_comment(source[start:end])
        return Replacement(start, end, edit.new) if is_safe else None
    for first, last in ((start, end), _line(span, lines)):
        places = [*_words(edit.old, source, first, last)]
        if len(places) == 1:
            return Replacement(places[0], places[0] + len(edit.old), edit.new)
    return None


def _loses_a_comment(text: str) -> bool:
    return "#" in text and len(text_lines(text)) > 1


def _words(word: str, source: str, start: int, end: int) -> Iterator[int]:
    """Yield where a word stands between two offsets, its ends no parts of longer words."""
    before = r"(?<!\w)" if word[0].isalnum() or word[0] == "_" else ""
    after = r"(?!\w)" if word[-1].isalnum() or word[-1] == "_" else ""
    for match in re.compile(f"{before}{re.escape(word)}{after}").finditer(source, start, end):
        yield match.start()


def _offsets(span: Span, lines: Sequence[str]) -> tuple[int, int]:
    return (
        _offset(span.line, span.column, lines),
        _offset(span.end_line, span.end_column, lines),
    )


def _line(span: Span, lines: Sequence[str]) -> tuple[int, int]:
    return _offset(span.line, 1, lines), _offset(span.line + 1, 1, lines)


def _offset(line: int, column: int, lines: Sequence[str]) -> int:
    return sum(map(len, lines[: line - 1])) + column - 1


def place_of(change: Replacement, source: str, file: str) -> Span:
    """Return the lines and columns of what a replacement replaces."""
    first, last = _position(change.start, source), _position(change.end, source)
    return Span(file, *first, *last)


def _position(offset: int, source: str) -> tuple[int, int]:
    lines = text_lines(source[:offset])
    if not lines or lines[-1][-1] in "\r\n\x85\u2028\u2029":
        return len(lines) + 1, 1
    return len(lines), len(lines[-1]) + 1
