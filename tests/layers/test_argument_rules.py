"""What arguments say by themselves is judged without an input, and no good call is refused.

The referee is a pool of inputs: arguments that none of them suits are wrong, whatever flows, and
arguments that one of them suits are not.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from archc.compiler import check_spec
from archc.diagnostics import CompileError, Diagnostic, RuleViolation
from archc.layers.base import Layer
from archc.layers.binding import misfits
from archc.opening import read_spec
from archc.shapes import Batch, TensorType
from tests.layers.case_files import Case, all_cases, read_cases, subject_class

SPEAKS_OF_INPUTS = re.compile(
    r"pool to this input|other channels than|features|mask is|mask` is|one dtype|\d elements do"
    r"|does not exist in|the batch|of the equation is|terms for|would cut|the size is|drops dim"
    r"|the tensors have|needs a number for each|would mix|to 8 dimensions; this one would have 0"
)
"""What a message says that speaks of shapes: the pool is too small for these."""
SIZES = (1, 2, 3, 4, 5, 6, 8, 12, 16, 18, 64, 100)
LENGTHS = (1, 2, 3, 4, 7, 8, 16, 49, 64)
RANKS = range(6)


@cache
def pool() -> tuple[TensorType, ...]:
    """Return a tensor of each rank, with many sizes, of each kind of numbers."""
    shapes = [
        (Batch("B"), size, *(length,) * rank)
        for size in SIZES
        for rank in RANKS
        for length in LENGTHS
    ]
    return tuple(
        TensorType(shape, dtype)
        for dtype in ("float32", "int64", "bool")
        for shape in [(Batch("B"),), *shapes]
    )


def candidates(case: Case) -> Iterator[Sequence[TensorType]]:
    """Yield the inputs of the layer's other cases, then what is in the pool."""
    yield from (other.inputs for other in read_cases(case.subject))
    least, most = subject_class(case.subject).arity
    for count in range(least, min(most, 4) + 1):
        yield from ((tensor,) * count for tensor in pool())


def suits(layer: Layer, inputs: Sequence[TensorType]) -> bool:
    """Return whether a layer takes inputs."""
    least, most = layer.arity
    if not least <= len(inputs) <= most:
        return False
    try:
        layer.outputs(*inputs)
    except RuleViolation:
        return False
    return True


def broken_rules(layer: Layer) -> list[RuleViolation]:
    """Return what is wrong with a layer's arguments by themselves."""
    found: list[RuleViolation] = []
    for rule in layer.argument_rules({}):
        try:
            rule()
        except RuleViolation as violation:
            found.append(violation)
    return found


def refusal(case: Case) -> RuleViolation:
    """Return how a failing case is refused with its inputs."""
    with pytest.raises(RuleViolation) as caught:
        case.bound().outputs(*case.inputs)
    return caught.value


def is_bound(case: Case) -> bool:
    """Return whether each argument is right by itself."""
    try:
        case.bound()
    except RuleViolation:
        return False
    return True


BOUND = [case for case in all_cases() if is_bound(case)]
FAILING = [case for case in BOUND if case.error]
REFUSED = [case for case in FAILING if broken_rules(case.bound())]
WRITTEN = [case for case in REFUSED if case.subject != "getitem"]


@pytest.mark.parametrize("case", [case for case in BOUND if not case.error], ids=str)
def test_a_passing_case_breaks_no_rule_of_arguments(case: Case) -> None:
    assert broken_rules(case.bound()) == []


@pytest.mark.parametrize("case", FAILING, ids=str)
def test_arguments_that_no_input_suits_are_refused_without_one(case: Case) -> None:
    layer = case.bound()
    found = broken_rules(layer)
    if any(suits(layer, inputs) for inputs in candidates(case)):
        assert found == []
    elif not SPEAKS_OF_INPUTS.search(refusal(case).headline):
        assert {violation.code for violation in found} == {case.error}


def diagnostics_of(text: str) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a text."""
    try:
        return check_spec(read_spec(text, "spec.yaml")).diagnostics
    except CompileError as error:
        return error.diagnostics


def written(case: Case) -> list[str]:
    """Return the inputs of a case as a spec declares them."""
    return [f"in{place}: {tensor}" for place, tensor in enumerate(case.inputs)]


def sources(case: Case) -> str:
    """Return what a line takes that takes the inputs of a case."""
    names = ", ".join(f"in{place}" for place in range(len(case.inputs)))
    return f" from {names}" if names else ""


SPEC = "archc: 1\nname: m\ninputs:\n  {inputs}\n"
UNCALLED = "blocks:\n  Never({parameters})({names}):\n    - {line}\nmodel:\n  - ReLU\n"


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_wrong_arguments_are_told_in_a_block_that_nobody_calls(case: Case) -> None:
    names = sources(case).removeprefix(" from ")
    parts = SPEC + (UNCALLED if names else UNCALLED.replace("({names})", ""))
    line = case.call + sources(case)
    text = parts.format(inputs="x: [B, 3]", parameters="a", names=names, line=line)
    found = diagnostics_of(text)
    assert [d.code for d in found] == [case.error]
    assert found[0].headline == broken_rules(case.bound())[0].headline
    assert found[0].primary is not None
    assert found[0].primary.line == 7


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_wrong_arguments_are_told_behind_a_stage_that_failed(case: Case) -> None:
    text = SPEC.format(inputs="x: [B, 3]") + f"model:\n  - Oops(3) -> {case.call}\n"
    assert [d.code for d in diagnostics_of(text)] == ["ARC302", case.error]


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_wrong_arguments_are_told_once_where_the_line_runs(case: Case) -> None:
    text = SPEC.format(inputs="\n  ".join(written(case)) or "x: [B, 3]")
    text += f"model:\n  y: {case.call}{sources(case)}\n"
    found = diagnostics_of(text)
    assert [(d.code, d.headline) for d in found] == [(case.error, refusal(case).headline)]


@pytest.mark.parametrize(
    "call",
    [
        "permute(x, 0, 1, 1)",
        "flip(x, 1, 1)",
        "interpolate(x, 7, scale_factor=2)",
        "max_pool2d(x, 2, padding=2)",
        "einsum('bchw->bk', x)",
        "x[..., 0, ...]",
        "x[:, ::-1]",
        "unflatten(x, 1, (-1, -1))",
    ],
)
def test_wrong_arguments_of_an_expression_are_told_once_and_without_its_tensor(call: str) -> None:
    spec = SPEC.format(inputs="image: [B, 4, 8, 8]")
    blocks = f"blocks:\n  Never()(x):\n    - ReLU from {call}\n"
    spoiled = diagnostics_of(f"{spec}{blocks}model:\n  - ReLU\n")
    running = diagnostics_of(f"{spec}{blocks}model:\n  - Never\n")
    assert len(spoiled) == len(running) == 1
    assert (spoiled[0].code, spoiled[0].primary) == (running[0].code, running[0].primary)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("Conv2d(out, 3, padding='same', stride=2)", "ARC208"),
        ("Conv2d(9, out, groups=4)", "ARC405"),
        ("Conv2d(8, 3, groups=4, in_channels=6)", "ARC405"),
        ("MultiheadAttention(8, embed_dim=30)", "ARC405"),
        ("TransformerEncoderLayer(8, d_model=30)", "ARC405"),
        ("GroupNorm(4, num_channels=30)", "ARC405"),
        ("MaxPool2d(2, stride=out, padding=2)", "ARC401"),
    ],
)
def test_rules_hold_where_other_arguments_are_not_known(call: str, code: str) -> None:
    text = SPEC + UNCALLED
    found = diagnostics_of(text.format(inputs="x: [B, 3]", parameters="out", names="x", line=call))
    assert [d.code for d in found] == [code]


@pytest.mark.parametrize(
    "call",
    [
        "Conv2d(8, 3, padding='same', stride=out)",
        "Conv2d(out, 3, groups=4)",
        "Conv2d(8, 3, groups=4, in_channels=out)",
        "MaxPool2d(out, padding=2)",
        "MaxPool2d(padding=2, **kw)",
        "Conv2d(8, 3, padding='same', **kw)",
        "Upsample(scale_factor=out)",
        "Upsample(**kw)",
        "permute(0, out, 1)",
    ],
)
def test_no_rule_is_broken_by_what_is_not_known(call: str) -> None:
    text = SPEC + UNCALLED
    parameters = "**kw" if "**kw" in call else "out"
    inner = text.format(inputs="x: [B, 3]", parameters=parameters, names="x", line=call)
    assert diagnostics_of(inner) == ()


def test_a_rule_that_a_parameter_breaks_is_told_beside_a_line_that_failed_above() -> None:
    text = SPEC.format(inputs="x: [B, 8, 8, 8]") + (
        "blocks:\n  Wide(out)(x):\n    - Conv2d(out, 3, groups=4)\n    - ReLU\n"
        "model:\n  - Oops\n  - Wide(8)\n  - Conv2d(9, 3, groups=4)\n"
    )
    assert [(d.code, d.primary and d.primary.line) for d in diagnostics_of(text)] == [
        ("ARC302", 10),
        ("ARC405", 12),
    ]


def test_a_misfit_is_told_once_for_each_rule() -> None:
    found = misfits(subject_class("Conv2d"), (9, 3), {"groups": 4, "padding": "same", "stride": 2})
    assert [violation.argument for violation in found] == ["padding", "groups"]
