"""Keys that are there twice in one mapping: what is said of them."""

from archc.diagnostics import Code, RuleViolation, Span
from archc.spec.source import Scalar

NAMED = 3
"""How many keys a message names."""
GAP = 3
"""Doubled keys with at most so many others between them repeat for one reason."""


def doubled_keys(keys: list[Scalar], depth: int) -> list[RuleViolation]:
    """Return a violation for each key that repeats; many close together are one mistake."""
    places: dict[str, Span] = {}
    runs: list[list[int]] = []
    for i, key in enumerate(keys):
        if key.value not in places:
            places[key.value] = key.span
        elif not runs or i - runs[-1][-1] > GAP + 1:
            runs.append([i])
        else:
            runs[-1].append(i)
    return [found for run in runs for found in _violations(keys, run, places, depth)]


def is_run(violation: RuleViolation) -> bool:
    """Return whether a violation speaks of several keys: the line that parts them is missing."""
    return violation.headline.startswith("the keys ")


def _violations(
    keys: list[Scalar], run: list[int], places: dict[str, Span], depth: int
) -> list[RuleViolation]:
    """Return what is wrong with keys close together: lines of another block, or each by itself."""
    lines: dict[str, list[int]] = {}
    doubled = [keys[i] for i in run]
    for key in doubled:
        lines.setdefault(key.value, [places[key.value].line]).append(key.span.line)
    is_whole = run[-1] - run[0] == len(run) - 1
    if len(lines) >= NAMED or (len(lines) > 1 and is_whole):
        return [_several(doubled[0], lines, depth)]
    firsts = {key.value: key for key in reversed(doubled)}
    return [_one(firsts[name], lines[name], depth) for name in lines]


def _one(key: Scalar, lines: list[int], depth: int) -> RuleViolation:
    first, _, *others = lines
    times = f"{len(lines)} times" if others else "twice"
    listed = ", ".join(map(str, others[:NAMED])) + (", …" if len(others) > NAMED else "")
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the key `{key.value}` is there {times}, first on line {first}",
        notes=(f"also on line{'s' * (len(others) > 1)} {listed}",) if others else (),
        help=_section_advice(key) if depth == 1 else _advice(key),
        span=key.span,
    )


def _several(first: Scalar, lines: dict[str, list[int]], depth: int) -> RuleViolation:
    shown = list(lines)[:NAMED]
    listed = ", ".join(f"`{name}`" for name in shown)
    more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    missing = f"or a line that ends in `:` is missing above line {first.span.line}"
    advice = "one network a file: remove one of them"
    start = min(each[0] for each in lines.values())
    return RuleViolation(
        Code.DUPLICATE_KEY,
        f"the keys {listed}{more} are there twice, first from line {start}",
        notes=tuple(
            f"`{name}` is on lines {lines[name][0]} and {lines[name][1]}" for name in shown
        ),
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
