"""Advice where a line takes, or names, another tensor than was meant."""

import re
from collections.abc import Iterator

from archc.diagnostics import Advice, Edit, Proposal
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression, Logical
from archc.ir.runs import ItemRun
from archc.passes.elaboration.advice_on_channels import channel_place
from archc.passes.elaboration.call_edits import taking
from archc.passes.elaboration.meetings import Meeting, Operand, way_to
from archc.statements import Item, LayerCall

SHORTCUT = re.compile(r"(down(sample)?|short(cut)?|skip|ident(ity)?|residual|proj(ection)?)\w*")
"""What lines are called that lead the input of a block past its layers."""


def taken_elsewhere(meeting: Meeting) -> str:
    """A line took another tensor than was meant: from an input of the block it would fit.

    A shortcut that begins at the end of what it goes around is meant to begin before that, also
    where something else keeps both from fitting.
    """
    for line, other in _both_orders(meeting):
        run = line.line
        if run is None or not run.present or not run.inputs:
            continue
        taken = run.inputs[0]
        way = way_to(line, taken)
        if way is None or (taken.key != other.value.key and not _is_given(run, meeting)):
            continue
        for name, value in meeting.inputs.items():
            if value.key != taken.key and meeting.fits(way.end({}, value.type), other):
                is_certain = _begins_behind(line, other)
                return (Advice if is_certain else Proposal)(*_source(line, other, name))
        if _begins_behind(line, other) and len(meeting.inputs) == 1:
            return Proposal(*_source(line, other, *meeting.inputs))
    return ""


def _begins_behind(line: Operand, other: Operand) -> bool:
    """Return whether a shortcut has no `from`, and the line above it is what it goes around."""
    assert line.line is not None
    is_shortcut = SHORTCUT.fullmatch(line.name) is not None and not line.line.item.sources
    return is_shortcut and line.line.inputs[0].key == other.value.key


def _is_given(run: ItemRun, meeting: Meeting) -> bool:
    """Return whether a line says `from` and names an input of the block."""
    keys = {value.key for value in meeting.inputs.values()}
    return bool(run.item.sources) and run.inputs[0].key in keys


def _source(line: Operand, other: Operand, name: str) -> tuple[str, *tuple[Edit, ...]]:
    """Return what to say of a line that should take an input of the block, and how it does."""
    assert line.line is not None
    sources = line.line.item.sources
    if sources:
        taken = f"from `{expression_text(sources[0])}`"
        reason = f"`{line.name}` does not fit {taken}, and fits from `{name}`"
    else:
        reason = f"`{line.name}` has no `from`, so it takes the line above, `{other.name}`"
    words = f"{reason}: write `{line.name}: … from {name}`"
    return words, *taking(line.line.item, name)


def passed_in(meeting: Meeting) -> str:
    """A block of several inputs was given the wrong ones: swapped, or another line's."""
    inputs, instance = meeting.inputs, meeting.scope.instance
    if len(inputs) < 2 or instance.caller is None:
        return ""
    where = f"`{instance.text}` on line {instance.line.line}"
    for given, other in _both_orders(meeting):
        if given.name not in inputs or inputs[given.name].key != given.value.key:
            continue
        if _fits_swapped(given, other, meeting):
            return f"swap the inputs of {where}: in the other order they fit"
        for name, value in meeting.outside():
            if meeting.fits(value.type, other) and value.key != other.value.key:
                return (
                    f"`{name}` has the size of `{other.name}`: pass it as `{given.name}` to {where}"
                )
    return ""


def _fits_swapped(given: Operand, other: Operand, meeting: Meeting) -> bool:
    for value in meeting.inputs.values():
        way = way_to(other, value) if value.key != given.value.key else None
        if way is not None and meeting.fits(way.end({}, given.type), Operand(given.name, value)):
            return True
    return False


def left_out(meeting: Meeting) -> str:
    """A line that is left out stands for its input, which does not fit."""
    for line, other in _both_orders(meeting):
        if not line.is_left_out or line.line is None or line.line.item.condition is None:
            continue
        source = line.stands_for.strip("`")
        for name, value in meeting.inputs.items():
            if name != source and meeting.fits(value.type, other):
                return (
                    f"`{name}` has the shape of `{other.name}`: write `{line.name}: … from {name}`"
                )
        if advice := _other_width(line.line.item, other, source, meeting):
            return advice
        wanted = _missing_conditions(line, other, source, meeting)
        if wanted:
            asked = _asked(line.line.item.condition, wanted)
            words = f"the condition of `{line.name}` must hold here too: let it be `if {asked}`"
            return Proposal(words, Edit(asked, span=line.line.item.condition.span))
    return ""


def _other_width(item: Item, other: Operand, source: str, meeting: Meeting) -> str:
    """Write the width that a shortcut has, and that its condition asks, on the main path too."""
    place = channel_place(other, meeting)
    asked = f"{source}.channels != "
    texts = [expression_text(part) for part in _parts(item.condition)]
    width = next((text.removeprefix(asked) for text in texts if text.startswith(asked)), "")
    calls = [stage.unit for stage in item.stages if isinstance(stage.unit, LayerCall)]
    made = [expression_text(given) for call in calls for given in (call.arguments or ())[:1]]
    if place is None or place.home is not meeting.scope.instance or width not in made:
        return ""
    if place.text == width:
        return ""
    call = place.written(**{place.name: width})
    have = f"`{other.name}` has `{place.text}` channels, and line {item.span.line} makes `{width}`"
    return Proposal(
        f"{have}: write `{call}` on line {place.line}", Edit(call, span=place.call.span)
    )


def _parts(condition: Expression | None) -> tuple[Expression, ...]:
    """Return the alternatives of a condition, of which one must hold."""
    if isinstance(condition, Logical) and condition.operator == "or":
        return condition.operands
    return () if condition is None else (condition,)


def _asked(condition: Expression, wanted: list[str]) -> str:
    """Return a condition that asks something more, or rightly what it asked wrongly."""
    asked = {text.split()[0] for text in wanted} | {"False"}
    kept = [
        text
        for part in _parts(condition)
        if not asked & set((text := expression_text(part)).split())
    ]
    return " or ".join([*kept, *wanted])


def _missing_conditions(line: Operand, other: Operand, source: str, meeting: Meeting) -> list[str]:
    """Return what a shortcut's condition should ask: a stride, or the channels, or both."""
    wanted: list[str] = []
    if line.lengths != other.lengths:
        strides = [name for name, value in meeting.strides().items() if value > 1]
        wanted += [f"{name} != 1" for name in strides[:1]]
        if not strides:
            return []
    if line.channels != other.channels:
        place = channel_place(other, meeting)
        if place is None or not source.replace("_", "a").isalnum():
            return []
        wanted.append(f"{source}.channels != {place.text}")
    return wanted


def other_line(meeting: Meeting) -> str:
    """A line above that nothing reads yet has the shape that is wanted."""
    for wrong, other in _both_orders(meeting):
        for name, value in meeting.unread():
            if not name.isdigit() and meeting.fits(value.type, other):
                question = f"did you mean `{name}` in place of `{wrong.name}`?"
                return f"{question} it has the shape of `{other.name}`"
    return ""


def _both_orders(meeting: Meeting) -> Iterator[tuple[Operand, Operand]]:
    first, second = meeting.operands
    yield first, second
    yield second, first
