"""Statements that call a list's modules one after the other: the turns that a loop may have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, takewhile

from msgspec import Struct

from archc.backends.python_source.texts import ITEM, Pattern, Read, Statement, Step, Text, Variable

LEAST = 3
"""How many calls are worth a loop."""

MODULE_OF_A_LIST = re.compile(r"(self(?:\.\w+)+)\[(\d+)\]")
"""How a module of a list is reached."""


class Turn(Struct, frozen=True):
    """A statement that calls one module of a list: `text` is it without names and number."""

    access: str
    number: int
    text: str
    statement: Statement

    @property
    def reads(self) -> tuple[Variable, ...]:
        return tuple(self.statement.text.reads())

    @property
    def results(self) -> tuple[Variable, ...]:
        return self.statement.variables


class Flow(Struct, frozen=True):
    """Turns through which values flow alike.

    `sources` tells of each variable that a turn reads the number of the result before that it
    is, `carried` by this number what the first turn reads in its place.
    """

    turns: Sequence[Turn]
    sources: Sequence[int | None]
    carried: Mapping[int, Variable]


def turns_of(statements: Sequence[Statement], start: int) -> list[Turn]:
    """Return the turns that statements from an index on are, each with the next module."""
    first = _turn(statements[start])
    turns = [] if first is None else [first]
    for statement in islice(statements, start + 1, None) if turns else ():
        turn = _turn(statement)
        if turn is None or not _goes_on(turns[-1], turn):
            break
        turns.append(turn)
    return turns


def _turn(statement: Statement) -> Turn | None:
    """Return a statement as a turn; none where it calls no module of a list, or several."""
    shown = "".join(_shown(statement.text))
    items = {match.groups() for match in MODULE_OF_A_LIST.finditer(shown)}
    if len(items) != 1 or not statement.kept or statement.loop is not None:
        return None
    ((access, number),) = items
    return Turn(access, int(number), MODULE_OF_A_LIST.sub(ITEM, shown), statement)


def _shown(text: Text) -> Iterator[str]:
    """Yield an expression's parts, each variable as a mark: `\\1` is no character of a name."""
    for part in text.parts:
        match part:
            case str():
                yield part
            case Read(least=least):
                yield f"\1{least}\1"
            case Step(inner, least):
                yield from ("(" if inner.level < least else "\1", *_shown(inner), ")")


def _goes_on(before: Turn, after: Turn) -> bool:
    """Return whether two turns are one line of the spec, but for what flows."""
    one, other = before.statement, after.statement
    return (
        (before.access, before.number + 1, before.text) == (after.access, after.number, after.text)
        and (one.lines, one.train_only) == (other.lines, other.train_only)
        and _form(one.pattern) == _form(other.pattern)
    )


def _form(pattern: Pattern) -> object:
    """Return which places of a pattern are filled."""
    if isinstance(pattern, tuple):
        return tuple(map(_form, pattern))
    return pattern is not None


def flow_of(turns: Sequence[Turn]) -> Flow | None:
    """Return the first turns through which values flow alike; none for too few of them."""
    if len(turns) < LEAST:
        return None
    sources = _sources(*turns[:2])
    agreed = list(takewhile(lambda pair: _sources(*pair) == sources, pairwise(turns)))
    if sources is None or len(agreed) + 1 < LEAST:
        return None
    carried: dict[int, Variable] = {}
    for variable, source in zip(turns[0].reads, sources, strict=True):
        if source is not None and carried.setdefault(source, variable) is not variable:
            return None
    return Flow(turns[: len(agreed) + 1], sources, carried)


def _sources(before: Turn, after: Turn) -> list[int | None] | None:
    """Return for each variable that a turn reads the number of the result that it is.

    None stands for what both turns read. There is no answer where they read anything else.
    """
    numbers = {id(variable): number for number, variable in enumerate(before.results)}
    pairs = list(zip(before.reads, after.reads, strict=True))
    if any(old is not new and id(new) not in numbers for old, new in pairs):
        return None
    return [numbers.get(id(new)) for _, new in pairs]


def unchanged(flow: Flow) -> list[Variable]:
    """Return the variables that every turn reads."""
    first, second, *_ = flow.turns
    return [old for old, new in zip(first.reads, second.reads, strict=True) if old is new]
