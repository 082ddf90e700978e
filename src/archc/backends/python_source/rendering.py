"""From the pieces of a constructor to lines of Python."""

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.backends.python_source.layout import Line, exploded
from archc.backends.python_source.module_access import is_attribute
from archc.backends.python_source.pieces import (
    Choice,
    Control,
    Copies,
    Held,
    Local,
    Made,
    Maker,
    Nested,
    Piece,
    clauses,
    copies_text,
    item_text,
    maker_text,
    words,
)
from archc.expressions.printing import string_literal

BUFFERS = frozenset({"buffer", "transient"})


_WORD = re.compile(r"[A-Za-z_]\w*")


class Names(Struct, frozen=True):
    """Children go to attributes of `owner`: `self`, or `self.features`."""

    owner: str
    taken: frozenset[str] = frozenset()
    """The names that no new local variable may have."""


class Items(Struct, frozen=True):
    """Children go to the end of the list `variable`."""

    variable: str
    taken: frozenset[str] = frozenset()


Target = Names | Items


def constructor_lines(pieces: Sequence[Piece], kind: str) -> list[Line]:
    """Return the body of `__init__` for a block whose body is of this kind."""
    if kind == "mapping":
        target = Names("self", words(pieces))
        lines = [Line(0, "super().__init__()"), *rendered(pieces, target)]
    else:
        lines = _sequence_lines(_items(pieces))
    return _used_lines(lines)


def _sequence_lines(pieces: Sequence[Piece]) -> list[Line]:
    """Return the body of `__init__` for a class that is its children in order."""
    if not is_simple(pieces):
        taken = words(pieces)
        variable = _free("layers", taken)
        filled = rendered(pieces, Items(variable, taken | {variable}))
        return [*_started(variable, filled, 0), Line(0, f"super().__init__(*{variable})")]
    items = flat_items(pieces)
    if any(comment for _, comment in items):
        return exploded(0, "super().__init__(", items, ")")
    return [Line(0, f"super().__init__({', '.join(text for text, _ in items)})")]


def _started(variable: str, filled: list[Line], depth: int) -> list[Line]:
    """Return the lines that make a list: it starts with what the first of them puts into it."""
    start = f"{variable}: list[nn.Module] = "
    match filled:
        case [Line(text=text) as first, *rest] if text.startswith(f"{variable} += ["):
            return [replace(first, text=start + text.partition(" += ")[2]), *rest]
        case _:
            return [Line(depth, f"{start}[]"), *filled]


def _items(pieces: Sequence[Piece]) -> list[Piece]:
    """Return a sequence's items: a one-line block is the container that its line made."""
    match pieces:
        case [Made(maker=Held("nn.Sequential", items), comment="")]:
            return [item if isinstance(item, Copies) else Made("", item) for item in items]
        case _:
            return list(pieces)


def _used_lines(lines: list[Line]) -> list[Line]:
    """Drop the local variables that nothing reads."""
    while True:
        read = [word for line in lines for word in set(_WORD.findall(_right_side(line)))]
        kept = [line for line in lines if not line.defines or line.defines in read]
        if len(kept) == len(lines):
            return lines
        lines = kept


def _right_side(line: Line) -> str:
    return line.text.partition("=")[2] if line.defines else line.text


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
        return [Line(depth, f"{variable} += {copies_text(first)}")]
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
            return [_assigned(target.owner, piece, depth)]
        case Copies():
            raise AssertionError("copies stand in a list")


def _set(name: str, text: str) -> str:
    """Return an assignment; `n = n + 32` is written `n += 32`."""
    start = f"{name} + "
    return f"{name} += {text[len(start) :]}" if text.startswith(start) else f"{name} = {text}"


def _assigned(owner: str, piece: Made, depth: int) -> Line:
    """Return the line that makes a child and gives it to its owner."""
    if piece.register not in BUFFERS and _follows_a_dot(piece):
        text = f"{owner}.{piece.key} = {piece.text}"
        parts = clauses(piece.maker) if isinstance(piece.maker, Choice) else ()
        return Line(depth, text, piece.comment, clauses=parts)
    return Line(depth, _registered(owner, piece), piece.comment)


def _registered(owner: str, piece: Made) -> str:
    """Return the call that registers a child whose name or kind asks for one."""
    if piece.register in BUFFERS:
        persistent = ", persistent=False" if piece.register == "transient" else ""
        return f"{owner}.register_buffer({_quoted(piece)}, {piece.text}{persistent})"
    method = "register_parameter" if piece.register else "add_module"
    return f"{owner}.{method}({_quoted(piece)}, {piece.text})"


def _follows_a_dot(piece: Made | Nested) -> bool:
    return not piece.dynamic and is_attribute(piece.key)


def _quoted(piece: Made | Nested) -> str:
    return piece.key if piece.dynamic else string_literal(piece.key)


def _nested(piece: Nested, target: Target, depth: int) -> list[Line]:
    if piece.numbered:
        return _numbered(piece, target, depth)
    if isinstance(target, Names) and _follows_a_dot(piece):
        owner = f"{target.owner}.{piece.key}"
        made = Line(depth, f"{owner} = {piece.container}()")
        return [made, *rendered(piece.pieces, Names(owner, target.taken), depth)]
    variable = _variable(piece, target)
    made = Line(depth, f"{variable} = {piece.container}()")
    inner = Names(variable, target.taken | {variable})
    lines = [made, *rendered(piece.pieces, inner, depth)]
    return [*lines, _placed(piece, variable, target, depth)]


def _numbered(piece: Nested, target: Target, depth: int) -> list[Line]:
    """Return a list container: one call where it fits, else a list that is filled first."""
    if is_simple(piece.pieces):
        return _call(piece, target, depth)
    variable = _variable(piece, target)
    star = "*" if piece.container == "nn.Sequential" else ""
    filled = rendered(piece.pieces, Items(variable, target.taken | {variable}), depth)
    lines = _started(variable, filled, depth)
    return [*lines, _placed(piece, f"{piece.container}({star}{variable})", target, depth)]


def _call(piece: Nested, target: Target, depth: int) -> list[Line]:
    items = flat_items(piece.pieces)
    whole = _placed(piece, maker_text(_whole(piece)), target, depth)
    if not any(comment for _, comment in items):
        return [whole]
    before, after = _placed(piece, "\0", target, depth).text.split("\0")
    if not after:
        return _made_container(piece.container, items, before, depth)
    inner = _made_container(piece.container, items, "", depth + 1)
    return [Line(depth, before), *inner, Line(depth, after)]


def _made_container(
    container: str, items: Sequence[tuple[str, str]], before: str, depth: int
) -> list[Line]:
    """Return the call of a container, one item a line."""
    if container != "nn.ModuleList":
        return exploded(depth, f"{before}{container}(", items, ")")
    inner = exploded(depth + 1, "[", items, "]")
    return [Line(depth, f"{before}{container}("), *inner, Line(depth, ")")]


def flat_items(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """Return the arguments that pieces come to, each with its comment."""
    items: list[tuple[str, str]] = []
    for piece in pieces:
        if isinstance(piece, Copies):
            items.append((item_text(piece), ""))
        elif isinstance(piece, Nested):
            items.append((maker_text(_whole(piece)), ""))
        elif isinstance(piece, Made):
            items.append((piece.text, piece.comment))
    return items


def _whole(piece: Nested) -> Held:
    """Return a list container that one call can make."""
    items: list[Maker | Copies] = []
    for inner in piece.pieces:
        match inner:
            case Nested():
                items.append(_whole(inner))
            case Made(maker=maker):
                items.append(maker)
            case Copies():
                items.append(inner)
            case _:
                raise AssertionError("only children stand in one call")
    return Held(piece.container, tuple(items))


def _placed(piece: Nested, text: str, target: Target, depth: int) -> Line:
    if isinstance(target, Items):
        return Line(depth, f"{target.variable}.append({text})")
    if not _follows_a_dot(piece):
        return Line(depth, f"{target.owner}.add_module({_quoted(piece)}, {text})")
    return Line(depth, f"{target.owner}.{piece.key} = {text}")


def _variable(piece: Nested, target: Target) -> str:
    """Return the local variable in which a container is built; an outer one keeps its own."""
    if _follows_a_dot(piece):
        return _free(piece.key, target.taken)
    return _free("layers" if piece.numbered else "child", target.taken)


def _free(name: str, taken: frozenset[str]) -> str:
    """Return `name`, with the first number from 2 that makes it free."""
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
