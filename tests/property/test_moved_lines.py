"""A line of a body that begins some columns too far right or left is one mistake.

Where YAML or the language refuses the file, one error says so, and nothing follows from it. Few
draws in a hundred may give more, for one of these reasons:

- The file can be read with the line where it is. A line of a block in the column of the blocks
  is a block of its own, whose names are then not known; a line behind a loop that is as deep as
  the loop's lines is one of them. Only what the names and shapes are shows that it was not meant.
- It stands between two columns that both have lines like it. Moved to the wrong one it has other
  lines before and behind it, and shapes that do not fit.
"""

from functools import cache
from random import Random

import pytest

from tests.property.drawn_mistakes import Drawn, moved_lines, refused_with_more

UNSURE = 0.01
"""The share of many refused draws that may give more than one error."""
UNSURE_OF_FEW = 0.02
"""The same of few, in which chance weighs more."""
MANY = 900


@cache
def moves(text: str) -> list[Drawn]:
    """Return every way to move a line of a spec."""
    return [*moved_lines(text)]


def moved(text: str, random: Random) -> Drawn:
    """Return a line of a spec that is moved."""
    return random.choice(moves(text))


def test_line_moved_by_some_columns_gives_one_error() -> None:
    found = refused_with_more(moved, 1, 200)
    assert len(found) <= UNSURE_OF_FEW * 200, found


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_lines_moved_by_some_columns_give_one_error_each(seed: int) -> None:
    found = refused_with_more(moved, seed, MANY)
    assert len(found) <= UNSURE * MANY, found
