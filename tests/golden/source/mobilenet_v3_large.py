"""mobilenet_v3_large: MobileNet v3. Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang,
Vasudevan, Le, Adam 2019, 'Searching for MobileNetV3', arXiv:1905.02244, Tables 1 and 2.
`width` multiplies every channel count.

Compiled by archc; the comments name the lines of the spec.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def make_divisible(v: float, d: int = 8) -> int:
    rounded = max(d, int(v + d / 2) // d * d)
    return rounded + d if rounded < 0.9 * v else rounded


class SqueezeExcitation(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(in_channels, make_divisible(in_channels // 4), 1)
        self.fc2 = nn.Conv2d(make_divisible(in_channels // 4), in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.avgpool(x)  # line 54
        out = F.relu(self.fc1(out), inplace=True)  # line 55
        out = F.hardsigmoid(self.fc2(out))  # line 56
        return out * x  # line 57


class ConvBN(nn.Sequential):
    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out, 1, bias=False),
            nn.BatchNorm2d(out, eps=0.001, momentum=0.01),
        )


class ConvBNActivation(nn.Sequential):
    def __init__(
        self,
        in_channels: int,
        out: int,
        k: int,
        activation: Callable[[], nn.Module],
        stride: int = 1,
        dilation: int = 1,
        **kw: int,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels,
                out,
                k,
                stride=stride,
                padding=dilation * (k // 2),
                dilation=dilation,
                bias=False,
                **kw,
            ),
            nn.BatchNorm2d(out, eps=0.001, momentum=0.01),
            activation(),
        )


class InvertedResidual(nn.Module):
    def __init__(
        self,
        in_channels: int,
        k: int,
        expanded: int,
        out: int,
        excite: bool,
        activation: Callable[[], nn.Module],
        stride: int,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and in_channels == out
        block: list[nn.Module] = []
        if expanded != in_channels:
            block.append(ConvBNActivation(in_channels, expanded, 1, activation))
        block.append(
            ConvBNActivation(expanded, expanded, k, activation, stride, dilation, groups=expanded)
        )
        if excite:
            block.append(SqueezeExcitation(expanded))
        block.append(ConvBN(expanded, out))
        self.block = nn.Sequential(*block)

    def forward(self, x: Tensor) -> Tensor:
        out = self.block(x)  # lines 61-64
        return out + x if self.residual else out  # line 65


class MobilenetV3Large(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvBNActivation(3, 16, 3, nn.Hardswish, stride=2),  # line 68: [B, 16, 112, 112]
            InvertedResidual(16, 3, 16, 16, False, partial(nn.ReLU, inplace=True), 1),  # line 70
            InvertedResidual(16, 3, 64, 24, False, partial(nn.ReLU, inplace=True), 2),  # line 70
            InvertedResidual(24, 3, 72, 24, False, partial(nn.ReLU, inplace=True), 1),  # line 70
            InvertedResidual(24, 5, 72, 40, True, partial(nn.ReLU, inplace=True), 2),  # line 70
            InvertedResidual(40, 5, 120, 40, True, partial(nn.ReLU, inplace=True), 1),  # line 70
            InvertedResidual(40, 5, 120, 40, True, partial(nn.ReLU, inplace=True), 1),  # line 70
            InvertedResidual(40, 3, 240, 80, False, nn.Hardswish, 2),  # line 70: [B, 80, 14, 14]
            InvertedResidual(80, 3, 200, 80, False, nn.Hardswish, 1),  # line 70: [B, 80, 14, 14]
            InvertedResidual(80, 3, 184, 80, False, nn.Hardswish, 1),  # line 70: [B, 80, 14, 14]
            InvertedResidual(80, 3, 184, 80, False, nn.Hardswish, 1),  # line 70: [B, 80, 14, 14]
            InvertedResidual(80, 3, 480, 112, True, nn.Hardswish, 1),  # line 70: [B, 112, 14, 14]
            InvertedResidual(112, 3, 672, 112, True, nn.Hardswish, 1),  # line 70: [B, 112, 14, 14]
            InvertedResidual(112, 5, 672, 160, True, nn.Hardswish, 2),  # line 70: [B, 160, 7, 7]
            InvertedResidual(160, 5, 960, 160, True, nn.Hardswish, 1),  # line 70: [B, 160, 7, 7]
            InvertedResidual(160, 5, 960, 160, True, nn.Hardswish, 1),  # line 70: [B, 160, 7, 7]
            ConvBNActivation(160, 960, 1, nn.Hardswish),  # line 71: [B, 960, 7, 7]
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(960, 1280),  # line 74: [B, 1280]
            nn.Hardswish(),  # line 75: [B, 1280]
            nn.Dropout(0.2),  # line 76: [B, 1280]
            nn.Linear(1280, 1000),  # line 77: [B, 1000]
        )
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.features(image)  # lines 68-71: [B, 960, 7, 7]
        x = torch.flatten(self.avgpool(x), 1)  # line 72: [B, 960]
        return self.classifier(x)  # lines 74-77: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)
