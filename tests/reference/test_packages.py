"""Networks with the weights that packages of PyPI hold, against those packages' modules."""

import runpy

import pytest
import torch
from facenet_pytorch import MTCNN
from skimage import data
from torch import Tensor
from torchvision.ops import box_iou

import archc
from tests.docs.pages import ROOT
from tests.reference.comparison import assert_equal_in_inference
from tests.reference.networks import (
    RUN_AGAINST_PACKAGES,
    Reference,
    as_parameters,
    assert_reference_agrees,
)
from tests.reference.packages import PACKAGES, trained_weights

TRAINED_ON = {
    "efficientnet_lite0": (1, 3, 224, 224),
    "pnet": (1, 3, 36, 48),
    "rnet": (8, 3, 24, 24),
    "onet": (8, 3, 48, 48),
}
"""What each network sees: P-Net a picture of any size, the next two what it proposed."""


def test_every_network_of_a_package_is_run() -> None:
    assert {reference.name for reference in RUN_AGAINST_PACKAGES} == set(PACKAGES)
    assert set(TRAINED_ON) == set(PACKAGES)


@pytest.mark.parametrize("reference", as_parameters(RUN_AGAINST_PACKAGES))
def test_values_from_equal_weights_are_the_packages(reference: Reference) -> None:
    assert_reference_agrees(reference)


@pytest.mark.parametrize("reference", RUN_AGAINST_PACKAGES, ids=str)
def test_trained_weights_load_by_key_and_say_what_the_package_says(reference: Reference) -> None:
    weights = trained_weights(reference.name)
    model = archc.load(reference.name, weights=weights)
    assert list(model.state_dict()) == list(weights)
    theirs = reference.build()
    theirs.load_state_dict(weights, strict=True)
    assert_equal_in_inference(model, theirs, (picture(reference.name),))


def picture(name: str) -> Tensor:
    """Return noise of the size that a network sees."""
    return torch.randn(TRAINED_ON[name], generator=torch.Generator().manual_seed(1))


def test_face_is_found_with_the_packages_method_where_its_own_networks_find_it() -> None:
    theirs = MTCNN()
    boxes, scores, points = theirs.detect(data.astronaut(), landmarks=True)
    ours = MTCNN()
    for name in ("pnet", "rnet", "onet"):
        setattr(ours, name, archc.load(name, weights=trained_weights(name)).eval())
    found, sure, where = ours.detect(data.astronaut(), landmarks=True)
    assert len(boxes) == 1
    assert (found == boxes).all()
    assert (sure == scores).all()
    assert (where == points).all()


@torch.inference_mode()
def test_face_is_found_by_the_example_where_the_package_finds_it() -> None:
    example = runpy.run_path(str(ROOT / "examples" / "find_the_face.py"))
    photograph = torch.from_numpy(data.astronaut())
    boxes, scores, points = example["find_faces"](photograph.permute(2, 0, 1)[None].float())
    expected, _, landmarks = MTCNN().detect(data.astronaut(), landmarks=True)
    assert boxes.shape == (1, 4)
    assert scores.item() > 0.99
    assert box_iou(boxes, torch.tensor(expected.astype("float32"))).item() > 0.9
    assert (points - torch.tensor(landmarks.astype("float32"))).abs().max() < 3
