"""gpt2: GPT-2. Radford et al. 2019, 'Language models are unsupervised multitask learners',
section 2.3 and Table 2; what it leaves out is GPT's of 2018. Names are those of the
published weights, without the masks among them, `h.0.attn.bias` and so on. `Conv1D`, of
OpenAI's code, is a linear layer whose weight lies (in, out).

Compiled by archc; the comments name the lines of the spec.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv1D(nn.Module):
    def __init__(self, in_features: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, out))
        self.bias = nn.Parameter(torch.zeros(out))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias  # line 25


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c_attn = Conv1D(768, 2304)
        self.c_proj = Conv1D(768, 768)
        self.resid_dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_attn(x).unflatten(2, (3, 12, 64))  # line 27
        qkv_0, qkv_1, qkv_2 = x.permute(2, 0, 3, 1, 4).unbind(0)  # line 28
        x = F.scaled_dot_product_attention(  # line 29
            qkv_0,
            qkv_1,
            qkv_2,
            dropout_p=0.1 if self.training else 0.0,
            is_causal=True,
        )
        x = self.c_proj(torch.flatten(x.transpose(1, 2), 2))  # line 30
        return self.resid_dropout(x)  # line 31


class MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c_fc = Conv1D(768, 3072)
        self.c_proj = Conv1D(3072, 768)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.c_fc(x), approximate="tanh")  # line 33
        x = self.c_proj(x)  # line 34
        return self.dropout(x)  # line 35


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(768)
        self.attn = Attention()
        self.ln_2 = nn.LayerNorm(768)
        self.mlp = MLP()

    def forward(self, x: Tensor) -> Tensor:
        out = self.ln_1(x)  # line 37
        out = self.attn(out)  # line 38
        attended = x + out  # line 39
        x = self.ln_2(attended)  # line 40
        x = self.mlp(x)  # line 41
        return attended + x  # line 42


class Gpt2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(50257, 768)
        self.wpe = nn.Embedding(1024, 768)
        self.drop = nn.Dropout(0.1)
        self.h = nn.Sequential(*[Block() for _ in range(12)])
        self.ln_f = nn.LayerNorm(768)
        self.lm_head = nn.Linear(768, 50257, bias=False)
        self.init_weights()

    def forward(self, tokens: Tensor) -> Tensor:
        wte = self.wte(tokens)  # line 44: [B, 1024, 768]
        x = self.wpe(torch.arange(wte.shape[1], device=wte.device))  # line 45: [1024, 768]
        x = self.drop(wte + x)  # line 46: [B, 1024, 768]
        x = self.h(x)  # line 47: [B, 1024, 768]
        x = self.ln_f(x)  # line 48: [B, 1024, 768]
        return self.lm_head(x)  # line 49: [B, 1024, 50257]

    @torch.no_grad()
    def init_weights(self) -> None:
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)
        for module in self.modules():
            if isinstance(module, Conv1D):
                nn.init.normal_(module.weight, std=0.02)
        for module in self.modules():
            if isinstance(module, Attention):
                nn.init.normal_(module.c_proj.weight, std=0.004082482904638631)
            if isinstance(module, MLP):
                nn.init.normal_(module.c_proj.weight, std=0.004082482904638631)
        self.lm_head.weight = self.wte.weight
