"""From the pieces of a constructor to lines of Python."""

import keyword
from collections.abc import Sequence

from msgspec import Struct

from archc.backends.python_source.layout import Line, exploded
from archc.backends.python_source.pieces import (
    Control,
    Copies,
    Local,
    Made,
    Nested,
    Piece,
    contained_text,
)
from archc.expressions.printing import string_literal


class Names(Struct, frozen=True):
    """Children go to attributes of `owner`: `self`, or `self.features`."""

    owner: str


class Items(Struct, frozen=True):
    """Children go to the end of the list `variable`."""

    variable: str


Target = Names | Items


def is_simple(pieces: Sequence[Piece]) -> bool:
    """Return whether pieces can stand as the arguments of one call."""
    return all(
        isinstance(piece, (Made, Copies))
        or (isinstance(piece, Nested) and piece.numbered and is_simple(piece.pieces))
        for piece in pieces
    )


def rendered(pieces: Sequence[Piece], target: Target, depth: int = 0) -> list[Line]:
    """Return the lines that make every piece and put it where it belongs."""
    lines: list[Line] = []
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        if isinstance(target, Items) and isinstance(piece, (Made, Copies)):
            together = _run_of_children(pieces[position:])
            lines += _extended(together, target.variable, depth)
            position += len(together)
            continue
        lines += _one(piece, target, depth)
        position += 1
    return lines


def _run_of_children(pieces: Sequence[Piece]) -> list[Made | Copies]:
    """Return the children at the front that one `+=` can take."""
    run: list[Made | Copies] = []
    for piece in pieces:
        if isinstance(piece, Copies):
            return run or [piece]
        if not isinstance(piece, Made):
            break
        run.append(piece)
    return run


def _extended(children: Sequence[Made | Copies], variable: str, depth: int) -> list[Line]:
    (first, *rest) = children
    if isinstance(first, Copies):
        return [Line(depth, f"{variable} += [{first.text} for _ in range({first.count})]")]
    if not rest:
        return [Line(depth, f"{variable}.append({first.text})", first.comment)]
    items = [(c.text, c.comment) for c in children if isinstance(c, Made)]
    if any(comment for _, comment in items):
        return exploded(depth, f"{variable} += [", items, "]")
    return [Line(depth, f"{variable} += [{', '.join(text for text, _ in items)}]")]


def _one(piece: Piece, target: Target, depth: int) -> list[Line]:
    match piece:
        case Local(name, text):
            return [Line(depth, _set(name, text), defines=name)]
        case Control(head, pieces):
            return [Line(depth, head), *rendered(pieces, target, depth + 1)]
        case Nested():
            return _nested(piece, target, depth)
        case Made():
            assert isinstance(target, Names)
            return [Line(depth, _assignment(target.owner, piece), piece.comment)]
        case Copies():
            raise AssertionError("copies stand in a list")


def _set(name: str, text: str) -> str:
    """Return an assignment; `n = n + 32` is written `n += 32`."""
    start = f"{name} + "
    return f"{name} += {text[len(start) :]}" if text.startswith(start) else f"{name} = {text}"


def _assignment(owner: str, piece: Made) -> str:
    if piece.register in {"buffer", "transient"}:
        persistent = ", persistent=False" if piece.register == "transient" else ""
        return f"{owner}.register_buffer({_quoted(piece)}, {piece.text}{persistent})"
    if piece.dynamic or not is_attribute(piece.key):
        method = "register_parameter" if piece.register else "add_module"
        return f"{owner}.{method}({_quoted(piece)}, {piece.text})"
    return f"{owner}.{piece.key} = {piece.text}"


def _quoted(piece: Made | Nested) -> str:
    return piece.key if piece.dynamic else string_literal(piece.key)


def is_attribute(name: str) -> bool:
    """Return whether a child's name can follow a dot."""
    return name.isidentifier() and not keyword.iskeyword(name)


def _nested(piece: Nested, target: Target, depth: int) -> list[Line]:
    if piece.numbered:
        return _numbered(piece, target, depth)
    if isinstance(target, Names) and not piece.dynamic and is_attribute(piece.key):
        owner = f"{target.owner}.{piece.key}"
        made = Line(depth, f"{owner} = {piece.container}()")
        return [made, *rendered(piece.pieces, Names(owner), depth)]
    variable = _variable(piece)
    made = Line(depth, f"{variable} = {piece.container}()")
    lines = [made, *rendered(piece.pieces, Names(variable), depth)]
    return [*lines, _placed(piece, variable, target, depth)]


def _numbered(piece: Nested, target: Target, depth: int) -> list[Line]:
    """Return a list container: one call where it fits, else a list that is filled first."""
    if is_simple(piece.pieces):
        return _call(piece, target, depth)
    variable = _variable(piece)
    star = "*" if piece.container == "nn.Sequential" else ""
    lines = [Line(depth, f"{variable}: list[nn.Module] = []")]
    lines += rendered(piece.pieces, Items(variable), depth)
    return [*lines, _placed(piece, f"{piece.container}({star}{variable})", target, depth)]


def _call(piece: Nested, target: Target, depth: int) -> list[Line]:
    items = flat_items(piece.pieces)
    whole = _placed(piece, container_text(piece), target, depth)
    if not any(comment for _, comment in items):
        return [whole]
    before, after = _placed(piece, "\0", target, depth).text.split("\0")
    opening = f"{before}{piece.container}("
    if piece.container == "nn.ModuleList":
        inner = exploded(depth + 1, "[", items, "]")
        return [Line(depth, opening), *inner, Line(depth, ")" + after)]
    return exploded(depth, opening, items, ")" + after)


def flat_items(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """Return the arguments that pieces come to, each with its comment."""
    items: list[tuple[str, str]] = []
    for piece in pieces:
        if isinstance(piece, Copies):
            items.append((f"*[{piece.text} for _ in range({piece.count})]", ""))
        elif isinstance(piece, Nested):
            items.append((container_text(piece), ""))
        elif isinstance(piece, Made):
            items.append((piece.text, piece.comment))
    return items


def container_text(piece: Nested) -> str:
    """Return a list container as one expression."""
    entries: list[Made | Copies] = [
        Made("", container_text(p)) if isinstance(p, Nested) else p
        for p in piece.pieces
        if isinstance(p, (Made, Copies, Nested))
    ]
    return contained_text(piece.container, entries)


def _placed(piece: Nested, text: str, target: Target, depth: int) -> Line:
    if isinstance(target, Items):
        return Line(depth, f"{target.variable}.append({text})")
    if piece.dynamic or not is_attribute(piece.key):
        return Line(depth, f"{target.owner}.add_module({_quoted(piece)}, {text})")
    return Line(depth, f"{target.owner}.{piece.key} = {text}")


def _variable(piece: Nested) -> str:
    """Return the local variable in which a container is built."""
    if piece.dynamic or not piece.key or not is_attribute(piece.key):
        return "layers" if piece.numbered else "child"
    return piece.key
