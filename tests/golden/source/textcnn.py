"""textcnn: Convolutional network for sentences. Kim 2014, arXiv:1408.5882, section 2 and
figure 1: windows of 3, 4 and 5 words with 100 maps each, the maximum of every map over
time, dropout. The small one is the picture in Zhang and Wallace 2015, arXiv:1510.03820,
figure 1.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Textcnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20000, 300)
        self.convs1 = nn.ModuleList([nn.Conv2d(1, 100, (k, 300)) for k in [3, 4, 5]])
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(300, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens).unsqueeze(1)  # line 19: [B, 1, 56, 300]
        x = torch.cat(  # lines 21-23: [B, 300]
            [
                F.relu(self.convs1[0](x), inplace=True).squeeze(3).amax(2),
                F.relu(self.convs1[1](x), inplace=True).squeeze(3).amax(2),
                F.relu(self.convs1[2](x), inplace=True).squeeze(3).amax(2),
            ],
            1,
        )
        x = self.dropout(x)  # line 24: [B, 300]
        return self.fc1(x)  # line 25: [B, 2]
