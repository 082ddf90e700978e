"""What the functions of `torch.nn.init` refuse: values out of range, tensors of another rank."""

from collections.abc import Collection, Iterator, Mapping
from math import inf

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import spoken_constant
from archc.expressions.syntax import keyword_span
from archc.shapes import MAX_RANK, format_shape
from archc.spec.model import InitRule

_RANKS = {
    "eye": range(2, 3),
    "sparse": range(2, 3),
    "dirac": range(3, 6),
    **dict.fromkeys(("kaiming_normal", "kaiming_uniform", "orthogonal"), range(2, MAX_RANK + 1)),
    **dict.fromkeys(("xavier_normal", "xavier_uniform"), range(2, MAX_RANK + 1)),
}
"""How many dimensions the tensors may have that a function fills; others take any."""

_DEFAULTS = {
    "uniform": {"a": 0.0, "b": 1.0},
    "trunc_normal": {"a": -2.0, "b": 2.0},
    "dirac": {"groups": 1},
}
_REQUIRED = {"constant": ("val",), "sparse": ("sparsity",)}


def wrong_numbers(
    rule: InitRule, known: Mapping[str, object], given: Collection[str]
) -> Iterator[RuleViolation]:
    """Yield what is wrong with the numbers of a call: one is missing or out of range.

    `known` are the arguments whose values are; others are `given` too.
    """
    name = rule.call.name
    for argument in _REQUIRED.get(name, ()):
        if argument not in given:
            yield RuleViolation(
                Code.ARGUMENTS,
                f"`{name}` needs the argument `{argument}`",
                help="write `sparse(0.1)`"
                if name == "sparse"
                else "write `constant(0.1)`, or `zeros`",
                span=rule.call.span,
            )
    defaults = {n: v for n, v in _DEFAULTS.get(name, {}).items() if n not in given}
    values = {**defaults, **known}
    std = values.get("std", 1.0)
    if _is_below(std, 0) or (name == "trunc_normal" and std == 0):
        yield _out_of_range(rule, "std", std, "above 0" if name == "trunc_normal" else "at least 0")
    if name.startswith("xavier") and _is_below(values.get("gain"), 0):
        yield _out_of_range(rule, "gain", values["gain"], "at least 0")
    infinite = [b for b in ("a", "b") if name == "uniform" and values.get(b) in (inf, -inf)]
    for bound in infinite:
        yield _out_of_range(rule, bound, values[bound], "a finite number")
    has_bounds = name in {"uniform", "trunc_normal"} and not infinite
    if has_bounds and _is_below(values.get("b"), values.get("a")):
        yield _out_of_range(rule, "b", values["b"], f"at least `a`, which is {values['a']}")
    groups = values.get("groups", 1)
    if not isinstance(groups, int) or groups < 1:
        yield _out_of_range(rule, "groups", groups, "an integer of at least 1")


def wrong_tensor(
    rule: InitRule, given: Mapping[str, object], key: str, shape: tuple[int, ...]
) -> RuleViolation | None:
    """Return the violation for a tensor that the function of a rule cannot fill.

    It has too few or too many dimensions, or no whole number of groups.
    """
    name = rule.call.name
    ranks = _RANKS.get(name)
    if ranks is not None and len(shape) not in ranks:
        most = ranks[-1]
        wanted = str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]} to {most}"
        wanted = f"{ranks[0]} or more" if most == MAX_RANK else wanted
        return RuleViolation(
            Code.SELECTOR,
            f"`{name}` fills tensors of {wanted} dimensions, and `{key}` is {format_shape(shape)}",
            help="select another tensor, or take a function such as `normal` or `zeros`",
            span=rule.span,
        )
    groups = given.get("groups", 1)
    if name == "dirac" and isinstance(groups, int) and shape[0] % groups:
        wanted = f"a divisor of {shape[0]}, the size of `{key}`"
        return _out_of_range(rule, "groups", groups, wanted)
    return None


def _is_below(value: object, least: object) -> bool:
    if not isinstance(value, (int, float)) or not isinstance(least, (int, float)):
        return False
    return value < least


def _out_of_range(rule: InitRule, argument: str, value: object, wanted: str) -> RuleViolation:
    shown = spoken_constant(value)
    return RuleViolation(
        Code.ARGUMENT_VALUE,
        f"`{argument}` of `{rule.call.name}` cannot be {shown}: it must be {wanted}",
        span=keyword_span(rule.call.keywords, argument) or rule.call.span,
    )
