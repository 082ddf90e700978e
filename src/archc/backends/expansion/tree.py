"""The module tree as lines in the order they run: no blocks, no loops, one line a layer.

`unrolled(graph)` places every node in the container its path names; functions stand in
the container that is open when they run. The expansion prints the result.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from archc.backends.expansion.written import STATEMENT_WORDS, is_owner, written_names
from archc.ir.graph import Graph
from archc.ir.runs import Instance, Node, Value
from archc.layers.base import spec_name
from archc.layers.tensors import Buffer, Parameter

Path = tuple[str, ...]
ValueKey = tuple[int, int]

_KEY_OF = {"concat": "joined", "add": "sum", "mul": "product", "getitem": "part"}


class Line(Struct, eq=False):
    """One line: a node, the functions chained to it, whether the flow is its input.

    `binds` marks a function whose several results are read: it becomes a `let`.
    """

    node: Node
    container: "Container"
    key: str
    implicit: bool
    chained: list[Node] = field(default_factory=list[Node])
    binds: bool = False
    target: str = ""

    @property
    def last(self) -> Node:
        """The node whose results are the line's."""
        return self.chained[-1] if self.chained else self.node


class Container(Struct, eq=False):
    """A module that holds others: its lines and inner containers; `value` is its last flow."""

    path: Path
    numbered: bool
    keys: set[str]
    entries: "list[Line | Container]" = field(default_factory=list["Line | Container"])
    value: Value | None = None


class Unrolled(Struct, eq=False):
    """The tree of lines, where each node's line is, and the names in use."""

    root: Container
    containers: dict[Path, Container]
    lines: dict[int, Line]
    names: dict[int, str]
    flow: Value | None
    owners: dict[int, Node]
    """The Parameter or Buffer that a shared use of it stands for."""


def unrolled(graph: Graph) -> Unrolled:
    """Return the lines of a network with loops and blocks unrolled."""
    return _Unrolling(graph).result()


def value_key(value: Value) -> ValueKey:
    """Return what tells one tensor of a graph from another."""
    return value.node.index, value.index


def segments(path: str) -> Path:
    """Return the parts of a path; the root has none."""
    return tuple(path.split(".")) if path else ()


def _common(left: Path, right: Path) -> Path:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return left[:length]


class _Unrolling:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = written_names(graph)
        self.owners = _free_owners(graph)
        self.children = _children(graph)
        self.upcoming = _upcoming(graph)
        self.shared = {node.path for node in graph.nodes if node.shared}
        self.uses = Counter(value_key(v) for node in graph.nodes for v in node.inputs)
        self.uses.update(value_key(output.value) for output in graph.outputs)
        inputs = [Value(node, 0, node.output) for node in graph.inputs]
        self.flow = inputs[0] if len(inputs) == 1 else None
        self.root = self._container(())
        self.open = [self.root]
        self.containers: dict[Path, Container] = {(): self.root}
        self.lines: dict[int, Line] = {}
        self.calls: dict[Path, Instance] = {}
        """The call whose lines a container of a block holds."""

    def result(self) -> Unrolled:
        for node in self.graph.nodes:
            if node.operation is not None and node.index not in self.owners:
                self._place(node)
        self._move(())
        self.root.value = self.flow
        return Unrolled(self.root, self.containers, self.lines, self.names, self.flow, self.owners)

    def _container(self, path: Path) -> Container:
        names = self.children.get(path, [])
        declared = ".".join(path) in self.graph.declared
        numbered = not declared and names == [str(i) for i in range(len(names))]
        return Container(path, numbered, set(names))

    def _move(self, path: Path) -> None:
        """Close the containers that do not hold `path`, then open those on the way to it."""
        while path[: len(self.open[-1].path)] != self.open[-1].path:
            self.open.pop().value = self.flow
        while len(self.open[-1].path) < len(path):
            inner = self._container(path[: len(self.open[-1].path) + 1])
            self.open[-1].entries.append(inner)
            self.containers[inner.path] = inner
            self.open.append(inner)

    def _place(self, node: Node) -> None:
        owner = is_owner(node)
        path = segments(node.path)
        calls = {segments(call.path): call for call in _calls(node)}
        self._leave_other_calls(calls)
        self._move(path[:-1] if owner else self._place_of_function(node))
        if not owner and self._chains(node):
            return
        for place, call in calls.items():
            self.calls.setdefault(place, call)
        container = self.open[-1]
        key = path[-1] if owner else self._fresh_key(node, container)
        line = Line(node, container, key, self._is_flow(node))
        line.binds = not owner and any(self.uses[node.index, i] for i in range(1, _results(node)))
        container.entries.append(line)
        self._advance(node, line)

    def _leave_other_calls(self, calls: Mapping[Path, Instance]) -> None:
        """Close what holds an earlier call of a block that is called again."""
        for container in self.open:
            before, now = self.calls.get(container.path), calls.get(container.path)
            if container.path and now is not None and before not in (None, now):
                self._move(container.path[:-1])
                return

    def _advance(self, node: Node, line: Line) -> None:
        self.lines[node.index] = line
        free = isinstance(node.operation, (Parameter, Buffer))
        if not free and not line.binds:
            self.flow = Value(node, 0, node.output)

    def _place_of_function(self, node: Node) -> Path:
        """Return the deepest container that may hold a function: its block's, while it lasts."""
        current, coming = self.open[-1].path, self.upcoming[node.index]
        shared = _common(current, coming)
        block = segments(node.caller.path if node.caller else "")
        if current[: len(block)] == block:
            return max(shared, block, key=len)
        begins = block in self.children and block not in self.containers
        return block if begins and coming[: len(block)] == block else shared

    def _is_flow(self, node: Node) -> bool:
        if len(node.inputs) != 1 or self.flow is None:
            return False
        return value_key(node.inputs[0]) == value_key(self.flow)

    def _chains(self, node: Node) -> bool:
        """Append a function to the line before it, where that line has no other reader."""
        entries = self.open[-1].entries
        line = entries[-1] if entries else None
        if not isinstance(line, Line) or not self._may_chain(line, node):
            return False
        line.chained.append(node)
        self._advance(node, line)
        return True

    def _may_chain(self, line: Line, node: Node) -> bool:
        last = line.last
        alone = len(node.inputs) == 1 and value_key(node.inputs[0]) == (last.index, 0)
        simple = _results(last) == 1 and _results(node) == 1 and self.uses[last.index, 0] == 1
        free = isinstance(last.operation, (Parameter, Buffer))
        reused = line.node.path in self.shared
        operator = spec_name(type(node.operation)) == "getitem" if node.operation else True
        return alone and simple and not (free or reused or operator or node.shared)

    def _fresh_key(self, node: Node, container: Container) -> str:
        """Return a name for a line that takes no slot; a list needs none."""
        if container.numbered or node.operation is None:
            return ""
        name = spec_name(type(node.operation))
        if node.shared:
            name = f"{segments(node.path)[-1]}_again".replace("-", "_")
            name = name if name[0].isalpha() else f"again_{name.removesuffix('_again')}"
        wanted = self.names.get(node.index) or _KEY_OF.get(name, name)
        key = fresh(wanted, container.keys | STATEMENT_WORDS | self._input_names())
        container.keys.add(key)
        return key

    def _input_names(self) -> set[str]:
        return {node.path for node in self.graph.inputs}


def fresh(name: str, taken: set[str] | frozenset[str]) -> str:
    """Return `name`, with the first number from 2 that makes it new."""
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _results(node: Node) -> int:
    return len(node.outputs)


def _calls(node: Node) -> Iterator[Instance]:
    """Yield the calls of blocks that a node stands in, inner before outer."""
    call = node.caller
    while call is not None:
        yield call
        call = call.caller


def _children(graph: Graph) -> dict[Path, list[str]]:
    """Return the names of each container's children, in order."""
    children: dict[Path, dict[str, None]] = {(): {}}
    for node in graph.nodes:
        path = segments(node.path) if is_owner(node) else ()
        for length in range(len(path)):
            children.setdefault(path[:length], {})[path[length]] = None
    return {path: list(names) for path, names in children.items()}


def _free_owners(graph: Graph) -> dict[int, Node]:
    """Return for each shared use of a Parameter or Buffer the node that owns it."""
    free = [node for node in graph.nodes if isinstance(node.operation, (Parameter, Buffer))]
    owners = {node.path: node for node in free if not node.shared}
    return {node.index: owners[node.path] for node in free if node.shared}


def _upcoming(graph: Graph) -> dict[int, Path]:
    """Return for each node the container of the next module from there on."""
    following: dict[int, Path] = {}
    coming: Path = ()
    for node in reversed(graph.nodes):
        if is_owner(node):
            coming = segments(node.path)[:-1]
        following[node.index] = coming
    return following
