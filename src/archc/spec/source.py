"""A spec as text and as a tree of scalars, lists and mappings, each with its place."""

import os
from pathlib import Path

from msgspec import Struct

from archc.diagnostics import Code, CompileError, Diagnostic, Span, did_you_mean, near
from archc.diagnostics.render import text_lines
from archc.spec.page import Mended

MAX_BYTES = 2**20
MAX_DEPTH = 32
MAX_EVENTS = 50_000
MAX_SCALAR = 10_000
MAX_NAME = 64
MAX_COMPARED = 1000
"""With how many files of a folder one that is not there is compared."""


class Piece(Struct, frozen=True, gc=False):
    """A stretch of a scalar that is one in the file: its offset in the value, its place."""

    offset: int
    line: int
    column: int


class Scalar(Struct, frozen=True, gc=False):
    """A text value; `style` is empty for a plain one, else its quote or block mark."""

    value: str
    style: str
    span: Span
    pieces: tuple[Piece, ...]

    @property
    def folded(self) -> tuple[Piece, ...]:
        """The stretches with which a line of the file begins."""
        pairs = zip(self.pieces, self.pieces[1:], strict=False)
        return (self.pieces[0], *(piece for before, piece in pairs if piece.line != before.line))

    def locate(self, start: int, end: int) -> Span:
        """Return the place in the file of the characters `start` … `end` of the value.

        Of a quoted or block text of several lines it is the whole.
        """
        if self.style and self.span.line != self.span.end_line:
            return self.span
        first = self._position(start)
        last = self._position(max(start, end - 1))
        return Span(self.span.file, first[0], first[1], last[0], last[1] + 1)

    def _position(self, offset: int) -> tuple[int, int]:
        piece = self.pieces[0]
        for candidate in self.pieces:
            if candidate.offset > offset:
                break
            piece = candidate
        return piece.line, piece.column + offset - piece.offset


class Sequence(Struct, frozen=True):
    """A YAML list."""

    items: tuple["Node", ...]
    span: Span
    flow: bool = False


class Mapping(Struct, frozen=True):
    """A YAML mapping: pairs in the file's order; a key that is there twice is a mistake."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    span: Span
    flow: bool = False


class Erroneous(Struct, frozen=True):
    """A part that could not be read; the mistake is known, and more of it is not reported."""

    span: Span


Node = Scalar | Sequence | Mapping | Erroneous


class Source(Struct, frozen=True):
    """A spec's text with its tree, and what is wrong with the text as YAML.

    `unreadable` are the places of which a mistake is known, so that others there are not told,
    `silent` are lines that were mended and whose form may still be wrong.
    Where names may be missing from the tree, it `is_partial`. The tree is that of the page
    that was `mended`; in the canonical form there is none.
    """

    file: str
    text: str
    root: Node
    mistakes: tuple[Diagnostic, ...] = ()
    unreadable: tuple[Span, ...] = ()
    silent: tuple[Span, ...] = ()
    is_partial: bool = False
    mended: Mended | None = None


def read_file(path: Path) -> str:
    """Return the text of a spec file.

    Raises:
        CompileError: the file cannot be read, is too large, or is not UTF-8.
    """
    if "\0" in str(path):
        raise _unreadable(path, "a path has no NUL")
    try:
        if path.is_dir():
            raise _unreadable(path, "it is a folder", "name a file, or check the folder")
        if not path.is_file() and path.exists():
            raise _unreadable(path, "it is no regular file", "pipe it in as `-`")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (
            "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)
        )
        raise _unreadable(path, reason, _beside(path)) from None
    return decode(data, str(path))


def _beside(path: Path) -> str:
    """Return the spec in the same folder whose name is most like one that is not there."""
    try:
        known = [found.name for found in path.parent.glob("*.y*ml")][:MAX_COMPARED]
    except OSError:
        return ""
    if os.path.lexists(path):
        return ""
    stem = path.name.rpartition(".")[0] or path.name
    stems = {name.rpartition(".")[0]: name for name in sorted(known, reverse=True)}
    found = [stem] if stem in stems else near(stem, stems)
    files = [str(path.with_name(stems[other])) for other in found]
    return str(did_you_mean(str(path), *files)) if files else ""


def decode(data: bytes, file: str) -> str:
    """Return the text of a spec's bytes: UTF-8, at most 1 MiB, a byte-order mark is dropped.

    Raises:
        CompileError: too large or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise _refused(Code.READING_LIMIT, f"a spec larger than {MAX_BYTES} bytes", file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(data, error.start, file) from None


def _not_text(data: bytes, offset: int, file: str) -> CompileError:
    """Return the error that points at the first byte that is no UTF-8."""
    lines = text_lines(data[:offset].decode("utf-8-sig") + ".")
    line, column = len(lines), len(lines[-1])
    found = Diagnostic(
        Code.NOT_YAML,
        f"line {line} is not UTF-8",
        Span(file, line, column, line, column + 1),
        help="save the file as UTF-8",
    )
    return CompileError([found], {file: data.decode("utf-8-sig", "replace")})


def _unreadable(path: Path, reason: str, advice: str = "") -> CompileError:
    return _refused(Code.UNREADABLE_FILE, f"cannot read `{path}`: {reason}", "", advice)


def _refused(code: Code, headline: str, file: str, advice: str = "") -> CompileError:
    place = Span(file, 1, 1, 1, 2) if file else None
    return CompileError([Diagnostic(code, headline, place, help=advice)], {})
