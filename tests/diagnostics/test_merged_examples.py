"""Two examples of `tests/bad` in one file are told as each of them alone."""

from collections import Counter
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tests.diagnostics.checking import report_on
from tests.diagnostics.merged_examples import examples, merged
from tests.diagnostics.test_bad_specs import marked

CLEAN = """\
archc: 1
name: net
inputs: {clean: [B, 3, H=8, W=8]}
model:
  last: ReLU
"""
ALONE = {"ARC214_version", "ARC202_blocks_header_missing"}
"""Of the one nothing else can be said; the other would have two headers of blocks."""


def told(text: str) -> Counter[tuple[int, str]]:
    """Return the lines and codes of what is told of a text."""
    found = report_on(text, "merged.yaml").diagnostics
    return Counter((d.primary.line, str(d.code)) for d in found if d.primary)


TOGETHER = {
    ("ARC104_alias", "ARC104_anchor"),
    ("ARC201_misspelt_blocks", "ARC107_dash_folded_as"),
}
"""Pairs that mean another thing together: an alias of an anchor; `Convd` beside a block `Conv`."""


def is_told_in_a_block(example: Path) -> bool:
    """Return whether an example gives what it marks where nothing flows into its lines."""
    text = merged(CLEAN, example.read_text(encoding="utf-8"))
    return text is not None and told(text) == Counter(marked(text))


def pairs() -> list[tuple[Path, Path]]:
    """Return every example with each that can be a block beside it."""
    inner = [path for path in examples() if is_told_in_a_block(path)]
    outer = [path for path in examples() if path.stem not in ALONE]
    both = ((a, b) for a, b in product(outer, inner) if a != b)
    return [(a, b) for a, b in both if (a.stem, b.stem) not in TOGETHER]


def differences(first: Path, second: Path) -> list[str]:
    """Return what two examples lose in one file, and what follows from both alone.

    What follows from shapes and values may be lost behind a line that failed.
    """
    text = merged(first.read_text(encoding="utf-8"), second.read_text(encoding="utf-8"))
    if text is None:
        return []
    expected, found = Counter(marked(text)), told(text)
    of_form = [key for key in expected - found if key[1].startswith(("ARC1", "ARC2"))]
    names = f"{first.stem} + {second.stem}"
    return [f"{names}: {key}" for key in [*of_form, *(found - expected)]]


def test_pairs_of_examples_are_told_as_each_alone() -> None:
    every = pairs()
    assert len(every) > 30_000
    drawn = Random(1).sample(every, 800)
    assert [line for pair in drawn for line in differences(*pair)] == []


@pytest.mark.prove
def test_every_pair_of_examples_is_told_as_each_alone() -> None:
    assert [line for pair in pairs() for line in differences(*pair)] == []
