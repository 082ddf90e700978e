"""Normalisation layers that are called twice: both calls move one running mean."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.ir.runs import ChildRun, ItemRun, Node, Operation, Reuse, lines_in
from archc.passes.elaboration.nodes import call_chain
from archc.passes.warnings.wording import layer_name


def shared_statistics(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each line that calls a normalisation again which another line made.

    A block that is called again shares all it has, which is meant; a layer by itself hardly.
    """
    for instance in graph.instances():
        for line in lines_in(instance.body):
            if not isinstance(line, ChildRun) or not isinstance(line.content, ItemRun):
                continue
            for node in norms_called_again(line.content):
                yield Diagnostic(
                    Code.SHARED_STATISTICS,
                    f"`{node.path}` is called again: one running mean serves two places",
                    line.content.item.span,
                    notes=(f"it was made on line {node.span.line}",),
                    calls=call_chain(instance),
                    help=f"give this line a layer of its own: `{layer_name(node)}`",
                    severity="warning",
                )


def norms_called_again(run: ItemRun) -> Iterator[Node]:
    """Yield the normalisations with statistics that a line calls by the name of another line."""
    units = [unit for stage in run.stages for unit in stage.units]
    for again in (unit.again for unit in units if isinstance(unit, Reuse)):
        inner = again.stages if isinstance(again, ItemRun) else ()
        for unit in (unit for stage in inner for unit in stage.units):
            if isinstance(unit, Operation) and _has_statistics(unit.node):
                yield unit.node


def _has_statistics(node: Node) -> bool:
    return any(tensor.name == "running_mean" for tensor in node.tensors)
