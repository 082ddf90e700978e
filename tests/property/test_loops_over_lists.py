"""Lists of blocks whose results flow on, are added up or are read later: drawn in many ways."""

from collections import Counter
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archc
from archc.backends.python_source import python_source
from tests.backends.nodes_in_torch import inputs_of, results_of_nodes
from tests.backends.test_nodes_in_torch import model_of, results_of

EXAMPLES = 200
HEAD = """\
archc: 1
name: net
inputs:
  x: [B, L=3, D=4]
  y: [B, L, D]
blocks:
  Pair()(x, y):
    on: Linear(4) from x
    side: Linear(4) -> relu from on * y
    return: {on: x + on, side: side}
  Three()(x, y):
    on: Linear(4) from x
    side: Linear(4) from y
    third: relu from on - side
    return: {on: third, side: side, third: on + y}
"""
BLOCKS = {"Pair": ["on", "side"], "Three": ["on", "side", "third"]}
STARTS = ["x", "y", "first", "relu(first)"]
SECOND = ["y", "x", "h", "start"]
TAKEN = {
    "h": ["let h: t.{0}"] * 5 + ["let h: t.{0} + h", "let h: relu(t.{0})"],
    "g": ["let g: t.{0}"] * 5 + ["let g: x * t.{0}"],
    "sides": ["from t.{0} as sides[]"] * 5 + ["from relu(t.{0}) as sides[]"],
}
SUMS = [
    "add(sides)",
    "add(sides)",
    "(add(sides) + first)",
    "relu(add(sides))",
    "add(sides) * add(sides)",
    "add(reversed(sides))",
    "(add(sides) + sides[1])",
    "(sides[0] + add(sides[1:]))",
    "(sides[0] + sides[1] - sides[-1])",
    "sides[-1]",
]


def drawn(draw: Random) -> str:
    """Return a spec of a list of calls, in which nearly every result is read."""
    block = draw.choice([*BLOCKS])
    targets = ["h", "sides"] if block == "Pair" else ["h", "g", "sides"]
    draw.shuffle(targets)
    taken = zip(BLOCKS[block], targets, strict=True)
    uses = [draw.choice(TAKEN[target]).format(result) for result, target in taken]
    draw.shuffle(uses)
    second = "g" if block == "Three" or draw.randint(0, 1) else draw.choice(SECOND)
    body = [f"- {block} from h, {second} as t", *uses]
    turn = "".join(f"        {line if line[0] in '-' else '- ' + line}\n" for line in body)
    ends = [draw.choice(SUMS), "h", "g"]
    ends += draw.sample(["start", "first", "x"], draw.choice([0, 0, 1, 2]))
    draw.shuffle(ends)
    last = draw.choice([" + ", " + ", " * "]).join(ends)
    more = "    - Linear(4) from h as sides[]\n" * draw.randint(0, 1)
    return "".join(
        [
            HEAD,
            "model:\n  first: Linear(4) from x * y\n",
            f"  let start: {draw.choice(STARTS)}\n  let h: start\n  let g: first\n",
            f"  layers:\n    - for i in range({draw.randint(2, 7)}):\n",
            f"{turn}{more}",
            f"  last: from {last}\n",
        ]
    )


@pytest.mark.slow
def test_calls_in_loops_compute_what_their_nodes_say() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.integers(0, 2**40))
    def expect_equal_results(seed: int) -> None:
        graph = archc.check(text=drawn(Random(seed))).graph
        if graph is None:
            seen["refused"] += 1
            return
        source = python_source(graph)
        seen["loop"] += "        for layer" in source
        seen["sum"] += any(f" = {name} + " in source for name in ("ons", "sides", "thirds"))
        seen["network"] += 1
        model = model_of(graph, "train")
        inputs = inputs_of(graph)
        expected = results_of_nodes(graph, model, inputs, "train")
        results = results_of(model, [x.clone() for x in inputs])
        assert all(map(torch.equal, results, expected))

    expect_equal_results()
    assert min(seen["network"], 4 * seen["loop"], 8 * seen["sum"]) >= EXAMPLES // 2, seen
