"""Where archc refuses what torch accepts, on purpose: a reason a line, each with its predicate.

A reason counts only for a call that torch did accept, so that each is pinned by the rows it
excuses; a refusal that no reason covers is a fault.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import torch

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function
from archc.layers.masks import Masked
from archc.shapes import TensorType
from tests.referees.calls import (
    TorchCall,
    Translation,
    found,
    judged_results,
    named_arguments,
    outputs_of,
    translated,
)

Results = tuple[TensorType, ...]
Predicate = Callable[[TorchCall, RuleViolation, Results], bool]

LEFT_OUT = {
    "alpha": "a factor of the second operand is written as a product",
    "bias": "a norm's `bias` is newer than the oldest torch that archc runs on",
    "decimals": "rounding is to integers",
    "dtype": "a result's dtype follows from the input",
    "rounding_mode": "division is exact",
}
"""torch's arguments that the language does without, with the reason."""


def reason_of(call: TorchCall, violation: RuleViolation, results: Results) -> str:
    """Return why archc refuses a call that torch accepts, or nothing."""
    for reason, applies in (*REASONS, *EDGE_REASONS):
        if applies(call, violation, results):
            return reason
    return ""


def is_unbatched(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    """Return whether archc accepts the call with a batch of one, with torch's results."""
    try:
        translation = translated(call)
    except RuleViolation:
        return False
    if not call.types or violation.code == Code.DTYPE:
        return False
    results = _floating(judged_results(call, results))
    layer = translation.layer
    places = [(0, 0)] if isinstance(layer, Function) else product((0, 1), repeat=2)
    masks = layer.mask_names() if isinstance(layer, Masked) and layer.masks else ()
    content = call.types[: len(call.types) - len(masks)]
    masking = tuple(map(_batched_mask, masks, call.types[len(content) :]))
    return any(
        _equal_with_batch(translation, (*_batched(types, *at), *masking), results)
        for at in places
        for types in (content, _floating(content))
    )


def _batched_mask(name: str, mask: TensorType) -> TensorType:
    """Return a mask with a batch of one, where it has a row for each sample."""
    return _inserted(mask, 0) if name.endswith("key_padding_mask") else mask


def _floating(types: Sequence[TensorType]) -> Results:
    """Return types of float32 in place of integers, which another reason speaks of."""
    return tuple(x if x.is_floating else TensorType(x.shape) for x in types)


def _equal_with_batch(
    translation: Translation, types: Sequence[TensorType], results: Results
) -> bool:
    try:
        ours = outputs_of(translation, types)
    except RuleViolation:
        return False
    return any(_floating(ours) == _batched(results, *at) for at in product((0, 1), repeat=2))


def _batched(types: Sequence[TensorType], first: int, rest: int) -> Results:
    """Return types with a batch of one: at `first` in the first, at `rest` in the states."""
    return tuple(_inserted(x, rest if place else first) for place, x in enumerate(types))


def _inserted(x: TensorType, at: int) -> TensorType:
    return x.with_shape((*x.shape[:at], 1, *x.shape[at:]))


def _is_scalar(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    return any(x.rank == 0 for x in (*call.types, *results))


def _is_empty(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    return any(0 in x.shape for x in (*call.types, *results)) or not call.inputs


def _is_whole(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    return violation.code == Code.DTYPE and not all(x.is_floating for x in call.types)


def _takes_a_tensor(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    given = [*call.arguments, *call.keywords.values(), *call.forward.values()]
    too_many = len(call.inputs) > found(call.subject).arity[1]
    return too_many or any(isinstance(x, torch.Tensor) for x in _parts(given))


def _parts(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _parts(value)
        else:
            yield value


def _left_out(name: str) -> Predicate:
    def applies(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
        unknown = violation.code == Code.ARGUMENTS and violation.argument == name
        return unknown or (isinstance(call.keywords.get(name), torch.dtype))

    return applies


def _of(subjects: str, *codes: Code) -> Predicate:
    """Return the predicate of a rule of these subjects, which the code says has been broken."""

    def applies(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
        return call.subject in subjects.split() and violation.code in codes

    return applies


def _given(name: str, *values: Any) -> Predicate:
    """Return the predicate of a call in which an argument has one of these values."""

    def applies(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
        try:
            return named_arguments(call).get(name, ...) in values
        except RuleViolation:
            return False

    return applies


def _any_argument(test: Callable[[Any], bool]) -> Predicate:
    """Return the predicate of a call that has an argument of this kind."""

    def applies(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
        return any(test(value) for value in (*call.arguments, *call.keywords.values()))

    return applies


def _is_negative(value: Any) -> bool:
    return isinstance(value, int) and value < 0


def _any_part(test: Callable[[Any], bool]) -> Predicate:
    """Return the predicate of a call that has such a number, perhaps in a list."""
    return _any_argument(lambda value: any(map(test, _parts([value]))))


def _all(*predicates: Predicate) -> Predicate:
    return lambda *row: all(applies(*row) for applies in predicates)


_COPYING = " ".join(
    f"{kind}Pad{axes}d" for kind in ("Reflection", "Replication", "Circular") for axes in (1, 2, 3)
)
_COPYING += " pad Conv1d Conv2d Conv3d"
_LENIENT = "ZeroPad1d ZeroPad2d ZeroPad3d AdaptiveAvgPool2d AdaptiveAvgPool3d "
_LENIENT += "pixel_shuffle pixel_unshuffle"

_CONTENT = {"MultiheadAttention": 3, "TransformerEncoderLayer": 1, "TransformerDecoderLayer": 2}
"""How many tensors each layer attends to; all others mask."""
_attention = _of(
    " ".join(_CONTENT), Code.ARGUMENTS, Code.ARGUMENT_VALUE, Code.RANK, Code.SIZE_MISMATCH
)


def _has_masks_of_heads(call: TorchCall, violation: RuleViolation, results: Results) -> bool:
    return any(x.rank == 3 for x in call.types[_CONTENT[call.subject] :])


REASONS: tuple[tuple[str, Predicate], ...] = (
    ("a tensor without dimensions", _is_scalar),
    ("a size of 0", _is_empty),
    ("unbatched input; equal with a batch of one", is_unbatched),
    *((f"`{name}`: {why}", _left_out(name)) for name, why in LEFT_OUT.items()),
    (
        "a mask of attention is the same for all samples and heads",
        _all(_attention, _has_masks_of_heads),
    ),
    (
        "heads share keys where they are a dimension of their own",
        _of("scaled_dot_product_attention", Code.RANK),
    ),
    ("a tensor where the language takes a number", _takes_a_tensor),
    (
        "brackets take numbers, slices or one tensor",
        _of("getitem", Code.ARGUMENT_VALUE),
    ),
    (
        "shapes broadcast in arithmetic alone",
        _of(
            "maximum minimum scaled_dot_product_attention where masked_fill tensordot",
            Code.SIZE_MISMATCH,
        ),
    ),
    (
        "`squeeze`, `roll`, `mode`, `take_along_dim` and `repeat_interleave` say which dimension",
        _of("squeeze roll mode take_along_dim repeat_interleave", Code.ARGUMENTS),
    ),
    ("an activation is named, not handed over", _all(_attention, _any_argument(callable))),
    ("`cdist` computes in torch's own way", _of("cdist", Code.TOO_MANY_POSITIONAL)),
    (
        "vectors to compare are of one shape",
        _of("cdist cosine_similarity pairwise_distance", Code.SIZE_MISMATCH),
    ),
    ("`squeeze` drops one dimension, and of size 1", _of("squeeze", Code.DIMENSION)),
    (
        "`squeeze` drops one dimension, not a list of them",
        _all(_of("squeeze", Code.ARGUMENT_VALUE), _any_argument(lambda v: isinstance(v, tuple))),
    ),
    (
        "`correction` is a whole number",
        _all(_of("std var", Code.ARGUMENT_VALUE), _any_argument(lambda v: isinstance(v, float))),
    ),
    ("integers or booleans where numbers of a network are floating", _is_whole),
    ("an empty list of dimensions", _any_argument(lambda v: v == ())),
    (
        "one number in a list for several axes",
        _any_argument(lambda v: isinstance(v, tuple) and len(v) == 1),
    ),
    ("a norm is that of a vector", _given("p", "nuc")),
    ("the number of classes does not follow from the labels", _given("num_classes", -1)),
    ("a divisor below 0 turns the sign", _given("divisor_override", -2)),
    ("`hardtanh` needs a range with something in it", _of("hardtanh", Code.ARGUMENT_VALUE)),
    (
        "only the padding of zeros by a layer of its own may be negative",
        _all(_of(_COPYING, Code.ARGUMENT_VALUE, Code.RANK), _any_part(_is_negative)),
    ),
    ("an eps of 0, which torch refuses in training", _given("eps", 0.0)),
)
EDGE_REASONS: tuple[tuple[str, Predicate], ...] = (
    ("torch takes more dimensions here than it documents", _of(_LENIENT, Code.RANK)),
    ("`chunk` gives as many parts as it says", _of("chunk", Code.DIVISIBILITY)),
    ("a spread of too few elements is no number", _of("std var", Code.DIMENSION)),
)
"""Reasons for calls that torch's databases do not hold."""
