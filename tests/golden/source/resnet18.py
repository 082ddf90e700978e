"""resnet18: ResNet. He, Zhang, Ren, Sun 2015, 'Deep residual learning for image
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


class BasicBlock(nn.Module):
    def __init__(self, in_channels: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = (
            Shortcut(in_channels, planes, stride)
            if stride != 1 or in_channels != planes
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(x)  # line 23
        out = F.relu(self.bn1(out), inplace=True)  # line 24
        out = self.conv2(out)  # line 25
        bn2 = self.bn2(out)  # line 26
        x = self.downsample(x)  # line 27
        return F.relu(bn2.add_(x), inplace=True)  # line 28


class Stage(nn.Sequential):
    def __init__(self, in_channels: int, planes: int, stride: int) -> None:
        super().__init__(BasicBlock(in_channels, planes, stride), BasicBlock(planes, planes))


class Resnet18(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = Stage(64, 64, stride=1)
        self.layer2 = Stage(64, 128, stride=2)
        self.layer3 = Stage(128, 256, stride=2)
        self.layer4 = Stage(256, 512, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv1(image)  # line 42: [B, 64, 112, 112]
        x = F.relu(self.bn1(x), inplace=True)  # line 43: [B, 64, 112, 112]
        x = self.maxpool(x)  # line 44: [B, 64, 56, 56]
        x = self.layer1(x)  # line 45: [B, 64, 56, 56]
        x = self.layer2(x)  # line 46: [B, 128, 28, 28]
        x = self.layer3(x)  # line 47: [B, 256, 14, 14]
        x = self.layer4(x)  # line 48: [B, 512, 7, 7]
        x = torch.flatten(self.avgpool(x), 1)  # line 49: [B, 512]
        return self.fc(x)  # line 50: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
