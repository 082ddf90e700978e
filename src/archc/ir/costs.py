"""What a network costs: one row a node, and the totals."""

from collections.abc import Sequence

from msgspec import Struct

from archc.ir.fields import Field, InputAxis
from archc.ir.graph import Mode
from archc.ir.runs import Node
from archc.shapes import Shape, TensorType


class NodeCost(Struct, frozen=True, gc=False):
    """One layer or function: what it owns and what it computes.

    `path` is unique in the table: a second use of a path is marked `#2`.

    Units: numbers for `parameters` and `buffers`, multiply-adds a sample for `macs`, bytes for
    `weight_bytes` (parameters and buffers) and for `activation_bytes` (its results, a sample).
    """

    index: int
    path: str
    op: str
    output_shape: Shape
    dtype: str
    parameters: int
    buffers: int
    macs: int
    weight_bytes: int
    activation_bytes: int
    idle: bool = False
    """Whether the node runs in training alone and its multiply-adds are left out."""


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
    def weight_bytes(self) -> int:
        """The bytes of parameters and buffers."""
        return sum(row.weight_bytes for row in self.nodes)

    @property
    def has_idle(self) -> bool:
        """Whether multiply-adds of layers that run in training alone are left out."""
        return any(row.idle for row in self.nodes)

    @property
    def flops(self) -> int:
        """The floating-point operations for one sample: two for each multiply-add."""
        return 2 * self.macs


class Memory(Struct, frozen=True):
    """The most that activations take at one time. Units: bytes for one sample."""

    inference: int
    training: int


class Row(Struct, frozen=True):
    """One line of a summary: a node, or all that stands below a path.

    `level` is the number of names in the path; `fields` are those of the last node.

    Units: as those of `NodeCost`.
    """

    level: int
    path: str
    op: str
    output_shape: Shape
    dtype: str
    parameters: int
    buffers: int
    macs: int
    weight_bytes: int
    activation_bytes: int
    fields: tuple[Field | None, ...]


class Summary(Struct, frozen=True):
    """A cost table as a person asked for it, with receptive fields and memory.

    `axes` are the axes of the inputs that the rows' `fields` are of.
    """

    table: CostTable
    axes: tuple[InputAxis, ...]
    rows: tuple[Row, ...]
    memory: Memory


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
