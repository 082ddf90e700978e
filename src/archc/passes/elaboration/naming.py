"""What a message says of a name that means nothing here: where it is defined, what was meant."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, meant, near
from archc.ir.runs import Instance
from archc.passes.elaboration.scope import STAGE_INPUTS, FileScope, Scope
from archc.statements import Body, Branch, Child, Entry, For, If, Item, Join, Let

_ALL_AXES = 3
"""How many layers there are of a kind that differ in their axes alone."""

SHOWN = 8
"""How many of the names that can be read a message lists."""

_WORDS = {
    "true": "write `True` in an expression",
    "yes": "write `True` in an expression",
    "on": "write `True` in an expression",
    "false": "write `False` in an expression",
    "no": "write `False` in an expression",
    "off": "write `False` in an expression",
    "null": "write `None` in an expression",
    "none": "write `None` in an expression",
    "training": "`training` stands in `outputs:` alone; layers follow the module's mode anyway",
    "train": "write `training`, in `outputs:` alone",
    "input": "name the block's input, `x`, or one of its lines",
    "self": "name the block's input, `x`, or one of its lines",
}


def callee_meant(name: str, known: Iterable[str]) -> str:
    """Return the question which layer, block or function is meant by a name that none has."""
    names = tuple(known)
    found = near_callees(name, names)
    return did_you_mean(name, *found, among=names) if found else ""


def near_callees(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the layers, blocks and functions that are near to a name that none has.

    Of layers that differ in their axes alone, the one for images is meant.
    """
    names = tuple(known)
    found = tuple(other for other in names if other.lower() == name.lower() and other != name)
    found = found if len(found) == 1 else near(name, names)
    for_images = tuple(other for other in found if other.endswith("2d"))
    is_asked = len(found) == _ALL_AXES and not name[-2:-1].isdigit()
    return for_images if is_asked and for_images else found


def unfinished_name(name: str) -> RuleViolation:
    """Return the violation for the name of a child read from inside that very child."""
    return RuleViolation(
        Code.UNKNOWN_NAME,
        f"`{name}` has no value yet: this line is a part of it",
        help=f"put this line below `{name}:`, at its indentation",
    )


def unknown_name(
    name: str, scope: Scope, line: Span, known: Iterable[str], *, wants_number: bool
) -> RuleViolation:
    """Return the violation for a name that no line above defines, with what is meant of `known`."""
    instance = scope.instance
    if name in _WORDS:
        return RuleViolation(
            Code.UNKNOWN_NAME, f"`{name}` is no word of an expression", help=_word_advice(name)
        )
    place = defined_in(name, instance.template.block.body)
    if place is not None and (place.file, place.line) < (line.file, line.line):
        return absent_name(name)
    if place is not None and place.line > line.line:
        return _defined_below(name, place)
    if outside := _defined_outside(name, instance):
        return outside
    if name in functions.NAMES:
        return RuleViolation(
            Code.UNKNOWN_NAME,
            f"`{name}` is a function, and no value",
            help=f"call it with its tensor, or write it behind a layer: `-> {name}`",
        )
    names = list(dict.fromkeys(other for other in known if not other.isdigit()))
    return RuleViolation(
        Code.UNKNOWN_NAME,
        f"`{name}` is not defined above this line",
        help=meant(name, [*names, *STAGE_INPUTS])
        or (_as_layer(name, scope.file) if wants_number else "")
        or _as_parameter(name, instance)
        or (_all_of_numbers(name, names) if wants_number else _all_of(names)),
    )


def _as_layer(name: str, file: FileScope) -> str:
    """Return the question which layer or block is meant, where a name is spelt like one."""
    return callee_meant(name, [*file.blocks, *layers.NAMES]) if name[:1].isupper() else ""


def _as_parameter(name: str, instance: Instance) -> str:
    """Return how a block that takes no arguments takes one."""
    block = instance.template.block
    if instance.template.is_model or block.arguments:
        return ""
    return f"what a block is given stands in its name: `{block.name}({name}):`"


def _word_advice(name: str) -> str:
    """Return what is written in place of a word of YAML or of another language."""
    words = _WORDS[name]
    constant = next((c for c in ("True", "False", "None") if f"`{c}`" in words), "")
    return Advice(words, Edit(constant, name)) if constant else words


def _all_of_numbers(name: str, names: Sequence[str]) -> str:
    """Return what can be read where no tensor can stand."""
    if names:
        return _all_of(names)
    return f"write the value itself, or declare it: `params: {{{name}: 8}}`"


def _all_of(names: Sequence[str]) -> str:
    """Return what can be read at a line: the names above, and what else could be meant."""
    if not names:
        return "names are read from the lines above; a parameter is declared under `params:`"
    listed = ", ".join(f"`{name}`" for name in names[:SHOWN])
    more = ", …" if len(names) > SHOWN else ""
    return f"what can be read here: {listed}{more}; a parameter is declared under `params:`"


def absent_name(name: str) -> RuleViolation:
    """Return the violation for the name of a line whose condition is false."""
    return RuleViolation(
        Code.ABSENT_NAME,
        f"`{name}` does not exist here: its condition is false",
        help="give this line the same condition",
    )


def near_attribute(name: str, results: tuple[str, ...]) -> str:
    """Return what may be asked of a tensor that was asked for something else."""
    named = [result for result in results if result]
    found = near(name, ("shape", "channels", "features", *named))
    if len(found) == 1:
        return Advice(f"did you mean `.{found[0]}`?", Edit(found[0], name))
    if named:
        return f"its results are {', '.join(f'`{result}`' for result in named)}"
    return "ask `.shape`, `.channels` or `.features`; a child of a block is not seen outside"


def as_function(name: str) -> str:
    """Return what to write where an expression calls a module: its function, or a child."""
    child = f"write it as a child and use the child's name: `child: {name}(…)`"
    if name.lower() in functions.NAMES:
        return f"the function is `{name.lower()}(…)`; for the module, {child}"
    return child


def may_name(key: str, name: str) -> bool:
    """Return whether a key, which may have `{…}` parts, can stand for a name."""
    if "{" not in key:
        return key == name
    parts = [re.escape(part) for part in re.split(r"\{[^{}]*\}", key)]
    return re.fullmatch("[^.]*".join(parts), name) is not None


def defined_in(name: str, body: Body) -> Span | None:
    """Return the first place in a body's own lines that gives a value this name."""
    return _places(_Same(body)).get(name)


class _Same:
    """A body as a cache key: equal to itself alone, for comparing two would walk through both."""

    __slots__ = ("body",)

    def __init__(self, body: Body) -> None:
        self.body = body

    def __hash__(self) -> int:
        return id(self.body)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.body is other.body


@lru_cache(maxsize=32)
def _places(same: _Same) -> Mapping[str, Span]:
    """Return the first place of each name that a body's own lines give to values."""
    found: dict[str, Span] = {}
    for name, span in definitions(same.body.entries):
        found.setdefault(name, span)
    return found


def doubled(body: Body) -> Iterator[str]:
    """Yield the names that two lines of a body have: another name was meant by one of them."""
    for entry in body.entries:
        if isinstance(entry, Child) and entry.is_doubled:
            yield entry.key


def _defined_below(name: str, place: Span) -> RuleViolation:
    return RuleViolation(
        Code.UNKNOWN_NAME,
        f"`{name}` is read before it is defined: that is on line {place.line}",
        help=f"move this line below line {place.line}",
    )


def _defined_outside(name: str, instance: Instance) -> RuleViolation | None:
    caller = instance.caller
    while caller is not None:
        place = defined_in(name, caller.template.block.body)
        is_input = name in caller.template.block.inputs
        if place is not None or is_input:
            what = f"an input of `{caller.template.name}`" if is_input else "a line"
            return RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{name}` is {what} outside of the block `{instance.template.name}`",
                notes=("a block sees its parameters, its inputs and its own lines",),
                help=_input_advice(name, instance),
            )
        caller = caller.caller
    return None


def _input_advice(name: str, instance: Instance) -> str:
    block = instance.template.block
    inputs = ", ".join([*block.inputs, name])
    arguments = ", ".join(a.name for a in block.arguments)
    parameters = f"({arguments})" if arguments else "()"
    given = f"the block is given `{block.inputs[0]}`; for `{name}` too, " if block.inputs else ""
    signature = f"`{block.name}{parameters}({inputs})`"
    return f"{given}make it an input: {signature}, called with `from …, {name}`"


def definitions(entries: Iterable[Entry]) -> Iterator[tuple[str, Span]]:
    """Yield the names that lines give to values, with their places, from top to bottom."""
    for entry in entries:
        match entry:
            case Child(key, content):
                if key:
                    yield key, entry.span
                yield from _assigned(content)
            case Let(name):
                yield name, entry.span
            case For(_, _, body) | Branch(body):
                yield from definitions(body.entries)
            case If(branches):
                for _, body in branches:
                    yield from definitions(body.entries)
            case Join(_, _, target, body):
                if target:
                    yield target, entry.span
                yield from definitions(body.entries)
            case _:
                pass


def _assigned(content: Item | Body) -> Iterator[tuple[str, Span]]:
    """Yield the names that `as` and `let` give inside a child; they reach the whole block."""
    if isinstance(content, Item):
        if content.target:
            yield content.target, content.span
        return
    for entry in content.entries:
        if isinstance(entry, Child):
            yield from _assigned(entry.content)
        else:
            yield from (pair for pair in definitions((entry,)) if not isinstance(entry, Child))
