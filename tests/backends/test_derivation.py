"""`archc why`: the worked examples of textbooks, and that every formula ends in torch's size."""

import re

import pytest

from archc.artefacts import derivation
from archc.diagnostics import CompileError
from archc.layers.base import shape_rule
from archc.passes.summarize import summarize
from tests.backends.networks import graph_of, network
from tests.layers.case_files import Case
from tests.layers.test_cases import JUDGED


def derived(lines: str, path: str, shape: str = "[B, 2, H=13, W=10]") -> str:
    body = "".join(f"  {line}\n" for line in lines.splitlines())
    text = f"archc: 1\nname: worked\ninputs:\n  x: {shape}\nmodel:\n{body}"
    return derivation(graph_of(text), path)


def test_alexnet_explains_its_55() -> None:
    text = derivation(network("alexnet"), "features.0")
    assert "height = width = ⌊(L + 2p − k)/s⌋ + 1 = ⌊(224 + 2·2 − 11)/4⌋ + 1 = 55" in text
    assert "weight [64, 3, 11, 11], bias [64]: 23,232 + 64 = 23,296" in text


def test_a_block_stands_for_its_last_layer() -> None:
    text = derivation(network("googlenet"), "inception3a")
    assert "channels = 64 + 128 + 32 + 32 = 256" in text


def test_layers_that_keep_the_shape_are_left_out_but_for_the_last() -> None:
    text = derived("- Conv2d(3, 3)\n- ReLU\n- Conv2d(4, 3)\n- ReLU", "3")
    assert [line.split()[0] for line in text.splitlines() if line[0] != " "] == ["x", "0", "2", "3"]
    assert text.endswith("    the shape of its input is kept\n")


@pytest.mark.parametrize(
    ("line", "working"),
    [
        (
            "- Conv2d(3, 3, dilation=2)",
            "height = ⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1 = ⌊(13 + 2·0 − 2·(3 − 1) − 1)/1⌋ + 1 = 9",
        ),
        (
            "- Conv2d(3, 4, padding='same')",
            "width = ⌊(L + p₀ + p₁ − k)/s⌋ + 1 = ⌊(10 + 1 + 2 − 4)/1⌋ + 1 = 10",
        ),
        (
            "- ConvTranspose2d(3, 4, stride=2, padding=1, output_padding=1)",
            "height = (L − 1)s − 2p + k + output_padding = (13 − 1)·2 − 2·1 + 4 + 1 = 27",
        ),
        (
            "- MaxPool2d(2, stride=3, padding=1, ceil_mode=True)",
            "width = ⌈(L + 2p − k)/s⌉ + 1 = ⌈(10 + 2·1 − 2)/3⌉ + 1 = 5, "
            "less 1: the last window would start at 12 ≥ L + p = 11",
        ),
        ("- AdaptiveAvgPool2d((6, 5))", "height = output_size = 6"),
        ("- Upsample(scale_factor=1.5)", "height = ⌊L·factor⌋ = ⌊13·1.5⌋ = 19"),
        ("- Upsample(size=7)", "height = width = size = 7"),
        ("- ZeroPad2d((1, 2, 3, 4))", "height = L + p₀ + p₁ = 13 + 3 + 4 = 20"),
        ("- Flatten", "2 · 13 · 10 = 260"),
        ("- flatten(2)", "13 · 10 = 130"),
    ],
)
def test_formula_is_shown_in_letters_and_numbers(line: str, working: str) -> None:
    """The numbers are worked out by hand; the shape beside them is judged by torch elsewhere."""
    assert working in derived(line, "0" if "(2)" not in line or "Pool" in line else "flatten")


@pytest.mark.parametrize(
    "name", ["vgg16", "resnet18", "googlenet", "unet", "densenet121", "lenet5"]
)
def test_every_formula_ends_in_a_size_of_its_shape(name: str) -> None:
    graph = network(name)
    text = derivation(graph, graph.nodes[-1].path)
    shape = ""
    for line in text.splitlines():
        if not line.startswith(" "):
            shape = re.search(r"\[B.*?\]", line)[0]  # type: ignore[index]
        elif found := re.search(r"(?:height|width|channels|features).* = (\d+)$", line):
            assert found[1] in re.findall(r"\d+", shape), line


CHANGED = [case for case in JUDGED if case.outputs[0].shape != case.inputs[0].shape]


@pytest.mark.parametrize("case", CHANGED, ids=str)
def test_every_layer_says_how_a_size_that_changed_came_about(case: Case) -> None:
    layer = case.bound()
    assert layer.working(*case.inputs) or "→" in shape_rule(type(layer))


def test_layer_without_a_formula_shows_its_rule_and_its_shapes() -> None:
    text = derived("- amax(1)", "amax", "[B, 20, 48]")
    assert "    (B, …, n, …) → (B, …, …), or (B, …, 1, …) with `keepdim`\n" in text
    assert "    [B, 20, 48] → [B, 48]\n" in text


def test_recurrence_shows_both_directions() -> None:
    line = "- LSTM(48, bidirectional=True, batch_first=True)"
    assert "features = 2 directions · hidden_size = 2 · 48 = 96" in derived(line, "0", "[B, 9, 7]")


def test_an_unknown_path_is_refused_with_the_nearest() -> None:
    with pytest.raises(CompileError, match=r"did you mean `features\.3`"):
        derivation(network("alexnet"), "feature.3")


TWICE = """archc: 1
name: twice
inputs: {x: [B, 3, 32, 32]}
blocks:
  Tower(n):
    a: Conv2d(n, 3)
    b: MaxPool2d(2)
model:
  t: Tower(3)
  u: t
  let half: u * 2
  concat as both:
    l: Conv2d(3, 3) from half
    r: Conv2d(4, 3) from half
  out: relu from both
"""


@pytest.mark.parametrize(
    ("path", "last", "size"),
    [
        ("t", "t.b", "(30 + 2·0 − 2)/2⌋ + 1 = 15"),
        ("t#2", "t.b#2", "(13 + 2·0 − 2)/2⌋ + 1 = 6"),
        ("half", "mul", "the shape of its input is kept"),
        ("both", "concat", "channels = 3 + 4 = 7"),
    ],
)
def test_name_of_a_spec_stands_for_what_made_it(path: str, last: str, size: str) -> None:
    text = derivation(graph_of(TWICE), path)
    steps = [line.split()[0] for line in text.splitlines() if line[0] != " "]
    assert steps[-1] == last
    assert size in text[text.rindex(f"\n{last} ") :]


NESTED = """\
archc: 1
name: nested
inputs: {x: [B, 3, 30, 30]}
model:
  tower:
    head:
      conv: Conv2d(3, 2, stride=2)
      act: ReLU
    mid: Conv2d(3, 3)
    out: head
  last: ReLU
"""


@pytest.mark.parametrize(("path", "last"), [("head", "head.act"), ("head#2", "head.act#2")])
def test_nested_lines_that_are_called_again_have_a_path_for_each_call(path: str, last: str) -> None:
    text = derivation(graph_of(NESTED), f"tower.{path}")
    assert f"tower.{last} " in text.splitlines()[-2]


def test_row_of_a_block_that_is_called_again_has_the_shape_of_its_first_call() -> None:
    row = summarize(graph_of(TWICE), depth=1).rows[0]
    assert (row.path, row.output_shape[1:]) == ("t", (3, 15, 15))
