"""resnet50: ResNet. He, Zhang, Ren, Sun 2015, 'Deep residual learning for image
recognition', arXiv:1512.03385, Table 1. As torchvision has it: where a bottleneck halves
the image its 3x3 convolution does, in the paper the first 1x1.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Shortcut(nn.Sequential):
    def __init__(self, in_channels: int, out: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out)
        )


class Bottleneck(nn.Module):
    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(
            planes, planes, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.downsample = (
            Shortcut(in_channels, planes * 4, stride)
            if stride != 1 or in_channels != planes * 4
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(x)  # line 30
        out = F.relu(self.bn1(out), inplace=True)  # line 31
        out = self.conv2(out)  # line 32
        out = F.relu(self.bn2(out), inplace=True)  # line 33
        out = self.conv3(out)  # line 34
        bn3 = self.bn3(out)  # line 35
        x = self.downsample(x)  # line 36
        return F.relu(bn3.add_(x), inplace=True)  # line 37


class Stage(nn.Sequential):
    def __init__(self, in_channels: int, planes: int, n: int, stride: int) -> None:
        super().__init__(
            Bottleneck(in_channels, planes, stride),
            *[Bottleneck(planes * 4, planes) for _ in range(n - 1)],
        )


class Resnet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = Stage(64, 64, 3, stride=1)
        self.layer2 = Stage(256, 128, 4, stride=2)
        self.layer3 = Stage(512, 256, 6, stride=2)
        self.layer4 = Stage(1024, 512, 3, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv1(image)  # line 42: [B, 64, 112, 112]
        x = F.relu(self.bn1(x), inplace=True)  # line 43: [B, 64, 112, 112]
        x = self.maxpool(x)  # line 44: [B, 64, 56, 56]
        x = self.layer1(x)  # line 45: [B, 256, 56, 56]
        x = self.layer2(x)  # line 46: [B, 512, 28, 28]
        x = self.layer3(x)  # line 47: [B, 1024, 14, 14]
        x = self.layer4(x)  # line 48: [B, 2048, 7, 7]
        x = torch.flatten(self.avgpool(x), 1)  # line 49: [B, 2048]
        return self.fc(x)  # line 50: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
