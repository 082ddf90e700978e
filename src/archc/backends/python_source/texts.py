"""Expressions and statements of `forward` before their variables have names."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from archc.expressions.printing import ATOM, BINARY_LEVEL
from archc.ir.runs import Value


class Variable(Struct, eq=False):
    """A place for one tensor: an input, or what a statement assigns.

    `hints` are the names it would like, the first that is free; `may_flow` says that the
    flow's variable will do.
    """

    value: Value
    hints: tuple[str, ...] = ()
    may_flow: bool = True


class Read(Struct, frozen=True):
    """A variable in an expression; `least` is how tightly what stands there must bind."""

    variable: Variable
    least: int = 0


class Step(Struct, frozen=True):
    """An expression inside another, in parentheses where it binds less than `least`."""

    text: "Text"
    least: int


Part = str | Read | Step
NameOf = Callable[[Variable], str]


class Text(Struct, eq=False):
    """An expression with holes for the variables it reads.

    `level` is how tightly it binds; `costs_nothing` marks one that computes nothing, such
    as `self.weight`, and may stand in several places.
    """

    parts: list[Part] = field(default_factory=list[Part])
    level: int = ATOM
    costs_nothing: bool = False

    def reads(self) -> Iterator[Variable]:
        """Yield the variables the expression reads, one as often as it is read."""
        for part in self.parts:
            if isinstance(part, Read):
                yield part.variable
            elif isinstance(part, Step):
                yield from part.text.reads()

    def filled(self, name_of: NameOf) -> str:
        """Return the expression with the variables' names in place."""
        return _joined([_part_text(part, name_of) for part in self.parts])

    def clauses(self, name_of: NameOf) -> tuple[str, ...]:
        """Return the terms of a sum or a product, each after the first with its sign.

        A power whose sign stands close to its operands is not parted.
        """
        if self.level not in BINARY_LEVEL.values():
            return ()
        terms = tuple(_terms(self, self.level, name_of))
        return terms if " ".join(terms) == self.filled(name_of) else ()


SIGNS = frozenset(f" {sign} " for sign in BINARY_LEVEL)
POWER_SIGN = " ** "
_SIMPLE_OPERAND = re.compile(r"-?[\w.]+(\*\*[\w.]+)*")


def _part_text(part: Part, name_of: NameOf) -> str:
    match part:
        case str():
            return part
        case Read(variable):
            return name_of(variable)
        case Step(text, least):
            inner = text.filled(name_of)
            return f"({inner})" if text.level < least else inner


def _joined(parts: list[str]) -> str:
    """Join an expression's parts; the sign of a power stands close to simple operands."""
    operands = [part for part in parts if part != POWER_SIGN]
    if len(operands) < len(parts) and all(map(_SIMPLE_OPERAND.fullmatch, operands)):
        return "**".join(operands)
    return "".join(parts)


def _terms(text: Text, level: int, name_of: NameOf) -> Iterator[str]:
    """Yield the terms; a first one that is itself a sum of that level gives its own terms."""
    first, *rest = text.parts
    if isinstance(first, Step) and first.text.level == level >= first.least:
        yield from _terms(first.text, level, name_of)
    else:
        yield _part_text(first, name_of)
    for sign, operand in zip(rest[::2], rest[1::2], strict=True):
        yield f"{_part_text(sign, name_of).strip()} {_part_text(operand, name_of)}"


Pattern = Variable | None | tuple["Pattern", ...]
"""What an assignment fills: a variable, nothing (`_`), or the parts of a tuple."""


def assigned(pattern: Pattern) -> Iterator[Variable]:
    """Yield the variables of a pattern, from left to right."""
    if isinstance(pattern, Variable):
        yield pattern
    elif pattern is not None:
        for part in pattern:
            yield from assigned(part)


def pattern_text(pattern: Pattern, name_of: NameOf) -> str:
    """Return a pattern as Python writes it: `x, (h_n, _)`."""
    if isinstance(pattern, tuple):
        return ", ".join(_target_text(part, name_of) for part in pattern)
    return _target_text(pattern, name_of)


def _target_text(pattern: Pattern, name_of: NameOf) -> str:
    if isinstance(pattern, Variable):
        return name_of(pattern)
    return "_" if pattern is None else f"({pattern_text(pattern, name_of)})"


ITEM = "\0"
"""What stands for the module of the turn in the expression of a loop."""


class Loop(Struct, frozen=True):
    """What a statement is repeated over: an expression of a list's modules.

    `result` is what the last turn gives first; `sums` are the totals that every turn adds a
    result to.
    """

    over: str
    result: Value
    sums: tuple[tuple[Variable, Variable], ...] = ()


class Statement(Struct, eq=False):
    """One assignment of `forward`.

    One that is not `kept` is a step inside a line: it stands in the expression that reads
    it, unless several do. One with a `loop` is carried out for each of a list's modules.
    """

    pattern: Pattern
    text: Text
    lines: tuple[int, int]
    train_only: bool
    kept: bool
    shows_type: bool = True
    loop: Loop | None = None

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that the statement assigns."""
        return tuple(assigned(self.pattern))

    @property
    def only(self) -> Variable | None:
        """The variable of a plain assignment."""
        return self.pattern if isinstance(self.pattern, Variable) else None


def inlined(
    statements: Sequence[Statement], results: Sequence[Text]
) -> tuple[list[Statement], list[Text]]:
    """Put each step that is read once into the expression that reads it."""
    texts = [*(statement.text for statement in statements), *results]
    uses = Counter(id(variable) for text in texts for variable in text.reads())
    steps: dict[int, Text] = {}
    kept: list[Statement] = []
    for statement in statements:
        statement.text = _with_steps(statement.text, steps)
        only = statement.only
        if only is None or statement.kept or _is_shared(statement.text, uses[id(only)]):
            kept.append(statement)
        else:
            steps[id(only)] = statement.text
    return kept, [_with_steps(text, steps) for text in results]


def _is_shared(text: Text, uses: int) -> bool:
    return uses > 1 and not text.costs_nothing


def _with_steps(text: Text, steps: Mapping[int, Text]) -> Text:
    """Return an expression with the steps that it reads in place of their variables."""
    parts = [_inner(part, steps) for part in text.parts]
    match parts:
        case [Step(inner)]:
            return inner
        case _:
            return Text(parts, text.level, text.costs_nothing)


def _inner(part: Part, steps: Mapping[int, Text]) -> Part:
    if isinstance(part, Read) and id(part.variable) in steps:
        return Step(steps[id(part.variable)], part.least)
    return part


def call_text(access: str, arguments: Iterable[Variable]) -> Text:
    """Return the call of a module with these arguments."""
    parts: list[Part] = [f"{access}("]
    for index, argument in enumerate(arguments):
        parts += [", "] if index else []
        parts.append(Read(argument))
    return Text([*parts, ")"])
