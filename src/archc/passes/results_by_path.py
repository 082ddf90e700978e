"""The first result of everything that has a path, with the line it comes from."""

from collections.abc import Iterator

from msgspec import Struct

from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    Operation,
)
from archc.shapes import Shape


class Result(Struct, frozen=True):
    """What a path holds: a layer, a block, a container of layers, or an input."""

    path: str
    shape: Shape
    line: int


def results_by_path(graph: Graph) -> dict[str, Result]:
    """Return the first result of every path: containers, blocks, layers, inputs."""
    found = {n.path: Result(n.path, n.output.shape, n.span.line) for n in graph.nodes}
    for result in _of(graph.root.body):
        found[result.path] = result
    return found


def _of(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[Result]:
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _of(entry)
        case ChildRun():
            yield from _of(run.content)
            if run.values:
                yield Result(run.path, run.values[0].type.shape, run.child.span.line)
        case ItemRun():
            yield from _of_line(run)
        case ForRun():
            for _, body in run.turns:
                yield from _of(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _of(run.body)
        case _:
            return


def _of_line(run: ItemRun) -> Iterator[Result]:
    for stage in run.stages:
        for unit in stage.units:
            if isinstance(unit, Instance):
                yield from _of(unit.body)
                yield Result(unit.path, unit.values[0].type.shape, unit.line.line)
            elif isinstance(unit, Operation):
                yield Result(unit.node.path, unit.values[0].type.shape, unit.node.span.line)
            elif isinstance(unit, ItemRun):
                yield from _of_line(unit)
    if run.alternative is not None:
        yield from _of_line(run.alternative)
