"""A dash or a colon that is missing, too many, or without its space."""

import re
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation
from archc.spec.page import REACH, Line, Page, Repair, Trouble, rewritten

_NO_SPACE_AFTER_DASH = re.compile(r"-(?=[A-Za-z_(\"'])")
_NO_SPACE_AFTER_COLON = re.compile(
    r"((?:- )?(?:let )?[A-Za-z_][\w.{}-]*(?:\([^()]*\))*):(?=[^\s:/])"
)
_WIDE_COLON = re.compile(r"((?:- )?[A-Za-z_][\w.{}-]*(?:\([^()]*\))*)：\s*")
_KEY = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'#\[\]{},&*!|>%@`-][^#]*?)\s*:(?:\s|$)")
_EQUALS = re.compile(r"(let\s+\w+|[\w.-]+)\s*=\s*(?=\S)")
_CONTROL = re.compile(r"(?:for|if|elif)\s|(?:else|concat|add|mul|branch)\b")
_STATEMENT = re.compile(_CONTROL.pattern + r"|let\s|(?:return|assert|declare):")
_GROWS = re.compile(r"(\w+)\s*([-+*/])=\s*(\S.*)")
_LAMBDA = re.compile(r"\blambda\b[^:]*:\s")
_VALUE = re.compile(r"((?:- )?(?:let\s+\w+:|[\w.{}-]+:)\s+|- )(\S.*)")
_OTHER_DASH = re.compile(r"([\u2010-\u2015\u2022\u2212\u00b7*])\s+")
_WORD = re.compile(r"[a-z_]\w*")
_NAME_AND_BRACKET = re.compile(r"[\w.]+\s+[\[{]")
_LAYER_CALL = re.compile(r"\w+\(|[A-Z]\w*(?:\s*-|$)|from\s")
_SUM = re.compile(r"[a-z_]\w*\s+(?:[-+*/@]|\*\*)\s+[\w(]")
_BLOCK = re.compile(r"(?:[A-Z]\w*(?:\([^()]*\))*|model):")
_TWO_WORDS = re.compile(r"(let\s+\w+|[\w.{}-]+)\s+([^\s=].*)")


def is_dash(line: Line) -> bool:
    """Return whether a line is an item of a list."""
    return line.body == "-" or line.body.startswith("- ")


def is_key(line: Line) -> bool:
    """Return whether a line begins with a name and a colon."""
    return not is_dash(line) and _KEY.match(line.body) is not None


def space_after_dash(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`-ReLU` among the items of a list; of several in a row YAML reads one text."""
    yield from _all_in_a_row(page, index, _lacks_space, _with_space)


def _all_in_a_row(
    page: Page,
    index: int,
    is_wrong: Callable[[Page, int], bool],
    mend: Callable[[Page, int], Repair],
) -> Iterator[Repair]:
    """Yield the repair of a line together with those above and below that are wrong like it."""
    if not is_wrong(page, index):
        return
    first = last = index
    while is_wrong(page, first - 1):
        first -= 1
    while is_wrong(page, last + 1):
        last += 1
    found = [mend(page, i) for i in range(first, last + 1)]
    mended = {i: repair.page.lines[i] for i, repair in enumerate(found, first)}
    beside = tuple(repair.violation for repair in found[1:])
    yield replace(found[0], page=page.with_lines(mended), beside=beside)


def _lacks_space(page: Page, index: int) -> bool:
    is_there = 0 <= index < len(page.lines)
    return is_there and _NO_SPACE_AFTER_DASH.match(page.lines[index].body) is not None


def _with_space(page: Page, index: int) -> Repair:
    line = page.lines[index]
    mended = line.with_body(f"- {line.body[1:]}")
    span = page.span(index, line.indent, line.indent + 1)
    headline = "a space is missing after the dash"
    return rewritten(page, index, mended, headline, span, is_checked=True)


def space_after_colon(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`conv:Conv2d(8, 3)`."""
    line = page.lines[index]
    found = _NO_SPACE_AFTER_COLON.match(line.body)
    if found is None:
        return
    mended = line.with_body(f"{found[0]} {line.body[found.end() :]}")
    start = line.indent + found.end() - 1
    span = page.span(index, start, start + 1)
    headline = "a space is missing after the colon"
    yield rewritten(page, index, mended, headline, span, is_checked=True)


def wide_colon(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`conv：Conv2d(8, 3)`, as a Chinese or Japanese keyboard writes it."""
    line = page.lines[index]
    found = _WIDE_COLON.match(line.body)
    if found is None:
        return
    mended = line.with_body(f"{found[1]}: {line.body[found.end() :]}".rstrip())
    start = line.indent + found.end(1)
    span = page.span(index, start, start + 1)
    headline = "a colon of double width is no colon"
    yield rewritten(page, index, mended, headline, span, is_checked=True)


def foreign_comment(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`// stem`, a comment of other languages; several in a row are one comment."""
    for repair in _all_in_a_row(page, index, _is_foreign_comment, _as_comment):
        others = [str(found.span.line) for found in repair.beside if found.span]
        note = f"also on line{'s' * (len(others) > 1)} {', '.join(others)}"
        repair.violation.notes = (note,) if others else ()
        yield replace(repair, beside=())


def _is_foreign_comment(page: Page, index: int) -> bool:
    return 0 <= index < len(page.lines) and page.lines[index].body.startswith("//")


def _as_comment(page: Page, index: int) -> Repair:
    line = page.lines[index]
    comment = f"# {line.body.lstrip('/').strip()}"
    span = page.span(index, line.indent, line.indent + 2)
    headline, advice = "a comment begins with `#`", f"write `{comment}`"
    return rewritten(page, index, line.with_body(comment), headline, span, advice, is_checked=True)


def dash_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line without a dash among lines that have one."""
    line = page.lines[index]
    beside = page.siblings(index) or page.around(index)
    if _CONTROL.match(line.body) and (behind := _dash_behind(page, index)) is not None:
        beside = (behind,)
    if not line.body or is_dash(line) or not any(is_dash(page.lines[i]) for i in beside):
        return
    if _lacks_space(page, index) or line.body.startswith("//"):
        return
    enclosed = len(beside) == 2 and all(is_dash(page.lines[i]) for i in beside)
    if is_key(line) and not (_STATEMENT.match(line.body) or enclosed):
        return
    if found := _OTHER_DASH.match(line.body):
        mended = line.with_body(f"- {line.body[found.end() :]}")
        headline = f"this dash is not the plain one but U+{ord(found[1]):04X}"
        span = page.span(index, line.indent, line.indent + 1)
        yield rewritten(page, index, mended, headline, span)
        return
    column = next(page.lines[i].indent for i in beside if is_dash(page.lines[i]))
    mended = line.with_body(f"- {line.body}").at_indent(column)
    headline = "a dash is missing: the lines beside this one are a list"
    yield rewritten(page, index, mended, headline, page.body_span(index))


def _dash_behind(page: Page, index: int) -> int | None:
    """Return the item of a list that follows the lines of a statement, where that may be one too.

    It begins where the statement's dash would: up to two columns farther left.
    """
    indent = page.lines[index].indent
    below = range(index + 1, min(len(page.lines), index + REACH))
    behind = next((i for i in below if page.lines[i].body and page.lines[i].indent < indent), None)
    if behind is None or not is_dash(page.lines[behind]):
        return None
    return behind if page.lines[behind].indent >= indent - len("- ") else None


def name_among_dashes(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line with a name below lines that have dashes."""
    line = page.lines[index]
    beside = page.siblings(index)
    if line.indent == 0 or not is_key(line) or not any(is_dash(page.lines[i]) for i in beside):
        return
    mended = line.with_body(f"- {line.body}")
    value = line.body.partition(":")[2].strip()
    headline = "a name among lines that have dashes: the lines of one body are of one kind"
    advice = f"write `- {value}`" if value else f"write `- {line.body}`"
    span = page.body_span(index)
    yield rewritten(page, index, mended, headline, span, f"{advice}, or give every line a name")


def dash_too_many(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line with a dash among lines that have names."""
    line = page.lines[index]
    beside = page.siblings(index)
    if not line.body.startswith("- ") or not any(is_key(page.lines[i]) for i in beside):
        return
    mended = line.with_body(line.body[2:].lstrip())
    headline = "a dash too many: the lines beside this one have names"
    advice = f"write `{mended.body}`" if is_key(mended) else f"write `name: {mended.body}`"
    span = page.span(index, line.indent, line.indent + 1)
    yield rewritten(page, index, mended, headline, span, advice)


def colon_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line without a colon where only names with values can stand."""
    line = page.lines[index]
    if not line.body or is_dash(line) or line.body[0] in "[{\"'":
        return
    if is_key(line) and not _NAME_AND_BRACKET.match(line.body):
        return
    if _NO_SPACE_AFTER_COLON.match(line.body):
        return
    has_lines = len([i for i in page.block(index) if page.lines[i].body]) > 1
    yield from _with_colon(page, index, line.body, has_lines)


def lambda_colon(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`lambda x: x * 2`, whose colon YAML takes for the end of a key."""
    line = page.lines[index]
    found = _LAMBDA.search(line.text)
    value = _VALUE.match(line.body)
    if found is None or value is None:
        return
    quoted = value[2].replace("'", "''")
    mended = line.with_body(f"{value[1]}'{quoted}'")
    violation = RuleViolation(
        Code.SYNTAX,
        "`lambda` is no word of the language",
        help="write the expression itself; what lines share is a block, `Name(arguments):`",
        span=page.span(index, found.start(), found.start() + len("lambda")),
    )
    yield Repair(violation, page.with_lines({index: mended}), (line.number,))


def item_colon_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """`- for i in range(2)` above deeper lines, without its colon."""
    line = page.lines[index]
    if not line.body.startswith("- ") or not _CONTROL.match(line.body[2:].lstrip()):
        return
    if not line.body.endswith(":") and len(page.block(index)) > 1:
        mended = line.with_body(f"{line.body}:")
        end = line.indent + len(line.body)
        span = page.span(index, end, end + 1)
        yield rewritten(page, index, mended, "a colon is missing at the end of the line", span)


def _sum_of_tensors(page: Page, index: int, body: str) -> Repair:
    """Return the repair of `back + x`: what the block returns, or a line without a name."""
    line = page.lines[index]
    parent = next((each for each in reversed(page.lines[:index]) if _holds(each, line)), line)
    ends = _BLOCK.match(parent.body) and all(beside < index for beside in page.siblings(index))
    mended = line.with_body(f"return: {body}" if ends else f"line{line.number}: from {body}")
    written = mended.body if ends else f"name: from {body}"
    headline = "an expression alone is no line: it lacks its word, or its name"
    return rewritten(page, index, mended, headline, page.body_span(index), f"write `{written}`")


def _holds(above: Line, line: Line) -> bool:
    """Return whether a line may be the one that a deeper line stands under."""
    return bool(above.body) and above.indent < line.indent


def _with_colon(page: Page, index: int, body: str, has_lines: bool) -> Iterator[Repair]:
    line = page.lines[index]
    end = line.indent + len(body)
    if found := _EQUALS.match(body):
        mended = line.with_body(f"{found[1].removeprefix('self.')}: {body[found.end() :]}")
        sign = line.indent + body.index("=")
        headline = "`=` stands where a colon belongs"
        yield rewritten(page, index, mended, headline, page.span(index, sign, sign + 1))
    elif has_lines or _WORD.fullmatch(body) or _CONTROL.match(body):
        mended = line.with_body(f"{body}:")
        headline = "a colon is missing at the end of the line"
        yield rewritten(page, index, mended, headline, page.span(index, end, end + 1))
    if found := _GROWS.fullmatch(body):
        written = f"sum: from {found[1]} {found[2]} {found[3]}"
        mended = line.with_body(f"line{line.number}: from {found[1]} {found[2]} {found[3]}")
        sign = line.indent + found.start(2)
        headline = f"`{found[2]}=` changes a value, and here each has a name of its own"
        span = page.span(index, sign, sign + 2)
        yield rewritten(
            page, index, mended, headline, span, f"write `{written}`, and read `sum` below"
        )
    elif _SUM.match(body):
        yield _sum_of_tensors(page, index, body)
    elif found := _TWO_WORDS.fullmatch(body):
        mended = line.with_body(f"{found[1]}: {found[2]}")
        after = line.indent + found.end(1)
        headline = f"a colon is missing after `{found[1]}`"
        span = page.span(index, after, after + 1)
        is_line = body[0].islower() and _LAYER_CALL.match(found[2]) is not None
        yield rewritten(page, index, mended, headline, span, is_checked=is_line)
    elif not has_lines and re.match(r"[A-Z]|.*\(", body):
        mended = line.with_body(f"line{line.number}: {body}")
        headline = "a name is missing: the lines beside this one are `name: Layer(…)`"
        advice = f"write `name: {body}`"
        yield rewritten(page, index, mended, headline, page.body_span(index), advice)
