"""What stands for the parts of a body that could not be read, so that the rest is read on."""

import re

from archc.diagnostics import Span
from archc.expressions.syntax import Name
from archc.spec.source import Scalar
from archc.statements import Body, Child, Item

BROKEN = Name("")
"""Stands for an expression that could not be read; what depends on it is skipped in silence."""

_TARGET = re.compile(r"\bas\s+([A-Za-z_]\w*)")


def broken_item(node: Scalar) -> Item:
    """Return what stands for a line that could not be read: it sets the same name."""
    target = _TARGET.search(node.value)
    return Item((), target=target[1] if target else "", span=node.span)


def broken_body(span: Span) -> Body:
    """Return what stands for lines that could not be read."""
    return Body("item", (Child("", Item((), span=span), span),), span)
