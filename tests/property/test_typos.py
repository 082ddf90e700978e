"""One slip of the hand in a line of a body is one mistake: where it is refused, one error says so.

Few draws in a hundred may give more, for one of these reasons:

- The slip changes a value that two lines read, such as a block's own stride, and each refuses it.
- The file with the slip can be read, and means something else: `if n = 3` for `if n != 3`.
- The name that is gone stands for two things, and each line guesses another that is left.
- A name that `let` gives is misspelt: nobody reads it, and the lines that read the right one find
  another line of that name.
"""

import pytest

from tests.property.drawn_mistakes import refused_with_more, typo

UNSURE = 0.02
"""The share of refused draws that may give more than one error."""


def test_typo_in_a_line_gives_one_error() -> None:
    found = refused_with_more(typo, 1, 300)
    assert len(found) <= UNSURE * 300, found


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_typos_give_one_error_each(seed: int) -> None:
    found = refused_with_more(typo, seed, 900)
    assert len(found) <= UNSURE * 900, found
