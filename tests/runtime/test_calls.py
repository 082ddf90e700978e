"""Mistakes of the one who calls `archc.load` and its like are said to be his."""

from pathlib import Path
from typing import Any

import pytest
import torch

import archc

NET = "archc: 1\nname: net\nparams: {width: 4}\ninputs: {x: [B, 8]}\nmodel:\n  fc: Linear(width)\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "net.yaml"
    file.write_text(NET, encoding="utf-8")
    return file


MISTAKES: dict[str, dict[str, Any]] = {
    "the device `gpu` cannot be used here": {"device": "gpu"},
    "the device `cuda:99` cannot be used here": {"device": "cuda:99"},
    "`torch.int32` is none": {"dtype": torch.int32},
    "`floaty` is none": {"dtype": "floaty"},
    "a seed is an integer of 64 bits, not 'a'": {"seed": "a"},
    "a seed is an integer of 64 bits, not 1.5": {"seed": 1.5},
    "a seed is an integer of 64 bits, from -9223372036854775808 to 18": {"seed": 2**64},
    "params is a mapping": {"params": [("width", 1)]},
    "inputs is a mapping": {"inputs": [1, 8]},
    "ops is a mapping": {"ops": [torch.nn.Linear]},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_wrong_argument_of_load_is_an_error_of_the_call(spec: Path, message: str) -> None:
    with pytest.raises(archc.CallError, match=message):
        archc.load(spec, **MISTAKES[message])


@pytest.mark.parametrize("seed", [-(2**63), 0, 2**64 - 1])
def test_seed_at_the_limits_is_taken(spec: Path, seed: int) -> None:
    assert archc.load(spec, seed=seed)(torch.zeros(2, 8)).shape == (2, 4)


@pytest.mark.parametrize("name", ["float16", "torch.float64", "bfloat16"])
def test_dtype_may_be_given_by_its_name(spec: Path, name: str) -> None:
    (weight, _) = archc.load(spec, dtype=name).parameters()
    assert str(weight.dtype) == f"torch.{name.removeprefix('torch.')}"


def test_exception_may_be_one_name_alone(spec: Path) -> None:
    model = archc.load(spec, weights={}, except_="fc")
    assert model(torch.zeros(2, 8)).shape == (2, 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (NET, r"a path has no line breaks: give a spec's text to archc.check\(text=…\)"),
        (7, "a path is a string or a Path, not of the type int"),
    ],
)
def test_text_or_number_in_place_of_a_path_is_an_error_of_the_call(
    given: Any, message: str
) -> None:
    for function in (archc.check, archc.summary, archc.draw, archc.load, archc.build):
        with pytest.raises(archc.CallError, match=message):
            function(given)


def test_text_that_is_bytes_is_an_error_of_the_call() -> None:
    text: Any = NET.encode()
    with pytest.raises(archc.CallError, match="text is a string, not of the type bytes"):
        archc.check(text=text)


def test_parameters_of_check_are_a_mapping() -> None:
    params: Any = [("width", 1)]
    with pytest.raises(archc.CallError, match="params is a mapping"):
        archc.check(text=NET, params=params)


def test_picture_of_another_format_is_refused_as_a_file_of_it_is(tmp_path: Path) -> None:
    drawing = archc.draw(text=NET)
    gif: Any = "gif"
    with pytest.raises(archc.CompileError, match="`gif` names no picture format"):
        drawing.picture(gif)
    with pytest.raises(archc.CompileError, match=r"`net\.gif` names no picture format"):
        drawing.save(tmp_path / "net.gif")
