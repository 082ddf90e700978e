"""Evaluating the expressions of a block; operators on tensors become nodes."""

from collections.abc import Iterator, Sequence
from typing import Any

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, meant, near
from archc.expressions.evaluate import Evaluator, Given
from archc.expressions.printing import constant_text, expression_text
from archc.expressions.syntax import (
    NOWHERE,
    Attribute,
    Call,
    Comparison,
    Expression,
    Index,
    Name,
    Rest,
    Slice,
    Subscript,
    keyword_span,
)
from archc.expressions.values import FUNCTIONS, Constant, LayerName, applied, is_constant, is_list
from archc.ir.runs import Value
from archc.layers.base import Function, spec_name
from archc.layers.binding import bind
from archc.passes.elaboration.comparisons import expect_equal_kinds
from archc.passes.elaboration.explanations import absent, argued, explained
from archc.passes.elaboration.naming import (
    as_function,
    callee_meant,
    doubled,
    may_name,
    near_attribute,
    unfinished_name,
    unknown_name,
)
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped, is_free_tensor
from archc.passes.elaboration.other_frameworks import in_archc
from archc.passes.elaboration.results import Results, results_of
from archc.passes.elaboration.scope import STAGE_INPUTS, FileScope, Record, Scope, is_collection
from archc.passes.elaboration.tensor_arguments import (
    check_order,
    first_result,
    listed_parts,
    operator_keywords,
    parted,
    taken,
)
from archc.spec.model import Declaration

_OF_LISTS = frozenset({"len", "enumerate", "zip", "reversed"})
OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "**": "pow",
    "@": "matmul",
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
}


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

    def expect_comparable(self, expression: Comparison, values: Sequence[Any]) -> None:
        """Refuse a comparison with what a name can never be."""
        expect_equal_kinds(expression, values, self._declaration)

    def _declaration(self, name: str) -> Declaration | None:
        """Return what a name is declared as that stands for a parameter of the file."""
        document = self.scope.file.document
        if document is None or name in self.scope.variables or self.scope.child(name) is not None:
            return None
        return document.parameters.get(name)

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
        if identifier in self.scope.file.unread:
            raise Skipped
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
            raise absent(record, name, self.scope)
        if record.value is POISON:
            raise Skipped
        if not record.value.via:
            self.builder.named.append((record.value.key, f"{name} (line {record.span.line})"))
        return record.value

    def _unknown(self, identifier: str) -> RuleViolation:
        if self.scope.file.is_partial or any(
            may_name(key, identifier) for key in self.scope.broken
        ):
            raise Skipped
        if identifier in {place.rpartition(".")[2] for place in self.scope.places[1:]}:
            return unfinished_name(identifier)
        if near(identifier, doubled(self.scope.instance.template.block.body)):
            raise Skipped
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
        name = self.expand_braces(expression.name, expression)
        if (file := self._imported_file(expression.value)) is not None:
            return self._parameter_of(file, name)
        record = self._record(expression.value)
        if record is not None and name in record.children:
            return self._value(record.children[name], name)
        if record is not None:
            self._value(record, name)
            self._expect_own_child(expression, record)
        owner = self._several(expression.value, record)
        if isinstance(owner, Value):
            owner = Results((owner,))
        if isinstance(owner, Results):
            named = owner.named(name)
            return self._tensor_attribute(owner, name) if named is None else named
        raise RuleViolation(Code.EXPRESSION_VALUE, f"a plain value has no `{name}`")

    def _expect_own_child(self, expression: Attribute, record: Record) -> None:
        """Refuse the name of a line that lies deeper: `enc.conv` for `enc.0.conv`.

        Raises:
            RuleViolation: one line alone has that name.
        """
        paths = [*_paths_below(record, expression.name)]
        asked = {"shape", "channels", "features", *record.results.called}
        if expression.name in asked:
            return
        outer = expression_text(expression.value)
        if not paths and (found := near(expression.name, {*record.children, *asked})):
            if not asked.isdisjoint(found):
                return
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{outer}` has no line `{expression.name}`",
                help=did_you_mean(expression.name, *found),
            )
        names = [name for name in record.children if name]
        if not paths and names and len(names) == len(record.children):
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{outer}` has no line `{expression.name}`",
                help=f"its lines are {', '.join(f'`{name}`' for name in names[:4])}"
                + " …" * (len(names) > 4),
            )
        if len(paths) != 1:
            return
        raise RuleViolation(
            Code.UNKNOWN_NAME,
            f"`{outer}` has no line `{expression.name}` of its own",
            help=Advice(
                f"write `{outer}.{paths[0]}`",
                Edit(f"{outer}.{paths[0]}", span=expression.span),
            ),
        )

    def _several(self, expression: Expression, record: Record | None) -> Any:
        """Return all results of a child, of a line that `as` names, or of an expression."""
        named = self._named_line(expression)
        if named is not None:
            return named
        return self.evaluate(expression) if record is None else record.results

    def _imported_file(self, expression: Expression) -> FileScope | None:
        """Return the file that an alias stands for, where nothing nearer has the name."""
        if not isinstance(expression, Name):
            return None
        name, scope = expression.identifier, self.scope
        is_nearer = name in scope.variables or name in scope.file.parameters
        if is_nearer or name in scope.file.blocks or scope.child(name) is not None:
            return None
        return scope.file.imports.get(name)

    def _parameter_of(self, file: FileScope, name: str) -> Constant:
        """Return what a parameter of an imported file is by default."""
        if name in file.unread:
            raise Skipped
        if name not in file.parameters:
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{file.file}` has no parameter `{name}`",
                help=meant(name, file.parameters),
            )
        return file.parameters[name]

    def _named_line(self, expression: Expression) -> Results | None:
        """Return what a variable stands for, where `as` names a line of several results."""
        if not isinstance(expression, Name):
            return None
        identifier = self.expand_braces(expression.identifier, expression)
        binding = self.scope.variables.get(identifier)
        if binding is None or binding.results is None or self.scope.child(identifier) is not None:
            return None
        self.read.add(binding.span)
        return binding.results

    def _tensor_attribute(self, results: Results, name: str) -> Any:
        value = results.first
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
            help=near_attribute(name, results.called),
        )

    def _record(self, expression: Expression) -> Record | None:
        """Return the child that a name or a path of names stands for; nothing is computed."""
        if isinstance(expression, Name):
            return self.scope.child(self.expand_braces(expression.identifier, expression))
        if isinstance(expression, Attribute) and (outer := self._record(expression.value)):
            return outer.children.get(self.expand_braces(expression.name, expression))
        return None

    def operation(self, expression: Expression, name: str, operands: tuple[Any, ...]) -> Any:
        """Append the node for an operator on tensors."""
        if name not in OPERATORS:
            raise RuleViolation(Code.EXPRESSION_VALUE, f"`{name}` does not work on tensors")
        operands = tuple(map(first_result, operands))
        if len(operands) == 1:
            return self._tensor_function(functions.find("neg"), operands, {}, expression.span)
        function = functions.find(OPERATORS[name])
        try:
            return self._tensor_function(function, operands, {}, expression.span)
        except RuleViolation as violation:
            raise explained(violation, expression, operands, self.scope, self.builder) from None

    def call(self, expression: Call, given: Given | None = None) -> Any:
        """Append the node for a function call written in an expression."""
        name = expression.function
        values, keywords = given or self._given(expression)
        if name in _OF_LISTS:
            return self.spend(applied(name, tuple(map(listed_parts, values)), keywords))
        if name not in functions.NAMES:
            raise self.unknown_function(name)
        function = functions.find(name)
        values = taken(function, values)
        keywords = {name: first_result(value) for name, value in keywords.items()}
        try:
            return self._tensor_function(function, values, keywords, expression.span)
        except RuleViolation as violation:
            violation.span = violation.span or keyword_span(expression.keywords, violation.argument)
            raise argued(violation, expression, values, self.scope, self.builder) from None

    def _given(self, expression: Call) -> Given:
        values = [self.evaluate(argument) for argument in expression.arguments]
        return values, self.keywords(expression.keywords)

    def unknown_function(self, name: str) -> RuleViolation:
        """Return the violation for a call of something that is no function."""
        if self._is_layer(name):
            return RuleViolation(
                Code.UNKNOWN_CALLEE,
                f"`{name}` owns a slot and needs a line of its own",
                help=as_function(name),
            )
        if name in self.scope.file.unread or self.scope.file.is_partial:
            raise Skipped
        if name in self.scope.variables and self.scope.variables[name].value is POISON:
            raise Skipped
        known = [*functions.NAMES, *FUNCTIONS]
        return RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"there is no function `{name}` of tensors",
            help=in_archc(name) or callee_meant(name, known) or "see `archc layers`",
        )

    def _tensor_function(
        self,
        function: type[Function],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        span: Span,
    ) -> Value | Results:
        name = spec_name(function)
        tensors, constants = parted(arguments)
        if not tensors:
            headline, advice = f"`{name}` needs a tensor", self._of_a_tensor(function, constants)
            raise RuleViolation(Code.NOT_A_TENSOR, headline, help=advice)
        if name in OPERATORS.values():
            keywords = operator_keywords(arguments, tensors, constants) | keywords
            constants = []
        else:
            check_order(name, arguments, function.leading)
            if "broadcast" in function.fields() and any(map(is_free_tensor, tensors)):
                keywords = {"broadcast": True} | keywords
        operation = bind(function, constants, keywords)
        place = self.scope.function_path(name)
        values = self.builder.apply(operation, tensors, place, span, self.scope.instance)
        results = results_of(operation, values, tuple(tensors))
        return results.first if len(values) == 1 else results

    def _of_a_tensor(self, function: type[Function], given: Sequence[Constant]) -> str:
        """Return how a function of one tensor is called that was given numbers alone."""
        inputs = self.scope.instance.template.block.inputs
        if function.arity[0] != 1 or not inputs:
            return ""
        takes = function.positional or function.variadic
        arguments = ", ".join([inputs[0], *map(constant_text, given if takes else ())])
        call = f"{spec_name(function)}({arguments})"
        return f"in an expression the tensor stands first, such as `{call}`"

    def listed(self, expression: Expression) -> Constant:
        """Return the list that a loop goes through; the parts of a tensor are one."""
        value = listed_parts(self.evaluate(expression))
        if is_constant(value):
            return value
        return self.constant(expression)

    def subscript(self, expression: Subscript, value: Any) -> Any:
        """Append the node that slices or indexes a tensor; take one of several parts."""
        if isinstance(value, Results) and value.is_numbered and len(expression.indices) == 1:
            return self._subscript(expression, value.values)
        value = first_result(value)
        if not isinstance(value, Value):
            raise RuleViolation(Code.EXPRESSION_VALUE, "this has no elements")
        index = tuple(self._index(part) for part in expression.indices)
        operation = bind(functions.find("getitem"), (), {"index": index})
        path = self.scope.function_path("getitem")
        try:
            results = self.builder.apply(
                operation, (value,), path, expression.span, self.scope.instance
            )
        except RuleViolation as violation:
            violation.help = self._named_result(expression, index) or violation.help
            raise
        return results[0]

    def _named_result(self, expression: Subscript, index: tuple[Any, ...]) -> str:
        """Return the result that `lstm[1]` means: results have names, and no numbers."""
        results = self._several(expression.value, self._record(expression.value))
        if not isinstance(results, Results) or len(index) != 1 or type(index[0]) is not int:
            return ""
        names = results.names
        name = names[index[0]] if 0 < index[0] < len(names) else ""
        text = expression_text(expression.value)
        if index[0] == 0 and len(names) > 1:
            words = f"`{text}` is its first result already: drop the `[0]`"
            return Advice(words, Edit(text, span=expression.span))
        return f"a result has a name: `{text}.{name}`" if name else ""

    def _index(self, part: Index) -> Any:
        if isinstance(part, Rest):
            return "..."
        if isinstance(part, Slice):
            bounds = self.slice(part)
            return ("slice", bounds.start, bounds.stop, bounds.step)
        return self.integer(part, "an index of a tensor")

    def one_tensor(self, expression: Expression) -> Value:
        """Return the one tensor an expression means, the first of several results.

        Raises:
            RuleViolation: it is a plain value, or a list of tensors that are each for itself.
        """
        results = self.tensor(expression)
        if results.apart and len(results.values) > 1:
            raise RuleViolation(
                Code.NOT_A_TENSOR,
                f"`{expression_text(expression)}` is a list of {len(results.values)} tensors, and "
                "one belongs here",
                help="take one, `…[0]`, or join them with `concat(…)`",
                span=expression.span,
            )
        return results.first

    def tensor(self, expression: Expression) -> Results:
        """Return the tensor an expression means; several where a child has several results.

        Raises:
            RuleViolation: the expression is a plain value.
        """
        record = self._record(expression)
        if record is not None:
            self._value(record, expression_text(expression))
            return record.results
        named = self._named_line(expression)
        if named is not None:
            return named
        value = self.evaluate(expression)
        if isinstance(value, Results):
            return value
        if isinstance(value, Value):
            return Results((value,))
        if is_list(value) and value and all(isinstance(v, (Value, Results)) for v in value):
            return Results(tuple(map(first_result, value)), apart=True)
        what, advice = "a plain value", ""
        if isinstance(value, LayerName):
            what, advice = "a layer", f"a layer stands before `from`: `{value.name} from …`"
        raise RuleViolation(
            Code.NOT_A_TENSOR,
            f"`{expression_text(expression)}` is {what}, and a tensor belongs here",
            help=advice,
            span=expression.span,
        )


_DEEPEST = 8
"""How deep below a line another is sought."""


def _paths_below(record: Record, name: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of the lines of a name below a line, those in lists and mappings alike."""
    for key, child in record.children.items() if depth < _DEEPEST else ():
        if key == name:
            yield key
        yield from (f"{key}.{path}" for path in _paths_below(child, name, depth + 1))
