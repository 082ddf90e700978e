"""Calls of one module of a list after the other, as a loop over the list.

What flows from each call to the next is one variable, which every turn assigns anew. What
all turns add to a sum is added turn by turn, in the same order: the first call starts the
sum, the loop goes on from the second.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.backends.python_source.sums import starts_a_sum, with_sum
from archc.backends.python_source.texts import (
    ITEM,
    Loop,
    Part,
    Pattern,
    Read,
    Statement,
    Step,
    Text,
    Variable,
)
from archc.backends.python_source.turns import (
    LEAST,
    MODULE_OF_A_LIST,
    Flow,
    Turn,
    flow_of,
    turns_of,
    unchanged,
)

TRIES = 3
"""With how many of the calls in a row a loop is tried to begin, lest the time be squared."""

LengthOf = Callable[[str], int]
"""How many modules a list has, by the text that reaches it."""


def rolled(
    statements: Sequence[Statement], results: Sequence[Text], length_of: LengthOf
) -> tuple[list[Statement], list[Text]]:
    """Put loops in the place of the calls that the modules of lists come to."""
    code = _Code(list(statements), list(results))
    start = tries = 0
    while start < len(code.statements):
        turns = turns_of(code.statements[start:])
        looped = _with_loop_at(start, turns, code, length_of)
        is_stuck = looped is None and len(turns) >= LEAST
        tries = tries + 1 if is_stuck else 0
        start += len(turns) if tries == TRIES else 1
        tries %= TRIES
        code = code if looped is None else looped
    return code.statements, code.results


class _Code(Struct, frozen=True):
    """A `forward`: its statements and what it returns."""

    statements: list[Statement]
    results: list[Text]


def _with_loop_at(
    start: int, turns: Sequence[Turn], code: _Code, length_of: LengthOf
) -> _Code | None:
    """Return the code with a loop in the place of turns, None if it cannot be.

    Where the first turn starts a sum, it stays and the loop begins with the second.
    """
    whole = flow_of(turns)
    if whole is not None and _may_be_loop(start, whole, (), code):
        return _looped(start, whole, {}, code, length_of)
    rest = flow_of(turns[1:])
    if rest is None:
        return None
    sums = _sums(start + 1, rest, turns[0], code)
    if sums and _may_be_loop(start + 1, rest, sums, code):
        return _looped(start + 1, rest, sums, code, length_of)
    return None


def _may_be_loop(start: int, flow: Flow, sums: Iterable[int], code: _Code) -> bool:
    """Return whether nothing reads what a loop does not keep."""
    results = {id(variable) for turn in flow.turns for variable in turn.results}
    kept = {id(variable) for variable in flow.turns[-1].results}
    kept |= {id(turn.results[number]) for turn in flow.turns for number in sums}
    return _read_later(start, flow, code) & results <= kept


def _read_later(start: int, flow: Flow, code: _Code) -> set[int]:
    """Return what expressions after turns read."""
    return {id(variable) for text in _later(start, flow, code) for variable in text.reads()}


def _with_carriers(start: int, flow: Flow, code: _Code) -> tuple[Flow, list[Statement]]:
    """Return the flow through variables of its own, and the statements that start those.

    A variable that nothing else reads again carries on what it held; another is copied.
    """
    again = _read_later(start, flow, code) | set(map(id, unchanged(flow)))
    carried: dict[int, Variable] = {}
    starts: list[Statement] = []
    for number, variable in flow.carried.items():
        carrier = replace(variable) if id(variable) in again else variable
        carrier.hints = flow.turns[-1].results[number].hints if variable.hints else ()
        carrier.may_flow = False
        carried[number] = carrier
        if carrier is not variable:
            text = Text([Read(variable)])
            starts.append(replace(flow.turns[0].statement, pattern=carrier, text=text))
        again.add(id(variable))
    return replace(flow, carried=carried), starts


def _later(start: int, flow: Flow, code: _Code) -> list[Text]:
    """Return the expressions after turns that begin at a statement."""
    after = code.statements[start + len(flow.turns) :]
    return [*(statement.text for statement in after), *code.results]


def _sums(start: int, flow: Flow, before: Turn, code: _Code) -> dict[int, Variable]:
    """Return by the number of a result what a sum of this result in all turns starts with.

    It is as train-only as the turns: nothing is added up that nobody asks for.
    """
    found: dict[int, Variable] = {}
    first = flow.turns[0].statement
    after = code.statements[start + len(flow.turns) :]
    texts = [s.text for s in after if s.train_only == first.train_only]
    texts += code.results if len(code.results) == 1 else []
    for number, part in enumerate(before.results):
        parts = [part, *(turn.results[number] for turn in flow.turns)]
        if starts_a_sum(parts, texts, _later(start, flow, code)):
            found[number] = part
    return found


def _looped(
    start: int, flow: Flow, sums: Mapping[int, Variable], code: _Code, length_of: LengthOf
) -> _Code:
    """Return the code with turns as a loop."""
    end = start + len(flow.turns)
    flow, starts = _with_carriers(start, flow, code)
    loop = _loop(flow, sums, length_of)
    statements = [*code.statements[:start], *starts, loop, *code.statements[end:]]
    looped = _Code(statements, code.results)
    for number, total in sums.items():
        parts = [total, *(turn.results[number] for turn in flow.turns)]
        looped = _summed(looped, parts)
    return _renamed(looped, _last_names(flow))


def _loop(flow: Flow, sums: Mapping[int, Variable], length_of: LengthOf) -> Statement:
    """Return turns as one statement: the first of them, with what flows in its place."""
    first, *_, last = flow.turns
    added = tuple((total, _part(number, flow)) for number, total in sums.items())
    types = {str(turn.results[0].value.type) for turn in flow.turns}
    return replace(
        first.statement,
        pattern=_filled(first.statement.pattern, _carriers(flow)),
        text=_of_item(first.statement.text, iter(_read_in_loop(flow))),
        loop=Loop(_over(flow.turns, length_of), last.results[0].value, added),
        shows_type=first.statement.shows_type and len(types) == 1,
    )


def _part(number: int, flow: Flow) -> Variable:
    """Return the variable in which a turn of the loop holds a result."""
    return flow.carried.get(number, flow.turns[0].results[number])


def _over(turns: Sequence[Turn], length_of: LengthOf) -> str:
    """Return what the loop goes through: the list, or the part of it that the turns call."""
    access, first = turns[0].access, turns[0].number
    end = first + len(turns)
    length = length_of(access)
    if (first, end) == (0, length):
        return access
    return f"{access}[{first or ''}:{'' if end == length else end}]"


def _carriers(flow: Flow) -> dict[int, Variable]:
    """Return the variables that take the first turn's results on."""
    results = flow.turns[0].results
    return {id(results[number]): variable for number, variable in flow.carried.items()}


def _last_names(flow: Flow) -> dict[int, Variable]:
    """Return under what variables the last turn's results are known after the loop."""
    results = enumerate(flow.turns[-1].results)
    return {id(result): _part(number, flow) for number, result in results}


def _filled(pattern: Pattern, names: Mapping[int, Variable]) -> Pattern:
    """Return a pattern that fills other variables."""
    match pattern:
        case Variable():
            return names.get(id(pattern), pattern)
        case None:
            return None
        case parts:
            return tuple(_filled(part, names) for part in parts)


def _summed(code: _Code, parts: Sequence[Variable]) -> _Code:
    """Return the code with a sum's total in the place of the terms that the loop has added.

    A statement that is nothing but the total gives it its name.
    """
    total = parts[0]
    total.hints = (*(f"{hint}s" for hint in total.hints if not hint.endswith("s")), "total")
    total.may_flow = False
    kept: list[Statement] = []
    same: dict[int, Variable] = {}
    for statement in code.statements:
        text = with_sum(statement.text, parts)
        if (
            text.parts == [Read(total)]
            and statement.only is not None
            and text is not statement.text
        ):
            total.hints = statement.only.hints
            same[id(statement.only)] = total
        else:
            kept.append(replace(statement, text=text))
    return _renamed(_Code(kept, [with_sum(text, parts) for text in code.results]), same)


def _read_in_loop(flow: Flow) -> list[Variable]:
    """Return what a turn of the loop reads, from left to right."""
    pairs = zip(flow.turns[0].reads, flow.sources, strict=True)
    return [read if source is None else flow.carried[source] for read, source in pairs]


def _of_item(text: Text, reads: Iterator[Variable]) -> Text:
    """Return an expression of other variables, a mark in the place of the list's module."""
    return replace(text, parts=[_part_of_item(part, reads) for part in text.parts])


def _part_of_item(part: Part, reads: Iterator[Variable]) -> Part:
    match part:
        case str():
            return MODULE_OF_A_LIST.sub(ITEM, part)
        case Read(least=least):
            return Read(next(reads), least)
        case Step(text, least):
            return Step(_of_item(text, reads), least)


def _renamed(code: _Code, names: Mapping[int, Variable]) -> _Code:
    """Return code that reads other variables."""
    statements = [replace(s, text=_with_names(s.text, names)) for s in code.statements]
    return _Code(statements, [_with_names(text, names) for text in code.results])


def _with_names(text: Text, names: Mapping[int, Variable]) -> Text:
    return replace(text, parts=[_part_with_names(part, names) for part in text.parts])


def _part_with_names(part: Part, names: Mapping[int, Variable]) -> Part:
    match part:
        case Read(variable, least):
            return Read(names.get(id(variable), variable), least)
        case Step(text, least):
            return Step(_with_names(text, names), least)
        case _:
            return part
