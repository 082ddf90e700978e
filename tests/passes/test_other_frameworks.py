"""What archc says of the names that other frameworks use: each remedy is a layer that runs."""

import re

import pytest

from archc import functions, layers
from archc.passes.elaboration.other_frameworks import RENAMED, WRITTEN, in_archc
from tests.diagnostics.checking import report_on

HEAD = """archc: 1
name: other
inputs:
  image: {shape}
model:
  a: Identity
  b: Identity from image
"""
SHAPES = ("[B, 8, 32, 32]", "[B, 8, 32]", "[B, 8]", "[B, 8, 4, 32, 32]")
SNIPPETS = {
    snippet
    for advice in WRITTEN.values()
    for snippet in re.findall(r"write `([^`]+)`|or `([^`]+)`", advice)
    for snippet in snippet
    if snippet and not snippet.endswith(":") and ": [" not in snippet
}


def runs(line: str) -> bool:
    """Return whether a line fits some tensor after two others of the same shape."""
    spec = f"{line}\n  outs: from a\n"
    texts = [HEAD.format(shape=shape) + f"  c: {line}\n" for shape in SHAPES]
    return any(report_on(text + "  return: c, a, b\n", spec).graph is not None for text in texts)


@pytest.mark.parametrize("name", sorted(RENAMED))
def test_renamed_layer_is_one_that_archc_has(name: str) -> None:
    assert RENAMED[name] in layers.NAMES
    assert name.lower() != RENAMED[name].lower(), "`did you mean` finds what differs in case alone"


@pytest.mark.parametrize("name", sorted({*RENAMED, *WRITTEN}))
def test_name_of_another_framework_is_none_of_archc(name: str) -> None:
    assert name not in layers.NAMES | functions.NAMES
    assert in_archc(name)


@pytest.mark.parametrize("snippet", sorted(SNIPPETS))
def test_remedy_is_a_line_that_runs(snippet: str) -> None:
    assert runs(re.sub("…", "2", snippet))


def test_remedy_that_does_not_run_is_noticed() -> None:
    assert not runs("Dense(2)")


@pytest.mark.parametrize("name", ["Dense", "Swish", "GlobalAvgPool2d", "Concatenate"])
def test_advice_stands_in_the_message_of_an_unknown_layer(name: str) -> None:
    text = HEAD.format(shape=SHAPES[0]) + f"  c: {name}\n  return: a, c\n"
    (found,) = report_on(text, "other.yaml").diagnostics
    assert found.help == in_archc(name)


def test_function_of_torch_that_is_left_out_is_answered_with_the_reason() -> None:
    text = HEAD.format(shape=SHAPES[0]) + "  c: from svd(a)\n  return: c, b\n"
    (found,) = report_on(text, "other.yaml").diagnostics
    assert found.help == "archc leaves it out: decompositions and solvers"
