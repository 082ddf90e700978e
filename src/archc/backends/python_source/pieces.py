"""What a constructor is made of, before it is lines of Python."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct


class Copies(Struct, frozen=True):
    """Modules of one making among a container's items: `loop` is `_ in range(6)`."""

    maker: "Maker"
    loop: str


class Held(Struct, frozen=True):
    """A container made in one call: `nn.Sequential(a, b)`, `nn.ModuleList([a, b])`."""

    container: str
    items: "tuple[Maker | Copies, ...]"


class Choice(Struct, frozen=True):
    """One maker where a test holds, else another."""

    then: "Maker"
    test: str
    otherwise: "Maker"


Maker = str | Held | Choice
"""An expression that makes a module: a constructor's call, a container, a choice."""


class Made(Struct, eq=False):
    """A child that `__init__` makes: its name's source (empty in a list), what makes it."""

    key: str
    maker: Maker
    comment: str = ""
    register: str = ""
    dynamic: bool = False

    @property
    def text(self) -> str:
        """The expression that makes the child."""
        return maker_text(self.maker)


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


_WORD = re.compile(r"[A-Za-z_]\w*")


def words(pieces: Iterable[Piece]) -> frozenset[str]:
    """Return every name that pieces read or set, children apart."""
    return frozenset(_WORD.findall(" ".join(chain.from_iterable(map(_texts, pieces)))))


def _texts(piece: Piece) -> Iterator[str]:
    match piece:
        case Made():
            yield from (piece.text, piece.key if piece.dynamic else "")
        case Copies():
            yield copies_text(piece)
        case Local(name, text):
            yield from (name, text)
        case Control(head, inner):
            yield head
            yield from chain.from_iterable(map(_texts, inner))
        case Nested(pieces=inner):
            yield piece.key if piece.dynamic else ""
            yield from chain.from_iterable(map(_texts, inner))


def held(container: str, entries: Sequence[Made | Copies]) -> Held:
    """Return a container of these entries."""
    items = (entry.maker if isinstance(entry, Made) else entry for entry in entries)
    return Held(container, tuple(items))


def maker_text(maker: Maker) -> str:
    """Return a maker as one expression."""
    match maker:
        case Held(container, items):
            return _held_text(container, items)
        case Choice():
            return " ".join(clauses(maker))
        case _:
            return maker


def clauses(choice: Choice) -> tuple[str, str, str]:
    """Return the parts of a conditional expression, each of which may stand on its own line."""
    otherwise = maker_text(choice.otherwise)
    return maker_text(choice.then), f"if {choice.test}", f"else {otherwise}"


def copies_text(copies: Copies) -> str:
    """Return copies as the list that holds them."""
    return f"[{maker_text(copies.maker)} for {copies.loop}]"


def item_text(item: Maker | Copies) -> str:
    """Return what stands for an item among the arguments of a call or in a list."""
    return f"*{copies_text(item)}" if isinstance(item, Copies) else maker_text(item)


def _held_text(container: str, items: Sequence[Maker | Copies]) -> str:
    if container != "nn.ModuleList":
        return f"{container}({', '.join(map(item_text, items))})"
    match items:
        case (Copies() as only,):
            return f"{container}({copies_text(only)})"
        case _:
            return f"{container}([{', '.join(map(item_text, items))}])"
