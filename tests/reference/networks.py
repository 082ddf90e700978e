"""Which reference stands for which network, and on what input the two are compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

import archc
from archc.catalogue import Network, networks, specs_folder
from tests.reference import modules


@dataclass(frozen=True)
class Reference:
    """A second description of a network, the input both see, and a change both must notice.

    `change` is a line of the spec and what to write instead; it leaves every key alone where
    that can be, so that only the values tell.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    change: tuple[str, str]
    vocabulary: int = 0
    params: dict[str, object] = field(default_factory=dict)

    def input(self) -> Tensor:
        """Return the input: noise, or the numbers of words."""
        generator = torch.Generator().manual_seed(1)
        if self.vocabulary:
            return torch.randint(self.vocabulary, self.shape, generator=generator)
        return torch.randn(self.shape, generator=generator)


def torchvision_model(name: str, *, init_weights: bool = False) -> nn.Module:
    """Return torchvision's model without published weights, googlenet with its heads.

    Googlenet and VGG can be spared their own initialisation.
    """
    build = getattr(torchvision.models, name)
    if name == "googlenet":
        return build(weights=None, init_weights=init_weights, aux_logits=True)
    return build(weights=None, **({"init_weights": init_weights} if "vgg" in name else {}))


def _published(name: str, size: int, change: tuple[str, str]) -> Reference:
    return Reference(name, partial(torchvision_model, name), (2, 3, size, size), change)


TORCHVISION = list(torchvision.models.list_models(torchvision.models))
"""The names of torchvision's classification models."""

RUN_AGAINST_TORCHVISION = [
    _published("alexnet", 64, ("- MaxPool2d", "- AvgPool2d")),
    _published("vgg11", 32, ("- MaxPool2d(2)", "- AvgPool2d(2)")),
    _published("vgg11_bn", 32, ("- BatchNorm2d if", "- BatchNorm2d(eps=1e-4) if")),
    _published("vgg16", 64, ("AdaptiveAvgPool2d(7)", "AdaptiveMaxPool2d(7)")),
    _published("googlenet", 64, ("eps=0.001", "eps=0.002")),
    _published("resnet18", 64, ("relu(bn2 + downsample)", "relu(bn2 - downsample)")),
    _published("resnet50", 64, ("relu(bn3 + downsample)", "relu(bn3 + downsample / 2)")),
    _published("densenet121", 64, ("concat(x, conv2)", "concat(conv2, x)")),
]

SMALL_WORDS: dict[str, object] = {"vocab": 40, "dim": 5, "kernels": [2, 3, 4], "maps": 2}

RUN_AGAINST_OWN = [
    Reference("lenet5", modules.lenet5, (2, 1, 32, 32), ("- AvgPool2d(2)", "- MaxPool2d(2)")),
    Reference("cifar_quick", modules.cifar_quick, (2, 3, 32, 32), ("- MaxPool2d", "- AvgPool2d")),
    Reference("cifar_dropout", modules.CifarDropout, (2, 3, 32, 32), ("(0.3)", "(0.2)")),
    Reference("simple_cnn", modules.SimpleCNN, (2, 3, 32, 32), ("MaxPool2d(2)", "AvgPool2d(2)")),
    Reference(
        "alexnet_2012",
        partial(modules.AlexNet2012, 1),
        (1, 3, 227, 227),
        ("default: 5e-4", "default: 1e-4"),
    ),
    Reference(
        "alexnet_2012_towers",
        partial(modules.AlexNet2012, 2),
        (1, 3, 227, 227),
        ("beta=0.75", "beta=0.7"),
    ),
    Reference("nin", modules.NiN, (2, 3, 32, 32), ("pool2: AvgPool2d", "pool2: MaxPool2d")),
    Reference(
        "textcnn",
        partial(modules.TextCNN, 20000, 300, (3, 4, 5), 100),
        (2, 12),
        ("amax(2)", "mean(2)"),
        vocabulary=20000,
    ),
    Reference(
        "textcnn",
        partial(modules.TextCNN, 40, 5, (2, 3, 4), 2),
        (3, 7),
        ("-> relu ->", "->"),
        vocabulary=40,
        params=SMALL_WORDS,
    ),
    Reference(
        "unet",
        partial(modules.UNet, 64, 2),
        (2, 3, 32, 32),
        ("concat(skip, up)", "concat(up, skip)"),
    ),
]


def known_networks() -> list[Network]:
    """Return every network that comes with archc."""
    return networks(specs_folder())


def identifier(reference: Reference) -> str:
    """Return what a test calls a reference."""
    return f"{reference.name}-small" if reference.params else reference.name


def altered(reference: Reference, folder: Path) -> nn.Module:
    """Return the network of a spec in which one layer is another."""
    [network] = [n for n in known_networks() if n.name == reference.name]
    text = network.path.read_text(encoding="utf-8")
    old, new = reference.change
    assert old in text, f"{network.path.name} does not say `{old}`"
    path = folder / "altered.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return unfilled(path, network.variant, reference.params)


def faithful(reference: Reference) -> nn.Module:
    """Return the network of a spec as it stands."""
    return unfilled(reference.name, None, reference.params)


def unfilled(
    spec: str | Path, variant: str | None = None, params: dict[str, object] | None = None
) -> nn.Module:
    """Return a network that waits for the weights of another: no number is drawn."""
    model = archc.load(spec, variant, params=params, device="meta", init=False)
    return model.to_empty(device="cpu")
