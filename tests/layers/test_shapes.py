"""Sizes, ranks and dtypes at their limits; torch says how dtypes meet and how long they are."""

from itertools import product

import pytest
import torch

from archc.diagnostics import RuleViolation
from archc.shapes import TensorType, checked, promoted

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "bfloat16", "float16")
DTYPES += ("float32", "float64")


@pytest.mark.parametrize("shape", [(2**31 - 1,), (1,) * 8])
def test_a_shape_at_a_limit_is_returned(shape: tuple[int, ...]) -> None:
    assert checked(shape) == shape


@pytest.mark.parametrize("shape", [(2**31,), (1,) * 9, (0,), ()])
def test_a_shape_past_a_limit_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RuleViolation):
        checked(shape)


@pytest.mark.parametrize(("first", "second"), list(product(DTYPES, repeat=2)))
def test_dtypes_meet_as_torchs_do(first: str, second: str) -> None:
    together = torch.promote_types(getattr(torch, first), getattr(torch, second))
    assert promoted(first, second) == str(together).removeprefix("torch.")


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_of_a_sample_are_those_of_torchs_tensor(dtype: str) -> None:
    tensor = torch.zeros((3, 5), dtype=getattr(torch, dtype))
    assert TensorType((3, 5), dtype).bytes == tensor.nbytes
