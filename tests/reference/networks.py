"""Which reference stands for which network, and on what input the two are compared."""

from collections import namedtuple
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
from torchvision.models import segmentation
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.maxvit import MaxVit
from torchvision.models.regnet import BlockParams
from torchvision.models.segmentation.deeplabv3 import DeepLabHead

import archc
from archc.catalogue import Network, networks, specs_folder
from tests.reference import modules, packages, sequences
from tests.reference.comparison import Inputs, assert_same_network, constants, fill
from tests.reference.sequences import Tied


@dataclass(frozen=True)
class Reference:
    """A second description of a network, and the inputs that both see.

    The first input is as small as can be while every line of the spec still shows in the values:
    at the smallest that the network accepts, the last windows see a single value. `drawn` makes the
    inputs of a network that takes several.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    smallest: tuple[int, ...] = ()
    vocabulary: int = 0
    drawn: Callable[[torch.Generator], Inputs] | None = None
    params: dict[str, object] = field(default_factory=dict)
    slow: bool = False
    giant: bool = False
    constants: bool = False
    """Whether it computes buffers that its values need, and so has to be made where they are."""

    def __str__(self) -> str:
        return f"{self.name}-small" if self.params else self.name

    def input(self) -> Inputs:
        """Return the inputs on which everything is compared."""
        generator = torch.Generator().manual_seed(1)
        return self.drawn(generator) if self.drawn else self._noise(self.shape, generator)

    def smallest_input(self) -> Inputs | None:
        """Return the smallest input that the network is known to accept, if it is."""
        generator = torch.Generator().manual_seed(1)
        return self._noise(self.smallest, generator) if self.smallest else None

    def _noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Inputs:
        """Return noise, or the numbers of words."""
        if self.vocabulary:
            return (torch.randint(self.vocabulary, shape, generator=generator),)
        return (torch.randn(shape, generator=generator),)

    def network(self) -> nn.Module:
        """Return the reference with numbers that tell every tensor apart."""
        if self.constants:
            network = self.build()
            fill(network, kept=constants(network))
            return network
        with torch.device("meta"):
            network = self.build()
        network = network.to_empty(device="cpu")
        if isinstance(network, Tied):
            network.tie_weights()
        fill(network)
        return network


def torchvision_model(
    name: str, *, init_weights: bool = False, image_size: int | None = None, dropout: float = 0.0
) -> nn.Module:
    """Return torchvision's model without published weights, Inception networks with their heads.

    Inception networks and VGG can be spared their own initialisation; a vision transformer may be
    for pictures of another size, and with dropout.
    """
    if name in SEGMENTATION:
        return segmentation_model(name)
    build = getattr(torchvision.models, name)
    if name in {"googlenet", "inception_v3"}:
        return build(weights=None, init_weights=init_weights, aux_logits=True)
    if name.startswith("vit"):
        size = image_size or smallest_size(name)[0]
        return build(weights=None, image_size=size, dropout=dropout)
    if name.startswith("regnet"):
        with mock.patch.object(BlockParams, "from_init_params", _widths_on_cpu):
            return build(weights=None)
    return build(weights=None, **({"init_weights": init_weights} if "vgg" in name else {}))


def segmentation_model(
    name: str, *, aux_loss: bool = True, rates: tuple[int, ...] = ()
) -> nn.Module:
    """Return torchvision's network with the second head that its published weights have.

    What it returns has names and is no dictionary. DeepLab can be given windows of other widths.
    """
    heads = {} if name.startswith("lraspp") else {"aux_loss": aux_loss}
    model = getattr(segmentation, name)(weights=None, weights_backbone=None, **heads)
    if rates:
        channels = model.classifier[0].convs[0][0].in_channels
        model.classifier = DeepLabHead(channels, 21, rates)
    model.register_forward_hook(_named)
    return model


def _named(model: nn.Module, inputs: object, results: dict[str, Tensor]) -> object:
    """Return the one result of a dictionary, or a named tuple of several."""
    if len(results) == 1:
        return next(iter(results.values()))
    return namedtuple("Output", results)(**results)


def pyramid_model() -> nn.Module:
    """Return torchvision's pyramid on ResNet-50, all of it to be trained."""
    model = resnet_fpn_backbone(backbone_name="resnet50", weights=None, trainable_layers=5)
    model.register_forward_hook(_named_by_scale)
    return model


def _named_by_scale(model: nn.Module, inputs: object, maps: dict[str, Tensor]) -> object:
    """Return the maps by the names that the paper gives them."""
    return namedtuple("Output", ["p2", "p3", "p4", "p5", "p6"])(*maps.values())


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


def _published(
    name: str, size: int, batch: int = 2, *, slow: bool = False, giant: bool = False
) -> Reference:
    """Return torchvision's network; a giant one takes memory and minutes, and is for proofs."""
    return Reference(
        name,
        partial(torchvision_model, name),
        (batch, 3, size, size),
        smallest=() if name == "inception_v3" else (batch, 3, *smallest_size(name)),
        slow=slow,
        giant=giant,
    )


def _transformer(name: str, size: int, *, slow: bool = False, giant: bool = False) -> Reference:
    """Return torchvision's network for smaller pictures, and with dropout, which it has none of."""
    build = partial(torchvision_model, name, image_size=size, dropout=0.1)
    params: dict[str, object] = {"size": size, "dropout": 0.1}
    return Reference(name, build, (2, 3, size, size), params=params, slow=slow, giant=giant)


def _segmentation(
    name: str, *, aux_loss: bool = True, rates: tuple[int, ...] = (), slow: bool = True
) -> Reference:
    """Return torchvision's network for an image of which 64 pixels are one of the last map."""
    build = partial(segmentation_model, name, aux_loss=aux_loss, rates=rates)
    params: dict[str, object] = {} if aux_loss else {"aux_loss": False}
    params |= {"rates": list(rates)} if rates else {}
    shape = (2, 3, 72, 64)
    return Reference(name, build, shape, (2, 3, *smallest_size(name)), params=params, slow=slow)


def _windowed(
    name: str, size: int, batch: int, *, slow: bool = False, giant: bool = False
) -> Reference:
    """Return torchvision's network of shifted windows with dropout, which it has none of."""
    return Reference(
        name,
        partial(getattr(torchvision.models, name), dropout=0.1),
        (batch, 3, size, size),
        smallest=(batch, 3, 4, 4),
        params={"dropout": 0.1},
        slow=slow,
        giant=giant,
        constants=True,
    )


def _small_maxvit() -> nn.Module:
    """Return torchvision's network for windows of two positions, and with dropout."""
    return MaxVit(
        input_size=(64, 64),
        stem_channels=64,
        partition_size=2,
        block_channels=[64, 128, 256, 512],
        block_layers=[2, 2, 5, 2],
        head_dim=32,
        stochastic_depth_prob=0.2,
        mlp_dropout=0.1,
        attention_dropout=0.1,
    )


SEGMENTATION = list(torchvision.models.list_models(segmentation))
"""The names of torchvision's models that give a class to every pixel."""

TORCHVISION = [*torchvision.models.list_models(torchvision.models), *SEGMENTATION]
"""The names of torchvision's models of classes, of images and of pixels."""

RUN_AGAINST_TORCHVISION = [
    _published("alexnet", 255),
    _published("convnext_tiny", 64, 12, slow=True),
    _published("convnext_small", 64, 12, slow=True),
    _published("convnext_base", 33, 16, giant=True),
    _published("convnext_large", 33, 16, giant=True),
    _segmentation("deeplabv3_mobilenet_v3_large", rates=(1, 2, 3)),
    _segmentation("deeplabv3_resnet50", rates=(2, 3, 4)),
    _segmentation("deeplabv3_resnet101", rates=(2, 3, 4), aux_loss=False),
    _published("densenet121", 64),
    _published("densenet161", 64, slow=True),
    _published("densenet169", 64),
    _published("densenet201", 64, slow=True),
    _published("efficientnet_b0", 64, 4),
    _published("efficientnet_b1", 64, 4, slow=True),
    _published("efficientnet_b2", 64, 4, slow=True),
    _published("efficientnet_b3", 64, 4, slow=True),
    _published("efficientnet_b4", 64, 4, slow=True),
    _published("efficientnet_b5", 64, 4, slow=True),
    _published("efficientnet_b6", 64, 4, slow=True),
    _published("efficientnet_b7", 64, 4, giant=True),
    _published("efficientnet_v2_s", 64, 4, slow=True),
    _published("efficientnet_v2_m", 64, 4, slow=True),
    _published("efficientnet_v2_l", 64, 4, giant=True),
    _segmentation("fcn_resnet50"),
    _segmentation("fcn_resnet101", aux_loss=False),
    _published("googlenet", 79),
    _published("inception_v3", 299, slow=True),
    _segmentation("lraspp_mobilenet_v3_large"),
    Reference(
        "maxvit_t",
        _small_maxvit,
        (4, 3, 64, 64),
        smallest=(2, 3, 61, 61),
        params={"size": 64, "window": 2, "dropout": 0.1},
        slow=True,
        constants=True,
    ),
    _published("mnasnet0_5", 64),
    _published("mnasnet0_75", 64, slow=True),
    _published("mnasnet1_0", 64, slow=True),
    _published("mnasnet1_3", 64, slow=True),
    _published("mobilenet_v2", 64),
    _published("mobilenet_v3_large", 64),
    _published("mobilenet_v3_small", 64),
    _published("regnet_x_400mf", 64),
    _published("regnet_x_800mf", 64, slow=True),
    _published("regnet_x_1_6gf", 64, slow=True),
    _published("regnet_x_3_2gf", 64, slow=True),
    _published("regnet_x_8gf", 64, slow=True),
    _published("regnet_x_16gf", 64, slow=True),
    _published("regnet_x_32gf", 64, giant=True),
    _published("regnet_y_400mf", 64),
    _published("regnet_y_800mf", 64, slow=True),
    _published("regnet_y_1_6gf", 64, slow=True),
    _published("regnet_y_3_2gf", 64, slow=True),
    _published("regnet_y_8gf", 64, slow=True),
    _published("regnet_y_16gf", 64, giant=True),
    _published("regnet_y_32gf", 64, giant=True),
    _published("regnet_y_128gf", 64, giant=True),
    _published("resnet18", 65),
    _published("resnet34", 65),
    _published("resnet50", 65),
    _published("resnet101", 65, slow=True),
    _published("resnet152", 65, slow=True),
    _published("resnext50_32x4d", 65, slow=True),
    _published("resnext101_32x8d", 65, slow=True),
    _published("resnext101_64x4d", 65, slow=True),
    _published("shufflenet_v2_x0_5", 64),
    _published("shufflenet_v2_x1_0", 64, slow=True),
    _published("shufflenet_v2_x1_5", 64, slow=True),
    _published("shufflenet_v2_x2_0", 64, slow=True),
    _published("squeezenet1_0", 64),
    _published("squeezenet1_1", 64),
    _windowed("swin_t", 40, 6, slow=True),
    _windowed("swin_s", 40, 8, slow=True),
    _windowed("swin_b", 40, 16, giant=True),
    _windowed("swin_v2_t", 40, 6, slow=True),
    _windowed("swin_v2_s", 40, 8, slow=True),
    _windowed("swin_v2_b", 40, 16, giant=True),
    _published("vgg11", 64),
    _published("vgg11_bn", 64),
    _published("vgg13", 64, slow=True),
    _published("vgg13_bn", 64, slow=True),
    _published("vgg16", 64, slow=True),
    _published("vgg16_bn", 64, slow=True),
    _published("vgg19", 64, slow=True),
    _published("vgg19_bn", 64, slow=True),
    _transformer("vit_b_16", 64, slow=True),
    _transformer("vit_b_32", 96, slow=True),
    _transformer("vit_l_16", 64, giant=True),
    _transformer("vit_l_32", 96, giant=True),
    _transformer("vit_h_14", 56, giant=True),
    _published("wide_resnet50_2", 65, slow=True),
    _published("wide_resnet101_2", 65, giant=True),
]

JUDGES = {
    "convnext.yaml": ["convnext_tiny"],
    "deeplabv3.yaml": ["deeplabv3_mobilenet_v3_large", "deeplabv3_resnet50"],
    "densenet.yaml": ["densenet121"],
    "efficientnet.yaml": ["efficientnet_b0", "efficientnet_v2_s"],
    "fcn.yaml": ["fcn_resnet50"],
    "maxvit.yaml": ["maxvit_t"],
    "mnasnet.yaml": ["mnasnet1_0"],
    "regnet.yaml": ["regnet_x_400mf", "regnet_y_400mf"],
    "resnet.yaml": ["resnet18", "resnet50"],
    "resnet_cifar.yaml": ["resnet20_cifar"],
    "resnext.yaml": ["resnext50_32x4d"],
    "shufflenet_v2.yaml": ["shufflenet_v2_x0_5"],
    "squeezenet.yaml": ["squeezenet1_1", "squeezenet1_0"],
    "swin.yaml": ["swin_t"],
    "swin_v2.yaml": ["swin_v2_t"],
    "vgg.yaml": ["vgg11_bn", "vgg11"],
    "vit.yaml": ["vit_b_32"],
    "bert.yaml": ["bert_base"],
    "char_cnn.yaml": ["char_cnn_small"],
    "gpt2.yaml": ["gpt2"],
    "transformer.yaml": ["transformer_base"],
}
"""The networks that run every line of a file together; where none are named, all of them do."""


def _sentences(generator: torch.Generator) -> Inputs:
    """Return words, which of them are no padding, and which of two sentences each is of."""
    words = torch.randint(50, (3, 9), generator=generator)
    mask = torch.arange(9) < torch.tensor([[9], [7], [4]])
    return words, mask, torch.randint(2, (3, 9), generator=generator)


def _translation(generator: torch.Generator) -> Inputs:
    """Return sources of unlike length, padded with 0, and targets."""
    source = torch.randint(1, 50, (3, 9), generator=generator)
    padded = torch.arange(9) >= torch.tensor([[9], [7], [4]])
    return source.masked_fill(padded, 0), torch.randint(1, 50, (3, 7), generator=generator)


def _pair_and_picture(generator: torch.Generator) -> Inputs:
    """Return two texts of unlike length and a picture."""
    left = torch.randint(50, (3, 7), generator=generator)
    right = torch.randint(50, (3, 9), generator=generator)
    return left, right, torch.randn(3, 3, 16, 16, generator=generator)


def _bert(name: str, dim: int, heads: int) -> Reference:
    """Return the network at its own width, of two layers and few words."""
    params: dict[str, object] = {"depth": 2, "vocab": 50, "context": 12}
    build = partial(sequences.Bert, 2, dim, heads, 50, 12)
    return Reference(name, build, (), drawn=_sentences, params=params)


def _gpt2(name: str, dim: int, heads: int) -> Reference:
    """Return the network at its own width, of two layers and few words."""
    params: dict[str, object] = {"depth": 2, "vocab": 50, "context": 12}
    build = partial(sequences.Gpt2, 2, dim, heads, 50, 12)
    return Reference(name, build, (3, 9), smallest=(1, 1), vocabulary=50, params=params)


def _translator(name: str, dim: int, hidden: int, heads: int, p: float) -> Reference:
    """Return the network at its own width, of two layers and few words."""
    params: dict[str, object] = {"depth": 2, "vocab": 50}
    build = partial(sequences.Transformer, 2, dim, hidden, heads, 50, p)
    return Reference(name, build, (), drawn=_translation, params=params)


def _recurrent(name: str, cells: type[nn.LSTM | nn.GRU]) -> Reference:
    build = partial(sequences.RecurrentClassifier, cells, 50, 6, 4)
    params: dict[str, object] = {"vocab": 50, "dim": 6, "hidden": 4}
    return Reference(name, build, (3, 9), smallest=(3, 1), vocabulary=50, params=params)


SMALL_CLIPS: dict[str, object] = {"maps": 4, "features": 16, "size": 48}

RUN_AGAINST_OWN = [
    Reference("autoencoder", modules.Autoencoder, (2, 1, 28, 28)),
    Reference("c3d", partial(modules.C3D, 4, 4, 16), (2, 3, 16, 48, 48), params=SMALL_CLIPS),
    Reference("dcgan", modules.Generator, (2, 100, 1, 1)),
    Reference("mobilenet_v1", modules.MobileNetV1, (2, 3, 64, 64)),
    Reference("resnet50_fpn", pyramid_model, (2, 3, 72, 64), (2, 3, 1, 1), slow=True),
    Reference("se_resnet50", modules.SEResNet50, (2, 3, 65, 65), slow=True),
    Reference("yolov3", modules.YOLOv3, (2, 3, 64, 96), smallest=(2, 3, 32, 32), slow=True),
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
        "textcnn_small",
        partial(modules.TextCNN, 20000, 5, (2, 3, 4), 2),
        (3, 7),
        smallest=(3, 4),
        vocabulary=20000,
    ),
    Reference("char_cnn_large", partial(sequences.CharCNN, 1024, 2048), (1, 70, 1014), slow=True),
    Reference("char_cnn_small", partial(sequences.CharCNN, 256, 1024), (1, 70, 1014), slow=True),
    Reference(
        "char_cnn_small",
        partial(sequences.CharCNN, 8, 16),
        (2, 70, 1014),
        params={"features": 8, "units": 16},
    ),
    _recurrent("lstm_classifier", nn.LSTM),
    _recurrent("gru_classifier", nn.GRU),
    Reference(
        "wavenet",
        partial(sequences.WaveNet, 30, 32, 512),
        (1, 1100),
        smallest=(1, 1),
        vocabulary=256,
        slow=True,
    ),
    Reference(
        "wavenet",
        partial(sequences.WaveNet, 12, 4, 6),
        (2, 40),
        vocabulary=256,
        params={"layers": 12, "residual": 4, "skip": 6},
    ),
    Reference(
        "two_tower",
        partial(sequences.TwoTower, 50, 8),
        (),
        drawn=_pair_and_picture,
        params={"vocab": 50, "dim": 8},
    ),
    _bert("bert_base", 768, 12),
    _bert("bert_large", 1024, 16),
    _gpt2("gpt2", 768, 12),
    _gpt2("gpt2_medium", 1024, 16),
    _gpt2("gpt2_large", 1280, 20),
    _gpt2("gpt2_xl", 1600, 25),
    _translator("transformer_base", 512, 2048, 8, 0.1),
    _translator("transformer_big", 1024, 4096, 16, 0.3),
    Reference("unet", partial(modules.UNet, 64, 2), (2, 3, 32, 32), smallest=(2, 3, 16, 16)),
]

RUN_AGAINST_PACKAGES = [
    Reference("efficientnet_lite0", packages.efficientnet_lite0, (4, 3, 65, 65), slow=True),
    Reference("pnet", packages.pnet, (2, 3, 21, 21), smallest=(2, 3, 12, 12)),
    Reference("rnet", packages.rnet, (2, 3, 24, 24)),
    Reference("onet", packages.onet, (2, 3, 48, 48)),
]


def as_parameters(references: list[Reference]) -> list[ParameterSet]:
    """Return the references as the parameters of a test, the long ones marked."""
    return [pytest.param(r, id=str(r), marks=_marks(r)) for r in references]


def _marks(reference: Reference) -> list[pytest.MarkDecorator]:
    if reference.giant:
        return [pytest.mark.prove]
    return [pytest.mark.slow] if reference.slow else []


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
    known = [*RUN_AGAINST_TORCHVISION, *RUN_AGAINST_PACKAGES, *RUN_AGAINST_OWN]
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
