"""The parameters that a caller gives: Python values, or texts as a command line has them."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import cast

from msgspec import Struct

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation
from archc.diagnostics.render import excerpt
from archc.expressions.parser import Locate, parse_expression
from archc.expressions.syntax import (
    NOWHERE,
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Unary,
)
from archc.expressions.values import (
    MAX_ELEMENTS,
    MAX_INTEGER,
    MAX_LIST_NESTING,
    MAX_SEQUENCE,
    OUTSIDE,
    Constant,
    LayerName,
    describe,
)
from archc.passes.elaboration.kinds import KIND_WORDS, declared_kind, is_of
from archc.passes.elaboration.parameters import constant_as_written
from archc.spec.broken import BROKEN
from archc.spec.model import Declaration, Document
from archc.spec.source import MAX_SCALAR

_NONE: Mapping[str, str] = {}
_NOTHING = frozenset({"null", "None", "none", "~"})
_PYTHON_TYPES = (bool, int, float, str, type(None), LayerName)
"""The types whose values are taken; one that is made of these may print itself otherwise."""
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_EXAMPLES = {
    "int": "8",
    "float": "0.5",
    "bool": "true",
    "str": "text",
    "list": "[2,2]",
    "layer": "ReLU",
}


def given_constants(
    document: Document,
    values: Mapping[str, object],
    texts: Mapping[str, str] = _NONE,
    typed: Mapping[str, str] = _NONE,
) -> dict[str, Constant]:
    """Return parameters as constants of the language; a name the spec lacks is let through.

    Raises:
        CompileError: every value that its parameter cannot have.
    """
    result, found = read_constants(document, values, texts, typed)
    if found:
        raise CompileError(found, {})
    return result


def read_constants(
    document: Document,
    values: Mapping[str, object],
    texts: Mapping[str, str] = _NONE,
    typed: Mapping[str, str] = _NONE,
) -> tuple[dict[str, Constant], tuple[Diagnostic, ...]]:
    """Return parameters as constants of the language, and what is wrong with them.

    In the place of a value that its parameter cannot have stands `BROKEN`. `typed` are the
    options of a command line, by what they set.
    """
    result: dict[str, Constant] = {}
    found: list[Diagnostic] = []
    for name in [*values, *texts]:
        if name in values and name not in document.parameters:
            result[name] = None  # who binds it says that there is none
            continue
        place = document.spans.get(f"params.{name}", NOWHERE)
        given = _Given(name, document.parameters.get(name), lambda _start, _end, at=place: at)
        try:
            result[name] = (
                given.from_text(texts[name]) if name in texts else given.from_value(values[name])
            )
        except RuleViolation as violation:
            result[name] = BROKEN
            if given.declaration is None and not document.is_partial:
                continue  # that there is no such parameter is told by whoever binds it
            found.append(
                Diagnostic(
                    violation.code,
                    violation.headline,
                    place,
                    notes=violation.notes,
                    help=violation.help,
                    option=typed.get(f"params.{name}", ""),
                )
            )
    return result, tuple(found)


class _Given(Struct, frozen=True):
    """One parameter that is given; what is wrong with it stands where it is declared."""

    name: str
    declaration: Declaration | None
    locate: Locate

    @property
    def kind(self) -> str | None:
        """The kind that its declaration asks for, None for any."""
        return declared_kind(self.declaration) if self.declaration is not None else None

    def from_value(self, value: object) -> Constant:
        """Return a Python value as a constant: lists are tuples, layers have names.

        Raises:
            RuleViolation: of a type that is none of the language's, or past a limit.
        """
        if type(value) is str and self.kind == "layer":
            return self._layer(value)
        return _Values(self.name).constant(value)

    def from_text(self, text: str) -> Constant:
        """Return the value that a command line writes: `-p layers=[2,2,2,2]`."""
        if self.declaration is None:
            return text
        if len(text) > MAX_SCALAR:
            raise _past_limit(self.name, f"a text of more than {MAX_SCALAR:,} characters")
        text = text.strip()
        if self.declaration.default is None and text in _NOTHING:
            return None
        try:
            value = self._read(text)
        except RuleViolation as violation:
            raise self._unsuitable(text, "none", self.declaration, violation.headline) from None
        suits = isinstance(value, Expression) or self.kind is None or is_of(value, self.kind)
        if not suits:
            given = describe(value) if text else "nothing"
            raise self._unsuitable(text, given, self.declaration)
        return value

    def _unsuitable(
        self, text: str, found: str, declaration: Declaration, reason: str = ""
    ) -> RuleViolation:
        wanted = KIND_WORDS[self.kind] if self.kind is not None else "a value"
        default = "" if declaration.default is None else constant_as_written(declaration.default)
        example = default.replace(", ", ",") or _EXAMPLES[self.kind or "int"]
        return RuleViolation(
            Code.PARAMETER_VALUE,
            f"`{self.name}` is {wanted}, and `-p {self.name}={excerpt(text)}` gives {found}",
            notes=(reason,) if reason else (),
            help=f"write {wanted}, such as `-p {self.name}={excerpt(example)}`",
        )

    def _read(self, text: str) -> Constant:
        """Return the value that a text is for the parameter's kind; a bare word is a string.

        Raises:
            RuleViolation: a list or a layer that cannot be read, or a number too large.
        """
        if self.kind == "str":
            return _unquoted(text)
        if text.startswith("="):
            return parse_expression(text[1:], self.locate)
        if self.kind == "layer":
            return self._layer(text)
        is_list = text.startswith(("[", "("))
        if self.kind == "list" and not is_list and "," in text:
            text, is_list = f"[{text}]", True
        try:
            return _value(parse_expression(text, self.locate))
        except RuleViolation as violation:
            if violation.code is Code.READING_LIMIT or (self.kind == "list" and is_list):
                raise
            return text

    def _layer(self, text: str) -> LayerName:
        """Return the layer that a text names, with its arguments where it has some."""
        text = _unquoted(text)
        try:
            expression = parse_expression(text, self.locate)
        except RuleViolation:
            expression = None
        if isinstance(expression, Call):
            return LayerName(expression.function, expression)
        if isinstance(expression, Name) or (
            isinstance(expression, Attribute) and isinstance(expression.value, Name)
        ):
            return LayerName(text)
        raise RuleViolation(Code.PARAMETER_VALUE, f"`{excerpt(text)}` names no layer")


class _Values:
    """Takes Python values, however their lists stand in each other; all elements are counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def constant(self, value: object, depth: int = 0) -> Constant:
        """Return a value as a constant of the language.

        Raises:
            RuleViolation: it is of another type, or past a limit.
        """
        if isinstance(value, (list, tuple)):
            return self._list(cast("Sequence[object]", value), depth + 1)
        if type(value) not in _PYTHON_TYPES:
            raise RuleViolation(
                Code.PARAMETER_VALUE,
                f"`{self.name}` cannot be of Python's type `{type(value).__name__}`",
                help="give a number, a boolean, a text or a list of these, of Python's own types",
            )
        if isinstance(value, str) and len(value) > MAX_SCALAR:
            raise _past_limit(self.name, f"a text of more than {MAX_SCALAR:,} characters")
        if isinstance(value, int) and not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise _past_limit(self.name, OUTSIDE)
        if isinstance(value, float) and math.isnan(value):
            raise RuleViolation(Code.PARAMETER_VALUE, f"`{self.name}` is nan, which is no number")
        return value

    def _list(self, items: Sequence[object], depth: int) -> Constant:
        if depth > MAX_LIST_NESTING:
            raise _past_limit(self.name, f"a list nested deeper than {MAX_LIST_NESTING}")
        found = tuple(islice(items, MAX_SEQUENCE + 1))
        self.count += len(found)
        if len(found) > MAX_SEQUENCE:
            raise _past_limit(self.name, f"a list longer than {MAX_SEQUENCE:,}")
        if self.count > MAX_ELEMENTS:
            raise _past_limit(self.name, f"lists of more than {MAX_ELEMENTS:,} elements in all")
        return tuple(self.constant(item, depth) for item in found)


def _past_limit(name: str, what: str) -> RuleViolation:
    return RuleViolation(Code.READING_LIMIT, f"`{excerpt(name)}` is {what}")


def _value(expression: Expression) -> Constant:
    """Return the constant that an expression is; there are no names to compute with.

    Raises:
        RuleViolation: it would have to be computed.
    """
    match expression:
        case Literal(value):
            return value
        case Name(word):
            return _word(word)
        case Call(function):
            return LayerName(function, expression)
        case Display(items):
            return tuple(_value(item) for item in items)
        case Unary("-" | "+" as sign, Literal(value)) if isinstance(value, (int, float)):
            return -value if sign == "-" else value
        case _:
            raise RuleViolation(Code.PARAMETER_VALUE, "nothing is computed here")


def _word(word: str) -> Constant:
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if word in _NOTHING:
        return None
    return LayerName(word) if word[:1].isupper() else word


def _unquoted(text: str) -> str:
    """Return a text without the quotes around the whole of it."""
    for quote in "'\"":
        if len(text) > 1 and text[0] == text[-1] == quote and quote not in text[1:-1]:
            return text[1:-1]
    return text
