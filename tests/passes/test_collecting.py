"""The time of a check grows as the number of layers: the collector rests meanwhile."""

import gc
from collections.abc import Mapping

import pytest

import archc
from archc.collecting import uncollected
from archc.expressions.syntax import Binary, Literal, Name
from archc.shapes import Batch, TensorType


def deep(layers: int) -> str:
    """Return a spec of many layers in a row."""
    lines = "".join(f"  - Linear({8 + number % 3})\n" for number in range(layers))
    return f"archc: 1\nname: deep\ninputs: {{x: [B, 8]}}\nmodel:\n{lines}"


def test_check_of_many_layers_is_no_occasion_to_hunt_for_garbage() -> None:
    text = deep(2_000)
    archc.check(text=text)
    hunts: list[str] = []

    def count(phase: str, _facts: Mapping[str, int]) -> None:
        hunts.append(phase)

    gc.collect()
    gc.callbacks.append(count)
    try:
        assert archc.check(text=text).ok
    finally:
        gc.callbacks.remove(count)
    assert hunts.count("start") <= 6  # a few between reading, checking and returning


def test_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    archc.check(text=deep(3))
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()
    gc.disable()
    try:
        archc.check(text=deep(3))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_records_that_are_in_no_cycle_are_not_visited() -> None:
    sizes = TensorType((Batch("B"), 3), "float32")
    for record in (sizes, Binary("+", Name("a"), Literal(1))):
        assert not gc.is_tracked(record)
