"""Every network that torchvision has, against torchvision."""

from collections.abc import Callable, Sequence

import pytest
import torch
import torchvision
from torch import Tensor, nn

import archc
from tests.reference.comparison import (
    assert_equal_in_inference,
    constants,
    fill,
    keys,
    share_weights,
)
from tests.reference.networks import (
    RUN_AGAINST_TORCHVISION,
    SEGMENTATION,
    TORCHVISION,
    Reference,
    as_parameters,
    assert_reference_agrees,
    known_networks,
    published,
    smallest_size,
    torchvision_model,
    unfilled,
)

SHARED = [network.name for network in known_networks() if network.name in TORCHVISION]

PUBLISHED_WITH_HEADS = {"inception_v3"}
"""The networks that torchvision publishes with the heads that run in training alone."""

LARGE_TENSOR = 20_000
"""The size from which the largest of random numbers tells one initialisation from another."""

MANY_NUMBERS = 1_000
"""The size from which their spread does."""

SMALL_NETWORK = 12_000_000
"""A network of fewer parameters is begun with several seeds."""

SEEDS = range(1, 5)


def test_every_network_of_torchvision_has_a_spec() -> None:
    assert set(TORCHVISION) == set(SHARED)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_keys_are_torchvisions_in_order(name: str) -> None:
    with torch.device("meta"):
        reference = torchvision_model(name)
    assert keys(archc.load(name, device="meta", init=False)) == keys(reference)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_counts_are_those_torchvision_publishes(name: str) -> None:
    meta = published(name)
    costs = archc.check(name, mode="eval").costs
    assert costs is not None
    assert round(costs.macs / 1e9, 3) == meta["_ops"]
    if name in PUBLISHED_WITH_HEADS:
        costs = archc.check(name, mode="train").costs
        assert costs is not None
    assert costs.parameters == meta["num_params"]


@pytest.mark.parametrize("name", SEGMENTATION)
def test_windows_of_published_size_are_torchvisions(name: str) -> None:
    with torch.device("meta"):
        reference = torchvision_model(name)
    ours, theirs = (windows(m) for m in (archc.load(name, device="meta", init=False), reference))
    assert max(dilation for *_, dilation in theirs) > (1, 1)
    assert ours == theirs


def windows(model: nn.Module) -> list[tuple[object, ...]]:
    """Return how each convolution slides: small images do not tell a wide dilation."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv2d)]
    return [(n, m.kernel_size, m.stride, m.padding, m.dilation) for n, m in layers]


def test_every_network_of_torchvision_is_run() -> None:
    assert sorted(r.name for r in RUN_AGAINST_TORCHVISION) == sorted(SHARED)


@pytest.mark.slow
@pytest.mark.parametrize("reference", as_parameters(RUN_AGAINST_TORCHVISION))
def test_values_from_equal_weights_are_torchvisions(reference: Reference) -> None:
    assert_reference_agrees(reference)


SMALLEST = [("alexnet", 63), ("vgg16", 32), ("vgg11", 32), ("vgg19_bn", 32), ("googlenet", 15)]
SMALLEST += [(f"densenet{depth}", 29) for depth in (121, 161, 169, 201)]
SMALLEST += [("squeezenet1_0", 21), ("squeezenet1_1", 17), ("inception_v3", 75)]
SMALLEST += [("convnext_tiny", 32), ("convnext_large", 32)]


@pytest.mark.parametrize(("name", "size"), SMALLEST)
def test_smallest_input_is_the_published_one(name: str, size: int) -> None:
    assert smallest_size(name) == (size, size)
    assert archc.check(name, inputs={"image": (1, 3, size, size)}, mode="eval").ok
    for smaller in ((size - 1, size), (size, size - 1)):
        report = archc.check(name, inputs={"image": (1, 3, *smaller)}, mode="eval")
        refused = [found for found in report.diagnostics if found.severity == "error"]
        assert {str(found.code) for found in refused} == {"ARC401"}


WINDOWED = [name for name in SHARED if name.startswith(("maxvit", "swin"))]
"""The networks with buffers that are computed."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WINDOWED)
def test_buffers_that_are_computed_are_torchvisions(name: str) -> None:
    ours = constants(archc.load(name, init=False))
    theirs = constants(torchvision_model(name))
    assert list(ours) == list(theirs)
    assert len(ours) >= 12
    for key, expected in theirs.items():
        assert torch.equal(ours[key], expected), key


@pytest.mark.parametrize("size", [(4, 4), (5, 30), (37, 50)], ids=str)
@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t"])
def test_windows_are_shifted_at_sizes_the_network_was_not_compiled_for(
    name: str, size: tuple[int, int]
) -> None:
    """The smallest, windows that cover a side, and sides of odd length at every merging."""
    reference = next(r for r in RUN_AGAINST_TORCHVISION if r.name == name).network()
    model = unfilled(name, None, {"dropout": 0.1})
    share_weights(model, reference)
    assert_equal_in_inference(model, reference, (torch.randn(2, 3, *size),))


@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t"])
def test_picture_smaller_than_a_patch_is_refused(name: str) -> None:
    report = archc.check(name, inputs={"image": (1, 3, 3, 4)})
    assert {str(found.code) for found in report.diagnostics} == {"ARC401"}


@pytest.mark.slow
def test_maxvit_at_its_own_size_is_torchvisions() -> None:
    reference = torchvision_model("maxvit_t")
    fill(reference, kept=constants(reference))
    model = unfilled("maxvit_t")
    share_weights(model, reference)
    for size in (smallest_size("maxvit_t"), (221, 221)):
        assert_equal_in_inference(model, reference, (torch.randn(1, 3, *size),))


@pytest.mark.parametrize("size", [220, 225, 256])
def test_maxvit_refuses_what_torchvision_refuses(size: int) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match="not divisible"):
        torchvision.models.maxvit_t(input_size=(size, size))
    report = archc.check("maxvit_t", params={"size": size})
    assert {str(found.code) for found in report.diagnostics} == {"ARC408"}


INITIALISED = ["alexnet", "vgg11_bn", "resnet18", "densenet121", "googlenet", "squeezenet1_1"]
INITIALISED += ["mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5", "shufflenet_v2_x0_5"]
INITIALISED += ["regnet_x_400mf", "efficientnet_b0", "resnext50_32x4d", "convnext_tiny"]
INITIALISED += ["inception_v3", "vit_b_32", "fcn_resnet50", "lraspp_mobilenet_v3_large"]
INITIALISED += ["swin_t", "swin_v2_t", "maxvit_t"]
INITIALISED += ["regnet_y_400mf", "efficientnet_v2_s", "vgg16", "deeplabv3_mobilenet_v3_large"]


def test_networks_of_every_file_are_initialised() -> None:
    files = {network.path for network in known_networks() if network.name in TORCHVISION}
    assert {n.path for n in known_networks() if n.name in INITIALISED} >= files


@pytest.mark.slow
@pytest.mark.parametrize("name", INITIALISED)
def test_initialisation_spreads_as_torchvisions(name: str) -> None:
    seeds = SEEDS if parameters(name) < SMALL_NETWORK else SEEDS[:1]
    ours = drawn(lambda seed: archc.load(name, seed=seed), seeds)
    theirs = drawn(lambda seed: seeded(name, seed), [seed + 100 for seed in seeds])
    assert list(ours) == list(theirs)
    for key, expected in theirs.items():
        assert_spread_alike(key, ours[key], expected)


def parameters(name: str) -> int:
    """Return how many parameters a network has."""
    costs = archc.check(name).costs
    assert costs is not None
    return costs.parameters


def seeded(name: str, seed: int) -> nn.Module:
    """Return torchvision's network with the numbers of a seed."""
    torch.manual_seed(seed)
    return torchvision_model(name, init_weights=True)


def drawn(build: Callable[[int], nn.Module], seeds: Sequence[int]) -> dict[str, Tensor]:
    """Return what a network begins with, the numbers of all seeds behind each other."""
    states = [build(seed).state_dict() for seed in seeds]
    return {key: torch.cat([state[key].flatten() for state in states]) for key in states[0]}


def assert_spread_alike(key: str, ours: Tensor, theirs: Tensor) -> None:
    """Assert equal constants and integers, or numbers whose spread and mean differ as by chance.

    The spreads of two draws of n numbers lie about 1 / sqrt(n) apart: six times that is no chance.
    """
    if not theirs.is_floating_point() or (theirs == theirs[0]).all():
        assert torch.equal(ours, theirs), key
    elif theirs.numel() >= MANY_NUMBERS:
        chance = 6 / theirs.numel() ** 0.5
        assert ours.std().item() == pytest.approx(theirs.std().item(), rel=chance), key
        assert abs(ours.mean() - theirs.mean()) < 1.5 * chance * theirs.std(), key
        if theirs.numel() >= LARGE_TENSOR:
            assert ours.max().item() == pytest.approx(theirs.max().item(), rel=0.4), key


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_spread_that_is_another_is_noticed(factor: float) -> None:
    ours, theirs = torch.randn(2, 100_000, generator=torch.Generator().manual_seed(0))
    assert_spread_alike("same", ours, theirs)
    with pytest.raises(AssertionError):
        assert_spread_alike("other", factor * ours, theirs)
