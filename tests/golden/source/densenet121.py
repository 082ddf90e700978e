"""densenet121: DenseNet-BC. Huang, Liu, van der Maaten, Weinberger 2016, 'Densely connected
convolutional networks', arXiv:1608.06993, Table 1; the bottleneck is 4 times the growth,
a transition halves the channels.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Transition(nn.Sequential):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(in_channels, in_channels // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)


class DenseLayer(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(in_channels, 128, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(128)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm1(x)  # line 21
        out = self.relu1(out)  # line 22
        out = self.conv1(out)  # line 23
        out = self.norm2(out)  # line 24
        out = self.relu2(out)  # line 25
        out = self.conv2(out)  # line 26
        return torch.cat([x, out], 1)  # line 27


class DenseBlock(nn.Sequential):
    def __init__(self, in_channels: int, n: int) -> None:
        super().__init__()
        for i in range(1, n + 1):
            self.add_module(f"denselayer{i}", DenseLayer(in_channels))
            in_channels += 32


class Densenet121(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.features.norm0 = nn.BatchNorm2d(64)
        self.features.relu0 = nn.ReLU(inplace=True)
        self.features.pool0 = nn.MaxPool2d(3, stride=2, padding=1)
        self.features.denseblock1 = DenseBlock(64, 6)
        self.features.transition1 = Transition(256)
        self.features.denseblock2 = DenseBlock(128, 12)
        self.features.transition2 = Transition(512)
        self.features.denseblock3 = DenseBlock(256, 24)
        self.features.transition3 = Transition(1024)
        self.features.denseblock4 = DenseBlock(512, 16)
        self.features.norm5 = nn.BatchNorm2d(1024)
        self.classifier = nn.Linear(1024, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.features(image)  # lines 38-46: [B, 1024, 7, 7]
        x = torch.flatten(F.adaptive_avg_pool2d(F.relu(x, inplace=True), 1), 1)  # line 47
        return self.classifier(x)  # line 48: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
