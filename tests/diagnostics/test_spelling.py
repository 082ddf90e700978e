"""Which names are another one misspelt for certain: the pairs are what people type."""

import pytest

from archc.diagnostics.spelling import is_misspelt, is_nearest

MISSPELT = [
    ("Cov2d", "Conv2d"),
    ("conv2D", "Conv2d"),
    ("Linaer", "Linear"),
    ("BatchNrom2d", "BatchNorm2d"),
    ("batch_norm2d", "BatchNorm2d"),
    ("downsmaple", "downsample"),
    ("kernel_szie", "kernel_size"),
    ("kernelsize", "kernel_size"),
    ("strid", "stride"),
    ("rleu", "relu"),
    ("modle", "model"),
]
BOTH_MEANT = [
    ("up1_0", "up1_1"),
    ("Conv1d", "Conv2d"),
    ("k_proj", "q_proj"),
    ("block_c", "block_a"),
    ("kelu", "relu"),
    ("down", "dawn"),
    ("AvgPool2d", "MaxPool2d"),
    ("encoder", "decoder"),
    ("keep_prob", "p"),
    ("amin", "amax"),
]


@pytest.mark.parametrize(("given", "meant"), MISSPELT)
def test_name_with_a_slip_is_misspelt(given: str, meant: str) -> None:
    assert is_misspelt(given, meant)


@pytest.mark.parametrize(("given", "meant"), BOTH_MEANT)
def test_name_that_may_be_meant_is_not_misspelt(given: str, meant: str) -> None:
    assert not is_misspelt(given, meant)


def test_short_name_is_misspelt_where_nothing_else_is_near() -> None:
    assert is_nearest("byas", "bias", ["bias", "out_features"])
    assert not is_nearest("kelu", "relu", ["relu", "gelu"])
    assert not is_nearest("pap", "p", ["p"])
