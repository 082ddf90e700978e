"""Lines whose value nobody uses, found in the text: told whatever else is wrong with a file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.scope import STAGE_INPUTS
from archc.passes.elaboration.unused import Unused, unread_inputs, unread_lets
from archc.spec.model import Document
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
    lines_of,
    words,
)

OF_ONE_CALL = frozenset(
    {
        Code.ARGUMENTS,
        Code.TOO_MANY_POSITIONAL,
        Code.ARGUMENT_VALUE,
        Code.EXPRESSION_VALUE,
        Code.UNKNOWN_CALLEE,
        Code.WINDOW,
        Code.DIVISIBILITY,
    }
)
"""What is wrong with the name or the numbers of one call: no reason why another line is unused."""


def report_unsaid(document: Document, builder: NodeBuilder) -> None:
    """Report what no word of a network with mistakes reads, as far as none of them may be why.

    A line that failed may have read any tensor, but reads no name that it does not hold; and
    a name that a message says to write is not unused once it is written.
    """
    if document.mistakes or document.is_partial:
        return
    told = [(d.code, d.primary.line) for d in builder.diagnostics if d.primary is not None]
    unsure = {line for code, line in told if code not in OF_ONE_CALL}
    asked = [*words(tuple(str(d.help) for d in builder.diagnostics))]
    ran = {id(call.template.block.body): call for call in reversed(builder.calls)}
    for body, said in _bodies(document):
        for unused in unread_lets(body, [*said, *asked]):
            if unused.span.line not in {line for _, line in told}:
                builder.report(unused.violation, unused.span, None)
        if id(body) in ran and not unsure & {*lines_of(body)}:
            for unused in unsaid_lines(body, [*said, *asked]):
                builder.report(unused.violation, unused.span, ran[id(body)])
    for block in document.blocks.values():
        if not unsure & {block.span.line, *lines_of(block.body)}:
            for violation in unread_inputs(block, asked):
                builder.report(violation, block.span, None)


def _bodies(document: Document) -> Iterator[tuple[Body, list[str]]]:
    """Yield the bodies of a file, each with the words outside of it that read its names."""
    for block in document.blocks.values():
        yield block.body, []
    yield document.model, [*words(tuple(output.value for output in document.outputs))]


def unsaid_lines(body: Body, asked: Iterable[str]) -> Iterator[Unused]:
    """Yield the lines of a body whose name no word repeats and that the next line does not take.

    `asked` is what is read elsewhere: by outputs, by what messages say to write.
    """
    said = Counter((*words(body), *asked))
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
