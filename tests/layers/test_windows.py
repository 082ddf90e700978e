"""The arithmetic of windows against counting, and its worked examples against a pen."""

import pytest

from archc.windows import (
    Axis,
    adaptive_axis,
    ceil_working,
    floor_working,
    formula,
    transposed_length,
    transposed_working,
)


@pytest.mark.parametrize("length", range(1, 25))
def test_adaptive_axis_is_the_largest_part_of_any_division(length: int) -> None:
    for parts in range(1, 31):
        # Part i reaches from ⌊iL/o⌋ to ⌈(i + 1)L/o⌉, as torch's documentation has it.
        sizes = [-(-(i + 1) * length // parts) - i * length // parts for i in range(parts)]
        assert adaptive_axis(length, parts) == Axis(max(sizes), max(length // parts, 1))


def test_output_padding_is_none_unless_it_is_given() -> None:
    assert transposed_length(5, Axis(3, 2)) == (5 - 1) * 2 + 3


def test_an_axis_is_a_plain_window_unless_it_says_more() -> None:
    assert Axis(3) == Axis(3, 1, (0, 0), 1)


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        (formula(5, Axis(7)), "⌊(5 + 2·0 − 7)/1⌋ + 1 = −1"),
        (
            floor_working(10, Axis(3, 2, (0, 1))),
            "⌊(L + p₀ + p₁ − k)/s⌋ + 1 = ⌊(10 + 0 + 1 − 3)/2⌋ + 1 = 5",
        ),
        (
            floor_working(9, Axis(3, 1, (1, 1), 2)),
            "⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1 = ⌊(9 + 2·1 − 2·(3 − 1) − 1)/1⌋ + 1 = 7",
        ),
        (
            ceil_working(9, Axis(3, 2)),
            "⌈(L + 2p − k)/s⌉ + 1 = ⌈(9 + 2·0 − 3)/2⌉ + 1 = 4",
        ),
        (
            ceil_working(10, Axis(2, 3, (1, 1))),
            "⌈(L + 2p − k)/s⌉ + 1 = ⌈(10 + 2·1 − 2)/3⌉ + 1 = 5, "
            "less 1: the last window would start at 12 ≥ L + p = 11",
        ),
        (
            ceil_working(8, Axis(2, 5, (0, 3))),
            "⌈(L + p₀ + p₁ − k)/s⌉ + 1 = ⌈(8 + 0 + 3 − 2)/5⌉ + 1 = 3, "
            "less 1: the last window would start at 10 ≥ L + p = 8",
        ),
        (transposed_working(5, Axis(3, 2)), "(L − 1)s − 2p + k = (5 − 1)·2 − 2·0 + 3 = 11"),
        (
            transposed_working(5, Axis(3, 2, (1, 1), 2), 1),
            "(L − 1)s − 2p + d(k − 1) + 1 + output_padding = "
            "(5 − 1)·2 − 2·1 + 2·(3 − 1) + 1 + 1 = 12",
        ),
    ],
)
def test_a_worked_formula_has_the_letters_and_the_numbers(shown: str, written: str) -> None:
    assert shown == written
