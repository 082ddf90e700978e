"""The verdict on a call: archc and torch agree, archc is stricter for a reason, or one is wrong."""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from archc.diagnostics import RuleViolation
from archc.layers.base import Layer
from archc.shapes import Batch, TensorType
from tests.referees.calls import (
    TorchCall,
    Translation,
    judged_results,
    outputs_of,
    translated,
    type_of,
    with_batch,
)
from tests.referees.strictness import reason_of

EQUAL = "equal"
REFUSED = "refused by both"
BY_VALUE = "refused by torch for the numbers in a tensor, which no shape rule sees"
VALUES_REFUSED = {"Embedding": "index out of range", "gather": "is out of bounds for dimension"}


@dataclass(frozen=True)
class Torch:
    """What torch made of a call: results and a state dict, or the text of its refusal."""

    results: tuple[TensorType, ...] = ()
    state: Mapping[str, TensorType] | None = None
    refusal: str = ""


def torch_verdict(call: TorchCall) -> Torch:
    """Run the call in torch on the CPU."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module, results = call.run()
        except Exception as error:
            return Torch(refusal=f"{type(error).__name__}: {error}"[:300])
    types = tuple(type_of(x) for x in flattened(results))
    if module is None:
        return Torch(types)
    return Torch(types, {name: type_of(x) for name, x in module.state_dict().items()})


def flattened(result: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors of nested tuples in order."""
    if isinstance(result, torch.Tensor):
        yield result
    elif result is not None:
        for part in result:
            yield from flattened(part)


def judged(call: TorchCall) -> str:
    """Return the outcome: `equal`, `refused by both` or the reason why archc is stricter.

    Raises:
        AssertionError: archc and torch disagree.
    """
    verdict = torch_verdict(call)
    try:
        translation = translated(call)
        results = outputs_of(translation, call.types)
    except RuleViolation as violation:
        if verdict.refusal:
            return REFUSED
        reason = reason_of(call, violation, verdict.results)
        assert reason, f"{call}: torch gives {texts(verdict.results)}, archc: {violation.headline}"
        return reason
    if VALUES_REFUSED.get(call.subject, "\0") in verdict.refusal:
        return BY_VALUE
    assert not verdict.refusal, f"{call}: archc gives {texts(results)}, torch {verdict.refusal}"
    if not call.inputs:
        return EQUAL
    expected = judged_results(call, verdict.results)
    assert results == expected, (
        f"{call}: archc gives {texts(results)}, torch {texts(verdict.results)}"
    )
    expect_equal_state(call, translation.layer, verdict)
    expect_equal_with_batch(call, translation, results)
    return EQUAL


def expect_agreement(call: TorchCall) -> None:
    """Check that archc and torch agree on a call, or that a reason says why not."""
    assert judged(call)


def expect_equal_state(call: TorchCall, layer: Layer, verdict: Torch) -> None:
    """Check that archc owns the tensors of torch's state dict, in its order."""
    owned = [o for o in layer.owned(*call.types) if o.kind != "transient"]
    state = verdict.state or {}
    ours = [(o.name, TensorType(o.shape, o.dtype)) for o in owned]
    assert ours == list(state.items()), f"{call}: archc owns {ours}, torch {state}"


def expect_equal_with_batch(
    call: TorchCall, translation: Translation, results: tuple[TensorType, ...]
) -> None:
    """Check that what archc says of an unknown batch holds for the known one, where it speaks."""
    if not call.inputs:
        return
    types = with_batch(call.types)
    try:
        unknown = outputs_of(translation, types)
    except RuleViolation:
        return
    leading = call.types[0].shape[0]
    known = tuple(
        x.with_shape(tuple(leading if isinstance(s, Batch) else s for s in x.shape))
        for x in unknown
    )
    assert known == results, f"{call}: with an unknown batch archc gives {texts(unknown)}"


def texts(types: tuple[TensorType, ...]) -> str:
    """Return types as a message shows them."""
    return ", ".join(map(str, types)) or "nothing"


class Tally(Counter[str]):
    """How many calls came to which outcome; the faults by text."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def judge(self, call: TorchCall) -> None:
        """Judge a call and keep what came of it."""
        try:
            self[judged(call)] += 1
        except AssertionError as fault:
            self.faults.append(str(fault).split("\nassert")[0])
