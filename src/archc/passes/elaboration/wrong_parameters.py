"""A parameter that is wrong at its own value: `2.0` for an integer, `"3"` for a number.

Every line that reads it fails; the mistake is one, and stands where the value is written.
"""

import re
from collections.abc import Iterator
from typing import cast

from msgspec import Struct
from msgspec.structs import astuple

from archc.diagnostics import Advice, Code, Edit, Label, RuleViolation, Span
from archc.expressions.syntax import Call, Expression, Index, Name, Syntax, children
from archc.expressions.values import Constant
from archc.ir.runs import Instance
from archc.passes.elaboration.naming import defined_in
from archc.passes.elaboration.nodes import NodeBuilder, Skipped
from archc.passes.elaboration.scope import Scope
from archc.spec.model import Declaration, Document
from archc.statements import Body, Entry

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_VALUES = frozenset({Code.EXPRESSION_VALUE, Code.ARGUMENT_VALUE})


class _Wrong(Struct, frozen=True):
    """A parameter of the file whose default is wrong, where that stands, and what is meant."""

    name: str
    default: Constant
    place: Span
    use: Span

    @property
    def is_text(self) -> bool:
        """Whether it is a number in quotes."""
        return isinstance(self.default, str)

    @property
    def meant(self) -> str:
        """The number as it is meant."""
        return self.default if self.is_text else str(int(self.default))


def blamed(
    violation: RuleViolation, entry: Entry, scope: Scope, builder: NodeBuilder
) -> RuleViolation:
    """Return the violation of the parameter that a line's mistake comes from, else the line's own.

    Raises:
        Skipped: of that parameter it is said already.
    """
    if violation.code not in _VALUES or violation.span is None:
        return violation
    given = _at(violation.span, entry)
    if given is None:
        return violation
    for name, is_alone in _names(given, is_alone=True):
        wrong = _wrong(name, scope)
        if wrong is None:
            continue
        if any(told.primary == wrong.place for told in builder.diagnostics):
            raise Skipped
        if _is_cause(wrong, violation, is_alone=is_alone):
            return _told(wrong)
    return violation


def _is_cause(wrong: _Wrong, violation: RuleViolation, *, is_alone: bool) -> bool:
    """Return whether a line fails for a parameter; `2.0` in a product may be a factor."""
    if wrong.is_text:
        return violation.found == "text"
    return is_alone and violation.found == "float"


def _told(wrong: _Wrong) -> RuleViolation:
    words = f"write `{wrong.name}: {wrong.meant}`"
    headline = f"`{wrong.name}` is {wrong.default}, and an integer is needed"
    if wrong.is_text:
        words = f"a number has no quotes: {words}"
        headline = f"`{wrong.name}` is a text, and a number is needed"
    use = f"used as {'a number' if wrong.is_text else 'an integer'} here"
    return RuleViolation(
        Code.PARAMETER_VALUE,
        headline,
        help=Advice(words, Edit(wrong.meant, span=wrong.place)),
        span=wrong.place,
        labels=(Label(wrong.use, use),),
    )


def _at(place: Span, part: object) -> Expression | None:
    """Return the expression of a line that stands at a place; bodies below have their own lines."""
    if isinstance(part, tuple):
        items = cast("tuple[object, ...]", part)
        return next((found for item in items if (found := _at(place, item)) is not None), None)
    if isinstance(part, Body) or not isinstance(part, Syntax):
        return None
    if isinstance(part, Expression) and part.span == place:
        return part
    return _at(place, astuple(part))


def _names(expression: Index, *, is_alone: bool) -> Iterator[tuple[Name, bool]]:
    """Yield the names of an expression, and of each whether its value is taken as it is."""
    if isinstance(expression, Name):
        yield expression, is_alone
    is_range = isinstance(expression, Call) and expression.function == "range"
    for part in children(expression):
        yield from _names(part, is_alone=is_alone and is_range)


def _wrong(name: Name, scope: Scope) -> _Wrong | None:
    """Return the parameter of the file that a name stands for, if its default is wrong."""
    document = scope.file.document
    if document is None or scope.child(name.identifier) is not None:
        return None
    binding = scope.variables.get(name.identifier)
    instance = scope.instance
    if binding is not None and binding.value is not instance.arguments.get(name.identifier):
        return None
    identifier = _outermost(name.identifier, instance) if binding is not None else name.identifier
    declaration = document.parameters.get(identifier)
    if declaration is None:
        return None
    spans, default = document.spans, declaration.default
    if not _is_alike(default, scope.file.parameters.get(identifier)):
        return None
    place = spans.get(f"params.{identifier}.default=") or spans.get(f"params.{identifier}=")
    if place is None or not (_is_quoted(default) or _is_whole(identifier, declaration, document)):
        return None
    return _Wrong(identifier, default, place, name.span)


def _is_alike(default: Constant, value: Constant) -> bool:
    """Return whether a parameter has a value as wrong as its default: that, or a variant's."""
    if isinstance(default, str):
        return _is_quoted(value)
    return type(value) is float and value.is_integer()


def _outermost(name: str, instance: Instance) -> str:
    """Return the name that a block's parameter has where its value comes from."""
    while (caller := instance.caller) is not None and instance.call is not None:
        block = instance.template.block
        names = [argument.name for argument in block.arguments]
        if name not in names or instance.template.file != caller.template.file:
            break
        given = dict(zip(names, instance.call.arguments or (), strict=False))
        given |= {keyword.name: keyword.value for keyword in instance.call.keywords}
        outer = given.get(name)
        if not isinstance(outer, Name) or defined_in(outer.identifier, caller.template.block.body):
            return ""
        name, instance = outer.identifier, caller
    return name


def _is_quoted(default: Constant) -> bool:
    return isinstance(default, str) and _NUMBER.fullmatch(default) is not None


def _is_whole(name: str, declaration: Declaration, document: Document) -> bool:
    """Return whether a parameter is a whole number with a point, in every variant too."""
    values = [declaration.default, *(v[name] for v in document.variants.values() if name in v)]
    if declaration.type is not None or type(declaration.default) is not float:
        return False
    return all(
        type(value) is int or (type(value) is float and value.is_integer()) for value in values
    )
