"""Calls of all modules of a list, each with the result of the one before, as one loop."""

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from archc.backends.python_source.texts import Part, Read, Statement, Step, Text, Variable

LEAST = 3
"""How many calls are worth a loop."""

_ITEM = re.compile(r"(self(?:\.\w+)+)\[(\d+)\]\(")
"""How a call of one module of a list begins."""
LengthOf = Callable[[str], int]
"""How many modules a list has, by the text that reaches it."""


def rolled(
    statements: Sequence[Statement], results: Sequence[Text], length_of: LengthOf
) -> tuple[list[Statement], list[Text]]:
    """Put a loop in the place of the calls that a list's modules come to.

    What flows through them is one variable then, which each turn assigns anew.
    """
    kept = list(statements)
    texts = list(results)
    start = 0
    while start < len(kept):
        count = _chained(kept, texts, start, length_of)
        if count:
            kept, texts = _with_loop(kept, texts, start, count)
        start += 1
    return kept, texts


def _chained(
    statements: Sequence[Statement], results: Sequence[Text], start: int, length_of: LengthOf
) -> int:
    """Return how many statements from `start` on call a whole list, 0 for none."""
    run = [statements[start]]
    listed = _list_of(run[0])
    if listed is None or listed[1] != 0:
        return 0
    for statement in statements[start + 1 :]:
        if _list_of(statement) != (listed[0], len(run)) or not _goes_on(run[-1], statement):
            break
        run.append(statement)
    flow = _flowing(run)
    if flow is None or len(run) < LEAST or len(run) != length_of(listed[0]):
        return 0
    later = _read([s.text for s in statements[start + len(run) :]] + list(results))
    inner = {id(variable) for statement in run[:-1] for variable in statement.variables}
    return 0 if id(flow) in later or inner & later else len(run)


def _read(texts: Sequence[Text]) -> set[int]:
    """Return which variables expressions read."""
    return {id(variable) for text in texts for variable in text.reads()}


def _list_of(statement: Statement) -> tuple[str, int] | None:
    """Return the list whose module a statement calls, and the module's number."""
    first = statement.text.parts[0] if statement.text.parts else None
    match = _ITEM.fullmatch(first) if isinstance(first, str) else None
    is_plain = statement.only is not None and statement.kept
    return (match[1], int(match[2])) if match is not None and is_plain else None


def _goes_on(before: Statement, after: Statement) -> bool:
    """Return whether two statements are one line of the spec, but for what flows."""
    return (before.lines, before.train_only) == (after.lines, after.train_only)


def _flowing(run: Sequence[Statement]) -> Variable | None:
    """Return what flows into the first call, if in each the result before stands in its place."""
    first, *rest = run
    flow: Variable | None = None
    for before, statement in zip(run, rest, strict=False):
        pairs = list(zip(before.text.parts[1:], statement.text.parts[1:], strict=False))
        unlike = [(a, b) for a, b in pairs if a != b]
        same = len(before.text.parts) == len(statement.text.parts)
        match unlike:
            case [(Read(taken), Read(given))] if same and given is before.only:
                flow = taken if before is first else flow
            case _:
                return None
    read = [variable is flow for variable in first.text.reads()]
    return flow if read.count(True) == 1 else None


def _with_loop(
    statements: list[Statement], results: list[Text], start: int, count: int
) -> tuple[list[Statement], list[Text]]:
    run = statements[start : start + count]
    flow, last = _flowing(run), run[-1].only
    listed = _list_of(run[0])
    assert flow is not None
    assert last is not None
    assert listed is not None
    flow.hints = last.hints if flow.hints else flow.hints
    flow.may_flow = False
    same = {id(last): flow}
    turn = replace(run[0], pattern=flow, loop=listed[0])
    after = [replace(s, text=_renamed(s.text, same)) for s in statements[start + count :]]
    texts = [_renamed(text, same) for text in results]
    return [*statements[:start], turn, *after], texts


def _renamed(text: Text, names: Mapping[int, Variable]) -> Text:
    """Return an expression that reads other variables."""
    return replace(text, parts=[_renamed_part(part, names) for part in text.parts])


def _renamed_part(part: Part, names: Mapping[int, Variable]) -> Part:
    match part:
        case Read(variable, least):
            return Read(names.get(id(variable), variable), least)
        case Step(text, least):
            return Step(_renamed(text, names), least)
        case _:
            return part
