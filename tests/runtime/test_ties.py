"""`tie`: one tensor under two keys."""

from pathlib import Path

import pytest
import torch

import archc
from archc.runtime.weights import save

SPEC = """\
archc: 1
name: tied
inputs:
  tokens: int64[B, L=6]
model:
  wte: Embedding(20, 8)
  hidden: LSTM(8, batch_first=True)
  lm_head: Linear(20, bias=False)
tie:
  lm_head.weight: wte.weight
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tied.yaml"
    path.write_text(SPEC)
    return path


def test_tied_tensor_is_one_and_counted_once(spec: Path) -> None:
    model = archc.load(spec)
    assert model.lm_head.weight is model.wte.weight
    report = archc.check(spec)
    assert report.costs is not None
    assert report.costs.parameters == sum(p.numel() for p in model.parameters())


def test_tied_weights_survive_a_file(spec: Path, tmp_path: Path) -> None:
    model = archc.load(spec)
    save(model, tmp_path / "tied.safetensors")
    again = archc.load(spec, weights=tmp_path / "tied.safetensors")
    tokens = torch.arange(12).reshape(2, 6)
    assert again.lm_head.weight is again.wte.weight
    assert torch.equal(model(tokens), again(tokens))
