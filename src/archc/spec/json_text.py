"""JSON that anybody may have written: counted and looked through before a tree is made of it.

What is looked at are the bytes. A pass keeps the names of the objects that are open and nothing
else, so that it takes little memory whatever the bytes are.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Self, cast

import msgspec
from msgspec import Struct

from archc.diagnostics import Code, Span

MAX_DEPTH = 48
"""How deep objects and lists may lie in each other: a spec of the greatest depth, and around it."""
QUOTED = 20_000
"""Of how many characters a line may be that a message quotes."""

Path = tuple[str | int, ...]
"""The names and numbers that lead to a value."""

_STRING = rb'"((?:[^"\\]++|\\.)*+)"'
_STRINGS = re.compile(_STRING, re.DOTALL)
_NAMES = re.compile(_STRING + rb"([ \t\r\n]*+:)?|[\[\]{}]", re.DOTALL)
_VALUES = re.compile(_STRING + rb'([ \t\r\n]*+:)?|[\[\]{},]|[^\s"\[\]{},:]++', re.DOTALL)
_AT_BYTE = re.compile(r"(.*) \(byte ([0-9]+)\)")
_OPENING, _CLOSING = frozenset({b"[", b"{"}), frozenset({b"]", b"}"})


class JsonSize(Struct, frozen=True):
    """How much a text of JSON holds, or may hold.

    `values` are names too; `texts` are those of them that are more than a number or a word:
    names, texts, lists and objects.
    """

    bytes: int
    values: int
    texts: int

    def past(self, limits: Self) -> str:
        """Return the first limit that this is past, in words; nothing if there is none."""
        for words, limit, found in (
            ("bytes", limits.bytes, self.bytes),
            ("values and names", limits.values, self.values),
            ("names, texts, lists and objects", limits.texts, self.texts),
        ):
            if found > limit:
                return f"{limit:,} {words}"
        return ""


class JsonMistake(Exception):
    """What is wrong with a text of JSON, and from which byte to which."""

    def __init__(
        self, code: Code, headline: str, start: int = 0, end: int = 0, advice: str = ""
    ) -> None:
        super().__init__(headline)
        self.code = code
        self.headline = headline
        self.start = start
        self.end = end
        self.advice = advice


def check_json(data: bytes, limits: JsonSize) -> None:
    """Refuse what is no JSON, has a name twice, or is larger or deeper than it may be.

    Raises:
        JsonMistake: it is so.
    """
    size = JsonSize(len(data), 0, 0) if len(data) > limits.bytes else size_of(data, limits)
    if passed := size.past(limits):
        headline = f"a canonical form of more than {passed}"
        raise JsonMistake(Code.READING_LIMIT, headline, advice="`--max-nodes` raises the limit")
    _check_encoding(data)
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except RecursionError:
        pass  # the names are looked through now, and say where it is too deep
    except msgspec.DecodeError as error:
        raise malformed(data, error) from None
    _check_names(data)


def size_of(data: bytes, limits: JsonSize) -> JsonSize:
    """Return the most that a text of JSON may hold; it is exact where that is past a limit.

    Of a text of too many texts, no more are counted.
    """
    values, texts = _marks(data), data.count(b'"') // 2 + _openings(data)
    if values <= limits.values and texts <= limits.texts:
        return JsonSize(len(data), values, texts)
    found = 0
    for token in islice(_STRINGS.finditer(data), limits.texts + 1):
        found += 1
        values -= _marks(token[0]) - 1
        texts -= _openings(token[0])
    return JsonSize(len(data), values, found + texts - data.count(b'"') // 2)


def _marks(data: bytes) -> int:
    """Return the most values and names that so many commas, colons and brackets stand between."""
    return 1 + data.count(b",") + data.count(b":") + _openings(data)


def _openings(data: bytes) -> int:
    return data.count(b"[") + data.count(b"{")


def malformed(data: bytes, error: msgspec.DecodeError) -> JsonMistake:
    """Return the mistake of a text that is no JSON, at the byte where that shows."""
    found = _AT_BYTE.fullmatch(str(error).removeprefix("JSON is malformed: "))
    reason, start = (found[1], int(found[2])) if found else ("it ends too early", len(data))
    return JsonMistake(Code.NOT_YAML, f"the text is no JSON: {reason}", start, start + 1)


def _check_encoding(data: bytes) -> None:
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        headline, advice = f"line {line} is not UTF-8", "save the file as UTF-8"
        raise JsonMistake(Code.NOT_YAML, headline, error.start, error.start + 1, advice) from None


def _check_names(data: bytes) -> None:
    """Refuse a name that its object has already, and what lies too deep."""
    opened: list[set[bytes]] = []
    for token in _NAMES.finditer(data):
        if token[2] is not None:
            name = _unescaped(token[1])
            if name in opened[-1]:
                headline = f"the key `{name.decode('utf-8', 'replace')}` is there twice"
                raise JsonMistake(Code.DUPLICATE_KEY, headline, token.start(), token.end(1) + 1)
            opened[-1].add(name)
        elif token[1] is None:
            if token[0] in _CLOSING:
                opened.pop()
                continue
            opened.append(set())
            if len(opened) > MAX_DEPTH:
                headline = f"the JSON is nested deeper than {MAX_DEPTH}"
                raise JsonMistake(Code.READING_LIMIT, headline, token.start(), token.end())


def _unescaped(name: bytes) -> bytes:
    """Return a name as any way to write it; a broken escape is found when it is decoded."""
    if b"\\" not in name:
        return name
    try:
        return cast("str", json.loads(b'"' + name + b'"')).encode("utf-8", "surrogatepass")
    except ValueError:
        return name


def place_of(data: bytes, path: Path, *, is_name: bool = False) -> tuple[int, int]:
    """Return the first and last byte of the value at a path, or of its name; (0, 0) for none.

    Of a list or an object it is where it opens.
    """
    for found, token, names in _tokens(data):
        if names is is_name and found == path:
            return token.start(), token.end(1) + 1 if token[1] is not None else token.end()
    return 0, 0


def _tokens(data: bytes) -> Iterator[tuple[Path, "re.Match[bytes]", bool]]:
    """Yield each value and each name with the path of it, and whether it is the name."""
    here: list[str | int] = []
    for token in _VALUES.finditer(data):
        text = token[0]
        if text == b",":
            if here and isinstance(last := here[-1], int):
                here[-1] = last + 1
        elif text in _CLOSING:
            here.pop()
        elif token[2] is not None:
            here[-1] = _unescaped(token[1]).decode("utf-8", "replace")
            yield tuple(here), token, True
        else:
            yield tuple(here), token, False
            if text in _OPENING:
                here.append(0 if text == b"[" else "")


def span_of(data: bytes, file: str, start: int, end: int) -> tuple[Span, str]:
    """Return the place of some bytes of one line, and a text in which a message finds that line.

    A line that is very long, or very far down, is not quoted: the text is empty.
    """
    line = data.count(b"\n", 0, start) + 1
    begin = data.rfind(b"\n", 0, start) + 1
    finish = data.find(b"\n", start)
    finish = len(data) if finish < 0 else finish
    column = len(data[begin:start].decode("utf-8", "replace")) + 1
    shown_end = min(end, finish, start + QUOTED)
    width = max(1, len(data[start:shown_end].decode("utf-8", "replace")))
    is_short = finish - begin < QUOTED and line < QUOTED
    quoted = data[begin:finish].decode("utf-8", "replace") if is_short else ""
    shown = "".join(c if c.isprintable() else " " for c in quoted)
    return Span(file, line, column, line, column + width), "\n" * (
        line - 1
    ) + shown if shown else ""
