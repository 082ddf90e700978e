"""Lines that begin in a column that is none of theirs, and tabs where spaces belong."""

import re
from collections.abc import Iterator

from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span
from archc.spec.page import REACH, WHOLE_LINE, Line, Page, Repair, Trouble, rewritten
from archc.spec.sections import KEYS

UNLIKE = 2
"""How many columns farther a line seems whose neighbours hold others, or alone do not."""
SHOWN = 8
"""How many lines a message lists."""
_KEY = re.compile(r"[^\s-].*:(\s|$)")
_ROOT_KEY = re.compile(rf"(?:{'|'.join(KEYS)}):(?:\s|$)")
_LISTS = re.compile(r"(?:- +){2,}")
_BLOCK_TEXT = re.compile(r"(?:.*[:\s])?[|>][+-]?\d?")


def tab(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A tab in the indentation."""
    line = page.lines[index]
    blank = _blank(line)
    if "\t" not in blank:
        return
    if (all_at_once := _tabs_throughout(page)) is not None:
        yield all_at_once
    for indent in _columns_of_spaces(page, index):
        violation = RuleViolation(
            Code.YAML_FEATURE,
            "a tab in the indentation",
            help=Advice("indent with spaces", Edit(" " * indent, span=_blank_span(page, index))),
            span=page.span(index, blank.index("\t"), blank.index("\t") + 1),
        )
        mended = line.at_indent(indent)
        yield Repair(violation, page.with_lines({index: mended}), is_sure=True)


def _columns_of_spaces(page: Page, index: int) -> list[int]:
    """Return where a line may begin that has a tab, the likeliest first."""
    line, above, below = page.lines[index], page.above(index), _placed_below(page, index)
    is_key = _ROOT_KEY.match(line.body) is not None
    found = [column for column in columns(page, index) if (column == 0) == is_key]
    least, most = 0, WHOLE_LINE
    if above is not None:
        least = page.lines[above].indent + page.lines[above].body.endswith(":")
    if below is not None and line.body.endswith(":") and page.lines[below].indent:
        most = page.lines[below].indent - 1
        found.append(page.lines[below].indent - 2)
    if above is not None and not found:
        found.append(page.lines[above].indent + 2)
    if below is not None and (dashes := _LISTS.match(line.body)):
        found.insert(0, page.lines[below].indent - dashes.end() + 2)  # the line below is inside
    least = least if least <= most else 0  # a name of deeper lines ends those above it
    return sorted(dict.fromkeys(found), key=lambda column: not least <= column <= most)


def _tabs_throughout(page: Page) -> Repair | None:
    """Return the repair of a file that is indented with tabs alone, in more than one line."""
    tabs = {i: _tabs(line) for i, line in enumerate(page.lines) if _tabs(line)}
    indented = [line for line in page.lines if line.body and line.text[0] in " \t"]
    if len(tabs) < 2 or len(tabs) < len(indented):
        return None
    changed = {i: _with_spaces(page.lines[i], count) for i, count in tabs.items()}
    first, *others = (page.lines[i].number for i in tabs)
    shown = ", ".join(map(str, others[:SHOWN])) + (", …" if len(others) > SHOWN else "")
    edits = (Edit("  " * count, span=_blank_span(page, i)) for i, count in tabs.items())
    index = next(iter(tabs))
    violation = RuleViolation(
        Code.YAML_FEATURE,
        "tabs in the indentation",
        notes=(f"on line {first}, and on {shown}",),
        help=Advice("indent with spaces, two in place of each tab", *edits),
        span=page.span(index, 0, tabs[index]),
    )
    return Repair(violation, page.with_lines(changed))


def _tabs(line: Line) -> int:
    """Return how many tabs a line is indented with, 0 where spaces are among them."""
    blank = _blank(line)
    return len(blank) if line.body and blank and set(blank) == {"\t"} else 0


def _with_spaces(line: Line, count: int) -> Line:
    text = "  " * count + line.text[count:]
    return line.with_text(text)


def _blank_span(page: Page, index: int) -> Span:
    """Return the place of what a line is indented with."""
    text = page.lines[index].text
    return page.span(index, 0, len(text) - len(text.lstrip()))


def odd_space(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A space that was copied from a web page or a book, where YAML knows the plain one."""
    line = page.lines[index]
    column = next((c for c, sign in enumerate(line.text) if _is_odd(sign)), None)
    if column is None:
        return
    text = "".join(" " if _is_odd(sign) else sign for sign in line.text)
    headline = f"this space is not a plain one but U+{ord(line.text[column]):04X}"
    span = page.span(index, column, column + 1)
    mended = line.with_text(text)
    advice = "type it anew with the space bar"
    yield rewritten(page, index, mended, headline, span, advice, is_checked=True)


def _is_odd(sign: str) -> bool:
    return sign.isspace() and sign not in " \t\r"


def wrong_column(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line, and what is below it, that begins a little left or right of its neighbours."""
    line = page.lines[index]
    is_key = _ROOT_KEY.match(line.body) is not None
    if not line.body or (is_key and line.indent == 0):
        return
    for indent in columns(page, index):
        if indent == line.indent or (indent == 0) != is_key:
            continue
        alone, whole = range(index, index + 1), page.block(index)
        for group in (alone, whole) if len(whole) > 1 else (alone,):
            yield _moved(page, index, group, indent)


def _moved(page: Page, index: int, group: range, indent: int) -> Repair:
    by = indent - page.lines[index].indent
    changed = {
        i: page.lines[i].at_indent(max(0, page.lines[i].indent + by))
        for i in group
        if page.lines[i].body
    }
    lines = page.lines
    beside = next((i for i in _beside(page, index) if lines[i].indent == indent), None)
    like = f", as line {lines[beside].number} does" if beside is not None else ""
    violation = RuleViolation(
        Code.NOT_YAML,
        f"this line is indented by {lines[index].indent}, and its neighbour by {indent}"
        if like
        else "this line stands under the line above and is not indented",
        help=f"begin it in column {indent + 1}{like}",
        span=page.body_span(index),
    )
    return Repair(violation, page.with_lines(changed))


def columns(page: Page, index: int) -> list[int]:
    """Return the columns of the lines around one: like it, the nearest, those that enclose it."""
    line = page.lines[index]

    def distance(beside: int) -> int:
        is_alike = any(_is_alike(page.lines[i], line) for i in (beside, *page.siblings(beside)))
        return abs(page.lines[beside].indent - line.indent) + (0 if is_alike else UNLIKE)

    found = [page.lines[i].indent for i in sorted(_beside(page, index), key=distance)]
    above, below = page.above(index), _placed_below(page, index)
    if line.body.endswith(":") and below is not None and page.lines[below].indent > line.indent:
        inside = page.lines[below].indent
        found.sort(key=lambda column: column >= inside)  # what stands below is hardly beside
    if above is not None and page.lines[above].body.endswith(":"):
        found.append(page.lines[above].indent + 2)
    return list(dict.fromkeys(found))


def _is_alike(one: Line, other: Line) -> bool:
    """Return whether two lines may stand beside each other: both hold others, or neither does."""
    return one.body.endswith(":") == other.body.endswith(":")


def _placed_below(page: Page, index: int) -> int | None:
    """Return the nearest line below whose column is known: no tab is in its indentation."""
    below = range(index + 1, min(len(page.lines), index + REACH))
    lines = ((i, page.lines[i]) for i in below)
    return next((i for i, line in lines if line.body and "\t" not in _blank(line)), None)


def _blank(line: Line) -> str:
    """Return what a line is indented with."""
    return line.text[: len(line.text) - len(line.text.lstrip())]


def _beside(page: Page, index: int) -> Iterator[int]:
    """Yield the nearest lines below and above, and those farther away that are less deep."""
    below, above = _placed_below(page, index), page.above(index)
    if below is not None:
        yield below
    if above is not None:
        yield above
        yield from _less_deep(page, range(above, max(-1, above - REACH), -1))
    if below is not None:
        yield from _less_deep(page, range(below, min(len(page.lines), below + REACH)))


def _less_deep(page: Page, indices: range) -> Iterator[int]:
    """Yield those lines that are less deep than all before them."""
    indent = page.lines[indices[0]].indent
    for i in indices:
        if page.lines[i].body and page.lines[i].indent < indent:
            indent = page.lines[i].indent
            yield i


def name_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A line that is less deep than those above it, which stand under no name of its column."""
    line = page.lines[index]
    above, first = page.above(index), deeper_above(page, index)
    if above is not None and page.lines[above].indent < line.indent:
        yield from name_above(page, index, page.lines[above].indent)
    if first is None:
        return
    yield from name_above(page, first, line.indent, is_named=_KEY.match(line.body) is not None)


def deeper_above(page: Page, index: int) -> int | None:
    """Return the first of the lines right above that are deeper than a line and beside none."""
    line = page.lines[index]
    above = range(index - 1, max(-1, index - REACH), -1)
    header = next((i for i in above if _encloses(page, i, line)), None)
    first = page.below(header) if header is not None else None
    if first is None or first == index or page.lines[first].indent <= line.indent:
        return None
    return first


def name_above(page: Page, index: int, indent: int, *, is_named: bool = True) -> Iterator[Repair]:
    """Lines that are deeper than what they stand under, because their name is missing."""
    number = page.lines[index].number
    if indent == 0:
        return
    violation = RuleViolation(
        Code.NOT_YAML,
        "a name is missing above this line",
        notes=("it is deeper than the lines beside it, and under none of them",),
        help=f"write a line `name:` above line {number}, in column {indent + 1}",
        span=page.body_span(index),
    )
    word = f"line{number}:" if is_named else f"- line{number}:"
    yield Repair(violation, page.with_header(index, " " * indent + word), guess=True)


def _encloses(page: Page, index: int, line: Line) -> bool:
    above = page.lines[index]
    return bool(above.body) and above.indent < line.indent


def open_call(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A call that goes on in the next line, which is not deeper."""
    line = page.lines[index]
    count = _open(line.body)
    below = page.below(index)
    if count <= 0 or below is None or page.lines[below].indent > line.indent:
        return
    changed: dict[int, Line] = {}
    for i in range(below, len(page.lines)):
        changed[i] = page.lines[i].at_indent(line.indent + 4)
        count += _open(page.lines[i].body)
        if count <= 0:
            break
    else:
        return
    violation = RuleViolation(
        Code.NOT_YAML,
        f"the call of line {line.number} goes on in this line, which is not deeper",
        help=f"indent it deeper than line {line.number}, or write the call on one line",
        span=page.body_span(below),
    )
    yield Repair(violation, page.with_lines(changed))


def _open(text: str) -> int:
    return text.count("(") - text.count(")")


def block_text(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """The text of `doc: |` that is no deeper than its key."""
    line = page.lines[index]
    above = page.above(index)
    if above is None or not line.body or not _BLOCK_TEXT.fullmatch(page.lines[above].body):
        return
    key = page.lines[above]
    if line.indent > key.indent:
        return
    changed = {
        i: page.lines[i].at_indent(key.indent + 2)
        for i in range(index, _end_of_text(page, index))
        if page.lines[i].text.strip()
    }
    violation = RuleViolation(
        Code.NOT_YAML,
        f"the text of `{key.body}` is not indented",
        help=f"indent it deeper than line {key.number}",
        span=page.body_span(index),
    )
    yield Repair(violation, page.with_lines(changed))


def _end_of_text(page: Page, index: int) -> int:
    """Return the first line behind a text that looks like a key of the file again."""
    for i in range(index, len(page.lines)):
        if re.match(r"[a-z]+:(\s|$)", page.lines[i].text):
            return i
    return len(page.lines)
