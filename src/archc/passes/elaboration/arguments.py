"""The arguments of a call, evaluated."""

from collections.abc import Collection, Sequence
from typing import Any, get_args

from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, meant
from archc.diagnostics.render import CUT
from archc.expressions.printing import expression_text, keyword_text
from archc.expressions.syntax import (
    Binary,
    Comparison,
    Display,
    Expression,
    Index,
    Keyword,
    Literal,
    Name,
    Unary,
    children,
)
from archc.expressions.values import is_list
from archc.layers.misuse import quoted_option
from archc.passes.elaboration.naming import defined_in
from archc.passes.elaboration.other_frameworks import RENAMED
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import is_plain
from archc.statements import LayerCall

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
"""The signs of functions, which suit tensors of all samples and Parameters alike."""


class ArgumentReader(Part):
    """Evaluates the arguments of calls; a tensor is none of them."""

    __slots__ = ()

    def of(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Evaluate a call's arguments; a layer parameter's own come first."""
        with self.evaluator.wanting(number=True):
            return self._evaluated(call)

    def _evaluated(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        own = self._own_arguments(call)
        positional = [self._constant(argument, call) for argument in call.arguments or ()]
        try:
            keywords = self.evaluator.keywords(words_quoted(call))
        except RuleViolation as violation:
            violation.help = _quoted(call, violation) or violation.help
            for keyword in call.keywords:
                violation = self._of_numbers(keyword.value, violation)
            raise violation from None
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
        try:
            value = self.evaluator.evaluate(expression)
        except RuleViolation as violation:
            if violation.code is Code.UNKNOWN_NAME and _is_first(expression, violation.span):
                violation.help = as_keyword(expression, call) or violation.help
            raise self._of_numbers(expression, violation) from None
        if not is_plain(value) or (is_list(value) and not all(map(is_plain, value))):
            raise self._tensor_argument(call, expression.span)
        return value

    def _of_numbers(self, expression: Expression, violation: RuleViolation) -> RuleViolation:
        """Return a violation of a name among arguments, which no line can stand for."""
        name = _name_at(violation.span, expression)
        if violation.code is not Code.UNKNOWN_NAME or not name:
            return violation
        if defined_in(name, self.scope.instance.template.block.body) is None:
            return violation
        advice = meant(name, self.scope.constants())
        return RuleViolation(
            Code.UNKNOWN_NAME,
            f"`{name}` is a line, and an argument is no tensor",
            help=advice or "a number of the network is declared under `params:`",
            span=violation.span,
        )

    def _tensor_argument(self, call: LayerCall, span: Span) -> RuleViolation:
        """Refuse a tensor among a call's arguments; show the call, its tensors behind `from`."""
        tensors, plain, masks = list[str](), list[str](), list[str]()
        for argument in call.arguments or ():
            for part in argument.items if isinstance(argument, Display) else (argument,):
                (tensors if self._is_tensor(part) else plain).append(expression_text(part))
        for keyword in call.keywords:
            is_tensor = self._is_tensor(keyword.value)
            masks += [keyword.name] if is_tensor and keyword.name.endswith("mask") else []
            text = expression_text(keyword.value) if is_tensor else keyword_text(keyword)
            (tensors if is_tensor else plain).append(text)
        if masks:
            named = ", ".join(map(repr, masks))
            plain.append(f"masks={named}" if len(masks) == 1 else f"masks=({named})")
            first = self._flow_name()
            alone = call.name == "MultiheadAttention" and len(tensors) == len(masks)
            tensors = [first] * (3 if alone else len(tensors) == len(masks)) + tensors
        head = f"{call.name}({', '.join(plain)})" if plain else call.name
        line = _line(head, tensors)
        if call.name in _SIGNS and len(tensors) == 2 and not plain:
            line = f"`from {f' {_SIGNS[call.name]} '.join(tensors)}`"
        advice = f"feed it in with `from`: {line}"
        if len(tensors) == 1 and not masks and self._takes_unnamed(call):
            both = _line(head, ["y", *tensors])
            advice = f"name what flows here, `… as y`, and feed both in: {both}"
        headline = "a tensor cannot be an argument in a chain"
        return RuleViolation(Code.NOT_A_TENSOR, headline, help=advice, span=span)

    def _takes_unnamed(self, call: LayerCall) -> bool:
        """Return whether a function of several tensors takes one from its chain without a name."""
        if call.name not in functions.NAMES or functions.find(call.name).arity[1] < 2:
            return False
        flow = self.evaluator.input
        return flow is not None and not self._named_flow()

    def _is_tensor(self, expression: Expression) -> bool:
        with self.runner.on_trial():
            value = self.evaluator.evaluate(expression)
        return not is_plain(value) or (is_list(value) and not all(map(is_plain, value)))

    def _flow_name(self) -> str:
        """Return the name of the tensor that flows into the line, `x` where it has none."""
        return self._named_flow() or "x"

    def _named_flow(self) -> str:
        flow = self.evaluator.input
        names = ((n, r) for frame in reversed(self.scope.frames) for n, r in frame.items())
        found = (n for n, r in names if flow is not None and r.value.key == flow.key)
        return next((name for name in found if not name.isdigit()), "")


def _name_at(place: Span | None, expression: Index) -> str:
    """Return the name that stands at a place of a sum or a product, nothing for another part."""
    match expression:
        case Name(name, span) if span == place:
            return name
        case Unary() | Binary() | Display():
            return "".join(_name_at(place, part) for part in children(expression))
        case _:
            return ""


def words_quoted(call: LayerCall) -> tuple[Keyword, ...]:
    """Return what a call gives by name; an activation that the layer does not take is a text.

    Its name means no value, and that the layer does not take it is mistake enough.
    """
    name = call.callee[-1]
    if name not in layers.NAMES and name not in RENAMED:
        return call.keywords
    if name in layers.NAMES and "activation" in layers.find(name).fields():
        return call.keywords
    return tuple(map(_word_quoted, call.keywords))


def _word_quoted(keyword: Keyword) -> Keyword:
    match keyword:
        case Keyword("activation", Name(name, span)) if name in functions.NAMES:
            return replace(keyword, value=Literal(name, span))
        case _:
            return keyword


def _is_first(expression: Expression, place: Span | None) -> bool:
    """Return whether a place is that of a name, or of the first part of a comparison."""
    first = expression.operands[0] if isinstance(expression, Comparison) else expression
    return first.span == place


def as_keyword(expression: Expression, call: LayerCall) -> Advice | None:
    """Return what `bias==False` and `biasFalse` mean among arguments: one by its name."""
    match expression:
        case Comparison((Name(name), value), ("==",)):
            given = f"{name}={expression_text(value)}"
            return Advice(f"an argument takes one `=`: write `{given}`", Edit("=", "=="))
        case Name(text):
            names = fields_of(call)
            found = (name for name in names if text.startswith(name) and text not in names)
            name = max(found, key=len, default="")
            value = text.removeprefix(name)
            if name and (value.isdigit() or value in {"True", "False", "None"}):
                words = f"an argument takes `=`: write `{name}={value}`"
                return Advice(words, Edit(f"{name}={value}", text))
            return None
        case _:
            return None


def fields_of(call: LayerCall) -> Collection[str]:
    """Return the arguments that a layer or a function has by name, none for anything else."""
    for family in (layers, functions):
        if call.name in family.NAMES:
            return family.find(call.name).fields()
    return ()


def _quoted(call: LayerCall, violation: RuleViolation) -> str:
    """Return the option that an unknown name is without its quotes: `mode=bilinear`."""
    if violation.code is not Code.UNKNOWN_NAME or call.name not in layers.NAMES:
        return ""
    fields = layers.find(call.name).fields()
    for keyword in call.keywords:
        match keyword.value:
            case Name(name, span) as option if span == violation.span and keyword.name in fields:
                if name in _options(fields[keyword.name].annotation):
                    return quoted_option(option, keyword.name)
            case _:
                pass
    return ""


def _options(annotation: object) -> frozenset[object]:
    """Return the words that an annotation lists: `Literal['zeros', 'same'] | int`."""
    if isinstance(annotation, str):
        return frozenset({annotation})
    return frozenset[object]().union(*map(_options, get_args(annotation)))


def _line(head: str, tensors: Sequence[str]) -> str:
    """Return a line as a message shows it, in two parts where it would be cut off."""
    tail = f"from {', '.join(tensors)}"
    whole = f"{head} {tail}"
    return f"`{whole}`" if len(whole) <= CUT else f"`{head}`, and behind it `{tail}`"
