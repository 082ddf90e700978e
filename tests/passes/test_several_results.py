"""Several results: the name, the flow and a call are the first; the others stand behind a dot."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archc
from archc.diagnostics import Diagnostic

HEAD = "archc: 1\nname: net\ninputs: {x: [B, 4, 6]}\n"
BLOCKS = """\
blocks:
  Two:
    a: relu
    return: a, x
  Named:
    a: relu
    return: {first: a, second: x}
  Passed:
    best: max(1)
    return: best
  Gate()(a, b):
    return: a * sigmoid(b)
"""

Rule = Callable[[Tensor], Tensor]
COMPUTED: dict[str, Rule] = {
    "a: tanh from mean(x, 1) + max(x, 1)": lambda x: torch.tanh(x.mean(1) + x.max(1).values),
    "a: relu from concat(max(x, 1), mean(x, 1))": (
        lambda x: torch.relu(torch.cat([x.max(1).values, x.mean(1)], 1))
    ),
    "a: tanh from max(x, 1)": lambda x: torch.tanh(x.max(1).values),
    "a: tanh from topk(x, 2, 2)": lambda x: torch.tanh(x.topk(2, 2).values),
    "a: tanh from chunk(x, 2, 1)": lambda x: torch.tanh(x.chunk(2, 1)[0]),
    "a: tanh from median(x, 1) * 2": lambda x: torch.tanh(x.median(1).values * 2),
    "a: tanh from -median(x, 1)": lambda x: torch.tanh(-x.median(1).values),
    "a: tanh from 2.0 * median(x, 1)": lambda x: torch.tanh(2.0 * x.median(1).values),
    "a: from max(x, 1) > 0.5": lambda x: x.max(1).values > 0.5,
    "a: from max(max(x, 1), 1)": lambda x: x.max(1).values.max(1).values,
    "a: from max(x, 1)[:, 1:]": lambda x: x.max(1).values[:, 1:],
    "a: from max(x, 1).indices * 1.0": lambda x: x.max(1).indices * 1.0,
    "a: add from [max(x, 1), mean(x, 1)]": lambda x: x.max(1).values + x.mean(1),
    "let m: max(x, 1)\n  a: tanh from m": lambda x: torch.tanh(x.max(1).values),
    "let m: max(x, 1)\n  a: from m + m.indices": lambda x: x.max(1).values + x.max(1).indices,
    "let p: chunk(x, 2, 1)\n  a: tanh from p.1": lambda x: torch.tanh(x.chunk(2, 1)[1]),
    "let p: chunk(x, 2, 1)\n  a: tanh from p[1]": lambda x: torch.tanh(x.chunk(2, 1)[1]),
    "let p: chunk(x, 2, 1)\n  a: from p - p[1]": lambda x: x.chunk(2, 1)[0] - x.chunk(2, 1)[1],
    "let p: chunk(x, 4, 1)\n  a: from concat(p[1:])": lambda x: x[:, 1:],
    "let p: chunk(x, 2, 1)\n  a: from p * len(p)": lambda x: x[:, :2] * 2,
    "let p: unbind(x, 1)\n  for i, row in enumerate(p):\n    a{i}: relu from row as ys[]\n"
    "  z: from concat(ys)": lambda x: torch.relu(x).flatten(1),
    "a: from concat(chunk(x, 2, 1))": lambda x: x,
    "a: concat from chunk(x, 2, 1)": lambda x: x,
    "a: concat from max(x, 1)": lambda x: x.max(1).values,
    "m: max(1)\n  a: concat from m": lambda x: x.max(1).values,
    "a: chunk(2, 1) -> sub": lambda x: x[:, :2] - x[:, 2:],
    "a: chunk(2, 1) -> gt(0.5)": lambda x: x[:, :2] > 0.5,
    "a: max(1) -> add(3)": lambda x: x.max(1).values + 3,
    "a: (max(1)) -> tanh": lambda x: torch.tanh(x.max(1).values),
    "m: max(1)\n  b: from m\n  c: from b + b.indices": lambda x: x.max(1).values + x.max(1).indices,
    "a: tanh from sum(relu(x), 1)": lambda x: torch.tanh(torch.relu(x).sum(1)),
    "a: tanh from abs(relu(x))": lambda x: torch.tanh(torch.relu(x).abs()),
    "a: tanh from max(x + x, 1)": lambda x: torch.tanh((x + x).max(1).values),
    "a: tanh from max(x[:, 1:], 1)": lambda x: torch.tanh(x[:, 1:].max(1).values),
    "t: Two\n  u: tanh": lambda x: torch.tanh(torch.relu(x)),
    "t: Two\n  u: tanh from t": lambda x: torch.tanh(torch.relu(x)),
    "t: Two -> tanh": lambda x: torch.tanh(torch.relu(x)),
    "t: Two\n  u: from t.0 - t.1": lambda x: torch.relu(x) - x,
    "t: Two as k\n  u: from k - k.1": lambda x: torch.relu(x) - x,
    "t: Two\n  u: Gate from t": lambda x: torch.relu(x) * torch.sigmoid(x),
    "t: Two -> Gate": lambda x: torch.relu(x) * torch.sigmoid(x),
    "t: Two\n  u: from t\n  v: Gate from u": lambda x: torch.relu(x) * torch.sigmoid(x),
    "t: Two\n  u: concat from t": lambda x: torch.cat([torch.relu(x), x], 1),
    "t: Named -> tanh": lambda x: torch.tanh(torch.relu(x)),
    "t: Named\n  u: Gate from t": lambda x: torch.relu(x) * torch.sigmoid(x),
    "t: Named\n  u: from t - t.second": lambda x: torch.relu(x) - x,
    "t: Passed\n  u: from t + t.indices": lambda x: x.max(1).values + x.max(1).indices,
    "t: Passed -> tanh": lambda x: torch.tanh(x.max(1).values),
}


def loaded(folder: Path, model: str) -> nn.Module:
    """Return the network of these lines, whose predicted shape is what it gives."""
    file = folder / "net.yaml"
    file.write_text(f"{HEAD}{BLOCKS}model:\n  {model}\n", encoding="utf-8")
    return archc.load(file)


def refused(model: str) -> Diagnostic:
    """Return the one mistake of these lines."""
    (found,) = archc.check(text=f"{HEAD}{BLOCKS}model:\n  {model}\n").diagnostics
    return found


@pytest.mark.parametrize("model", COMPUTED)
def test_several_results_compute_what_the_lines_say(tmp_path: Path, model: str) -> None:
    x = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0))
    graph = archc.check(text=f"{HEAD}{BLOCKS}model:\n  {model}\n").graph
    assert graph is not None
    ours: Tensor = loaded(tmp_path, model)(x)
    assert ours.equal(COMPUTED[model](x))
    assert tuple(ours.shape[1:]) == graph.outputs[0].value.type.shape[1:]


@pytest.mark.parametrize("source", ["max(x, 1)", "median(x, 1)", "topk(x, 4, 1)", "split(x, 2, 1)"])
def test_layer_takes_the_first_of_several_results(tmp_path: Path, source: str) -> None:
    x = torch.randn(2, 4, 6)
    model = loaded(tmp_path, f"a: Linear(8) from {source}")
    layer = nn.Linear(6, 8)
    layer.load_state_dict({k.removeprefix("a."): v for k, v in model.state_dict().items()})
    name, rest = source.split("(x, ")
    arguments = [int(part) for part in rest[:-1].split(", ")]
    first: Tensor = getattr(torch, name)(x, *arguments)[0]
    assert model(x).equal(layer(first))


def test_block_may_return_results_that_its_caller_leaves(tmp_path: Path) -> None:
    blocks = BLOCKS + "  Best:\n    lin: Linear(4)\n    return: topk(lin, 2, 1)\n"
    file = tmp_path / "net.yaml"
    file.write_text(f"{HEAD}{blocks}model:\n  t: Best\n  u: tanh from t\n", encoding="utf-8")
    model = archc.load(file)
    x = torch.randn(2, 4, 6)
    layer = nn.Linear(6, 4)
    layer.load_state_dict({k.removeprefix("t.lin."): v for k, v in model.state_dict().items()})
    assert model(x).equal(torch.tanh(layer(x).topk(2, 1).values))


def test_child_applied_again_gives_on_the_first_of_several_results(tmp_path: Path) -> None:
    lines = "core: LSTM(6, batch_first=True) -> Linear(6)\n  again: core"
    x = torch.randn(2, 4, 6)
    model = loaded(tmp_path, lines)
    state = model.state_dict()
    lstm, linear = nn.LSTM(6, 6, batch_first=True), nn.Linear(6, 6)
    lstm.load_state_dict({k[7:]: v for k, v in state.items() if k.startswith("core.0.")})
    linear.load_state_dict({k[7:]: v for k, v in state.items() if k.startswith("core.1.")})
    once = linear(lstm(x)[0])
    assert model(x).equal(linear(lstm(once)[0]))


def test_results_of_a_model_that_are_parts_have_names_of_outputs(tmp_path: Path) -> None:
    x = torch.randn(2, 4, 6)
    model = loaded(tmp_path, "return: chunk(x, 2, 1)")
    assert model(x)._fields == ("output", "output1")
    assert model(x).output1.equal(x[:, 2:])


@pytest.mark.parametrize(
    ("model", "headline"),
    [
        ("t: Two\n  u: tanh from t.1", "nobody uses the result `0` of `t`"),
        ("t: Named\n  u: tanh from t.second", "nobody uses the result `first` of `t`"),
        ("t: Named as k\n  u: tanh from k.second", "nobody uses the result `first` of `k`"),
        ("t: Passed\n  u: tanh from x", "nobody uses the result of `t`"),
        ("let h: relu(x)\n  u: tanh from x", "nobody uses the result of `h`"),
        ("let h: relu(x) + 1\n  u: tanh from x", "nobody uses the result of `h`"),
    ],
)
def test_unused_result_is_said_once_under_its_name(model: str, headline: str) -> None:
    found = refused(model)
    assert (found.code, found.headline) == ("ARC303", headline)


def test_result_that_is_not_there_lists_those_that_are() -> None:
    found = refused("t: Two\n  u: tanh from t.2")
    assert (found.code, found.help) == ("ARC301", "its results are `0`, `1`")


def test_list_of_tensors_is_no_output() -> None:
    text = f"{HEAD}model:\n  a: relu as ys[]\n  b: tanh as ys[]\noutputs: {{y: ys}}\n"
    (found,) = archc.check(text=text).diagnostics
    assert (found.code, found.headline) == (
        "ARC309",
        "`ys` is a list of 2 tensors, and one belongs here",
    )


def test_list_of_a_tensor_and_a_number_is_refused() -> None:
    assert refused("a: tanh from concat([x, 3])").code == "ARC309"


def test_child_of_several_lines_is_not_applied_to_two_tensors() -> None:
    found = refused("a:\n    b: relu\n    c: tanh\n  d: a from a, x")
    assert (found.code, found.headline) == (
        "ARC206",
        "a child of several lines takes 1 tensor, 2 given",
    )
