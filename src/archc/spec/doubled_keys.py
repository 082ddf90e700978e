"""Keys that are there twice in one mapping: what is said of them."""

from archc.diagnostics import Code, RuleViolation, Span
from archc.spec.source import Scalar

NAMED = 3
"""How many keys a message names."""
GAP = 3
"""Doubled keys with at most so many others between them repeat for one reason."""


def doubled_keys(keys: list[Scalar], depth: int) -> list[RuleViolation]:
    """Return a violation for each key that repeats; those close together are one mistake."""
    places: dict[str, Span] = {}
    runs: list[list[Scalar]] = []
    gap = GAP + 1
    for key in keys:
        if key.value not in places:
            places[key.value] = key.span
            gap += 1
        elif gap > GAP:
            runs.append([key])
            gap = 0
        else:
            runs[-1].append(key)
            gap = 0
    return [_violation(run, places, depth) for run in runs]


def is_run(violation: RuleViolation) -> bool:
    """Return whether a violation speaks of several keys: the line that parts them is missing."""
    return violation.headline.startswith("the keys ")


def _violation(run: list[Scalar], places: dict[str, Span], depth: int) -> RuleViolation:
    names = {key.value: places[key.value].line for key in run}
    return _one(run[0], names, depth) if len(names) == 1 else _several(run[0], names, depth)


def _one(key: Scalar, names: dict[str, int], depth: int) -> RuleViolation:
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the key `{key.value}` is there twice, first on line {names[key.value]}",
        help=_section_advice(key) if depth == 1 else _advice(key),
        span=key.span,
    )


def _several(first: Scalar, names: dict[str, int], depth: int) -> RuleViolation:
    listed = ", ".join(f"`{name}`" for name in list(names)[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    missing = f"or a line that ends in `:` is missing above line {first.span.line}"
    advice = "one network a file: remove one of them"
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the keys {listed}{more} are there twice, first from line {min(names.values())}",
        help=advice if depth == 1 else f"give them other names; {missing}",
        span=first.span,
    )


def _section_advice(key: Scalar) -> str:
    if key.value in {"archc", "name", "doc"}:
        return "remove one of them"
    return f"write one `{key.value}:` with the lines of both"


def _advice(key: Scalar) -> str:
    word = key.value.partition("(")[0].partition(" ")[0]
    if word in {"if", "for", "else", "elif"}:
        return "write the condition at the end of each line, or use a list"
    if word in {"concat", "add", "mul"}:
        return f"name one of them: `{word} as y:`"
    return "give one of them another name"
