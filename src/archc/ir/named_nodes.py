"""The nodes that stand for what a spec names: a call of a block, a `let`, a join, an `as`."""

from collections import Counter
from collections.abc import Iterator, Mapping

from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    ChildRun,
    Instance,
    ItemRun,
    JoinRun,
    LetRun,
    Node,
    Reuse,
    Value,
    lines_in,
)


def names_of_calls(graph: Graph) -> Mapping[int, str]:
    """Return by identity what each call of a block is called: its path, again `path#2`.

    A block of one line that calls another stands at one path with it.
    """
    names: dict[int, str] = {}
    counts: Counter[tuple[str, int]] = Counter()
    for call in (call for node in graph.nodes for call in calls_around(node)):
        if id(call) not in names:
            counts[call.path, call.depth] += 1
            count = counts[call.path, call.depth]
            names[id(call)] = call.path if count == 1 else f"{call.path}#{count}"
    return names


def calls_around(node: Node) -> Iterator[Instance]:
    """Yield the calls that a node ran in, innermost first."""
    call = node.caller
    while call is not None:
        yield call
        call = call.caller


def last_of_calls(graph: Graph) -> Mapping[str, Node]:
    """Return the last node of each call of a block; the second call at a path is `path#2`."""
    names = names_of_calls(graph)
    return {names[id(call)]: node for node in graph.nodes for call in calls_around(node)}


def last_of_bodies(graph: Graph) -> Mapping[str, Node]:
    """Return what each nested body ends in; where it is applied again, `path#2` is the second."""
    counts: Counter[str] = Counter()
    last: dict[str, Node] = {}
    for call in graph.calls:
        for path, value in _bodies(call):
            counts[path] += 1
            last[path if counts[path] == 1 else f"{path}#{counts[path]}"] = value.node
    return last


def _bodies(call: Instance) -> Iterator[tuple[str, Value]]:
    """Yield the nested bodies of a call as they run, each time with its value."""
    for line in lines_in(call.body):
        match line:
            case ChildRun(path=path, content=BodyRun(), values=(value, *_)) if path:
                yield path, value
            case ChildRun(content=ItemRun(stages=stages)):
                for unit in (unit for stage in stages for unit in stage.units):
                    if isinstance(unit, Reuse) and isinstance(unit.again, BodyRun):
                        yield unit.path, unit.values[0]
            case _:
                pass


def named_values(graph: Graph) -> Mapping[str, Node]:
    """Return what made the value that `let`, `as` or a join's name has at the end of its block."""
    found: dict[str, Node] = {}
    for call in graph.calls:
        prefix = f"{call.path}." if call.path else ""
        found |= {f"{prefix}{name}": value.node for name, value in _named(call)}
    return found


def _named(call: Instance) -> Iterator[tuple[str, Value]]:
    """Yield the values of a call's lines that have a name and no path."""
    for line in lines_in(call.body):
        match line:
            case LetRun(statement, Value() as value):
                yield statement.name, value
            case JoinRun(statement=join, value=value) if join.target and not join.collects:
                yield join.target, value
            case ChildRun(content=ItemRun(item=item, values=(value, *_))) if item.target:
                if not item.collects:
                    yield item.target, value
            case _:
                pass
