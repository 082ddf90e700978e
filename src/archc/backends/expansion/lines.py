"""The lines of the unrolled model: one a layer, an expression where it is an operator."""

from collections.abc import Iterator
from typing import Any

from archc.backends.expansion.literals import constant, index_text, key_text, scalar
from archc.backends.expansion.naming import Names, unsayable
from archc.backends.expansion.tree import Container, Line, Unrolled, fresh
from archc.expressions.tokens import MAX_LENGTH
from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.layers.base import Layer, spec_name

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@"}
_INLINE = frozenset({*_SIGNS, "neg", "getitem"})


class Lines:
    """Writes the lines of the model; what they read has the names of `names`."""

    def __init__(self, graph: Graph, tree: Unrolled, names: Names) -> None:
        self.graph = graph
        self.tree = tree
        self.names = names
        self.constants: dict[str, Any] = {}
        """Lists too long for a line, which become parameters."""

    def model(self) -> str:
        root = self.tree.root
        first = [
            f"{'- ' if root.numbered else ''}let {alias}: {self.names.inputs[index]}"
            for index, alias in self.names.aliases.items()
            if index in self.names.inputs
        ]
        return "".join(f"  {line}\n" for line in [*first, *self._body(root)])

    def _body(self, container: Container) -> Iterator[str]:
        declared = self.graph.declared.get(".".join(container.path))
        if declared:
            yield f"declare: [{', '.join(map(key_text, declared))}]"
        for entry in container.entries:
            if isinstance(entry, Container):
                yield from self._nested(entry, container)
            else:
                yield from self._line(entry)

    def _nested(self, inner: Container, outer: Container) -> Iterator[str]:
        mark = "-" if outer.numbered else f"{key_text(inner.path[-1])}:"
        comment = f"  # {inner.value.type}" if inner.value is not None else ""
        yield f"{mark}{comment}"
        for line in self._body(inner):
            yield f"  {line}"

    def _line(self, line: Line) -> Iterator[str]:
        dash = "- " if line.container.numbered else ""
        comment = f"  # {line.last.output}"
        if line.binds:
            name = self.names.alias(line)
            yield f"{dash}let {name}: {scalar(self._call(line.node, line))}{comment}"
            return
        mark = dash or f"{key_text(line.key)}: "
        text = self._item(line)
        if len(text) < MAX_LENGTH:
            yield f"{mark}{scalar(text)}{comment}"
            return
        yield from self._long_join(line, dash, comment)

    def _long_join(self, line: Line, dash: str, comment: str) -> Iterator[str]:
        """Write a join of very many tensors as a statement with a branch each."""
        assert line.node.operation is not None
        name = spec_name(type(line.node.operation))
        if name not in {"concat", "add", "mul"} or line.chained:
            raise unsayable(line.node, "its line would be longer than the language allows")
        self.names.statements.add(line.node.index)
        arguments = self._arguments(line.node.operation)
        target = self.names.aliases.get(line.node.index)
        head = f"{name}({arguments})" if arguments else name
        yield f"{dash}{head}{f' as {target}' if target else ''}:{comment}"
        for number, value in enumerate(line.node.inputs):
            key = "" if dash else f"{line.key}_of_{number}: "
            source = self.names.value(value, line.container)
            yield f"{'    ' if dash else '  '}{dash}{key}from {source}"

    def _item(self, line: Line) -> str:
        sources = self._expression(line)
        stages = [] if sources else [self._stage(line.node, line)]
        stages += [self._stage(node, line) for node in line.chained]
        if not sources and not line.implicit:
            sources = ", ".join(self.names.value(v, line.container) for v in line.node.inputs)
        text = " -> ".join(stages)
        text = f"{text} from {sources}".lstrip() if sources else text
        alias = self.names.aliases.get(line.last.index)
        return f"{text} as {alias}" if alias else text

    def _expression(self, line: Line) -> str:
        """Return an operator or an index as an expression; empty for any other node."""
        node = line.node
        if node.operation is None or node.operation.is_module:
            return ""
        name, given = spec_name(type(node.operation)), node.operation.given
        values = (
            [self.names.value(v, line.container) for v in node.inputs] if name in _INLINE else []
        )
        if name == "getitem" and len(values) == 1 and "index" in given:
            return f"{values[0]}[{', '.join(map(index_text, given['index']))}]"
        if name == "neg":
            return f"-{values[0]}"
        if name in _SIGNS and given == _implied(name, node) and len(values) == 2:
            return f" {_SIGNS[name]} ".join(values)
        if name in _SIGNS and len(values) == 1 and set(given) <= {"other", "reflected"}:
            number = constant(given["other"])
            pair = [values[0], f"({number})" if number.startswith("-") else number]
            pair = pair[::-1] if given.get("reflected") else pair
            return f" {_SIGNS[name]} ".join(pair)
        return ""

    def _stage(self, node: Node, line: Line) -> str:
        if node.shared:
            return self.names.module(node, line.container)
        assert node.operation is not None
        name, arguments = spec_name(type(node.operation)), self._arguments(node.operation)
        hidden = name in self.names.used
        return f"{name}({arguments})" if arguments or hidden else name

    def _call(self, node: Node, line: Line) -> str:
        """Return a function's call as an expression, its tensors first."""
        assert node.operation is not None
        values = [self.names.value(value, line.container) for value in node.inputs]
        arguments = self._arguments(node.operation)
        inside = ", ".join([*values, *([arguments] if arguments else [])])
        return f"{spec_name(type(node.operation))}({inside})"

    def _arguments(self, layer: Layer) -> str:
        given = dict(layer.given)
        variadic = getattr(layer, "variadic", "")
        parts = [self._constant(item) for item in given.pop(variadic, ())] if variadic else []
        for name in layer.positional:
            if name not in given:
                break
            parts.append(self._constant(given.pop(name)))
        named = [f"{name}={self._constant(value)}" for name, value in given.items()]
        return ", ".join([*parts, *named])

    def _constant(self, value: Any) -> str:
        text = constant(value)
        if len(text) < MAX_LENGTH // 2:
            return text
        for name, known in self.constants.items():
            if known == value:
                return name
        name = fresh("values", self.names.used)
        self.names.used.add(name)
        self.constants[name] = value
        return name


def _implied(name: str, node: Node) -> dict[str, Any]:
    """Return the arguments an operator between two tensors has by itself."""
    free = any(value.node.is_free for value in node.inputs)
    return {"broadcast": True} if free and name != "matmul" else {}
