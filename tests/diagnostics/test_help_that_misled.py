"""Messages that said what is not so, each with what it has to say."""

from pathlib import Path

import pytest

import archc
from archc.diagnostics import Advice
from tests.diagnostics.checking import report_on

HEAD = "archc: 1\nname: net\ninputs:\n  x: [B, 3, 8, 8]\n"
HELPS = {
    "sizes are no tensors": (
        "  conv1: Conv2d(8, 3)\n  conv2: conv1(8, 3)\n",
        "`conv1` is a line above, and no layer; alone it is applied again",
    ),
    "a child that is called like a function": (
        "  conv1: Conv2d(3, 1)\n  conv2: conv1(conv1)\n",
        "`conv1` is a line above, and what flows in follows `from`: write `conv1 from conv1`",
    ),
    "a dtype is no device": (
        "  small: from x.to('float16')\n",
        "write `to(x, 'float16')`",
    ),
    "a device": (
        "  there: from x.to('cuda')\n",
        "leave it out, `x` is enough: a loaded network moves with `.to(…)`",
    ),
    "gradients are no memory": (
        "  cut: from x.detach()\n",
        "leave it out, `x` is enough: a spec says nothing of gradients",
    ),
    "what is kept is not what is dropped": (
        "  drop: Dropout(keep_prob=0.9)\n",
        "`p` is the part that is dropped: write `p=` and 1 less what is kept",
    ),
}


@pytest.mark.parametrize(("lines", "words"), HELPS.values(), ids=HELPS)
def test_help_says_what_is_so(lines: str, words: str) -> None:
    found = report_on(f"{HEAD}model:\n{lines}", "spec.yaml").diagnostics
    assert words in [str(diagnostic.help) for diagnostic in found]


def test_let_that_outputs_read_is_read_beside_another_mistake() -> None:
    text = f"{HEAD}model:\n  let twice: x * 2\n  conv: Conv2d(8, 99)\n"
    text += "outputs: {one: conv, two: twice}\n"
    assert [d.code for d in report_on(text, "spec.yaml").diagnostics] == ["ARC401"]


def test_block_of_two_imported_files_is_asked_about(tmp_path: Path) -> None:
    block = f"{HEAD}blocks:\n  Unit(n): Conv2d(n, 3)\nmodel:\n  a: Unit(8)\n"
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(block)
    spec = tmp_path / "spec.yaml"
    imports = "import: {one: ./one.yaml, two: ./two.yaml}\n"
    spec.write_text(HEAD.replace("inputs:", f"{imports}inputs:") + "model:\n  a: Unit(8)\n")
    (found,) = archc.check(spec).diagnostics
    assert found.help == "it is a block of several files: write `one.Unit` or `two.Unit`"
    assert type(found.help) is str


def test_import_of_a_folder_is_told_to_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    spec = tmp_path / "spec.yaml"
    imports = "import: {parts: ./parts}\n"
    spec.write_text(HEAD.replace("inputs:", f"{imports}inputs:") + "model:\n  a: ReLU\n")
    assert "did you mean" not in str(archc.check(spec))


def test_sizes_that_differ_behind_unlike_ranks_are_named() -> None:
    lines = "  place: Parameter(8, 5)\n  flat: flatten(2) from x\n  sum: from flat + place\n"
    (found,) = report_on(f"{HEAD}model:\n{lines}", "spec.yaml").diagnostics
    assert found.notes == ("aligned at the right, dimension 1 is 3, 8; dimension 2 is 64, 5",)


def test_parameter_of_ones_is_not_mended_to_one_of_zeros() -> None:
    lines = "  gamma: nn.Parameter(torch.ones(8))\n  scaled: from x * gamma\n"
    (found,) = report_on(f"{HEAD}model:\n{lines}", "spec.yaml").diagnostics
    assert found.help == "write `Parameter(8)`, and fill it under `init:` with `ones`"
    assert type(found.help) is str


@pytest.mark.parametrize(
    ("line", "blames_the_parameter"),
    [
        ("Conv2d(n, 3)", True),
        ("Conv2d(n * 2, 3)", True),
        ("ReLU if n > 2", True),
        ("Conv2d([8, 16][n], 3)", True),
        ("Conv2d(max(n, 2), 3)", True),
        ("Dropout(n)", True),
        ("ReLU if n", False),
        ("Conv2d(8, 3, bias=n)", False),
    ],
)
def test_number_in_quotes_is_at_fault_only_where_a_number_is_needed(
    line: str, blames_the_parameter: bool
) -> None:
    text = f'{HEAD}params: {{n: "3"}}\nmodel:\n  - {line}\n'
    (found,) = report_on(text, "spec.yaml").diagnostics
    assert (found.help == "a number has no quotes: write `n: 3`") is blames_the_parameter


def test_yes_for_a_parameter_that_is_spelt_like_a_layer_is_left_to_the_reader() -> None:
    text = f"{HEAD}params: {{Act: yes, bias: yes}}\nmodel:\n  - Conv2d(8, 3, bias=bias)\n  - Act\n"
    layer, boolean = report_on(text, "spec.yaml").diagnostics
    assert (type(layer.help), type(boolean.help)) == (str, Advice)
