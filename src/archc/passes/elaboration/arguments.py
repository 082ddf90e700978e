"""The arguments of a call, evaluated."""

from typing import Any

from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression, names
from archc.expressions.values import is_list
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import is_plain
from archc.statements import LayerCall


class ArgumentReader(Part):
    """Evaluates the arguments of calls; a tensor is none of them."""

    __slots__ = ()

    def of(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Evaluate a call's arguments; a layer parameter's own come first."""
        own = self._own_arguments(call)
        positional = [self._constant(argument, call) for argument in call.arguments or ()]
        keywords = self.evaluator.keywords(call.keywords)
        for keyword in call.keywords:
            if keyword.name and not is_plain(keywords[keyword.name]):
                raise self._tensor_argument(call, keyword.span)
        return (*own[0], *positional), own[1] | keywords

    def _own_arguments(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of a layer given as a parameter: `act: LeakyReLU(0.1)`."""
        value = (
            self.runner.callees.layer_parameter(call.callee[0]) if len(call.callee) == 1 else None
        )
        if value is None or value.call is None:
            return (), {}
        arguments = tuple(self.evaluator.constant(a) for a in value.call.arguments)
        return arguments, self.evaluator.keywords(value.call.keywords)

    def _constant(self, expression: Expression, call: LayerCall) -> Any:
        value = self.evaluator.evaluate(expression)
        if not is_plain(value) or (is_list(value) and not all(map(is_plain, value))):
            raise self._tensor_argument(call, expression.span)
        return value

    def _tensor_argument(self, call: LayerCall, span: Span) -> RuleViolation:
        """Refuse a tensor among a call's arguments; show the call with its tensors last."""
        given = [*(call.arguments or ()), *(keyword.value for keyword in call.keywords)]
        tensors = [part for part in given if not self._is_plain(part)]
        plain = [expression_text(part) for part in given if part not in tensors]
        head = f"{call.name}({', '.join(plain)})" if plain else call.name
        listed = ", ".join(map(expression_text, tensors))
        return RuleViolation(
            Code.NOT_A_TENSOR,
            "a tensor cannot be an argument in a chain",
            help=f"feed it in with `from`: `{head} from {listed}`",
            span=span,
        )

    def _is_plain(self, part: Expression) -> bool:
        """Return whether an argument reads parameters and variables alone."""
        known = {**self.scope.file.parameters, **self.scope.constants()}
        return names(part) <= known.keys()
