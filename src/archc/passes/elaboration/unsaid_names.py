"""Lines whose value nobody uses, found in the text: told whatever else is wrong with a file."""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

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
    Stage,
    words,
)


def unsaid_lines(body: Body, returned: Sequence[Expression]) -> Iterator[Unused]:
    """Yield the lines of a body whose name no word repeats and that the next line does not take.

    `returned` is what the outputs read.
    """
    said = Counter((*words(body), *words(tuple(returned))))
    for place, entry in enumerate(body.entries):
        line = _line(entry)
        if line is None or any(said[name] > own for name, own in _own_words(entry, line)):
            continue
        if _is_passed_by(body.entries[place + 1 :]):
            name = line.names[-1]
            advice = f"feed it into a later line with `from {name}`, return it, or remove the line"
            headline = f"nobody uses the result of {line.what}"
            yield Unused(RuleViolation(Code.UNUSED_VALUE, headline, help=advice), line.last.span)


class _Line(Struct, frozen=True):
    """A line that other lines can name: by which names, what messages call it, its last stage."""

    names: tuple[str, ...]
    what: str
    last: LayerCall


def _line(entry: Entry) -> _Line | None:
    """Return a line of layers and functions that has a name, if it is always there."""
    item = entry.content if isinstance(entry, Child) else None
    if not isinstance(entry, Child) or not isinstance(item, Item) or not item.stages:
        return None
    names = tuple(name for name in (entry.key, item.target) if name)
    if not names or item.collects or item.condition is not None:
        return None
    calls = [_call(stage) for stage in item.stages]
    last = calls[-1]
    if last is None or None in calls or not all(map(str.isidentifier, names)):
        return None
    what = f"`{item.target}`" if item.target else _called(entry.key, item)
    return _Line(names, what, last)


def _own_words(entry: Entry, line: _Line) -> Iterator[tuple[str, int]]:
    """Return the names of a line, and how often the line itself says each."""
    own = Counter(words(entry))
    return ((name, own[name]) for name in line.names)


def _call(stage: Stage) -> LayerCall | None:
    """Return the one layer or function that a stage is."""
    call = stage.unit if stage.factor is None and isinstance(stage.unit, LayerCall) else None
    is_ours = call is not None and call.name in layers.NAMES | functions.NAMES
    is_tensor = call is not None and call.name in {"Parameter", "Buffer"}
    return call if is_ours and not is_tensor else None


def _called(key: str, item: Item) -> str:
    """Return what a chain is called: by its function, or its name if that is no layer's path."""
    names = [stage.unit.name for stage in item.stages if isinstance(stage.unit, LayerCall)]
    if len(names) > 1 and names[-1] in functions.NAMES:
        return f"`{names[-1]}`"
    is_numbered = sum(name in layers.NAMES for name in names) > 1
    return "this line" if is_numbered else f"`{key}`"


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
