"""Mistakes in one file are all told in one run, and nothing but them.

What two mistakes give must be what each of them gives alone. A mistake of two may be silent for
one of these reasons alone:

- Its message follows from shapes, values or from what reads what; behind a line that failed these
  are not known. Names, layers, arguments and numbers that a line writes out are.
- It is told at another line than its own: a value reached a layer through a block's parameter.
- Both are on one line, and for the other no cure is sure: the line is not read on.

Where several break the form of a file, its lines are guessed from one another. Of two on lines
next to each other, or of several in one body, the lines left are often too few to tell by: another
file makes as much sense with fewer mistakes in it. So few draws in a hundred may differ.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random

import pytest

from archc.catalogue import specs_folder
from archc.diagnostics import Advice, Diagnostic
from archc.diagnostics.fixes import fixed, replacements
from tests.property.drawn_mistakes import (
    FORMS,
    PLACES,
    Drawn,
    doubled_keys,
    drawn_mistakes,
    found_in,
    with_mistakes,
    without_figures,
)

SPECS = sorted(specs_folder().glob("*.yaml"))
OF_FORM = re.compile(r"ARC1\d\d|ARC203")
OF_VALUES = re.compile(r"ARC4\d\d|ARC21\d|ARC30[3-9]|ARC31\d")
"""Codes that speak of shapes, values and uses."""
OF_ARGUMENTS = frozenset(
    {"same beside a stride", "padding over half", "groups of a width", "order of a turn"}
)
"""The mistakes that the arguments of a line show by themselves, whatever their code."""

Told = set[tuple[str, int]]
"""Codes with the lines at which they are told."""


@cache
def text_of(path: Path) -> str:
    """Return a spec without its figures."""
    return without_figures(path.read_text(encoding="utf-8"))


@cache
def mistakes_in(path: Path) -> tuple[Drawn, ...]:
    """Return the mistakes that can be made in a spec and are noticed."""
    return tuple(drawn_mistakes(text_of(path)))


@cache
def alone(path: Path, mistake: Drawn) -> tuple[Diagnostic, ...]:
    """Return what a mistake gives by itself."""
    return found_in(with_mistakes(text_of(path), [mistake]), path)


def told(found: Sequence[Diagnostic]) -> Told:
    """Return what is told at which lines; a message may list further lines."""
    pairs: Told = set()
    for each in found:
        lines = {each.primary.line if each.primary else 0}
        for note in each.notes:
            if note.startswith("also on line"):
                lines |= set(map(int, re.findall(r"\d+", note)))
        pairs |= {(str(each.code), line) for line in lines}
    return pairs


def may_be_silent(path: Path, mistake: Drawn, others: Sequence[Drawn], code: str, at: int) -> bool:
    """Return whether one of the reasons above holds for what a mistake gives alone."""
    beside = [found for other in others for found in alone(path, other)]
    unsure = [d for d in beside if d.primary and d.primary.line == at and not is_sure(d)]
    hidden = any(OF_FORM.match(d.code) for d in unsure)
    is_of_values = bool(OF_VALUES.match(code)) and mistake.kind not in OF_ARGUMENTS
    return is_of_values or at != mistake.line or hidden


def is_sure(found: Diagnostic) -> bool:
    """Return whether a message says for sure what is written instead."""
    return isinstance(found.help, Advice)


def differences(path: Path, mistakes: Sequence[Drawn]) -> Iterator[str]:
    """Yield what is lost of several mistakes, and what comes with them that none gives alone."""
    listed = " + ".join(map(str, mistakes))
    together = told(found_in(with_mistakes(text_of(path), mistakes), path))
    expected: Told = set()
    for mistake in mistakes:
        others = [other for other in mistakes if other is not mistake]
        by_itself = told(alone(path, mistake))
        expected |= by_itself
        for code, line in sorted(by_itself - together):
            if not may_be_silent(path, mistake, others, code, line):
                yield f"{path.name}: {code} of line {line} is lost: {listed}"
    for code, line in sorted(together - expected):
        yield f"{path.name}: {code} of line {line} follows: {listed}"


def drawn(random: Random, count: int, lines: int) -> tuple[Path, list[Drawn]]:
    """Return mistakes on so many lines of a spec, each of which is noticed."""
    while True:
        path = random.choice(SPECS)
        first = random.choice(mistakes_in(path))
        possible = [m for m in mistakes_in(path) if (m.line == first.line) == (lines == 1)]
        if len(possible) < count:
            continue
        picked = [first, *random.sample(possible, count - 1)]
        pairs = [(a, b) for i, a in enumerate(picked) for b in picked[:i]]
        is_apart = not any(a == b or a.clashes(b) for a, b in pairs)
        if (
            is_apart
            and len({m.line for m in picked}) == lines
            and all(alone(path, m) for m in picked)
        ):
            return path, picked


OF_YAML = frozenset({"tab", "no colon", "colon in a call", "bracket left open", "bracket too many"})
"""The mistakes of which YAML itself may fail."""


def is_guessed(mistakes: Sequence[Drawn]) -> bool:
    """Return whether several mistakes break the YAML, so that its lines are guessed."""
    return sum(mistake.kind in OF_YAML for mistake in mistakes) > 1


def found_differences(seed: int, tries: int, count: int, lines: int) -> list[str]:
    """Return all differences over so many draws."""
    random = Random(seed)
    draws = (drawn(random, count, lines) for _ in range(tries))
    return [line for draw in draws for line in differences(*draw)]


@cache
def forms_in(path: Path) -> dict[str, list[Drawn]]:
    """Return the mistakes that break the form of a spec, by kind."""
    text = text_of(path)
    found: dict[str, list[Drawn]] = {}
    for mistake in (*drawn_mistakes(text, FORMS), *doubled_keys(text)):
        found.setdefault(mistake.kind, []).append(mistake)
    return found


def of_form(random: Random, count: int) -> tuple[Path, list[Drawn]]:
    """Return mistakes of form on so many lines of a spec, each of which is noticed."""
    while True:
        path = random.choice(SPECS)
        kinds = random.choices([*forms_in(path)], k=count)
        picked = [random.choice(forms_in(path)[kind]) for kind in kinds]
        pairs = [(a, b) for i, a in enumerate(picked) for b in picked[:i]]
        is_apart = not any(a.line == b.line or a.clashes(b) for a, b in pairs)
        if is_apart and all(alone(path, mistake) for mistake in picked):
            return path, picked


MANY = 500
"""How many draws a proof takes of each kind and seed."""
GUESSED = 0.02
"""The share of draws with several mistakes of form that may differ."""
GUESSED_OF_FOUR = 0.12
"""The same of four of them: in files of thirty to sixty lines two often stand in one body."""
UNSURE = 0.02
"""The share of other draws that may differ: of two on one line, one may have no sure cure."""
KINDS = {"two lines": (2, 2), "one line": (2, 1), "four lines": (4, 4)}


@pytest.mark.parametrize("kind", KINDS)
def test_several_mistakes_are_told_as_each_of_them_alone(kind: str) -> None:
    assert found_differences(1, 60, *KINDS[kind]) == []


def test_two_mistakes_of_form_are_told_as_each_of_them_alone() -> None:
    random = Random(1)
    found = [[*differences(*of_form(random, 2))] for _ in range(120)]
    assert sum(map(bool, found)) <= GUESSED * len(found), found


@pytest.mark.prove
@pytest.mark.parametrize(("count", "share"), [(2, GUESSED), (4, GUESSED_OF_FOUR)])
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_mistakes_of_form_are_told_as_each_alone(seed: int, count: int, share: float) -> None:
    random = Random(seed)
    found = [[*differences(*of_form(random, count))] for _ in range(MANY)]
    assert sum(map(bool, found)) <= share * len(found), found


def misplaced(seed: int, tries: int) -> Iterator[tuple[Path, list[Drawn]]]:
    """Yield draws of a line that begins in a wrong column and a mistake on another line.

    The mistake is none of which YAML fails.
    """
    random = Random(seed)
    for _ in range(tries):
        path = random.choice(SPECS)
        moved = random.choice([*drawn_mistakes(text_of(path), PLACES)])
        others = [m for m in mistakes_in(path) if m.kind not in OF_YAML and m.line != moved.line]
        yield path, [moved, random.choice(others)]


def test_line_in_a_wrong_column_hides_no_mistake_of_another() -> None:
    found = [line for path, drawn in misplaced(1, 80) for line in differences(path, drawn)]
    assert found == []


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2, 6))
def test_lines_in_wrong_columns_hide_few_mistakes(seed: int) -> None:
    found = [any(differences(path, drawn)) for path, drawn in misplaced(seed, MANY)]
    assert sum(found) <= GUESSED * len(found)


@pytest.mark.prove
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_mistakes_are_told_as_each_of_them_alone(kind: str, seed: int) -> None:
    random = Random(seed)
    found: dict[bool, list[bool]] = {True: [], False: []}
    for path, mistakes in (drawn(random, *KINDS[kind]) for _ in range(MANY)):
        found[is_guessed(mistakes)].append(any(differences(path, mistakes)))
    assert sum(found[True]) <= GUESSED * len(found[True])
    assert sum(found[False]) <= UNSURE * len(found[False])


def test_all_fixes_of_several_mistakes_are_made_in_one_go() -> None:
    random, made = Random(1), 0
    for path, mistakes in (drawn(random, 3, 3) for _ in range(12)):
        text = with_mistakes(text_of(path), mistakes)
        mended, cured = fixed(text, str(path), partial(found_in, path=path))
        left = found_in(mended, path)
        assert [d for d in left if replacements(d, mended)] == [], (path.name, mistakes)
        made += len(cured)
    assert made > 12
