"""Every public name of torch.nn and torch.nn.functional is covered, or left out with a reason."""

import pytest
from torch import nn
from torch.nn import functional as F

from archc import functions, layers
from archc.layers.left_out import FUNCTIONS, MODULES

TORCH_MODULES = frozenset(nn.modules.__all__)
TORCH_FUNCTIONS = frozenset(
    name for name in dir(F) if name[0].islower() and callable(getattr(F, name))
)


def names_of(table: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the names of a table, in its order."""
    return [name for names in table.values() for name in names]


@pytest.mark.parametrize(
    ("public", "known", "table"),
    [(TORCH_MODULES, layers.NAMES, MODULES), (TORCH_FUNCTIONS, functions.NAMES, FUNCTIONS)],
    ids=["torch.nn", "torch.nn.functional"],
)
def test_every_public_name_of_torch_is_covered_or_left_out_with_a_reason(
    public: frozenset[str], known: frozenset[str], table: dict[str, tuple[str, ...]]
) -> None:
    left_out = names_of(table)
    assert sorted(public - known - set(left_out)) == []
    assert sorted(set(left_out) & known) == [], "covered by now: take it off the table"
    assert sorted(set(left_out) - public) == [], "torch has no such name"
    assert len(left_out) == len(set(left_out))


def test_a_name_that_is_neither_covered_nor_listed_is_found() -> None:
    assert "Conv2d" in TORCH_MODULES
    assert "relu" in TORCH_FUNCTIONS
    assert {"Conv2d", "relu"}.isdisjoint(names_of(MODULES) + names_of(FUNCTIONS))
