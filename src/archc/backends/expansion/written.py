"""The names that a spec gave to the results of functions and of shared layers."""

from collections.abc import Iterator

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
    Node,
    Operation,
    Reuse,
    Value,
)

STATEMENT_WORDS = frozenset({"concat", "add", "mul", "else", "branch", "assert", "return"})
Run = BodyRun | ItemRun | EntryRun


def written_names(graph: Graph) -> dict[int, str]:
    """Return the names that the spec gave to results of functions and of shared layers."""
    names: dict[int, str] = {}
    for instance in graph.instances():
        _collect_names(instance.body, names)
    return names


def _collect_names(run: Run, names: dict[int, str]) -> None:
    match run:
        case ChildRun(content=ItemRun() as item) if _is_own(item):
            _keep(run.key, run.values, names)
        case ItemRun() if _is_own(run):
            _keep(run.item.target, run.values, names)
        case LetRun(value=Value() as value):
            _keep(run.statement.name, (value,), names)
        case JoinRun():
            _keep(run.statement.target, (run.value,), names)
        case _:
            pass
    for inner in _inside(run):
        _collect_names(inner, names)


def _inside(run: Run) -> Iterator[Run]:
    """Yield the runs directly inside another; those of a called block are not among them."""
    match run:
        case BodyRun():
            yield from run.entries
        case ChildRun():
            yield run.content
        case ItemRun():
            units = (unit for stage in run.stages for unit in stage.units)
            yield from (unit for unit in units if isinstance(unit, ItemRun))
        case ForRun():
            yield from (body for _, body in run.turns)
        case JoinRun() | IfRun() | BranchRun():
            if run.body is not None:
                yield run.body
        case _:
            return


def _is_own(run: ItemRun) -> bool:
    """Return whether a line computes its value itself: it is there, and calls no block last."""
    if not run.present:
        return run.alternative is not None and _is_own(run.alternative)
    units = [unit for stage in run.stages for unit in stage.units]
    return not units or isinstance(units[-1], (Operation, Reuse))


def _keep(name: str, values: tuple[Value, ...], names: dict[int, str]) -> None:
    usable = name.isidentifier() and name not in STATEMENT_WORDS
    if usable and values and not is_owner(values[0].node):
        names.setdefault(values[0].node.index, name)


def is_owner(node: Node) -> bool:
    """Return whether a node is a module in its own slot."""
    return node.operation is not None and node.operation.is_module and not node.shared
