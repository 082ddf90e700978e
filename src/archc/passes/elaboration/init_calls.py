"""The calls of `init`: what fills a tensor, with which arguments, and all that is wrong there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import Code, Proposal, RuleViolation, did_you_mean, meant
from archc.expressions.printing import spoken_constant
from archc.expressions.syntax import Expression, Name, keyword_span
from archc.layers.misuse import quoted_option
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.initial_values import wrong_numbers
from archc.passes.elaboration.nodes import Skipped
from archc.spec.model import InitRule
from archc.statements import LayerCall

FUNCTIONS = {
    "zeros": (),
    "ones": (),
    "constant": ("val",),
    "normal": ("mean", "std"),
    "uniform": ("a", "b"),
    "trunc_normal": ("mean", "std", "a", "b"),
    "kaiming_normal": ("a", "mode", "nonlinearity"),
    "kaiming_uniform": ("a", "mode", "nonlinearity"),
    "xavier_normal": ("gain",),
    "xavier_uniform": ("gain",),
    "orthogonal": ("gain",),
    "eye": (),
    "dirac": ("groups",),
    "sparse": ("sparsity", "std"),
}
"""The functions of `torch.nn.init` without their underscore, and their arguments in order."""

_OTHER_NAMES = {
    "glorot_normal": "xavier_normal",
    "glorot_uniform": "xavier_uniform",
    "he_normal": "kaiming_normal",
    "he_uniform": "kaiming_uniform",
    "truncated_normal": "trunc_normal",
    "zero": "zeros",
    "one": "ones",
}
"""What Keras and papers call them."""
_WORDS = {
    "mode": ("fan_in", "fan_out"),
    "nonlinearity": (
        *("leaky_relu", "relu", "linear", "sigmoid", "tanh", "selu"),
        *(f"conv{transposed}{axes}d" for transposed in ("", "_transpose") for axes in (1, 2, 3)),
    ),
}
"""The arguments that are words, and the words that torch knows."""
_LOST = object()
"""Stands for the value of an argument that could not be evaluated."""

Report = Callable[[RuleViolation], None]
"""What takes a violation that does not end the pass."""


class Filling(Struct, frozen=True):
    """What fills a tensor: the arguments as written, and all of them by name."""

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    given: Mapping[str, Any]


def read_call(rule: InitRule, evaluator: DefaultEvaluator, report: Report) -> Filling | None:
    """Return what a rule fills tensors with; nothing where it is wrong, which is reported."""
    if rule.call.name in FUNCTIONS:
        return _Reader(rule, evaluator, report).filling()
    unknown = _unknown_function(rule.call)
    report(unknown)
    guessed = unknown.help.meant if isinstance(unknown.help, Proposal) else ""
    call = replace(rule.call, callee=(guessed,))
    _Reader(replace(rule, call=call), evaluator, report).filling()
    return None


def read_condition(rule: InitRule, evaluator: DefaultEvaluator, report: Report) -> bool | None:
    """Return whether a rule holds; nothing where that cannot be known."""
    if rule.condition is None:
        return True
    try:
        return evaluator.condition(rule.condition)
    except RuleViolation as violation:
        violation.span = violation.span or rule.condition.span
        report(violation)
    except Skipped:
        pass
    return None


class _Reader:
    def __init__(self, rule: InitRule, evaluator: DefaultEvaluator, report: Report) -> None:
        self.rule = rule
        self.call = rule.call
        self.evaluator = evaluator
        self.report = report
        self.is_sound = True

    def filling(self) -> Filling | None:
        """Return the arguments; nothing where one of them is wrong or not known."""
        arguments = tuple(map(self._value, self.call.arguments or ()))
        keywords = {k.name: self._value(k.value) for k in self.call.keywords if k.name}
        if self.call.name not in FUNCTIONS:
            return None
        allowed = FUNCTIONS[self.call.name]
        given = {**dict(zip(allowed, arguments, strict=False)), **keywords}
        for violation in self._wrong(arguments, keywords, given):
            self._refuse(violation)
        return Filling(arguments, keywords, given) if self.is_sound else None

    def _refuse(self, violation: RuleViolation) -> None:
        self.is_sound = False
        self.report(violation)

    def _value(self, expression: Expression) -> Any:
        try:
            return self.evaluator.constant(expression)
        except RuleViolation as violation:
            violation.span = violation.span or expression.span
            violation.help = _quoted(expression) or violation.help
            self._refuse(violation)
        except Skipped:
            self.is_sound = False
        return _LOST

    def _wrong(
        self, arguments: tuple[Any, ...], keywords: Mapping[str, Any], given: Mapping[str, Any]
    ) -> Iterator[RuleViolation]:
        name, allowed = self.call.name, FUNCTIONS[self.call.name]
        for keyword in keywords:
            if keyword not in allowed:
                yield RuleViolation(
                    Code.ARGUMENTS,
                    f"`{name}` has no argument `{keyword}`",
                    help="it takes " + (", ".join(allowed) or "none"),
                    span=keyword_span(self.call.keywords, keyword) or self.call.span,
                )
        if len(arguments) > len(allowed):
            yield RuleViolation(
                Code.ARGUMENTS,
                f"`{name}` takes {len(allowed)} arguments, {len(arguments)} given",
                span=self.call.span,
            )
        of_kind = {n: v for n, v in given.items() if v is not _LOST and n in allowed}
        wrong = {n: found for n, v in of_kind.items() if (found := self._wrong_kind(n, v))}
        yield from wrong.values()
        right = {n: v for n, v in of_kind.items() if n not in wrong}
        yield from wrong_numbers(self.rule, right, given.keys())

    def _wrong_kind(self, name: str, value: object) -> RuleViolation | None:
        """Return the violation for a word that torch does not know, or that is no number."""
        words = _WORDS.get(name)
        if value in words if words else isinstance(value, (int, float)):
            return None
        listed = f"choose one of {', '.join(words)}" if words else "write a number"
        return RuleViolation(
            Code.ARGUMENT_VALUE,
            f"`{name}` of `{self.call.name}` cannot be {spoken_constant(value)}",
            help=meant(str(value), words or (), is_closed=True, mark="'") or listed,
            span=keyword_span(self.call.keywords, name) or self.call.span,
        )


def _quoted(expression: Expression) -> str:
    """Return the word that a name is without its quotes: `mode=fan_out`."""
    known = {word for words in _WORDS.values() for word in words}
    if isinstance(expression, Name) and expression.identifier in known:
        return quoted_option(expression)
    return ""


def _unknown_function(call: LayerCall) -> RuleViolation:
    name = call.name
    plain = name.rstrip("_")
    known = _OTHER_NAMES.get(plain, plain if plain in FUNCTIONS else "")
    question = did_you_mean(name, known) if known else meant(name, FUNCTIONS, is_closed=True)
    return RuleViolation(
        Code.UNKNOWN_CALLEE,
        f"there is no initialisation `{name}`",
        help=question or "choose one of " + ", ".join(FUNCTIONS),
        span=call.span,
    )
