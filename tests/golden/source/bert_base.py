"""bert_base: Encoder of both directions. Devlin et al. 2018, 'BERT: pre-training of deep
bidirectional transformers for language understanding', arXiv:1810.04805, sections 3 and
A.2. Names are those of `BertModel` in the transformers library. `attention_mask` is True
at words and False at padding.

Compiled by archc; the comments name the lines of the spec.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Output(NamedTuple):
    last_hidden_state: Tensor
    pooler_output: Tensor


class SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(768, 768)
        self.key = nn.Linear(768, 768)
        self.value = nn.Linear(768, 768)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query = self.query(x).unflatten(2, (12, 64)).transpose(1, 2)  # line 24
        key = self.key(x).unflatten(2, (12, 64)).transpose(1, 2)  # line 25
        x = self.value(x).unflatten(2, (12, 64)).transpose(1, 2)  # line 26
        x = F.scaled_dot_product_attention(  # line 27
            query,
            key,
            x,
            mask,
            dropout_p=0.1 if self.training else 0.0,
        )
        return torch.flatten(x.transpose(1, 2), 2)  # line 28


class AddNorm(nn.Module):
    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.dense = nn.Linear(in_features, 768)
        self.dropout = nn.Dropout(0.1)
        self.LayerNorm = nn.LayerNorm(768, eps=1e-12)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        x = self.dense(x)  # line 30
        x = self.dropout(x)  # line 31
        return self.LayerNorm(x + residual)  # line 32


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self = SelfAttention()
        self.output = AddNorm(768)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        out = self.self(x, mask)  # line 34
        return self.output(out, x)  # line 35


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.intermediate = nn.Module()
        self.intermediate.dense = nn.Linear(768, 3072)
        self.output = AddNorm(3072)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        attention = self.attention(x, mask)  # line 37
        x = F.gelu(self.intermediate.dense(attention))  # line 39
        return self.output(x, attention)  # line 40


class BertBase(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.word_embeddings = nn.Embedding(30522, 768)
        self.embeddings.position_embeddings = nn.Embedding(512, 768)
        self.embeddings.token_type_embeddings = nn.Embedding(2, 768)
        self.embeddings.LayerNorm = nn.LayerNorm(768, eps=1e-12)
        self.embeddings.dropout = nn.Dropout(0.1)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([Layer() for _ in range(12)])
        self.pooler = nn.Module()
        self.pooler.dense = nn.Linear(768, 768)
        self.init_weights()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Output:
        mask = attention_mask.unsqueeze(1).unsqueeze(1)  # line 42: bool[B, 1, 1, 128]
        word_embeddings = self.embeddings.word_embeddings(input_ids)  # line 44: [B, 128, 768]
        position_embeddings = self.embeddings.position_embeddings(  # line 45: [128, 768]
            torch.arange(word_embeddings.shape[1], device=word_embeddings.device),
        )
        x = self.embeddings.token_type_embeddings(token_type_ids)  # line 46: [B, 128, 768]
        x = self.embeddings.LayerNorm(word_embeddings + x + position_embeddings)  # lines 47-48
        states = self.embeddings.dropout(x)  # line 49: [B, 128, 768]
        for layer in self.encoder.layer:
            states = layer(states, mask)  # line 54: [B, 128, 768]
        dense = torch.tanh(self.pooler.dense(states[:, 0]))  # line 56: [B, 768]
        return Output(last_hidden_state=states, pooler_output=dense)

    @torch.no_grad()
    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
                nn.init.zeros_(module.bias)
