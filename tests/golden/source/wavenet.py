"""wavenet: Dilated causal convolutions with gated units. Van den Oord et al. 2016, 'WaveNet:
a generative model for raw audio', arXiv:1609.03499, sections 2.1 to 2.4 and figure 4.
Each sample is predicted from those before it: a layer reads two, twice as far apart as
the layer below, and ten layers see 1,024 samples. The paper prints no widths; those of
github.com/ibab/tensorflow-wavenet stand here.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Causal(nn.Sequential):
    def __init__(self, in_channels: int, out: int, dilation: int = 1) -> None:
        super().__init__()
        self.pad = nn.ZeroPad1d((dilation, 0))
        self.conv = nn.Conv1d(in_channels, out, 2, dilation=dilation)


class Gated(nn.Module):
    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.filter = Causal(32, 32, dilation)
        self.gate = Causal(32, 32, dilation)

    def forward(self, x: Tensor) -> Tensor:
        filter = torch.tanh(self.filter(x))  # line 20
        x = torch.sigmoid(self.gate(x))  # line 21
        return filter * x  # line 22


class Layer(nn.Module):
    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.gated = Gated(dilation)
        self.dense = nn.Conv1d(32, 32, 1)
        self.skip = nn.Conv1d(32, 512, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        gated = self.gated(x)  # line 24
        dense = self.dense(gated)  # line 25
        skip = self.skip(gated)  # line 26
        return x + dense, skip  # line 27


class Last(nn.Sequential):
    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.gated = Gated(dilation)
        self.skip = nn.Conv1d(32, 512, 1)


class Wavenet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.causal = Causal(256, 32)
        self.layers = nn.ModuleList(
            [
                *[Layer(2 ** (i % 10)) for i in range(29)],
                Last(512),  # line 39: [B, 512, 16000]
            ]
        )
        self.postprocess = nn.ModuleList(
            [
                nn.Conv1d(512, 512, 1),  # line 42: [B, 512, 16000]
                nn.Conv1d(512, 256, 1),  # line 43: [B, 256, 16000]
            ]
        )

    def forward(self, samples: Tensor) -> Tensor:
        x = self.causal(F.one_hot(samples, 256).to(torch.float32).transpose(1, 2))  # line 32
        onward, skips = self.layers[0](x)  # line 36: [B, 32, 16000]
        for layer in self.layers[1:29]:
            onward, skip = layer(onward)  # line 36: [B, 32, 16000]
            skips = skips + skip
        x = self.layers[29](onward)  # line 39: [B, 512, 16000]
        x = skips + x  # line 40: [B, 512, 16000]
        x = self.postprocess[0](F.relu(x, inplace=True))  # line 42: [B, 512, 16000]
        return self.postprocess[1](F.relu(x, inplace=True))  # line 43: [B, 256, 16000]
