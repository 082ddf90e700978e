"""The graph: expanded nodes with shapes, and the tree of scopes they came from.

Back ends that count or draw leaves read `Graph.nodes`. Back ends that print
structure read templates and runs: a `Run` is one execution of a line, and the tree of
runs mirrors the tree of lines in `archc.statements`.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from archc.diagnostics import Diagnostic, Span
from archc.expressions.values import Constant
from archc.layers.base import Layer, Owned
from archc.shapes import TensorType
from archc.statements import (
    Assert,
    Block,
    Body,
    Branch,
    Child,
    Declare,
    For,
    If,
    Item,
    Join,
    LayerCall,
    Let,
    Return,
    Stage,
)

if TYPE_CHECKING:
    from networkx import MultiDiGraph

Mode = Literal["train", "eval"]


class Run(Struct, eq=False):
    """A node of the tree of runs; runs refer to one another, so each equals itself alone."""

    __repr__ = object.__repr__


class Value(Struct, frozen=True, eq=False):
    """One tensor: the result number `index` of a node.

    `via` is the path of a line whose condition was false and that passed the tensor on.
    """

    node: "Node"
    index: int
    type: TensorType
    via: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """What tells tensors apart: the node and the number of the result."""
        return self.node.index, self.index

    def __repr__(self) -> str:
        return f"<{self.node.path} {self.type}>"


class Node(Struct, frozen=True, eq=False):
    """One operation with everything known of it.

    `path` is the key prefix for a module and the place in the tree for a function.
    `shared` marks another use of a module that an earlier node owns. An input of the
    model is a node without an operation.
    """

    index: int
    path: str
    operation: Layer | None
    inputs: tuple[Value, ...]
    outputs: tuple[TensorType, ...]
    span: Span
    caller: "Instance | None" = None
    shared: bool = False
    tensors: tuple[Owned, ...] = ()
    """The parameters and buffers that the operation uses, whichever node owns them."""

    def __repr__(self) -> str:
        return f"<node {self.index} {self.path}: {self.operation or 'input'}>"

    @property
    def output(self) -> TensorType:
        """The type of the first result."""
        return self.outputs[0]

    def owned(self) -> tuple[Owned, ...]:
        """Return the parameters and buffers of this node; a shared use owns none."""
        return () if self.shared else self.tensors


class Template(Struct, frozen=True, eq=False):
    """A block's definition, or the model's; `file` tells apart blocks of one name."""

    block: Block
    file: str
    is_model: bool = False

    @property
    def name(self) -> str:
        """The block's name."""
        return self.block.name


class Operation(Run):
    """A layer or a function that ran; `call` is None where an expression made it."""

    node: Node
    call: LayerCall | None
    values: tuple[Value, ...]


class Instance(Run):
    """One call of a block: its arguments, where it stands, what ran inside."""

    template: Template
    arguments: Mapping[str, Constant]
    path: str
    inputs: tuple[Value, ...]
    call: LayerCall | None
    caller: "Instance | None"
    line: Span
    text: str
    body: "BodyRun" = field(default_factory=lambda: BodyRun(Body("list", ()), (), None, None, ""))
    values: tuple[Value, ...] = ()
    names: tuple[str, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    shared: bool = False
    file: Any = None
    """The names of the file that the block was read from; passes know its type."""

    def __repr__(self) -> str:
        return f"<{self.template.name} at {self.path or 'the root'}>"

    @property
    def depth(self) -> int:
        """How many calls lie above this one."""
        return 0 if self.caller is None else self.caller.depth + 1


class Reuse(Run):
    """A child applied again: its weights are shared."""

    path: str
    content: "ItemRun | BodyRun"
    again: "ItemRun | BodyRun"
    values: tuple[Value, ...]


class StageRun(Run):
    """A stage that ran, once a repeat; `numbered` where its copies have numbers."""

    stage: Stage
    units: "tuple[Operation | Instance | ItemRun | Reuse, ...]"
    paths: tuple[str, ...]
    numbered: bool


class ItemRun(Run):
    """A line that ran; `stages` is empty where its condition was false."""

    item: Item
    present: bool
    alternative: "ItemRun | None"
    inputs: tuple[Value, ...]
    stages: tuple[StageRun, ...]
    values: tuple[Value, ...]
    path: str

    @property
    def value(self) -> Value:
        """The first result, which the flow goes on with."""
        return self.values[0]


class ChildRun(Run):
    """A child of a body; `paths` are the slots it took, none for functions alone."""

    child: Child
    key: str
    path: str
    content: "ItemRun | BodyRun"
    values: tuple[Value, ...]


class ForRun(Run):
    """A loop: what was bound and what ran, turn by turn."""

    statement: For
    turns: "tuple[tuple[Mapping[str, Constant], BodyRun], ...]"


class IfRun(Run):
    """An `if`; `chosen` is the branch that was taken, −1 for none."""

    statement: If
    chosen: int
    body: "BodyRun | None"


class JoinRun(Run):
    """A join: the branches' values in order and the joined tensor."""

    statement: Join
    body: "BodyRun"
    branches: tuple[Value, ...]
    value: Value


class BranchRun(Run):
    """One branch of several lines under a join."""

    statement: Branch
    body: "BodyRun"


class LetRun(Run):
    """`let`: a constant or a tensor under a name."""

    statement: Let
    value: Any


class ReturnRun(Run):
    """`return`: the results of a block."""

    statement: Return
    values: tuple[Value, ...]


class SilentRun(Run):
    """A line that leaves no trace in the graph."""

    statement: Assert | Declare


EntryRun = ChildRun | ForRun | IfRun | JoinRun | BranchRun | LetRun | ReturnRun | SilentRun


class BodyRun(Run):
    """A body that ran: one run an entry, in the same order."""

    body: Body
    entries: tuple[EntryRun, ...]
    flow: Value | None
    value: Value | None
    path: str


class GraphOutput(Struct, frozen=True):
    """One result of the model; `mode` names the only mode in which it is live."""

    name: str
    value: Value
    mode: Mode | None = None


class Initialisation(Struct, frozen=True):
    """One rule of `init`, evaluated: `function` fills the tensors the selector ends in."""

    selector: tuple[str, ...]
    function: str
    arguments: tuple[Constant, ...]
    keywords: tuple[tuple[str, Constant], ...]
    matches: tuple[str, ...]


class Key(Struct, frozen=True):
    """One entry of the state dict."""

    name: str
    tensor: Owned

    @property
    def is_parameter(self) -> bool:
        """Whether the tensor is trained."""
        return self.tensor.kind == "parameter"


class Graph(Struct, frozen=True, eq=False, dict=True):
    """A checked network: every name resolved, every value with a shape, all of them used."""

    name: str
    title: str
    doc: str
    file: str
    parameters: Mapping[str, Constant]
    inputs: tuple[Node, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[GraphOutput, ...]
    root: Instance
    init: tuple[Initialisation, ...] = ()
    ties: tuple[tuple[str, str], ...] = ()
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    warnings: tuple[Diagnostic, ...] = ()
    calls: tuple[Instance, ...] = ()
    read_twice: tuple[str, ...] = ()
    """The lines whose value is both taken by the flow and read by name."""

    def __repr__(self) -> str:
        return f"<Graph {self.title}: {len(self.nodes)} nodes>"

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The state dict's keys in torch's order, with what they hold."""
        return tuple(_ordered_keys(self))

    @property
    def parameter_count(self) -> int:
        """The number of trainable numbers, a tied tensor counted once."""
        tied = {left for left, _ in self.ties}
        return sum(
            _size(key.tensor.shape)
            for key in self.keys
            if key.is_parameter and key.name not in tied
        )

    def live_outputs(self, mode: Mode) -> tuple[GraphOutput, ...]:
        """Return the outputs that exist in a mode."""
        return tuple(output for output in self.outputs if output.mode in (None, mode))

    def live_nodes(self, mode: Mode) -> tuple[Node, ...]:
        """Return the nodes that a mode's outputs need, in order; inputs are among them."""
        return tuple(_reached(self.live_outputs(mode), self.nodes))

    @cached_property
    def train_only(self) -> frozenset[int]:
        """The indices of the nodes that run in training alone."""
        kept = {node.index for node in self.live_nodes("eval")}
        return frozenset(node.index for node in self.live_nodes("train") if node.index not in kept)

    def instances(self) -> Iterator[Instance]:
        """Yield every call of a block, outer before inner, the model first."""
        yield from self.calls

    def to_networkx(self) -> "MultiDiGraph[int]":
        """Return the graph as a networkx MultiDiGraph; nodes are numbered as in `nodes`.

        Node attributes: `path`, `op`, `shape`, `dtype`, `parameters`. Edge attributes:
        `shape` and `position`, the place among the consumer's inputs.
        """
        from archc.ir.network import to_networkx

        return to_networkx(self)


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _reached(outputs: tuple[GraphOutput, ...], nodes: tuple[Node, ...]) -> list[Node]:
    """Walk backwards: nodes are in order, so one sweep from the last finds all."""
    wanted = {output.value.node.index for output in outputs}
    for node in reversed(nodes):
        if node.index in wanted:
            wanted.update(value.node.index for value in node.inputs)
    return [node for node in nodes if node.index in wanted or node.operation is None]


def _ordered_keys(graph: Graph) -> Iterator[Key]:
    tree = _Module()
    for node in graph.nodes:
        if node.operation is not None and node.operation.is_module and not node.shared:
            _register(tree, node)
    yield from _walk(tree, "", graph.declared)


class _Module:
    """A module of the tree while keys are ordered: its own tensors, its children by name."""

    __slots__ = ("children", "owned")

    def __init__(self) -> None:
        self.children: dict[str, _Module] = {}
        self.owned: list[Owned] = []

    def child(self, name: str) -> "_Module":
        return self.children.setdefault(name, _Module())


def _register(tree: _Module, node: Node) -> None:
    """Put a node's tensors at their modules: `out_proj.weight` belongs to a child of its own."""
    *parents, last = node.path.split(".")
    module = tree
    for name in parents:
        module = module.child(name)
    owned = node.owned()
    if len(owned) == 1 and not owned[0].name:
        module.owned.append(Owned(last, owned[0].shape, owned[0].dtype, owned[0].kind))
        return
    module = module.child(last)
    for tensor in owned:
        *inner, name = tensor.name.split(".")
        place = module
        for part in inner:
            place = place.child(part)
        place.owned.append(Owned(name, tensor.shape, tensor.dtype, tensor.kind))


def _walk(module: _Module, path: str, declared: Mapping[str, tuple[str, ...]]) -> Iterator[Key]:
    prefix = f"{path}." if path else ""
    for kind in ("parameter", "buffer"):
        for tensor in module.owned:
            if tensor.kind == kind:
                yield Key(prefix + tensor.name, tensor)
    names = [name for name in declared.get(path, ()) if name in module.children]
    names += [name for name in module.children if name not in names]
    for name in names:
        yield from _walk(module.children[name], prefix + name, declared)
