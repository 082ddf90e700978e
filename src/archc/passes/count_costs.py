"""Graph → CostTable: what each node owns, computes and makes."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from archc.ir.costs import CostTable, NodeCost, readable_paths
from archc.ir.graph import Graph, Mode
from archc.ir.runs import Node
from archc.layers.base import Owned
from archc.shapes import elements, item_bytes


@lru_cache(maxsize=2)
def count_costs(graph: Graph, mode: Mode | None = None) -> CostTable:
    """Return what a network costs: one row a live node.

    With a mode, what is not live in it is left out. Without one, the parameters are
    those of training and the multiply-adds those of inference: a head that runs in
    training alone is a row of 0 multiply-adds.

    Units: numbers for parameters and buffers, multiply-adds for one sample.
    """
    nodes = [node for node in graph.live_nodes(mode or "train") if node.operation is not None]
    idle: frozenset[int] = frozenset() if mode else graph.train_only
    paths = readable_paths(nodes)
    ownership = _Ownership(graph, nodes)
    rows = tuple(_row(node, paths[node.index], ownership, idle) for node in nodes)
    return CostTable(
        graph.title,
        mode,
        tuple((node.path, node.output) for node in graph.inputs),
        tuple((o.name, o.value.type) for o in graph.live_outputs(mode or "train")),
        rows,
    )


class _Share(Struct, frozen=True):
    """What one node adds to the totals."""

    parameters: int = 0
    buffers: int = 0
    bytes: int = 0


class _Ownership:
    """Counts every tensor once: where it is first used, a tied one at the key that is kept."""

    def __init__(self, graph: Graph, nodes: Sequence[Node]) -> None:
        self.ties = dict(graph.ties)
        self.keys = {key for node in nodes for key, _ in _tensors(node)}
        self.counted: set[str] = set()

    def share(self, node: Node) -> _Share:
        """Return the sizes of the tensors that this node is the first to use."""
        sizes = {"parameter": 0, "buffer": 0, "transient": 0}
        total = 0
        for key, tensor in _tensors(node):
            kept = self._kept(key)
            if kept not in self.counted and (kept == key or kept not in self.keys):
                self.counted.add(kept)
                count = elements(tensor.shape)
                sizes[tensor.kind] += count
                total += count * item_bytes(tensor.dtype)
        return _Share(sizes["parameter"], sizes["buffer"], total)

    def _kept(self, key: str) -> str:
        """Return the key that a tied key stands for."""
        for _ in self.ties:
            if key not in self.ties:
                break
            key = self.ties[key]
        return key


def _tensors(node: Node) -> Iterator[tuple[str, Owned]]:
    if node.operation is None or not node.operation.is_module:
        return
    for tensor in node.tensors:
        yield f"{node.path}.{tensor.name}" if tensor.name else node.path, tensor


def _row(node: Node, path: str, ownership: _Ownership, idle: frozenset[int]) -> NodeCost:
    assert node.operation is not None
    inputs = [value.type for value in node.inputs]
    share = ownership.share(node)
    is_idle = node.index in idle
    return NodeCost(
        node.index,
        path,
        str(node.operation),
        node.output.shape,
        node.output.dtype,
        share.parameters,
        share.buffers,
        0 if is_idle else node.operation.multiply_adds(inputs, node.outputs),
        share.bytes,
        0 if node.operation.is_view else sum(kind.bytes for kind in node.outputs),
        is_idle,
    )
