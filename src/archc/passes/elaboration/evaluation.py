"""Evaluating the expressions of a block; operators on tensors become nodes."""

from collections.abc import Sequence
from typing import Any

from archc import functions
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span
from archc.expressions.evaluate import Given
from archc.expressions.printing import expression_text, spoken_constant
from archc.expressions.syntax import Call, Expression, Index, Rest, Slice, Subscript, keyword_span
from archc.expressions.values import FUNCTIONS, Constant, LayerName, applied, is_constant, is_list
from archc.ir.runs import Value
from archc.layers.base import Function, spec_name
from archc.layers.binding import bind
from archc.passes.elaboration.explanations import argued, explained
from archc.passes.elaboration.names_in_lines import NameEvaluator
from archc.passes.elaboration.naming import as_function, callee_meant
from archc.passes.elaboration.nodes import POISON, Skipped, is_free_tensor
from archc.passes.elaboration.other_frameworks import in_archc
from archc.passes.elaboration.results import Results, results_of
from archc.passes.elaboration.tensor_arguments import (
    check_order,
    first_result,
    listed_parts,
    operator_keywords,
    parted,
    taken,
)

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


class LineEvaluator(NameEvaluator):
    """Evaluates expressions of a block; operators on tensors become nodes."""

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
        if self.scope.child(name) is not None:
            return RuleViolation(
                Code.UNKNOWN_CALLEE,
                f"`{name}` is a line, and no function",
                help=f"its value is read by its name, `{name}`; a line calls it again: "
                f"`again: {name} from …`",
            )
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
        arguments = ", ".join([inputs[0], *map(spoken_constant, given if takes else ())])
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
