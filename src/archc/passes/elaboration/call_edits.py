"""Edits of a call as it stands in the file: its arguments, and where it takes its input."""

from archc.diagnostics import Edit, Span
from archc.layers.base import Layer
from archc.statements import Item, LayerCall, Stage


def without_inferred(layer: type[Layer], call: LayerCall) -> tuple[Edit, ...]:
    """Return the edits of `Conv2d(3, 64, 3, 2)`: the 3 goes, what is beyond gets its name."""
    if len(layer.inferred_names) != 1:
        return ()
    return dropped(call, layer.inferred_after), *with_names(layer, call, 1)


def with_names(layer: type[Layer], call: LayerCall, inferred: int = 0) -> tuple[Edit, ...]:
    """Return the edits that name the arguments beyond those that may go without."""
    beyond = (call.arguments or ())[len(layer.positional) + inferred :]
    return tuple(
        Edit(f"{name}=", span=_start(argument.span))
        for name, argument in zip(layer.by_name_alone(), beyond, strict=False)
    )


def source_added(call: LayerCall, name: str) -> Edit:
    """Return the edit that lets a line whose last call this is take a tensor."""
    return Edit(f" from {name}", span=_end(call.span))


def taking(item: Item, name: str) -> tuple[Edit, ...]:
    """Return the edits that let a line take another tensor; none where it takes several."""
    match item.sources, item.stages:
        case (source,), _:
            return (Edit(name, span=source.span),)
        case (), (*_, Stage(LayerCall() as call, factor=None)):
            return (source_added(call, name),)
        case _:
            return ()


def chained(item: Item, text: str) -> tuple[Edit, ...]:
    """Return the edit that puts a stage at the end of a line's chain; none where that repeats."""
    match item.stages:
        case (*_, Stage(LayerCall() as call, factor=None)):
            return (Edit(f" -> {text}", span=_end(call.span)),)
        case _:
            return ()


def dropped(call: LayerCall, index: int) -> Edit:
    """Return the edit that takes an argument and its comma out of a call."""
    spans = [*(a.span for a in call.arguments or ()), *(k.span for k in call.keywords)]
    this = spans[index]
    if index + 1 < len(spans):
        return Edit("", span=_between(_start(this), _start(spans[index + 1])))
    if index:
        return Edit("", span=_between(_end(spans[index - 1]), _end(this)))
    return Edit("", span=this)


def _start(span: Span) -> Span:
    return Span(span.file, span.line, span.column, span.line, span.column)


def _end(span: Span) -> Span:
    return Span(span.file, span.end_line, span.end_column, span.end_line, span.end_column)


def _between(first: Span, last: Span) -> Span:
    return Span(first.file, first.line, first.column, last.line, last.column)
