"""Calls of one module of a list after the other, as a loop over the list.

What flows from each call to the next is one variable, which every turn assigns anew. What
all turns add to a sum is added turn by turn, in the same order: the first call starts the
sum, the loop goes on from the second.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from archc.backends.python_source.forward_code import ForwardCode
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
    code = ForwardCode(statements, results)
    start = tries = 0
    while start < len(code.statements):
        turns = turns_of(code.statements, start)
        is_looped = _put_loop(start, turns, code, length_of)
        is_stuck = not is_looped and len(turns) >= LEAST
        tries = tries + 1 if is_stuck else 0
        start += len(turns) if tries == TRIES else 1
        tries %= TRIES
    return code.statements, code.results


def _put_loop(start: int, turns: Sequence[Turn], code: ForwardCode, length_of: LengthOf) -> bool:
    """Put a loop in the place of turns; return whether it can be.

    Where the first turn starts a sum, it stays and the loop begins with the second.
    """
    whole = flow_of(turns)
    if whole is not None and _may_be_loop(start, whole, (), code):
        _put(start, whole, {}, code, length_of)
        return True
    rest = flow_of(turns[1:])
    sums = _sums(start + 1, rest, turns[0], code) if rest is not None else {}
    if rest is None or not sums or not _may_be_loop(start + 1, rest, sums, code):
        return False
    _put(start + 1, rest, sums, code, length_of)
    return True


def _may_be_loop(start: int, flow: Flow, sums: Iterable[int], code: ForwardCode) -> bool:
    """Return whether nothing reads what a loop does not keep."""
    end = start + len(flow.turns)
    lost = [
        variable
        for turn in flow.turns[:-1]
        for number, variable in enumerate(turn.results)
        if number not in sums
    ]
    return not any(code.is_read_from(end, variable) for variable in lost)


def _with_carriers(start: int, flow: Flow, code: ForwardCode) -> tuple[Flow, list[Statement]]:
    """Return the flow through variables of its own, and the statements that start those.

    A variable that nothing else reads again carries on what it held; another is copied.
    """
    end = start + len(flow.turns)
    again = {*unchanged(flow)}
    carried: dict[int, Variable] = {}
    starts: list[Statement] = []
    for number, variable in flow.carried.items():
        is_copied = variable in again or code.is_read_from(end, variable)
        carrier = replace(variable) if is_copied else variable
        carrier.hints = flow.turns[-1].results[number].hints if variable.hints else ()
        carrier.may_flow = False
        carried[number] = carrier
        if is_copied:
            text = Text([Read(variable)])
            starts.append(replace(flow.turns[0].statement, pattern=carrier, text=text))
        again.add(variable)
    return replace(flow, carried=carried), starts


def _sums(start: int, flow: Flow, before: Turn, code: ForwardCode) -> dict[int, Variable]:
    """Return by the number of a result what a sum of this result in all turns starts with.

    It is as train-only as the turns: nothing is added up that nobody asks for.
    """
    found: dict[int, Variable] = {}
    first = flow.turns[0].statement
    for number, part in enumerate(before.results):
        parts = [part, *(turn.results[number] for turn in flow.turns)]
        readers = [*code.readers_from(start + len(flow.turns), parts)]
        texts = [t for t, s in readers if s is not None and s.train_only == first.train_only]
        texts += code.results if len(code.results) == 1 else []
        if starts_a_sum(parts, texts, [text for text, _ in readers]):
            found[number] = part
    return found


def _put(
    start: int, flow: Flow, sums: Mapping[int, Variable], code: ForwardCode, length_of: LengthOf
) -> None:
    """Put turns into the code as a loop."""
    end = start + len(flow.turns)
    flow, starts = _with_carriers(start, flow, code)
    code.put(start, end, [*starts, _loop(flow, sums, length_of)])
    for number, total in sums.items():
        _put_sum(code, [total, *(turn.results[number] for turn in flow.turns)])
    code.rename(_last_names(flow))


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


def _carriers(flow: Flow) -> dict[Variable, Variable]:
    """Return the variables that take the first turn's results on."""
    results = flow.turns[0].results
    return {results[number]: variable for number, variable in flow.carried.items()}


def _last_names(flow: Flow) -> dict[Variable, Variable]:
    """Return under what variables the last turn's results are known after the loop."""
    return {result: _part(number, flow) for number, result in enumerate(flow.turns[-1].results)}


def _filled(pattern: Pattern, names: Mapping[Variable, Variable]) -> Pattern:
    """Return a pattern that fills other variables."""
    match pattern:
        case Variable():
            return names.get(pattern, pattern)
        case None:
            return None
        case parts:
            return tuple(_filled(part, names) for part in parts)


def _put_sum(code: ForwardCode, parts: Sequence[Variable]) -> None:
    """Put a sum's total into the code, in the place of the terms that the loop has added.

    A statement that is nothing but the total gives it its name.
    """
    total = parts[0]
    total.hints = (*(f"{hint}s" for hint in total.hints if not hint.endswith("s")), "total")
    total.may_flow = False
    kept: list[Statement] = []
    same: dict[Variable, Variable] = {}
    for statement in code.statements:
        text = with_sum(statement.text, parts)
        is_changed = text is not statement.text
        if is_changed and text.parts == [Read(total)] and statement.only is not None:
            total.hints = statement.only.hints
            same[statement.only] = total
        else:
            kept.append(replace(statement, text=text) if is_changed else statement)
    code.rewrite(kept, [with_sum(text, parts) for text in code.results])
    code.rename(same)


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
