"""A network of thousands of layers in a row: nothing made of it goes as deep as it is long."""

import pickle
import sys
from pathlib import Path

import pytest

import archc
from archc.artefacts import python_module
from archc.compiler import Settings, graph_of
from archc.opening import read_spec
from archc.passes.estimate_memory import estimate_memory

LENGTH = 2_000
"""Twice as many as Python's stack has room for."""
HEAD = "archc: 1\nname: long\ninputs:\n  x: [B, 8]\n"
CHAINS = {
    "layers": "  - ReLU * {n}\n",
    "functions": "  - for i in range({n}):\n    - sigmoid\n",
    "sums": """\
  p: Parameter(8)
  let h: x
  for i in range({n}):
    let h: p + h
  y: relu from h
""",
    "chunks": """\
  for i in range({n} // 2):
    a{i}: chunk(2, 1) as t
    b{i}: from concat(t.0, t.1)
""",
}
STEPS = 10_200
LOOP = f"  - for i in range({STEPS // 2}):\n      - sigmoid -> tanh\n"
DEEP = f"{HEAD}model:\n  - Linear(8)\n{LOOP}  - Linear(2)\n"
NODES = STEPS + 3


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_source_of_a_long_chain_is_written(chain: str) -> None:
    graph = graph_of(read_spec(HEAD + "model:\n" + chain.replace("{n}", str(LENGTH)), "long.yaml"))
    assert len(graph.nodes) > sys.getrecursionlimit()
    compile(python_module(graph), "long.py", "exec")


def test_memory_of_a_long_chain_is_that_of_two_tensors() -> None:
    graph = graph_of(read_spec(DEEP, "long.yaml"), Settings(max_nodes=NODES))
    memory = estimate_memory(graph)
    assert memory.inference == 2 * 8 * 4
    assert memory.training == (8 + 8 + 8 * STEPS + 2) * 4


@pytest.mark.slow
def test_limit_of_nodes_holds_for_a_model_its_pickle_and_its_build(tmp_path: Path) -> None:
    spec = tmp_path / "long.yaml"
    spec.write_text(DEEP, encoding="utf-8")
    for limit in (NODES - 1, 10_000):
        with pytest.raises(archc.CompileError, match=f"expands to more than {limit} nodes"):
            archc.load(spec, max_nodes=limit)
        with pytest.raises(archc.CompileError, match=f"expands to more than {limit} nodes"):
            archc.build(spec, output=tmp_path, weights="init", max_nodes=limit)
    model = archc.load(spec, max_nodes=NODES, seed=3)
    again = pickle.loads(pickle.dumps(model))
    assert list(again.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    build = archc.build(spec, output=tmp_path, weights="init", seed=3, max_nodes=NODES)
    built = archc.load(build, max_nodes=NODES).state_dict()
    assert all(built[key].equal(value) for key, value in model.state_dict().items())
    with pytest.raises(archc.CompileError, match="expands to more than 10000 nodes"):
        archc.load(build)
