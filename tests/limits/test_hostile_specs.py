"""Specs made to take time, memory or Python's stack are refused soon, and never by a crash."""

import time

import pytest

from archc.diagnostics import Code
from tests.diagnostics.checking import report_on
from tests.limits.test_reading_limits import HEAD, model, named

pytestmark = pytest.mark.slow


def deep_blocks() -> str:
    """Return sixteen blocks, each with twenty lists inside each other."""

    def lists(callee: str) -> str:
        return "".join("  " * (i + 2) + "-\n" for i in range(20)) + "  " * 22 + f"- {callee}\n"

    blocks = "  B1:\n" + lists("ReLU")
    blocks += "".join(f"  B{i}:\n" + lists(f"B{i - 1}") for i in range(2, 16))
    return model("B15", head=HEAD + "blocks:\n" + blocks)


HOSTILE = {
    "loops in loops": model(
        "for i in range(10_000):\n      - for j in range(10_000):\n          - ReLU"
    ),
    "loops without a layer": named(
        "for i in range(10_000):\n    for j in range(10_000):\n      let x: 1", "act: ReLU"
    ),
    "loops without a branch": named(
        "concat:\n    for i in range(10_000):\n      for j in range(10_000):\n        if i < 0:\n"
        "          a: ReLU",
    ),
    "a mistake in loops in loops": named(
        "for i in range(10_000):\n    for j in range(10_000):\n      conv{i}_{j}: Unknown",
        "act: ReLU from conv7_8",
    ),
    "a huge repeat": model("ReLU * 9223372036854775807"),
    "a repeat of repeats": model("((((ReLU * 1000) * 1000) * 1000) * 1000)"),
    "a list of lists of lists": named(
        "let a: (0,) * 10_000", "let b: (a,) * 10_000", "let c: (b,) * 10_000", "act: ReLU"
    ),
    "a list that grows in a loop": named(
        "let a: (0,)", "for i in range(5000):\n    let a: a + (0,) * 1000", "act: ReLU"
    ),
    "lists nested in a loop": named(
        "let a: (0,)", "for i in range(5000):\n    let a: (a,)", "assert: a == 0", "act: ReLU"
    ),
    "many lists": named(*(f"let a{i}: (0,) * 10_000" for i in range(2000)), "act: ReLU"),
    "many lists as parameters": model(
        "ReLU",
        head=HEAD + "params:\n" + "".join(f"  a{i}: '= [0] * 10000'\n" for i in range(2000)),
    ),
    "a power of powers": model("Conv2d(9 ** 9 ** 9 ** 9, 1)"),
    "a rounding to a power": model("Conv2d(round(5, -9_000_000_000), 1)"),
    "a long row of names": model("Conv2d(" + "+".join("k" for _ in range(500)) + ", 1)"),
    "a long row of attributes": model("Conv2d(image" + ".x" * 400 + ", 1)"),
    "a long row of indices": model("Conv2d(image" + "[0]" * 300 + ", 1)"),
    "deep brackets": HEAD + "model: " + "[" * 30_000,
    "many unknown names": named(*(f"layer{i}: ReLU from name{i}" for i in range(5000))),
    "many unknown layers": named(*(f"layer{i}: Unknown{i}" for i in range(5000))),
    "many unknown keys": named(*(f"layer{i}: ReLU" for i in range(2000)))
    + "".join(f"key{i}: 1\n" for i in range(2000)),
    "many unknown outputs": named(*(f"aaaaab{i}: ReLU" for i in range(2000)))
    + "outputs:\n"
    + "".join(f"  o{i}: aaaaac{i}\n" for i in range(2000)),
    "many broken lines": named(*(f"layer{i}: Conv2d(8" for i in range(5000))),
    "lists inside blocks inside lists": deep_blocks(),
    "parentheses inside parentheses": model(
        " -> ".join("(" * 31 + "ReLU" + ")" * 31 for _ in range(14))
    ),
    "a large size that is divided": HEAD.replace("[B, 3,", f"[B, {2**31 - 2},")
    + ("model:\n  norm: GroupNorm(5)\n"),
    "a name of a million characters": HEAD + "model:\n  ? " + "c" * 9_000 + "\n  : ReLU\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spec_ends_soon_without_a_fault_of_ours(name: str) -> None:
    start = time.process_time()
    report = report_on(HOSTILE[name], "spec.yaml")
    assert time.process_time() - start < 2
    assert Code.INTERNAL not in {d.code for d in report.diagnostics}
    assert all(len(d.headline) < 1000 for d in report.diagnostics)


PITFALLS = {
    "True is not 1": (named("assert: True != 1", "act: ReLU"), None),
    "1 is in no list of booleans": (named("assert: 1 not in [True, False]", "act: ReLU"), None),
    "1.0 is 1": (named("assert: 1.0 == 1", "act: ReLU"), None),
    "model without lines": (HEAD + "model: []\n", None),
    "block without lines": (model("B", head=HEAD + "blocks:\n  B: []\n"), None),
    "loop over nothing": (model("for i in []:\n      - ReLU", "ReLU"), None),
    "loop with an empty body": (model("for i in range(2): []", "ReLU"), None),
    "join of one branch": (named("concat:\n    a: ReLU"), None),
    "join without a branch": (named("concat: {}"), Code.NO_FLOW),
    "return in the model": (named("act: ReLU", "return: act"), None),
    "list that is read before it is set": (
        named("all: from concat(ys)", "a: ReLU as ys[]"),
        Code.UNKNOWN_NAME,
    ),
    "empty list as a loop's row": (model("for a, b in [[]]:\n      - ReLU"), Code.EXPRESSION_VALUE),
    "negative count": (model("ReLU * (0 - 1)"), Code.EXPRESSION_VALUE),
    "boolean as a count": (model("ReLU * (1 == 1)"), Code.EXPRESSION_VALUE),
    "boolean as a size": (model("Conv2d(True, 1)"), Code.ARGUMENT_VALUE),
    "boolean as an index": (model("Conv2d([8, 9][True], 1)"), Code.EXPRESSION_VALUE),
    "no number": (model("BatchNorm2d(eps=inf - inf)"), Code.EXPRESSION_VALUE),
}


@pytest.mark.parametrize("name", PITFALLS)
def test_pitfall_is_decided_as_the_language_says(name: str) -> None:
    text, code = PITFALLS[name]
    assert [d.code for d in report_on(text, "spec.yaml").diagnostics] == ([code] if code else [])
