"""Writing `forward`: one statement a line of the spec, in the file's order."""

import keyword
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from archc.backends.python_source.layout import Line
from archc.backends.python_source.structure import (
    Structure,
    Unit,
    is_container,
    is_module,
    is_transparent,
    last_line,
    one_line,
)
from archc.expressions.printing import string_literal
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    LetRun,
    Node,
    Operation,
    ReturnRun,
    Reuse,
    Value,
)
from archc.layers.base import Function
from archc.layers.tensors import Buffer, Parameter

Key = tuple[int, int, str]


class Statement(Struct, eq=False):
    """One assignment of `forward` before its variable has a name."""

    value: Value
    text: "Text"
    hint: str
    lines: tuple[int, int]
    train_only: bool
    raw: bool = False


class Text(Struct, eq=False):
    """An expression with holes for the variables it reads."""

    parts: list["str | Value"] = field(default_factory=list["str | Value"])
    infix: bool = False

    def filled(self, names: dict[Key, str]) -> str:
        """Return the expression with the variables' names in place."""
        return "".join(p if isinstance(p, str) else names[key_of(p)] for p in self.parts)

    def reads(self) -> list[Value]:
        """Return the values the expression reads."""
        return [part for part in self.parts if isinstance(part, Value)]


def key_of(value: Value) -> Key:
    """Return the key of a value in tables: its node, its number, the line it passed."""
    return value.node.index, value.index, value.via


class ForwardWriter:
    """Writes the `forward` of one instance."""

    def __init__(self, instance: Instance, structure: Structure, optional: frozenset[str]) -> None:
        self.instance = instance
        self.structure = structure
        self.optional = optional
        self.texts: dict[Key, Text] = {}
        self.statements: list[Statement] = []
        self.batch: Value | None = instance.inputs[0] if instance.inputs else None
        self.return_lines: tuple[int, int] | None = None

    def lines(self) -> list[Line]:
        """Return the body of `forward`."""
        for value in self.instance.inputs:
            self.texts[key_of(value)] = Text([value])
        self._body(self.instance.body)
        return Naming(self).lines()

    def text_of(self, value: Value) -> Text:
        """Return the expression of a value: its variable, or what an expression made of it."""
        if value.via and key_of(value) not in self.texts:
            value = Value(value.node, value.index, value.type)
        key = key_of(value)
        if key not in self.texts:
            results = tuple(Value(value.node, i, t) for i, t in enumerate(value.node.outputs))
            self._function(value.node, results)
        return self.texts[key]

    def settle(self, values: Iterable[Value]) -> None:
        """Give an expression to each value that has none yet."""
        for value in values:
            self.texts.setdefault(key_of(value), self.text_of(value))

    def _body(self, run: BodyRun) -> None:
        for entry in run.entries:
            self._entry(entry, run.path)

    def _entry(self, entry: EntryRun, path: str) -> None:
        match entry:
            case ChildRun():
                self._child(entry, path)
            case ForRun(turns=turns):
                for _, body in turns:
                    self._body(body)
            case IfRun(body=body) if body is not None:
                self._body(body)
            case JoinRun():
                self._join(entry)
            case BranchRun(body=body):
                self._body(body)
            case LetRun(statement=let, value=Value() as value):
                self._assign_once(value, let.name, _lines(entry))
            case ReturnRun(statement=line, values=values) if values:
                self._return(values, (line.span.line, line.span.end_line))
            case _:
                pass

    def _child(self, run: ChildRun, path: str) -> None:
        if isinstance(run.content, BodyRun):
            self._nested(run.content, run.key)
            return
        span, item = run.child.span, run.content.item
        lines = (span.line, max(span.end_line, item.span.end_line))
        self._item(run.content, item.target or run.key, lines, path)

    def _nested(self, body: BodyRun, key: str) -> None:
        """Call a body that is a sequence; write another one's lines here."""
        if not self.structure.is_sequence(body):
            self._body(body)
            return
        call = self.structure.call(body)
        text = self._called(self._access(body.path), call.inputs)
        span = body.body.span
        self._assign(call.values[0], text, key, (span.line, last_line(span)))

    def _item(self, run: ItemRun, hint: str, lines: tuple[int, int], path: str) -> None:
        run = run.chosen
        if not run.present:
            self._absent(run, hint, lines)
            return
        if not run.stages:
            self._assign_once(run.values[0], hint, lines)
            return
        self.settle(run.inputs)
        self._chain(run, path, hint, lines)

    def _absent(self, run: ItemRun, hint: str, lines: tuple[int, int]) -> None:
        """Pass the input through the `nn.Identity` that stands for a line of other instances."""
        (passed,) = run.values
        if passed.via and self.relative(passed.via) in self.optional:
            source = Value(passed.node, passed.index, passed.type)
            text = Text([f"{self._access(passed.via)}(", *self.text_of(source).parts, ")"])
            self._assign(passed, text, hint, lines)

    def relative(self, path: str) -> str:
        """Return a path as seen from the instance."""
        own = self.instance.path
        return path[len(own) :].lstrip(".") if own else path

    def _chain(self, run: ItemRun, path: str, hint: str, lines: tuple[int, int]) -> None:
        """Write a chain as one nested expression and give its result a name."""
        self._stages(run, path, hint, lines)
        for index, value in enumerate(run.values):
            text = self.texts.get(key_of(value))
            if index and value.key not in self.structure.readers:
                continue
            if text is not None and not self._is_simple(text, run):
                self._assign(value, text, hint, lines)

    def _stages(self, run: ItemRun, path: str, hint: str, lines: tuple[int, int]) -> None:
        """Write a chain's units one into the other; a container is called once, as a whole."""
        whole: Text | None = None
        if is_container(run, path) and self.structure.is_sequence(run):
            whole = self._called(self._access(run.path), run.inputs)
        for stage in run.stages:
            for unit in stage.units:
                if whole is None or not stage.paths:
                    self._unit(unit, hint, lines)
                elif not isinstance(unit, Reuse):
                    self.texts |= {key_of(value): whole for value in unit.values}

    def _is_simple(self, text: Text, run: ItemRun) -> bool:
        """Return whether a text is a variable or a tensor the module owns."""
        if len(text.parts) == 1 and isinstance(text.parts[0], Value):
            return True
        operation = run.values[0].node.operation
        return isinstance(operation, (Parameter, Buffer)) and len(run.stages) == 1

    def _unit(self, unit: Unit, hint: str, lines: tuple[int, int]) -> None:
        match unit:
            case Operation(node):
                self._operation(node, unit.values)
            case Instance():
                self._instance(unit, hint, lines)
            case ItemRun():
                self._inner(unit, hint, lines)
            case Reuse(again=again):
                self._again(again, hint, lines)

    def _again(self, run: ItemRun | BodyRun, hint: str, lines: tuple[int, int]) -> None:
        if isinstance(run, BodyRun):
            self._nested(run, hint)
        else:
            self._inner(run, hint, lines)

    def _inner(self, run: ItemRun, hint: str, lines: tuple[int, int]) -> None:
        run = run.chosen
        self.settle(run.inputs)
        self._stages(run, "", hint, lines)

    def _operation(self, node: Node, values: tuple[Value, ...]) -> None:
        operation = node.operation
        assert operation is not None
        if isinstance(operation, (Parameter, Buffer)):
            self.texts[key_of(values[0])] = Text([self._access(node.path)])
        elif is_module(node):
            self._module_call(node, values)
        else:
            self._function(node, values)

    def _module_call(self, node: Node, values: tuple[Value, ...]) -> None:
        operation = node.operation
        assert operation is not None
        read = self.structure.read_results(node)
        holes = operation.call_arguments([f"\0{i}\0" for i in range(len(node.inputs))], read)
        text = self._with_holes(f"{self._access(node.path)}({holes})", node.inputs)
        self._results(operation.result_suffixes, text, values, read)

    def _results(
        self,
        suffixes: tuple[str, ...],
        text: Text,
        values: tuple[Value, ...],
        read: frozenset[int],
    ) -> None:
        """Give each result its text; where several are read, the call gets a variable."""
        if len(read) > 1:
            whole = Value(values[0].node, -1, values[0].type)
            self._assign(whole, text, values[0].node.path.rpartition(".")[2], None, raw=True)
            text = Text([whole])
        for value, suffix in zip(values, suffixes, strict=True):
            self.texts[key_of(value)] = Text([*text.parts, suffix]) if suffix else text

    def _function(self, node: Node, values: tuple[Value, ...]) -> None:
        operation = node.operation
        assert isinstance(operation, Function)
        holes = [f"\0{i}\0" for i in range(len(node.inputs))]
        text = self._with_holes(operation.forward(holes, batch="\0batch\0"), node.inputs, operation)
        text.infix = bool(operation.operator)
        count = len(node.outputs)
        suffixes = ("",) if count == 1 else tuple(f"[{i}]" for i in range(count))
        self._results(suffixes, text, values, self.structure.read_results(node))

    def _with_holes(
        self, pattern: str, inputs: Sequence[Value], function: Function | None = None
    ) -> Text:
        """Put the inputs' expressions where the pattern has marks."""
        binds = function is not None and bool(function.operator)
        parts: list[str | Value] = []
        for index, piece in enumerate(pattern.split("\0")):
            if index % 2 == 0:
                parts.append(piece)
            elif piece == "batch":
                parts += [self.batch, ".shape[0]"] if self.batch is not None else ["-1"]
            else:
                inner = self.text_of(inputs[int(piece)])
                receiver = function is not None and function.method and piece == "0"
                wrap = inner.infix and (binds or receiver)
                parts += ["(", *inner.parts, ")"] if wrap else inner.parts
        return Text([part for part in parts if part != ""])

    def _instance(self, instance: Instance, hint: str, lines: tuple[int, int]) -> None:
        if not is_transparent(instance):
            text = self._called(self._access(instance.path), instance.inputs)
            self._instance_results(instance, text, hint, lines)
            return
        self.settle(instance.inputs)
        item = one_line(instance)
        if item is not None:
            self._inner(item, hint, lines)
            return
        self._body(instance.body)
        self.settle(instance.values)

    def _instance_results(
        self, instance: Instance, text: Text, hint: str, lines: tuple[int, int]
    ) -> None:
        if len(instance.values) == 1:
            self.texts[key_of(instance.values[0])] = text
            return
        whole = Value(instance.values[0].node, -1, instance.values[0].type)
        self._assign(whole, text, hint, lines, raw=True)
        for index, value in enumerate(instance.values):
            self.texts[key_of(value)] = Text([whole, f"[{index}]"])

    def _called(self, access: str, inputs: Iterable[Value]) -> Text:
        parts: list[str | Value] = [f"{access}("]
        for index, value in enumerate(inputs):
            parts += [", "] if index else []
            parts += self.text_of(value).parts
        return Text([*parts, ")"])

    def _join(self, run: JoinRun) -> None:
        """Write the branches, then the join; branches that are one expression stand in it."""
        before = len(self.statements)
        self._body(run.body)
        self._fold(before, {key_of(value) for value in run.branches})
        node = run.value.node
        self._function(node, (run.value,))
        lines = (run.statement.span.line, last_line(run.body.body.span))
        hint = run.statement.target or run.statement.operation
        self._assign(run.value, self.texts[key_of(run.value)], hint, lines)

    def _fold(self, start: int, branches: set[Key]) -> None:
        """Put branches that are one statement, read by the join alone, into the join."""
        added = self.statements[start:]
        readers = self.structure.readers
        if all(
            key_of(s.value) in branches and len(readers.get(s.value.key, ())) == 1 for s in added
        ):
            for statement in added:
                self.texts[key_of(statement.value)] = statement.text
            del self.statements[start:]

    def _return(self, values: tuple[Value, ...], lines: tuple[int, int]) -> None:
        self.return_lines = lines
        self.settle(values)

    def _assign_once(self, value: Value, hint: str, lines: tuple[int, int]) -> None:
        if key_of(value) not in self.texts:
            self._assign(value, self.text_of(value), hint, lines)

    def _assign(
        self,
        value: Value,
        text: Text,
        hint: str,
        lines: tuple[int, int] | None,
        raw: bool = False,
    ) -> None:
        """Append a statement and let the value be read by its variable from here on."""
        graph = self.structure.graph
        train_only = self.instance.caller is None and value.node.index in graph.train_only
        place = lines or (value.node.span.line, value.node.span.line)
        self.statements.append(Statement(value, text, _identifier(hint), place, train_only, raw))
        self.texts[key_of(value)] = Text([value])

    def _access(self, path: str) -> str:
        """Return how `forward` reaches a module: `self.encoder.layers[0]`."""
        relative = self.relative(path)
        text, place = "self", self.instance.path
        for name in relative.split(".") if relative else ():
            text = self._step(text, place, name)
            place = f"{place}.{name}" if place else name
        return text

    def _step(self, text: str, place: str, name: str) -> str:
        if name.isdigit() and place in self.structure.indexed:
            return f"{text}[{name}]"
        if name.isidentifier() and not keyword.iskeyword(name):
            return f"{text}.{name}"
        return f"getattr({text}, {string_literal(name)})"


class Naming:
    """Gives the statements of a `forward` their variables; a value nobody else needs reuses one."""

    def __init__(self, writer: ForwardWriter) -> None:
        self.writer = writer
        self.statements = writer.statements
        self.instance = writer.instance
        self.names: dict[Key, str] = {}
        self.results = [writer.texts[key_of(v)] for v in self._result_values()]
        self.last = self._last_reads()
        model = self.instance.caller is None and len(self.results) > 1
        self.outputs = {key_of(v) for t in self.results for v in t.reads()} if model else set[Key]()

    def _result_values(self) -> tuple[Value, ...]:
        if self.instance.caller is not None:
            return self.instance.values
        values = tuple(output.value for output in self.writer.structure.graph.outputs)
        self.writer.settle(values)
        return values

    def _last_reads(self) -> dict[Key, int]:
        last: dict[Key, int] = {}
        for index, statement in enumerate(self.statements):
            for value in statement.text.reads():
                last[key_of(value)] = index
        for text in self.results:
            for value in text.reads():
                last[key_of(value)] = len(self.statements)
        return last

    def lines(self) -> list[Line]:
        """Return the statements as lines, a `return` at the end."""
        for value, name in zip(self.instance.inputs, input_names(self.instance), strict=True):
            self.names[key_of(value)] = name
        lines: list[Line] = []
        training = False
        for index, statement in enumerate(self.statements):
            if self._is_returned(index):
                return [*lines, self._final(statement)]
            if statement.train_only and not training:
                lines.append(Line(0, "if self.training:"))
            training = statement.train_only
            lines.append(self._line(index, statement))
        return [*lines, *self._returns()]

    def _is_returned(self, index: int) -> bool:
        """Return whether a statement is the last one and its value the only result."""
        if index != len(self.statements) - 1 or len(self.results) != 1:
            return False
        return self.results[0].parts == [self.statements[index].value]

    def _final(self, statement: Statement) -> Line:
        returned = f"return {statement.text.filled(self.names)}"
        return Line(0, returned, self._comment(statement))

    def _line(self, index: int, statement: Statement) -> Line:
        text = statement.text.filled(self.names)
        name = self._name(index, statement)
        self.names[key_of(statement.value)] = name
        depth = 1 if statement.train_only else 0
        return Line(depth, f"{name} = {text}", self._comment(statement))

    def _comment(self, statement: Statement) -> str:
        place = _place(statement.lines)
        if self.instance.caller is not None or statement.raw:
            return place
        return f"{place}: {statement.value.type}"

    def _name(self, index: int, statement: Statement) -> str:
        """Choose the flow's variable for a value the next statement alone reads, else its own."""
        live = {
            self.names[key] for key, last in self.last.items() if last > index and key in self.names
        }
        key = key_of(statement.value)
        first = input_names(self.instance)[0] if self.instance.inputs else "x"
        flows = self.last.get(key, index) == index + 1 and not statement.train_only
        flows = flows and key not in self.outputs
        candidates = ["x" if first != "x" else first, "out"] if flows else []
        hint = statement.hint if statement.hint and not statement.hint.isdigit() else "x"
        candidates += [hint, *(f"{hint}_{n}" for n in range(1, len(self.statements) + 2))]
        return next(name for name in candidates if name not in live and name != "self")

    def _returns(self) -> list[Line]:
        if self.instance.caller is not None:
            texts = [text.filled(self.names) for text in self.results]
            return [Line(0, f"return {', '.join(texts)}", self._return_comment())]
        return self._model_returns()

    def _return_comment(self) -> str:
        lines = self.writer.return_lines
        return _place(lines) if lines is not None else ""

    def _model_returns(self) -> list[Line]:
        """Return the live outputs of each mode: a tensor, or a named tuple of several."""
        graph = self.writer.structure.graph
        by_name = {
            o.name: t.filled(self.names) for o, t in zip(graph.outputs, self.results, strict=True)
        }
        train = [o.name for o in graph.live_outputs("train")]
        evaluated = [o.name for o in graph.live_outputs("eval")]
        lines: list[Line] = []
        if train != evaluated:
            lines.append(Line(0, "if self.training:"))
            lines.append(Line(1, _result("Output", train, by_name)))
        name = "Output" if train == evaluated else "EvalOutput"
        return [*lines, Line(0, _result(name, evaluated, by_name))]


def input_names(instance: Instance) -> tuple[str, ...]:
    """Return the parameters of an instance's `forward`."""
    return tuple(map(_identifier, instance.template.block.inputs))


def _result(class_name: str, outputs: list[str], texts: dict[str, str]) -> str:
    if len(outputs) == 1:
        return f"return {texts[outputs[0]]}"
    named = [f"{name}={texts[name]}" for name in outputs]
    arguments = outputs if all(texts[name] == name for name in outputs) else named
    return f"return {class_name}({', '.join(arguments)})"


def _lines(entry: LetRun) -> tuple[int, int]:
    return entry.statement.span.line, entry.statement.value.span.end_line


def _place(lines: tuple[int, int]) -> str:
    first, last = lines
    return f"line {first}" if first == last else f"lines {first}-{last}"


def _identifier(name: str) -> str:
    """Return a name as a Python variable: `block1-0` becomes `block1_0`."""
    text = "".join(c if (c.isalnum() and c.isascii()) or c == "_" else "_" for c in name)
    return f"{text}_" if keyword.iskeyword(text) or text in {"self", "torch", "nn", "F"} else text
