"""Advice where a Parameter, or another tensor without a batch, meets the samples."""

from collections.abc import Iterator

from archc.diagnostics import Advice, Code, Edit, Proposal
from archc.expressions.printing import expression_text
from archc.passes.elaboration.call_edits import chained
from archc.passes.elaboration.meetings import Meeting, Operand
from archc.passes.elaboration.nodes import is_free_tensor
from archc.shapes import Batch, Shape
from archc.statements import LayerCall


def unlike_parameter(meeting: Meeting) -> str:
    """Say how a tensor that is one for all samples gets their number, or their sizes."""
    if len(meeting.operands) != 2:
        return ""
    for free, other in _pairs(meeting):
        if is_free_tensor(free.value) and not is_free_tensor(other.value):
            attempt = _repeated if meeting.code is Code.CONCAT_SHAPES else _resized
            return attempt(free, other)
    return ""


def _pairs(meeting: Meeting) -> Iterator[tuple[Operand, Operand]]:
    first, second = meeting.operands
    yield first, second
    yield second, first


def _repeated(free: Operand, other: Operand) -> str:
    """Repeat a class token for every sample, for nothing broadcasts in a concat."""
    shape, samples = free.type.shape, other.type.shape
    fits = len(shape) == len(samples) and shape[0] == 1 and shape[2:] == samples[2:]
    if not fits or not isinstance(samples[0], Batch):
        return ""
    call = f"expand({free.name}, {samples[0]}{', -1' * (len(shape) - 1)})"
    words = f"`{free.name}` is there once, not for every sample: write `{call}`"
    return Advice(words, Edit(call, free.name)) if free.name.isidentifier() else words


def _resized(free: Operand, other: Operand) -> str:
    """Give a Parameter the size of what it is added to; one too many may be a class token's."""
    unlike = _unlike(free.type.shape, other.type.shape)
    call = _call_of(free)
    if not unlike or call is None or call.arguments is None:
        return ""
    if advice := _moved(free, other, call):
        return advice
    if len(unlike) != 1:
        return ""
    (place,) = unlike
    there = other.type.shape[place - free.type.rank]
    if isinstance(there, Batch) or len(call.arguments) != free.type.rank:
        return ""
    sizes = [*map(expression_text, call.arguments)]
    sizes[place] = str(there)
    written = f"write `{call.name}({', '.join(sizes)})` on line {call.span.line}"
    if free.type.shape[place] == there + 1 and place == free.type.rank - 2:
        token = f"`concat(expand(token, {other.type.shape[0]}, -1, -1), {other.name})`"
        return f"`{other.name}` has no class token, put it in front: {token}; or {written}"
    if isinstance(had := free.type.shape[place], int) and had > there and free.name.isidentifier():
        part = f"{free.name}[{':, ' * place}:{there}]"
        return f"`{free.name}` is longer than `{other.name}`: read `{part}`, or {written}"
    span = call.arguments[place].span
    return Proposal(
        f"`{free.name}` needs the size of `{other.name}`: {written}", Edit(f"{there}", span=span)
    )


def _moved(free: Operand, other: Operand, call: LayerCall) -> str:
    """Put the one size of a Parameter where the other tensor has it: at its channels, or last."""
    arguments, shape = call.arguments or (), other.type.shape
    places = [place for place, size in enumerate(free.type.shape) if size != 1]
    if len(places) != 1 or len(arguments) != free.type.rank or len(shape) < 3:
        return ""
    size, text = free.type.shape[places[0]], expression_text(arguments[places[0]])
    found = [place for place, there in enumerate(shape) if place and there == size]
    calls = [f"{call.name}({text}{', 1' * (len(shape) - 1 - place)})" for place in found]
    if not calls:
        return ""
    where = " and ".join(f"dimension {place}" for place in found)
    written = " or ".join(f"`{one}`" for one in calls)
    meets = f"dimension {places[0] + len(shape) - free.type.rank}"
    words = (
        f"`{free.name}` has the size of {where} of `{other.name}`, and meets {meets}: "
        f"write {written} on line {call.span.line}"
    )
    return Proposal(words, Edit(calls[0], span=call.span)) if len(calls) == 1 else words


def _unlike(free: Shape, other: Shape) -> list[int]:
    """Return the axes in which a tensor does not broadcast to another, aligned at the right."""
    missing = len(other) - len(free)
    if missing < 0:
        return []
    return [i for i, size in enumerate(free) if size not in (1, other[i + missing])]


def _call_of(free: Operand) -> LayerCall | None:
    """Return the call of the Parameter that is all of a line."""
    stages = free.line.item.stages if free.line is not None else ()
    unit = stages[0].unit if len(stages) == 1 else None
    return unit if isinstance(unit, LayerCall) and unit.name == "Parameter" else None


def turned(meeting: Meeting) -> str:
    """Turn a sequence whose features stand before its length, as `flatten(2)` leaves them."""
    if len(meeting.operands) != 2 or any(o.type.rank != 3 for o in meeting.operands):
        return ""
    fitting = [pair for pair in _pairs(meeting) if _fits_turned(*pair, meeting)]
    if not fitting:
        return ""
    wrong, _ = max(fitting, key=lambda pair: _branched(pair[0]))
    why = f"`{wrong.name}` fits with its last two dimensions turned"
    if wrong.line is None or not (edits := chained(wrong.line.item, "transpose(1, 2)")):
        return f"{why}: write `transpose({wrong.name}, 1, 2)`"
    words = f"{why}: write `-> transpose(1, 2)` at the end of line {wrong.span.line}"
    return Proposal(words, *edits)


def _branched(operand: Operand) -> tuple[bool, bool]:
    """Order by which tensor is turned: `flatten(2)` leaves one so; a line is, not an input."""
    return "flatten" in operand.text, operand.line is not None


def _fits_turned(wrong: Operand, other: Operand, meeting: Meeting) -> bool:
    batch, length, features = wrong.type.shape
    return meeting.fits(wrong.type.with_shape((batch, features, length)), other)
