"""Which results a layer has, by name, and how they lie in what the module returns."""

import pytest

from archc.layers.base import Returned
from archc.shapes import TensorType
from tests.layers.case_files import bound_call

IMAGE = TensorType((2, 3, 8, 8))


def results(call: str) -> tuple[tuple[str, ...], Returned]:
    layer = bound_call(call)
    return layer.result_names(IMAGE), layer.returned


@pytest.mark.parametrize("call", ["MaxPool2d(2)", "AdaptiveMaxPool2d(2)"])
def test_a_maximum_without_its_positions_is_one_result(call: str) -> None:
    assert results(call) == (("",), 0)


@pytest.mark.parametrize(
    "call", ["MaxPool2d(2, return_indices=True)", "AdaptiveMaxPool2d(2, return_indices=True)"]
)
def test_a_maximum_with_its_positions_is_two_results(call: str) -> None:
    assert results(call) == (("", "indices"), (0, 1))
