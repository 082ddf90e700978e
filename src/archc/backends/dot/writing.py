"""DOT text: quoting, tables of rows, frames and edges. Every text passes through here."""

from collections.abc import Mapping, Sequence
from html import escape

from archc.backends.dot.labels import Row

SET_MINUS = "∖"
FONT = "Helvetica,Arial,sans-serif"


class Table(str):
    """A label that is a table made here; any other value of an attribute is user text."""

    __slots__ = ()


def printable(text: str) -> str:
    """Return text on one line, with what no XML document may hold replaced by `�`."""
    return "".join(map(_printable, " ".join(text.split())))


def _printable(character: str) -> str:
    code = ord(character)
    forbidden = (
        code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE
    )
    return "�" if forbidden else character


def quoted(text: str, backslash: str = "&#92;") -> str:
    """Return text as a quoted DOT string; `backslash` is what stands for each backslash."""
    plain = printable(text).replace("&", "&amp;").replace('"', "&quot;")
    return '"' + plain.replace("\\", backslash) + '"'


def attributes(values: Mapping[str, str]) -> str:
    """Return an attribute list; tables made here stand as they are, all else is quoted.

    Graphviz looks for escape sequences in attributes twice, and once more after it has decoded
    the entities, so no backslash is safe there: a sign that looks like one takes its place.
    """
    parts = [
        f"{name}={value if isinstance(value, Table) else quoted(value, SET_MINUS)}"
        for name, value in values.items()
    ]
    return f" [{', '.join(parts)}]" if parts else ""


def inches(points: int) -> str:
    """Return a length in inches, which is what DOT measures nodes in."""
    return f"{points / 72:.4f}"


def font(row: Row) -> str:
    """Return the text of a row in its size, colour and weight."""
    text = escape(printable(row.text)).replace("\\", "&#92;&#92;") or "&#160;"
    if row.bold:
        text = f"<B>{text}</B>"
    return f'<FONT POINT-SIZE="{row.size}" COLOR="{row.ink}">{text}</FONT>'


def cell(row: Row, width: int) -> str:
    """Return one table cell of a size that no font can change."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{row.height}"'
    return f'<TD BGCOLOR="{row.fill}" {size}>{font(row)}</TD>'


def title_cell(row: Row) -> str:
    """Return a cell in which a row's text begins at the left, as a frame's title does."""
    width = row.width - 2 * row.side
    size = f'ALIGN="LEFT" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{row.height}"'
    text = f'<TD BGCOLOR="{row.fill}" {size}>{font(row)}</TD>'
    if not row.side:
        return text
    pad = blank(row.side, row.height)
    inner = table([f"{pad}{text}{pad}"], row.width, row.height)[1:-1]
    return f'<TD BGCOLOR="{row.fill}">{inner}</TD>'


def blank(width: int, height: int) -> str:
    """Return one empty table cell."""
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"></TD>'


def table(lines: Sequence[str], width: int, height: int, border: str = "") -> Table:
    """Return a label that is a table of rows, each given as its cells."""
    frame = border or 'BORDER="0"'
    bare = 'CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    size = f'{bare} FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    body = "".join(f"<TR>{line}</TR>" for line in lines)
    return Table(f"<<TABLE {frame} {size}>{body}</TABLE>>")
