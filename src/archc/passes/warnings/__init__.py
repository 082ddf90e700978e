"""Document, Graph → what is legal in them and hardly meant, one module a warning."""

from archc.diagnostics import Code, Diagnostic, Span
from archc.ir.graph import Graph
from archc.passes.warnings.dead_parameters import dead_parameters
from archc.passes.warnings.fixed_batches import fixed_batches
from archc.passes.warnings.lost_sources import lost_sources
from archc.passes.warnings.misaligned_joins import misaligned_joins
from archc.passes.warnings.outsize_windows import outsize_windows
from archc.passes.warnings.reused_layers import reused_layers
from archc.passes.warnings.shared_statistics import shared_statistics
from archc.passes.warnings.unflattened import unflattened
from archc.spec.model import Document

_FINDERS = (
    fixed_batches,
    unflattened,
    lost_sources,
    shared_statistics,
    outsize_windows,
    misaligned_joins,
)


def warnings_of(document: Document, graph: Graph) -> tuple[Diagnostic, ...]:
    """Return the warnings about a spec and its graph, each once for all calls of its line."""
    found: dict[tuple[Code, Span | None], Diagnostic] = {}
    for warning in (*dead_parameters(document), *reused_layers(document, graph)):
        found.setdefault((warning.code, warning.primary), warning)
    for finder in _FINDERS:
        for warning in finder(graph):
            found.setdefault((warning.code, warning.primary), warning)
    return tuple(found.values())


__all__ = ["warnings_of"]
