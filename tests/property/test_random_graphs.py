"""Random whole specs against torch: what archc says of each node, and what its source computes.

300 specs and as many mutants in a run of the tests, 20,000 of both in `make prove`.
"""

import os
import re
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import archc
from archc.diagnostics import Span
from archc.ir.graph import Graph
from archc.layers.convolution import Conv2d
from tests.property.interpreter import interpreted, result_of
from tests.property.random_specs import specs

EXAMPLES = 300
MANY = int(os.environ.get("ARCHC_GRAPHS", "20000"))
"""How many graphs, and mutants, the long form draws."""
_UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
QUICK = settings(max_examples=EXAMPLES, derandomize=True, **_UNHURRIED)
LONG = settings(max_examples=MANY, database=None, **_UNHURRIED)
PROFILES = [
    pytest.param(QUICK, id="some", marks=pytest.mark.slow),
    pytest.param(LONG, id="many", marks=pytest.mark.prove),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("profile", PROFILES)
def test_every_node_is_what_torch_makes_of_it_and_the_source_computes_the_same(
    profile: settings,
) -> None:
    profile(given(specs())(expect_equal_nodes))()


def expect_equal_nodes(text: str) -> None:
    """Check that a spec compiles, each node to torch's shape, and that its source computes it."""
    report = archc.check(text=text)
    assert report.ok, f"{text}\n{report}"
    graph = report.graph
    assert graph is not None
    model = loaded(text).eval()
    state = model.state_dict()
    assert [(k.name, k.tensor.shape) for k in graph.keys] == [
        (name, tuple(t.shape)) for name, t in state.items()
    ]
    assert graph.parameter_count == sum(p.numel() for p in model.parameters())
    image = torch.randn(2, *(int(size) for size in graph.inputs[0].output.shape[1:]))  # type: ignore[arg-type]
    with torch.no_grad():
        results = interpreted(graph, state, image=image)
        for node in graph.nodes:
            for index, output in enumerate(node.outputs):
                found = result_of(results[node.index], index)
                expected = (2, *output.shape[1:])
                assert tuple(found.shape) == expected, node
                assert str(found.dtype) == f"torch.{output.dtype}", node
        value = graph.outputs[0].value
        assert torch.equal(model(image), result_of(results[value.node.index], value.index))


def loaded(text: str) -> torch.nn.Module:
    """Return the module of a spec's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.yaml"
        file.write_text(text, encoding="utf-8")
        return archc.load(file)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_broken_argument_is_refused_exactly_where_torch_refuses(profile: settings) -> None:
    verdicts: Counter[bool] = Counter()

    @profile
    @given(specs(), st.data())
    def expect_equal_verdicts(text: str, data: st.DataObject) -> None:
        verdicts[verdict_on_mutant(text, data)] += 1

    expect_equal_verdicts()
    assert min(verdicts[True], verdicts[False]) >= profile.max_examples // 5


def verdict_on_mutant(text: str, data: st.DataObject) -> bool:
    """Return whether torch takes a spec with one argument broken, once archc says the same."""
    lines = text.splitlines()
    places = [i for i, line in enumerate(lines) if re.match(r"  line\d+: Conv2d\(", line)]
    assume(places)
    at = data.draw(st.sampled_from(places))
    argument = data.draw(st.sampled_from(["kernel", "padding", "dilation", "groups", "stride"]))
    broken = data.draw(st.integers(0, 14))
    mutant = mutated(lines[at], argument, broken)
    assume(mutant != lines[at])
    graph = archc.check(text=text).graph
    assert graph is not None
    verdict = torch_accepts(graph, lines[at], mutant, at + 1)
    report = archc.check(text="\n".join([*lines[:at], mutant, *lines[at + 1 :], ""]))
    event(f"torch accepts: {verdict}")
    refused = [place for place in primaries(report) if place.line == at + 1]
    first_call = mutant.index(")", mutant.index("Conv2d("))
    if verdict:
        assert not [place for place in refused if place.column <= first_call + 1], str(report)
    else:
        assert refused, f"{mutant}\n{report}"
        assert primaries(report)[0] == refused[0], str(report)
        assert refused[0].column <= first_call + 1, str(report)
    return verdict


def primaries(report: archc.Report) -> list[Span]:
    """Return the place of each error; a warning refuses nothing."""
    errors = (found for found in report.diagnostics if found.severity == "error")
    return [found.primary for found in errors if found.primary is not None]


def mutated(line: str, argument: str, value: int) -> str:
    """Return the line's first convolution with one argument changed."""
    if argument == "kernel":
        return re.sub(r"Conv2d\((\d+), \d+", rf"Conv2d(\1, {value}", line, count=1)
    return re.sub(rf"{argument}=\d+", f"{argument}={value}", line, count=1)


def torch_accepts(graph: Graph, line: str, mutant: str, number: int) -> bool:
    """Return whether torch makes and runs the mutant's convolution on what flows into it."""
    (node, *_) = (
        n for n in graph.nodes if isinstance(n.operation, Conv2d) and n.span.line == number
    )
    (call,) = re.findall(r"Conv2d\(([^)]*)\)", mutant)[:1]
    out, kernel, *rest = call.split(", ")
    given = {"out_channels": int(out), "kernel_size": int(kernel)}
    given |= {k: v == "True" if k == "bias" else int(v) for k, v in (p.split("=") for p in rest)}
    source = node.inputs[0].type
    image = torch.zeros(2, *(int(size) for size in source.shape[1:]))  # type: ignore[arg-type]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = torch.nn.Conv2d(in_channels=int(source.shape[1]), **given)(image)  # type: ignore[arg-type]
    except (RuntimeError, ValueError):
        return False
    return min(result.shape) > 0
