"""Mending a page until YAML can read it: each repair is one mistake."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation
from archc.spec.page import CONTROL_CHARACTER, Mended, Page, Repair, Trouble
from archc.spec.repairs import repairs
from archc.spec.repairs.regularity import oddities

MAX_REPAIRS = 20
MAX_TRIED = 1_000_000
"""How many characters are read in all to try repairs; long files get fewer tries."""

MAX_COMPLETE = 40
"""How many repairs that end all trouble are compared."""

MAX_OTHERS = 12
"""How many repairs are kept beside the likeliest, for the case that it makes no sense."""

MAX_WAYS = 3
"""How many ways to mend a page are followed at once; which was right shows at a later mistake."""

MAX_TRIED_BESIDE = 500_000
"""How many characters are read in all for those that are not the likeliest."""

FindTrouble = Callable[[Page], Trouble | None]


def mend(page: Page, find_trouble: FindTrouble) -> Mended:
    """Return a page without what YAML stops at, as far as repairs are found."""
    return _Mender(page, find_trouble).mended()


def finished(done: Mended, find_trouble: FindTrouble) -> Iterator[Mended]:
    """Yield the pages that are whole, where one was left that needs a repair more."""
    for way in done.unfinished:
        yield from _Mender(way.page, find_trouble).finished(way)


class _Way(Struct, frozen=True):
    """A page mended so far, and where YAML stops reading it."""

    done: Mended
    trouble: Trouble | None
    reach: tuple[bool, int, int, int]
    """How far YAML came by the last repair, and how regular the page is then."""


class _Mender:
    def __init__(self, page: Page, find_trouble: FindTrouble) -> None:
        self.page = page
        self.find_trouble = find_trouble
        self.left = MAX_TRIED
        self.spare = MAX_TRIED_BESIDE

    def mended(self) -> Mended:
        trouble = self.find_trouble(self.page)
        if trouble is None:
            return Mended(self.page)
        ways = [_Way(Mended(self.page), trouble, (False, *_reach(trouble, self.page)))]
        best = ways[0]
        for _ in range(MAX_REPAIRS):
            found = self._farther(ways)
            complete = [way.done for way in found if way.trouble is None]
            if complete:
                unfinished = tuple(way.done for way in _likeliest(found))
                likeliest, *others = sorted(complete, key=lambda done: oddities(done.page))
                return replace(likeliest, others=tuple(others[:MAX_OTHERS]), unfinished=unfinished)
            if not found:
                break
            best = max(best, *found, key=_progress)
            ways = _likeliest(found)
        return _cut(best)

    def finished(self, done: Mended) -> Iterator[Mended]:
        """Yield a page that was mended so far with the one repair that ends all trouble."""
        trouble = self.find_trouble(done.page)
        if trouble is not None:
            way = _Way(done, trouble, (False, *_reach(trouble, done.page)))
            steps = self._steps(way, is_first=False)
            yield from (step.done for step in steps if step.trouble is None)

    def _farther(self, ways: Sequence[_Way]) -> list[_Way]:
        """Return what each way leads to by one more repair, no page twice."""
        found: dict[str, _Way] = {}
        for i, way in enumerate(ways):
            for step in self._steps(way, is_first=i == 0):
                found.setdefault(step.done.page.text, step)
        return [*found.values()]

    def _steps(self, way: _Way, *, is_first: bool) -> Iterator[_Way]:
        """Yield a way with one more repair, where YAML reads farther then or to the end.

        One that leaves no doubt comes before all that do.
        """
        assert way.trouble is not None
        complete, is_sure = 0, False
        for repair in repairs(way.done.page, way.trouble):
            if (is_sure and not repair.is_sure) or complete > MAX_COMPLETE:
                return
            if not self._may_try(repair.page, is_first=is_first):
                return
            later = self.find_trouble(repair.page)
            done = way.done.with_repair(repair)
            if later is None:
                complete += 1
                yield _Way(done, None, way.reach)
            elif not repair.guess and _is_behind(repair, later, way.trouble):
                is_sure = is_sure or repair.is_sure
                yield _Way(done, later, (repair.is_sure, *_reach(later, repair.page)))

    def _may_try(self, page: Page, *, is_first: bool) -> bool:
        """Count the characters that are read to try a page; return whether there are any left."""
        if is_first:
            self.left -= len(page.text)
            return self.left >= 0
        self.spare -= len(page.text)
        return self.spare >= 0


def _likeliest(ways: Sequence[_Way]) -> list[_Way]:
    """Return those ways without an end that are followed: the farthest, and the first of all."""
    ways = [way for way in ways if way.trouble is not None]
    farthest = sorted(ways, key=lambda way: way.reach, reverse=True)[:MAX_WAYS]
    return [*farthest, *(way for way in ways[:1] if way not in farthest)]


def _progress(way: _Way) -> tuple[int, int, int, int]:
    """Return how far YAML came on a way, and by how few repairs."""
    _, line, column, regularity = way.reach
    return line, column, -len(way.done.violations), regularity


def _cut(way: _Way) -> Mended:
    """Return a page that YAML cannot read to its end."""
    assert way.trouble is not None
    unexplained = _unexplained(way.done.page, way.trouble)
    violations = (*way.done.violations, unexplained)
    return Mended(way.done.page, violations, way.done.silent, is_cut=True)


def _reach(trouble: Trouble, page: Page) -> tuple[int, int, int]:
    """Return how far YAML came; of two repairs that lead as far the more regular page counts."""
    return trouble.index, trouble.column, -oddities(page)


def _is_behind(repair: Repair, later: Trouble, trouble: Trouble) -> bool:
    """Return whether the trouble that a repair leaves stands behind the one before."""
    page = repair.page
    if trouble.words == CONTROL_CHARACTER:
        # it is found before anything is read
        return later.words != CONTROL_CHARACTER or later.index > trouble.index
    if trouble.is_of_signs and not later.is_of_signs and later.events >= trouble.events:
        return True  # signs are read ahead of what they mean, which stopped above
    is_within = trouble.takes_lines_in and later.start == trouble.start
    if "quoted scalar" in trouble.words and is_within:
        return False
    if trouble.takes_lines_in and not is_within:
        return page.place(later.index, 0) > page.place(trouble.start, 0)
    # lines put above share the number of the line below them, so that the order is the file's
    return page.place(later.index, later.column) > page.place(trouble.index, trouble.column)


def _unexplained(page: Page, trouble: Trouble) -> RuleViolation:
    return RuleViolation(
        Code.NOT_YAML,
        "YAML cannot read on from here",
        notes=(f"in its own words: {trouble.words}",) if trouble.words else (),
        help="check the indentation, the quotes and the brackets of this line and the one above",
        span=page.span(trouble.index, trouble.column, trouble.column + 1),
    )
