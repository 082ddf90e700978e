"""The compiled source: what it looks like, and that it is what the graph says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import archc
from archc.backends.python_source import python_source
from archc.ir.graph import Graph
from tests.backends.constructs import CONSTRUCTS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/source"
SHOWN = ["lenet5", "vgg16", "resnet18", "resnet50", "googlenet", "densenet121", "textcnn", "unet"]
SHOWN += ["bert_base", "gpt2", "wavenet", "transformer_base"]
SHOWN += ["mobilenet_v3_large", "efficientnet_v2_s", "shufflenet_v2_x1_0", "vit_b_16"]
SHOWN += ["swin_t", "maxvit_t"]

HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 3, H=32, W=32]\n"


def graph_of(name: str) -> Graph:
    """Return the graph of a shipped network."""
    graph = archc.check(name).graph
    assert graph is not None
    return graph


def source_of(body: str, head: str = HEAD) -> str:
    """Return the source of a spec given as the text after its inputs."""
    report = archc.check(text=head + body)
    assert report.graph is not None, str(report)
    return python_source(report.graph)


def every_source() -> dict[str, str]:
    """Return the source of every shipped network."""
    from archc.catalogue import networks

    return {n.name: python_source(graph_of(n.name)) for n in networks(ROOT / "specs")}


@pytest.mark.parametrize("name", SHOWN)
def test_source_of_a_shipped_network_is_the_golden_one(name: str, update_golden: bool) -> None:
    path = GOLDEN / f"{name}.py"
    source = python_source(graph_of(name))
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    assert source == path.read_text()


@pytest.mark.slow
def test_source_of_every_network_is_formatted_and_lint_clean(tmp_path: Path) -> None:
    assert_formatted_and_lint_clean(every_source(), tmp_path)


def test_source_of_every_construct_is_formatted_and_lint_clean(tmp_path: Path) -> None:
    sources: dict[str, str] = {}
    for name, body in CONSTRUCTS.items():
        report = archc.check(text=f"archc: 1\nname: net\n{body}")
        assert report.graph is not None, f"{name}: {report}"
        sources[name] = python_source(report.graph)
    assert_formatted_and_lint_clean(sources, tmp_path)


def assert_formatted_and_lint_clean(sources: dict[str, str], folder: Path) -> None:
    """Ask ruff, which knows nothing of our layout."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "100"]
    formatted = subprocess.run(
        [*ruff, "format", "--check", "--diff", *options, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout
    rules = ["--select", "F,E,W,I,B,UP,SIM,C4,RET"]
    linted = subprocess.run(
        [*ruff, "check", *rules, *options, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_loop_over_a_table_is_printed_as_a_loop() -> None:
    source = source_of(
        "model:\n"
        "  - for n, width in [(2, 8), (1, 16)]:\n"
        "      - for _ in range(n):\n"
        "          - Conv2d(width, 3)\n"
        "          - ReLU\n"
        "      - MaxPool2d(2)\n"
    )
    assert "for n, width in [(2, 8), (1, 16)]:" in source
    assert "for _ in range(n):" in source
    assert "nn.Conv2d(in_channels, width, 3)" in source


def test_loop_over_a_sum_of_tuples_is_printed_as_one(tmp_path: Path) -> None:
    source = source_of(
        "blocks:\n  Three(out):\n    - for w in (out, out) + (16,):\n        - Conv2d(w, 3)\n"
        "model:\n  - Three(8)\n  - Three(4)\n"
    )
    assert "for w in (out, out) + (16,):" in source
    assert_formatted_and_lint_clean({"net": source}, tmp_path)


def test_size_that_an_inner_loop_has_set_is_not_set_again() -> None:
    source = source_of(
        "model:\n"
        "  - for n, width in [(2, 8), (1, 16)]:\n"
        "      - for _ in range(n):\n"
        "          - Conv2d(width, 3)\n"
        "      - MaxPool2d(2)\n"
    )
    assert "in_channels = width" in source
    assert "in_channels = in_channels" not in source


def test_condition_inside_a_long_call_stays_in_the_call(tmp_path: Path) -> None:
    source = source_of(
        "blocks:\n"
        "  Wide(out, stride, expansion, a_condition_of_quite_a_long_name):\n"
        "    conv: Conv2d(out * expansion if a_condition_of_quite_a_long_name else out, 3,\n"
        "      stride=stride, padding=1)\n"
        "    last: Conv2d(out, 1)\n"
        "model:\n  a: Wide(4, 1, 2, True)\n  b: Wide(8, 2, 3, False)\n"
    )
    assert "out * expansion if a_condition_of_quite_a_long_name else out,\n" in source
    assert_formatted_and_lint_clean({"net": source}, tmp_path)


def test_name_that_a_loop_does_not_read_is_an_underscore() -> None:
    source = source_of(
        "model:\n  - for index, width in enumerate([4, 8]):\n      - Conv2d(width, 3)\n"
    )
    assert "for _, width in " in source


def test_name_in_a_comparison_stands_on_the_left() -> None:
    source = source_of(
        "blocks:\n  Block(out):\n    a: Conv2d(4, 1)\n    b: Conv2d(out, 1) if in_channels != out\n"
        "model:\n  - Block(4)\n  - Block(8)\n"
    )
    assert "if out != 4 else nn.Identity()" in source


def test_sizes_that_differ_between_instances_become_parameters() -> None:
    source = source_of(
        "blocks:\n  Twice(out):\n    a: Conv2d(out, 1)\n    b: Conv2d(out * 2, 1) -> relu\n"
        "model:\n  one: Twice(4)\n  two: Twice(8)\n"
    )
    assert "def __init__(self, in_channels: int, out: int) -> None:" in source
    assert "self.b = nn.Conv2d(out, out * 2, 1)" in source
    assert "self.two = Twice(8, 8)" in source


def test_condition_on_parameters_is_printed_as_a_condition() -> None:
    source = source_of(
        "blocks:\n"
        "  Block(out, stride=1):\n"
        "    conv: Conv2d(out, 3, stride=stride, padding=1)\n"
        "    down: Conv2d(out, 1, stride=stride) from x if stride != 1 or x.channels != out\n"
        "    return: relu(conv + down)\n"
        "model:\n  one: Block(8, 2)\n  two: Block(8)\n"
    )
    assert "if stride != 1 or in_channels != out" in source
    assert "else nn.Identity()" in source
    assert source.count("class Block") == 1


def test_condition_that_never_holds_leaves_no_trace() -> None:
    source = source_of(
        "params: {norm: false}\nmodel:\n  - Conv2d(4, 3)\n  - BatchNorm2d if norm\n  - ReLU\n"
    )
    assert "BatchNorm2d" not in source
    assert "norm" not in source


def test_instances_that_differ_in_structure_get_classes_of_their_own() -> None:
    source = source_of(
        "blocks:\n"
        "  Block(out):\n"
        "    conv: Conv2d(out, 1)\n"
        "    return: x + conv if x.channels == out else conv\n"
        "model:\n  one: Block(8)\n  two: Block(8)\n"
    )
    assert "class Block1(nn.Module):" in source
    assert "class Block2(nn.Module):" in source


def test_train_only_heads_run_under_training_alone() -> None:
    source = source_of(
        "model:\n"
        "  body: Conv2d(4, 3)\n"
        "  head: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(3)\n"
        "  aux: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(3) from body\n"
        "outputs:\n  logits: head\n  aux: aux if training\n"
    )
    assert "if self.training:\n            aux = " in source
    assert "class Output(NamedTuple):\n    logits: Tensor\n    aux: Tensor\n" in source


def test_name_that_is_no_identifier_goes_through_add_module() -> None:
    source = source_of("model:\n  block1-0: Conv2d(4, 3)\n  after: ReLU\n")
    assert 'self.add_module("block1-0", nn.Conv2d(3, 4, 3))' in source


def test_text_of_the_user_cannot_leave_the_docstring() -> None:
    head = HEAD.replace(
        "name: net\n", 'name: net\ndoc: "a \\"\\"\\" b\\nimport os # \\u2028 \\\\"\n'
    )
    source = source_of("model:\n  - Conv2d(4, 3)\n", head)
    namespace: dict[str, object] = {}
    exec(compile(source, "<test>", "exec"), namespace)
    assert "os" not in namespace
    assert source.isascii()


def test_line_comments_name_the_lines_of_the_spec() -> None:
    source = source_of("model:\n  conv: Conv2d(4, 3)\n  act: ReLU\n")
    assert "return super().forward(image)  # lines 6-7: [B, 4, 30, 30]" in source


def test_resnet50_has_no_more_code_lines_than_torchvision_needs() -> None:
    """Counted without docstrings, comments, blank lines, decorators and imports."""
    import ast
    import inspect

    from torchvision.models import resnet

    theirs = [resnet.conv3x3, resnet.conv1x1, resnet.Bottleneck, resnet.ResNet]
    ours = _code_lines(python_source(graph_of("resnet50")))
    assert ours <= sum(_code_lines(inspect.getsource(part)) for part in theirs)
    assert isinstance(ast.parse(python_source(graph_of("resnet50"))), ast.Module)


def _code_lines(source: str) -> int:
    """Count lines that are neither docstring, comment, blank, import nor decorator."""
    import ast
    import textwrap

    tree = ast.parse(textwrap.dedent(source))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        for decorator in getattr(node, "decorator_list", []):
            skipped.add(decorator.lineno)
    lines = textwrap.dedent(source).splitlines()
    return sum(
        1
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#") and number not in skipped
    )


def test_list_in_a_list_is_filled_in_a_variable_of_its_own() -> None:
    body = "model:\n  -\n    -\n      a: Conv2d(4, 1)\n    - ReLU\n  - Conv2d(2, 1)\n"
    source = source_of(body)
    assert source.count("layers: list[nn.Module] = []") == 1
    assert "layers.append(nn.Sequential(*layers_2))" in source


def test_parameter_called_layers_keeps_its_name() -> None:
    body = (
        "blocks:\n  Stack(layers):\n    - for n in layers:\n        - Conv2d(n, 1)\n"
        "    - a: Conv2d(layers[0], 1)\n      b: ReLU\n"
        "model:\n  - Stack([4, 5])\n  - Stack([6, 7, 8])\n"
    )
    report = archc.check(text=HEAD + body)
    assert report.graph is not None, str(report)
    made: dict[str, Any] = {}
    exec(compile(python_source(report.graph), "net.py", "exec"), made)
    assert list(made["Net"]().state_dict()) == [key.name for key in report.graph.keys]


def test_loop_that_makes_one_module_a_turn_is_a_comprehension() -> None:
    source = source_of(
        "model:\n  - for i in range(5 - 1):\n      - Conv2d(i + 1, 1, groups=1)\n"
        "  - for k in [1, 3, 3]:\n      - MaxPool2d(k, stride=1, padding=k // 2)\n"
    )
    assert "layers += [nn.MaxPool2d(k, stride=1, padding=k // 2) for k in [1, 3, 3]]" in source
    assert "for i in range(4):" in source
