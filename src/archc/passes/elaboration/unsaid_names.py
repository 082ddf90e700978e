"""Lines whose value nobody uses, found in the text: told whatever else is wrong with a file."""

from collections import Counter
from collections.abc import Iterator, Sequence

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation
from archc.expressions.syntax import Expression
from archc.passes.elaboration.scope import STAGE_INPUTS
from archc.passes.elaboration.unused import Unused
from archc.statements import (
    Assert,
    Body,
    Child,
    Declare,
    Entry,
    Item,
    LayerCall,
    Let,
    Return,
    words,
)


def unsaid_lines(body: Body, returned: Sequence[Expression]) -> Iterator[Unused]:
    """Yield the lines of a body whose name no word repeats and that the next line does not take.

    `returned` is what the outputs read.
    """
    said = Counter((*words(body), *words(tuple(returned))))
    for place, entry in enumerate(body.entries):
        call = _last_call(entry)
        if call is None or not isinstance(entry, Child) or said[entry.key] != 1:
            continue
        if _is_passed_by(body.entries[place + 1 :]):
            advice = (
                f"feed it into a later line with `from {entry.key}`, return it, or remove the line"
            )
            headline = f"nobody uses the result of `{entry.key}`"
            yield Unused(RuleViolation(Code.UNUSED_VALUE, headline, help=advice), call.span)


def _last_call(entry: Entry) -> LayerCall | None:
    """Return the one layer or function that a named line is, if it is always there."""
    item = entry.content if isinstance(entry, Child) and entry.key.isidentifier() else None
    if not isinstance(item, Item) or len(item.stages) != 1:
        return None
    if item.target or item.condition is not None:
        return None
    (last,) = item.stages
    call = last.unit if last.factor is None and isinstance(last.unit, LayerCall) else None
    is_ours = call is not None and call.name in layers.NAMES | functions.NAMES
    return (
        call if is_ours and call is not None and call.name not in {"Parameter", "Buffer"} else None
    )


def _is_passed_by(following: Sequence[Entry]) -> bool:
    """Return whether the first of the following lines that takes a tensor takes one by name."""
    for entry in following:
        match entry:
            case Let() | Assert() | Declare():
                if STAGE_INPUTS & {*words(entry)}:
                    return False
            case Child(content=Item(sources=sources, condition=None)) if sources:
                return not STAGE_INPUTS & {*words(entry)}
            case Return(values=values, condition=None):
                return bool(values) and not STAGE_INPUTS & {*words(entry)}
            case _:
                return False
    return False
