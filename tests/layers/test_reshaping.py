"""What a refused reshape advises, and how joined sizes are worked out: exact texts and numbers."""

import pytest

from archc.diagnostics import RuleViolation
from archc.functions.reshaping import Flatten, Reshape, Squeeze, Unflatten, View, merged_working
from archc.layers.base import Function
from archc.shapes import Batch, Shape, TensorType

B = Batch("B")


def refused(function: Function, shape: Shape) -> tuple[str, tuple[str, ...]]:
    """Return the help and the notes of a refusal."""
    with pytest.raises(RuleViolation) as caught:
        function.outputs(TensorType(shape))
    return caught.value.help, caught.value.notes


@pytest.mark.parametrize(
    ("sizes", "help"),
    [
        ((-1, -1, 4), "write reshape(-1, 6, 4)"),  # a sample has 24 elements
        ((-1, 8, -1), "write reshape(-1, 8, 3)"),
        ((-1, -1, 5), ""),  # 24 is no multiple of 5
        ((-1, -1, -1), ""),
        ((3, 8), "write reshape(-1, 3, 8)"),
        ((3, 9), "write -1, the batch, first"),
        ((-1, 3, 9), "write reshape(-1, 3, 8)"),  # 24 is no multiple of 9
        ((-1, 2, 2), "write reshape(-1, 12, 2) or reshape(-1, 2, 12)"),
        ((-1, 5, 7), "write -1, the batch, first"),
        ((6, -1), "write reshape(-1, 24)"),
        ((3, 2, -1), "the batch comes first, and is -1: write reshape(-1, 3, 2, 4)"),
    ],
)
def test_a_refused_reshape_advises_the_sizes_that_fit(sizes: tuple[int, ...], help: str) -> None:
    assert refused(Reshape(sizes=sizes), (B, 3, 8))[0] == help


def test_a_refused_view_advises_a_view() -> None:
    assert refused(View(sizes=(3, 8)), (B, 3, 8))[0] == "write view(-1, 3, 8)"


def test_a_refused_reshape_counts_a_sample() -> None:
    notes = refused(Reshape(sizes=(-1, 3, 9)), (B, 3, 8))[1]
    assert notes == ("a sample has 24 elements, [3, 9] has 27",)


def test_sizes_that_do_not_multiply_to_the_whole_are_multiplied_in_a_note() -> None:
    assert refused(Reshape(sizes=(5, 2, -1)), (3, 4))[1] == ("5 · 2 = 10",)
    assert refused(Unflatten(dim=1, sizes=(5, -1)), (B, 12))[1] == ("5 = 5",)
    assert refused(Reshape(sizes=(-1, 2)), (3, 3))[1] == ("2 = 2",)


def test_flattening_one_dimension_keeps_the_batch() -> None:
    (result,) = Flatten(start_dim=0, end_dim=0).outputs(TensorType((B, 3)))
    assert result.shape == (B, 3)


def test_squeezing_a_dimension_keeps_those_behind_it() -> None:
    (result,) = Squeeze(dim=1).outputs(TensorType((B, 1, 7, 5)))
    assert result.shape == (B, 7, 5)


def test_a_dimension_is_parted_into_one_and_the_rest() -> None:
    (result,) = Unflatten(dim=1, sizes=(1, -1)).outputs(TensorType((B, 6, 7)))
    assert result.shape == (B, 1, 6, 7)


def test_flattening_the_batch_advises_to_begin_behind_it() -> None:
    assert refused(Flatten(), (B, 3, 4)) == ("write flatten(1)", ("the input is [B, 3, 4]",))
    assert refused(Flatten(), (3, B, 4)) == ("", ("the input is [3, B, 4]",))


@pytest.mark.parametrize(
    ("start", "end", "working"),
    [(1, -1, ("3 · 4 · 5 = 60",)), (1, 2, ("3 · 4 = 12",)), (-2, -1, ("4 · 5 = 20",)), (2, 2, ())],
)
def test_joined_sizes_are_worked_out(start: int, end: int, working: tuple[str, ...]) -> None:
    assert merged_working((B, 3, 4, 5), start, end) == working
