"""Mending a page until YAML can read it: each repair is one mistake."""

from collections.abc import Callable

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation
from archc.spec.page import Mended, Page, Repair, Trouble
from archc.spec.repairs import repairs
from archc.spec.repairs.brackets import CONTROL_CHARACTER

MAX_REPAIRS = 20
MAX_TRIED = 1_000_000
"""How many characters are read in all to try repairs; long files get fewer tries."""

MAX_OTHERS = 12
"""How many repairs are kept beside the likeliest, for the case that it makes no sense."""

FindTrouble = Callable[[Page], Trouble | None]


def mend(page: Page, find_trouble: FindTrouble) -> Mended:
    """Return a page without what YAML stops at, as far as repairs are found."""
    return _Mender(page, find_trouble).mended()


class _Mender:
    def __init__(self, page: Page, find_trouble: FindTrouble) -> None:
        self.done = Mended(page)
        self.find_trouble = find_trouble
        self.left = MAX_TRIED
        self.others: tuple[Mended, ...] = ()

    def mended(self) -> Mended:
        trouble = self.find_trouble(self.done.page)
        for _ in range(MAX_REPAIRS):
            found = self._best(trouble) if trouble is not None else None
            if found is None:
                break
            repair, trouble = found
            self.done = self.done.with_repair(repair)
        if trouble is None:
            return replace(self.done, others=self.others)
        unexplained = _unexplained(self.done.page, trouble)
        violations = (*self.done.violations, unexplained)
        return Mended(self.done.page, violations, self.done.silent, is_cut=True)

    def _best(self, trouble: Trouble) -> tuple[Repair, Trouble | None] | None:
        """Return the first repair that ends all trouble, else the one that goes farthest.

        One that leaves no doubt comes before all that do.
        """
        best: tuple[Repair, Trouble | None] | None = None
        farthest = _reach(trouble)
        complete: list[Repair] = []
        for repair in repairs(self.done.page, trouble):
            if best is not None and best[0].is_sure and not repair.is_sure:
                break
            self.left -= len(repair.page.text)
            if self.left < 0:
                break
            later = self.find_trouble(repair.page)
            if later is None:
                complete.append(repair)
            elif not repair.guess and _is_behind(repair, later, trouble):
                is_surer = repair.is_sure and not (best is not None and best[0].is_sure)
                if is_surer or _reach(later, repair) > farthest:
                    best, farthest = (repair, later), _reach(later, repair)
            if len(complete) > MAX_OTHERS:
                break
        self.others = tuple(self.done.with_repair(repair) for repair in complete[1:])
        return (complete[0], None) if complete else best


def _reach(trouble: Trouble, repair: Repair | None = None) -> tuple[int, int, int]:
    """Return how far YAML came; before two mistakes that are close it reads as many events.

    Of repairs that are sure the place counts alone: less indented, a line ends more.
    """
    is_sure = repair is not None and repair.is_sure
    return 0 if is_sure else trouble.events, trouble.index, trouble.column


def _is_behind(repair: Repair, later: Trouble, trouble: Trouble) -> bool:
    """Return whether the trouble that a repair leaves stands behind the one before."""
    page = repair.page
    if trouble.words == CONTROL_CHARACTER:
        return True  # it is found before anything is read
    if "quoted scalar" in trouble.words:
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
