"""Conditions that a module keeps: where the lines of `forward` hang on a `let` of the block.

`let residual: stride == 1 and x.channels == out` and `return: x + conv if residual else conv`
become `self.residual = …` and `return x + conv if self.residual else conv`. An argument that is
true or false is kept in the same way where most lines are those of both.
"""

from collections.abc import Iterator, Sequence

from archc.backends.python_source.module_access import is_attribute
from archc.backends.python_source.pieces import Local, Made, Nested, Piece, words
from archc.backends.python_source.symbols import NotUniformError
from archc.ir.runs import Instance, LetRun
from archc.spec.names import MODULE_ATTRIBUTES


def telling_apart(groups: Sequence[Sequence[Instance]]) -> str:
    """Return the `let` that is true in all of one of two groups and false in the other, or none."""
    if len(groups) != 2:
        return ""
    first, second = ([dict(bound_values(instance)) for instance in group] for group in groups)
    for name in first[0]:
        found = {values.get(name) for values in first}
        others = {values.get(name) for values in second}
        if len(found) == len(others) == 1 and found | others == {True, False}:
            return name
    return ""


def bound_values(instance: Instance) -> Iterator[tuple[str, bool]]:
    """Yield the conditions that a block has by name, and what they are in one call of it.

    They are what `let` names, and its arguments, but for a name that is one and then the other.
    """
    lets = [run for run in instance.body.entries if isinstance(run, LetRun)]
    named = {run.statement.name for run in lets}
    yield from ((run.statement.name, run.value) for run in lets if isinstance(run.value, bool))
    for name, value in instance.arguments.items():
        if isinstance(value, bool) and name not in named:
            yield name, value


def keeping(pieces: Sequence[Piece], flag: str, instance: Instance) -> list[Piece]:
    """Return a constructor's pieces with the condition as an attribute of the module.

    Raises:
        NotUniformError: it is no expression of the constructor, or its name is not free.
    """
    keys = {piece.key for piece in pieces if isinstance(piece, (Made, Nested))}
    found = [piece for piece in pieces if isinstance(piece, Local) and piece.name == flag]
    if flag in keys | MODULE_ATTRIBUTES or not is_attribute(flag):
        raise NotUniformError
    if not found and flag in instance.arguments:
        return [Made(flag, flag), *pieces]
    if len(found) != 1:
        raise NotUniformError
    (local,) = found
    if flag in words(piece for piece in pieces if piece is not local):
        return [*pieces, Made(flag, flag)]
    return [Made(flag, local.text) if piece is local else piece for piece in pieces]
