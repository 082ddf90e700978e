"""Every network at the size its paper runs it, against its reference, forward and back."""

from dataclasses import replace
from functools import partial

import pytest
import torch

import archc
from tests.reference.networks import (
    RUN_AGAINST_OWN,
    RUN_AGAINST_PACKAGES,
    RUN_AGAINST_TORCHVISION,
    Reference,
    assert_reference_agrees,
    torchvision_model,
)

pytestmark = pytest.mark.prove

REFERENCES = [*RUN_AGAINST_TORCHVISION, *RUN_AGAINST_PACKAGES, *RUN_AGAINST_OWN]


def at_full_size(reference: Reference) -> Reference:
    """Return a reference that is run on inputs of the size the spec gives.

    There are at least two, and as many as on small pictures: with fewer, stochastic depth drops a
    layer for all of them. A transformer's positions are those of one size, and so are MaxViT's
    windows: it is made again for that of its paper.
    """
    if reference.name.startswith(("vit", "maxvit")):
        build = partial(torchvision_model, reference.name)
        reference = replace(reference, build=build, params={})
    graph = archc.check(reference.name, params=reference.params).graph
    assert graph is not None
    batch = max(2, reference.shape[0])
    return replace(reference, shape=(batch, *graph.inputs[0].output.shape[1:]), smallest=())


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_full_size_values_from_equal_weights_are_the_references(reference: Reference) -> None:
    full = at_full_size(reference)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert_reference_agrees(full)
    finally:
        torch.set_num_threads(threads)
