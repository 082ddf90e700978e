"""Slices with `...` run as torch's own, at compile time and in the module."""

from pathlib import Path

import torch

import archc

SPEC = """\
archc: 1
name: net
params: {half: 3}
inputs: {x: [B, 4, 5, 8]}
model:
  left: neg from x[..., :half]
  right: abs from x[..., half:]
  first: relu from x[..., 0]
  row: relu from x[:, 1, ...]
  odd: relu from x[:, ..., 1::2, :]
outputs: {left: left, right: right, first: first, row: row, odd: odd}
"""


def test_slices_with_an_ellipsis_are_torchs(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    x = torch.randn(2, 4, 5, 8)
    found = archc.load(tmp_path / "net.yaml")(x)
    assert torch.equal(found.left, -x[..., :3])
    assert torch.equal(found.right, x[..., 3:].abs())
    assert torch.equal(found.first, x[..., 0].relu())
    assert torch.equal(found.row, x[:, 1, ...].relu())
    assert torch.equal(found.odd, x[:, ..., 1::2, :].relu())
    graph = archc.check(text=SPEC).graph
    assert graph is not None
    for output, tensor in zip(graph.outputs, found, strict=True):
        assert output.value.type.shape[1:] == tensor.shape[1:]


def test_ellipsis_in_an_index_of_a_list_is_refused() -> None:
    text = SPEC.replace("half: 3", "half: [3, 4]").replace(":half]", ":half[...]]")
    (found, *_) = archc.check(text=text).diagnostics
    assert (found.code, found.primary and found.primary.column) == ("ARC212", 31)
