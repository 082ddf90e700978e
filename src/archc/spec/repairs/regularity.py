"""How regular a page is: of two ways to mend one, that which leaves less odd is likelier."""

import re
from collections import Counter
from collections.abc import Iterator

from archc.spec.page import Line, Page
from archc.spec.repairs.marks import is_dash

_CONTINUES = re.compile(r"(?:->|from\b|as\b|if\b|else\b)")
_BLOCK = re.compile(r"[A-Z]\w*(?:\([^()]*\))*:")
_CONTROL = re.compile(r"(?:- )?(?:for|if|elif|else)\b.*:")


def oddities(page: Page) -> int:
    """Return how many lines of a page stand where none of their kind usually do."""
    steps: Counter[tuple[bool, int]] = Counter()
    count, above = 0, None
    for line, parents in _placed(page):
        count += above is not None and _is_empty(above, line)
        if parents:
            count += _is_odd_below(line, parents)
        if above is not None and _is_first_below(above, line):
            steps[is_dash(above), line.indent - above.indent] += 1
        above = line
    return count + _unusual(steps)


def _placed(page: Page) -> Iterator[tuple[Line, list[Line]]]:
    """Yield each line with those that it stands below, the outermost first."""
    parents: list[Line] = []
    for line in page.lines:
        if line.body:
            while parents and parents[-1].indent >= line.indent:
                parents.pop()
            yield line, parents
            parents.append(line)


def _unusual(steps: Counter[tuple[bool, int]]) -> int:
    """Return how many first lines are not as deep as those below most lines of the same kind."""
    kinds = [
        [n for (has_dash, _), n in steps.items() if has_dash is kind] for kind in (True, False)
    ]
    return sum(sum(counts) - max(counts, default=0) for counts in kinds)


def _is_empty(above: Line, line: Line) -> bool:
    """Return whether a line that holds others has none below it."""
    return above.body.endswith(":") and not _is_first_below(above, line)


def _is_first_below(above: Line, line: Line) -> bool:
    """Return whether a line stands under the one above; the items of a list need be no deeper."""
    is_list = above.body.endswith(":") and is_dash(line) and not is_dash(above)
    return line.indent > above.indent or (is_list and line.indent == above.indent)


def _is_odd_below(line: Line, parents: list[Line]) -> bool:
    parent = parents[-1].body
    if not parent.endswith(":"):
        return _CONTINUES.match(line.body) is None
    is_entry = parents[0].body == "blocks:" and len(parents) == 1
    if is_entry or _BLOCK.fullmatch(line.body):
        return is_entry != (_BLOCK.match(line.body) is not None)
    if line.body.removeprefix("- ").startswith("return:"):
        holder = next(
            (each.body for each in reversed(parents) if not _CONTROL.fullmatch(each.body)), ""
        )
        return holder != "model:" and not _BLOCK.fullmatch(holder)
    return False
