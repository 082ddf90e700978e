"""A line of a body that begins some columns too far right or left is one mistake.

Where YAML or the language refuses the file, one error says so, and nothing follows from it. Few
draws in a hundred may give more, for one of these reasons:

- The file can be read with the line where it is. A line of a block in the column of the blocks
  is a block of its own, whose names are then not known; a line behind a loop that is as deep as
  the loop's lines is one of them. Only what the names and shapes are shows that it was not meant.
- It stands between two columns that both have lines like it. Moved to the wrong one it has other
  lines before and behind it, and shapes that do not fit.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest

from archc.catalogue import specs_folder
from tests.property.drawn_mistakes import (
    Drawn,
    found_in,
    moved_lines,
    with_mistakes,
    without_figures,
)

SPECS = sorted(specs_folder().glob("*.yaml"))
UNSURE = 0.01
"""The share of many refused draws that may give more than one error."""
UNSURE_OF_FEW = 0.02
"""The same of few, in which chance weighs more."""
MANY = 900


@cache
def moves(path: Path) -> tuple[str, list[Drawn]]:
    """Return a spec without its figures, and every line of it moved."""
    text = without_figures(path.read_text(encoding="utf-8"))
    return text, [*moved_lines(text)]


def refused(seed: int, count: int) -> Iterator[tuple[str, int]]:
    """Yield so many moved lines that are refused, in words, with the count of errors."""
    random = Random(seed)
    while count:
        path = random.choice(SPECS)
        text, possible = moves(path)
        mistake = random.choice(possible)
        if found := found_in(with_mistakes(text, [mistake]), path):
            count -= 1
            yield f"{path.name} {mistake}", len(found)


def unsure(seed: int, count: int) -> list[str]:
    """Return the draws of so many that give more than one error."""
    return [words for words, errors in refused(seed, count) if errors > 1]


def test_line_moved_by_some_columns_gives_one_error() -> None:
    found = unsure(1, 200)
    assert len(found) <= UNSURE_OF_FEW * 200, found


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_lines_moved_by_some_columns_give_one_error_each(seed: int) -> None:
    found = unsure(seed, MANY)
    assert len(found) <= UNSURE * MANY, found
