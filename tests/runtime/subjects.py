"""Networks of each kind, as the tests of what a loaded model promises take them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

import archc
from archc.catalogue import find_network

TAGGER = """\
archc: 1
name: tagger
params: {vocab: 50, tags: 7}
inputs:
  tokens: int64[B, L=12]
model:
  embed: Embedding(vocab, 16)
  lstm: LSTM(24, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
  norm: LayerNorm
  last: Linear(tags) from lstm.h_n[-1]
  fc: Linear(tags) from norm
outputs:
  scores: fc
  sentence: last
"""


@dataclass(frozen=True)
class Subject:
    """A network, an input that fits, one that does not, and where the spec says why.

    Inputs are sizes of noise, or sizes and the number of words. `blamed` begins lines of the
    spec, the outermost first.
    """

    name: str
    fits: tuple[int, ...]
    fits_not: tuple[int, ...]
    blamed: tuple[str, ...]
    words: int = 0
    params: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def load(self, folder: Path, **options: object) -> nn.Module:
        """Return the network in evaluation mode, always with the same weights."""
        model = archc.load(self.spec(folder), params=self.params, seed=1, **options)  # type: ignore[arg-type]
        return model.eval()

    def spec(self, folder: Path) -> str:
        """Return what `load` takes; a spec of the tests' own is written to the folder."""
        if self.name != "tagger":
            return self.name
        path = folder / "tagger.yaml"
        path.write_text(TAGGER, encoding="utf-8")
        return str(path)

    def spec_lines(self, folder: Path) -> list[str]:
        """Return the lines of the spec's file."""
        path = find_network(self.spec(folder)).path
        return path.read_text(encoding="utf-8").splitlines()

    def input(self) -> Tensor:
        """Return an input that fits: three samples."""
        return _drawn((3, *self.fits), self.words)

    def unfit_input(self) -> Tensor:
        """Return an input that does not fit."""
        return _drawn((3, *self.fits_not), 0)


SUBJECTS = [
    Subject("resnet18", (3, 33, 33), (4, 33, 33), ("conv1: Conv2d(64, 7",)),
    Subject("googlenet", (3, 47, 47), (1, 47, 47), ("conv1: Conv(64, 7", "conv: Conv2d(out")),
    Subject("densenet121", (3, 33, 33), (2, 33, 33), ("conv0: Conv2d(stem",)),
    Subject(
        "textcnn",
        (9,),
        (9,),
        ("embed: Embedding(",),
        words=40,
        params={"vocab": 40, "dim": 5, "kernels": [2, 3, 4], "maps": 2},
    ),
    Subject(
        "unet",
        (3, 32, 32),
        (3, 40, 40),
        ("up1:", "conv: DoubleConv(out) from concat(skip, up)"),
        params={"base": 4},
    ),
    Subject("tagger", (12,), (12,), ("embed: Embedding(",), words=50),
]


def several(outputs: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the outputs of a model as a sequence."""
    return [outputs] if isinstance(outputs, Tensor) else outputs


def run(model: nn.Module, x: Tensor) -> Sequence[Tensor]:
    """Return the outputs without gradients."""
    with torch.no_grad():
        return several(model(x))


def assert_close(
    found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float = 1e-5
) -> None:
    """Assert that outputs are as near as a part of the largest of them."""
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert other.std() > 0
        far = (one.double() - other.double()).abs().max()
        assert far <= tolerance * other.double().abs().max()


@cache
def _drawn(shape: tuple[int, ...], words: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if words:
        return torch.randint(words, shape, generator=generator)
    return torch.randn(shape, generator=generator)
