"""Laying out Python source: lines that fit, split at brackets as the common formatters do."""

from collections.abc import Iterable, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

WIDTH = 100
INDENT = "    "


class Line(Struct, frozen=True):
    """One logical line: its depth, its text, a comment of our own making.

    `defines` names the local variable a line only serves to define; such a line is
    dropped where nothing reads the variable. `clauses` are the parts, if it has several, of
    the expression that the text ends in: `a`, `if test`, `else b`, or `a`, `+ b`.
    """

    depth: int
    text: str
    comment: str = ""
    defines: str = ""
    clauses: tuple[str, ...] = ()

    def deeper(self, levels: int) -> "Line":
        """Return the same line further inside."""
        return replace(self, depth=self.depth + levels)


def laid_out(line: Line) -> list[str]:
    """Return the physical lines of a logical one, each within the width where that is possible."""
    indent = INDENT * line.depth
    tail = f"  # {line.comment}" if line.comment else ""
    for shown in (tail, tail.partition(":")[0]):
        if len(indent) + len(line.text) + len(shown) <= WIDTH:
            return [indent + line.text + shown if line.text else ""]
    head, inner, close = _split_last(line.text) if _closes(line.text) else ("", "", "")
    if line.clauses and not (len(line.clauses) == 2 and _is_call(head)):
        return _one_clause_a_line(line, tail)
    if not _may_break(head, inner):
        return [indent + line.text + tail]
    if head.endswith("[") and (parts := _comprehension(inner)):
        rows = chain.from_iterable(laid_out(Line(line.depth + 1, part)) for part in parts)
        return [f"{indent}{head}{tail}", *rows, f"{indent}{close}"]
    whole = indent + INDENT + inner
    if len(whole) <= WIDTH and not tail and _is_call(head):
        return [f"{indent}{head}{tail}", whole, f"{indent}{close}"]
    return [f"{indent}{head}{tail}", *_one_each(inner, line.depth + 1), f"{indent}{close}"]


def _one_clause_a_line(line: Line, tail: str) -> list[str]:
    """Return an expression in parentheses, its clauses one below the other."""
    indent = INDENT * line.depth
    whole = " ".join(line.clauses)
    head = line.text.removesuffix(whole)
    fits = len(indent + INDENT + whole) <= WIDTH
    parts = [whole] if fits else line.clauses
    inner = (laid_out(Line(line.depth + 1, part)) for part in parts)
    return [f"{indent}{head}({tail}", *chain.from_iterable(inner), f"{indent})"]


def exploded(depth: int, head: str, items: Iterable[tuple[str, str]], close: str) -> list[Line]:
    """Return a call with one item, and its comment, a line."""
    inner = [Line(depth + 1, f"{text},", comment) for text, comment in items]
    return [Line(depth, head), *inner, Line(depth, close)]


def _one_each(inner: str, depth: int) -> list[str]:
    lines: list[str] = []
    for part in split_arguments(inner):
        lines += laid_out(Line(depth, f"{part},"))
    return lines


def _comprehension(inner: str) -> tuple[str, ...]:
    """Return the element and the loop of `X(…) for _ in range(n)`; nothing for other lists.

    No comma may follow a comprehension.
    """
    element, loop, over = inner.rpartition(" for ")
    is_whole = all(element.count(a) == element.count(b) for a, b in ("[]", "()"))
    is_one = is_whole and len(split_arguments(element)) == 1
    return (element, f"for {over}") if loop and is_one else ()


def _may_break(head: str, inner: str) -> bool:
    """Return whether a comma more in a text's last bracket changes nothing.

    It makes a tuple of what stands in the parentheses of a sum, and of a single index.
    """
    if head.endswith("["):
        return not _follows_operand(head) or len(split_arguments(inner)) > 1
    return _is_call(head)


def _is_call(head: str) -> bool:
    """Return whether a text ends in the bracket of a call."""
    return head.endswith("(") and _follows_operand(head)


def _follows_operand(head: str) -> bool:
    """Return whether a text's last bracket follows a name or another bracket."""
    before = head[-2:-1]
    return before.isalnum() or (before != "" and before in "_)]")


def _closes(text: str) -> bool:
    return text.startswith("def ") or text.rstrip(":,")[-1:] in {")", "]", "}"}


def _split_last(text: str) -> tuple[str, str, str]:
    """Split at the bracket that the line's last closing bracket belongs to."""
    end = text.rfind(") ->") if text.startswith("def ") else max(map(text.rfind, ")]}"))
    depth = 0
    for position in range(end, -1, -1):
        depth += (text[position] in ")]}") - (text[position] in "([{")
        if depth == 0:
            return text[: position + 1], text[position + 1 : end], text[end:]
    return text, "", ""


def split_arguments(text: str) -> list[str]:
    """Split at the commas that lie outside brackets and strings."""
    parts: list[str] = []
    depth = start = 0
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character in "([{") - (character in ")]}")
            if character == "," and depth == 0:
                parts.append(text[start:position].strip())
                start = position + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts


def written(lines: Sequence[Line]) -> str:
    """Return the text of logical lines."""
    return "\n".join(physical for line in lines for physical in laid_out(line)) + "\n"
