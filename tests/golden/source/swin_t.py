"""swin_t: Swin transformer. Liu, Lin, Cao, Hu, Wei, Zhang, Lin, Guo 2021, 'Swin transformer:
hierarchical vision transformer using shifted windows', arXiv:2103.14030, section 3.3 and
Table 7. Each head has 32 features; `drop` is the probability that the last block is
skipped in training.

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ShiftedWindowAttention(nn.Module):
    """Attend within the windows of a picture: arXiv:2103.14030."""

    relative_position_index: Tensor

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: int | tuple[int, int],
        shift_size: int | tuple[int, int] = 0,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.window = (window_size,) * 2 if isinstance(window_size, int) else window_size
        self.shift = (shift_size,) * 2 if isinstance(shift_size, int) else shift_size
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        height, width = self.window
        table = torch.empty((2 * height - 1) * (2 * width - 1), num_heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        rows = torch.arange(height).repeat_interleave(width)
        columns = torch.arange(width).repeat(height)
        down = rows[:, None] - rows + height - 1
        right = columns[:, None] - columns + width - 1
        index = (down * (2 * width - 1) + right).flatten()
        self.register_buffer("relative_position_index", index)
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)

    def forward(self, x: Tensor) -> Tensor:
        batch, height, width, _ = x.shape
        x = F.pad(x, (0, 0, 0, -width % self.window[1], 0, -height % self.window[0]))
        size = x.shape[1:3]
        down = self.shift[0] if self.window[0] < size[0] else 0
        right = self.shift[1] if self.window[1] < size[1] else 0
        is_shifted = down > 0 or right > 0
        x = self.windows(x.roll((-down, -right), (1, 2)) if is_shifted else x)
        q, k, v = self.projected(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        weights = self.similarities(q, k) + self.position_bias()
        if is_shifted:
            mask = self.mask(x, size, down, right)
            weights = (weights.unflatten(0, (batch, -1)) + mask).flatten(0, 1)
        weights = F.dropout(weights.softmax(-1), self.attention_dropout, self.training)
        x = self.proj((weights @ v).transpose(1, 2).reshape(x.shape))
        x = F.dropout(x, self.dropout, self.training)
        x = x.unflatten(0, (batch, size[0] // self.window[0], -1)).unflatten(3, self.window)
        x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        x = x.roll((down, right), (1, 2)) if is_shifted else x
        return x[:, :height, :width].contiguous()

    def windows(self, x: Tensor) -> Tensor:
        """Cut (B, H, W, C) into windows: (B * windows, positions, C)."""
        x = x.unflatten(2, (-1, self.window[1])).unflatten(1, (-1, self.window[0]))
        return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)

    def mask(self, x: Tensor, size: tuple[int, int], down: int, right: int) -> Tensor:
        """Return -100 between positions that are neighbours through the shift alone."""
        came_below = torch.arange(size[0], device=x.device) >= size[0] - down
        came_right = torch.arange(size[1], device=x.device) >= size[1] - right
        came = self.windows((2 * came_below[:, None] + came_right)[None, :, :, None])
        return -100 * (came != came.transpose(1, 2)).to(x.dtype)[:, None]

    def projected(self, x: Tensor) -> Tensor:
        return self.qkv(x)

    def similarities(self, q: Tensor, k: Tensor) -> Tensor:
        return q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)

    def position_bias(self) -> Tensor:
        bias = self.relative_position_bias_table[self.relative_position_index]
        positions = self.window[0] * self.window[1]
        return bias.view(positions, positions, -1).permute(2, 0, 1)


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


class Patches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.add_module("0", nn.Conv2d(3, 96, 4, stride=4))
        self.add_module("2", nn.LayerNorm(96))

    def forward(self, x: Tensor) -> Tensor:
        x = getattr(self, "0")(x).permute(0, 2, 3, 1)  # line 22
        return getattr(self, "2")(x)  # line 23


class PatchMerging(nn.Module):
    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * in_features, 2 * in_features, bias=False)
        self.norm = nn.LayerNorm(4 * in_features)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, 1, 0, 1))  # line 43
        x = self.norm(  # line 44
            torch.cat(
                [x[:, :-1:2, :-1:2], x[:, 1::2, :-1:2], x[:, :-1:2, 1::2], x[:, 1::2, 1::2]], 3
            ),
        )
        return self.reduction(x)  # line 45


class MLP(nn.Sequential):
    def __init__(self, in_features: int) -> None:
        super().__init__(
            nn.Linear(in_features, 4 * in_features),
            nn.GELU(),
            nn.Dropout(0.0),
            nn.Linear(4 * in_features, in_features),
            nn.Dropout(0.0),
        )


class SwinBlock(nn.Module):
    def __init__(self, in_features: int, shift: int, p: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(in_features)
        self.attn = ShiftedWindowAttention(
            in_features, in_features // 32, 7, shift_size=shift, dropout=0.0
        )
        self.stochastic_depth = StochasticDepth(p)
        self.norm2 = nn.LayerNorm(in_features)
        self.mlp = MLP(in_features)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm1(x)  # line 31
        out = self.attn(out)  # line 32
        out = self.stochastic_depth(out)  # line 33
        attended = x + out  # line 34
        x = self.norm2(attended)  # line 35
        x = self.stochastic_depth(self.mlp(x))  # line 36
        return attended + x  # line 37


class Stage(nn.Sequential):
    def __init__(self, in_features: int, n: int, start: int) -> None:
        super().__init__(
            *[SwinBlock(in_features, i % 2 * 3, 0.2 * (start + i) / 11) for i in range(n)]
        )


class SwinT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Patches(),  # line 48: [B, 56, 56, 96]
            Stage(96, 2, 0),  # line 51: [B, 56, 56, 96]
            PatchMerging(96),  # line 50: [B, 28, 28, 192]
            Stage(192, 2, 2),  # line 51: [B, 28, 28, 192]
            PatchMerging(192),  # line 50: [B, 14, 14, 384]
            Stage(384, 6, 4),  # line 51: [B, 14, 14, 384]
            PatchMerging(384),  # line 50: [B, 7, 7, 768]
            Stage(768, 2, 10),  # line 51: [B, 7, 7, 768]
        )
        self.norm = nn.LayerNorm(768)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(768, 1000)
        self.init_weights()

    def forward(self, image: Tensor) -> Tensor:
        x = self.features(image)  # lines 48-51: [B, 7, 7, 768]
        x = self.norm(x)  # line 52: [B, 7, 7, 768]
        x = x.permute(0, 3, 1, 2)  # line 53: [B, 768, 7, 7]
        x = self.avgpool(x)  # line 54: [B, 768, 1, 1]
        x = self.flatten(x)  # line 55: [B, 768]
        return self.head(x)  # line 56: [B, 1000]

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
