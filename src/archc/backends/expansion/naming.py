"""How a line calls a tensor or a module: by a path, by a name of its own, by the input's name."""

from archc.backends.expansion.tree import (
    Container,
    Line,
    Path,
    Unrolled,
    fresh,
    segments,
    value_key,
)
from archc.diagnostics import Code, CompileError, Diagnostic
from archc.expressions.tokens import KEYWORDS
from archc.ir.graph import Graph
from archc.ir.runs import Node, Value
from archc.layers.base import spec_name
from archc.shapes import Batch

_RESERVED = frozenset(
    {"True", "False", "None", "inf", "training", "in_channels", "in_features", "in_shape"}
)


class Names:
    """The names that are taken, and those that lines were given for later ones to read."""

    def __init__(self, graph: Graph, tree: Unrolled) -> None:
        self.graph = graph
        self.tree = tree
        self.used = self._used_names()
        self.inputs = {node.index: node.path for node in graph.inputs}
        self.aliases: dict[int, str] = {}
        self.statements: set[int] = set()
        """The nodes that are written as a statement, which has no key."""

    def _used_names(self) -> set[str]:
        """Return every name that a new one must not hide."""
        names: set[str] = {node.path for node in self.graph.inputs}
        for container in self.tree.containers.values():
            names |= container.keys
        for node in self.graph.inputs:
            names |= {str(size) for size in node.output.shape if isinstance(size, Batch)}
        return names | _RESERVED | KEYWORDS

    def alias(self, line: Line) -> str:
        """Return the variable of a line's result, a new one at first."""
        index = line.last.index
        if index not in self.aliases:
            self.aliases[index] = self._new_name(line.last, line.key)
        return self.aliases[index]

    def _new_name(self, node: Node, key: str) -> str:
        wanted = self.tree.names.get(node.index) or key
        if not wanted.isidentifier() and node.operation is not None:
            last = segments(node.path)[-1]
            wanted = last if last.isidentifier() else spec_name(type(node.operation)).lower()
        name = fresh(wanted, self.used)
        self.used.add(name)
        return name

    def value(self, value: Value, container: Container) -> str:
        """Return how a line of `container` calls a tensor: an alias, a path, an input's name."""
        value = self._owned(value)
        index = value.node.index
        if index in self.inputs:
            return self._input(index, container)
        line = self.tree.lines[index]
        if line.binds:
            return f"{self.alias(line)}[{value.index}]"
        if value.index:
            return self._result(value, line, container)
        if index in self.aliases:
            return self.aliases[index]
        path = self._shortest(line.container.path, line.key, value, container)
        named = path and len(value.node.outputs) == 1 and index not in self.statements
        return path if named else self.alias(line)

    def _owned(self, value: Value) -> Value:
        """Return the tensor itself for a shared use of a Parameter or Buffer."""
        owner = self.tree.owners.get(value.node.index)
        return value if owner is None else Value(owner, value.index, value.type)

    def _input(self, index: int, container: Container) -> str:
        name = self.inputs[index]
        frames = [container.path[:length] for length in range(len(container.path) + 1)]
        if any(name in self.tree.containers[frame].keys for frame in frames):
            if index not in self.aliases:
                self.aliases[index] = fresh(name, self.used)
                self.used.add(self.aliases[index])
            return self.aliases[index]
        return name

    def _result(self, value: Value, line: Line, container: Container) -> str:
        """Return the second or a later result of a layer: `lstm.h_n`."""
        node = value.node
        assert node.operation is not None
        path = self._readable((*line.container.path, line.key), container) or self.alias(line)
        names = node.operation.result_names(*(v.type for v in node.inputs))
        return f"{path}.{names[value.index]}"

    def _shortest(self, path: Path, key: str, value: Value, container: Container) -> str:
        """Return the outermost name for a value: a closed container's, else the line's own."""
        own = self._numbered_key(path, key, value)
        if not own:
            return ""
        place = (*path, own)
        while len(place) > 1 and place[:-1] != container.path[: len(place) - 1]:
            outer = self.tree.containers[place[:-1]]
            if outer.value is None or value_key(outer.value) != value_key(value):
                break
            place = place[:-1]
        return self._readable(place, container)

    def _numbered_key(self, path: Path, key: str, value: Value) -> str:
        """Return a line's key, or its number where it is a module in a list."""
        line = self.tree.lines[value.node.index]
        owner = line.node.operation is not None and line.node.operation.is_module
        if key or not owner or line.node.shared:
            return key
        return segments(line.node.path)[-1]

    def _readable(self, place: Path, container: Container) -> str:
        """Return a path from the nearest open container, or nothing where no name leads there."""
        start = len(_shared_prefix(container.path, place[:-1]))
        first, *rest = place[start:]
        if not first.isidentifier() or first in _RESERVED | KEYWORDS:
            return ""
        if any(not (part.isidentifier() or part.isdigit()) for part in rest):
            return ""
        inner = [container.path[:length] for length in range(start + 1, len(container.path) + 1)]
        if any(first in self.tree.containers[frame].keys for frame in inner):
            return ""
        return ".".join([first, *rest])

    def module(self, node: Node, container: Container) -> str:
        """Return the name by which a line applies a module again."""
        path = self._readable(segments(node.path), container)
        if not path:
            raise unsayable(node, "no name leads to the layer that is applied again")
        return path


def _shared_prefix(left: Path, right: Path) -> Path:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return left[:length]


def unsayable(node: Node, reason: str) -> CompileError:
    found = Diagnostic(
        Code.OUTPUT_FAILED,
        f"`{node.path}` cannot be written unrolled: {reason}",
        node.span,
        help="give the child a name: a mapping in place of the list",
    )
    return CompileError([found], {})
