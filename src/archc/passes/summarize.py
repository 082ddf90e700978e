"""Graph → Summary: the cost table as a tree, cut at a depth, sorted, with fields and memory."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Literal

from archc.ir.costs import CostTable, NodeCost, Row, Summary
from archc.ir.fields import FieldTable
from archc.ir.graph import Graph, Mode
from archc.ir.named_nodes import last_of_calls
from archc.passes.count_costs import count_costs
from archc.passes.estimate_memory import estimate_memory
from archc.passes.trace_receptive_field import trace_receptive_field

SortKey = Literal["parameters", "macs", "weight_bytes", "activation_bytes"]


def summarize(
    graph: Graph,
    mode: Mode | None = None,
    depth: int | None = None,
    sort: SortKey | None = None,
) -> Summary:
    """Return a row a node, or with `depth` the tree of paths down to that many names.

    `sort` puts the largest first and leaves the sums of what is shown itself out.
    """
    table = count_costs(graph, mode)
    fields = trace_receptive_field(graph)
    rows = _leaves(table, fields) if depth is None else _tree(table, fields, graph, depth)
    if sort is not None:
        above = {row.path.rpartition(".")[0] for row in rows} if depth is not None else set[str]()
        kept = (row for row in rows if row.path not in above)
        rows = sorted(kept, key=attrgetter(sort), reverse=True)
    return Summary(table, fields.axes, tuple(rows), estimate_memory(graph))


def _leaves(table: CostTable, fields: FieldTable) -> list[Row]:
    return [_row((cost,), cost.path, cost.op, fields) for cost in table.nodes]


def _tree(table: CostTable, fields: FieldTable, graph: Graph, depth: int) -> list[Row]:
    """Return the rows down to `depth`, each before what stands below it."""
    calls = {instance.path: instance.text for instance in graph.instances() if instance.path}
    groups: dict[str, list[NodeCost]] = {}
    for cost in table.nodes:
        names = cost.path.split(".")
        for level in range(1, min(depth, len(names)) + 1):
            groups.setdefault(".".join(names[:level]), []).append(cost)
    ops = calls | {cost.path: cost.op for cost in table.nodes}
    ends = {path: node.index for path, node in last_of_calls(graph).items()}
    return [
        _row(costs, path, ops.get(path, ""), fields, ends.get(path))
        for path, costs in _ordered(groups)
    ]


def _ordered(
    groups: dict[str, list[NodeCost]],
) -> Iterable[tuple[str, list[NodeCost]]]:
    """Yield groups as the tree is read: what stands below a path right after it."""
    below: dict[str, list[str]] = {}
    for path in groups:
        below.setdefault(path.rpartition(".")[0], []).append(path)
    waiting = list(reversed(below.get("", [])))
    while waiting:
        path = waiting.pop()
        yield path, groups[path]
        waiting += reversed(below.get(path, []))


def _row(
    costs: Sequence[NodeCost], path: str, op: str, fields: FieldTable, end: int | None = None
) -> Row:
    """Return the row of some nodes; its shape is that at `end`, where a block's first call ends."""
    last = next((cost for cost in costs if cost.index == end), costs[-1])
    return Row(
        path.count(".") + 1,
        path,
        op,
        last.output_shape,
        last.dtype,
        sum(cost.parameters for cost in costs),
        sum(cost.buffers for cost in costs),
        sum(cost.macs for cost in costs),
        sum(cost.weight_bytes for cost in costs),
        sum(cost.activation_bytes for cost in costs),
        fields.rows[last.index],
    )
