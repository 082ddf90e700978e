"""The diagram: what is drawn, that every text is harmless, and that nothing moves."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from archc.backends import rendering
from archc.backends.dot import dot
from archc.backends.rendering import Format, render
from archc.backends.text_widths import text_width
from archc.diagnostics import Code, CompileError
from archc.ir.graph import Graph
from tests.backends.networks import graph_of, network

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "dot"
ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
GOLDEN_NETWORKS = ("lenet5", "googlenet", "resnet50", "densenet121", "unet")

HEAD = "archc: 1\nname: small\ninputs:\n  image: [B, 3, 8, 8]\n"


def small(body: str, blocks: str = "") -> Graph:
    return graph_of(HEAD + (f"blocks:\n{blocks}" if blocks else "") + f"model:\n{body}")


def node_names(text: str) -> list[str]:
    return re.findall(r"^ +(?!graph|node|edge)(\w+) \[", text, re.MULTILINE)


def edges(text: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^ +(\w+) -> (\w+)", text, re.MULTILINE))


def frame_count(text: str) -> int:
    return len(re.findall(r"subgraph cluster_\d", text))


def svg_texts(text: str) -> list[str]:
    tree = ElementTree.fromstring(render(text, "svg"))
    return ["".join(element.itertext()) for element in tree.iter(f"{SVG}text")]


def test_text_that_is_cut_keeps_the_groups() -> None:
    graph = small("  a: Conv2d(96, 3, padding=1, groups=3, bias=False)\n")
    assert "Conv2d(96, 3, groups=3, …)" in dot(graph)


@pytest.mark.parametrize("name", GOLDEN_NETWORKS)
def test_dot_of_a_published_network_is_the_golden_text(name: str, update_golden: bool) -> None:
    text = dot(network(name))
    path = GOLDEN / f"{name}.dot"
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOLDEN_NETWORKS)
def test_default_depth_draws_at_most_sixty_nodes(name: str) -> None:
    inner = [node for node in node_names(dot(network(name))) if node.startswith("n")]
    assert 2 <= len(inner) <= 60


def test_every_edge_joins_nodes_that_are_drawn() -> None:
    text = dot(network("resnet50"))
    assert {end for edge in edges(text) for end in edge} == set(node_names(text))


def test_convolution_normalisation_and_activation_share_one_node() -> None:
    text = dot(small("  - Conv2d(4, 3)\n  - BatchNorm2d\n  - ReLU\n  - MaxPool2d(2)\n"))
    assert node_names(text) == ["n0", "n1", "n4", "out0"]
    assert svg_texts(text) == [
        *("image", "[B, 3, 8, 8]"),
        *("Conv2d(4, 3)", "BatchNorm2d", "ReLU", "[B, 4, 6, 6]"),
        *("MaxPool2d(2)", "[B, 4, 3, 3]"),
        *("output", "[B, 4, 3, 3]"),
    ]


def test_preactivation_goes_with_the_convolution_after_it() -> None:
    text = dot(small("  - BatchNorm2d\n  - ReLU\n  - Conv2d(4, 3)\n  - ReLU\n  - Conv2d(4, 3)\n"))
    assert node_names(text) == ["n0", "n1", "n4", "out0"]


def test_value_used_twice_is_not_hidden_inside_a_node() -> None:
    body = "  a: Conv2d(4, 1)\n  b: ReLU\n  return: a + b\n"
    text = dot(small(body))
    assert edges(text) == {("n0", "n1"), ("n1", "n2"), ("n1", "n3"), ("n2", "n3"), ("n3", "out0")}


def test_slices_and_numbers_are_written_as_in_the_spec() -> None:
    body = "  a: Conv2d(4, 1)\n  b: from a[:, 0]\n  return: 1 - b ** 2\n"
    assert {"[:, 0]", "x**2", "1 - x"} <= set(svg_texts(dot(small(body))))


def test_comparison_of_two_tensors_is_a_circle_with_its_sign() -> None:
    body = "  a: Conv2d(3, 1)\n  return: where(gt(a, mean(a, 1, True), broadcast=True), a, image)\n"
    texts = svg_texts(dot(small(body)))
    assert ">" in texts
    assert "mean(1, keepdim=True)" in texts


def test_block_without_parameters_counts_none() -> None:
    blocks = "  Double: relu -> sigmoid\n"
    texts = svg_texts(dot(small("  a: Conv2d(4, 1)\n  b: Double\n", blocks), depth=0))
    assert "0 parameters" not in texts


def test_equal_blocks_in_a_row_are_drawn_once_with_their_number() -> None:
    text = dot(network("resnet50"), depth=9)
    assert re.findall(r"× (\d+)<", text) == ["2", "3", "5", "2"]
    assert text.count("Bottleneck(64)") == 1
    assert "n17" in node_names(text)  # layer1.1.conv1, for itself and for layer1.2
    assert "n27" not in node_names(text)  # layer1.2.conv1


def test_repeat_of_growing_channels_shows_the_first_and_the_last_size() -> None:
    text = dot(network("densenet121"), depth=2)
    assert re.findall(r"× (\d+)<", text) == ["6", "12", "24", "16"]
    assert "[B, 96…256, 56, 56]" in text  # 64 + 32 · 1 … 64 + 32 · 6


def test_blocks_whose_inner_results_are_read_elsewhere_are_not_merged() -> None:
    blocks = "  Step: Conv2d(3, 1)\n"
    row = "  a: Step\n  b: Step\n  c: Step\n"
    assert re.findall(r"× (\d+)<", dot(small(row, blocks))) == ["3"]
    read_inside = dot(small(row + "  return: b + c\n", blocks))
    assert re.findall(r"× (\d+)<", read_inside) == ["2"]  # a and b; c stays by itself
    assert "n3" in node_names(read_inside)


def test_blocks_with_other_arguments_are_not_merged() -> None:
    blocks = "  Step(k): Conv2d(3, k)\n"
    assert "× " not in dot(small("  a: Step(1)\n  b: Step(3)\n", blocks))


def test_depth_zero_draws_each_block_as_one_node_with_shape_and_parameters() -> None:
    text = dot(network("resnet50"), depth=0)
    assert frame_count(text) == 0
    texts = svg_texts(text)
    place = texts.index("layer1")
    # 64·64 + 9·64·64 + 64·256 + 64·256 weights, 2·(64 + 64 + 256 + 256) of the four norms,
    # then twice 256·64 + 9·64·64 + 64·256 and 2·(64 + 64 + 256)
    count = 73_728 + 1_280 + 2 * (69_632 + 768)
    assert texts[place : place + 4] == [
        "layer1",
        "Stage(64, 3, stride=1)",
        "[B, 256, 56, 56]",
        f"{count:,} parameters",
    ]


def test_depth_opens_one_more_level_of_frames() -> None:
    levels = [frame_count(dot(network("resnet50"), depth=depth)) for depth in (0, 1, 2)]
    assert levels == [0, 4, 12]


def test_depth_beyond_the_deepest_block_changes_nothing() -> None:
    assert dot(network("resnet50"), depth=2) == dot(network("resnet50"), depth=50)


@pytest.mark.slow
def test_more_than_two_thousand_nodes_are_closed_again() -> None:
    body = "".join(f"  l{i}: Pair({i + 1})\n" for i in range(1001))
    text = dot(small(body, "  Pair(n):\n    - Conv2d(n, 1)\n    - Conv2d(n, 1)\n"), depth=5)
    assert len(node_names(text)) < 1200
    assert frame_count(text) == 0


def test_training_heads_are_dashed() -> None:
    text = dot(network("googlenet"))
    dashed = re.findall(r"^ +(\w+) \[label=<<TABLE[^>]*DASHED", text, re.MULTILINE)
    hints = [re.search(rf'^ +{name} .*tooltip="(\w+)', text, re.MULTILINE) for name in dashed]
    assert {hint[1] for hint in hints if hint} == {"aux1", "aux2"}
    assert len(dashed) == 5  # four cards of aux1, which is opened, and aux2


def paths(text: str) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return the points of each edge as drawn: the tip first, then the curve."""
    found = re.findall(r'^ +(\w+) -> (\w+) .*pos="e,([^"]+)"', text, re.MULTILINE)
    return {
        (tail, head): [tuple(map(float, point.split(","))) for point in points.split()]
        for tail, head, points in found
    }


def places(text: str) -> dict[str, tuple[float, float]]:
    found = re.findall(r'^ +(\w+) .*pos="([-\d.]+),([-\d.]+)"\];$', text, re.MULTILINE)
    return {name: (float(x), float(y)) for name, x, y in found if "->" not in name}


def test_long_flow_goes_on_at_the_head_of_the_next_column() -> None:
    text = dot(network("vgg16"), depth=0)
    where = places(text)
    columns = sorted({x for name, (x, _) in where.items() if name.startswith("n")})
    assert len(columns) == 2
    last = min((name for name in where if where[name][0] == columns[0]), key=lambda n: where[n][1])
    first = max((name for name in where if where[name][0] == columns[1]), key=lambda n: where[n][1])
    line = paths(text)[last, first]
    assert min(y for _, y in line) < where[last][1] < where[first][1] < max(y for _, y in line)


def test_columns_stand_from_left_to_right() -> None:
    tree = ElementTree.fromstring(render(dot(network("vgg16")), "svg"))
    found = {"".join(text.itertext()): float(text.attrib["x"]) for text in tree.iter(f"{SVG}text")}
    assert found["image"] < found["output"]


def test_nested_skips_make_the_flow_turn_upwards() -> None:
    text = dot(network("unet"), depth=0)
    where = places(text)
    down = ["n0", "n1", "n7", "n14", "n21", "n28"]
    up = ["n35", "n43", "n51", "n59", "n67", "out0"]
    assert {where[name][0] for name in down} == {where["n0"][0]}
    assert {where[name][0] for name in up} == {where["out0"][0]}
    assert sorted(down, key=lambda name: -where[name][1]) == down
    assert sorted(up, key=lambda name: where[name][1]) == up
    for source, target in zip(down[1:5], up[3::-1], strict=True):  # inc to up4 … down3 to up1
        assert where[source][1] == where[target][1]
    tips = [points[0] for (_, head), points in paths(text).items() if head in up]
    starts = [points[-1] for (_, head), points in paths(text).items() if head in up]
    assert all(tip[1] > start[1] for tip, start in zip(tips, starts, strict=True))


def test_residual_skip_leaves_and_enters_within_its_block() -> None:
    text = dot(network("resnet50"), depth=2)
    block = re.search(r'subgraph cluster_17_1 \{\n.*?bb="([^"]+)"', text, re.DOTALL)
    assert block is not None
    left, bottom, right, top = map(float, block[1].split(","))
    skip = paths(text)["n16", "n25"]  # from where it leaves the arrow into the first convolution
    assert all(left < x < right and bottom < y < top for x, y in skip)


def test_without_a_depth_a_block_is_opened_where_it_stands_first() -> None:
    text = dot(network("resnet50"))
    texts = svg_texts(text)
    assert frame_count(text) == 3  # layer1 and its two kinds of bottleneck
    assert texts.count("downsample · [B, 256, 56, 56]") == 1
    assert {"layer2", "layer3", "layer4"} <= set(texts)
    assert frame_count(dot(network("resnet50"), depth=2)) == 12


def test_bodies_that_are_no_calls_are_all_opened() -> None:
    lines = "    - Conv2d({}, 3, padding=1)\n    - Conv2d(3, 1)\n"
    body = f"  a:\n{lines.format(4)}  b:\n{lines.format(5)}"
    assert frame_count(dot(small(body))) == 2


HOSTILE = (
    'quote " here',
    "back\\slash\\n\\N\\G",
    "<b>&amp;</b> & <IMG SRC='x'/>",
    "ends in a backslash\\",
    "brace } ]; x -> y {",
    "line\nbreak\r\ttab",
    "nul\x00bell\x07",
    "\ud800",
    "größe 日本語 ⊕",
    "]]>--></svg><script>",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    graph = small("  - Conv2d(4, 1)\n")
    node = replace(graph.inputs[0], path=name)
    hostile = replace(graph, title=name, nodes=(node, *graph.nodes[1:]), inputs=(node,))
    shown = re.sub(r"[\n\r\t]+", " ", re.sub(r"[\x00\x07\ud800]", "�", name))
    text = dot(hostile)
    assert node_names(text) == ["n0", "n1", "out0"]
    tree = ElementTree.fromstring(render(text, "svg"))
    assert [element.tag for element in tree.iter() if "script" in element.tag] == []
    titles = ["".join(element.itertext()) for element in tree.iter(f"{SVG}title")]
    hint = shown.replace("\\", "∖")
    assert titles[:2] == [shown, f"{hint} [B, 3, 8, 8]"]
    assert svg_texts(text)[0] == shown


def test_text_stays_within_its_node_for_any_length() -> None:
    body = "  " + "a" * 64 + ": Conv2d(4, (3, 3), stride=(2, 2), padding=(1, 1), dilation=(1, 1))\n"
    text = dot(small(body))
    width = float(re.findall(r'^ +n1 .*width="([\d.]+)"', text, re.MULTILINE)[0]) * 72
    longest = max(svg_texts(text)[2:4], key=len)
    assert text_width(longest, 8) < width < 400


@pytest.mark.slow
def test_picture_is_the_same_under_any_hash_seed_and_locale(tmp_path: Path) -> None:
    script = (
        "import sys; from tests.backends.networks import network;"
        "from archc.backends.dot import dot; from archc.backends.rendering import render;"
        "sys.stdout.buffer.write(render(dot(network('googlenet')), 'svg'))"
    )
    settings = ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "LC_ALL": "de_DE"})
    pictures = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, **setting},
            capture_output=True,
            check=True,
        ).stdout
        for setting in settings
    }
    assert pictures == {render(dot(network("googlenet")), "svg")}


def test_fonts_of_the_machine_move_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = dot(network("resnet50"))
    before = render(text, "svg")
    configuration = tmp_path / "fonts.conf"
    configuration.write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(configuration))
    assert render(text, "svg") == before


def test_svg_has_no_trace_of_the_machine_and_scales() -> None:
    picture = render(dot(network("lenet5")), "svg").decode()
    assert "<!--" not in picture
    assert "viewBox=" in picture
    assert 'font-family="Helvetica,Arial,sans-serif"' in picture
    assert "<a " not in picture


def test_svg_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    tree = ElementTree.fromstring(render(dot(network("googlenet")), "svg"))
    assert tree.attrib["role"] == "img"
    assert [element.text for element in tree[:2]] == [
        "googlenet",
        "image [B, 3, 224, 224] → logits [B, 1000], aux_logits2 [B, 1000] in training, "
        "aux_logits1 [B, 1000] in training; 13,004,888 parameters",
    ]
    assert [element.tag for element in tree[:2]] == [f"{SVG}title", f"{SVG}desc"]


def test_frames_and_cards_have_hints() -> None:
    tree = ElementTree.fromstring(render(dot(network("resnet50"), depth=1), "svg"))
    hints = {
        kind: [group[0].text for group in tree.iter(f"{SVG}g") if group.get("class") == kind]
        for kind in ("cluster", "node")
    }
    assert hints["cluster"][0] == "layer1: Stage(64, layers[0], stride=1)"
    assert hints["node"][1].startswith("conv1: Conv2d(64, 7, stride=2, padding=3, bias=False) → ")


def test_picture_has_a_ground_of_its_own_on_any_page() -> None:
    picture = render(dot(network("lenet5")), "svg").decode()
    ground = re.search(r'<polygon fill="white" stroke="none" points="([^"]+)"', picture)
    box = re.search(r'viewBox="0.00 0.00 ([\d.]+) ([\d.]+)"', picture)
    assert ground is not None
    assert box is not None
    corners = [tuple(map(float, point.split(","))) for point in ground[1].split()]
    wide = max(x for x, _ in corners) - min(x for x, _ in corners)
    high = max(y for _, y in corners) - min(y for _, y in corners)
    assert wide >= float(box[1])
    assert high >= float(box[2])


@pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-")])
def test_pictures_begin_with_the_magic_of_their_format(form: Format, magic: bytes) -> None:
    assert render(dot(network("lenet5")), form).startswith(magic)


def test_pdf_carries_no_date_of_its_making() -> None:
    picture = render(dot(network("lenet5")), "pdf")
    assert re.findall(rb"/CreationDate \(D:(\d{14})", picture) == [b"20000101000000"]


def test_text_that_is_no_dot_is_a_drawing_failure() -> None:
    with pytest.raises(CompileError) as caught:
        render("digraph {", "svg")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code is Code.DRAWING_FAILED
    assert diagnostic.help


def test_drawing_that_takes_too_long_is_a_drawing_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "TIME_LIMIT", 0.001)
    with pytest.raises(CompileError) as caught:
        render(dot(network("lenet5")), "svg")
    assert "0.001 seconds" in caught.value.diagnostics[0].headline
