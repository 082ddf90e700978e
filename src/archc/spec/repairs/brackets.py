"""Brackets, quotes and commas that YAML misses, and signs that it takes for its own."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation
from archc.spec.data import keyword_advice
from archc.spec.page import Line, Page, Repair, Trouble, rewritten

CONTROL_CHARACTER = "control character"
LONGEST_KEY = 1_024
"""YAML's own limit for a key without quotes."""
FAR = 200
"""How many lines above a place its cause is sought."""

_CLOSING = {"[": "]", "{": "}"}
_VALUE = re.compile(r"((?:- )?(?:[^\s:'\"\[\]{}]+:\s+|- ))(\S.*)")
_LAMBDA = re.compile(r"\blambda\b")
_PAIR = re.compile(r"\s*(\w+)(:(?=[^\s:/])|\s*=\s*|\s+(?=[\[{\w'\"]))")
_FLOW_TYPE = re.compile(r"(\w+)\s*:\s*(\w+\[[^\]]*\]?)")
_BEGINS_WITH_BRACKET = re.compile(r"(?::|-)\s+(\[[^\]]*\]|\{[^}]*\})\s*[^\s,#\]}]")


def bracket_open(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """A `[` or `{` that is not closed; it is closed here, or above where YAML stopped."""
    line = page.lines[index]
    opened = _left_open(line.body)
    if not opened:
        return
    column, bracket = opened[-1]
    closing = "".join(_CLOSING[sign] for _, sign in reversed(opened))
    start = line.text.index(line.body) + column
    violation = RuleViolation(
        Code.NOT_YAML,
        f"this `{bracket}` is not closed",
        help=f"write the missing `{_CLOSING[bracket]}`",
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
    if below is None or not _VALUE.match(line.body):
        return False
    next_line = page.lines[below]
    begins = _VALUE.match(next_line.body) or next_line.body.endswith(":")
    return next_line.indent < line.indent or bool(next_line.indent == line.indent and begins)


def _left_open(text: str) -> list[tuple[int, str]]:
    """Return the brackets of YAML's that a text leaves open, with their columns."""
    stack: list[tuple[int, str]] = []
    for column, sign in enumerate(text):
        if sign in _CLOSING:
            stack.append((column, sign))
        elif sign in _CLOSING.values() and stack:
            stack.pop()
    return stack


def opening_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A value whose closing bracket has no opening one."""
    line = page.lines[index]
    depth: list[str] = []
    for column, sign in enumerate(line.text):
        if sign in _CLOSING:
            depth.append(sign)
        elif sign in _CLOSING.values() and depth:
            depth.pop()
        elif sign in _CLOSING.values():
            yield from _opened(page, index, column)
            return


def _opened(page: Page, index: int, column: int) -> Iterator[Repair]:
    """Put the bracket that a closing one lacks at the start of its value."""
    line = page.lines[index]
    opening = {closing: sign for sign, closing in _CLOSING.items()}[line.text[column]]
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


def quote_open(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A value that begins with a quote and has no second one."""
    line = page.lines[index]
    value = _value(line)
    if value[:1] in _CLOSING and value.count('"') % 2 == 1:
        yield _closed_before_brackets(page, index)
    if not _is_open_text(value):
        return
    mended = line.with_body(f"{line.body}{value[0]}")
    start = line.text.index(line.body) + len(line.body) - len(value)
    span = page.span(index, start, start + 1)
    yield rewritten(page, index, mended, "this quote is not closed", span)


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
    found = _VALUE.match(line.body)
    return found[2] if found else line.body


def _has_open_quote(value: str) -> bool:
    return _is_open_text(value) or (value[:1] in _CLOSING and value.count('"') % 2 == 1)


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


def pair_in_braces(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`{width:8}`, `{width=8}` and `{width 8}`."""
    line = page.lines[index]
    found = _pair_in_braces(line.body)
    if found is None:
        return
    start = line.text.index(line.body) + found.start(2)
    mended = line.with_body(f"{line.body[: found.start(2)]}: {line.body[found.end(2) :]}")
    headlines = {
        "=": "`=` stands where a colon belongs",
        ":": "a space is missing after the colon",
    }
    headline = headlines.get(found[2].strip(), f"a colon is missing after `{found[1]}`")
    span = page.span(index, start, start + 1)
    yield rewritten(page, index, mended, headline, span, f"write `{found[1]}: …`")


def _pair_in_braces(text: str) -> re.Match[str] | None:
    """Return the first name and sign that are no `name: ` directly in braces."""
    stack: list[str] = []
    for column, sign in enumerate(text):
        if sign in "{[(":
            stack.append(sign)
        elif sign in "}])" and stack:
            stack.pop()
        if sign in "{," and stack[-1:] == ["{"]:
            found = _PAIR.match(text, column + 1)
            if found is not None:
                return found
    return None


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


def colon_in_brackets(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`: ` inside a call or a slice, which YAML takes for a key."""
    line = page.lines[index]
    signs = (found.start() for found in re.finditer(r":\s", line.text))
    column = next((at for at in signs if open_bracket(line.text[:at])), None)
    if column is None or index != trouble.index or _LAMBDA.search(line.text[:column]):
        return
    before, after = line.text[:column], line.text[column + 1 :].lstrip()
    bracket = open_bracket(before)
    name = re.search(r"(\w+)\s*$", before)
    if bracket == "(" and name is not None:
        advice = keyword_advice(name[1], after)
        written = advice.edits[0].new
        rest = re.sub(r"^[\w.'-]+", "", after)
        repair = _split(
            page,
            index,
            f"{before[: name.start()]}{written}{rest}",
            "YAML reads `: ` inside a call as a key",
            advice,
            column,
        )
        yield replace(repair, silent=(), is_sure=True)
        return
    headline = "YAML reads `: ` inside a slice as a key"
    advice = "leave no space after the colon: `x[:, 0]`, or quote the whole line"
    if bracket == "(":
        headline, advice = "YAML reads `: ` inside a call as a key", "an argument takes `=`"
    text = f"{before.rstrip()}={after}" if bracket == "(" else f"{before}:{after}"
    yield _split(page, index, text, headline, advice, column)


def last_colon(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`down: Conv2d(8, 1) if wide:`, a line that ends as one does that has others below it."""
    line, below = page.lines[index], page.below(index)
    ends = _VALUE.match(line.body) is not None and line.body.endswith(":")
    last = line.text.index(line.body) + len(line.body) - 1
    if not ends or trouble.column != last or index != trouble.index:
        return
    if below is not None and page.lines[below].indent > line.indent:
        return
    headline = "this line ends with a colon, and nothing stands below it"
    mended = line.with_body(line.body[:-1].rstrip())
    yield rewritten(page, index, mended, headline, page.span(index, last, last + 1))


def second_colon(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`doc: LeNet: a network`, a text with a colon and a space in it."""
    line = page.lines[index]
    found = _VALUE.match(line.body)
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
    yield _split(page, index, text, headline, advice, trouble.column)


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
    repair = _split(page, index, text, headline, "put the whole value in quotes", column)
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
    repair = _split(page, index, text, headline, advice, found.start(2))
    repair.violation.span = page.span(index, found.start(2), found.end(2))
    yield replace(repair, is_sure=True)


def long_key(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A `for` over a table that is longer than YAML lets a key be."""
    line = page.lines[index]
    found = re.match(r"(?:- )?for\s.*?\sin\s+(.*):$", line.body)
    if found is None or len(line.body) <= LONGEST_KEY:
        return
    start = line.text.index(line.body)
    text = f"{line.text[: start + found.start(1)]}(){line.text[start + found.end(1) :]}"
    headline = f"a key of more than {LONGEST_KEY:,} characters, which YAML does not read"
    advice = "put the table in `params:` and write `for n, width in table:`"
    column = start + (2 if line.body.startswith("- ") else 0)
    yield _split(page, index, text, headline, advice, column)


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


def is_control(sign: str) -> bool:
    """Return whether YAML refuses a character."""
    return not (sign.isprintable() or sign.isspace()) or sign in "\x0b\x0c\x1c\x1d\x1e\x1f"


def open_bracket(text: str) -> str:
    """Return the innermost bracket of a call or slice that a text leaves open."""
    stack: list[str] = []
    for sign in text:
        if sign in "([":
            stack.append(sign)
        elif sign in ")]" and stack:
            stack.pop()
    return stack[-1] if stack else ""


def _split(page: Page, index: int, text: str, headline: str, advice: str, column: int) -> Repair:
    line = page.lines[index]
    span = page.span(index, column, column + 1)
    violation = RuleViolation(Code.YAML_SPLIT, headline, help=advice, span=span)
    mended = line.with_text(text)
    return Repair(violation, page.with_lines({index: mended}), (line.number,))
