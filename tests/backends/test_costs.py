"""Costs against published figures and arithmetic shown here."""

import pytest

from archc.passes.count_costs import count_costs
from archc.passes.estimate_memory import estimate_memory
from archc.passes.summarize import summarize
from tests.backends.networks import graph_of, network

# Parameters of training and exact multiply-adds of inference: vgg from the mission's table,
# the others from torchvision's published counts, which round to three decimals of 10⁹.
EXACT = {
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
}
ROUNDED = {
    "resnet18": (11_689_512, 1.814),
    "resnet34": (21_797_672, 3.664),
    "resnet50": (25_557_032, 4.089),
    "resnet101": (44_549_160, 7.801),
    "resnet152": (60_192_808, 11.514),
    "googlenet": (13_004_888, 1.498),
}


@pytest.mark.parametrize("name", EXACT)
def test_costs_of_vgg_equal_the_published_figures(name: str) -> None:
    table = count_costs(network(name))
    assert (table.parameters, table.macs) == EXACT[name]


@pytest.mark.parametrize("name", ROUNDED)
def test_costs_of_torchvision_networks_equal_the_published_figures(name: str) -> None:
    table = count_costs(network(name))
    assert (table.parameters, round(table.macs / 1e9, 3)) == ROUNDED[name]


def test_costs_of_googlenet_in_eval_leave_the_heads_out() -> None:
    table = count_costs(network("googlenet"), "eval")
    assert table.parameters == 6_624_904
    assert not any(row.path.startswith("aux") for row in table.nodes)


def test_costs_of_googlenet_in_training_count_the_heads_multiply_adds() -> None:
    # aux1: 512→128 at 4×4, 2048→1024, 1024→1000; aux2: 528→128 at 4×4, the rest equal
    heads = sum(c * 128 * 16 + 2048 * 1024 + 1024 * 1000 for c in (512, 528))
    graph = network("googlenet")
    assert count_costs(graph, "train").macs - count_costs(graph, "eval").macs == heads


def test_costs_without_a_mode_show_heads_with_no_multiply_adds() -> None:
    heads = [row for row in count_costs(network("googlenet")).nodes if row.path.startswith("aux")]
    assert all(row.idle and row.macs == 0 for row in heads)
    assert sum(row.parameters for row in heads) == 13_004_888 - 6_624_904


def test_costs_of_a_block_are_the_sums_of_its_layers() -> None:
    rows = summarize(network("resnet18"), depth=2).rows
    (block,) = [row for row in rows if row.path == "layer2.0"]
    # two 3×3 convolutions, a 1×1 shortcut, three batch norms of 2·128
    assert block.parameters == 9 * 64 * 128 + 9 * 128 * 128 + 64 * 128 + 3 * 256
    assert block.macs == (9 * 64 * 128 + 9 * 128 * 128 + 64 * 128) * 28 * 28
    # mean, variance and the number of batches of each of the three
    assert block.buffers == 3 * (2 * 128 + 1)


def test_costs_at_depth_1_give_the_total() -> None:
    rows = summarize(network("resnet50"), depth=1).rows
    assert [row.path for row in rows] == (
        "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool flatten fc".split()
    )
    assert sum(row.parameters for row in rows) == 25_557_032


def test_rows_of_a_tree_stand_below_the_path_they_belong_to() -> None:
    paths = [row.path for row in summarize(network("googlenet"), depth=2).rows]
    place = paths.index("inception3a")
    below = [f"inception3a.{name}" for name in ("branch1", "branch2", "branch3", "branch4")]
    assert paths[place + 1 : place + 5] == below


def test_sorted_rows_begin_with_the_largest_and_count_nothing_twice() -> None:
    rows = summarize(network("vgg16"), sort="parameters").rows
    assert (rows[0].path, rows[0].parameters) == ("classifier.0", 25_088 * 4_096 + 4_096)
    cut = summarize(network("resnet50"), depth=2, sort="macs").rows
    assert [row.macs for row in cut] == sorted((row.macs for row in cut), reverse=True)
    assert sum(row.parameters for row in cut) == 25_557_032


def test_weight_bytes_count_buffers_in_their_own_dtype() -> None:
    text = "archc: 1\nname: bn\ninputs: {x: [B, 5, 3, 3]}\nmodel:\n  bn: BatchNorm2d\n"
    # weight, bias, mean and variance of 5 float32, and one int64 that counts batches
    assert count_costs(graph_of(text)).weight_bytes == 4 * 5 * 4 + 8


RESIDUAL = """\
archc: 1
name: residual
inputs: {x: [B, 2, 4, 4]}
model:
  wide: Conv2d(8, 1)
  narrow: Conv2d(2, 1)
  flat: flatten(1) from narrow + x
  fc: Linear(3)
"""


def test_peak_of_an_inference_holds_what_is_still_to_be_read() -> None:
    # x and narrow are 32 numbers, wide 128, the sum 32, fc 3; x waits for the sum:
    # x + wide, x + wide + narrow = 192, x + narrow + sum, sum + fc
    assert estimate_memory(graph_of(RESIDUAL)).inference == 192 * 4


def test_training_keeps_every_tensor_but_views() -> None:
    assert estimate_memory(graph_of(RESIDUAL)).training == (32 + 128 + 32 + 32 + 3) * 4


def test_heads_take_memory_in_training_alone() -> None:
    graph = network("googlenet")
    heads = [row for row in count_costs(graph, "train").nodes if row.path.startswith("aux")]
    without = sum(row.activation_bytes for row in count_costs(graph, "eval").nodes)
    image = 3 * 224 * 224 * 4
    made = image + without + sum(row.activation_bytes for row in heads)
    assert estimate_memory(graph).training == made


def test_costs_of_a_shared_layer_count_its_parameters_once_and_its_work_twice() -> None:
    table = count_costs(
        graph_of(
            "archc: 1\nname: twice\ninputs: {left: [B, 8], right: [B, 8]}\nmodel:\n"
            "  enc: Linear(4) from left\n  again: enc from right\n  return: enc + again\n"
        )
    )
    assert table.parameters == 8 * 4 + 4
    assert table.macs == 2 * 8 * 4
    assert [row.path for row in table.nodes] == ["enc", "enc#2", "add"]


def test_costs_of_a_tied_tensor_are_counted_at_the_key_that_is_kept() -> None:
    table = count_costs(
        graph_of(
            "archc: 1\nname: tied\ninputs: {tokens: 'int64[B, L=5]'}\nmodel:\n"
            "  wte: Embedding(11, 4)\n  head: Linear(11, bias=False)\n"
            "tie: {head.weight: wte.weight}\n"
        )
    )
    assert [(row.path, row.parameters) for row in table.nodes] == [("wte", 44), ("head", 0)]


def test_costs_leave_a_function_no_path_of_a_module() -> None:
    table = count_costs(
        graph_of(
            "archc: 1\nname: clash\ninputs: {x: [B, 4]}\nmodel:\n"
            "  first: Linear(4) -> relu\n  relu: ReLU\n  last: Linear(4) -> relu\n"
        )
    )
    assert [r.path for r in table.nodes] == ["first", "relu#2", "relu", "last", "relu#3"]
    assert [r.op for r in table.nodes if r.path == "relu"] == ["ReLU"]


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "two_tower", "unet", "textcnn"])
def test_costs_have_one_path_a_row(name: str) -> None:
    paths = [row.path for row in count_costs(network(name)).nodes]
    assert len(paths) == len(set(paths))


def test_costs_of_torchvision_alexnet_equal_the_published_figures() -> None:
    features = [
        *("Conv2d(64, 11, stride=4, padding=2)", "ReLU", "MaxPool2d(3, 2)"),
        *("Conv2d(192, 5, padding=2)", "ReLU", "MaxPool2d(3, 2)"),
        *("Conv2d(384, 3, padding=1)", "ReLU", "Conv2d(256, 3, padding=1)", "ReLU"),
        *("Conv2d(256, 3, padding=1)", "ReLU", "MaxPool2d(3, 2)", "Flatten"),
        *("Dropout", "Linear(4096)", "ReLU", "Dropout", "Linear(4096)", "ReLU", "Linear(1000)"),
    ]
    lines = "".join(f"  - {line}\n" for line in features)
    spec = f"archc: 1\nname: alexnet\ninputs: {{image: [B, 3, 224, 224]}}\nmodel:\n{lines}"
    table = count_costs(graph_of(spec))
    assert (table.parameters, round(table.macs / 1e9, 3)) == (61_100_840, 0.714)
