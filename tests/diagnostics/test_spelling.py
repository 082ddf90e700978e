"""Which names are another one misspelt for certain: the pairs are what people type."""

from collections.abc import Iterator
from random import Random
from string import ascii_lowercase

import pytest

from archc import functions, layers
from archc.diagnostics import Advice, Proposal, meant
from archc.diagnostics.spelling import is_misspelt, is_nearest, near

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


def typos(name: str, chance: Random) -> Iterator[str]:
    """Yield a name with one slip: a letter missing, too many, another, swapped, a capital."""
    place, turned = chance.randrange(len(name)), chance.randrange(len(name) - 1)
    before, letter, after = name[:place], name[place], name[place + 1 :]
    other = chance.choice(ascii_lowercase)
    yield before + after
    yield before + other + letter + after
    yield before + other + after
    yield name[:turned] + name[turned + 1] + name[turned] + name[turned + 2 :]
    yield before + letter.swapcase() + after


CALLEES = sorted({*layers.NAMES, *functions.NAMES})


def test_name_with_a_random_slip_is_found() -> None:
    chance = Random(1)
    names = [name for name in CALLEES if len(name) > 3]  # of shorter ones a slip leaves too little
    wrong = [(typo, name) for name in names for typo in typos(name, chance) if typo not in CALLEES]
    missed = [
        (typo, name)
        for typo, name in wrong
        # a module and its function, `ReLU` and `relu`, are one word
        if plain(name) not in map(plain, near(typo, CALLEES))
    ]
    assert len(wrong) > 1_000
    assert len(missed) <= len(wrong) // 100, missed


def plain(name: str) -> str:
    """Return the letters of a name."""
    return name.lower().replace("_", "")


WORDS = (
    "print map filter list dict len type class return import none shape size set str int float "
    "bool input output open zip enumerate lambda def for while if else True False None self super "
    "iter next object string array tensor extend insert remove name value key item file path "
    "network layer block model train test forward backward loss batch epoch data image foo bar "
    "baz hello world call run main start switch case const let new delete this function struct "
    "enum true false null nil void long short double static public MoE CBAM SPP CSP MLP"
).split()


@pytest.mark.parametrize("word", WORDS)
def test_word_that_is_no_slip_is_near_to_nothing(word: str) -> None:
    assert near(word, CALLEES) == ()


NEAR = [
    ("Relu", CALLEES, ["ReLU"]),
    ("relU", CALLEES, ["ReLU"]),
    ("Batchnorm1d", CALLEES, ["BatchNorm1d"]),
    ("mask", ["key_padding_mask", "attn_mask", "bias"], ["attn_mask", "key_padding_mask"]),
    ("masks", ["mask", "maskt", "x"], ["mask", "maskt"]),
    ("drop", ["dropout", "depth"], ["dropout"]),
    ("input", ["inputs", "output"], ["inputs"]),
    ("up1_1", ["up1_0", "down_10"], ["up1_0"]),
    ("ARC999", ["ARC409", "ARC401"], []),
    ("none", ["index", "one", "nine"], []),
    ("x" * 1000, ["x" * 999], []),
]


@pytest.mark.parametrize(("given", "known", "found"), NEAR, ids=lambda case: str(case)[:12])
def test_all_names_that_are_equally_near_are_found(
    given: str, known: list[str], found: list[str]
) -> None:
    assert [*near(given, known)] == found


def test_name_beside_two_that_are_near_is_asked_about_and_not_written() -> None:
    assert meant("masks", ["mask", "maskt"]) == "did you mean `mask` or `maskt`?"
    assert not isinstance(meant("masks", ["mask", "maskt"]), Proposal)
    assert isinstance(meant("masks", ["mask", "other"]), Advice)


def test_name_with_a_slip_behind_its_digits_is_written_where_nothing_else_is_near() -> None:
    assert isinstance(meant("Conv2dz", layers.NAMES, is_closed=True), Advice)
    assert not isinstance(meant("Conv4d", layers.NAMES, is_closed=True), Proposal)
