"""Networks for sequences, written out by hand in plain torch: the papers, a second time."""

from math import sqrt
from typing import NamedTuple, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@runtime_checkable
class Tied(Protocol):
    """A network in which one parameter has two keys: a move to another device parts them."""

    def tie_weights(self) -> None:
        """Make them one again."""


class CharCNN(nn.Module):
    """Zhang, Zhao, LeCun 2015: Tables 1 and 2."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, kernel in enumerate((7, 7, 3, 3, 3, 3)):
            layers += [nn.Conv1d(features if layers else 70, features, kernel), nn.ReLU()]
            if number in {0, 1, 5}:
                layers.append(nn.MaxPool1d(3))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            *(nn.Linear(34 * features, units), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(units, units), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(units, 4),
        )

    def forward(self, letters: Tensor) -> Tensor:
        return self.classifier(self.features(letters).flatten(1))


class RecurrentClassifier(nn.Module):
    """Two layers of cells in both directions; the class follows from the last state of each."""

    def __init__(self, cells: type[nn.LSTM | nn.GRU], vocab: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.cells = cells(dim, hidden, 2, batch_first=True, dropout=0.5, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        words = F.dropout(self.embed(tokens), 0.5, self.training)
        outputs, _ = self.cells(words)
        onward, back = outputs.chunk(2, 2)
        ends = torch.cat((onward[:, -1], back[:, 0]), 1)
        return self.fc(F.dropout(ends, 0.5, self.training))


class CausalConv(nn.Module):
    """Van den Oord et al. 2016, section 2.1: a kernel of two that sees no later sample."""

    def __init__(self, channels: int, out: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.conv = nn.Conv1d(channels, out, 2, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (self.dilation, 0)))


class GatedUnit(nn.Module):
    """Section 2.3: tanh of one convolution times sigmoid of the other."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.filter = CausalConv(width, width, dilation)
        self.gate = CausalConv(width, width, dilation)

    def forward(self, x: Tensor) -> Tensor:
        return self.filter(x).tanh() * self.gate(x).sigmoid()


class WaveNetLayer(nn.Module):
    """Figure 4: what goes on to the next layer, which the last has not, and what skips all."""

    def __init__(self, width: int, skip: int, dilation: int, *, is_last: bool) -> None:
        super().__init__()
        self.gated = GatedUnit(width, dilation)
        if not is_last:
            self.dense = nn.Conv1d(width, width, 1)
        self.skip = nn.Conv1d(width, skip, 1)
        self.is_last = is_last

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        gated = self.gated(x)
        return (x if self.is_last else x + self.dense(gated)), self.skip(gated)


class WaveNet(nn.Module):
    """Figure 4: gated layers, the sum of their skips, two convolutions of 1."""

    def __init__(self, layers: int, width: int, skip: int) -> None:
        super().__init__()
        self.causal = CausalConv(256, width, 1)
        dilations = [2**power for power in range(10)] * 3
        self.layers = nn.ModuleList(
            WaveNetLayer(width, skip, dilation, is_last=number == layers)
            for number, dilation in enumerate(dilations[:layers], 1)
        )
        self.postprocess = nn.ModuleList([nn.Conv1d(skip, skip, 1), nn.Conv1d(skip, 256, 1)])

    def forward(self, samples: Tensor) -> Tensor:
        x = self.causal(torch.eye(256)[samples].transpose(1, 2))
        total = 0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        for conv in self.postprocess:
            total = conv(torch.relu(total))
        return total


class Compared(NamedTuple):
    """What the two towers give."""

    score: Tensor
    topic: Tensor
    embedding: Tensor


class TwoTower(nn.Module):
    """One encoder for both texts, another for the picture."""

    def __init__(self, vocab: int, dim: int) -> None:
        super().__init__()
        self.text = nn.Sequential(nn.Embedding(vocab, dim), nn.Linear(dim, dim))
        self.vision = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.Linear(32, dim))
        self.joint = nn.Linear(4 * dim, dim)
        self.score = nn.Linear(dim, 1)
        self.topic = nn.Linear(dim, 5)

    def forward(self, left: Tensor, right: Tensor, image: Tensor) -> Compared:
        embed, project = self.text
        left, right = (project(embed(side).mean(1)) for side in (left, right))
        conv, linear = self.vision
        seen = linear(F.relu(conv(image)).mean((2, 3)))
        joint = F.relu(self.joint(torch.cat((left, right, seen, left * right), 1)))
        return Compared(self.score(joint), self.topic(joint), joint)


def by_heads(x: Tensor, heads: int) -> Tensor:
    """Return (B, L, D) as (B, heads, L, D / heads)."""
    batch, length, width = x.shape
    return x.view(batch, length, heads, width // heads).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    """Return (B, heads, L, D / heads) as (B, L, D)."""
    return x.transpose(1, 2).flatten(2)


class BertSelf(nn.Module):
    """Devlin et al. 2018, after Vaswani et al. 2017, section 3.2: attention of several heads."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (by_heads(layer(x), self.heads) for layer in (self.query, self.key, self.value))
        p = 0.1 if self.training else 0.0
        return joined(F.scaled_dot_product_attention(q, k, v, mask, p))


class BertOutput(nn.Module):
    """A projection, dropout, and the normalised sum with what came in."""

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, dim)
        self.LayerNorm = nn.LayerNorm(dim, eps=1e-12)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(F.dropout(self.dense(x), 0.1, self.training) + residual)


class BertLayer(nn.Module):
    """One of the L layers, its children named as the published weights name them."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.ModuleDict(
            {"self": BertSelf(dim, heads), "output": BertOutput(dim, dim)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(dim, 4 * dim)})
        self.output = BertOutput(4 * dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        attention = self.attention
        x = attention["output"](attention["self"](x, mask), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class BertResult(NamedTuple):
    """The states of all words, and a projection of the first's."""

    last_hidden_state: Tensor
    pooler_output: Tensor


class Bert(nn.Module):
    """Devlin et al. 2018, section 3."""

    def __init__(self, depth: int, dim: int, heads: int, vocab: int, context: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(vocab, dim),
                "position_embeddings": nn.Embedding(context, dim),
                "token_type_embeddings": nn.Embedding(2, dim),
                "LayerNorm": nn.LayerNorm(dim, eps=1e-12),
            }
        )
        layers = [BertLayer(dim, heads) for _ in range(depth)]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        self.pooler = nn.ModuleDict({"dense": nn.Linear(dim, dim)})

    def forward(self, words: Tensor, mask: Tensor, types: Tensor) -> BertResult:
        tables = self.embeddings
        x = tables["word_embeddings"](words) + tables["token_type_embeddings"](types)
        places = torch.arange(words.shape[1]).expand_as(words)
        x = tables["LayerNorm"](x + tables["position_embeddings"](places))
        x = F.dropout(x, 0.1, self.training)
        for layer in self.encoder["layer"]:
            x = layer(x, mask[:, None, None, :])
        return BertResult(x, torch.tanh(self.pooler["dense"](x[:, 0])))


class Conv1D(nn.Module):
    """OpenAI's linear layer: the weight lies (in, out)."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, out))
        self.bias = nn.Parameter(torch.empty(out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, self.weight) + self.bias


class Gpt2Attention(nn.Module):
    """Queries, keys and values from one projection, cut in three; no position sees a later one."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(dim, 3 * dim)
        self.c_proj = Conv1D(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (by_heads(part, self.heads) for part in self.c_attn(x).chunk(3, 2))
        p = 0.1 if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, None, p, is_causal=True)
        return F.dropout(self.c_proj(joined(mixed)), 0.1, self.training)


class Gpt2Block(nn.Module):
    """Radford et al. 2019, section 2.3: the normalisations stand before each part."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(dim)
        self.attn = Gpt2Attention(dim, heads)
        self.ln_2 = nn.LayerNorm(dim)
        self.mlp = nn.ModuleDict({"c_fc": Conv1D(dim, 4 * dim), "c_proj": Conv1D(4 * dim, dim)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        hidden = self.mlp["c_fc"](self.ln_2(x))
        hidden = F.gelu(hidden, approximate="tanh")
        return x + F.dropout(self.mlp["c_proj"](hidden), 0.1, self.training)


class Gpt2(nn.Module):
    """Radford et al. 2019, section 2.3; the table of words gives the scores too."""

    def __init__(self, depth: int, dim: int, heads: int, vocab: int, context: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab, dim)
        self.wpe = nn.Embedding(context, dim)
        self.h = nn.ModuleList(Gpt2Block(dim, heads) for _ in range(depth))
        self.ln_f = nn.LayerNorm(dim)
        self.lm_head = nn.Linear(dim, vocab, bias=False)
        self.tie_weights()

    def tie_weights(self) -> None:
        """Make the scores' weight the table of words."""
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1])
        x = F.dropout(self.wte(tokens) + self.wpe(places), 0.1, self.training)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def sinusoids(length: int, dim: int) -> Tensor:
    """Return the codes of section 3.5 of Vaswani et al. 2017, sine and cosine by turns."""
    place = torch.arange(length)[:, None]
    angle = place / 10000 ** (2 * torch.arange(dim // 2) / dim)
    code = torch.empty(length, dim)
    code[:, 0::2], code[:, 1::2] = angle.sin(), angle.cos()
    return code


class Transformer(nn.Module):
    """Vaswani et al. 2017, section 3, of torch's own layers; no stack is normalised at its end."""

    def __init__(self, depth: int, dim: int, hidden: int, heads: int, vocab: int, p: float) -> None:
        super().__init__()
        self.p = p
        self.words = nn.Embedding(vocab, dim)
        kinds = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
        self.encoder, self.decoder = (
            nn.ModuleDict(
                {
                    "layers": nn.ModuleList(
                        kind(dim, heads, hidden, p, batch_first=True) for _ in range(depth)
                    )
                }
            )
            for kind in kinds
        )
        self.scores = nn.Linear(dim, vocab, bias=False)
        self.tie_weights()

    def tie_weights(self) -> None:
        """Make the scores' weight the table of words."""
        self.scores.weight = self.words.weight

    def placed(self, tokens: Tensor) -> Tensor:
        """Return words with the codes of their places."""
        x = self.words(tokens) * sqrt(self.words.embedding_dim)
        return F.dropout(x + sinusoids(*x.shape[1:]), self.p, self.training)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padded = source == 0
        later = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        x = self.placed(source)
        for layer in self.encoder["layers"]:
            x = layer(x, src_key_padding_mask=padded)
        y = self.placed(target)
        for layer in self.decoder["layers"]:
            y = layer(y, x, tgt_mask=later, memory_key_padding_mask=padded)
        return self.scores(y)
