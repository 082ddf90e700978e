"""transformer_base: Encoder and decoder for translation. Vaswani et al. 2017, 'Attention is
all you need', arXiv:1706.03762, sections 3.1 to 3.5 and Table 3, which prints 65 and 213
million parameters and no exact vocabulary. One table of words serves the source, the
target and the scores of each next word of the target.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TransformerBase(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(37000, 512)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(
                    512, 8, dim_feedforward=2048, dropout=0.1, batch_first=True
                )
                for _ in range(6)
            ],
        )
        self.decoder = nn.Module()
        self.decoder.layers = nn.ModuleList(
            [
                nn.TransformerDecoderLayer(
                    512, 8, dim_feedforward=2048, dropout=0.1, batch_first=True
                )
                for _ in range(6)
            ],
        )
        self.scores = nn.Linear(512, 37000, bias=False)
        self.init_weights()

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padded = source == 0  # line 29: bool[B, 64]
        x = torch.arange(target.shape[1], device=target.device)  # line 30: int64[64]
        later = x.unsqueeze(0) > x.unsqueeze(1)  # line 31: bool[64, 64]
        words = self.words(source)  # line 32: [B, 64, 512]
        place = torch.arange(words.shape[1], device=words.device)  # line 23: int64[64]
        x = torch.arange(words.shape[2], device=words.device)[:256]  # line 24: int64[256]
        x = place.unsqueeze(1) / 10000 ** (2 * x / 512)  # line 25: [64, 256]
        x = torch.flatten(torch.stack([torch.sin(x), torch.cos(x)], 2), 1)  # line 26: [64, 512]
        states = F.dropout(words * 22.627416997969522 + x, 0.1, training=self.training)  # line 34
        for layer in self.encoder.layers:
            states = layer(states, src_key_padding_mask=padded)  # lines 38-40: [B, 64, 512]
        placed = self.words(target)  # line 42: [B, 64, 512]
        place = torch.arange(placed.shape[1], device=placed.device)  # line 23: int64[64]
        x = torch.arange(placed.shape[2], device=placed.device)[:256]  # line 24: int64[256]
        x = place.unsqueeze(1) / 10000 ** (2 * x / 512)  # line 25: [64, 256]
        x = torch.flatten(torch.stack([torch.sin(x), torch.cos(x)], 2), 1)  # line 26: [64, 512]
        states_1 = F.dropout(  # line 42: [B, 64, 512]
            placed * 22.627416997969522 + x,
            0.1,
            training=self.training,
        )
        for layer in self.decoder.layers:
            states_1 = layer(  # lines 46-49: [B, 64, 512]
                states_1,
                states,
                tgt_mask=later,
                memory_key_padding_mask=padded,
            )
        return self.scores(states_1)  # line 50: [B, 64, 37000]

    @torch.no_grad()
    def init_weights(self) -> None:
        nn.init.normal_(self.words.weight, std=0.044194173824159216)
        self.scores.weight = self.words.weight
