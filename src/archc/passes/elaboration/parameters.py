"""Binding a spec's parameters: defaults, then a variant's, then the caller's, then derived ones."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from msgspec import Struct

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation, Span, meant
from archc.diagnostics.render import excerpt
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression
from archc.expressions.values import Constant, LayerName, describe
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.kinds import KIND_WORDS, declared_kind, is_of
from archc.passes.elaboration.naming import callee_meant
from archc.passes.elaboration.nodes import Skipped
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Declaration, Document

_NONE: Mapping[str, str] = {}
MAX_UNKNOWN = 20
"""Of how many parameters that do not exist it is said; a program can give any number."""
LISTED = 50
"""How many of the parameters that exist a message lists."""


class Bound(Struct, frozen=True):
    """The values of a file's parameters; of the `lost` ones none is known.

    `violations` say why, where that is not among the mistakes of the file's form.
    """

    values: Mapping[str, Constant]
    lost: frozenset[str]
    violations: tuple[RuleViolation, ...]


def bind_parameters(
    document: Document,
    variant: str | None,
    given: Mapping[str, Constant],
    file: FileScope,
    typed: Mapping[str, str] = _NONE,
) -> Bound:
    """Return the value of every parameter; later sources win, derived ones come last.

    `typed` are the options of a command line that give some, by what they set.

    Raises:
        RuleViolation: an unknown variant.
        Skipped: a variant that could not be read.
    """
    return _Binding(document, file, typed).bound(_variant(document, variant), given, variant)


class _Binding:
    """Binds the parameters of one file, one after the other."""

    def __init__(self, document: Document, file: FileScope, typed: Mapping[str, str]) -> None:
        self.document = document
        self.file = file
        self.typed = typed
        self.values: dict[str, Constant] = {}
        self.lost = {name for name in document.unread if "." not in name}
        self.violations: list[RuleViolation] = []
        self.evaluator = DefaultEvaluator(self.values, file, self.lost)

    def bound(
        self, chosen: Mapping[str, Any], given: Mapping[str, Any], variant: str | None
    ) -> Bound:
        """Bind every parameter: what the caller gives, else the variant, else the default."""
        values = {**chosen, **given}
        unknown = (name for name in values if _is_unknown(name, self.document))
        for name in islice(unknown, MAX_UNKNOWN):
            origin = variant if name in chosen else None
            self._report(_unknown(name, self.document, origin, self.file), name)
        for name, declaration in self.document.parameters.items():
            if name in self.lost:
                continue
            is_chosen = name in chosen and name not in given
            place = f"variants.{variant}.{name}" if is_chosen else ""
            value = values.get(name, declaration.default)
            self._bind(name, value, declaration, place)
        return Bound(self.values, frozenset(self.lost), tuple(self.violations))

    def _bind(self, name: str, value: Any, declaration: Declaration, place: str) -> None:
        spans = self.document.spans
        try:
            if isinstance(value, Expression):
                value = self.evaluator.constant(value)
            if (unknown := _unknown_layer(name, value, self.file)) is not None:
                unknown.span = spans.get(f"{place or _default_place(name, self.document)}=")
                self._report(unknown, name)
                raise Skipped
            self.values[name] = _checked(name, value, declaration, self.document)
        except RuleViolation as violation:
            violation.span = spans.get(place) or violation.span
            self._report(violation, name)
            self.lost.add(name)
        except Skipped:
            self.lost.add(name)

    def _report(self, violation: RuleViolation, name: str) -> None:
        """Keep what is wrong with a parameter; the option that gives it, if any, is at fault."""
        place = f"params.{name}"
        if option := self.typed.get(place):
            violation.option = option
            violation.span = self.document.spans.get(place, violation.span)
        self.violations.append(violation)


def _is_unknown(name: str, document: Document) -> bool:
    """Return whether a name is surely no parameter: a part that was not read may hold it."""
    known = name in document.parameters or name in document.unread
    return not known and not document.is_partial


def check_variants(document: Document, file: FileScope) -> Iterator[RuleViolation]:
    """Yield what is wrong with the variants, whichever of them is asked for, and with choices."""
    yield from _wrong_choices(document)
    for variant, values in document.variants.items():
        for name, value in values.items():
            span = document.spans.get(f"variants.{variant}.{name}")
            try:
                if (unknown := _unknown_layer(name, value, file)) is not None:
                    unknown.span = document.spans.get(f"variants.{variant}.{name}=")
                    yield unknown
                    continue
                if _is_unknown(name, document):
                    raise _unknown(name, document, variant)
                if name in document.parameters and not isinstance(value, Expression):
                    _checked(name, value, document.parameters[name], document)
            except RuleViolation as violation:
                violation.span = span
                yield violation


def _default_place(name: str, document: Document) -> str:
    """Return the key of a parameter's default: its own, or that of `default` in the long form."""
    long = f"params.{name}.default"
    return long if long in document.spans else f"params.{name}"


def _unknown_layer(name: str, value: Constant, file: FileScope) -> RuleViolation | None:
    """Return the violation for a parameter that is given a layer which does not exist."""
    if not isinstance(value, LayerName) or "." in value.name or file.is_partial:
        return None
    own = {*file.blocks, *file.imports, *file.python, *file.unread}
    own |= file.document.parameters.keys() if file.document is not None else set()
    if value.name in own or value.name in layers.NAMES or value.name in functions.NAMES:
        return None
    known = [*file.blocks, *layers.NAMES, *functions.NAMES]
    return RuleViolation(
        Code.PARAMETER_VALUE,
        f"`{name}` is the layer `{excerpt(value.name)}`, and there is none of this name",
        help=callee_meant(value.name, known) or "see `archc layers`",
        argument=name,
    )


def _variant(document: Document, variant: str | None) -> Mapping[str, Any]:
    if variant is None:
        return {}
    if f"variants.{variant}" in document.unread:
        raise Skipped
    if variant not in document.variants:
        known = f"variants: {', '.join(document.variants)}"
        known = known if document.variants else "it has none: leave the variant out"
        raise RuleViolation(
            Code.UNKNOWN_VARIANT,
            f"`{document.name}` has no variant `{excerpt(variant)}`",
            help=str(meant(variant, document.variants)) or known,
            argument="variant",
            span=document.spans.get("variants"),
        )
    return document.variants[variant]


def _unknown(
    name: str, document: Document, variant: str | None, file: FileScope | None = None
) -> RuleViolation:
    advice = meant(name, document.parameters) or f"parameters: {_listed(document.parameters)}"
    spans = document.spans
    return RuleViolation(
        Code.PARAMETER_VALUE,
        f"`{document.name}` has no parameter `{excerpt(name)}`",
        help=(_imported_advice(name, file) if file else "") or advice,
        argument=name,
        span=spans.get(f"variants.{variant}.{name}", spans.get("params")),
    )


def _listed(names: Collection[str]) -> str:
    """Return the first of some names; a spec can have thousands."""
    more = ", …" if len(names) > LISTED else ""
    return (", ".join(islice(names, LISTED)) or "none") + more


def _imported_advice(name: str, file: FileScope) -> str:
    """Return how to reach the parameter of an imported file: by one of the spec's own."""
    inner = name.rpartition(".")[2]
    for alias, imported in file.imports.items():
        document = imported.document
        if document is None or inner not in document.parameters:
            continue
        default = constant_as_written(document.parameters[inner].default) or "…"
        return (
            f"it is a parameter of the imported `{alias}`: declare it under `params:` here too "
            f"(`{inner}: {default}`) and pass it on: `{alias}({inner}={inner})`"
        )
    return ""


def _wrong_choices(document: Document) -> Iterator[RuleViolation]:
    """Yield the choices of layers that name none: they are at fault, and not what is chosen."""
    for name, declaration in document.parameters.items():
        for choice in _choices_without_a_layer(declaration, document):
            known = [*document.blocks, *layers.NAMES]
            place = document.spans.get(f"params.{name}.choices")
            yield RuleViolation(
                Code.PARAMETER_VALUE,
                f"the choice `{choice}` of `{name}` is no layer and no block",
                help=callee_meant(choice, known) or "see `archc layers`",
                span=place or document.spans.get(f"params.{name}"),
            )


def _choices_without_a_layer(declaration: Declaration, document: Document) -> list[str]:
    known = {*layers.NAMES, *functions.NAMES, *document.blocks, *document.python, *document.unread}
    known |= {imported.alias for imported in document.imports}
    named = [c.name for c in declaration.choices or () if isinstance(c, LayerName) and not c.call]
    is_whole = not document.is_partial
    return [name for name in named if is_whole and name.split(".")[0] not in known]


def _checked(name: str, value: Any, declaration: Declaration, document: Document) -> Constant:
    span = document.spans.get(f"params.{name}")
    kind = declared_kind(declaration)
    if value is None and (declaration.default is None or kind is None):
        return None
    if kind is not None and not is_of(value, kind):
        raise _of_another_kind(name, value, kind, declaration, span)
    if not _choices_without_a_layer(declaration, document):
        _check_range(name, value, declaration, span)
    return float(value) if kind == "float" and type(value) is int else value


def _of_another_kind(
    name: str, value: Any, kind: str, declaration: Declaration, span: Span | None
) -> RuleViolation:
    shown = constant_as_written(value)
    given = f"`{excerpt(shown)}`" if shown else "this"
    default = constant_as_written(declaration.default)
    advice = f"the default is {excerpt(default)}" if is_of(declaration.default, kind) else ""
    if kind == "int" and isinstance(value, float) and value.is_integer():
        advice = f"write {int(value)}"
    elif kind == "int" and type(value) is float and declaration.type is None and span is not None:
        default = f"a default with a point, {default}.0 on line {span.line}"
        advice = f"write a whole number; or, where `{name}` counts nothing, {default}"
    return RuleViolation(
        Code.PARAMETER_VALUE,
        f"`{name}` is {KIND_WORDS[kind]}, and {given} is {describe(value)}",
        help=advice,
        argument=name,
        span=span,
    )


def _check_range(name: str, value: Any, declaration: Declaration, span: Any) -> None:
    choices = declaration.choices
    if choices is not None and value not in choices:
        listed = ", ".join(map(str, choices))
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"`{name}` cannot be {value}",
            help=meant(str(value), map(str, choices)) or f"choose one of {listed}",
            span=span,
        )
    if not isinstance(value, (int, float)):
        return
    below = declaration.min is not None and value < declaration.min
    above = declaration.max is not None and value > declaration.max
    if below or above:
        bound = f"at least {declaration.min}" if below else f"at most {declaration.max}"
        raise RuleViolation(
            Code.PARAMETER_VALUE, f"`{name}` is {value}; it must be {bound}", span=span
        )


def constant_as_written(value: Any) -> str:
    """Return a constant as a spec and a command line have it, nothing for what has no such form."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | str():
            return str(value)
        case LayerName(name, call):
            return name if call is None else expression_text(call)
        case tuple():
            items = cast("tuple[Any, ...]", value)
            return f"[{', '.join(map(constant_as_written, items))}]"
        case _:
            return ""
