"""The `forward` of the compiled source: results taken apart, nothing computed twice."""

import pytest
import torch
from torch import nn

import archc
from archc.backends.python_source import python_source
from archc.ir.graph import Graph
from archc.runtime.modules import compiled, model_class

HEAD = "archc: 1\nname: net\ninputs:\n  x: [B, L=6, D=4]\n"


def checked(body: str, head: str = HEAD) -> Graph:
    """Return the graph of a spec given as the text after its inputs."""
    report = archc.check(text=head + body)
    assert report.graph is not None, str(report)
    return report.graph


def source_of(body: str) -> str:
    """Return the source of such a spec."""
    return python_source(checked(body))


def model_of(body: str) -> nn.Module:
    """Return the network of such a spec, in eval mode."""
    return model_class(compiled(checked(body), lambda: ""))().eval()


RESULTS = [
    ("rnn: LSTM(5, batch_first=True)\n  fc: Linear(3)", "x, _ = self.rnn(x)  # line 6: [B, 6, 5]"),
    (
        "rnn: LSTM(5, batch_first=True)\n  fc: from rnn[:, 0] + rnn.h_n[0] + rnn.c_n[0]",
        "x, (h_n, c_n) = self.rnn(x)",
    ),
    (
        "rnn: LSTM(5, batch_first=True)\n  fc: Linear(3) from rnn.c_n[0]",
        "_, (_, c_n) = self.rnn(x)",
    ),
    ("rnn: GRU(5, batch_first=True)\n  fc: Linear(3) from rnn.h_n[0]", "_, h_n = self.rnn(x)"),
    (
        "attn: MultiheadAttention(2, batch_first=True)\n  fc: Linear(3)",
        "x, _ = self.attn(x, x, x, need_weights=False)",
    ),
    (
        "attn: MultiheadAttention(2, batch_first=True)\n  out: from attn.weights @ attn",
        "x, weights = self.attn(x, x, x)",
    ),
    ("parts: chunk(2, dim=2)\n  out: from parts * parts.1", "parts_0, parts_1 = x.chunk(2, 2)"),
    (
        "let parts: chunk(x, 2, dim=2)\n  out: from parts[0] * parts[1]",
        "parts_0, parts_1 = x.chunk(2, 2)",
    ),
    (
        "parts: chunk(4, dim=2)\n  let value: parts.0\n  let gate: parts.3\n"
        "  out: from value * gate",
        "value, _, _, gate = x.chunk(4, 2)",
    ),
    ("parts: chunk(2, dim=2)\n  out: relu from parts.1", "x = x.chunk(2, 2)[1]"),
]


@pytest.mark.parametrize(("model", "line"), RESULTS)
def test_results_are_taken_apart_in_one_line(model: str, line: str) -> None:
    assert line in source_of(f"model:\n  {model}\n")


def test_results_of_the_same_name_are_told_apart_by_their_lines() -> None:
    source = source_of(
        "model:\n  one: GRU(4, batch_first=True)\n  two: GRU(4, batch_first=True)\n"
        "  out: from concat(one.h_n[0], two.h_n[0])\n"
    )
    assert "x, h_n = self.one(x)" in source
    assert "_, two_h_n = self.two(x)" in source


def test_many_results_are_read_by_their_numbers() -> None:
    head = HEAD.replace("D=4", "D=8")
    graph = checked("model:\n  parts: chunk(8, dim=2)\n  out: from parts + parts.7\n", head)
    source = python_source(graph)
    assert "parts = x.chunk(8, 2)" in source
    assert "return parts[0] + parts[7]" in source


def test_results_of_a_block_are_called_as_it_returns_them() -> None:
    source = source_of(
        "blocks:\n"
        "  Both(n):\n    a: Linear(n)\n    b: Linear(n) from x\n"
        "    return: {key: a, query: b}\n"
        "model:\n  both: Both(3)\n  out: from both.key * both.query\n"
    )
    assert "key, query = self.both(x)" in source
    assert "a = self.a(x)" in source
    assert "b = self.b(x)" in source
    assert "return a, b" in source


READ_TWICE = [
    "first: Dropout(0.5) -> MultiheadAttention(2, batch_first=True)",
    "first: Dropout(0.5) -> Gate",
]


@pytest.mark.parametrize("line", READ_TWICE)
def test_module_whose_result_is_read_several_times_is_called_once(line: str) -> None:
    blocks = "blocks:\n  Gate:\n    return: x * sigmoid(x)\n" if "Gate" in line else ""
    model = model_of(f"{blocks}model:\n  {line}\n  fc: Linear(3)\n")
    calls: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.register_forward_hook(lambda m, _i, _o: calls.append(m))
    model(torch.zeros(2, 6, 4))
    assert len(calls) == 1


def test_states_of_recurrent_layers_are_torchs() -> None:
    model = model_of(
        "model:\n  rnn: LSTM(5, batch_first=True)\n"
        "  out: from concat(rnn.c_n[0], rnn[:, 2], rnn.h_n[0])\n"
    )
    rnn = model.get_submodule("rnn")
    x = torch.randn(2, 6, 4)
    output, (h_n, c_n) = rnn(x)
    assert torch.equal(model(x), torch.cat([c_n[0], output[:, 2], h_n[0]], 1))


def test_train_only_lines_and_their_outputs_stand_under_one_condition() -> None:
    source = source_of(
        "model:\n  body: Linear(3)\n  head: Linear(2)\n  aux: Linear(2) from body\n"
        "outputs:\n  y: head\n  aux: aux if training\n"
    )
    assert source.count("if self.training:") == 1


LONG_SUM = (
    "model:\n  first: Linear(4)\n  second: Linear(4)\n"
    "  last: from (second ** 2 * (first - (second - first)) +\n"
    "    (first @ transpose(second, 1, 2)) @ x -\n"
    "    (x + second) * (first / (second * second + 1)) - -first ** 2 * (2 ** x - x))\n"
)


def test_parentheses_are_those_the_arithmetic_needs() -> None:
    expression = "(x + a) + a ** 2 * x - (a - x) / (2 * a)"
    source = source_of(f"model:\n  a: Linear(4)\n  b: from {expression}\n")
    assert "return x + out + out**2 * x - (out - x) / (2 * out)" in source


def test_long_sum_is_parted_at_its_terms_and_stays_what_it_is() -> None:
    source = source_of(LONG_SUM)
    assert "\n            - (x + out) * (first / (out * out + 1))\n" in source
    model = model_of(LONG_SUM)
    x = torch.randn(2, 6, 4)
    first = model.get_submodule("first")(x)
    second = model.get_submodule("second")(first)
    expected = second**2 * (first - (second - first)) + (first @ second.transpose(1, 2)) @ x
    expected = expected - (x + second) * (first / (second * second + 1)) - -(first**2) * (2**x - x)
    assert torch.equal(model(x), expected)


IN_PLACE = [
    ("a: Linear(4) -> relu", "F.relu(self.a(x), inplace=True)"),
    ("a: Linear(4)\n  b: relu from a + x", "F.relu(out.add_(x), inplace=True)"),
    ("a: Linear(4)\n  b: relu from x + a", "F.relu(x + out, inplace=True)"),
    ("a: Linear(4)\n  b: relu from a * 2 + x", "F.relu(out * 2 + x, inplace=True)"),
    ("a: Linear(4)\n  b: sigmoid from a + x", "torch.sigmoid(out + x)"),
    ("a:\n    - Linear(4)\n    - ReLU", "nn.ReLU(inplace=True)"),
    ("a: Linear(4)\n  b: relu(inplace=False)", "F.relu(x, inplace=False)"),
    ("a:\n    - Linear(4)\n    - ReLU(inplace=False)", "nn.ReLU(inplace=False)"),
    ("a: Linear(4)\n  b: relu\n  c: from a + b", "F.relu(a)  #"),
    ("a: relu", "F.relu(x)"),
    ("a: Dropout -> relu", "F.relu(self.a(x))"),
]


@pytest.mark.parametrize(("model", "text"), IN_PLACE)
def test_relu_and_its_sum_write_over_what_nobody_else_reads(model: str, text: str) -> None:
    assert text in source_of(f"model:\n  {model}\n  last: Linear(2)\n")


SKIPS = """\
blocks:
  Unit:
    gate: Linear(4)
    side: Linear(4) from gate
    return: {onward: x + gate, skip: side}
model:
  first: Linear(4)
  let onward: first
  units:
    - for i in range(5):
        - Unit from onward as unit
        - let onward: unit.onward
        - from unit.skip as skips[]
    - Linear(4) from onward as skips[]
  last: relu from add(skips)
"""


def test_results_that_flow_on_and_are_added_up_are_a_loop() -> None:
    source = source_of(SKIPS)
    assert source[source.rindex("x = self.first") :] == (
        "x = self.first(x)  # line 11: [B, 6, 4]\n"
        "        onward, skips = self.units[0](x)  # line 15: [B, 6, 4]\n"
        "        for unit in self.units[1:5]:\n"
        "            onward, skip = unit(onward)  # line 15: [B, 6, 4]\n"
        "            skips = skips + skip\n"
        "        x = self.units[5](onward)  # line 18: [B, 6, 4]\n"
        "        return F.relu(skips + x, inplace=True)  # line 19: [B, 6, 4]\n"
    )


def test_loop_adds_up_in_the_order_of_the_spec() -> None:
    model = model_of(SKIPS)
    x = torch.randn(2, 6, 4)
    onward = model.get_submodule("first")(x)
    *units, last = model.get_submodule("units").children()
    skips: list[torch.Tensor] = []
    for unit in units:
        onward, skip = unit(onward)
        skips.append(skip)
    skips.append(last(onward))
    expected = skips[0] + skips[1] + skips[2] + skips[3] + skips[4] + skips[5]
    assert torch.equal(model(x), torch.relu(expected))


UNROLLED = [
    pytest.param("add(skips)", "add(reversed(skips))", id="another order"),
    pytest.param("add(skips)", "add(skips) + skips[1]", id="one read again"),
    pytest.param(
        "add(skips)",
        "skips[0] - skips[1] - skips[2] - skips[3] - skips[4] - skips[5]",
        id="a difference",
    ),
]


@pytest.mark.parametrize(("old", "new"), UNROLLED)
def test_results_that_are_read_one_by_one_are_no_loop(old: str, new: str) -> None:
    assert "for unit in" not in source_of(SKIPS.replace(old, new))


def test_list_whose_first_input_is_read_again_goes_on_in_a_loop() -> None:
    source = source_of(SKIPS.replace("add(skips)", "add(skips) + first"))
    assert "onward, skips = self.units[0](first)" in source
    assert "for unit in self.units[1:5]:" in source


def test_comment_of_a_loop_tells_no_type_that_differs_from_turn_to_turn() -> None:
    source = source_of(
        "model:\n  layers:\n    - for i in range(4):\n        - Linear(2 * (i + 2)) -> relu\n"
    )
    assert "x = F.relu(layer(x), inplace=True)  # line 8\n" in source


def test_name_of_a_result_that_the_last_turn_leaves_unread_is_none() -> None:
    source = source_of(
        "blocks:\n"
        "  Unit:\n    gate: Linear(4)\n    return: {skip: relu(gate), onward: gate}\n"
        "model:\n"
        "  let onward: x\n"
        "  units:\n"
        "    - for i in range(2):\n"
        "        - Unit from onward as unit\n"
        "        - let onward: unit.onward\n"
        "        - from unit.skip as skips[]\n"
        "  last: relu from add(skips)\n"
    )
    assert "skip, _ = self.units[1](onward)  # line 13" in source


LOOP = """blocks:
  Unit(x, y):
    fc: Linear(4) from x
    return: fc + y
model:
  first: Linear(4)
  {names}
  let h: first
  {list}:
    - for _ in range(3):
        - Unit from h, x as h
  last: relu from {read}
"""
IN_THE_WAY = [
    pytest.param("layers", ["layer", "module", "layers_module"], id="every name is taken"),
    pytest.param("s", [], id="a name that is the plural's sign alone"),
    pytest.param("Fs", [], id="the name of torch's functions"),
]


@pytest.mark.parametrize(("name", "others"), IN_THE_WAY)
def test_module_of_a_turn_has_a_name_that_is_free(name: str, others: list[str]) -> None:
    lines = "\n  ".join(f"{other}: Linear(4) from first" for other in others)
    body = LOOP.format(names=lines, list=name, read=" + ".join(["h", *others]))
    body = body.replace("  \n", "").replace("Unit(x, y)", "Unit()(x, y)")
    model = model_of(body)
    x = torch.randn(2, 6, 4)
    first = model.get_submodule("first")(x)
    expected = first
    for unit in model.get_submodule(name).children():
        expected = unit(expected, x)
    for other in others:
        expected = expected + model.get_submodule(other)(first)
    assert torch.equal(model(x), torch.relu(expected))


def test_child_called_as_the_tuple_of_results_hides_it_not() -> None:
    model = model_of(
        "model:\n  Output: Linear(3)\n  b: Linear(2)\noutputs: {one: Output, two: b}\n"
    )
    one, two = model(torch.randn(2, 6, 4))
    assert (one.shape, two.shape) == ((2, 6, 3), (2, 6, 2))
