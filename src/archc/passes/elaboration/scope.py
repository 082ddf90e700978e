"""What a name means while a block runs: its variables, its children, its file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from msgspec import Struct, field

from archc import functions, layers
from archc.diagnostics import Code, Label, RuleViolation, Span
from archc.diagnostics import Operand as Row
from archc.expressions.evaluate import Evaluator
from archc.expressions.printing import expression_text
from archc.expressions.syntax import (
    NOWHERE,
    Attribute,
    Binary,
    Call,
    Expression,
    Name,
    Slice,
    Subscript,
)
from archc.expressions.values import FUNCTIONS, LayerName, is_constant, is_list
from archc.ir.graph import BodyRun, Instance, ItemRun, Template, Value
from archc.layers.base import Layer, bind
from archc.passes.elaboration.mending import Operand, mending
from archc.passes.elaboration.naming import (
    absent_name,
    in_torch,
    nearest,
    unfinished_name,
    unknown_name,
)
from archc.passes.elaboration.nodes import (
    POISON,
    NodeBuilder,
    Skipped,
    is_free_tensor,
    operand,
    origin_text,
)
from archc.shapes import Batch
from archc.spec.model import Document

OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "**": "pow",
    "@": "matmul",
}
STAGE_INPUTS = ("in_channels", "in_features", "in_shape")


class FileScope(Struct, frozen=True):
    """What every block of one file sees: its parameters, its blocks, its imports."""

    file: str
    parameters: Mapping[str, Any]
    blocks: Mapping[str, Template]
    imports: Mapping[str, "FileScope"] = field(default_factory=dict[str, "FileScope"])
    letters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    document: Document | None = None
    model: Template | None = None
    homes: Mapping[str, "FileScope"] = field(default_factory=dict[str, "FileScope"])
    """Imported blocks by name → the file whose names they see."""
    python: Mapping[str, type[Layer] | None] = field(
        default_factory=dict[str, "type[Layer] | None"]
    )
    """Python layers by name; None where the caller has not permitted one."""


class Record(Struct, eq=False):
    """A child as names see it: its values, what ran, what lies inside."""

    values: tuple[Value, ...]
    names: tuple[str, ...]
    content: ItemRun | BodyRun | None
    span: Span
    text: str
    children: "dict[str, Record]" = field(default_factory=dict[str, "Record"])
    absent: bool = False

    @property
    def value(self) -> Value:
        """The first result."""
        return self.values[0]


class Binding(Struct, eq=False):
    """A variable: its value and the line that set it."""

    value: Any
    span: Span = NOWHERE


def is_collection(value: object) -> TypeGuard[list[Value]]:
    """Return whether a variable's value is what `name[]` gathers."""
    return isinstance(value, list)


class Scope:
    """The names of one running block."""

    def __init__(self, file: FileScope, instance: Instance) -> None:
        self.file = file
        self.instance = instance
        self.variables: dict[str, Binding] = {}
        self.frames: list[dict[str, Record]] = [{}]
        self.places = [instance.path]
        self.values: tuple[Value, ...] = ()
        self.names: tuple[str, ...] = ()
        self.returned = False
        self.broken: set[str] = set()
        """Keys with `{…}` parts of lines that failed: what they would name is not known."""

    def function_path(self, name: str) -> str:
        """Return the path of a function: the body it stands in, then its name."""
        return f"{self.places[-1]}.{name}" if self.places[-1] else name

    def child(self, name: str) -> Record | None:
        """Return the child of this name, the innermost body's first."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return None

    def constants(self) -> dict[str, Any]:
        """Return every variable and parameter that is no tensor."""
        values: dict[str, Any] = dict(self.file.parameters)
        values |= {name: binding.value for name, binding in self.variables.items()}
        return {name: value for name, value in values.items() if is_constant(value)}

    def known(self) -> list[str]:
        """Return every name that can be read here, for a suggestion."""
        children = [name for frame in self.frames for name in frame]
        return [*children, *self.variables, *self.file.parameters, *self.file.letters]


class LineEvaluator(Evaluator):
    """Evaluates expressions of a block; operators on tensors become nodes."""

    def __init__(self, scope: Scope, builder: NodeBuilder, read: set[Span]) -> None:
        self.scope = scope
        self.builder = builder
        self.read = read
        self.input: Value | None = None
        self.line: Span = NOWHERE

    def count_elements(self, count: int) -> None:
        """Count the elements of lists over the whole spec, not over one block alone."""
        self.builder.lists.count_elements(count)

    def lookup(self, name: Name) -> Any:
        """Return what a name stands for: a child's value, a variable, a parameter."""
        if not name.identifier:
            raise Skipped
        identifier = self.expand_braces(name.identifier, name)
        record = self.scope.child(identifier)
        if record is not None:
            return self._value(record, identifier)
        if identifier in self.scope.variables:
            binding = self.scope.variables[identifier]
            self.read.add(binding.span)
            if binding.value is POISON:
                raise Skipped
            return tuple(binding.value) if is_collection(binding.value) else binding.value
        if identifier in STAGE_INPUTS:
            return self._stage_input(identifier)
        for names in (self.scope.file.parameters, self.scope.file.letters):
            if identifier in names:
                return names[identifier]
        if self._is_layer(identifier):
            return LayerName(identifier)
        raise self._unknown(identifier)

    def _is_layer(self, identifier: str) -> bool:
        return identifier in layers.NAMES or identifier in self.scope.file.blocks

    def _value(self, record: Record, name: str) -> Value:
        if record.absent:
            raise absent_name(name)
        if record.value is POISON:
            raise Skipped
        if not record.value.via:
            self.builder.named[record.value.key] = f"{name} (line {record.span.line})"
        return record.value

    def _unknown(self, identifier: str) -> RuleViolation:
        if any(_may_name(key, identifier) for key in self.scope.broken):
            raise Skipped
        if identifier in {place.rpartition(".")[2] for place in self.scope.places[1:]}:
            return unfinished_name(identifier)
        return unknown_name(identifier, self.scope.instance, self.line, self.scope.known())

    def _stage_input(self, name: str) -> Any:
        if self.input is None:
            raise RuleViolation(Code.NO_FLOW, f"`{name}` needs an input, and none flows here")
        if self.input is POISON:
            raise Skipped
        shape = self.input.type.shape
        if name == "in_shape":
            return shape
        return self._size(shape, 1 if name == "in_channels" else -1, name)

    def _size(self, shape: tuple[Any, ...], index: int, name: str) -> Any:
        if index == 1 and len(shape) < 2:
            raise RuleViolation(Code.RANK, f"`{name}` needs a tensor of two dimensions or more")
        return shape[index]

    def attribute(self, expression: Attribute) -> Any:
        """Return a size of a tensor (`x.channels`), a result, or a child inside a child."""
        owner = self._owner(expression.value)
        name = self.expand_braces(expression.name, expression)
        if isinstance(owner, Record):
            if name in owner.children:
                return self._value(owner.children[name], name)
            if name in owner.names:
                return owner.values[owner.names.index(name)]
            owner = self._value(owner, name)
        if isinstance(owner, Value):
            return self._tensor_attribute(owner, name)
        raise RuleViolation(Code.EXPRESSION_VALUE, f"a plain value has no `{name}`")

    def _tensor_attribute(self, value: Value, name: str) -> Any:
        if value is POISON:
            raise Skipped
        shape = value.type.shape
        if name == "shape":
            return shape
        if name in {"channels", "features"}:
            return self._size(shape, 1 if name == "channels" else -1, name)
        raise RuleViolation(
            Code.UNKNOWN_NAME,
            f"a tensor has no `{name}`",
            help="ask `.shape`, `.channels` or `.features`; a child of a block is not seen outside",
        )

    def _owner(self, expression: Expression) -> Any:
        """Return the record behind a name or a path, else the expression's value."""
        if isinstance(expression, Name):
            record = self.scope.child(self.expand_braces(expression.identifier, expression))
            return self.evaluate(expression) if record is None else record
        if isinstance(expression, Attribute):
            outer = self._owner(expression.value)
            name = self.expand_braces(expression.name, expression)
            if isinstance(outer, Record) and name in outer.children:
                return outer.children[name]
        return self.evaluate(expression)

    def operation(self, expression: Expression, name: str, operands: tuple[Any, ...]) -> Any:
        """Append the node for an operator on tensors."""
        if name not in OPERATORS:
            raise RuleViolation(Code.EXPRESSION_VALUE, f"`{name}` does not compare tensors")
        if len(operands) == 1:
            return self._tensor_function("neg", operands, {}, expression.span)
        try:
            return self._tensor_function(OPERATORS[name], operands, {}, expression.span)
        except RuleViolation as violation:
            raise self._explained(violation, expression, operands) from None

    def _explained(
        self, violation: RuleViolation, expression: Expression, values: tuple[Any, ...]
    ) -> RuleViolation:
        """Add to a violation of two tensors what they are and where they come from."""
        if not isinstance(expression, Binary) or violation.operands:
            return violation
        parts = (expression.left, expression.right)
        rows = [self._operand(p, v) for p, v in zip(parts, values, strict=True)]
        violation.operands = tuple(row for row in rows if row is not None)
        violation.help = self._mending(violation, parts, values) or violation.help
        violation.span = expression.sign
        violation.labels = tuple(Label(part.span) for part in parts)
        return violation

    def _mending(
        self, violation: RuleViolation, parts: Sequence[Expression], values: Sequence[Any]
    ) -> str:
        if violation.code not in {Code.ADD_SHAPES, Code.CONCAT_SHAPES, Code.SIZE_MISMATCH}:
            return ""
        pairs = [(p, v) for p, v in zip(parts, values, strict=True) if isinstance(v, Value)]
        operands = [Operand(expression_text(p), v, self._content(p)) for p, v in pairs]
        constants = self.scope.constants()
        return mending(violation.code, operands, constants, self.scope.instance)

    def _content(self, part: Expression) -> object:
        record = self.scope.child(part.identifier) if isinstance(part, Name) else None
        return record.content if record is not None else None

    def _operand(self, part: Expression, value: Any) -> Any:
        if not isinstance(value, Value):
            return None
        name = expression_text(part)
        record = self.scope.child(name) if isinstance(part, Name) else None
        block = self.scope.instance.template
        if record is None and not block.is_model and name in block.block.inputs:
            return Row(name, str(value.type), f"the input of `{block.name}`")
        if record is not None:
            return operand(name, value, record.span, record.text)
        return operand(name, value, value.node.span, origin_text(value.node))

    def call(self, expression: Call) -> Any:
        """Append the node for a function call written in an expression."""
        name = expression.function
        if name not in functions.NAMES:
            raise self.unknown_function(name)
        values = [self.evaluate(argument) for argument in expression.arguments]
        keywords = self.keywords(expression.keywords)
        try:
            return self._tensor_function(name, tuple(values), keywords, expression.span)
        except RuleViolation as violation:
            raise self._argued(violation, expression, values) from None

    def _argued(
        self, violation: RuleViolation, expression: Call, values: list[Any]
    ) -> RuleViolation:
        if not violation.operands:
            pairs = zip(expression.arguments, values, strict=True)
            rows = [self._operand(part, value) for part, value in pairs]
            violation.operands = tuple(row for row in rows if row is not None)
            violation.help = (
                self._mending(violation, expression.arguments, values) or violation.help
            )
        return violation

    def unknown_function(self, name: str) -> RuleViolation:
        """Return the violation for a call of something that is no function."""
        if self._is_layer(name):
            return RuleViolation(
                Code.UNKNOWN_CALLEE,
                f"`{name}` owns a slot and needs a line of its own",
                help=f"write it as a child and use the child's name: `child: {name}(…)`",
            )
        near = nearest(name, [*functions.NAMES, *FUNCTIONS])
        return RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"there is no function `{name}` of tensors",
            help=in_torch(name) or (f"did you mean `{near}`?" if near else "see `archc layers`"),
        )

    def _tensor_function(
        self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any], span: Span
    ) -> Value | tuple[Value, ...]:
        tensors, constants = _split(arguments)
        if not tensors:
            raise RuleViolation(Code.NOT_A_TENSOR, f"`{name}` needs a tensor")
        function = functions.find(name)
        if name in OPERATORS.values():
            keywords = _operator_keywords(arguments, tensors, constants) | keywords
            constants = []
        operation = bind(function, constants, keywords)
        place = self.scope.function_path(name)
        values = self.builder.apply(operation, tensors, place, span, self.scope.instance)
        return values[0] if len(values) == 1 else values

    def subscript(self, expression: Subscript, value: Any) -> Any:
        """Append the node that slices or indexes a tensor."""
        if not isinstance(value, Value):
            raise RuleViolation(Code.EXPRESSION_VALUE, "this has no elements")
        index = tuple(self._index(part) for part in expression.indices)
        operation = bind(functions.find("getitem"), (), {"index": index})
        path = self.scope.function_path("getitem")
        return self.builder.apply(operation, (value,), path, expression.span, self.scope.instance)[
            0
        ]

    def _index(self, part: Expression | Slice) -> Any:
        if isinstance(part, Slice):
            bounds = self.slice(part)
            return ("slice", bounds.start, bounds.stop, bounds.step)
        return self.integer(part, "an index of a tensor")

    def tensor(self, expression: Expression) -> tuple[Value, ...]:
        """Return the tensor an expression means; several where a child has several results.

        Raises:
            RuleViolation: the expression is a plain value.
        """
        owner = self._owner(expression) if isinstance(expression, (Name, Attribute)) else None
        if isinstance(owner, Record):
            self._value(owner, expression_text(expression))
            return owner.values
        value = self.evaluate(expression)
        if isinstance(value, Value):
            return (value,)
        if is_list(value) and value and all(isinstance(v, Value) for v in value):
            return value
        what = "a layer" if isinstance(value, LayerName) else "a plain value"
        raise RuleViolation(
            Code.NOT_A_TENSOR,
            f"`{expression_text(expression)}` is {what}, and a tensor belongs here",
            span=expression.span,
        )


def _may_name(key: str, name: str) -> bool:
    """Return whether a key with `{…}` parts may stand for a name."""
    parts = [re.escape(part) for part in re.split(r"\{[^{}]*\}", key)]
    return re.fullmatch("[^.]*".join(parts), name) is not None


def _split(arguments: tuple[Any, ...]) -> tuple[list[Value], list[Any]]:
    """Part the tensors of a call, those in lists included, from its constants."""
    tensors: list[Value] = []
    constants: list[Any] = []
    for argument in arguments:
        if isinstance(argument, Value):
            tensors.append(argument)
        elif isinstance(argument, tuple) and argument and isinstance(argument[0], Value):
            tensors += argument
        else:
            constants.append(argument)
    return tensors, constants


def _operator_keywords(
    arguments: tuple[Any, ...], tensors: list[Value], constants: list[Any]
) -> dict[str, Any]:
    if constants:
        keywords: dict[str, Any] = {"other": constants[0]}
        if not isinstance(arguments[0], Value):
            keywords["reflected"] = True
        return keywords
    if any(map(is_free_tensor, tensors)):
        return {"broadcast": True}
    return {}


def is_plain(value: Any) -> bool:
    """Return whether a value is a constant or the batch letter."""
    return is_constant(value) or isinstance(value, Batch)


__all__ = [
    "OPERATORS",
    "Binding",
    "FileScope",
    "LineEvaluator",
    "Record",
    "Scope",
    "is_collection",
    "is_plain",
]
