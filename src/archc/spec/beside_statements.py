"""Keys that stand beside `add:` or `for …:` in one item of a list, where a list is below it."""

from archc.diagnostics import Code, RuleViolation
from archc.spec.control_lines import JOINS, statement_word
from archc.spec.model import Expectation
from archc.spec.sections import KEYS
from archc.spec.source import Mapping, Scalar, Sequence

_EXPECTED = frozenset(Expectation.model_fields)


def length_of_statement(node: Mapping) -> int:
    """Return how many entries of an item make the statement over a list that it begins with.

    It is 0 where it begins otherwise, or where all that follows are such statements too.
    """
    words = [statement_word(key) for key, _ in node.entries]
    if not words or words[0] not in {"for", "if", *JOINS}:
        return 0
    are_lists = [isinstance(value, Sequence) for _, value in node.entries]
    length = 1
    while words[0] == "if" and words[length : length + 1] in (["elif"], ["else"]):
        length += 1
    rest = zip(words[length:], are_lists[length:], strict=True)
    are_statements = all(word in {"for", "if", *JOINS} and is_list for word, is_list in rest)
    return length if all(are_lists[:length]) and not are_statements else 0


def beside_statement(key: Scalar, statement: Scalar) -> RuleViolation:
    """Return the violation for a key beside a statement: a line, or a key of the file."""
    name, item = key.value, statement.value
    headline = f"`{name}:` stands beside `{item}:`, under which stands a list"
    advice = f"write `- {name}: …`, with its dash below that of `- {item}:`"
    if name in KEYS:
        advice = f"`{name}:` is a key of the file: begin it in column 1"
    elif name in _EXPECTED:
        advice = f"write `{name}:` under `expect:`, which begins in column 1"
    return RuleViolation(Code.BODY_KIND, headline, help=advice, span=key.span)


def is_of_file(key: Scalar) -> bool:
    """Return whether a key is one of the file's, or of its `expect:`."""
    return key.value in KEYS or key.value in _EXPECTED
