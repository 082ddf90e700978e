"""Reading the expressions of lines that did not finish: no parameter and no tensor is known."""

from typing import Any

from archc import functions
from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import (
    Attribute,
    Call,
    Expression,
    Index,
    Name,
    Rest,
    Slice,
    Subscript,
    children,
    keyword_span,
)
from archc.expressions.values import FUNCTIONS, Unknown
from archc.ir.runs import Instance, Template
from archc.layers.base import Function
from archc.layers.binding import misfits
from archc.passes.elaboration.arriving import Arrivals
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.copies import Copies
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped, wrong_count
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import Binding, FileScope, is_plain
from archc.passes.elaboration.tensor_arguments import constants_of
from archc.statements import Join


class ExpressionReader:
    """Reads the expressions of one block and reports what is wrong in them whatever flows."""

    def __init__(self, template: Template, file: FileScope, builder: NodeBuilder) -> None:
        block = template.block
        unknown = {argument.name: POISON for argument in block.arguments}
        inputs = tuple(POISON for _ in block.inputs)
        variables = Variables()
        self.instance = Instance(template, unknown, "", inputs, None, None, block.span, block.name)
        copies = Copies(builder, variables)
        self.runner = BlockRunner(file, self.instance, builder, variables, copies)
        self.scope = self.runner.scope
        self.evaluator = self.runner.evaluator
        self.builder = builder
        self.container = Container("", block.body.kind == "list", self.scope.frames[0])
        for name in block.inputs:
            self.scope.variables[name] = Binding(POISON)
        self.told = [*builder.diagnostics]
        document = file.document
        is_whole = document is not None and not document.mistakes and not document.lacks
        self.arrivals = Arrivals(block.inputs, is_whole=is_whole or not template.is_model)

    def values(self, expressions: tuple[Expression | None, ...]) -> None:
        """Read the expressions that there are."""
        for expression in expressions:
            if expression is not None:
                self.value(expression)

    def numbers(self, expressions: tuple[Expression | None, ...]) -> None:
        """Read the expressions that there are, none of which can be a tensor."""
        with self.evaluator.wanting(number=True):
            self.values(expressions)

    def value(self, expression: Expression) -> Any:
        """Return what an expression stands for if that is a constant, else report what it lacks."""
        try:
            value = self.evaluator.evaluate(expression)
        except RuleViolation as violation:
            self.report(violation, expression.span)
            self._parts(expression)
        except Skipped:
            self._parts(expression)
        else:
            if is_plain(value):
                return value
        return Unknown(expression_text(expression))

    def _parts(self, expression: Index) -> None:
        """Read the parts of an expression each for itself: one unknown hides the others."""
        if isinstance(expression, Call):
            self._function_call(expression)
            return
        if isinstance(expression, Attribute) and isinstance(expression.value, Name):
            return
        if isinstance(expression, Subscript):
            self._brackets(expression)
        for part in children(expression):
            if isinstance(part, Slice):
                with self.evaluator.wanting(number=True):
                    self._parts(part)
            elif not isinstance(part, Rest):
                self.value(part)

    def _function_call(self, call: Call) -> None:
        """Read the name of a function and its arguments; which are tensors its place says."""
        given = tuple(map(self.value, call.arguments))
        keywords = {keyword.name: self.value(keyword.value) for keyword in call.keywords}
        if (function := self.function(call.function, call.span)) is None:
            return
        self.arguments(function, constants_of(function, given), keywords, call)
        pairs = zip(call.arguments, given, strict=True)
        tensors = [part for part, value in pairs if isinstance(value, Unknown)]
        least, most = function.arity
        is_told = bool(tensors) and all(map(self.arrivals.is_one, tensors))
        if is_told and not least <= len(tensors) <= most:
            self.report(wrong_count(function, len(tensors)), call.span)

    def function(self, name: str, span: Span) -> type[Function] | None:
        """Return the function of tensors that has a name; nothing for one of plain values."""
        try:
            return self._found(name) if name not in FUNCTIONS else None
        except RuleViolation as violation:
            self.report(violation, span)
        except Skipped:
            pass
        return None

    def arguments(
        self,
        function: type[Function],
        constants: tuple[Any, ...] | None,
        keywords: dict[str, Any],
        call: Call | Join,
    ) -> None:
        """Report what is wrong with a function's arguments; None are those that nobody knows."""
        is_whole = keywords.pop("", None) is None and constants is not None
        for violation in misfits(function, constants or (), keywords, is_whole=is_whole):
            place = keyword_span(call.keywords, violation.argument)
            self.report(violation, place or call.span)

    def _brackets(self, expression: Subscript) -> None:
        """Read what stands in the brackets behind a tensor."""
        value = expression.value
        is_input = (
            isinstance(value, Name) and value.identifier in self.instance.template.block.inputs
        )
        if not is_input:
            return
        with self.evaluator.wanting(number=True):
            index = tuple(map(self._index, expression.indices))
        for violation in misfits(functions.find("getitem"), (), {"index": index}):
            self.report(violation, expression.span)

    def _index(self, part: Index) -> Any:
        """Return what stands in brackets as `getitem` takes it; unknown where it is no number."""
        if isinstance(part, Rest):
            return "..."
        if isinstance(part, Slice):
            bounds = (part.start, part.stop, part.step)
            return ("slice", *(None if bound is None else self.value(bound) for bound in bounds))
        return self.value(part)

    def _found(self, name: str) -> type[Function]:
        if name not in functions.NAMES:
            raise self.evaluator.unknown_function(name)
        return functions.find(name)

    def report(self, violation: RuleViolation, span: Span) -> None:
        """Report a mistake, unless it is known or concerns a permission for what never runs."""
        place = violation.span or span
        if violation.code is not Code.PYTHON_LAYER and not self._is_known(violation, place, span):
            self.builder.report(violation, place, self.instance)

    def _is_known(self, violation: RuleViolation, place: Span, span: Span) -> bool:
        """Return whether a run has told a mistake: at its place, or in these words of its call."""
        return any(
            found.primary == place
            or (found.headline == violation.headline and found.primary.overlaps(span))
            for found in self.told
            if found.primary is not None
        )
