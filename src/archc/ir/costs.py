"""What a network costs: one row a node, one row a block, and the totals."""

from collections.abc import Sequence

from msgspec import Struct

from archc.ir.graph import Mode
from archc.ir.runs import Node
from archc.shapes import Shape, TensorType


class NodeCost(Struct, frozen=True):
    """One layer or function: what it owns and what it computes.

    `path` is unique in the table: a second use of a path is marked `#2`.

    Units: numbers for `parameters` and `buffers`, multiply-adds a sample for `macs`.
    """

    index: int
    path: str
    op: str
    output_shape: Shape
    dtype: str
    parameters: int
    buffers: int
    macs: int
    idle: bool = False
    """Whether the node runs in training alone and its multiply-adds are left out."""


class BlockCost(Struct, frozen=True):
    """One call of a block: the sums of all that ran inside; `depth` is 1 for the outermost.

    Units: numbers for `parameters` and `buffers`, multiply-adds a sample for `macs`.
    """

    path: str
    block: str
    call: str
    depth: int
    output_shape: Shape
    parameters: int
    buffers: int
    macs: int


class CostTable(Struct, frozen=True):
    """The costs of a network in a mode; the totals are the sums of `nodes`.

    `mode` is None where parameters are those of training, heads included, and
    multiply-adds those of inference, which is what papers print.
    """

    name: str
    mode: Mode | None
    inputs: tuple[tuple[str, TensorType], ...]
    outputs: tuple[tuple[str, TensorType], ...]
    nodes: tuple[NodeCost, ...]
    blocks: tuple[BlockCost, ...]

    @property
    def parameters(self) -> int:
        """The number of trainable numbers."""
        return sum(row.parameters for row in self.nodes)

    @property
    def buffers(self) -> int:
        """The number of numbers in buffers of the state dict."""
        return sum(row.buffers for row in self.nodes)

    @property
    def macs(self) -> int:
        """The multiply-adds for one sample."""
        return sum(row.macs for row in self.nodes)

    @property
    def has_idle(self) -> bool:
        """Whether multiply-adds of layers that run in training alone are left out."""
        return any(row.idle for row in self.nodes)

    @property
    def flops(self) -> int:
        """The floating-point operations for one sample: two for each multiply-add."""
        return 2 * self.macs


def readable_paths(nodes: Sequence[Node]) -> dict[int, str]:
    """Return a path for each node by its index; no two are equal.

    A module that owns its path keeps it; functions and shared uses that would repeat
    a path are numbered from 2: `layer1.0.relu#2`.
    """
    owners = {node.path: node.index for node in nodes if _is_owner(node)}
    used = dict.fromkeys(owners, 1)
    paths: dict[int, str] = {}
    for node in nodes:
        if owners.get(node.path) == node.index:
            paths[node.index] = node.path
            continue
        used[node.path] = used.get(node.path, 0) + 1
        count = used[node.path]
        paths[node.index] = node.path if count == 1 else f"{node.path}#{count}"
    return paths


def _is_owner(node: Node) -> bool:
    return node.operation is not None and node.operation.is_module and not node.shared
