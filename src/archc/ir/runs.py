"""What ran: one node an operation, and the tree of scopes the nodes came from.

A *run* is one execution of a line, and the tree of runs mirrors the tree of lines in
`archc.statements`. An `Instance` is one call of a block; the model is the outermost.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from archc.diagnostics import Span
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
    is_free: bool = False
    """Whether no input of the model has a part in it: all comes from Parameters and Buffers."""

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
    shared: bool = False

    def __repr__(self) -> str:
        return f"<{self.template.name} at {self.path or 'the root'}>"

    @property
    def is_again(self) -> bool:
        """Whether another line applies the child of this call again: `line` is that line."""
        return self.call is not None and self.line != self.call.span

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
    """A line that ran; `stages` is empty where its condition was false.

    `inputs` are all results that its source has, of which its first stage takes some; `names` is
    what its own are called, empty where they have numbers or there is one.
    """

    item: Item
    present: bool
    alternative: "ItemRun | None"
    inputs: tuple[Value, ...]
    stages: tuple[StageRun, ...]
    values: tuple[Value, ...]
    path: str
    names: tuple[str, ...] = ()

    @property
    def value(self) -> Value:
        """The first result, which the flow goes on with."""
        return self.values[0]

    @property
    def chosen(self) -> "ItemRun":
        """What stands here: the line itself, or where it is absent what its `else` says."""
        return self if self.alternative is None else self.alternative.chosen


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
    value: Constant | Value


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


def lines_in(run: BodyRun | EntryRun) -> Iterator[EntryRun]:
    """Yield the lines of a body and of the bodies in it, in order."""
    match run:
        case BodyRun():
            for entry in run.entries:
                yield entry
                yield from lines_in(entry)
        case ChildRun(content=BodyRun() as body) | IfRun(body=BodyRun() as body):
            yield from lines_in(body)
        case JoinRun(body=body) | BranchRun(body=body):
            yield from lines_in(body)
        case ForRun(turns=turns):
            for _, body in turns:
                yield from lines_in(body)
        case _:
            return
