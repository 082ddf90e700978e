"""Quotes that are left open or end a text too early, and texts that need quotes."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from archc.spec.page import (
    CONTROL_CHARACTER,
    Line,
    Page,
    Repair,
    Trouble,
    is_control,
    rewritten,
    split,
)
from archc.spec.repairs.brackets import CLOSING, VALUE, open_bracket

FAR = 200
"""How many lines above a place its cause is sought."""

_NO_TEXT = re.compile(r"[-+]?[\d.][\d.e+-]*|true|false|null|= .*|\[.*\]|\{.*\}|\w+\(.*\)")
"""A value that is surely no text: its quote is one too many."""
_FLOW_TYPE = re.compile(r"(\w+)\s*:\s*(\w+\[[^\]]*\]?)")
_BEGINS_WITH_BRACKET = re.compile(r"(?::|-)\s+(\[[^\]]*\]|\{[^}]*\})\s*[^\s,#\]}]")


def quote_open(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A value that begins with a quote and has no second one."""
    line = page.lines[index]
    value = _value(line)
    if value[:1] in CLOSING and value.count('"') % 2 == 1:
        yield _closed_before_brackets(page, index)
    if not _is_open_text(value):
        return
    start = line.text.index(line.body) + len(line.body) - len(value)
    span, headline = page.span(index, start, start + 1), "this quote is not closed"
    if _NO_TEXT.fullmatch(value[1:]):
        mended = line.with_body(f"{line.body[: -len(value)]}{value[1:]}")
        advice = f"take it out: write `{mended.body}`"
        yield rewritten(page, index, mended, headline, span, advice, is_checked=True)
        return
    last = max((i for i in page.block(index) if page.lines[i].body), default=index)
    if last > index:
        mended = page.lines[last].with_body(f"{page.lines[last].body}{value[0]}")
        advice = f"write `{value[0]}` where the text ends: at the end of line {mended.number}"
        repair = rewritten(page, last, mended, headline, span, advice)
        yield replace(repair, silent=(*repair.silent, line.number))
    mended = line.with_body(f"{line.body}{value[0]}")
    yield rewritten(page, index, mended, headline, span)


def _closed_before_brackets(page: Page, index: int) -> Repair:
    """Close a quote inside brackets before the brackets that end the line."""
    line = page.lines[index]
    inside = line.body.rstrip("]}")
    mended = line.with_body(f'{inside}"{line.body[len(inside) :]}')
    start = line.text.rindex('"')
    span = page.span(index, start, start + 1)
    return rewritten(page, index, mended, "this quote is not closed", span)


def open_quote_above(page: Page, index: int) -> int | None:
    """Return the nearest line above whose value begins with a quote and has no second one."""
    above = range(index - 1, max(-1, index - FAR), -1)
    return next((i for i in above if _has_open_quote(_value(page.lines[i]))), None)


def _value(line: Line) -> str:
    found = VALUE.match(line.body)
    return found[2] if found else line.body


def _has_open_quote(value: str) -> bool:
    return _is_open_text(value) or (value[:1] in CLOSING and value.count('"') % 2 == 1)


def _is_open_text(value: str) -> bool:
    return value[:1] in {"'", '"'} and value.count(value[0]) % 2 == 1


def quote_inside(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A quote inside a text in quotes of the same kind."""
    line = page.lines[index]
    value = _value(line)
    quote = value[:1]
    if quote not in {"'", '"'} or value[-1] != quote or quote not in value[1:-1]:
        return
    inner = value[1:-1].replace(quote, "''" if quote == "'" else '\\"')
    mended = line.with_body(f"{line.body[: -len(value)]}{quote}{inner}{quote}")
    at = line.text.index(line.body) + len(line.body) - len(value) + 1 + value[1:].index(quote)
    other = '"' if quote == "'" else "'"
    advice = f"put `{other}` around the text instead"
    headline = f"a `{quote}` ends this text too early"
    yield rewritten(page, index, mended, headline, page.span(index, at, at + 1), advice)


def reserved_sign(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A value that begins with a sign YAML keeps for itself."""
    line = page.lines[index]
    sign = line.text[trouble.column : trouble.column + 1]
    if index != trouble.index or sign not in {"@", "`", "%"}:
        return
    end = trouble.column + 1
    text = line.text[: trouble.column] + line.text[end:].replace("`", "")
    mended = line.with_text(text)
    headline = f"nothing in YAML can begin with `{sign}`"
    if sign == "`":
        headline = "nothing in YAML can begin with a backtick"
    yield rewritten(page, index, mended, headline, page.span(index, trouble.column, end))


def second_colon(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`doc: LeNet: a network`, a text with a colon and a space in it."""
    line = page.lines[index]
    found = VALUE.match(line.body)
    if index != trouble.index or found is None or found[2][0] in "'\"[{":
        return
    start = line.text.index(line.body) + found.start(2)
    if trouble.column <= start or open_bracket(line.text[: trouble.column]):
        return
    quoted = found[2].replace("'", "''")
    text = line.text[:start] + f"'{quoted}'" + line.text[start + len(found[2]) :]
    word = line.text[start : trouble.column]
    headline = f"a `: ` inside a text: YAML takes `{word}` for another key"
    advice = "put the text in quotes"
    yield split(page, index, text, headline, advice, trouble.column)


def begins_with_bracket(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`[1] * 3`, of which YAML reads the list alone."""
    line = page.lines[index]
    found = _BEGINS_WITH_BRACKET.search(line.body)
    if found is None or "flow" in trouble.words:
        return
    start = line.text.index(line.body)
    value = line.body[found.start(1) :]
    quoted = value.replace("'", "''")
    text = line.text[: start + found.start(1)] + f"'{quoted}'"
    headline = f"YAML takes a value that begins with `{found[1][0]}` for a list of its own"
    column = start + found.start(1)
    repair = split(page, index, text, headline, "put the whole value in quotes", column)
    repair.violation.span = page.span(index, column, start + found.end(1))
    yield repair


def type_in_braces(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`{tokens: int64[B, 56]}`, of which YAML reads the bracket as the end of the value."""
    line = page.lines[index]
    found = next(_FLOW_TYPE.finditer(line.text), None)
    if found is None or "flow mapping" not in trouble.words:
        return
    text = f"{line.text[: found.start(2)]}'{found[2]}'{line.text[found.end(2) :]}"
    headline = f"YAML does not read `{found[2]}` inside `{{ }}`"
    advice = f"give it a line of its own, indented: `{found[1]}: {found[2]}`"
    repair = split(page, index, text, headline, advice, found.start(2))
    repair.violation.span = page.span(index, found.start(2), found.end(2))
    yield replace(repair, is_sure=True)


def control_character(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A character that no text may hold."""
    line = page.lines[index]
    if trouble.words != CONTROL_CHARACTER:
        return
    column = next((c for c, sign in enumerate(line.text) if is_control(sign)), None)
    if column is None:
        return
    text = "".join(" " if is_control(sign) else sign for sign in line.text)
    mended = line.with_text(text)
    headline = "the text holds a control character"
    advice = "remove it; only tabs inside quotes and line breaks are allowed"
    span = page.span(index, column, column + 1)
    yield rewritten(page, index, mended, headline, span, advice)
