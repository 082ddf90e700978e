"""Sections of a file whose header is missing, indented, or runs into its first line.

YAML reads such a file, or stops far from the mistake. A line that cannot stand in the
section it is in, and looks like one of a section that the file lacks, shows where that begins.
"""

import re
from collections.abc import Callable, Iterator, Set

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation, near
from archc.spec.page import REACH, Page, Repair, Trouble
from archc.spec.repairs.brackets import opening_missing
from archc.spec.repairs.colons import LONGEST_KEY, pair_in_braces
from archc.spec.repairs.indentation import columns, name_above, wrong_column
from archc.spec.repairs.marks import (
    colon_missing,
    dash_missing,
    foreign_comment,
    is_dash,
    is_key,
    item_colon_missing,
    space_after_colon,
    space_after_dash,
)
from archc.spec.repairs.regularity import oddities
from archc.spec.sections import KEYS, REQUIRED

_ROOT = re.compile(r"([a-z]+)\s*:")
_UNLIKE = frozenset({"expect", "init", "tie"})
"""Sections whose lines are like those of no other."""
_NOWHERE = Trouble("", 0, 0, 0, 0, 0)
_ROOT_KEY = re.compile(rf"(?:{'|'.join(KEYS)}):(?:\s|$)")
_SIGNATURE = re.compile(r"[A-Z]\w*(?:\([^()]*\))+:(?:\s|$)")
_DATA = frozenset({"params", "variants", "inputs", "outputs", "init", "tie", "expect", "allow"})
_LOOKS = {
    name: re.compile(pattern)
    for name, pattern in {
        "params": r"\w+:\s+(?:[-+\d'\"=]|true\b|false\b|null\b|\{\s*default\b|\[\s*[-\d(\[])",
        "variants": r"\w+:\s+\{(?!\s*default\b)",
        "inputs": r"[a-z_]\w*:\s+(?:\[\s*\w+\s*,|[a-z]+\d*\s*\[)",
        "blocks": r"[A-Z]\w*(?:\([^()]*\))*:(?:\s|$)",
        "model": r"(?:- |[a-z_\d][\w{}-]*:(?:\s|$)|(?:for|if|concat|add|mul)\b.*:$)",
        "init": r"\w+(?:\.\w+)+:\s+[a-z_]+\b(?!\.)",
        "tie": r"\w+(?:\.\w+)+:\s+\w+(?:\.\w+)+$",
        "expect": r"(?:source|parameters|macs|shapes|eval|train):(?:\s|$)",
    }.items()
}
"""What the lines of a section look like."""
_DECLARING = frozenset({"default", "type", "choices"})
"""Keys of a declaration; those of a variant are names of parameters."""
_BRACES = re.compile(r"\w+:\s+\{(.*)")
_PAIR = re.compile(r"(\w+)\s*:")
_NUMBER = re.compile(r"\w+:\s+[-+]?[\d.]+(?:e[-+]?\d+)?", re.IGNORECASE)
_IMPOSSIBLE = {
    name: re.compile(pattern)
    for name, pattern in {
        "params": r"(?:\w+\(|\w+\.|- |\w+:\s+\{(?!\s*(?:default\b|\})))",
        "variants": r"(?:\w+\(|\w+\.|- |\w+:\s+[^\s{])",
        "inputs": r"(?:\w+\(|\w+\.|- |\w+:\s+(?!\[|'|\"|[a-z]+\d*\s*\[))",
        "model": r"(?:\w+(?:\.\w+)+:|\w+:\s+(?:[\d>|{]|\[\s*\d))",
        "init": r"(?:\w+:|- )",
        "tie": r"(?:\w+:|- )",
    }.items()
}
"""What cannot stand in a section."""


class _Section:
    """One section of a file: its key, and the lines that begin an entry of it."""

    def __init__(self, name: str, header: int, entries: list[int]) -> None:
        self.name = name
        self.header = header
        self.entries = entries


def needed_header_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """The first line of `model` or `inputs`, in whose column the section above cannot go on."""
    yield from _headers(page, index, needed=True)


def stray_above(page: Page, index: int) -> int | None:
    """Return the nearest line above in the first column, if it is no key of the file."""
    for i in range(index, max(-1, index - REACH), -1):
        line = page.lines[i]
        if line.body and line.indent == 0:
            return None if _ROOT_KEY.match(line.body) else i
    return None


def header_without_colon(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """A key of the file, alone in its line above deeper ones, without its colon."""
    line, below = page.lines[index], page.below(index)
    is_above = below is not None and page.lines[below].text[0].isspace()
    if line.indent == 0 and line.body in KEYS and is_above:
        found = colon_missing(page, index, _NOWHERE)
        yield from (replace(repair, is_sure=True) for repair in found)


def doc_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """The text of `doc`, which YAML takes for more of the key above."""
    above = page.above(index)
    present = {section.name for section in _sections(page)}
    if "doc" in present or above is None or page.lines[index].indent == 0:
        return
    if re.match(r"(?:archc|name):\s+\S", page.lines[above].text):
        yield _with_header(page, _Section("name", above, []), "doc", index, "doc: |")


def header_missing(page: Page, index: int, _trouble: Trouble) -> Iterator[Repair]:
    """The first line of another section."""
    yield from _headers(page, index, needed=False)


def _headers(page: Page, index: int, *, needed: bool) -> Iterator[Repair]:
    sections = _sections(page)
    present = {section.name for section in sections}
    body = page.lines[index].body
    for section in sections:
        if index not in page.block(section.header)[1:] or _ROOT_KEY.match(body):
            continue
        fits = _LOOKS.get(section.name)
        for name in _absent(present):
            is_of_section = name not in _UNLIKE and fits is not None and fits.match(body)
            if (name in REQUIRED) == needed and _LOOKS[name].match(body) and not is_of_section:
                yield _with_header(page, section, name, index)


def misread(page: Page, wrong: Set[int]) -> Iterator[Repair]:
    """Yield what may be meant by a page that YAML can read, and that makes no sense.

    `wrong` are the numbers of the lines of which something is known to be wrong.
    """
    sections = _sections(page)
    present = {section.name for section in sections}
    for find in (_glued, _indented, _unindented, _first_line, _in_braces, _run_on):
        for section in sections:
            yield from find(page, section, present)
    for index, line in enumerate(page.lines):
        if line.number in wrong and len(line.text) <= LONGEST_KEY:
            yield from _folded(page, index)
            if not is_key(line):
                yield from dash_missing(page, index, _NOWHERE)
            yield from opening_missing(page, index, _NOWHERE)
            yield from _block_in_block(page, index, sections)
            yield from _empty(page, index)


def _folded(page: Page, index: int) -> Iterator[Repair]:
    """A list whose lines YAML joins to the line above, which lacks its dash or its colon."""
    above = page.above(index)
    if above is None:
        return
    yield from foreign_comment(page, above, _NOWHERE)
    yield from space_after_dash(page, index, _NOWHERE)
    if not is_dash(page.lines[index]):
        return
    if page.lines[above].indent < page.lines[index].indent and is_dash(page.lines[above]):
        yield from wrong_column(page, above, _NOWHERE)
    if page.lines[above].indent == page.lines[index].indent:
        yield from space_after_dash(page, above, _NOWHERE)
        yield from dash_missing(page, above, _NOWHERE)
    elif page.lines[above].indent < page.lines[index].indent:
        yield from item_colon_missing(page, above, _NOWHERE)
        yield from colon_missing(page, above, _NOWHERE)
        yield from name_above(page, index, page.lines[above].indent)


def _empty(page: Page, index: int) -> Iterator[Repair]:
    """A line that holds others and has none below it: it stands too deep, or they do not."""
    line, below = page.lines[index], page.below(index)
    if below is None or not line.body.endswith(":") or page.lines[below].indent > line.indent:
        return
    found = [*wrong_column(page, index, _NOWHERE)]
    behind = page.below(below)
    is_deeper = behind is not None and page.lines[behind].indent > line.indent
    if is_deeper or _SIGNATURE.match(line.body):
        found += wrong_column(page, below, _NOWHERE)
    now = oddities(page)
    yield from (repair for repair in found if oddities(repair.page) < now)


def _block_in_block(page: Page, index: int, sections: list[_Section]) -> Iterator[Repair]:
    """The header of a block that is deeper than the others, and so a line of the one above."""
    line = page.lines[index]
    entries = [i for section in sections if section.name == "blocks" for i in section.entries]
    if not entries or not _SIGNATURE.match(line.body):
        return
    indent = page.lines[entries[0]].indent
    if line.indent > indent:
        violation = RuleViolation(
            Code.NOT_YAML,
            f"this block is indented by {line.indent}, and the others by {indent}",
            help=f"begin it in column {indent + 1}",
            span=page.body_span(index),
        )
        yield Repair(violation, page.with_lines({index: line.at_indent(indent)}))


def _sections(page: Page) -> list[_Section]:
    found: list[_Section] = []
    for index, line in enumerate(page.lines):
        name = _ROOT.match(line.text)
        if name is not None and name[1] in KEYS:
            inside = [i for i in page.block(index)[1:] if page.lines[i].body]
            first = page.lines[inside[0]].indent if inside else 0
            entries = [i for i in inside if page.lines[i].indent == first]
            found.append(_Section(name[1], index, entries))
    return found


def _absent(present: set[str]) -> list[str]:
    """Return the sections that a file lacks, those first that it must have."""
    absent = [name for name in _LOOKS if name not in present]
    return sorted(absent, key=lambda name: (name not in REQUIRED, name not in _UNLIKE))


def _glued(page: Page, section: _Section, _present: set[str]) -> Iterator[Repair]:
    """`params:{width: 8}`."""
    if re.match(r"[a-z]+:[^\s]", page.lines[section.header].text):
        yield from space_after_colon(page, section.header, _NOWHERE)


def _indented(page: Page, section: _Section, present: set[str]) -> Iterator[Repair]:
    """A key of the file that is indented and so became a part of the section above."""
    for index in section.entries:
        line = page.lines[index]
        name = line.body.removesuffix(":")
        if name == line.body or name not in KEYS or name in present:
            continue
        below = page.below(index)
        is_header = below is None or page.lines[below].indent <= line.indent
        if name in REQUIRED or is_header:
            violation = RuleViolation(
                Code.WRONG_KIND,
                f"`{name}:` is indented and so a part of `{section.name}:`",
                help="begin it in the first column",
                span=page.body_span(index),
            )
            yield Repair(violation, page.with_lines({index: line.at_indent(0)}))


def _unindented(page: Page, section: _Section, _present: set[str]) -> Iterator[Repair]:
    """A line behind a section that begins in the first column and is no key of the file."""
    block = page.block(section.header)
    index = page.below(block[-1])
    body = page.lines[index].body if index is not None else ""
    if index is None or page.lines[index].indent > 0 or _ROOT_KEY.match(body):
        return
    if near(body.partition(":")[0], KEYS):
        return
    first = page.lines[section.entries[0]].indent if section.entries else 2
    for indent in dict.fromkeys((first, *columns(page, index))):
        violation = RuleViolation(
            Code.NOT_YAML,
            f"this line is not indented, and so no part of `{section.name}:`",
            help=f"begin it in column {indent + 1}",
            span=page.body_span(index),
        )
        changed = {
            i: page.lines[i].at_indent(page.lines[i].indent + indent)
            for i in page.block(index)
            if page.lines[i].body
        }
        alone = {index: page.lines[index].at_indent(indent)}
        for lines in (alone, changed) if indent else ():
            yield Repair(violation, page.with_lines(lines))


def _first_line(page: Page, section: _Section, _present: set[str]) -> Iterator[Repair]:
    """`image:[B, 3]` or `image [B, 3]` alone in a section of names."""
    if section.name not in _DATA or not section.entries:
        return
    index = section.entries[0]
    line = page.lines[index]
    if is_key(line) or is_dash(line) or not page.lines[section.header].body.endswith(":"):
        return
    yield from space_after_colon(page, index, _NOWHERE)
    yield from colon_missing(page, index, _NOWHERE)


def _in_braces(page: Page, section: _Section, _present: set[str]) -> Iterator[Repair]:
    """`{width:8}` and `{width=8}`."""
    if section.name not in _DATA:
        return
    for index in page.block(section.header):
        if len(page.lines[index].text) <= LONGEST_KEY:
            yield from pair_in_braces(page, index, _NOWHERE)


def _run_on(page: Page, section: _Section, present: set[str]) -> Iterator[Repair]:
    """Lines of a section without a header, which are read as lines of the one above."""
    fits, impossible = _LOOKS.get(section.name), _IMPOSSIBLE.get(section.name)
    for name in _absent(present):
        looks = _LOOKS[name]

        def begins(body: str, looks: re.Pattern[str] = looks, name: str = name) -> bool:
            if _belongs(section.name, body):
                return False
            if looks.match(body) is None or (fits is not None and fits.match(body)):
                return False
            if name in REQUIRED or section.name == "doc":
                return True
            return impossible is not None and bool(impossible.match(body))

        index = _first(page, section, begins)
        if index is not None:
            yield _with_header(page, section, name, index)


def _belongs(section: str, body: str) -> bool:
    """Return whether a line is surely of its section, though something in it is wrong."""
    if section == "init":
        return _NUMBER.fullmatch(body) is not None
    braces = _BRACES.match(body) if section == "params" else None
    keys = _PAIR.findall(braces[1]) if braces else ()
    meant = {name for key in keys for name in (key, *near(key, _DECLARING))}
    return not _DECLARING.isdisjoint(meant)


def _first(page: Page, section: _Section, begins: Callable[[str], bool]) -> int | None:
    """Return the first entry of a section with which another one begins."""
    return next((i for i in section.entries if begins(page.lines[i].body)), None)


def _with_header(page: Page, section: _Section, name: str, index: int, header: str = "") -> Repair:
    header = header or f"{name}:"
    number = page.lines[index].number
    violation = RuleViolation(
        Code.MISSING_KEY,
        f"the key `{name}` is missing above this line",
        notes=(f"without it the line is read as a part of `{section.name}:`",),
        help=f"write `{header}` in the first column above line {number}",
        span=page.body_span(index),
    )
    return Repair(violation, page.with_header(index, header))
