"""`archc expand`: the same network with loops and blocks unrolled and shapes as comments."""

from collections.abc import Iterator
from typing import Any

from archc.backends.unrolled import (
    Container,
    Line,
    Path,
    Unrolled,
    fresh,
    segments,
    unrolled,
    value_key,
)
from archc.diagnostics import Code, CompileError, Diagnostic
from archc.expressions.printing import constant_text, sequence_text
from archc.expressions.tokens import KEYWORDS, MAX_LENGTH
from archc.expressions.values import LayerName
from archc.ir.graph import Graph, Initialisation
from archc.ir.runs import Node, Value
from archc.layers.base import Layer, spec_name
from archc.layers.tensors import Buffer, Parameter
from archc.shapes import Batch, TensorType

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@"}
_RESERVED = frozenset(
    {"True", "False", "None", "inf", "training", "in_channels", "in_features", "in_shape"}
)


def expansion_text(graph: Graph) -> str:
    """Return a spec of the same network without blocks, parameters and loops.

    It elaborates to the same keys, shapes, order and costs; each line is followed by
    the shape of its result.

    Raises:
        CompileError: a line that the language cannot say unrolled.
    """
    return _Expansion(graph).text()


class _Expansion:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tree: Unrolled = unrolled(graph)
        self.used = self._used_names()
        self.inputs = {node.index: node.path for node in graph.inputs}
        self.aliases: dict[int, str] = {}
        self.statements: set[int] = set()
        self.constants: dict[str, Any] = {}

    def text(self) -> str:
        """Print until no line needs another name for a later one to read."""
        known, model, outputs = -1, "", ""
        while known != len(self.used) + len(self.statements):
            known = len(self.used) + len(self.statements)
            model, outputs = self._model(), self._outputs()
        parts = [self._head(), self._constants(), "model:\n", model, outputs]
        return "".join([*parts, self._init(), self._ties()])

    def _used_names(self) -> set[str]:
        """Return every name that a new one must not hide."""
        names: set[str] = {node.path for node in self.graph.inputs}
        for container in self.tree.containers.values():
            names |= container.keys
        for node in self.graph.inputs:
            names |= {str(size) for size in node.output.shape if isinstance(size, Batch)}
        return names | _RESERVED | KEYWORDS

    def _head(self) -> str:
        lines = ["archc: 1", f"name: {self.graph.title}"]
        if self.graph.doc:
            lines.append(f"doc: {quoted(self.graph.doc)}")
        lines.append("inputs:")
        lines += [f"  {node.path}: {_input_text(node.output)}" for node in self.graph.inputs]
        return "\n".join(lines) + "\n"

    def _constants(self) -> str:
        """Return lists too long for a line as parameters, which may be of any length."""
        lines = [f"  {name}: {_data_text(value)}\n" for name, value in self.constants.items()]
        return "params:\n" + "".join(lines) if lines else ""

    def _model(self) -> str:
        root = self.tree.root
        first = [
            f"{'- ' if root.numbered else ''}let {alias}: {self.inputs[index]}"
            for index, alias in self.aliases.items()
            if index in self.inputs
        ]
        return "".join(f"  {line}\n" for line in [*first, *self._body(root)])

    def _body(self, container: Container) -> Iterator[str]:
        declared = self.graph.declared.get(".".join(container.path))
        if declared:
            yield f"declare: [{', '.join(map(_key_text, declared))}]"
        for entry in container.entries:
            if isinstance(entry, Container):
                yield from self._nested(entry, container)
            else:
                yield from self._line(entry)

    def _nested(self, inner: Container, outer: Container) -> Iterator[str]:
        mark = "-" if outer.numbered else f"{_key_text(inner.path[-1])}:"
        comment = f"  # {inner.value.type}" if inner.value is not None else ""
        yield f"{mark}{comment}"
        for line in self._body(inner):
            yield f"  {line}"

    def _line(self, line: Line) -> Iterator[str]:
        dash = "- " if line.container.numbered else ""
        comment = f"  # {line.last.output}"
        if line.binds:
            name = self._alias(line)
            yield f"{dash}let {name}: {_scalar(self._call(line.node, line))}{comment}"
            return
        mark = dash or f"{_key_text(line.key)}: "
        text = self._item(line)
        if len(text) < MAX_LENGTH:
            yield f"{mark}{_scalar(text)}{comment}"
            return
        yield from self._long_join(line, dash, comment)

    def _long_join(self, line: Line, dash: str, comment: str) -> Iterator[str]:
        """Write a join of very many tensors as a statement with a branch each."""
        assert line.node.operation is not None
        name = spec_name(type(line.node.operation))
        if name not in {"concat", "add", "mul"} or line.chained:
            raise _unsayable(line.node, "its line would be longer than the language allows")
        self.statements.add(line.node.index)
        arguments = self._arguments(line.node.operation)
        target = self.aliases.get(line.node.index)
        head = f"{name}({arguments})" if arguments else name
        yield f"{dash}{head}{f' as {target}' if target else ''}:{comment}"
        for number, value in enumerate(line.node.inputs):
            key = "" if dash else f"{line.key}_of_{number}: "
            source = self._value(value, line.container)
            yield f"{'    ' if dash else '  '}{dash}{key}from {source}"

    def _item(self, line: Line) -> str:
        sources = self._expression(line)
        stages = [] if sources else [self._stage(line.node, line)]
        stages += [self._stage(node, line) for node in line.chained]
        if not sources and not line.implicit:
            sources = ", ".join(self._value(v, line.container) for v in line.node.inputs)
        text = " -> ".join(stages)
        text = f"{text} from {sources}".lstrip() if sources else text
        alias = self.aliases.get(line.last.index)
        return f"{text} as {alias}" if alias else text

    def _expression(self, line: Line) -> str:
        """Return an operator or an index as an expression; empty for any other node."""
        node = line.node
        if node.operation is None or node.operation.is_module:
            return ""
        name, given = spec_name(type(node.operation)), node.operation.given
        values = [self._value(v, line.container) for v in node.inputs] if name in _INLINE else []
        if name == "getitem" and len(values) == 1 and "index" in given:
            return f"{values[0]}[{', '.join(map(_index_text, given['index']))}]"
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
            return self._module(node, line.container)
        assert node.operation is not None
        name, arguments = spec_name(type(node.operation)), self._arguments(node.operation)
        hidden = name in self.used
        return f"{name}({arguments})" if arguments or hidden else name

    def _call(self, node: Node, line: Line) -> str:
        """Return a function's call as an expression, its tensors first."""
        assert node.operation is not None
        values = [self._value(value, line.container) for value in node.inputs]
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
        name = fresh("values", self.used)
        self.used.add(name)
        self.constants[name] = value
        return name

    def _alias(self, line: Line) -> str:
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

    def _value(self, value: Value, container: Container) -> str:
        """Return how a line of `container` calls a tensor: an alias, a path, an input's name."""
        value = self._owned(value)
        index = value.node.index
        if index in self.inputs:
            return self._input(index, container)
        line = self.tree.lines[index]
        if line.binds:
            return f"{self._alias(line)}[{value.index}]"
        if value.index:
            return self._result(value, line, container)
        if index in self.aliases:
            return self.aliases[index]
        path = self._shortest(line.container.path, line.key, value, container)
        named = path and len(value.node.outputs) == 1 and index not in self.statements
        return path if named else self._alias(line)

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
        path = self._readable((*line.container.path, line.key), container)
        if not path:
            raise _unsayable(node, "a later result of a numbered child has no name inside its list")
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

    def _module(self, node: Node, container: Container) -> str:
        """Return the name by which a line applies a module again."""
        path = self._readable(segments(node.path), container)
        if not path:
            raise _unsayable(node, "no name leads to the layer that is applied again")
        return path

    def _outputs(self) -> str:
        outputs = self.graph.outputs
        if len(outputs) == 1 and outputs[0].name == "output" and self._is_last(outputs[0].value):
            return ""
        lines = ["outputs:"]
        for output in outputs:
            mode = {"train": " if training", "eval": " if not training", None: ""}[output.mode]
            lines.append(f"  {output.name}: {self._value(output.value, self.tree.root)}{mode}")
        return "\n".join(lines) + "\n"

    def _is_last(self, value: Value) -> bool:
        flow = self.tree.flow
        return flow is not None and value_key(flow) == value_key(value)

    def _init(self) -> str:
        rules: dict[str, str] = {}
        blocks = {instance.template.name for instance in self.graph.instances()}
        for rule in self.graph.init:
            kept = not blocks.intersection(rule.selector[:-1]) and rule.matches
            for selector in [".".join(rule.selector)] if kept else rule.matches:
                rules.pop(selector, None)
                rules[selector] = _rule_text(rule)
        lines = [f"  {selector}: {_scalar(text)}\n" for selector, text in rules.items()]
        return "init:\n" + "".join(lines) if lines else ""

    def _ties(self) -> str:
        lines = [f"  {left}: {right}\n" for left, right in self.graph.ties]
        return "tie:\n" + "".join(lines) if lines else ""


_INLINE = frozenset({*_SIGNS, "neg", "getitem"})


def _implied(name: str, node: Node) -> dict[str, Any]:
    """Return the arguments an operator between two tensors has by itself."""
    free = any(isinstance(v.node.operation, (Parameter, Buffer)) for v in node.inputs)
    return {"broadcast": True} if free and name != "matmul" else {}


def _shared_prefix(left: Path, right: Path) -> Path:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return left[:length]


def _index_text(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if bound is None else str(bound) for bound in item[-3:])  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def constant(value: Any) -> str:
    """Return a plain value as the language writes it; the batch is its letter."""
    if isinstance(value, (Batch, LayerName)):
        return str(value)
    if isinstance(value, tuple):
        return sequence_text([constant(item) for item in value], "()")  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return constant_text(value)


def _rule_text(rule: Initialisation) -> str:
    named = [f"{name}={constant(value)}" for name, value in rule.keywords]
    inside = ", ".join([*map(constant, rule.arguments), *named])
    return f"{rule.function}({inside})" if inside else rule.function


def _input_text(kind: TensorType) -> str:
    return str(kind)


def _data_text(value: Any) -> str:
    """Return a nested list as YAML data."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_data_text, value))}]"  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else constant(value)


def _key_text(key: str) -> str:
    return f"'{key}'" if key in _QUOTED else key


_QUOTED = frozenset({"concat", "add", "mul", "else", "branch", "assert", "return", "declare"})


def quoted(text: str) -> str:
    """Return any text as one double-quoted YAML scalar."""
    import json

    return json.dumps(text, ensure_ascii=True)


def _scalar(text: str) -> str:
    """Return a line as a plain YAML scalar, in single quotes where it would not be one."""
    plain = ": " not in text and " #" not in text and not text.endswith(":")
    if plain and (text[0].isalnum() or text[0] in "_("):
        return text
    return "'" + text.replace("'", "''") + "'"


def _unsayable(node: Node, reason: str) -> CompileError:
    found = Diagnostic(
        Code.OUTPUT_FAILED,
        f"`{node.path}` cannot be written unrolled: {reason}",
        node.span,
        help="give the child a name: a mapping in place of the list",
    )
    return CompileError([found], {})
