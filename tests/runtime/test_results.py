"""Further results of layers in a list are those that torch gives."""

from pathlib import Path

import torch
from torch import nn

import archc

SPEC = """\
archc: 1
name: net
inputs: {x: [B, 5, 8]}
model:
  - LSTM(6, batch_first=True) as rnn
  - Linear(4) from rnn.h_n[0] as last
outputs: {last: last, states: rnn, cells: rnn.c_n}
"""


def test_results_of_a_line_with_a_name_are_torchs(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    model = archc.load(tmp_path / "net.yaml").eval()
    rnn, linear = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 4)
    rnn.load_state_dict(model[0].state_dict())
    linear.load_state_dict(model[1].state_dict())
    x = torch.randn(2, 5, 8)
    found = model(x)
    states, (hidden, cells) = rnn(x)
    assert torch.equal(found.states, states)
    assert torch.equal(found.cells, cells)
    assert torch.equal(found.last, linear(hidden[0]))
