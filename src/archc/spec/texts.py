"""Keys and values of a section's entries that are plain: a text, a name."""

from archc.diagnostics import Code, RuleViolation
from archc.expressions.tokens import KEYWORDS, keyword_renamed
from archc.spec.data import unreadable
from archc.spec.names import is_identifier
from archc.spec.source import MAX_NAME, Erroneous, Node, Scalar, Sequence


def text_of(node: Node) -> Scalar:
    """Return a node that must be a text."""
    if isinstance(node, Erroneous):
        raise unreadable(node)
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        raise RuleViolation(
            Code.WRONG_KIND,
            f"expected a text, found {kind}",
            help="a text that begins with `[` or `{` needs quotes",
            span=node.span,
        )
    return node


def check_identifier(key: Scalar) -> None:
    """Refuse a key that cannot be a name in expressions.

    Raises:
        RuleViolation: it is none.
    """
    if not is_identifier(key.value) or len(key.value) > MAX_NAME or key.value.startswith("__"):
        letters = f"use letters, digits and underscores, at most {MAX_NAME}, a letter first"
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{key.value}` cannot be a name",
            help=keyword_renamed(key.value) if key.value in KEYWORDS else letters,
            span=key.span,
        )
