"""Receptive fields: published figures, and the gradients of networks whose weights are positive."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

import archc
from archc.ir.fields import Field
from archc.passes.trace_receptive_field import trace_receptive_field
from archc.reach import Reach

pytestmark = pytest.mark.slow

LENGTH = 96

MOBILENET = """
blocks:
  Separable(out, stride):
    - Conv2d(in_channels, 3, stride=stride, padding=1, groups=in_channels) -> ReLU
    - Conv2d(out, 1) -> ReLU
model:
  - Conv2d(32, 3, stride=2, padding=1)
  - for out, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]:
      - Separable(out, stride)
  - Separable(512, 1) * 5
  - Separable(1024, 2)
  - Separable(1024, 1)
"""

RESNET_V1 = """
blocks:
  Unit(planes, stride):
    a: Conv2d(planes, 1) -> relu
    b: Conv2d(planes, 3, stride=stride, padding=1) -> relu
    c: Conv2d(planes * 4, 1)
    short: Conv2d(planes * 4, 1, stride=stride) from x if stride != 1 or x.channels != planes * 4
    return: relu(c + short)
  Stage(planes, n, stride):
    - Unit(planes, 1) * (n - 1)
    - Unit(planes, stride)
model:
  - Conv2d(64, 7, stride=2, padding=3)
  - MaxPool2d(3, stride=2, padding=1)
  - Stage(64, 3, 2)
  - Stage(128, 4, 2)
  - Stage(256, 6, 2)
  - Stage(512, 3, 1)
"""

ALEXNET_V2 = """
model:
  - Conv2d(64, 11, stride=4) -> ReLU -> MaxPool2d(3, 2)
  - Conv2d(192, 5, padding=2) -> ReLU -> MaxPool2d(3, 2)
  - Conv2d(384, 3, padding=1) -> ReLU
  - Conv2d(384, 3, padding=1) -> ReLU
  - Conv2d(256, 3, padding=1) -> ReLU -> MaxPool2d(3, 2)
"""

INCEPTION_V2 = """
blocks:
  Mixed(c1, c3r, c3, d3r, d3, pool):
    concat:
      a: Conv2d(c1, 1)
      b: Conv2d(c3r, 1) -> Conv2d(c3, 3, padding=1)
      c: Conv2d(d3r, 1) -> Conv2d(d3, 3, padding=1) -> Conv2d(d3, 3, padding=1)
      d: AvgPool2d(3, 1, padding=1) -> Conv2d(pool, 1)
  Reduction(c3r, c3, d3r, d3):
    concat:
      a: Conv2d(c3r, 1) -> Conv2d(c3, 3, stride=2, padding=1)
      b: Conv2d(d3r, 1) -> Conv2d(d3, 3, padding=1) -> Conv2d(d3, 3, stride=2, padding=1)
      c: MaxPool2d(3, 2, padding=1)
model:
  - Conv2d(24, 7, stride=2, padding=3, groups=3) -> Conv2d(64, 1) -> MaxPool2d(3, 2, padding=1)
  - Conv2d(64, 1) -> Conv2d(192, 3, padding=1) -> MaxPool2d(3, 2, padding=1)
  - Mixed(64, 64, 64, 64, 96, 32)
  - Mixed(64, 64, 96, 64, 96, 64)
  - Reduction(128, 160, 64, 96)
  - Mixed(224, 64, 96, 96, 128, 128)
  - Mixed(192, 96, 128, 96, 128, 128)
  - Mixed(160, 128, 160, 128, 160, 96)
  - Mixed(96, 128, 192, 160, 192, 96)
  - Reduction(128, 192, 192, 256)
  - Mixed(352, 192, 320, 160, 224, 128)
  - Mixed(352, 192, 320, 192, 224, 128)
"""

INCEPTION_V3 = """
blocks:
  A(pool):
    concat:
      a: Conv2d(64, 1)
      b: Conv2d(48, 1) -> Conv2d(64, 5, padding=2)
      c: Conv2d(64, 1) -> Conv2d(96, 3, padding=1) -> Conv2d(96, 3, padding=1)
      d: AvgPool2d(3, 1, padding=1) -> Conv2d(pool, 1)
  B(c7):
    concat:
      a: Conv2d(192, 1)
      b: Conv2d(c7, 1) -> Row(c7, 7) -> Column(192, 7)
      c: Conv2d(c7, 1) -> Column(c7, 7) -> Row(c7, 7) -> Column(c7, 7) -> Row(192, 7)
      d: AvgPool2d(3, 1, padding=1) -> Conv2d(192, 1)
  C():
    concat:
      a: Conv2d(320, 1)
      b: Conv2d(384, 1) -> Cross
      c: Conv2d(448, 1) -> Conv2d(384, 3, padding=1) -> Cross
      d: AvgPool2d(3, 1, padding=1) -> Conv2d(192, 1)
  Row(out, k): Conv2d(out, (1, k), padding=(0, k // 2))
  Column(out, k): Conv2d(out, (k, 1), padding=(k // 2, 0))
  Cross():
    concat:
      a: Row(384, 3)
      b: Column(384, 3)
model:
  - Conv2d(32, 3, stride=2) -> Conv2d(32, 3) -> Conv2d(64, 3, padding=1) -> MaxPool2d(3, 2)
  - Conv2d(80, 1) -> Conv2d(192, 3) -> MaxPool2d(3, 2)
  - A(32)
  - A(64) * 2
  - concat:
      - Conv2d(384, 3, stride=2)
      - Conv2d(64, 1) -> Conv2d(96, 3, padding=1) -> Conv2d(96, 3, stride=2)
      - MaxPool2d(3, 2)
  - B(128)
  - B(160) * 2
  - B(192)
  - concat:
      - Conv2d(192, 1) -> Conv2d(320, 3, stride=2)
      - Conv2d(192, 1) -> Row(192, 7) -> Column(192, 7) -> Conv2d(192, 3, stride=2)
      - MaxPool2d(3, 2)
  - C * 2
"""


def spec(body: str, channels: str = "2", sizes: str = f"L={LENGTH}") -> str:
    return f"archc: 1\nname: field\ninputs: {{x: '[B, {channels}, {sizes}]'}}\n{body}".replace(
        "inputs: {x: '", "inputs:\n  x: "
    ).replace("'}", "")


def fields(text: str) -> tuple[Field | None, ...]:
    """Return the fields of the last node."""
    report = archc.check(text=text)
    assert report.graph is not None, str(report)
    return trace_receptive_field(report.graph).rows[report.graph.nodes[-1].index]


@pytest.mark.parametrize(
    ("body", "length", "size"),
    [
        (MOBILENET, 224, 315),
        (RESNET_V1, 224, 483),
        (ALEXNET_V2, 224, 195),
        (INCEPTION_V2, 224, 699),
        (INCEPTION_V3, 299, 1311),
    ],
    ids=["mobilenet_v1", "resnet_v1_50", "alexnet_v2", "inception_v2", "inception_v3"],
)
def test_fields_are_the_published_ones(body: str, length: int, size: int) -> None:
    """Source: Araujo et al. 2019, the table of https://distill.pub/2019/computing-receptive-fields.

    Each moves 32 positions at a time there.
    """
    for field in fields(spec(body, "3", f"H={length}, W={length}")):
        assert field is not None
        assert (field.size, field.stride) == (size, 32)


@pytest.mark.parametrize(
    ("name", "path", "size"),
    [
        ("vgg16", "features.30", 212),
        ("mobilenet_v1", "features.13.pointwise.relu", 315),
        ("resnet50", "layer4.2.relu", 427),
    ],
)
def test_fields_of_our_networks_are_the_published_ones(name: str, path: str, size: int) -> None:
    graph = archc.check(name).graph
    assert graph is not None
    rows = trace_receptive_field(graph).rows
    (last,) = (rows[n.index] for n in graph.nodes if n.path == path and n is _last(graph, path))
    assert [f and f.size for f in last] == [size, size]


def _last(graph: archc.ir.graph.Graph, path: str) -> object:  # type: ignore[name-defined]
    return [node for node in graph.nodes if node.path == path][-1]


JUDGED = {
    "two windows": "- Conv1d(3, 5)\n- Conv1d(3, 3)",
    "stride and padding": "- Conv1d(3, 7, stride=2, padding=3)\n- Conv1d(3, 3, stride=2)",
    "dilation": "- Conv1d(3, 3, dilation=4)\n- Conv1d(3, 2, dilation=2)",
    "even kernel, same": "- Conv1d(3, 4, padding='same')\n- Conv1d(3, 2, padding='same')",
    "transposed": "- Conv1d(3, 3, stride=2)\n- ConvTranspose1d(3, 4, stride=2, padding=1)",
    "transposed, odd phases": "- ConvTranspose1d(3, 5, stride=3, padding=1)\n- Conv1d(3, 2)",
    "transposed, dilated": "- ConvTranspose1d(2, 3, stride=2, dilation=3, padding=2)",
    "transposed with holes": "- ConvTranspose1d(2, 1, stride=2)\n- Conv1d(2, 3, padding=1)",
    "pooling": "- AvgPool1d(3, stride=2, padding=1)\n- AvgPool1d(2)",
    "pooling in ceil mode": "- AvgPool1d(3, stride=2, ceil_mode=True)\n- Conv1d(2, 3)",
    "nearest": "- Conv1d(2, 3)\n- Upsample(scale_factor=3)\n- Conv1d(2, 3)",
    "linear": "- Upsample(scale_factor=2, mode='linear')\n- Conv1d(2, 3)",
    "linear by 3": "- Upsample(scale_factor=3, mode='linear')",
    "adaptive, whole parts": "- Conv1d(2, 3, padding=1)\n- AdaptiveAvgPool1d(32)",
    "adaptive, parts that overlap": "- AdaptiveAvgPool1d(36)\n- Conv1d(2, 2)",
    "padding layer": "- ZeroPad1d((3, 0))\n- Conv1d(2, 4)",
    "slices": "- Conv1d(2, 3)\n- from x[:, :, 5:80:2]",
    "two windows joined": "- concat:\n    - Conv1d(2, 3, padding=1)\n    - Conv1d(2, 7, padding=3)",
    "misaligned concat": "- concat:\n    - Conv1d(2, 3)\n    - Conv1d(2, 5) -> pad((2, 0))",
    "residual": "- add:\n    - Identity\n    - Conv1d(2, 5, padding=2) -> relu",
    "down and up": "- add:\n    - Identity\n    - AvgPool1d(2) -> ConvTranspose1d(2, 2, stride=2)",
    "transposed axes": "- transpose(1, 2)\n- Linear(4)\n- transpose(1, 2)\n- Conv1d(2, 3)",
    "normalised by channel": "- BatchNorm1d -> Conv1d(2, 3) -> BatchNorm1d",
    "chunk": "- Conv1d(4, 3) -> chunk(2, 1)\n- Conv1d(2, 3)",
    "rolled": "- Conv1d(2, 3)\n- roll(-5, 2)\n- Conv1d(2, 2)",
    "windows as columns": "- unsqueeze(2) -> unfold((1, 5), stride=2)\n- Conv1d(2, 3)",
    "columns added up": "- Conv1d(8, 1) -> fold((1, 195), (1, 4), stride=(1, 2))\n- squeeze(2)",
    "copies of each": "- repeat_interleave(3, 2)\n- Conv1d(2, 2)",
    "einsum": "- Conv1d(2, 3)\n- einsum('bcl->blc') -> einsum('blc->bcl')",
    "kept statistics": "- InstanceNorm1d(track_running_stats=True) -> Conv1d(2, 3)",
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", JUDGED)
def test_each_position_sees_what_its_gradient_says(name: str, tmp_path: Path) -> None:
    """Every interval that lies inside the input is that of the gradient, end for end."""
    body = "model:\n" + "".join(f"  {line}\n" for line in JUDGED[name].splitlines())
    text = spec(body)
    if name == "slices":
        text = text.replace("- from x[", "- from y[").replace(
            "- Conv1d(2, 3)\n", "- Conv1d(2, 3) as y\n"
        )
    (field,) = fields(text)
    assert field is not None
    reach = field.reach
    assert isinstance(reach, Reach)
    file = tmp_path / "field.yaml"
    file.write_text(text, encoding="utf-8")
    seen = influences(file)
    inside = 0
    for position, span in enumerate(seen):
        expected = reach.at(position)
        if expected is None or (expected[0] >= 0 and expected[1] < LENGTH):
            assert span == expected, f"position {position}"
            inside += span is not None
    assert inside > 5


def influences(file: Path) -> list[tuple[int, int] | None]:
    """Return, for each output position, the first and last input position of a gradient."""
    model = archc.load(file).double().eval()
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.fill_(1.0)
    x = torch.rand(1, 2, LENGTH, dtype=torch.float64, requires_grad=True)
    result = model(x)
    spans: list[tuple[int, int] | None] = []
    for position in range(result.shape[2]):
        (gradient,) = torch.autograd.grad(result[0, :, position].sum(), x, retain_graph=True)
        touched = gradient[0].abs().sum(0).nonzero().flatten().tolist()
        spans.append((touched[0], touched[-1]) if touched else None)
    return spans


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("- AdaptiveAvgPool1d(1)", "global"),
        ("- Conv1d(2, 3)\n  - mean(2, keepdim=True)", "global"),
        ("- flatten(1)\n  - Linear(3)", "global"),
        ("- Conv1d(2, 1)\n  - Linear(7)", "global"),
        ("- GroupNorm(1)", "global"),
        ("- Softmax(2)", "global"),
        ("- cumsum(2)", "global"),
        ("- unsqueeze(3) -> unfold((2, 1)) -> mean(2)", "global"),
        ("- unsqueeze(2) -> unfold((1, 3)) -> flip(2)", "unknown"),
        ("- index_select(2, (3, 1))", "unknown"),
        ("- flip(2)", "unknown"),
        ("- concat(dim=2):\n      - Identity\n      - Conv1d(2, 3)", "unknown"),
        ("- Upsample(scale_factor=1.5)", "unknown"),
        ("- flatten(1)", "unknown"),
    ],
)
def test_what_has_no_moving_interval_says_so(body: str, found: str) -> None:
    (field,) = fields(spec(f"model:\n  {body}\n"))
    assert field == Field(found)  # type: ignore[arg-type]


def test_attention_and_recurrence_see_the_whole_sequence() -> None:
    for line in ("LSTM(8, batch_first=True)", "MultiheadAttention(1, batch_first=True)"):
        text = f"archc: 1\nname: s\ninputs:\n  x: [B, 10, 4]\nmodel:\n  - Linear(6)\n  - {line}\n"
        assert fields(text) == (Field("global"),)


def test_tokens_are_traced_along_their_length() -> None:
    body = "model:\n  - Embedding(100, 8)\n  - transpose(1, 2)\n  - Conv1d(4, 5)\n"
    (field,) = fields(f"archc: 1\nname: t\ninputs:\n  x: int64[B, 40]\n{body}")
    assert field is not None
    assert (field.size, field.stride, field.padding) == (5, 1, 0)


def test_pooling_of_features_sees_one_token() -> None:
    body = "model:\n  - MaxPool1d(2)\n  - AvgPool1d(2)\n  - Linear(4)\n"
    (field,) = fields(f"archc: 1\nname: t\ninputs:\n  x: [B, 40, 8]\n{body}")
    assert field is not None
    assert (field.size, field.stride) == (1, 1)


def test_stride_below_one_is_a_fraction() -> None:
    (field,) = fields(spec("model:\n  - ConvTranspose1d(2, 2, stride=2)\n"))
    assert field is not None
    assert field.stride == Fraction(1, 2)


def test_a_parameter_sees_nothing() -> None:
    text = spec("model:\n  p: Parameter(1, 2, 1)\n  scaled: from x * p\n")
    report = archc.check(text=text)
    assert report.graph is not None
    table = trace_receptive_field(report.graph)
    rows = {node.path: table.rows[node.index] for node in report.graph.nodes if node.operation}
    assert rows["p"] == (None,)


def test_zeros_of_a_tensors_shape_see_nothing_of_it() -> None:
    text = spec("model:\n  z: zeros_like\n  far: from x[:, :, :10] + z[:, :, 5:15]\n")
    (field,) = fields(text)
    assert field is not None
    assert (field.size, field.padding) == (1, 0)


def test_batch_norm_without_statistics_sees_everything() -> None:
    (field,) = fields(spec("model:\n  - BatchNorm1d(track_running_stats=False)\n"))
    assert field == Field("global")
