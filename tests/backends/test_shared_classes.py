"""Calls that differ share a class where one text serves them all; each runs as its nodes say."""

import pytest
import torch
from torch import nn

import archc
from archc.backends.python_source import python_source
from archc.ir.graph import Graph
from archc.runtime.modules import compiled, model_class

HEAD = "archc: 1\nname: net\ninputs:\n  x: [B, 8, H=6, W=6]\n"
RESIDUAL = """\
blocks:
  Unit(out, stride=1):
    let residual: stride == 1 and x.channels == out
    conv: Conv2d(out, 3, stride=stride, padding=1)
    drop: Dropout(0.5) if residual
    return: drop + x if residual else conv
model:
  - Unit(8)
  - Unit(16, stride=2)
  - Unit(16)
"""
OPTIONAL = """\
blocks:
  Unit(out, stride, deep):
    let residual: stride == 1
    conv: Conv2d(out, 3, stride=stride, padding=1)
    extra: Conv2d(out, 3, padding=1) if deep
    return: extra + x if residual else extra
model:
  - Unit(8, 1, False)
  - Unit(8, 1, True)
  - Unit(8, 2, True)
  - Unit(8, 2, False)
"""
ROUNDED = """\
blocks:
  Unit(out):
    let hidden: make_divisible(x.channels * 3 / 2)
    wide: Conv2d(hidden, 1)
    thin: Conv2d(out, 1)
model:
  - Unit(16)
  - Unit(8)
"""
NAMED_ALIKE = """\
blocks:
  Pair(out, k): Conv2d(out, k) -> BatchNorm2d
  Unit(out):
    let wide: log2(x.channels * 64) * 0 + x.channels * 2
    a: Pair(int(wide), 1)
    b: Pair(out, 1)
model:
  - Unit(4)
  - Unit(6)
"""
ACTIVATIONS = """\
blocks:
  Unit(out, Activation):
    - Conv2d(out, 1)
    - Activation
model:
  - Unit(4, ReLU)
  - Unit(6, Hardswish)
  - Unit(8, ReLU)
  - Unit(9, Hardswish)
"""
HANDED_ON = """\
blocks:
  Conv(out, NormAct):
    conv: Conv2d(out, 1)
    act: NormAct
  Unit(out, act, Gate):
    first: Conv(out, act)
    second: Conv(out, act)
    gate: Gate from x
    return: second * mean(gate, (1, 2, 3), keepdim=True)
model:
  - Unit(4, ReLU, Sigmoid)
  - for width, act in [(6, Hardswish), (8, ReLU), (8, SiLU)]:
      - Unit(width, act, Tanh)
"""
SIZED = """\
blocks:
  Unit(out, Norm):
    - Conv2d(out, 1)
    - Norm
model:
  - Unit(4, BatchNorm2d)
  - Unit(6, InstanceNorm2d)
"""
TWO_WAYS = """\
blocks:
  Unit(Act):
    conv: Conv2d(8, 1)
    first: Act from x
    second: Act from conv
    return: first + second
model:
  - Unit(ReLU)
  - Unit(SiLU)
"""
HALVES = """\
blocks:
  Half(out): Conv2d(out, 1) -> BatchNorm2d
  Unit:
    parts: chunk(2, dim=1)
    side: Half(x.channels // 2) from parts.1
    return: concat(parts.0, side)
model:
  - Unit
  - Conv2d(12, 1)
  - Unit * 2
"""


TURNED = """\
blocks:
  Unit(across):
    conv: Conv2d(8, 3, padding=1)
    turned: permute((0, 1, 3, 2) if across else (0, 1, 2, 3)) -> flip(2 if across else 3)
    norm: BatchNorm2d -> sigmoid
    return: norm * 2 if across else norm
model:
  - Unit(True)
  - Unit(False)
  - Unit(True)
"""
UNLIKE = """\
blocks:
  Unit(across):
    conv: Conv2d(8, 3, padding=1)
    turned: permute((0, 1, 3, 2) if across else (0, 1, 2, 3)) -> flip(2 if across else 3)
    return: turned * 2 if across else sigmoid(turned)
model:
  - Unit(True)
  - Unit(False)
"""


def checked(body: str) -> Graph:
    """Return the graph of a spec given as the text after its inputs."""
    report = archc.check(text=HEAD + body)
    assert report.graph is not None, str(report)
    return report.graph


def classes(body: str, name: str) -> int:
    """Return how many classes the source has for a block."""
    source = python_source(checked(body))
    return source.count(f"class {name}(") + sum(source.count(f"class {name}{i}(") for i in range(9))


ALL = [RESIDUAL, OPTIONAL, ROUNDED, NAMED_ALIKE, ACTIVATIONS, HALVES, TURNED, UNLIKE]
ALL += [HANDED_ON, SIZED, TWO_WAYS]


@pytest.mark.parametrize(
    ("body", "name", "count"),
    [
        pytest.param(RESIDUAL, "Unit", 1, id="a condition that the module keeps"),
        pytest.param(OPTIONAL, "Unit", 1, id="a condition beside a line that may be absent"),
        pytest.param(ROUNDED, "Unit", 1, id="a size that is rounded"),
        pytest.param(NAMED_ALIKE, "Unit", 1, id="a size called as a parameter"),
        pytest.param(ACTIVATIONS, "Unit", 1, id="an activation that is an argument"),
        pytest.param(HANDED_ON, "Unit", 1, id="an activation that is handed on"),
        pytest.param(HANDED_ON, "Conv", 1, id="an activation that a block in a block is given"),
        pytest.param(SIZED, "Unit", 2, id="a layer that asks for a size"),
        pytest.param(TWO_WAYS, "Unit", 2, id="a layer that writes over its input in one place"),
        pytest.param(HALVES, "Unit", 1, id="a size that is cut in halves"),
        pytest.param(TURNED, "Unit", 1, id="an argument that two lines ask for"),
        pytest.param(UNLIKE, "Unit", 2, id="an argument on which most lines hang"),
    ],
)
def test_calls_share_a_class(body: str, name: str, count: int) -> None:
    assert classes(body, name) == count


@pytest.mark.parametrize("body", ALL)
def test_shared_class_has_the_keys_and_shapes_of_the_graph(body: str) -> None:
    graph = checked(body)
    model: nn.Module = model_class(compiled(graph, lambda: ""))().eval()
    state = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert state == {key.name: key.tensor.shape for key in graph.keys}
    with torch.no_grad():
        shape = tuple(model(torch.zeros(2, 8, 6, 6)).shape)
    assert shape[1:] == graph.outputs[0].value.type.shape[1:]


def test_module_that_keeps_a_condition_adds_only_where_it_holds() -> None:
    model = model_class(compiled(checked(RESIDUAL), lambda: ""))().eval()
    first, second, third = model
    x = torch.randn(2, 8, 6, 6)
    with torch.no_grad():
        assert torch.equal(first(x), first.conv(x) + x)
        assert torch.equal(second(x), second.conv(x))
        y = second(x)
        assert torch.equal(third(y), third.conv(y) + y)


def test_line_that_is_optional_beside_a_kept_condition_runs_where_it_is() -> None:
    model = model_class(compiled(checked(OPTIONAL), lambda: ""))().eval()
    first, second, third, fourth = model
    x = torch.randn(2, 8, 6, 6)
    with torch.no_grad():
        assert torch.equal(first(x), first.conv(x) + x)
        assert torch.equal(second(x), second.extra(second.conv(x)) + x)
        assert torch.equal(third(x), third.extra(third.conv(x)))
        assert torch.equal(fourth(x), fourth.conv(x))


def test_condition_called_as_an_attribute_of_modules_is_not_kept() -> None:
    body = RESIDUAL.replace("residual", "training")
    model = model_class(compiled(checked(body), lambda: ""))()
    assert classes(body, "Unit") == 2
    assert all(module.training for module in model.modules())


def test_condition_stands_where_the_lines_differ() -> None:
    source = python_source(checked(TURNED))
    assert source[source.index("    def forward") :].startswith(
        "    def forward(self, x: Tensor) -> Tensor:\n"
        "        x = self.conv(x)  # line 7\n"
        "        if self.across:\n"
        "            x = x.permute(0, 1, 3, 2).flip(2)  # line 8\n"
        "        else:\n"
        "            x = x.permute(0, 1, 2, 3).flip(3)  # line 8\n"
        "        x = torch.sigmoid(self.norm(x))  # line 9\n"
        "        return x * 2 if self.across else x  # line 10\n"
    )


def test_module_that_keeps_an_argument_does_what_it_says() -> None:
    model = model_class(compiled(checked(TURNED), lambda: ""))().eval()
    first, second, _ = model
    x = torch.randn(2, 8, 6, 6)
    with torch.no_grad():
        turned = first.conv(x).transpose(2, 3).flip(2)
        assert torch.equal(first(x), torch.sigmoid(first.norm(turned)) * 2)
        assert torch.equal(second(x), torch.sigmoid(second.norm(second.conv(x).flip(3))))


def test_class_is_called_with_the_layers_that_its_calls_give_it() -> None:
    source = python_source(checked(ACTIVATIONS))
    assert (
        "def __init__(self, in_channels: int, out: int, activation: Callable[[], nn.Mod" in source
    )
    assert "Unit(8, 4, partial(nn.ReLU, inplace=True))," in source
    assert "Unit(4, 6, nn.Hardswish)," in source
    assert "from collections.abc import Callable\nfrom functools import partial\n" in source


def test_layers_that_a_block_is_given_are_those_of_the_spec() -> None:
    model = model_class(compiled(checked(HANDED_ON), lambda: ""))().eval()
    found = [type(m) for m in model.modules() if type(m).__module__.endswith("activation")]
    assert found == [
        *(nn.ReLU, nn.ReLU, nn.Sigmoid),
        *(nn.Hardswish, nn.Hardswish, nn.Tanh),
        *(nn.ReLU, nn.ReLU, nn.Tanh),
        *(nn.SiLU, nn.SiLU, nn.Tanh),
    ]


def test_layers_whose_names_differ_in_capitals_alone_stay_two_parameters() -> None:
    body = """blocks:
  Unit(Act, ACT):
    - Conv2d(8, 1)
    - Act
    - BatchNorm2d
    - ACT
model:
  a: Unit(SiLU, SiLU)
  b: Unit(GELU, GELU)
"""
    model = model_class(compiled(checked(body), lambda: ""))()
    kinds = [type(layer) for layer in model.modules() if isinstance(layer, (nn.SiLU, nn.GELU))]
    assert kinds == [nn.SiLU, nn.SiLU, nn.GELU, nn.GELU]


def test_condition_that_is_an_argument_and_then_a_let_is_the_one_its_lines_read() -> None:
    body = """blocks:
  Unit(width, plain):
    conv: Conv2d(width, 3, padding=1)
    bn: BatchNorm2d
    act: ReLU
    let plain: width != 8
    back: Conv2d(8, 3, padding=1)
    return: back * x if plain else back + x
model:
  first: Conv2d(8, 1)
  a: Unit(8, True)
  b: Unit(16, False)
"""
    model = model_class(compiled(checked(body), lambda: ""))().eval()
    x = torch.randn(2, 8, 6, 6)
    with torch.no_grad():
        a, b = model.get_submodule("a"), model.get_submodule("b")
        assert torch.equal(a(x), a.back(a.act(a.bn(a.conv(x)))) + x)
        assert torch.equal(b(x), b.back(b.act(b.bn(b.conv(x)))) * x)
