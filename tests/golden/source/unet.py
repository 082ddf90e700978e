"""unet: U-Net. Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, figure 1, as it is mostly
used: convolutions padded, so that nothing is cropped, and with batch normalisation
(github.com/milesial/Pytorch-UNet, whose keys these are). Height and width must be
multiples of 16.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
from torch import Tensor, nn


class DoubleConv(nn.Sequential):
    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__()
        double_conv: list[nn.Module] = []
        for _ in range(2):
            double_conv += [
                nn.Conv2d(in_channels, out, 3, padding=1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(inplace=True),
            ]
            in_channels = out
        self.double_conv = nn.Sequential(*double_conv)


class Down(nn.Sequential):
    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, out))


class Up(nn.Module):
    def __init__(self, in_channels: int, skip_channels: int, out: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out, 2, stride=2)
        self.conv = DoubleConv(skip_channels + out, out)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.up(x)  # line 23
        return self.conv(torch.cat([skip, x], 1))  # line 24


class OutConv(nn.Sequential):
    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(64, out, 1)


class Unet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv(3, 64)
        self.down1 = Down(64, 128)
        self.down2 = Down(128, 256)
        self.down3 = Down(256, 512)
        self.down4 = Down(512, 1024)
        self.up1 = Up(1024, 512, 512)
        self.up2 = Up(512, 256, 256)
        self.up3 = Up(256, 128, 128)
        self.up4 = Up(128, 64, 64)
        self.outc = OutConv(2)

    def forward(self, image: Tensor) -> Tensor:
        inc = self.inc(image)  # line 28: [B, 64, 256, 256]
        down1 = self.down1(inc)  # line 29: [B, 128, 128, 128]
        down2 = self.down2(down1)  # line 30: [B, 256, 64, 64]
        down3 = self.down3(down2)  # line 31: [B, 512, 32, 32]
        x = self.down4(down3)  # line 32: [B, 1024, 16, 16]
        x = self.up1(x, down3)  # line 33: [B, 512, 32, 32]
        x = self.up2(x, down2)  # line 34: [B, 256, 64, 64]
        x = self.up3(x, down1)  # line 35: [B, 128, 128, 128]
        x = self.up4(x, inc)  # line 36: [B, 64, 256, 256]
        return self.outc(x)  # line 37: [B, 2, 256, 256]
