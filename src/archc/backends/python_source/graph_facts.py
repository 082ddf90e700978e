"""Facts of a graph that its source needs: who reads a value, what a result is called."""

from collections.abc import Iterator

from archc.backends.python_source.run_kinds import is_container, is_transparent
from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    ItemRun,
    JoinRun,
    LetRun,
    Value,
    lines_in,
)


def readers(graph: Graph) -> dict[tuple[int, int], list[int]]:
    """Return for each value the nodes that read it; −1 stands for the model's output."""
    readers: dict[tuple[int, int], list[int]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            readers.setdefault(value.key, []).append(node.index)
    for output in graph.outputs:
        readers.setdefault(output.value.key, []).append(-1)
    return readers


def returned(graph: Graph) -> Iterator[tuple[int, int]]:
    """Yield the values that the class of a block returns, whether its caller reads them or not."""
    for call in graph.calls:
        if call.caller is not None and not is_transparent(call):
            yield from (value.key for value in call.values)


def given_names(graph: Graph) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield what the spec calls one of several results: `let gate: parts.1`."""
    for instance in reversed(graph.calls):
        for run in reversed(list(lines_in(instance.body))):
            match run:
                case LetRun(statement=let, value=Value() as value) if len(value.node.outputs) > 1:
                    yield value.key, let.name
                case ChildRun(content=ItemRun(stages=(), values=(value,)) as item):
                    name = item.item.target or run.key
                    if len(value.node.outputs) > 1 and not name.isdigit():
                        yield value.key, name
                case _:
                    pass


def ranges(graph: Graph) -> dict[int, tuple[int, int]]:
    """Return the first and last node of each block call."""
    ranges: dict[int, tuple[int, int]] = {}
    for node in graph.nodes:
        caller = node.caller
        while caller is not None:
            first, _ = ranges.get(id(caller), (node.index, node.index))
            ranges[id(caller)] = (first, node.index)
            caller = caller.caller
    return ranges


def numbered_children(graph: Graph) -> set[tuple[str, str]]:
    """Return the paths of modules with the numbers of their numbered children."""
    found: set[tuple[str, str]] = set()
    for path in (*(call.path for call in graph.calls), *(node.path for node in graph.nodes)):
        outer, _, name = path.rpartition(".")
        while name:
            if name.isdigit():
                found.add((outer, name))
            outer, _, name = outer.rpartition(".")
    return found


def indexed(graph: Graph) -> Iterator[str]:
    """Yield the paths of the modules whose children have numbers for names."""
    for instance in graph.instances():
        body = instance.body
        if body.body.kind == "list" or (body.body.kind == "item" and not is_transparent(instance)):
            yield instance.path
        yield from _indexed_below(body)


def _indexed_below(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[str]:
    match run:
        case BodyRun():
            if run.body.kind == "list" and run.path:
                yield run.path
            for entry in run.entries:
                yield from _indexed_below(entry)
        case ChildRun():
            yield from _indexed_below(run.content)
        case ItemRun():
            yield from _indexed_in_line(run)
        case ForRun():
            for _, body in run.turns:
                yield from _indexed_below(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _indexed_below(run.body)
        case _:
            return


def _indexed_in_line(run: ItemRun) -> Iterator[str]:
    if is_container(run, ""):
        yield run.path
    for stage in run.stages:
        for unit in stage.units:
            if isinstance(unit, ItemRun):
                yield from _indexed_below(unit)
    yield from _indexed_below(run.alternative)
