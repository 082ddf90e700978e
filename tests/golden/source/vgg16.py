"""vgg16: VGG-16. Simonyan, Zisserman 2014, 'Very deep convolutional networks for large-scale
image recognition', arXiv:1409.1556, Table 1, column D, one line a layer. Its sisters are
in `vgg.yaml`.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
from torch import Tensor, nn


class Vgg16(nn.Sequential):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1),  # line 11: [B, 64, 224, 224]
            nn.ReLU(inplace=True),  # line 12: [B, 64, 224, 224]
            nn.Conv2d(64, 64, 3, padding=1),  # line 13: [B, 64, 224, 224]
            nn.ReLU(inplace=True),  # line 14: [B, 64, 224, 224]
            nn.MaxPool2d(2),  # line 15: [B, 64, 112, 112]
            nn.Conv2d(64, 128, 3, padding=1),  # line 16: [B, 128, 112, 112]
            nn.ReLU(inplace=True),  # line 17: [B, 128, 112, 112]
            nn.Conv2d(128, 128, 3, padding=1),  # line 18: [B, 128, 112, 112]
            nn.ReLU(inplace=True),  # line 19: [B, 128, 112, 112]
            nn.MaxPool2d(2),  # line 20: [B, 128, 56, 56]
            nn.Conv2d(128, 256, 3, padding=1),  # line 21: [B, 256, 56, 56]
            nn.ReLU(inplace=True),  # line 22: [B, 256, 56, 56]
            nn.Conv2d(256, 256, 3, padding=1),  # line 23: [B, 256, 56, 56]
            nn.ReLU(inplace=True),  # line 24: [B, 256, 56, 56]
            nn.Conv2d(256, 256, 3, padding=1),  # line 25: [B, 256, 56, 56]
            nn.ReLU(inplace=True),  # line 26: [B, 256, 56, 56]
            nn.MaxPool2d(2),  # line 27: [B, 256, 28, 28]
            nn.Conv2d(256, 512, 3, padding=1),  # line 28: [B, 512, 28, 28]
            nn.ReLU(inplace=True),  # line 29: [B, 512, 28, 28]
            nn.Conv2d(512, 512, 3, padding=1),  # line 30: [B, 512, 28, 28]
            nn.ReLU(inplace=True),  # line 31: [B, 512, 28, 28]
            nn.Conv2d(512, 512, 3, padding=1),  # line 32: [B, 512, 28, 28]
            nn.ReLU(inplace=True),  # line 33: [B, 512, 28, 28]
            nn.MaxPool2d(2),  # line 34: [B, 512, 14, 14]
            nn.Conv2d(512, 512, 3, padding=1),  # line 35: [B, 512, 14, 14]
            nn.ReLU(inplace=True),  # line 36: [B, 512, 14, 14]
            nn.Conv2d(512, 512, 3, padding=1),  # line 37: [B, 512, 14, 14]
            nn.ReLU(inplace=True),  # line 38: [B, 512, 14, 14]
            nn.Conv2d(512, 512, 3, padding=1),  # line 39: [B, 512, 14, 14]
            nn.ReLU(inplace=True),  # line 40: [B, 512, 14, 14]
            nn.MaxPool2d(2),  # line 41: [B, 512, 7, 7]
        )
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(25088, 4096),  # line 45: [B, 4096]
            nn.ReLU(inplace=True),  # line 46: [B, 4096]
            nn.Dropout(0.5),  # line 47: [B, 4096]
            nn.Linear(4096, 4096),  # line 48: [B, 4096]
            nn.ReLU(inplace=True),  # line 49: [B, 4096]
            nn.Dropout(0.5),  # line 50: [B, 4096]
            nn.Linear(4096, 1000),  # line 51: [B, 1000]
        )
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image)  # lines 10-51: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)
