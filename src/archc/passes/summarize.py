"""Graph → Summary: the cost table as a tree, cut at a depth, sorted, with fields and memory."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal

from archc.ir.costs import CostTable, NodeCost, Row, Summary
from archc.ir.fields import FieldTable
from archc.ir.graph import Graph, Mode
from archc.ir.named_nodes import calls_around, last_of_bodies, last_of_calls, names_of_calls
from archc.ir.runs import Node
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
    tree = _Tree(table, fields, graph, depth) if depth is not None else None
    rows = _leaves(table, fields) if tree is None else tree.rows()
    if sort is not None:
        above = {*tree.outer.values()} if tree is not None else set[str]()
        kept = (row for row in rows if row.path not in above)
        rows = sorted(kept, key=attrgetter(sort), reverse=True)
    return Summary(table, fields.axes, tuple(rows), estimate_memory(graph))


def _leaves(table: CostTable, fields: FieldTable) -> list[Row]:
    return [_row((cost,), cost.path, cost.op, fields) for cost in table.nodes]


class _Tree:
    """The rows down to a depth, each before what stands below it; each call has its own."""

    def __init__(self, table: CostTable, fields: FieldTable, graph: Graph, depth: int) -> None:
        self.table = table
        self.fields = fields
        self.graph = graph
        self.depth = depth
        self.calls = names_of_calls(graph)
        self.bodies = _ends_of_bodies(graph)
        self.groups: dict[str, list[NodeCost]] = {}
        self.outer: dict[str, str] = {}
        """Each row and the row that it stands below, empty for the outermost."""
        for cost in table.nodes:
            self._add(cost, graph.nodes[cost.index])

    def rows(self) -> list[Row]:
        """Return the rows as the tree is read: what stands below a path right after it."""
        named = [(self.calls.get(id(call), ""), call.text) for call in self.graph.calls]
        first = {call.path: call.text for call in self.graph.instances() if call.path}
        ops = dict(named) | first | {cost.path: cost.op for cost in self.table.nodes}
        ends = {path: node.index for path, node in last_of_calls(self.graph).items()}
        return [
            _row(costs, path, ops.get(path, ""), self.fields, ends.get(path))
            for path, costs in self._ordered()
        ]

    def _add(self, cost: NodeCost, node: Node) -> None:
        """Put a node into the rows above it and, where the depth reaches it, into its own."""
        names = cost.path.split(".")
        calls = {call.path: self.calls[id(call)] for call in calls_around(node)}
        above = ""
        for level in range(1, min(self.depth, len(names)) + 1):
            path = ".".join(names[:level])
            shown = path if level == len(names) else self._shown(path, above, calls, node.index)
            self.outer[shown] = above
            self.groups.setdefault(shown, []).append(cost)
            above = shown

    def _shown(self, path: str, above: str, calls: Mapping[str, str], index: int) -> str:
        """Return what the row of a path above a node is called: `head#2` where it runs again."""
        if path in calls:
            return calls[path]
        if path in self.bodies:
            runs = self.bodies[path]
            return next((name for end, name in runs if index <= end), runs[-1][1])
        _, sign, number = above.rpartition(".")[2].partition("#")
        return f"{path}{sign}{number}"

    def _ordered(self) -> Iterable[tuple[str, list[NodeCost]]]:
        below: dict[str, list[str]] = {}
        for path in self.groups:
            below.setdefault(self.outer[path], []).append(path)
        waiting = list(reversed(below.get("", [])))
        while waiting:
            path = waiting.pop()
            yield path, self.groups[path]
            waiting += reversed(below.get(path, []))


def _ends_of_bodies(graph: Graph) -> Mapping[str, Sequence[tuple[int, str]]]:
    """Return where each run of nested lines ends, in order, with what the run is called."""
    ends: dict[str, list[tuple[int, str]]] = {}
    for name, node in last_of_bodies(graph).items():
        path = name.partition("#")[0]
        if node.path.startswith(f"{path}."):
            ends.setdefault(path, []).append((node.index, name))
    return {path: runs for path, runs in ends.items() if runs == sorted(runs)}


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
