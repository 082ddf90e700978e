"""A `forward` while it is written: its statements so far, and where every value is."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from archc.backends.python_source.module_access import access_text
from archc.backends.python_source.overwriting import in_place
from archc.backends.python_source.run_kinds import is_module
from archc.backends.python_source.structure import Structure
from archc.backends.python_source.texts import (
    SIGNS,
    Part,
    Pattern,
    Read,
    Statement,
    Text,
    Variable,
    call_text,
)
from archc.expressions.printing import (
    ATOM,
    BINARY_LEVEL,
    COMPARISON_LEVEL,
    POWER_LEVEL,
    UNARY_LEVEL,
)
from archc.ir.runs import Instance, Node, Value
from archc.layers.base import Function, Layer, Returned, spec_name
from archc.layers.tensors import Buffer, Parameter

Key = tuple[int, int, str]

LARGEST_UNPACKED = 6
"""The most results that one assignment takes apart; more are read by their number."""

_MARK = "\0"
"""What stands around an input's number in the text of a call."""


def key_of(value: Value) -> Key:
    """Return the key of a value in tables: its node, its number, the line it passed."""
    return value.node.index, value.index, value.via


class Place(Struct, frozen=True):
    """The line being written: the name its value would like, its lines in the spec."""

    hint: str
    lines: tuple[int, int]


class Results(Struct, frozen=True):
    """What a call gives: its values, which of them are read, how they lie in what it returns.

    `called` is the function's or the block's name in the spec.
    """

    called: str
    values: tuple[Value, ...]
    names: tuple[str, ...]
    read: frozenset[int]
    form: Returned


class Draft:
    """The statements of one instance's `forward`."""

    def __init__(self, instance: Instance, structure: Structure) -> None:
        self.instance = instance
        self.structure = structure
        self.statements: list[Statement] = []
        self.place = Place("", (0, 0))
        self.inputs = [Variable(value) for value in instance.inputs]
        self._variables = {key_of(v.value): v for v in self.inputs}
        self._steps: dict[int, Statement] = {}

    def access(self, path: str) -> str:
        """Return how `forward` reaches the module at a path."""
        return access_text(path, self.instance.path, self.structure.indexed)

    def length_of(self, access: str) -> int:
        """Return how many children the module has that `access` reaches."""
        inner = access.removeprefix("self.")
        place = f"{self.instance.path}.{inner}" if self.instance.path else inner
        return self.structure.child_count(place)

    def knows(self, value: Value) -> bool:
        """Return whether a value has been computed."""
        return key_of(value) in self._variables

    def variable(self, value: Value) -> Variable:
        """Return where a value is; one that an expression makes is computed first."""
        if value.via and not self.knows(value):
            value = Value(value.node, value.index, value.type)
        if not self.knows(value):
            node = value.node
            self._function(node, tuple(Value(node, i, t) for i, t in enumerate(node.outputs)))
        return self._variables[key_of(value)]

    def settle(self, values: Iterable[Value]) -> None:
        """Compute what expressions of this block make and something reads."""
        for value in values:
            mine = self.structure.home(value.node) is self.instance
            if not self.knows(value) and mine and self.structure.is_read(value.key):
                self.variable(value)

    def keep(self, value: Value) -> None:
        """Give a value that the line has computed a variable of its own: it ends the line."""
        variable = self.variable(value)
        step = self._steps.get(id(variable))
        if step is not None and not step.kept and not step.text.costs_nothing:
            step.kept = True
            step.lines = self.place.lines
            variable.hints = (self.structure.given_names.get(value.key, self.place.hint),)

    def step(self, value: Value, text: Text) -> Statement:
        """Append a step that computes a value."""
        variable = Variable(value, (self.place.hint,))
        statement = self._append(variable, text, value.node, kept=False)
        self._steps[id(variable)] = statement
        self._variables[key_of(value)] = variable
        return statement

    def operation(self, node: Node, values: tuple[Value, ...]) -> None:
        """Append the call of a layer or a function."""
        if isinstance(node.operation, (Parameter, Buffer)):
            self.step(values[0], Text([self.access(node.path)], costs_nothing=True))
        elif is_module(node):
            self._module(node, values)
        else:
            self._function(node, values)

    def block(self, instance: Instance) -> None:
        """Append the call of a block that has a class."""
        text = call_text(self.access(instance.path), map(self.variable, instance.inputs))
        count = len(instance.values)
        if count == 1:
            self.step(instance.values[0], text)
            return
        read = self.structure.read_outside(instance)
        form = tuple(range(count))
        self._unpack(
            text,
            Results(instance.template.name.lower(), instance.values, instance.names, read, form),
        )

    def _module(self, node: Node, values: tuple[Value, ...]) -> None:
        operation = _operation_of(node)
        read = self.structure.read_results(node)
        marks = [_mark(i) for i in range(len(node.inputs))]
        call = f"{self.access(node.path)}({operation.call_arguments(marks, read)})"
        text = self._filled(call, node.inputs)
        if len(values) == 1 and operation.returned == 0:
            self.step(values[0], text)
        else:
            self._unpack(text, _results(node, values, read))

    def _function(self, node: Node, values: tuple[Value, ...]) -> None:
        function = _operation_of(node)
        if node.index in self.structure.overwriting:
            function = in_place(function)
        assert isinstance(function, Function)
        call = function.forward([_mark(i) for i in range(len(node.inputs))], batch=_mark("batch"))
        text = self._filled(call, node.inputs, function)
        read = self.structure.read_results(node)
        if len(values) == 1:
            self.step(values[0], text)
        elif len(read) == 1:
            (only,) = read
            self.step(values[only], Text([*text.parts, f"[{only}]"]))
        else:
            self._unpack(text, _results(node, values, read))

    def _filled(self, call: str, inputs: Sequence[Value], function: Function | None = None) -> Text:
        """Put the inputs where a call has marks for them."""
        parts: list[Part] = []
        pieces = call.split(_MARK)
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                parts += _around_sign(piece) if _level(function) < ATOM else [piece] * (piece != "")
            elif piece == "batch":
                parts += self._batch()
            else:
                is_read_from = pieces[index + 1].startswith(".")
                least = ATOM if is_read_from else _least(function, is_first=not parts)
                parts.append(Read(self.variable(inputs[int(piece)]), least))
        return Text(parts, _level(function))

    def _batch(self) -> list[Part]:
        """Return the expression of the batch's size, which any input has."""
        return [Read(self.inputs[0]), ".shape[0]"] if self.inputs else ["-1"]

    def _unpack(self, text: Text, results: Results) -> None:
        """Take the results of a call apart; those nobody reads are `_`."""
        first = results.values[0]
        if len(results.values) > LARGEST_UNPACKED:
            whole = Variable(first, (self.place.hint,), may_flow=False)
            self._append(whole, text, first.node, kept=True).shows_type = False
            for index, value in enumerate(results.values):
                self.step(value, Text([Read(whole), f"[{index}]"], costs_nothing=True))
            return
        variables = {i: self._result_variable(results, i) for i in sorted(results.read)}
        pattern = _pattern(results.form, variables)
        self._append(pattern, text, first.node, kept=True).shows_type = 0 in results.read
        for index, variable in variables.items():
            self._variables[key_of(results.values[index])] = variable

    def _result_variable(self, results: Results, index: int) -> Variable:
        value, line = results.values[index], self.place.hint
        name = results.names[index] if index < len(results.names) else ""
        if given := self.structure.given_names.get(value.key):
            return Variable(value, (given,), may_flow=False)
        if name and not name.isdigit():
            return Variable(value, (name, f"{line}_{name}"), may_flow=False)
        if index == 0 and not name:
            return Variable(value, (line,))
        numbered = f"{line if line and not line.isdigit() else results.called}_{index}"
        return Variable(value, (numbered,), may_flow=False)

    def _append(self, pattern: Pattern, text: Text, node: Node, *, kept: bool) -> Statement:
        graph = self.structure.graph
        train_only = self.instance.caller is None and node.index in graph.train_only
        line = (node.span.line, node.span.line)
        lines = self.place.lines if self.place.lines != (0, 0) else line
        statement = Statement(pattern, text, lines, train_only, kept)
        self.statements.append(statement)
        return statement


def _mark(name: int | str) -> str:
    return f"{_MARK}{name}{_MARK}"


def _level(function: Function | None) -> int:
    """Return how tightly a function's call binds: an operator's sign, else as a name does."""
    if function is None or not function.operator:
        return ATOM
    if function.arity == (1, 1):
        return UNARY_LEVEL
    return BINARY_LEVEL.get(function.operator, COMPARISON_LEVEL)


def _least(function: Function | None, *, is_first: bool) -> int:
    """Return how tightly an operand must bind to stand without parentheses."""
    if function is None:
        return 0
    if not function.operator:
        return ATOM if function.method and is_first else 0
    own = _level(function)
    if own == UNARY_LEVEL:
        return POWER_LEVEL + 1
    if own == COMPARISON_LEVEL:
        return own + 1
    is_open = is_first != (own == POWER_LEVEL)
    return own if is_open else own + 1


def _around_sign(piece: str) -> list[Part]:
    """Return a piece of text with an operator's sign as a part of its own."""
    for sign in SIGNS:
        before, found, after = piece.partition(sign)
        if found:
            return [part for part in (before, sign, after) if part]
    return [piece] if piece else []


def _operation_of(node: Node) -> Layer:
    assert node.operation is not None
    return node.operation


def _results(node: Node, values: tuple[Value, ...], read: frozenset[int]) -> Results:
    operation = _operation_of(node)
    names = operation.result_names(*(value.type for value in node.inputs))
    form = operation.returned if operation.returned != 0 else tuple(range(len(values)))
    return Results(spec_name(type(operation)), values, names, read or frozenset({0}), form)


def _pattern(form: Returned, variables: dict[int, Variable]) -> Pattern:
    """Return what an assignment fills; a part of which nothing is read is `_`."""
    if isinstance(form, int):
        return variables.get(form)
    parts = tuple(_pattern(part, variables) for part in form)
    return parts if any(part is not None for part in parts) else None
