"""Every public name of torch is covered, has another name here, or is left out with a reason."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archc import functions, layers
from archc.layers.left_out import FUNCTIONS, MODULES, TORCH, reason
from archc.layers.other_names import ALIASES, OTHERWISE
from tests.referees.databases import aliases_of_torch

TORCH_MODULES = frozenset(nn.modules.__all__)
TORCH_FUNCTIONS = frozenset(
    name for name in dir(F) if name[0].islower() and callable(getattr(F, name))
)
LIBRARIES = {"linalg": torch.linalg, "fft": torch.fft, "special": torch.special}


def names_of(table: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the names of a table, in its order."""
    return [name for names in table.values() for name in names]


def callables(place: ModuleType | type) -> Iterator[str]:
    """Yield the public functions, or methods, of a place; classes are none."""
    for name in dir(place):
        found = getattr(place, name)
        if name[0] != "_" and callable(found) and not isinstance(found, type):
            yield name


def names_of_torch() -> frozenset[str]:
    """Return the functions of torch, its tensors' methods and those of its libraries."""
    return frozenset(
        ["Tensor.unfold", *callables(torch), *callables(torch.Tensor)]
        + [f"{name}.{one}" for name, library in LIBRARIES.items() for one in callables(library)]
    )


def unaccounted(names: frozenset[str]) -> list[str]:
    """Return the names that are neither covered nor listed; a library's go by their last part."""
    named = {*ALIASES, *OTHERWISE, *names_of(FUNCTIONS)}
    patterns = names_of(TORCH)
    return sorted(
        name
        for name in names - named
        if name.removeprefix("linalg.").removeprefix("special.") not in functions.NAMES
        and not any(fnmatchcase(name, pattern) for pattern in patterns)
    )


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


def test_every_function_of_torch_and_method_of_a_tensor_is_accounted_for() -> None:
    assert unaccounted(names_of_torch()) == []


def test_function_that_torch_would_gain_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unaccounted(names_of_torch() | {"convolve_twice"}) == ["convolve_twice"]
    monkeypatch.setattr(functions, "NAMES", functions.NAMES - {"einsum", "detach", "cross"})
    assert unaccounted(names_of_torch()) == ["cross", "detach", "einsum"]


def test_every_entry_of_the_tables_is_a_name_of_torch_that_nothing_else_covers() -> None:
    public = names_of_torch() - functions.NAMES - set(names_of(FUNCTIONS))
    assert sorted({*ALIASES, *OTHERWISE} - public) == []
    assert ALIASES.keys().isdisjoint(OTHERWISE)
    rest = public - ALIASES.keys() - OTHERWISE.keys()
    idle = [p for p in names_of(TORCH) if not any(fnmatchcase(name, p) for name in rest)]
    assert idle == []
    assert not [name for name in functions.NAMES - {"to"} if reason(name)]


def test_other_names_are_those_that_torchs_database_of_operators_gives() -> None:
    theirs = aliases_of_torch()
    assert len(theirs) > 25
    assert {name: ours for name, ours in theirs.items() if ALIASES.get(name) != ours} == {}


def test_other_names_are_of_functions_that_archc_has() -> None:
    assert set(ALIASES.values()) <= functions.NAMES


def test_reason_is_that_of_the_name_and_empty_for_an_unknown_one() -> None:
    assert reason("CrossEntropyLoss").startswith("losses")
    assert reason("svd") == reason("inverse") == "decompositions and solvers"
    assert reason("no_such_function") == reason("get_features") == reason("conv_") == ""
