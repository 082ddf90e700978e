"""The shapes that onnx' own node cases expect, against our layers."""

import warnings
from collections import Counter

import numpy as np
import onnx
import pytest

from archc.diagnostics import RuleViolation
from archc.layers.binding import bind
from archc.shapes import TensorType
from tests.docs.pages import ROOT
from tests.docs.parts import expect_part, part, table
from tests.referees.calls import found
from tests.referees.onnx_nodes import TABLE, Node, Skipped, nodes, results_of, steps_of

PAGE = "how-it-is-tested.md"
OPERATORS = {operator for translations in TABLE.values() for operator in translations}
MANY = {"Concat", "Add", "Sub", "Mul", "MatMul", "Einsum"}
"""Operators whose inputs are all tensors; of the others the first is, and the rest say how."""
DTYPES = {"bool", "int32", "int64", "float16", "float32", "float64"}
SUMS = {"CumSum", "ReduceSum"}
STRICTER = {
    "a tensor without dimensions": lambda node: 0 in {x.ndim for x in [*node.outputs, *_in(node)]},
    "a size of 0": lambda node: 0 in sum((x.shape for x in [*node.outputs, *_in(node)]), ()),
    "padding of more than half the kernel, as torch has it": lambda node: any(
        pad > kernel // 2
        for pad, kernel in zip(
            node.attributes.get("pads", ()), node.attributes.get("kernel_shape", ()), strict=False
        )
    ),
}


def _in(node: Node) -> list[np.ndarray]:
    return [x for x in node.inputs[: None if node.operator in MANY else 1] if x is not None]


def outcome_of(node: Node) -> str:
    """Return `equal`, or why the language does not say this; fail where shapes differ."""
    try:
        steps = steps_of(node)
    except Skipped as reason:
        return f"not in the language: {reason}"
    if any(str(x.dtype) not in DTYPES for x in _in(node)):
        return "not in the language: unsigned and short integers"
    types = [TensorType(x.shape, str(x.dtype)) for x in _in(node)]
    expected = [(x.shape, str(x.dtype)) for x in node.outputs]
    try:
        results = results_of(steps, types)
    except RuleViolation as violation:
        reasons = [reason for reason, applies in STRICTER.items() if applies(node)]
        assert reasons, f"{node.name}: {steps}: {violation.headline}, onnx gives {expected}"
        return f"stricter: {reasons[0]}"
    if node.operator in SUMS and results[0].dtype == "int64" != expected[0][1]:
        assert results[0].shape == expected[0][0]
        return "equal but for the dtype: torch adds whole numbers up in int64"
    ours = [(x.shape, x.dtype) for x in results]
    assert ours == expected[: len(ours)], f"{node.name}: {steps}: {ours}, onnx gives {expected}"
    return "equal"


@pytest.fixture(scope="module")
def cases() -> tuple[Node, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nodes()


def judged_cases(cases: tuple[Node, ...]) -> tuple[Counter[str], list[str]]:
    """Return how many cases came to which outcome, and where onnx gives another shape."""
    tally: Counter[str] = Counter()
    faults: list[str] = []
    for node in cases:
        try:
            tally[outcome_of(node)] += 1
        except AssertionError as fault:
            faults.append(str(fault).split("\nassert")[0])
    return tally, faults


@pytest.mark.slow
def test_shapes_of_onnx_node_cases_are_ours(cases: tuple[Node, ...]) -> None:
    tally, faults = judged_cases(cases)
    assert faults == []
    assert tally["equal"] >= 250
    used = {outcome.removeprefix("stricter: ") for outcome in tally}
    assert set(STRICTER) <= used


def test_page_counts_the_cases_of_onnx(cases: tuple[Node, ...], update_golden: bool) -> None:
    tally, faults = judged_cases(cases)
    rows = [*tally.most_common(), ("archc and onnx disagree", len(faults))]
    rows.append(("all cases", len(cases)))
    head = f"With onnx {onnx.__version__}, cases of {len(OPERATORS)} operators:\n\n"
    page = part((ROOT / "docs" / PAGE).read_text(encoding="utf-8"), "onnx")
    if page.split("\n")[0] != head.split("\n", maxsplit=1)[0] and not update_golden:
        pytest.skip("the page counts the cases of another onnx")
    expect_part(PAGE, "onnx", head + table(["outcome", "=cases"], rows), update_golden)


def test_every_operator_of_the_table_has_a_case(cases: tuple[Node, ...]) -> None:
    assert {node.operator for node in cases} == OPERATORS


def test_weights_of_onnx_convolutions_have_the_shapes_that_ours_own(
    cases: tuple[Node, ...],
) -> None:
    compared = 0
    for node in cases:
        if node.operator not in ("Conv", "ConvTranspose"):
            continue
        try:
            (step,) = steps_of(node)
        except Skipped:
            continue
        layer = bind(found(step.subject), step.arguments, step.keywords or {})
        x, weight, *_ = node.inputs
        assert x is not None and weight is not None
        assert layer.owned(TensorType(x.shape))[0].shape == weight.shape
        compared += 1
    assert compared >= 8
