"""What a constructor is made of, before it is lines of Python."""

from collections.abc import Sequence

from msgspec import Struct


class Made(Struct, eq=False):
    """A child that `__init__` makes: its name's source (empty in a list), its constructor."""

    key: str
    text: str
    comment: str = ""
    register: str = ""
    dynamic: bool = False


class Copies(Struct, eq=False):
    """`n` copies of a child in a list."""

    text: str
    count: str


class Nested(Struct, eq=False):
    """A container child that is filled by lines of its own."""

    key: str
    container: str
    pieces: "list[Piece]"
    numbered: bool
    dynamic: bool = False


class Control(Struct, eq=False):
    """A `for` or an `if` with what stands under it."""

    head: str
    pieces: "list[Piece]"


class Local(Struct, eq=False):
    """A local variable of `__init__`."""

    name: str
    text: str


Piece = Made | Copies | Nested | Control | Local


def contained_text(container: str, entries: Sequence[Made | Copies]) -> str:
    """Return `nn.Sequential(a, b)` or `nn.ModuleList([a, b])`."""
    items = [_entry_text(entry) for entry in entries]
    if container == "nn.ModuleList":
        only = entries[0] if len(entries) == 1 else None
        if isinstance(only, Copies):
            return f"nn.ModuleList({items[0][1:]})"
        return f"nn.ModuleList([{', '.join(items)}])"
    return f"{container}({', '.join(items)})"


def _entry_text(entry: Made | Copies) -> str:
    if isinstance(entry, Copies):
        return f"*[{entry.text} for _ in range({entry.count})]"
    return entry.text
