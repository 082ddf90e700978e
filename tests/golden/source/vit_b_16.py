"""vit_b_16: Vision transformer. Dosovitskiy et al. 2020, 'An image is worth 16x16 words:
transformers for image recognition at scale', arXiv:2010.11929, Table 1. `size` is what
the positions are learnt for: the largest network was published for pictures of 518
pixels.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
from torch import Tensor, nn


class MLP(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Linear(768, 3072), nn.GELU(), nn.Dropout(0.0), nn.Linear(3072, 768), nn.Dropout(0.0)
        )


class EncoderBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(768, eps=1e-06)
        self.self_attention = nn.MultiheadAttention(768, 12, batch_first=True)
        self.dropout = nn.Dropout(0.0)
        self.ln_2 = nn.LayerNorm(768, eps=1e-06)
        self.mlp = MLP()

    def forward(self, x: Tensor) -> Tensor:
        out = self.ln_1(x)  # line 31
        out, _ = self.self_attention(out, out, out, need_weights=False)  # line 32
        out = self.dropout(out)  # line 33
        attended = out + x  # line 34
        x = self.ln_2(attended)  # line 35
        x = self.mlp(x)  # line 36
        return attended + x  # line 37


class VitB16(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, 1, 768))
        self.conv_proj = nn.Conv2d(3, 768, 16, stride=16)
        self.encoder = nn.Module()
        self.encoder.pos_embedding = nn.Parameter(torch.zeros(1, 197, 768))
        self.encoder.dropout = nn.Dropout(0.0)
        self.encoder.layers = nn.Sequential()
        for i in range(12):
            self.encoder.layers.add_module(f"encoder_layer_{i}", EncoderBlock())
        self.encoder.ln = nn.LayerNorm(768, eps=1e-06)
        self.heads = nn.Sequential()
        self.heads.head = nn.Linear(768, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = torch.flatten(self.conv_proj(image), 2).transpose(1, 2)  # line 40: [B, 196, 768]
        x = torch.cat([self.class_token.expand(image.shape[0], -1, -1), x], 1)  # line 41
        x = self.encoder.dropout(x + self.encoder.pos_embedding)  # line 44: [B, 197, 768]
        x = self.encoder.layers(x)  # lines 46-47: [B, 197, 768]
        x = self.encoder.ln(x)  # line 48: [B, 197, 768]
        return self.heads(x[:, 0])  # line 50: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        nn.init.trunc_normal_(self.conv_proj.weight, std=0.03608439182435161)
        nn.init.zeros_(self.conv_proj.bias)
        nn.init.normal_(self.encoder.pos_embedding, 0, 0.02)
        for module in self.modules():
            if isinstance(module, MLP):
                for layer in module.modules():
                    if isinstance(layer, nn.Linear):
                        nn.init.xavier_uniform_(layer.weight)
                for layer in module.modules():
                    if isinstance(layer, nn.Linear):
                        nn.init.normal_(layer.bias, std=1e-06)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)
