"""One slip of the hand in a line of a body is one mistake: where it is refused, one error says so.

Few draws in a hundred may give more, for one of these reasons:

- The slip changes a value that two lines read, such as a block's own stride, and each refuses it.
- The file with the slip can be read, and means something else: `if n = 3` for `if n != 3`.
- The name that is gone stands for two things, and each line guesses another that is left.
- A name that `let` gives is misspelt: nobody reads it, and the lines that read the right one find
  another line of that name.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest

from archc.catalogue import specs_folder
from tests.property.drawn_mistakes import Drawn, found_in, typo, with_mistakes, without_figures

SPECS = sorted(specs_folder().glob("*.yaml"))
UNSURE = 0.02
"""The share of refused draws that may give more than one error."""


@cache
def text_of(path: Path) -> str:
    """Return a spec without its figures."""
    return without_figures(path.read_text(encoding="utf-8"))


def refused(seed: int, count: int) -> Iterator[tuple[str, Drawn, int]]:
    """Yield so many slips that are refused, with the spec and the count of errors."""
    random = Random(seed)
    while count:
        path = random.choice(SPECS)
        slip = typo(text_of(path), random)
        if found := found_in(with_mistakes(text_of(path), [slip]), path):
            count -= 1
            yield path.name, slip, len(found)


def unsure(seed: int, count: int) -> list[str]:
    """Return the draws of so many that give more than one error."""
    return [f"{name} {slip}" for name, slip, errors in refused(seed, count) if errors > 1]


def test_typo_in_a_line_gives_one_error() -> None:
    found = unsure(1, 300)
    assert len(found) <= UNSURE * 300, found


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_typos_give_one_error_each(seed: int) -> None:
    found = unsure(seed, 900)
    assert len(found) <= UNSURE * 900, found
