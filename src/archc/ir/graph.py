"""The graph: a checked network, every name resolved and every value with a shape.

Back ends that count or draw leaves read `Graph.nodes`. Back ends that print
structure read the templates and runs of `archc.ir.runs`.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct, field

from archc.diagnostics import Diagnostic
from archc.expressions.values import Constant
from archc.given import check_choice
from archc.ir.keys import Key, ordered_keys
from archc.ir.runs import Instance, Node, Value
from archc.layers.base import Layer

if TYPE_CHECKING:
    from networkx import MultiDiGraph

Mode = Literal["train", "eval"]


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
        return tuple(ordered_keys(self.nodes, self.declared))

    @cached_property
    def kinds(self) -> frozenset[type[Layer]]:
        """The classes of layers that the network uses."""
        return frozenset(type(n.operation) for n in self.nodes if n.operation is not None)

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
        """Return the outputs that exist in a mode.

        Raises:
            CallError: there is no such mode.
        """
        check_choice("mode", mode, get_args(Mode))
        return tuple(output for output in self.outputs if output.mode in (None, mode))

    def live_nodes(self, mode: Mode) -> tuple[Node, ...]:
        """Return the nodes that a mode's outputs need, in order; inputs are among them.

        Raises:
            CallError: there is no such mode.
        """
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
