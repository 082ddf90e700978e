"""googlenet: GoogLeNet. Szegedy et al. 2014, 'Going deeper with convolutions',
arXiv:1409.4842, Table 1, as torchvision has it: with batch normalisation. The two heads
exist for training alone, their losses count 0.3 each.

Compiled by archc; the comments name the lines of the spec.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Output(NamedTuple):
    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class Conv(nn.Module):
    def __init__(self, in_channels: int, out: int, k: int, **kw: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out, k, bias=False, **kw)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)  # line 13
        return F.relu(self.bn(x), inplace=True)  # line 14


class Inception(nn.Module):
    def __init__(
        self, in_channels: int, c1: int, c3r: int, c3: int, c5r: int, c5: int, pool: int
    ) -> None:
        super().__init__()
        self.branch1 = Conv(in_channels, c1, 1)
        self.branch2 = nn.Sequential(Conv(in_channels, c3r, 1), Conv(c3r, c3, 3, padding=1))
        self.branch3 = nn.Sequential(Conv(in_channels, c5r, 1), Conv(c5r, c5, 3, padding=1))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), Conv(in_channels, pool, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(  # lines 16-20
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)],
            1,
        )


class InceptionAux(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = Conv(in_channels, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(x)  # line 22
        x = torch.flatten(self.conv(x), 1)  # line 23
        x = F.relu(self.fc1(x), inplace=True)  # line 24
        x = self.dropout(x)  # line 25
        return self.fc2(x)  # line 26


class Googlenet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Conv(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = Conv(64, 64, 1)
        self.conv3 = Conv(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.aux1 = InceptionAux(512)
        self.aux2 = InceptionAux(528)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1024, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Output | Tensor:
        x = self.conv1(image)  # line 28: [B, 64, 112, 112]
        x = self.maxpool1(x)  # line 29: [B, 64, 56, 56]
        x = self.conv2(x)  # line 30: [B, 64, 56, 56]
        x = self.conv3(x)  # line 31: [B, 192, 56, 56]
        x = self.maxpool2(x)  # line 32: [B, 192, 28, 28]
        x = self.inception3a(x)  # line 34: [B, 256, 28, 28]
        x = self.inception3b(x)  # line 35: [B, 480, 28, 28]
        x = self.maxpool3(x)  # line 36: [B, 480, 14, 14]
        inception4a = self.inception4a(x)  # line 37: [B, 512, 14, 14]
        x = self.inception4b(inception4a)  # line 38: [B, 512, 14, 14]
        x = self.inception4c(x)  # line 39: [B, 512, 14, 14]
        inception4d = self.inception4d(x)  # line 40: [B, 528, 14, 14]
        x = self.inception4e(inception4d)  # line 41: [B, 832, 14, 14]
        x = self.maxpool4(x)  # line 42: [B, 832, 7, 7]
        x = self.inception5a(x)  # line 43: [B, 832, 7, 7]
        inception5b = self.inception5b(x)  # line 44: [B, 1024, 7, 7]
        if self.training:
            aux1 = self.aux1(inception4a)  # line 45: [B, 1000]
            aux2 = self.aux2(inception4d)  # line 46: [B, 1000]
        x = torch.flatten(self.avgpool(inception5b), 1)  # line 47: [B, 1024]
        x = self.dropout(x)  # line 48: [B, 1024]
        fc = self.fc(x)  # line 49: [B, 1000]
        if self.training:
            return Output(logits=fc, aux_logits2=aux2, aux_logits1=aux1)
        return fc

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)
