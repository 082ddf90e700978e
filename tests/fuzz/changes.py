"""Small changes of a text or of JSON, the kind that people and programs make by mistake."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.fuzz.words import NAMES, WORDS

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]
"""A changed input, of an input, of chance and of the other inputs that there are."""
LONGEST_COPY = 2000
ODD = [*"\t\r\n\0\x1b\x7f\x85\u2028\ufeff\ud800'\"`\\{}[]()|>&*!%@#,:;=-+ é０"]


def text_of(data: bytes) -> str:
    """Return an input as text; bytes that are none become lone surrogates, and stay so."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Return a text as an input; a lone surrogate that stands for no byte is a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def change_text(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Return a text with up to four changes: of a line, a word, a number or a character."""
    lines = text_of(data).split("\n")
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        place = chance.randrange(len(lines))
        _LINE_CHANGES[chance.randrange(len(_LINE_CHANGES))](lines, place, chance, others)
        lines = lines or [""]
    return bytes_of("\n".join(lines))


def _drop(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    del lines[place : place + chance.choice((1, 1, 1, 2, 5))]


def _double(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    end = place + chance.choice((1, 1, 2, 4))
    lines[end:end] = lines[place:end]


def _move(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    lines.insert(chance.randrange(len(lines)), lines.pop(place))


def _indent(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    for index in range(place, min(len(lines), place + chance.choice((1, 1, 3)))):
        line = lines[index]
        deeper = chance.random() < 0.5 or not line.startswith(" ")
        lines[index] = " " * chance.choice((1, 2, 2, 4)) + line if deeper else line[2:]


def _insert(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    line = lines[place]
    column = chance.randint(0, len(line))
    odd = "".join(chance.choice(ODD) for _ in range(chance.choice((1, 1, 2, 3))))
    lines[place] = line[:column] + odd + line[column:]


def _cut(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    line = lines[place]
    column = chance.randint(0, len(line))
    lines[place] = line[:column] + line[column + chance.choice((1, 1, 2, 6)) :]


def _word(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    line = lines[place]
    column = chance.randint(0, len(line))
    word = chance.choice(WORDS if chance.random() < 0.7 else NAMES)
    lines[place] = line[:column] + word + line[column + chance.choice((0, 0, 1, 6)) :]


def _swap(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    words = lines[place].split(" ")
    first, second = chance.randrange(len(words)), chance.randrange(len(words))
    words[first], words[second] = words[second], words[first]
    lines[place] = " ".join(words)


def _name(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    """Put another name in the place of one: the network often stays a network."""
    words = [w for w in _split(lines[place]) if w.isidentifier()]
    if words:
        old = chance.choice(words)
        near = [w for line in lines for w in _split(line) if w.isidentifier()]
        new = chance.choice(near if chance.random() < 0.6 else NAMES)
        lines[place] = lines[place].replace(old, new, 1)


def _number(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    """Put another number in the place of one."""
    numbered = [i for i, line in enumerate(lines) if any(c.isdecimal() for c in line)]
    if not numbered:
        return
    place = chance.choice(numbered)
    words = _split(lines[place])
    index = chance.choice([i for i, w in enumerate(words) if w.isdecimal()] or [0])
    old = int(words[index]) if words[index].isdecimal() and len(words[index]) < 20 else 1
    near = (old + 1, old - 1, old * 2, old // 2, 0, 1, 2, 3, -1, 2**31, 2**63, 10**4)
    words[index] = str(chance.choice(near))
    lines[place] = "".join(words)


def _foreign(lines: list[str], place: int, chance: Random, others: Sequence[bytes]) -> None:
    other = text_of(chance.choice(others)).split("\n")
    start = chance.randrange(len(other))
    lines[place:place] = other[start : start + chance.choice((1, 1, 2, 5))]


def _split(line: str) -> list[str]:
    words: list[str] = []
    for character in line:
        joins = words and character.isalnum() and words[-1][-1:].isalnum()
        if joins or (words and character == "_"):
            words[-1] += character
        else:
            words.append(character)
    return words or [""]


_LINE_CHANGES = (
    _drop,
    _double,
    _move,
    _indent,
    _insert,
    _cut,
    _word,
    _word,
    _swap,
    _name,
    _name,
    _number,
    _number,
    _foreign,
)


def change_json(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Return JSON with up to three values changed; one time in ten its text is changed."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return change_text(data, chance, others)
    if chance.random() < 0.1:
        return change_text(data, chance, others)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = [*_places(root)]
        if not places:
            break
        holder, key = chance.choice(places)
        _change_value(holder, key, chance, places)
    return json.dumps(root).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [value] if isinstance(value, (dict, list)) else []
    while pending:
        holder = pending.pop()
        keys = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                pending.append(holder[key])
    return found


def _change_value(holder: Any, key: Any, chance: Random, places: list[tuple[Any, Any]]) -> None:
    value = holder[key]
    kind = chance.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, place = chance.choice(places)
        is_there = place in other if isinstance(other, dict) else place < len(other)
        if is_there and len(copied := json.dumps(other[place])) < LONGEST_COPY:
            holder[key] = json.loads(copied)
    elif kind == 2 and isinstance(holder, dict):
        holder[chance.choice((*WORDS, *NAMES))] = holder.pop(key)
    elif isinstance(value, str):
        holder[key] = text_of(change_text(bytes_of(value), chance, [b"x"]))
    elif isinstance(value, int):
        holder[key] = chance.choice((value + 1, value - 1, 0, -1, 2**31, 2**63, 1.5, True))
    else:
        holder[key] = chance.choice((None, [], {}, "", 1, [[]], "1", {"a": {}}, float("nan")))
