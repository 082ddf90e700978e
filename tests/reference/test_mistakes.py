"""The referees say no: a mistake in any line of a spec is noticed by the network's reference."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from shutil import copytree

import pytest
from torch import nn

import archc
from archc.catalogue import Network, specs_folder
from tests.reference.comparison import assert_same_network
from tests.reference.mistakes import WITHOUT_EFFECT, Mistake, mistakes
from tests.reference.networks import Reference, judges_of, unfilled

pytestmark = pytest.mark.slow

IN_THE_SUITE = 20
"""How many mistakes of a spec the suite tries, all over its lines; a proof tries all there are."""
QUICK = "c3d cifar_dropout cifar_quick lenet5 lenet5_1998 nin simple_cnn textcnn unet".split()
FILES = [
    pytest.param(path, id=path.name, marks=[] if path.stem in QUICK else [pytest.mark.slow])
    for path in sorted(specs_folder().glob("*.yaml"))
]


@pytest.mark.parametrize("path", FILES)
def test_mistakes_all_over_a_spec_are_noticed(path: Path, tmp_path: Path) -> None:
    found = list(mistakes(path))
    assert len(found) >= 7
    step = ceil(len(found) / IN_THE_SUITE)
    assert unnoticed(path, found[::step], tmp_path) == []


@pytest.mark.prove
@pytest.mark.parametrize("path", FILES)
def test_each_mistake_in_a_spec_is_noticed(path: Path, tmp_path: Path) -> None:
    assert unnoticed(path, list(mistakes(path)), tmp_path) == []


def unnoticed(path: Path, found: Sequence[Mistake], folder: Path) -> list[str]:
    """Return the mistakes in a spec that none of its references tells from the network."""
    judges = [(*judge, judge[1].network()) for judge in judges_of(path)]
    altered = copytree(path.parent, folder / "specs") / path.name  # beside what it imports
    missed: list[str] = []
    for mistake in filter(Mistake.has_an_effect, found):
        altered.write_text(mistake.text(), encoding="utf-8")
        if not any(notices(altered, *judge) for judge in judges):
            missed.append(str(mistake))
    return missed


def notices(spec: Path, network: Network, reference: Reference, expected: nn.Module) -> bool:
    """Return whether a spec is refused, cannot run or is another network than the reference."""
    try:
        model = unfilled(spec, network.variant, reference.params)
        assert_same_network(model, expected, reference.input(), reference.smallest_input())
    except (archc.CompileError, AssertionError, RuntimeError):
        return True
    return False


def test_spec_without_a_mistake_goes_unnoticed() -> None:
    [(network, reference)] = judges_of(specs_folder() / "lenet5.yaml")
    assert not notices(network.path, network, reference, reference.network())


@pytest.mark.parametrize("harmless", WITHOUT_EFFECT)
def test_mistake_without_effect_is_one_that_could_be_made(harmless: str) -> None:
    written = [m for path in specs_folder().glob("*.yaml") for m in mistakes(path)]
    assert any(harmless in mistake.after for mistake in written)
