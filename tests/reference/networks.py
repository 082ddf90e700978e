"""Which reference stands for which network, and on what input the two are compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
import torchvision
from _pytest.mark import ParameterSet
from torch import Tensor, nn
from torchvision.models.regnet import BlockParams

import archc
from archc.catalogue import Network, networks, specs_folder
from tests.reference import modules
from tests.reference.comparison import assert_same_network, fill


@dataclass(frozen=True)
class Reference:
    """A second description of a network, and the inputs that both see.

    The first input is as small as can be while every line of the spec still shows in the values:
    at the smallest that the network accepts, the last windows see a single value.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    smallest: tuple[int, ...] = ()
    vocabulary: int = 0
    params: dict[str, object] = field(default_factory=dict)
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.name}-small" if self.params else self.name

    def input(self) -> Tensor:
        """Return the input on which everything is compared."""
        return self._drawn(self.shape)

    def smallest_input(self) -> Tensor | None:
        """Return the smallest input that the network is known to accept, if it is."""
        return self._drawn(self.smallest) if self.smallest else None

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        """Return noise, or the numbers of words."""
        generator = torch.Generator().manual_seed(1)
        if self.vocabulary:
            return torch.randint(self.vocabulary, shape, generator=generator)
        return torch.randn(shape, generator=generator)

    def network(self) -> nn.Module:
        """Return the reference with numbers that tell every tensor apart."""
        with torch.device("meta"):
            network = self.build()
        network = network.to_empty(device="cpu")
        fill(network)
        return network


def torchvision_model(name: str, *, init_weights: bool = False) -> nn.Module:
    """Return torchvision's model without published weights, googlenet with its heads.

    Googlenet and VGG can be spared their own initialisation.
    """
    build = getattr(torchvision.models, name)
    if name in {"googlenet", "inception_v3"}:
        return build(weights=None, init_weights=init_weights, aux_logits=True)
    if name == "vit_h_14":
        return build(weights=None, image_size=518)
    if name.startswith("regnet"):
        with mock.patch.object(BlockParams, "from_init_params", _widths_on_cpu):
            return build(weights=None)
    return build(weights=None, **({"init_weights": init_weights} if "vgg" in name else {}))


_widths = BlockParams.from_init_params


def _widths_on_cpu(**arguments: object) -> BlockParams:
    """Compute the widths of a RegNet, which torchvision does in tensors, where they have values."""
    with torch.device("cpu"):
        return _widths(**arguments)


def smallest_size(name: str) -> tuple[int, int]:
    """Return the smallest height and width that torchvision publishes for a network."""
    return published(name)["min_size"]


def published(name: str) -> dict[str, Any]:
    """Return what torchvision publishes with the first weights of a network."""
    return next(iter(torchvision.models.get_model_weights(name))).meta


def _published(name: str, size: int, *, slow: bool = False) -> Reference:
    return Reference(
        name,
        partial(torchvision_model, name),
        (2, 3, size, size),
        smallest=(2, 3, *smallest_size(name)),
        slow=slow,
    )


TORCHVISION = list(torchvision.models.list_models(torchvision.models))
"""The names of torchvision's classification models."""

RUN_AGAINST_TORCHVISION = [
    _published("alexnet", 255),
    _published("densenet121", 64),
    _published("densenet161", 64, slow=True),
    _published("densenet169", 64),
    _published("densenet201", 64, slow=True),
    _published("googlenet", 79),
    _published("resnet18", 65),
    _published("resnet34", 65),
    _published("resnet50", 65),
    _published("resnet101", 65, slow=True),
    _published("resnet152", 65, slow=True),
    _published("vgg11", 64),
    _published("vgg11_bn", 64),
    _published("vgg13", 64, slow=True),
    _published("vgg13_bn", 64, slow=True),
    _published("vgg16", 64, slow=True),
    _published("vgg16_bn", 64, slow=True),
    _published("vgg19", 64, slow=True),
    _published("vgg19_bn", 64, slow=True),
]

JUDGES = {
    "densenet.yaml": ["densenet121"],
    "resnet.yaml": ["resnet18", "resnet50"],
    "resnet_cifar.yaml": ["resnet20_cifar"],
    "vgg.yaml": ["vgg11_bn", "vgg11"],
}
"""The networks that run every line of a file together; where none are named, all of them do."""

SMALL_WORDS: dict[str, object] = {"vocab": 40, "dim": 5, "kernels": [2, 3, 4], "maps": 2}

RUN_AGAINST_OWN = [
    Reference("lenet5", modules.lenet5, (2, 1, 32, 32)),
    Reference("lenet5_1998", modules.LeNet5Of1998, (2, 1, 32, 32)),
    Reference("cifar_quick", modules.cifar_quick, (2, 3, 32, 32)),
    Reference("cifar_dropout", modules.CifarDropout, (2, 3, 32, 32)),
    Reference("simple_cnn", modules.SimpleCNN, (2, 3, 32, 32)),
    Reference("alexnet_2012", partial(modules.AlexNet2012, 1), (1, 3, 227, 227)),
    Reference("alexnet_2012_towers", partial(modules.AlexNet2012, 2), (1, 3, 227, 227)),
    Reference("googlenet_2014", modules.GoogLeNet2014, (1, 3, 224, 224), slow=True),
    Reference("resnet20_cifar", partial(modules.CifarResNet, 3), (2, 3, 16, 16)),
    Reference("resnet56_cifar", partial(modules.CifarResNet, 9), (2, 3, 16, 16)),
    Reference("resnet110_cifar", partial(modules.CifarResNet, 18), (2, 3, 16, 16), slow=True),
    Reference("nin", modules.NiN, (2, 3, 32, 32)),
    Reference(
        "textcnn",
        partial(modules.TextCNN, 20000, 300, (3, 4, 5), 100),
        (2, 12),
        smallest=(2, 5),
        vocabulary=20000,
    ),
    Reference(
        "textcnn",
        partial(modules.TextCNN, 40, 5, (2, 3, 4), 2),
        (3, 7),
        smallest=(3, 4),
        vocabulary=40,
        params=SMALL_WORDS,
    ),
    Reference("unet", partial(modules.UNet, 64, 2), (2, 3, 32, 32), smallest=(2, 3, 16, 16)),
]


def as_parameters(references: list[Reference]) -> list[ParameterSet]:
    """Return the references as the parameters of a test, the long ones marked."""
    marks = {True: [pytest.mark.slow], False: []}
    return [pytest.param(r, id=str(r), marks=marks[r.slow]) for r in references]


def known_networks() -> list[Network]:
    """Return every network that comes with archc."""
    return networks(specs_folder())


def assert_reference_agrees(reference: Reference) -> None:
    """Assert that the spec of a reference's name and the reference are the same network."""
    assert_same_network(
        unfilled(reference.name, None, reference.params),
        reference.network(),
        reference.input(),
        reference.smallest_input(),
    )


def judges_of(path: Path) -> list[tuple[Network, Reference]]:
    """Return the networks of a file that have a reference and are to notice its mistakes."""
    of_file = {network.name: network for network in known_networks() if network.path == path}
    names = JUDGES.get(path.name, of_file)
    known = [*RUN_AGAINST_TORCHVISION, *RUN_AGAINST_OWN]
    return [
        (of_file[name], reference)
        for name in names
        for reference in known
        if reference.name == name
    ]


def unfilled(
    spec: str | Path, variant: str | None = None, params: dict[str, object] | None = None
) -> nn.Module:
    """Return a network that waits for the weights of another: nothing is allocated."""
    return archc.load(spec, variant, params=params, device="meta", init=False)
