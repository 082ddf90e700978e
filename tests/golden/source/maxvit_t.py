"""maxvit_t: MaxViT. Tu, Talebi, Zhang, Yang, Milanfar, Bovik, Li 2022, 'MaxViT: multi-axis
vision transformer', arXiv:2204.01697, Figure 2 and Table 1. Positions attend to each
other within windows side by side, then within grids that lie over the whole picture.
`drop` is the probability that the last layer is skipped.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RelativePositionalMultiHeadAttention(nn.Module):
    """Attend within each group of positions that form a square: arXiv:2204.01697."""

    relative_position_index: Tensor

    def __init__(self, feat_dim: int, head_dim: int, max_seq_len: int) -> None:
        super().__init__()
        self.num_heads = feat_dim // head_dim
        size = int(max_seq_len**0.5)
        table = torch.empty((2 * size - 1) ** 2, self.num_heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        row, column = torch.arange(max_seq_len) // size, torch.arange(max_seq_len) % size
        down = row[:, None] - row + size - 1
        right = column[:, None] - column + size - 1
        self.register_buffer("relative_position_index", down * (2 * size - 1) + right)
        self.to_qkv = nn.Linear(feat_dim, 3 * feat_dim)
        self.merge = nn.Linear(feat_dim, feat_dim)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.to_qkv(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for part in parts)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        weights = (q @ (k * x.shape[-1] ** -0.5).transpose(-2, -1) + bias).softmax(-1)
        return self.merge((weights @ v).transpose(-3, -2).flatten(-2))


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


class Shortcut(nn.Sequential):
    def __init__(self, in_channels: int, out: int, stride: int) -> None:
        super().__init__(nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(in_channels, out, 1))


class ConvBNGELU(nn.Sequential):
    def __init__(
        self, in_channels: int, out: int, k: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out, k, stride=stride, padding=(k - 1) // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out, eps=0.001, momentum=0.01),
            nn.GELU(),
        )


class SqueezeExcitation(nn.Module):
    def __init__(self, in_channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(in_channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.avgpool(x)  # line 26
        out = F.silu(self.fc1(out))  # line 27
        out = torch.sigmoid(self.fc2(out))  # line 28
        return out * x  # line 29


class MBConv(nn.Module):
    def __init__(self, in_channels: int, out: int, stride: int, p: float) -> None:
        super().__init__()
        self.proj = (
            Shortcut(in_channels, out, stride)
            if stride == 2 or in_channels != out
            else nn.Identity()
        )
        self.layers = nn.Sequential()
        self.layers.pre_norm = nn.BatchNorm2d(in_channels, eps=0.001, momentum=0.01)
        self.layers.conv_a = ConvBNGELU(in_channels, 4 * out, 1)
        self.layers.conv_b = ConvBNGELU(4 * out, 4 * out, 3, stride, groups=4 * out)
        self.layers.squeeze_excitation = SqueezeExcitation(4 * out, out // 4)
        self.layers.conv_c = nn.Conv2d(4 * out, out, 1)
        self.stochastic_depth = StochasticDepth(p)

    def forward(self, x: Tensor) -> Tensor:
        proj = self.proj(x)  # line 34
        x = self.layers(x)  # lines 36-40
        x = self.stochastic_depth(x)  # line 41
        return proj + x  # line 42


class Attention(nn.Module):
    def __init__(self, in_channels: int, grid: bool, p: float) -> None:
        super().__init__()
        self.grid = grid
        self.attn_layer = nn.Sequential(
            nn.LayerNorm(in_channels),
            RelativePositionalMultiHeadAttention(in_channels, 32, 49),
            nn.Dropout(0.0),
        )
        self.stochastic_dropout = StochasticDepth(p)
        self.mlp_layer = nn.Sequential(
            nn.LayerNorm(in_channels),
            nn.Linear(in_channels, 4 * in_channels),
            nn.GELU(),
            nn.Linear(4 * in_channels, in_channels),
            nn.Dropout(0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.grid:
            x = x.unflatten(3, (7, -1)).unflatten(2, (7, -1))  # line 45
            groups = torch.flatten(x.permute(0, 3, 5, 2, 4, 1), 3, 4)  # line 46
        else:
            x = x.unflatten(3, (-1, 7)).unflatten(2, (-1, 7))  # line 45
            groups = torch.flatten(x.permute(0, 2, 4, 3, 5, 1), 3, 4)  # line 46
        x = self.attn_layer(groups)  # lines 48-50
        x = self.stochastic_dropout(x)  # line 51
        attended = groups + x  # line 52
        x = self.mlp_layer(attended)  # lines 54-58
        x = self.stochastic_dropout(x)  # line 59
        x = (attended + x).unflatten(3, (7, 7))  # line 60
        if self.grid:
            return torch.flatten(torch.flatten(x.permute(0, 5, 3, 1, 4, 2), 4, 5), 2, 3)  # line 61
        return torch.flatten(torch.flatten(x.permute(0, 5, 1, 3, 2, 4), 4, 5), 2, 3)  # line 61


class MaxViTLayer(nn.Sequential):
    def __init__(self, in_channels: int, out: int, stride: int, p: float) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        self.layers.MBconv = MBConv(in_channels, out, stride, p)
        self.layers.window_attention = Attention(out, False, p)
        self.layers.grid_attention = Attention(out, True, p)


class Stage(nn.Sequential):
    def __init__(self, in_channels: int, out: int, n: int, start: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(n):
            layers.append(MaxViTLayer(in_channels, out, 2 if i == 0 else 1, 0.2 * (start + i) / 10))
            in_channels = out
        self.layers = nn.Sequential(*layers)


class MaxvitT(nn.Sequential):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvBNGELU(3, 64, 3, stride=2),  # line 73: [B, 64, 112, 112]
            nn.Sequential(nn.Conv2d(64, 64, 3, padding=1)),
        )
        self.blocks = nn.Sequential(
            Stage(64, 64, 2, 0),  # line 77: [B, 64, 56, 56]
            Stage(64, 128, 2, 2),  # line 77: [B, 128, 28, 28]
            Stage(128, 256, 5, 4),  # line 77: [B, 256, 14, 14]
            Stage(256, 512, 2, 9),  # line 77: [B, 512, 7, 7]
        )
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),  # line 79: [B, 512, 1, 1]
            nn.Flatten(),  # line 80: [B, 512]
            nn.LayerNorm(512),  # line 81: [B, 512]
            nn.Linear(512, 512),  # line 82: [B, 512]
            nn.Tanh(),  # line 83: [B, 512]
            nn.Linear(512, 1000, bias=False),  # line 84: [B, 1000]
        )
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image)  # lines 72-84: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
