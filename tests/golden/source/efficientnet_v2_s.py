"""efficientnet_v2_s: EfficientNet. Tan, Le 2019, 'EfficientNet: rethinking model scaling for
convolutional neural networks', arXiv:1905.11946, Table 1: one network, made wider, deeper
and larger together. Version 2: Tan, Le 2021, 'EfficientNetV2: smaller models and faster
training', arXiv:2104.00298, Table 4, where the first stages fuse the expansion with the
depthwise convolution.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def make_divisible(v: float, d: int = 8) -> int:
    rounded = max(d, int(v + d / 2) // d * d)
    return rounded + d if rounded < 0.9 * v else rounded


class StochasticDepth(nn.Module):
    """Drop samples of a batch at random in training: arXiv:1603.09382."""

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = 1 - self.p
        size = (len(x) if self.mode == "row" else 1, *[1] * (x.ndim - 1))
        noise = torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(kept)
        return x * (noise.div_(kept) if kept else noise)


class ConvBN(nn.Sequential):
    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out, 1, bias=False), nn.BatchNorm2d(out, eps=0.001, momentum=0.1)
        )


class ConvBNSiLU(nn.Sequential):
    def __init__(
        self, in_channels: int, out: int, k: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out, k, stride=stride, padding=(k - 1) // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out, eps=0.001, momentum=0.1),
            nn.SiLU(),
        )


class FusedMBConv(nn.Module):
    def __init__(
        self, in_channels: int, expansion: int, k: int, stride: int, out: int, drop: float
    ) -> None:
        super().__init__()
        hidden = make_divisible(expansion * in_channels)
        residual = stride == 1 and in_channels == out
        block: list[nn.Module] = []
        block.append(ConvBNSiLU(in_channels, hidden, k, stride))
        if hidden != in_channels:
            block.append(ConvBN(hidden, out))
        self.block = nn.Sequential(*block)
        self.stochastic_depth = StochasticDepth(drop) if residual else nn.Identity()
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out = self.block(x)  # lines 104-105
        if self.residual:
            out = self.stochastic_depth(out)  # line 106
            return out + x  # line 107
        return out


class SqueezeExcitation(nn.Module):
    def __init__(self, in_channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(in_channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.avgpool(x)  # line 86
        out = F.silu(self.fc1(out))  # line 87
        out = torch.sigmoid(self.fc2(out))  # line 88
        return out * x  # line 89


class MBConv(nn.Module):
    def __init__(
        self, in_channels: int, expansion: int, k: int, stride: int, out: int, drop: float
    ) -> None:
        super().__init__()
        hidden = make_divisible(expansion * in_channels)
        residual = stride == 1 and in_channels == out
        self.block = nn.Sequential(
            ConvBNSiLU(in_channels, hidden, 1),
            ConvBNSiLU(hidden, hidden, k, stride, groups=hidden),
            SqueezeExcitation(hidden, in_channels // 4),
            ConvBN(hidden, out),
        )
        self.stochastic_depth = StochasticDepth(drop) if residual else nn.Identity()
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out = self.block(x)  # lines 94-97
        if self.residual:
            out = self.stochastic_depth(out)  # line 98
            return out + x  # line 99
        return out


class Stage1(nn.Sequential):
    def __init__(
        self,
        in_channels: int,
        expansion: int,
        k: int,
        stride: int,
        out: int,
        n: int,
        start: int,
        total: int,
    ) -> None:
        layers: list[nn.Module] = []
        for i in range(n):
            layers.append(
                FusedMBConv(
                    in_channels,
                    expansion,
                    k,
                    stride if i == 0 else 1,
                    out,
                    0.2 * (start + i) / total,
                ),
            )
            in_channels = out
        super().__init__(*layers)


class Stage2(nn.Sequential):
    def __init__(
        self,
        in_channels: int,
        expansion: int,
        k: int,
        stride: int,
        out: int,
        n: int,
        start: int,
        total: int,
    ) -> None:
        layers: list[nn.Module] = []
        for i in range(n):
            layers.append(
                MBConv(
                    in_channels,
                    expansion,
                    k,
                    stride if i == 0 else 1,
                    out,
                    0.2 * (start + i) / total,
                ),
            )
            in_channels = out
        super().__init__(*layers)


class EfficientnetV2S(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvBNSiLU(3, 24, 3, stride=2),  # line 116: [B, 24, 192, 192]
            Stage1(24, 1, 3, 1, 24, 2, 0, 40),  # line 119: [B, 24, 192, 192]
            Stage1(24, 4, 3, 2, 48, 4, 2, 40),  # line 119: [B, 48, 96, 96]
            Stage1(48, 4, 3, 2, 64, 4, 6, 40),  # line 119: [B, 64, 48, 48]
            Stage2(64, 4, 3, 2, 128, 6, 10, 40),  # line 119: [B, 128, 24, 24]
            Stage2(128, 6, 3, 1, 160, 9, 16, 40),  # line 119: [B, 160, 24, 24]
            Stage2(160, 6, 3, 2, 256, 15, 25, 40),  # line 119: [B, 256, 12, 12]
            ConvBNSiLU(256, 1280, 1),  # line 121: [B, 1280, 12, 12]
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(0.2),  # line 124: [B, 1280]
            nn.Linear(1280, 1000),  # line 125: [B, 1000]
        )
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.features(image)  # lines 116-121: [B, 1280, 12, 12]
        x = torch.flatten(self.avgpool(x), 1)  # line 122: [B, 1280]
        return self.classifier(x)  # lines 124-125: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, nn.Linear):
                nn.init.uniform_(module.weight, -0.03162277660168379, 0.03162277660168379)
                nn.init.zeros_(module.bias)
