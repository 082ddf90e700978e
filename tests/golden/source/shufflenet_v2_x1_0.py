"""shufflenet_v2_x1_0: ShuffleNet v2. Ma, Zhang, Zheng, Sun 2018, 'ShuffleNet V2: practical
guidelines for efficient CNN architecture design', arXiv:1807.11164, Table 5 and Figure 3
(c, d).

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Main(nn.Sequential):
    def __init__(self, in_channels: int, out: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, stride=stride, padding=1, groups=out, bias=False),
            nn.BatchNorm2d(out),
            nn.Conv2d(out, out, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class Down(nn.Module):
    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__()
        self.branch1 = nn.Sequential(
            nn.Conv2d(
                in_channels, in_channels, 3, stride=2, padding=1, groups=in_channels, bias=False
            ),
            nn.BatchNorm2d(in_channels),
            nn.Conv2d(in_channels, out // 2, 1, bias=False),
            nn.BatchNorm2d(out // 2),
            nn.ReLU(inplace=True),
        )
        self.branch2 = Main(in_channels, out // 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.branch1(x), self.branch2(x)], 1)  # lines 25-32
        return F.channel_shuffle(x, 2)  # line 33


class Unit(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch2 = Main(in_channels // 2, in_channels // 2, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        halves_0, halves_1 = x.chunk(2, 1)  # line 35
        x = self.branch2(halves_1)  # line 36
        return F.channel_shuffle(torch.cat([halves_0, x], 1), 2)  # line 37


class Stage(nn.Sequential):
    def __init__(self, in_channels: int, out: int, n: int) -> None:
        super().__init__(Down(in_channels, out), *[Unit(out) for _ in range(n - 1)])


class ConvBNReLU(nn.Sequential):
    def __init__(self, in_channels: int, out: int, k: int, **kw: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out, k, bias=False, **kw),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class ShufflenetV2X10(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvBNReLU(3, 24, 3, stride=2, padding=1)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage2 = Stage(24, 116, 4)
        self.stage3 = Stage(116, 232, 8)
        self.stage4 = Stage(232, 464, 4)
        self.conv5 = ConvBNReLU(464, 1024, 1)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv1(image)  # line 46: [B, 24, 112, 112]
        x = self.maxpool(x)  # line 47: [B, 24, 56, 56]
        x = self.stage2(x)  # line 48: [B, 116, 28, 28]
        x = self.stage3(x)  # line 49: [B, 232, 14, 14]
        x = self.stage4(x)  # line 50: [B, 464, 7, 7]
        x = self.conv5(x)  # line 51: [B, 1024, 7, 7]
        return self.fc(x.mean((2, 3)))  # line 52: [B, 1000]
