"""Two `forward`s as one that asks a condition where they differ."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from msgspec.structs import replace

from archc.backends.python_source.layout import Line

_RETURN = "return "
_Unit = tuple[Line, ...]
"""A statement with the lines below it."""


def either(flag: str, then: Sequence[Line], otherwise: Sequence[Line]) -> list[Line]:
    """Return a `forward` that does what both do, and one or the other where they differ."""
    first, second = _named_alike(_units(then), _units(otherwise))
    lines: list[Line] = []
    for equal, here, there in _compared(first, second):
        lines += here if equal else _branches(f"self.{flag}", here, there)
    return lines


def likeness(then: Sequence[Line], otherwise: Sequence[Line]) -> float:
    """Return how much of two `forward`s is the same: 0 for nothing, 1 for all."""
    return _matcher(*_named_alike(_units(then), _units(otherwise))).ratio()


def _units(lines: Sequence[Line]) -> list[_Unit]:
    units: list[_Unit] = []
    for line in lines:
        if line.depth and units:
            units[-1] = (*units[-1], line)
        else:
            units.append((line,))
    return units


def _matcher(first: Sequence[_Unit], second: Sequence[_Unit]) -> SequenceMatcher[str]:
    one, other = (
        ["\n".join(f"{x.depth}{x.text}" for x in u) for u in us] for us in (first, second)
    )
    return SequenceMatcher(None, one, other, autojunk=False)


def _compared(
    first: Sequence[_Unit], second: Sequence[_Unit]
) -> Iterator[tuple[bool, list[Line], list[Line]]]:
    """Yield the stretches of two `forward`s: whether they are equal, and the lines of each."""
    for tag, start, end, other_start, other_end in _matcher(first, second).get_opcodes():
        here = [line for unit in first[start:end] for line in unit]
        yield tag == "equal", here, [x for unit in second[other_start:other_end] for x in unit]


def _named_alike(first: list[_Unit], second: list[_Unit]) -> tuple[list[_Unit], list[_Unit]]:
    """Name what one returns where the other gives the same a name: both begin alike then."""
    return _named_as(second, first), _named_as(first, second)


def _named_as(other: Sequence[_Unit], units: list[_Unit]) -> list[_Unit]:
    result = units[-1][0]
    wanted = result.text.removeprefix(_RETURN)
    for line, *below in other:
        name, sign, text = line.text.partition(" = ")
        if sign and text == wanted and not below and name.isidentifier():
            return [*units[:-1], (line,), (Line(0, f"{_RETURN}{name}"),)]
    return units


def _branches(test: str, then: Sequence[Line], otherwise: Sequence[Line]) -> list[Line]:
    """Return lines of which a condition chooses; those that return need no `else`."""
    if not then:
        return _under(f"not {test}", otherwise)
    if len(then) == len(otherwise) == 1 and _are_simple_returns(then[0], otherwise[0]):
        return [_choice(test, then[0], otherwise[0])]
    if then[-1].text.startswith(_RETURN) or not otherwise:
        return [*_under(test, then), *otherwise]
    return [*_under(test, then), Line(0, "else:"), *_deeper(otherwise)]


def _under(test: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(0, f"if {test}:"), *_deeper(lines)]


def _deeper(lines: Sequence[Line]) -> list[Line]:
    return [line.deeper(1) for line in lines]


def _are_simple_returns(then: Line, otherwise: Line) -> bool:
    """Return whether both only return, and one of them a name."""
    texts = [line.text.removeprefix(_RETURN) for line in (then, otherwise)]
    are_returns = all(line.text.startswith(_RETURN) for line in (then, otherwise))
    is_clear = not any(" if " in text or "," in text for text in texts)
    return are_returns and is_clear and any(text.isidentifier() for text in texts)


def _choice(test: str, then: Line, otherwise: Line) -> Line:
    """Return the `return` of a conditional expression."""
    other = otherwise.text.removeprefix(_RETURN)
    parts = (then.text.removeprefix(_RETURN), f"if {test}", f"else {other}")
    line = then if then.comment else otherwise
    return replace(line, text=f"{_RETURN}{' '.join(parts)}", clauses=parts)
