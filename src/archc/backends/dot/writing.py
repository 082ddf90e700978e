"""DOT text: quoting, tables of rows, frames and edges. Every text passes through here."""

from collections.abc import Mapping, Sequence
from html import escape

from archc.backends.dot.labels import Row

FONT = "Helvetica,Arial,sans-serif"


def printable(text: str) -> str:
    """Return text on one line, with what no XML document may hold replaced by `�`."""
    return "".join(_printable(character) for character in text)


def _printable(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    code = ord(character)
    forbidden = (
        code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE
    )
    return "�" if forbidden else character


def quoted(text: str) -> str:
    """Return text as a quoted DOT string in which no escape sequence has a meaning."""
    plain = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_entities(plain)}"'


def _entities(text: str) -> str:
    """Return text whose ampersands stay ampersands: Graphviz reads HTML's entities everywhere."""
    return text.replace("&", "&amp;")


def attributes(values: Mapping[str, str]) -> str:
    """Return an attribute list; values that begin with `<` are tables made here."""
    parts = [
        f"{name}={value if value[:1] == '<' else quoted(value)}" for name, value in values.items()
    ]
    return f" [{', '.join(parts)}]" if parts else ""


def inches(points: int) -> str:
    """Return a length in inches, which is what DOT measures nodes in."""
    return f"{points / 72:.4f}"


def font(row: Row) -> str:
    """Return the text of a row in its size, colour and weight."""
    text = escape(printable(row.text), quote=True).replace("&#x27;", "&#39;")
    if row.bold:
        text = f"<B>{text}</B>"
    return f'<FONT POINT-SIZE="{row.size}" COLOR="{row.ink}">{text}</FONT>'


def cell(row: Row, width: int, *, left: bool = False, filled: bool = True) -> str:
    """Return one table cell of a size that no font can change."""
    place = ' ALIGN="LEFT"' if left else ""
    fill = f' BGCOLOR="{row.fill}"' if filled else ""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{row.height}"'
    return f"<TD{place}{fill} {size}>{font(row)}</TD>"


def table(lines: Sequence[str], width: int, height: int, border: str = "") -> str:
    """Return a label that is a table of rows, each given as its cells."""
    frame = border or 'BORDER="0"'
    bare = 'CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    size = f'{bare} FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    body = "".join(f"<TR>{line}</TR>" for line in lines)
    return f"<<TABLE {frame} {size}>{body}</TABLE>>"
