"""Equal neighbours drawn once: N copies in a row become one with the sign × N."""

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from archc.backends.dot.stacking import Card, Group, Item
from archc.ir.graph import Graph
from archc.ir.runs import Node


class Copies(Struct):
    """What became of the nodes that are not drawn because an equal one is.

    `stands_for` lists, for a node that is drawn, the nodes it is drawn for, itself first.
    `turns` tells of every node of a repeated group which copy it belongs to.
    """

    drawn: dict[int, int] = field(default_factory=dict[int, int])
    stands_for: dict[int, list[Node]] = field(default_factory=dict[int, list[Node]])
    turns: dict[int, dict[int, int]] = field(default_factory=dict[int, dict[int, int]])

    def drawn_index(self, index: int) -> int:
        """Return the index of the node that is drawn for this one."""
        while index in self.drawn:
            index = self.drawn[index]
        return index

    def in_different_copies(self, first: int, second: int) -> bool:
        """Return whether two nodes lie in different copies of one repeated group."""
        turns, others = self.turns.get(first, {}), self.turns.get(second, {})
        return any(others.get(group, turn) != turn for group, turn in turns.items())


def repeated(root: Group, graph: Graph) -> tuple[Group, Copies]:
    """Return the tree with equal neighbours merged, and what became of the others."""
    copies = Copies()
    consumers: dict[int, set[int]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            consumers.setdefault(value.node.index, set()).add(node.index)
    for output in graph.outputs:
        consumers.setdefault(output.value.node.index, set()).add(-1)
    return _merged(root, consumers, graph.train_only, copies), copies


def _merged(
    group: Group, consumers: dict[int, set[int]], train_only: frozenset[int], copies: Copies
) -> Group:
    runs: list[list[Item]] = []
    for item in group.items:
        last = runs[-1] if runs else []
        if last and _continues(last, item, consumers, train_only):
            last.append(item)
        else:
            runs.append([item])
    items = [_joined(_inner(run[0], consumers, train_only, copies), run, copies) for run in runs]
    return replace(group, items=tuple(items))


def _inner(
    item: Item, consumers: dict[int, set[int]], train_only: frozenset[int], copies: Copies
) -> Item:
    if isinstance(item, Card):
        return item
    return _merged(item, consumers, train_only, copies)


def _joined(first: Item, run: Sequence[Item], copies: Copies) -> Item:
    """Return the first item with the sign × N, and note where the other copies went."""
    if len(run) == 1:
        return first
    key = run[0].nodes[0].index
    for turn, item in enumerate(run):
        for node, drawn in zip(item.nodes, run[0].nodes, strict=True):
            copies.turns.setdefault(node.index, {})[key] = turn
            copies.stands_for.setdefault(drawn.index, []).append(node)
            if turn:
                copies.drawn[node.index] = drawn.index
    nodes = tuple(node for item in run for node in item.nodes)
    if isinstance(first, Card):
        return Group("", None, (first,), nodes, len(run))
    last = run[-1].path if isinstance(run[-1], Group) else ""
    return replace(first, nodes=nodes, repeat=len(run), last_path=last)


def _continues(
    run: Sequence[Item],
    item: Item,
    consumers: dict[int, set[int]],
    train_only: frozenset[int],
) -> bool:
    """Return whether `item` is one more copy: equal inside, and fed by the last copy alone."""
    last = run[-1]
    if _signature(last, train_only) != _signature(item, train_only):
        return False
    inside = {node.index for node in last.nodes}
    after = {node.index for node in item.nodes}
    feeds = {value.node.index for node in item.nodes for value in node.inputs}
    leaves = {user for index in inside for user in consumers.get(index, ())} - inside
    if not feeds & inside or not leaves <= after:
        return False
    others = feeds - inside - after
    return others <= {value.node.index for node in run[0].nodes for value in node.inputs} and (
        len(run) == 1 or _sources(last, run[-2]) == _sources(item, last)
    )


def _sources(item: Item, before: Item) -> list[int]:
    """Return from which place of the copy before each input comes, −1 for elsewhere."""
    places = {node.index: place for place, node in enumerate(before.nodes)}
    return [places.get(value.node.index, -1) for node in item.nodes for value in node.inputs]


def _signature(item: Item, train_only: frozenset[int]) -> tuple[object, ...]:
    """Return what two copies must have in common: template, layers, wiring, and the shapes.

    Calls of one block may differ in their shapes: the layers of a dense block are equal
    but for the channels that have come together before them.
    """
    places = {node.index: place for place, node in enumerate(item.nodes)}
    is_call = isinstance(item, Group) and item.instance is not None
    template = item.instance.template if isinstance(item, Group) and item.instance else None
    lines = tuple(
        (
            str(node.operation),
            node.index in train_only,
            node.shared,
            len(node.output.shape) if is_call else node.outputs,
            tuple(places.get(value.node.index, -1) for value in node.inputs),
            () if is_call else tuple(value.type for value in node.inputs),
        )
        for node in item.nodes
    )
    return (isinstance(item, Card), id(template), lines)
