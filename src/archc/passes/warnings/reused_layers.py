"""Lines that call an earlier one again, and read as if they made a layer of their own."""

import re
from collections.abc import Iterator

from archc import layers
from archc.diagnostics import Code, Diagnostic
from archc.ir.graph import Graph
from archc.ir.runs import ChildRun, ItemRun, Reuse, lines_in
from archc.passes.elaboration.nodes import call_chain
from archc.passes.warnings.shared_statistics import norms_called_again
from archc.spec.model import Document
from archc.statements import LayerCall


def reused_layers(document: Document, graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each line that shares another's weights, and hardly means to.

    `conv2: conv1` has the name of a next layer and is `conv1` again. A child that is called like
    a block or a layer hides it: its bare name makes no new one.
    """
    makers = {*document.blocks, *layers.NAMES}
    owners = [node.path for node in graph.nodes if node.tensors]
    for instance in graph.instances():
        for line in lines_in(instance.body):
            if not isinstance(line, ChildRun) or not isinstance(line.content, ItemRun):
                continue
            for name, again in _called_again(line.content):
                advice = _advice(line, name, again, makers)
                owns = any(f"{path}.".startswith(f"{again.path}.") for path in owners)
                if advice and owns and not any(norms_called_again(line.content)):
                    yield Diagnostic(
                        Code.DOUBTFUL_REUSE,
                        f"`{name}` is called again: two lines share its weights",
                        line.content.item.span,
                        notes=_made(name, again),
                        calls=call_chain(instance),
                        help=advice,
                        severity="warning",
                    )


def _called_again(run: ItemRun) -> Iterator[tuple[str, Reuse]]:
    """Yield each child that a line calls by its name."""
    for stage in run.chosen.stages:
        for unit in stage.units:
            if isinstance(unit, Reuse) and isinstance(stage.stage.unit, LayerCall):
                yield stage.stage.unit.name, unit


def _advice(line: ChildRun, name: str, again: Reuse, makers: set[str]) -> str:
    """Return what to write if a line was to make a layer, nothing where it is surely not."""
    if name in makers:
        return f"`{name}` is the name of a line too: for a new one write `{name}()`"
    key, run = line.key, line.content
    is_next = key != name and _without_number(key) == _without_number(name)
    if not is_next or not isinstance(run, ItemRun) or any(stage.paths for stage in run.stages):
        return ""
    text = again.content.item.text if isinstance(again.content, ItemRun) else ""
    layer = f"a layer of its own, `{key}: {text}`" if text else "lines of its own"
    return f"give `{key}` {layer}; if `{name}` is meant, a key without a number says so"


def _without_number(name: str) -> str:
    return re.sub(r"_?\d+$", "", name)


def _made(name: str, again: Reuse) -> tuple[str, ...]:
    run = again.content
    span = run.item.span if isinstance(run, ItemRun) else run.body.span
    return (f"`{name}` was made on line {span.line}",) if span.line else ()
