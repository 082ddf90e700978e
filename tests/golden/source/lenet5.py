"""lenet5: LeNet-5 as it is taught today. LeCun, Bottou, Bengio, Haffner 1998,
'Gradient-based learning applied to document recognition', section II.B and figure 2, with
a dense C3, plain average pooling and a linear output. `lenet5_1998` is the network as
printed.

Compiled by archc; the comments name the lines of the spec.
"""

from torch import Tensor, nn


class Lenet5(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 5),  # line 10: [B, 6, 28, 28]
            nn.Tanh(),  # line 11: [B, 6, 28, 28]
            nn.AvgPool2d(2),  # line 12: [B, 6, 14, 14]
            nn.Conv2d(6, 16, 5),  # line 13: [B, 16, 10, 10]
            nn.Tanh(),  # line 14: [B, 16, 10, 10]
            nn.AvgPool2d(2),  # line 15: [B, 16, 5, 5]
            nn.Conv2d(16, 120, 5),  # line 16: [B, 120, 1, 1]
            nn.Tanh(),  # line 17: [B, 120, 1, 1]
            nn.Flatten(),  # line 18: [B, 120]
            nn.Linear(120, 84),  # line 19: [B, 84]
            nn.Tanh(),  # line 20: [B, 84]
            nn.Linear(84, 10),  # line 21: [B, 10]
        )

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image)  # lines 10-21: [B, 10]
