"""Nodes stacked into cards: a convolution, its normalisation and its activation are one picture."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from archc.backends.dot.scopes import Frame
from archc.ir.graph import Graph
from archc.ir.runs import Instance, Node

LIGHT_FAMILIES = frozenset({"activation", "dropout", "normalization", "padding", "shape"})
LARGEST_STACK = 5


class Card(Struct, frozen=True):
    """Operations in a row that are drawn as one node, first to last."""

    nodes: tuple[Node, ...]

    @property
    def is_round(self) -> bool:
        """Whether the card is the small round sign of a join: `+`, `concat`."""
        return is_join(self.nodes[0])


class Group(Struct, frozen=True):
    """A frame whose nodes are stacked; `repeat` tells how many copies stand in a row.

    `nodes` are all nodes of all copies; `items` are those of the first, and
    `last_path` is the path of the last. `is_shared` tells that a frame before it has its weights.
    """

    path: str
    instance: Instance | None
    items: "tuple[Group | Card, ...]"
    nodes: tuple[Node, ...]
    repeat: int = 1
    last_path: str = ""
    is_shared: bool = False


Item = Group | Card


def is_join(node: Node) -> bool:
    """Return whether a node brings several tensors together, element by element or end to end."""
    family = "" if node.operation is None else node.operation.family
    return family in {"arithmetic", "join"} and len(node.inputs) > 1


def is_light(node: Node) -> bool:
    """Return whether a node only follows or prepares a heavier one."""
    return node.operation is not None and node.operation.family in LIGHT_FAMILIES


def stacked(frame: Frame, graph: Graph) -> Group:
    """Return the tree of frames with the nodes of each frame stacked into cards."""
    uses = Counter(value.node.index for node in graph.nodes for value in node.inputs)
    uses.update(output.value.node.index for output in graph.outputs)
    return _group(frame, uses)


def _group(frame: Frame, uses: Counter[int]) -> Group:
    nodes = [item for item in frame.items if isinstance(item, Node)]
    leaves = sorted(nodes, key=lambda node: node.index)
    cards: list[Item] = [
        Card(tuple(stack)) for chain in _chains(leaves, uses) for stack in _stacks(chain)
    ]
    inner = [_group(item, uses) for item in frame.items if isinstance(item, Frame)]
    items = sorted([*cards, *inner], key=lambda item: item.nodes[0].index)
    shared = _is_shared(frame)
    return Group(frame.path, frame.instance, tuple(items), frame.nodes, 1, frame.path, shared)


def _is_shared(frame: Frame) -> bool:
    """Return whether each module of a frame was used before it, if there is one."""
    modules = (node for node in frame.nodes if node.operation and node.operation.is_module)
    own = [node.shared for node in modules]
    return bool(own) and all(own)


def _chains(leaves: Iterable[Node], uses: Counter[int]) -> list[list[Node]]:
    """Return runs of nodes of one frame in which each feeds the next alone."""
    chains: list[list[Node]] = []
    ends: dict[int, list[Node]] = {}
    for node in leaves:
        source = node.inputs[0].node.index if len(node.inputs) == 1 else -1
        chain = ends.pop(source, None) if uses[source] == 1 and not is_join(node) else None
        if chain is None:
            chain = list[Node]()
            chains.append(chain)
        chain.append(node)
        if not is_join(node) and node.operation is not None:
            ends[node.index] = chain
    return chains


def _stacks(chain: Sequence[Node]) -> list[list[Node]]:
    """Cut a chain between heavy nodes; the light ones go with the heavy one before them.

    Where a chain begins with a normalisation or an activation and ends with a heavy node,
    as in a pre-activation block, they go with the one after them.
    """
    prepares = _prepares(chain[0]) and not is_light(chain[-1])
    stacks: list[list[Node]] = []
    for node in chain:
        heavy = bool(stacks) and not all(map(is_light, stacks[-1]))
        cut = heavy and (prepares or not is_light(node))
        if not stacks or cut or len(stacks[-1]) == LARGEST_STACK:
            stacks.append([])
        stacks[-1].append(node)
    return stacks


def _prepares(node: Node) -> bool:
    return node.operation is not None and node.operation.family in {"activation", "normalization"}
