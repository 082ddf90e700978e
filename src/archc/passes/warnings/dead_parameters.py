"""Parameters that no line of their file reads: what a caller gives for them changes nothing."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.spec.model import Document
from archc.statements import words


def dead_parameters(document: Document) -> Iterator[Diagnostic]:
    """Yield a warning for each parameter that stands in no line and in no other's default."""
    lines = (document.inputs, *document.blocks.values(), document.model, document.outputs)
    read = {word for part in (*lines, document.init) for word in words(part)}
    defaults = {
        name: {*words(declaration.default)} for name, declaration in document.parameters.items()
    }
    for name in document.parameters:
        others = (said for other, said in defaults.items() if other != name)
        if name not in read and not any(name in said for said in others):
            yield Diagnostic(
                Code.DEAD_PARAMETER,
                f"nothing reads the parameter `{name}`",
                document.spans.get(f"params.{name}"),
                notes=("a value for it is taken, and changes nothing",),
                help="use it in a line, or remove it",
                severity="warning",
            )
