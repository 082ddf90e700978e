"""Sums in expressions of `forward` whose first terms a loop adds up."""

from collections.abc import Sequence

from msgspec.structs import replace

from archc.backends.python_source.texts import Part, Read, Step, Text, Variable
from archc.expressions.printing import BINARY_LEVEL

_PLUS = " + "
_LEVEL = BINARY_LEVEL["+"]


def starts_a_sum(terms: Sequence[Variable], texts: Sequence[Text], readers: Sequence[Text]) -> bool:
    """Return whether one of `texts` is a sum that begins with terms, or has one inside.

    Nothing else of `readers` reads them.
    """
    wanted = [id(term) for term in terms]
    read = [id(variable) for text in readers for variable in text.reads()]
    is_alone = sorted(i for i in read if i in set(wanted)) == sorted(wanted)
    return is_alone and any(with_sum(text, terms) is not text for text in texts)


def with_sum(text: Text, terms: Sequence[Variable]) -> Text:
    """Return an expression with the first term in the place of the sum of all; else itself."""
    parts = _flat(text)
    first = parts[: 2 * len(terms) - 1]
    if text.level == _LEVEL and _is_sum(first, terms):
        rest = parts[len(first) :]
        return Text([first[0], *rest], _LEVEL) if rest else Text([Read(terms[0])])
    inner = [_part_with_sum(part, terms) for part in text.parts]
    unlike = any(new is not old for new, old in zip(inner, text.parts, strict=True))
    return replace(text, parts=inner) if unlike else text


def _part_with_sum(part: Part, terms: Sequence[Variable]) -> Part:
    if not isinstance(part, Step):
        return part
    text = with_sum(part.text, terms)
    return part if text is part.text else Step(text, part.least)


def _flat(text: Text) -> list[Part]:
    """Return operands and signs; a first operand that is itself a sum gives its own."""
    first, *rest = text.parts
    if isinstance(first, Step) and first.text.level == _LEVEL:
        return [*_flat(first.text), *rest]
    return list(text.parts)


def _is_sum(parts: Sequence[Part], terms: Sequence[Variable]) -> bool:
    """Return whether parts are these variables with plus signs between them."""
    read = [part.variable for part in parts[::2] if isinstance(part, Read)]
    is_added = all(sign == _PLUS for sign in parts[1::2])
    return is_added and list(map(id, read)) == list(map(id, terms))
