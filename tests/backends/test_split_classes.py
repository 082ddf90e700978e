"""Blocks whose calls need classes of their own: each class has just the lines its calls have."""

import pytest
import torch

import archc
from archc.backends.python_source import python_source
from archc.runtime.modules import compiled, model_class

SPEC = """\
archc: 1
name: net
inputs:
  image: [B, 8, H=16, W=16]
blocks:
  Gate(out):
    pool: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(out) -> sigmoid -> view(-1, out, 1, 1)
    return: x * pool
  Res(out):
    body: Conv2d(out, 3, padding=1)
    {inner}
    {optional}
    skip: Conv2d(out, 1) from x if x.channels != out
    return: skip + last
model:
  - Res(8)
  - Res(16)
"""
INNER = ["inner: flatten(2) -> view(-1, out, 16, 16)", "inner: Gate(out)", "inner: ReLU"]
OPTIONAL = [
    "last: BatchNorm2d if out > 8",
    "last: Dropout(0.1) if out > 8",
    "last: Conv2d(out, 1) if out > 8 else ReLU",
]


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("optional", OPTIONAL)
def test_line_that_some_calls_lack_runs_where_classes_are_split(inner: str, optional: str) -> None:
    text = SPEC.format(inner=inner, optional=optional)
    report = archc.check(text=text)
    assert report.graph is not None, str(report)
    model = model_class(compiled(report.graph, lambda: ""))()
    assert list(model.state_dict()) == [key.name for key in report.graph.keys]
    assert model(torch.zeros(2, 8, 16, 16)).shape == (2, 16, 16, 16)


def test_comment_of_a_join_ends_at_its_last_branch() -> None:
    text = (
        "archc: 1\nname: net\ninputs:\n  image: [B, 3, 8, 8]\nblocks:\n  Fire:\n    concat:\n"
        "      a: Conv2d(4, 1)\n      b: Conv2d(4, 1)\n\n  # two of them\n  Two:\n"
        "    one: Fire -> relu\n    two: Fire -> relu\nmodel:\n  two: Two\n"
    )
    graph = archc.check(text=text).graph
    assert graph is not None
    assert "# lines 7-9\n" in python_source(graph)


@pytest.mark.parametrize(
    "layers",
    [
        "  - LSTM(5, batch_first=True)\n  - Linear(3)\n",
        "  - Linear(8)\n  - GRU(5, batch_first=True)\n",
        "  a: LSTM(5, batch_first=True) -> Linear(3)\n",
        "  body:\n    - MultiheadAttention(2, batch_first=True)\n    - Linear(3)\n",
        "  body:\n    rnn: LSTM(5, batch_first=True)\n  last: Linear(3)\n",
    ],
)
def test_module_of_several_results_is_never_called_by_a_plain_sequence(layers: str) -> None:
    text = f"archc: 1\nname: net\ninputs:\n  x: [B, L=6, D=4]\nmodel:\n{layers}"
    report = archc.check(text=text)
    assert report.graph is not None, str(report)
    model = model_class(compiled(report.graph, lambda: ""))()
    assert list(model.state_dict()) == [key.name for key in report.graph.keys]
    assert model(torch.zeros(2, 6, 4)).shape[:2] == (2, 6)
