"""The networks that torchvision lacks: against the papers, arithmetic, and modules by hand."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archc
from archc.catalogue import Network
from archc.diagnostics import Code
from tests.reference.modules import TABLE_1, connectivity
from tests.reference.networks import (
    RUN_AGAINST_OWN,
    TORCHVISION,
    Reference,
    as_parameters,
    assert_reference_agrees,
    known_networks,
)


def se_resnet50() -> int:
    """Count Table 1 of Hu et al. 2018: what torchvision publishes and two layers a block."""
    blocks = [(256, 3), (512, 4), (1024, 6), (2048, 3)]
    return 25_557_032 + sum(n * (2 * c * c // 16 + c // 16 + c) for c, n in blocks)


def yolov3() -> int:
    """Count yolov3.cfg: no bias where there is a batch norm, which has two numbers a map."""
    stages = [(64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)]
    backbone = (27 + 2) * 32 + sum(
        (9 * c // 2 + 2) * c + n * ((c + 2) * c // 2 + (9 * c // 2 + 2) * c) for c, n in stages
    )
    scales = [(1024, 512), (768, 256), (384, 128)]
    heads = sum(
        (i + 2) * o + 2 * (2 * o + 2) * o + 3 * (9 * o + 2) * 2 * o + (2 * o + 1) * 255
        for i, o in scales
    )
    return backbone + heads + (512 + 2) * 256 + (256 + 2) * 128


def mobilenet_v1() -> int:
    """Count Table 1 of Howard et al. 2017, two numbers a map of a batch norm."""
    widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    pairs = sum((9 + 2) * i + (i + 2) * o for i, o in pairwise(widths))
    return (27 + 2) * 32 + pairs + 1025 * 1000


def cifar_resnet(n: int) -> int:
    """Count section 4.2 of He et al. 2015: no biases, two numbers a map of a batch norm."""
    first = (27 + 2) * 16 + 2 * n * (9 * 16 + 2) * 16
    others = sum(
        (9 * planes // 2 + 2) * planes + (2 * n - 1) * (9 * planes + 2) * planes
        for planes in (32, 64)
    )
    return first + others + 65 * 10


def efficientnet_lite0() -> int:
    """Count Table 1 of Tan and Le 2019 without squeeze and excitation, two numbers a batch norm."""
    total, channels = (27 + 2) * 32, 32
    for expansion, k, out, layers in TABLE_OF_B0:
        for _ in range(layers):
            hidden = expansion * channels
            total += (channels + 2) * hidden if expansion > 1 else 0
            total += (k * k + 2) * hidden + (hidden + 2) * out
            channels = out
    return total + (320 + 2) * 1280 + 1281 * 1000


TABLE_OF_B0 = [(1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3)]
TABLE_OF_B0 += [(6, 5, 112, 3), (6, 5, 192, 4), (6, 3, 320, 1)]
"""Table 1 of Tan and Le 2019: expansion, kernel, channels, layers."""


def char_cnn(features: int, units: int) -> int:
    """Count Tables 1 and 2 of Zhang et al. 2015: 70 letters, 34 frames at the end, 4 classes."""
    first, others = (7 * 70 + 1) * features, (7 * features + 1 + 4 * (3 * features + 1)) * features
    return first + others + (34 * features + 1) * units + (units + 1) * (units + 4)


def gates(hidden: int, dim: int) -> int:
    """Count a gate in both directions of two layers: torch has two biases where papers have one."""
    return 2 * sum((i + hidden + 2) * hidden for i in (dim, 2 * hidden))


def transformer_layer(dim: int, hidden: int, attentions: int = 1) -> int:
    """Count four projections an attention, two linear maps, and a normalisation for each part."""
    feed_forward = (dim + 1) * hidden + (hidden + 1) * dim
    return attentions * 4 * (dim + 1) * dim + feed_forward + (attentions + 1) * 2 * dim


def bert(depth: int, dim: int) -> int:
    """Count three tables and their normalisation, the layers, the pooler."""
    tables = (30_522 + 512 + 2) * dim + 2 * dim
    return tables + depth * transformer_layer(dim, 4 * dim) + (dim + 1) * dim


def gpt2(depth: int, dim: int) -> int:
    """Count two tables, the layers and the last normalisation; the scores are the first table's."""
    return (50_257 + 1024) * dim + depth * transformer_layer(dim, 4 * dim) + 2 * dim


def transformer(dim: int, hidden: int) -> int:
    """Count Table 3 of Vaswani et al. 2017 with the 37,000 words of section 5.1."""
    decoder = transformer_layer(dim, hidden, attentions=2)
    return 37_000 * dim + 6 * (transformer_layer(dim, hidden) + decoder)


COUNTS = {
    # the summary that Keras prints
    "autoencoder": 160 + 1_160 + 584 + 584 + 584 + 1_168 + 145,
    # figure 3 of the paper: 27 weights a pair of maps
    "c3d": sum(
        (27 * i + 1) * o
        for i, o in [(3, 64), (64, 128), (128, 256), (256, 256), (256, 512), *[(512, 512)] * 3]
    )
    + 8_193 * 4_096
    + 4_097 * 4_096
    + 4_097 * 487,
    # figure 1 of the paper with half its channels
    "dcgan": 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    + 2 * (512 + 256 + 128 + 64),
    "mobilenet_v1": mobilenet_v1(),
    # torchvision's ResNet-50 without classes and without the parameters of its norms; biases above
    "resnet50_fpn": 25_557_032
    - 2_049_000
    - 2 * 26_560
    + 256 * (256 + 512 + 1024 + 2048 + 4)
    + 4 * (9 * 256 + 1) * 256,
    "se_resnet50": se_resnet50(),
    "yolov3": yolov3(),
    # section II.B of the paper, C3 dense: (25·6 + 1)·16
    "lenet5": 156 + 2_416 + 48_120 + 10_164 + 850,
    # section II.B prints each of these
    "lenet5_1998": 156 + 12 + 1_516 + 32 + 48_120 + 10_164,
    # k·k·in·out + out
    "cifar_quick": (25 * 3 + 1) * 32
    + (25 * 32 + 1) * 32
    + (25 * 32 + 1) * 64
    + (64 * 4 * 4 + 1) * 64
    + 65 * 10,
    "cifar_dropout": (9 * 3 + 1) * 32 + (9 * 32 + 1) * 32 + (32 * 16 * 16 + 1) * 512 + 513 * 10,
    "simple_cnn": (9 * 3 + 1) * 32
    + (9 * 32 + 1) * 64
    + (9 * 64 + 1) * 128
    + (128 * 4 * 4 + 1) * 512
    + 513 * 64
    + 65 * 10,
    # figure 2 of the paper, every map reading all maps below
    "alexnet_2012": (121 * 3 + 1) * 96
    + (25 * 96 + 1) * 256
    + (9 * 256 + 1) * 384
    + (9 * 384 + 1) * 384
    + (9 * 384 + 1) * 256
    + (256 * 6 * 6 + 1) * 4096
    + 4097 * 4096
    + 4097 * 1000,
    # figure 2 of the paper: 48 and 192 maps to read in the 2nd, 4th and 5th layer
    "alexnet_2012_towers": (121 * 3 + 1) * 96
    + (25 * 48 + 1) * 256
    + (9 * 256 + 1) * 384
    + (9 * 192 + 1) * 384
    + (9 * 192 + 1) * 256
    + (256 * 6 * 6 + 1) * 4096
    + 4097 * 4096
    + 4097 * 1000,
    # Table 1 of the paper, a bias for every map; section 5 for the two heads
    "googlenet_2014": (49 * 3 + 1) * 64
    + 65 * 64
    + (9 * 64 + 1) * 192
    + sum(
        (i + 1) * (one + three_r + five_r + pool)
        + (9 * three_r + 1) * three
        + (25 * five_r + 1) * five
        for i, one, three_r, three, five_r, five, pool in TABLE_1.values()
    )
    + 1025 * 1000
    + sum((i + 1) * 128 + 2049 * 1024 + 1025 * 1000 for i in (512, 528)),
    **{f"resnet{6 * n + 2}_cifar": cifar_resnet(n) for n in (3, 9, 18)},
    "nin": (25 * 3 + 1) * 192
    + 193 * 160
    + 161 * 96
    + (25 * 96 + 1) * 192
    + 193 * 192
    + 193 * 192
    + (9 * 192 + 1) * 192
    + 193 * 192
    + 193 * 10,
    "textcnn": 20_000 * 300 + sum(100 * (k * 300 + 1) for k in (3, 4, 5)) + 301 * 2,
    "textcnn_small": 20_000 * 5 + sum(2 * (k * 5 + 1) for k in (2, 3, 4)) + 7 * 2,
    "char_cnn_large": char_cnn(1024, 2048),
    "char_cnn_small": char_cnn(256, 1024),
    # four gates of an LSTM, three of a GRU, each with two biases; two directions, 513 to a class
    "lstm_classifier": 20_000 * 300 + 4 * gates(256, 300) + 513 * 2,
    "gru_classifier": 20_000 * 300 + 3 * gates(256, 300) + 513 * 2,
    # a kernel of two from 256 levels; per layer filter and gate, the skip, all but the last onward
    "wavenet": (2 * 256 + 1) * 32
    + 30 * (2 * (2 * 32 + 1) * 32 + 33 * 512)
    + 29 * 33 * 32
    + 513 * (512 + 256),
    "two_tower": 30_000 * 128 + 129 * 128 + 28 * 32 + 33 * 128 + 513 * 128 + 129 * (1 + 5),
    "bert_base": bert(12, 768),
    "bert_large": bert(24, 1024),
    "gpt2": gpt2(12, 768),
    "gpt2_medium": gpt2(24, 1024),
    "gpt2_large": gpt2(36, 1280),
    "gpt2_xl": gpt2(48, 1600),
    "transformer_base": transformer(512, 2048),
    "transformer_big": transformer(1024, 4096),
    # two convolutions with their batch norms a width; 2x2 up-convolutions halve the width
    "unet": sum(9 * i * o + 9 * o * o + 4 * o for i, o in [(3, 64), (64, 128), (128, 256)])
    + sum(9 * i * o + 9 * o * o + 4 * o for i, o in [(256, 512), (512, 1024)])
    + sum(4 * 2 * o * o + o + 9 * 2 * o * o + 9 * o * o + 4 * o for o in (512, 256, 128, 64))
    + 65 * 2,
    "efficientnet_lite0": efficientnet_lite0(),
    # figure 2 of Zhang et al. 2016; a slope for each channel that is rectified, two classes, four
    # corners, ten coordinates
    "pnet": (9 * 3 + 2) * 10 + (9 * 10 + 2) * 16 + (9 * 16 + 2) * 32 + 33 * (2 + 4),
    "rnet": (9 * 3 + 2) * 28
    + (9 * 28 + 2) * 48
    + (4 * 48 + 2) * 64
    + (3 * 3 * 64 + 2) * 128
    + 129 * (2 + 4),
    "onet": (9 * 3 + 2) * 32
    + (9 * 32 + 2) * 64
    + (9 * 64 + 2) * 64
    + (4 * 64 + 2) * 128
    + (3 * 3 * 128 + 2) * 256
    + 257 * (2 + 4 + 10),
}


PRINTED = {
    "c3d": 79_991_015,
    "dcgan": 3_576_704,
    "mobilenet_v1": 4_231_976,
    "se_resnet50": 28_088_024,
    "yolov3": 61_949_149,
    "lenet5": 61_706,
    "lenet5_1998": 60_000,
    "googlenet_2014": 6_998_552 + 3_188_840 + 3_190_888,
    "cifar_quick": 145_578,
    "cifar_dropout": 4_210_090,
    "simple_cnn": 1_175_818,
    "alexnet_2012": 62_378_344,
    "alexnet_2012_towers": 60_965_224,
    "bert_base": 109_482_240,
    "bert_large": 335_141_888,
    "gpt2": 124_439_808,
    "gpt2_medium": 354_823_168,
    "gpt2_large": 774_030_080,
    "gpt2_xl": 1_557_611_200,
}
"""What the project's list of networks asks for, and the sizes of published weights."""


@pytest.mark.parametrize(
    ("name", "millions"), [("resnet20", 0.27), ("resnet56", 0.85), ("resnet110", 1.7)]
)
def test_resnets_for_cifar_have_the_millions_of_table_6(name: str, millions: float) -> None:
    digits = len(str(millions).partition(".")[2])
    assert round(COUNTS[f"{name}_cifar"] / 1e6, digits) == millions


def test_every_network_has_a_reference() -> None:
    names = {network.name for network in known_networks()}
    assert names == set(COUNTS) | (names & set(TORCHVISION))


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_what_arithmetic_says(name: str) -> None:
    report = archc.check(name)
    assert report.ok, str(report)
    assert not report.notes
    assert report.costs is not None
    assert report.costs.parameters == COUNTS[name] == PRINTED.get(name, COUNTS[name])


@pytest.mark.parametrize("network", known_networks(), ids=lambda network: network.name)
def test_every_network_promises_its_parameters(network: Network) -> None:
    expect = network.document.expect
    figures = expect.variants[network.variant] if network.variant else expect
    assert figures.parameters
    assert expect.source
    assert network.document.doc


def test_pyramid_begins_as_torchvisions() -> None:
    state = archc.load("resnet50_fpn", seed=0).state_dict()
    # He's fan out on the way up; uniform with a = 1 above it, whose variance is 1 / fan in
    spreads = {
        "body.conv1.weight": (2 / (64 * 49)) ** 0.5,
        "fpn.inner_blocks.0.0.weight": 256**-0.5,
        "fpn.layer_blocks.3.0.weight": (9 * 256) ** -0.5,
    }
    for name, spread in spreads.items():
        assert state[name].std().item() == pytest.approx(spread, rel=0.05)
    assert state["fpn.layer_blocks.3.0.weight"].max() <= (3 / (9 * 256)) ** 0.5
    assert not state["fpn.inner_blocks.0.0.bias"].any()
    assert (state["body.layer1.0.bn1.running_var"] == 1).all()


def test_generator_begins_as_the_paper_says() -> None:
    state = archc.load("dcgan", seed=0).state_dict()
    for name, middle in (("main.3.weight", 0.0), ("main.4.weight", 1.0)):
        assert state[name].std().item() == pytest.approx(0.02, rel=0.2)
        assert state[name].mean().item() == pytest.approx(middle, abs=0.005)
    assert not state["main.4.bias"].any()


@pytest.mark.slow
@pytest.mark.parametrize("reference", as_parameters(RUN_AGAINST_OWN))
def test_values_from_equal_weights_are_the_modules(reference: Reference) -> None:
    assert_reference_agrees(reference)


def test_promise_broken_in_the_text_is_refused(tmp_path: Path) -> None:
    [network] = [n for n in known_networks() if n.name == "lenet5"]
    path = tmp_path / "lenet5.yaml"
    path.write_text(network.path.read_text(encoding="utf-8").replace("(84)", "(85)"))
    report = archc.check(path)
    assert [found.code for found in report.diagnostics] == [Code.EXPECTATION]


def test_table_i_has_sixty_connections() -> None:
    table = connectivity()
    assert table.shape == (16, 6)
    assert table.sum() == 60
    assert 25 * int(table.sum()) + 16 == 1_516


def test_lenet5_1998_is_a_dense_network_masked_by_table_i() -> None:
    torch.manual_seed(0)
    model = archc.load("lenet5_1998").eval()
    image = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        expected = lenet5_by_mask(model.state_dict(), image, connectivity())
        torch.testing.assert_close(model(image), expected)


def test_lenet5_1998_with_another_table_differs() -> None:
    torch.manual_seed(0)
    model = archc.load("lenet5_1998").eval()
    image = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        expected = lenet5_by_mask(model.state_dict(), image, connectivity().flip(1))
    assert not torch.allclose(model(image), expected, atol=1e-3)


def lenet5_by_mask(state: dict[str, Tensor], image: Tensor, table: Tensor) -> Tensor:
    """Compute LeNet-5 of 1998 with a C3 that reads all maps, through weights set to zero."""
    c3 = torch.zeros(16, 6, 5, 5)
    for j, row in enumerate(table):
        c3[j, row.bool()] = state[f"c3.{j}.weight"][0]
    c3_bias = torch.cat([state[f"c3.{j}.bias"] for j in range(16)])
    x = squash(F.conv2d(image, state["c1.weight"], state["c1.bias"]))
    x = subsample(x, state["s2.scale.weight"], state["s2.scale.bias"])
    x = squash(F.conv2d(x, c3, c3_bias))
    x = subsample(x, state["s4.scale.weight"], state["s4.scale.bias"])
    x = squash(x.flatten(1) @ state["c5.weight"].flatten(1).T + state["c5.bias"])
    return squash(x @ state["f6.weight"].T + state["f6.bias"])


def subsample(x: Tensor, coefficient: Tensor, bias: Tensor) -> Tensor:
    """Return the mean of each 2x2, times one number a map, plus one number a map, squashed."""
    n, channels, height, width = x.shape
    mean = x.reshape(n, channels, height // 2, 2, width // 2, 2).mean((3, 5))
    return squash(mean * coefficient.reshape(1, -1, 1, 1) + bias.reshape(1, -1, 1, 1))


def squash(x: Tensor) -> Tensor:
    """Return A tanh(S x) with the paper's A = 1.7159 and S = 2/3."""
    return 1.7159 * torch.tanh(x * (2 / 3))


def test_simple_cnn_names_its_children_as_the_book() -> None:
    model = archc.load("simple_cnn", device="meta")
    names = [name for name, module in model.named_modules() if not list(module.children())]
    assert [name for name in names if name != "flatten"] == [
        *(f"layer{i}.{kind}{i}" for i in (1, 2, 3) for kind in ("conv", "relu", "pool")),
        *(f"layer4.{name}" for name in ("fc1", "fc_relu1", "fc2", "fc_relu2", "fc3")),
    ]


@pytest.mark.slow
def test_alexnet_2012_initialises_as_section_five_says() -> None:
    model = archc.load("alexnet_2012_towers", seed=0)
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    ones = [name for name, layer in layers.items() if (layer.bias == 1).all()]
    zeros = [name for name, layer in layers.items() if (layer.bias == 0).all()]
    hidden = ["classifier.0", "classifier.3"]
    assert ones == ["features.4", "features.10", "features.12", *hidden]
    assert zeros == ["features.0", "features.8", "classifier.6"]
    for layer in layers.values():
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
