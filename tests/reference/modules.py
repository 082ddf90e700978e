"""The networks torchvision lacks, written out by hand in plain torch: the papers, a second time."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lenet5() -> nn.Module:
    """LeCun et al. 1998, section II.B, in the modern reading."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )


TABLE_I = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""
"""Table I of LeCun et al. 1998: a row for each map of S2, a column for each map of C3."""


def connectivity() -> Tensor:
    """Return Table I as ones and zeros, C3 first as in a convolution's weight."""
    rows = [[mark == "X" for mark in line.split()] for line in TABLE_I.split("\n") if line]
    return torch.tensor(rows, device="cpu").T.float()


class Squash(nn.Module):
    """A tanh(S x) with A = 1.7159 and S = 2/3: appendix A."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """The mean of each 2x2, a coefficient and a bias for each map, squashed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Conv2d(channels, channels, 1, groups=channels)
        self.squash = Squash()

    def forward(self, x: Tensor) -> Tensor:
        return self.squash(self.scale(F.avg_pool2d(x, 2)))


class LeNet5Of1998(nn.Module):
    """LeCun et al. 1998, section II.B and Table I, as far as F6."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = [row.nonzero().flatten().tolist() for row in connectivity()]
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = nn.ModuleList(nn.Conv2d(len(maps), 1, 5) for maps in self.maps)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.squash = Squash()

    def forward(self, x: Tensor) -> Tensor:
        s2 = self.s2(self.squash(self.c1(x)))
        c3 = [conv(s2[:, maps]) for conv, maps in zip(self.c3, self.maps, strict=True)]
        s4 = self.s4(self.squash(torch.cat(c3, 1)))
        return self.squash(self.f6(self.squash(self.c5(s4).flatten(1))))


def cifar_quick() -> nn.Module:
    """Caffe's cifar10_quick as the tutorials have it."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1024, 64),
        nn.Linear(64, 10),
    )


class CifarDropout(nn.Module):
    """Two convolutions, one pooling, dropout twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.fc3 = nn.Linear(32 * 16 * 16, 512)
        self.fc4 = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(F.relu(self.conv1(x)), 0.3, self.training)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.dropout(F.relu(self.fc3(x.flatten(1))), 0.5, self.training)
        return self.fc4(x)


class SimpleCNN(nn.Module):
    """Three convolution layers and three linear ones, children added by name."""

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for i, width in ((1, 32), (2, 64), (3, 128)):
            layer = nn.Sequential()
            layer.add_module(f"conv{i}", nn.Conv2d(channels, width, 3, padding=1))
            layer.add_module(f"relu{i}", nn.ReLU())
            layer.add_module(f"pool{i}", nn.MaxPool2d(2))
            self.add_module(f"layer{i}", layer)
            channels = width
        self.layer4 = nn.Sequential()
        self.layer4.add_module("fc1", nn.Linear(2048, 512))
        self.layer4.add_module("fc_relu1", nn.ReLU())
        self.layer4.add_module("fc2", nn.Linear(512, 64))
        self.layer4.add_module("fc_relu2", nn.ReLU())
        self.layer4.add_module("fc3", nn.Linear(64, 10))

    def forward(self, x: Tensor) -> Tensor:
        for name in ("layer1", "layer2", "layer3"):
            x = self.get_submodule(name)(x)
        return self.layer4(x.flatten(1))


class AlexNet2012(nn.Module):
    """Krizhevsky et al. 2012, figure 2; with two groups the maps of the two GPUs."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.ReLU(),
            nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=groups),
            nn.ReLU(),
            nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1, groups=groups),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=groups),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 1000),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


TABLE_1 = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
"""Table 1 of Szegedy et al. 2014: what comes in, then the columns from `#1x1` to `pool proj`."""


class Inception2014(nn.Module):
    """Szegedy et al. 2014, figure 2b: every convolution is rectified."""

    def __init__(self, channels: int, *columns: int) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, projection = columns
        self.branch1 = nn.Conv2d(channels, one, 1)
        self.branch2 = nn.ModuleList(
            [nn.Conv2d(channels, three_reduce, 1), nn.Conv2d(three_reduce, three, 3, padding=1)]
        )
        self.branch3 = nn.ModuleList(
            [nn.Conv2d(channels, five_reduce, 1), nn.Conv2d(five_reduce, five, 5, padding=2)]
        )
        self.branch4 = nn.ModuleList(
            [nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(channels, projection, 1)]
        )

    def forward(self, x: Tensor) -> Tensor:
        one = F.relu(self.branch1(x))
        three = F.relu(self.branch2[1](F.relu(self.branch2[0](x))))
        five = F.relu(self.branch3[1](F.relu(self.branch3[0](x))))
        pooled = F.relu(self.branch4[1](self.branch4[0](x)))
        return torch.cat([one, three, five, pooled], 1)


class Head2014(nn.Module):
    """Szegedy et al. 2014, section 5: the exact structure of the extra network on the side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 128, 1)
        self.fc1 = nn.Linear(4 * 4 * 128, 1024)
        self.fc2 = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(F.avg_pool2d(x, 5, 3))).flatten(1)
        return self.fc2(F.dropout(F.relu(self.fc1(x)), 0.7, self.training))


class Output(NamedTuple):
    """What GoogLeNet says in training."""

    logits: Tensor
    aux2: Tensor
    aux1: Tensor


class GoogLeNet2014(nn.Module):
    """Szegedy et al. 2014, Table 1 and figure 3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, padding=1)
        for name, columns in TABLE_1.items():
            self.add_module(f"inception{name}", Inception2014(*columns))
        self.aux1 = Head2014(512)
        self.aux2 = Head2014(528)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Output | Tensor:
        x = self._halved(F.relu(self.conv1(x)))
        x = F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)
        x = F.relu(self.conv3(F.relu(self.conv2(x))))
        x = self._halved(F.local_response_norm(x, 5, 1e-4, 0.75, 1.0))
        x = self._halved(self._inceptions(x, "3a", "3b"))
        seen_4a = self._inceptions(x, "4a")
        seen_4d = self._inceptions(seen_4a, "4b", "4c", "4d")
        heads = [self.aux1(seen_4a), self.aux2(seen_4d)] if self.training else []
        x = self._halved(self._inceptions(seen_4d, "4e"))
        x = F.avg_pool2d(self._inceptions(x, "5a", "5b"), 7).flatten(1)
        logits = self.fc(F.dropout(x, 0.4, self.training))
        return Output(logits, heads[1], heads[0]) if self.training else logits

    @staticmethod
    def _halved(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def _inceptions(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = self.get_submodule(f"inception{name}")(x)
        return x


class CifarBlock(nn.Module):
    """He et al. 2015, figure 2, with a shortcut of option A."""

    def __init__(self, channels: int, planes: int) -> None:
        super().__init__()
        self.stride = planes // channels
        self.conv1 = nn.Conv2d(channels, planes, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride == 2:
            x = x[:, :, ::2, ::2]
            x = torch.cat([x, torch.zeros_like(x)], 1)
        return F.relu(y + x)


class CifarResNet(nn.Module):
    """He et al. 2015, section 4.2: 6n + 2 layers."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(CifarBlock(16, 16) for _ in range(n)))
        self.layer2 = nn.Sequential(CifarBlock(16, 32), *(CifarBlock(32, 32) for _ in range(1, n)))
        self.layer3 = nn.Sequential(CifarBlock(32, 64), *(CifarBlock(64, 64) for _ in range(1, n)))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class NiN(nn.Module):
    """Lin et al. 2013, the sizes of the authors' cifar10_nin."""

    def __init__(self) -> None:
        super().__init__()
        self.mlpconv1 = self._mlpconv(3, (192, 160, 96), 5, 2)
        self.mlpconv2 = self._mlpconv(96, (192, 192, 192), 5, 2)
        self.mlpconv3 = self._mlpconv(192, (192, 192, 10), 3, 1)

    @staticmethod
    def _mlpconv(channels: int, widths: tuple[int, int, int], k: int, padding: int) -> nn.Module:
        first, second, third = widths
        return nn.Sequential(
            nn.Conv2d(channels, first, k, padding=padding),
            nn.ReLU(),
            nn.Conv2d(first, second, 1),
            nn.ReLU(),
            nn.Conv2d(second, third, 1),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.mlpconv1(x), 3, 2, ceil_mode=True)
        x = F.dropout(x, 0.5, self.training)
        x = F.avg_pool2d(self.mlpconv2(x), 3, 2, ceil_mode=True)
        x = F.dropout(x, 0.5, self.training)
        return F.adaptive_avg_pool2d(self.mlpconv3(x), 1).flatten(1)


class TextCNN(nn.Module):
    """Kim 2014: one convolution a window height, maximum over time."""

    def __init__(self, vocab: int, dim: int, kernels: tuple[int, ...], maps: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.convs1 = nn.ModuleList(nn.Conv2d(1, maps, (k, dim)) for k in kernels)
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(len(kernels) * maps, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.embed(tokens)[:, None]
        pooled = [F.relu(conv(words))[..., 0].max(dim=2).values for conv in self.convs1]
        return self.fc1(self.dropout(torch.cat(pooled, 1)))


class DoubleConv(nn.Module):
    """Twice a padded 3x3 convolution, batch norm, ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(channels, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.double_conv(x)


class Down(nn.Module):
    """Halve the image, double the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(channels, 2 * channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Double the image, join what the way down saw at this size, halve the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(channels, channels // 2, 2, 2)
        self.conv = DoubleConv(channels, channels // 2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.conv(torch.cat([skip, self.up(x)], 1))


class OutConv(nn.Module):
    """The classes of every pixel."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class UNet(nn.Module):
    """Ronneberger et al. 2015, figure 1, padded and normalised."""

    def __init__(self, base: int, classes: int) -> None:
        super().__init__()
        self.inc = DoubleConv(3, base)
        for i in range(4):
            self.add_module(f"down{i + 1}", Down(base << i))
        for i in range(4):
            self.add_module(f"up{i + 1}", Up(base << 4 >> i))
        self.outc = OutConv(base, classes)

    def forward(self, x: Tensor) -> Tensor:
        seen = [self.inc(x)]
        for i in range(4):
            seen.append(self.get_submodule(f"down{i + 1}")(seen[-1]))
        y = seen.pop()
        for i in range(4):
            y = self.get_submodule(f"up{i + 1}")(y, seen.pop())
        return self.outc(y)


class NormalisedConv(nn.Module):
    """A convolution that keeps the size or divides it by the stride, batch norm, an activation."""

    def __init__(self, channels: int, out: int, k: int, slope: float = 0.0, **kw: int) -> None:
        super().__init__()
        self.slope = slope
        self.conv = nn.Conv2d(channels, out, k, padding=k // 2, bias=False, **kw)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return F.leaky_relu(x, self.slope) if self.slope else F.relu(x)


class Separable(nn.Module):
    """Howard et al. 2017, figure 3 on the right."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.depthwise = NormalisedConv(channels, channels, 3, stride=stride, groups=channels)
        self.pointwise = NormalisedConv(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class MobileNetV1(nn.Module):
    """Howard et al. 2017, Table 1."""

    def __init__(self) -> None:
        super().__init__()
        widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
        halved = {2, 4, 6, 12}
        self.features = nn.Sequential(
            NormalisedConv(3, 32, 3, stride=2),
            *(Separable(widths[i - 1], widths[i], 1 + (i in halved)) for i in range(1, 14)),
        )
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


class SqueezeExcitation(nn.Module):
    """Hu et al. 2018, figure 3: a number for each channel, from its mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1))))
        return x * torch.sigmoid(weights)


class SEBottleneck(nn.Module):
    """He et al. 2015, figure 5 on the right, with the weighing of channels before the sum."""

    def __init__(self, channels: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, planes, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.se = SqueezeExcitation(4 * planes)
        shortcut = nn.Conv2d(channels, 4 * planes, 1, stride, bias=False)
        is_whole = channels == 4 * planes
        self.downsample = (
            nn.Identity() if is_whole else nn.Sequential(shortcut, nn.BatchNorm2d(4 * planes))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.se(self.bn3(self.conv3(y))) + self.downsample(x))


class SEResNet50(nn.Module):
    """Hu et al. 2018, Table 1, the column in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for i, (planes, n) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], 1):
            first = SEBottleneck(channels, planes, 2 if i > 1 else 1)
            channels = 4 * planes
            others = (SEBottleneck(channels, planes, 1) for _ in range(n - 1))
            self.add_module(f"layer{i}", nn.Sequential(first, *others))
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            x = self.get_submodule(f"layer{i}")(x)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Generator(nn.Module):
    """The generator of PyTorch's DCGAN example, from its README and Radford et al. 2015."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False),
            nn.BatchNorm2d(512),
            nn.ReLU(),
            nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z)


class Autoencoder(nn.Module):
    """Chollet 2016: three convolutions down, four up."""

    def __init__(self) -> None:
        super().__init__()
        pool, up = nn.MaxPool2d(2, ceil_mode=True), nn.Upsample(scale_factor=2)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), pool),
            *(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), pool),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), pool),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), up),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), up),
            *(nn.Conv2d(8, 16, 3), nn.ReLU(), up),
            *(nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid()),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class C3D(nn.Module):
    """Tran et al. 2015, figure 3."""

    def __init__(self, maps: int, positions: int, features: int) -> None:
        super().__init__()
        widths = {"1a": 1, "2a": 2, "3a": 4, "3b": 4, "4a": 8, "4b": 8, "5a": 8, "5b": 8}
        channels = 3
        for name, factor in widths.items():
            self.add_module(f"conv{name}", nn.Conv3d(channels, factor * maps, 3, padding=1))
            channels = factor * maps
        self.fc6 = nn.Linear(channels * positions, features)
        self.fc7 = nn.Linear(features, features)
        self.fc8 = nn.Linear(features, 487)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool3d(self._seen(x, "1a"), (1, 2, 2))
        x = F.max_pool3d(self._seen(x, "2a"), 2)
        x = F.max_pool3d(self._seen(x, "3a", "3b"), 2)
        x = F.max_pool3d(self._seen(x, "4a", "4b"), 2)
        x = F.max_pool3d(self._seen(x, "5a", "5b"), 2, ceil_mode=True).flatten(1)
        for fc in (self.fc6, self.fc7):
            x = F.dropout(F.relu(fc(x)), 0.5, self.training)
        return self.fc8(x)

    def _seen(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = F.relu(self.get_submodule(f"conv{name}")(x))
        return x


class DarknetResidual(nn.Module):
    """Redmon, Farhadi 2018, Table 1: a box of it."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv1 = NormalisedConv(out, out // 2, 1, 0.1)
        self.conv2 = NormalisedConv(out // 2, out, 3, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))


class Darknet53(nn.Module):
    """Redmon, Farhadi 2018, Table 1, without its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = NormalisedConv(3, 32, 3, 0.1)
        for i, n in enumerate([1, 2, 8, 8, 4], 1):
            out = 32 << i
            blocks = (DarknetResidual(out) for _ in range(n))
            first = NormalisedConv(out // 2, out, 3, 0.1, stride=2)
            self.add_module(f"stage{i}", nn.Sequential(first, *blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        seen = [self.conv(x)]
        for i in range(1, 6):
            seen.append(self.get_submodule(f"stage{i}")(seen[-1]))
        return seen


class DarknetHead(nn.Module):
    """What yolov3.cfg has before a `[yolo]`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = NormalisedConv(channels, 2 * channels, 3, 0.1)
        self.boxes = nn.Conv2d(2 * channels, 255, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.boxes(self.conv(x))


class DarknetRoute(nn.Module):
    """What yolov3.cfg has between two `[route]`s: a convolution, an upsampling."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = NormalisedConv(channels, channels // 2, 1, 0.1)

    def forward(self, x: Tensor, lateral: Tensor) -> Tensor:
        wide = self.conv(x).repeat_interleave(2, 2).repeat_interleave(2, 3)
        return torch.cat([wide, lateral], 1)


class Boxes(NamedTuple):
    """What YOLOv3 says of the boxes of each scale."""

    stride32: Tensor
    stride16: Tensor
    stride8: Tensor


class YOLOv3(nn.Module):
    """Redmon, Farhadi 2018, section 2.3, as yolov3.cfg has it for COCO."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Darknet53()
        self.neck1, self.head1 = self._neck(1024, 512), DarknetHead(512)
        self.up1 = DarknetRoute(512)
        self.neck2, self.head2 = self._neck(256 + 512, 256), DarknetHead(256)
        self.up2 = DarknetRoute(256)
        self.neck3, self.head3 = self._neck(128 + 256, 128), DarknetHead(128)

    @staticmethod
    def _neck(channels: int, out: int) -> nn.Module:
        return nn.Sequential(
            NormalisedConv(channels, out, 1, 0.1),
            NormalisedConv(out, 2 * out, 3, 0.1),
            NormalisedConv(2 * out, out, 1, 0.1),
            NormalisedConv(out, 2 * out, 3, 0.1),
            NormalisedConv(2 * out, out, 1, 0.1),
        )

    def forward(self, x: Tensor) -> Boxes:
        *_, small, middle, large = self.backbone(x)
        x = self.neck1(large)
        first = self.head1(x)
        x = self.neck2(self.up1(x, middle))
        second = self.head2(x)
        return Boxes(first, second, self.head3(self.neck3(self.up2(x, small))))
