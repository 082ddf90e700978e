"""Colons that YAML takes for the end of a key, or misses behind one."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from archc.spec.data import keyword_advice
from archc.spec.page import Page, Repair, Trouble, rewritten, split
from archc.spec.repairs.brackets import VALUE, open_bracket

LONGEST_KEY = 1_024
"""YAML's own limit for a key without quotes."""

_LAMBDA = re.compile(r"\blambda\b")
_PAIR = re.compile(r"\s*(\w+)(:(?=[^\s:/])|\s*=\s*|\s+(?=[\[{\w'\"]))")


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
        repair = split(
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
    yield split(page, index, text, headline, advice, column)


def last_colon(page: Page, index: int, trouble: Trouble) -> Iterator[Repair]:
    """`down: Conv2d(8, 1) if wide:`, a line that ends as one does that has others below it."""
    line, below = page.lines[index], page.below(index)
    ends = VALUE.match(line.body) is not None and line.body.endswith(":")
    last = line.text.index(line.body) + len(line.body) - 1
    if not ends or trouble.column != last or index != trouble.index:
        return
    if below is not None and page.lines[below].indent > line.indent:
        return
    headline = "this line ends with a colon, and nothing stands below it"
    mended = line.with_body(line.body[:-1].rstrip())
    yield rewritten(page, index, mended, headline, page.span(index, last, last + 1))


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
    yield split(page, index, text, headline, advice, column)
