"""Brackets and commas that YAML misses, or that are too many."""

import re
from collections.abc import Iterator

from archc.diagnostics import Code, RuleViolation
from archc.spec.page import Page, Repair, Trouble, rewritten

CLOSING = {"[": "]", "{": "}"}
"""The brackets that YAML reads, with what closes them."""
VALUE = re.compile(r"((?:- )?(?:[^\s:'\"\[\]{}]+:\s+|- ))(\S.*)")
"""A line that begins a value: what stands before it, and the value."""


def bracket_open(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A `[` or `{` that is not closed; it is closed here, or above where YAML stopped."""
    line = page.lines[index]
    opened = _left_open(line.body)
    if not opened:
        return
    column, bracket = opened[-1]
    closing = "".join(CLOSING[sign] for _, sign in reversed(opened))
    start = line.text.index(line.body) + column
    violation = RuleViolation(
        Code.NOT_YAML,
        f"this `{bracket}` is not closed",
        help=f"write the missing `{CLOSING[bracket]}`",
        span=page.span(index, start, start + 1),
    )
    above = page.above(trouble.index)
    for i in dict.fromkeys((index, above if above is not None else index)):
        mended = page.lines[i].with_body(page.lines[i].body.rstrip(",") + closing)
        is_sure = i == index and _ends_below(page, index)
        silent = (line.number, mended.number)
        yield Repair(violation, page.with_lines({i: mended}), silent, is_sure=is_sure)


def _ends_below(page: Page, index: int) -> bool:
    """Return whether the line below surely is no more of a value that a line begins."""
    line, below = page.lines[index], page.below(index)
    if below is None or not VALUE.match(line.body):
        return False
    next_line = page.lines[below]
    begins = VALUE.match(next_line.body) or next_line.body.endswith(":")
    return next_line.indent < line.indent or bool(next_line.indent == line.indent and begins)


def _left_open(text: str) -> list[tuple[int, str]]:
    """Return the brackets of YAML's that a text leaves open, with their columns."""
    stack: list[tuple[int, str]] = []
    for column, sign in enumerate(text):
        if sign in CLOSING:
            stack.append((column, sign))
        elif sign in CLOSING.values() and stack:
            stack.pop()
    return stack


def opening_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A value whose closing bracket has no opening one."""
    line = page.lines[index]
    depth: list[str] = []
    for column, sign in enumerate(line.text):
        if sign in CLOSING:
            depth.append(sign)
        elif sign in CLOSING.values() and depth:
            depth.pop()
        elif sign in CLOSING.values():
            yield from _opened(page, index, column)
            return


def _opened(page: Page, index: int, column: int) -> Iterator[Repair]:
    """Put the bracket that a closing one lacks at the start of its value."""
    line = page.lines[index]
    opening = {closing: sign for sign, closing in CLOSING.items()}[line.text[column]]
    for found in reversed(list(re.finditer(r":\s+", line.text[:column]))):
        start = found.end()
        if line.text[start] == opening:
            continue
        text = f"{line.text[:start]}{opening}{line.text[start:]}"
        span = page.span(index, start, start + 1)
        mended = line.with_text(text)
        yield rewritten(page, index, mended, f"a `{opening}` is missing here", span)


def bracket_too_many(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A `]` or `}` that closes nothing."""
    line = page.lines[index]
    sign = line.text[trouble.column : trouble.column + 1]
    if index != trouble.index or sign not in {"]", "}"}:
        return
    text = line.text[: trouble.column] + line.text[trouble.column + 1 :]
    span = page.span(index, trouble.column, trouble.column + 1)
    mended = line.with_text(text)
    yield rewritten(page, index, mended, f"there is one `{sign}` too many", span, "remove it")


def comma_missing(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`{a: 1 b: 2}`."""
    line = page.lines[index]
    found = re.search(r"\S(\s+)([\w.]+)\s*$", line.text[: trouble.column])
    if index != trouble.index or found is None or "flow mapping" not in trouble.words:
        return
    text = f"{line.text[: found.start(1)]},{line.text[found.start(1) :]}"
    span = page.span(index, found.start(2), found.end(2))
    mended = line.with_text(text)
    headline = f"a comma is missing before `{found[2]}`"
    yield rewritten(page, index, mended, headline, span)


def comma_too_many(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`[1, , 2]` and `[, 1]`."""
    line = page.lines[index]
    before, after = line.text[: trouble.column], line.text[trouble.column :]
    is_second = after.startswith(",") and before.rstrip()[-1:] in {",", "[", "{"}
    if index != trouble.index or not is_second:
        return
    mended = line.with_text(before.rstrip() + after[1:])
    span = page.span(index, trouble.column, trouble.column + 1)
    headline = "there is one `,` too many"
    yield rewritten(page, index, mended, headline, span, "remove it", is_checked=True)


def sign_missing(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A comma or a bracket that YAML misses where it stopped, inside brackets."""
    line = page.lines[index]
    if index != trouble.index or "flow" not in trouble.words:
        return
    before, after = line.text[: trouble.column].rstrip(), line.text[trouble.column :]
    at = page.span(index, trouble.column, trouble.column + 1)
    for sign in (",", "]", "}"):
        mended = line.with_text(f"{before}{sign} {after}")
        word = re.match(r"[\w.]+|.?", after)
        headline = f"a `{sign}` is missing before `{word[0] if word else ''}`"
        yield rewritten(page, index, mended, headline, at)


def open_bracket(text: str) -> str:
    """Return the innermost bracket of a call or slice that a text leaves open."""
    stack: list[str] = []
    for sign in text:
        if sign in "([":
            stack.append(sign)
        elif sign in ")]" and stack:
            stack.pop()
    return stack[-1] if stack else ""
