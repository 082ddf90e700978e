"""Parameters that no line of their file, or of their block, reads: giving them changes nothing."""

from collections.abc import Iterator, Mapping

from archc.diagnostics import Code, Diagnostic, Span
from archc.spec.model import Document
from archc.statements import Block, words


def dead_parameters(document: Document) -> Iterator[Diagnostic]:
    """Yield a warning for each parameter that stands in no line and in no other's default."""
    lines = (document.inputs, *document.blocks.values(), document.model, document.outputs)
    defaults = {name: declared.default for name, declared in document.parameters.items()}
    for name in _unread((*lines, document.init), defaults):
        headline = f"nothing reads the parameter `{name}`"
        yield _warning(headline, document.spans.get(f"params.{name}"))
    for block in document.blocks.values():
        yield from _dead_arguments(block)


def _dead_arguments(block: Block) -> Iterator[Diagnostic]:
    """Yield a warning for each parameter of a block that none of its lines reads."""
    places = {argument.name: argument.span for argument in block.arguments}
    defaults = {argument.name: argument.default for argument in block.arguments}
    for name in _unread((block.body,), defaults):
        headline = f"no line of `{block.name}` reads its parameter `{name}`"
        yield _warning(headline, places[name])


def _unread(lines: tuple[object, ...], defaults: Mapping[str, object]) -> Iterator[str]:
    """Yield the parameters that neither lines nor the defaults of others name."""
    read = {*words(lines)}
    said = {name: {*words(default)} for name, default in defaults.items()}
    for name in defaults:
        if name not in read and not any(name in said[other] for other in said if other != name):
            yield name


def _warning(headline: str, place: Span | None) -> Diagnostic:
    return Diagnostic(
        Code.DEAD_PARAMETER,
        headline,
        place,
        notes=("a value for it is taken, and changes nothing",),
        help="use it in a line, or remove it",
        severity="warning",
    )
