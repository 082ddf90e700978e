"""Every network that torchvision has, against torchvision."""

import pytest
import torch
import torchvision

import archc
from tests.reference.comparison import keys
from tests.reference.networks import (
    RUN_AGAINST_TORCHVISION,
    TORCHVISION,
    Reference,
    as_parameters,
    assert_reference_agrees,
    known_networks,
    smallest_size,
    torchvision_model,
)

SHARED = [network.name for network in known_networks() if network.name in TORCHVISION]

LARGE_TENSOR = 20_000
"""The size from which the spread of random numbers tells one initialisation from another."""


def test_networks_of_torchvision_are_nineteen_at_least() -> None:
    assert len(SHARED) >= 19, SHARED


@pytest.mark.parametrize("name", SHARED)
def test_keys_are_torchvisions_in_order(name: str) -> None:
    with torch.device("meta"):
        reference = torchvision_model(name)
    assert keys(archc.load(name, device="meta", init=False)) == keys(reference)


@pytest.mark.parametrize("name", SHARED)
def test_counts_are_those_torchvision_publishes(name: str) -> None:
    published = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"].meta
    costs = archc.check(name, mode="eval").costs
    assert costs is not None
    assert costs.parameters == published["num_params"]
    assert round(costs.macs / 1e9, 3) == published["_ops"]


def test_every_network_of_torchvision_is_run() -> None:
    assert [reference.name for reference in RUN_AGAINST_TORCHVISION] == SHARED


@pytest.mark.slow
@pytest.mark.parametrize("reference", as_parameters(RUN_AGAINST_TORCHVISION))
def test_values_from_equal_weights_are_torchvisions(reference: Reference) -> None:
    assert_reference_agrees(reference)


SMALLEST = [("alexnet", 63), ("vgg16", 32), ("vgg11", 32), ("vgg19_bn", 32), ("googlenet", 15)]
SMALLEST += [(f"densenet{depth}", 29) for depth in (121, 161, 169, 201)]


@pytest.mark.parametrize(("name", "size"), SMALLEST)
def test_smallest_input_is_the_published_one(name: str, size: int) -> None:
    assert smallest_size(name) == (size, size)
    assert archc.check(name, inputs={"image": (1, 3, size, size)}, mode="eval").ok
    for smaller in ((size - 1, size), (size, size - 1)):
        report = archc.check(name, inputs={"image": (1, 3, *smaller)}, mode="eval")
        assert [str(found.code) for found in report.diagnostics] == ["ARC401"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet", "vgg11_bn", "resnet18", "densenet121", "googlenet"])
def test_initialisation_spreads_as_torchvisions(name: str) -> None:
    torch.manual_seed(0)
    reference = torchvision_model(name, init_weights=True)
    model = archc.load(name, seed=1)
    state, expected = model.state_dict(), reference.state_dict()
    for (key, ours), theirs in zip(state.items(), expected.values(), strict=True):
        if theirs.numel() >= LARGE_TENSOR:
            assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.05), key
            assert abs(ours.mean() - theirs.mean()) < 0.05 * theirs.std(), key
            assert ours.max().item() == pytest.approx(theirs.max().item(), rel=0.4), key
        elif (theirs == theirs.flatten()[0]).all():
            assert torch.equal(ours, theirs), key
