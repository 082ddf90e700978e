"""A call that is like an earlier one is copied; the graph is the one that running it gives."""

from collections.abc import Iterator
from typing import Any

import pytest

import archc
from archc.ir.graph import Graph, GraphOutput
from archc.ir.runs import Instance, Node, Run, Template, Value
from archc.passes.elaborate import Request, elaborate
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.copies import Copies
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from tests.backends.networks import all_networks, document_of, graph_of, imported_by

HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 4, H=8, W=8]\n"

BODIES = {
    "joins, loops, conditions and names of every kind": """\
blocks:
  Cell(width, kernels, deep=True):
    start: Conv2d(width, 1) as first
    let half: width // 2
    mixed:
      - concat as wide:
          - for k in kernels:
              - Conv2d(half, k, padding=k // 2) -> relu
          - if deep:
              - Conv2d(half, 1) from first
          - branch:
              - Conv2d(half, 3, padding=1)
              - BatchNorm2d
      - Conv2d(width, 1) from wide as ys[]
      - (ReLU -> BatchNorm2d if deep) -> Conv2d(width, 1) * 2 as ys[]
    scale: Parameter(width, 1, 1)
    shortcut: Conv2d(width, 1) from x if x.channels != width
    tail: Identity if not deep else ReLU
    assert: width > 0
    return: ys[0] * scale + ys[1] + shortcut + tail
model:
  - Cell(8, [1, 3]) * 3
  - for deep in [True, False, True]:
      - Cell(8, [1, 3], deep=deep)
""",
    "shared layers, parts and results by name": """\
blocks:
  Twice(n):
    conv: Conv2d(n, 1)
    again: relu -> conv
    inner:
      a: Conv2d(n, 1)
      b: relu
    back: inner from again
    let parts: chunk(back, 2, 1)
    return:
      left: parts[0] + parts[1]
      right: chunk(inner, 2, 1)[0]
model:
  one: Twice(4)
  two: Twice(4) from concat(one.left, one.right)
  out: from concat(two.left, two.right)
""",
    "two inputs of one origin and of two": """\
blocks:
  Meet(n)(a, b):
    left: Conv2d(n, 1) from a
    return: left + b
model:
  a: Conv2d(4, 1)
  b: Conv2d(4, 1)
  same: Meet(4) from a, a
  other: Meet(4) from a, b
  once: Meet(4) from same, same
  more: Meet(4) from once, other
""",
    "numbers that are equal and not the same": """\
blocks:
  Drop(p): Dropout(p) -> relu
  Flag(bias): Conv2d(4, 1, bias=bias == True)
model:
  - Drop(0)
  - Drop(0.0)
  - Flag(1)
  - Flag(True)
  - Flag(True)
""",
    "declared orders, blocks in blocks": """\
blocks:
  Inner(n):
    declare: [b, a]
    a: Conv2d(n, 1)
    b: BatchNorm2d
  Outer(n):
    first: Inner(n)
    second: Inner(n)
model:
  - Outer(4) * 2
  - Inner(4)
  - Inner(n=4)
""",
    "a parameter and its sum, which broadcasts": """\
blocks:
  Shift:
    return: x + x.shape[-1]
  Add()(a, b):
    return: a + b
model:
  bias: Parameter(4, 1, 1)
  plain: Conv2d(4, 1) from image
  sum1: Add from plain, bias
  sum2: Add from sum1, plain
  sum3: Add from sum2, bias
  s: Shift
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", all_networks())
def test_copied_network_is_the_one_that_running_every_call_gives(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, variant = all_networks()[name]
    document = document_of(path)
    request = Request(variant=variant, imported=imported_by(document, path.parent))
    assert_same(document, request, monkeypatch)


@pytest.mark.parametrize("name", BODIES)
def test_copied_lines_of_every_kind_are_those_that_ran(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same(parse(read(HEAD + BODIES[name], "spec.yaml")), Request(), monkeypatch)


def assert_same(document: Document, request: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the graph made with copies to the graph made without."""
    copied = said(elaborate(document, request))
    with monkeypatch.context() as patch:
        patch.setattr(Copies, "run", lambda _self, _file, _instance, run: run())
        assert copied == said(elaborate(document, request))


def said(graph: Graph) -> list[Any]:
    """Return all that a graph holds as plain data: the objects of its tree, which name others."""
    numbers: dict[int, int] = {}
    tree: list[Any] = []

    def plain(value: Any) -> Any:
        if isinstance(value, (Node, Run)):
            if id(value) not in numbers:
                numbers[id(value)] = len(numbers)
                tree.append(value)
            return type(value).__name__, numbers[id(value)]
        if isinstance(value, (Value, Template, GraphOutput)):
            return fields(value)
        if isinstance(value, (tuple, list)):
            return [plain(item) for item in value]
        return value

    def fields(value: Any) -> list[Any]:
        return [plain(getattr(value, name)) for name in value.__struct_fields__]

    parts = (graph.inputs, graph.nodes, graph.calls, graph.outputs, graph.keys, graph.init)
    found = plain([*parts, list(graph.declared.items()), graph.read_twice])
    return [found, *map(fields, tree)]  # the tree grows while it is walked


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the names of the blocks that ran, copies left out."""
    names: list[str] = []
    run = BlockRunner.run

    def counted(runner: BlockRunner) -> Instance:
        names.append(runner.scope.instance.template.name)
        return run(runner)

    monkeypatch.setattr(BlockRunner, "run", counted)
    yield names


def test_equal_blocks_run_once_each(runs: list[str]) -> None:
    report = archc.check("resnet152")
    assert report.ok and report.costs is not None
    assert len([call for call in report.graph.calls if call.template.name == "Bottleneck"]) == 50
    assert runs.count("Bottleneck") == 8  # a first of each stage and its like
    assert report.costs.parameters == 60_192_808


def test_call_with_another_input_shape_runs(runs: list[str]) -> None:
    body = "blocks:\n  Same: Conv2d(x.channels, 1)\nmodel:\n  - Same\n  - Conv2d(5, 1)\n  - Same\n"
    graph = graph_of(HEAD + body)
    assert runs.count("Same") == 2
    assert [node.output.shape[1] for node in graph.nodes] == [4, 4, 5, 5]


def test_mistake_in_a_like_call_is_said_of_both(runs: list[str]) -> None:
    body = "blocks:\n  Bad: Conv2d(4, 9)\nmodel:\n  - Bad\n  - Bad from image\n"
    report = archc.check(text=HEAD + body)
    assert runs.count("Bad") == 2
    assert [found.code for found in report.diagnostics] == ["ARC401"]


@pytest.mark.parametrize(("room", "fits"), [(19, True), (18, False)])
def test_limit_of_nodes_is_met_where_a_copy_would_pass_it(room: int, fits: bool) -> None:
    lines = "model:\n  - for _ in range(9):\n      - Deep\n"
    report = limited(HEAD + "blocks:\n  Deep: Conv2d(4, 1) -> relu\n" + lines, room)
    assert report.ok == fits
    places = [(found.code, found.primary and found.primary.line) for found in report.diagnostics]
    assert places == ([] if fits else [("ARC308", 6)])


def limited(text: str, max_nodes: int) -> archc.Report:
    """Return what a check finds within a limit of nodes."""
    from archc.compiler import Settings, check_spec
    from archc.opening import read_spec

    return check_spec(read_spec(text, "spec.yaml"), Settings(max_nodes=max_nodes))
