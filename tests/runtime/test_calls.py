"""Mistakes of the one who calls `archc.load` and its like are said to be his."""

from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

import archc

NET = "archc: 1\nname: net\nparams: {width: 4}\ninputs: {x: [B, 8]}\nmodel:\n  fc: Linear(width)\n"


class Width(IntEnum):
    """An integer that prints itself otherwise."""

    FOUR = 4


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
    "ops has a class for `a`, not of the type int": {"ops": {"a": 1}},
    "params is a mapping of names": {"params": {1: 1}},
    "the sizes of `x` are a list of integers, not of the type int": {"inputs": {"x": 8}},
    "the sizes of `x` are integers, not of the type bool": {"inputs": {"x": (True, 8)}},
    "the sizes of `x` are integers, not of the type int64": {"inputs": {"x": (numpy.int64(1), 8)}},
    "max_nodes is an integer, not of the type bool": {"max_nodes": True},
    "max_nodes is an integer, not of the type float": {"max_nodes": 1e4},
    "max_nodes is an integer from 1 to 10000000": {"max_nodes": 10_000_001},
    "max_parameters is an integer, not of the type Tensor": {"max_parameters": torch.tensor(9)},
    "max_parameters is an integer from 1 to": {"max_parameters": 10**5000},
    "a seed is an integer of 64 bits, not Tensor": {"seed": torch.tensor(1)},
    "variant is a name, not of the type int": {"variant": 1},
    "init is True or False, not of the type int": {"init": 0},
    "except_ is a list of names, not of the type int": {"except_": 7, "weights": {}},
    "weights has a character that no path has": {"weights": "a\0.safetensors"},
    "a device is a name or torch's own, not of the type list": {"device": []},
    "a dtype is a name or torch's own, not of the type int": {"dtype": 32},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_wrong_argument_of_load_is_an_error_of_the_call(spec: Path, message: str) -> None:
    with pytest.raises(archc.CallError, match=message):
        archc.load(spec, **MISTAKES[message])


def inside_itself() -> list[object]:
    """Return a list that holds itself."""
    found: list[object] = [1]
    found.append(found)
    return found


VALUES: dict[str, tuple[object, str, str]] = {
    "huge": (10**5000, "ARC106", "`width` is an integer outside"),
    "nan": (float("nan"), "ARC209", "`width` is nan, which is no number"),
    "numpy": (numpy.float64(4), "ARC209", "`width` cannot be of Python's type `float64`"),
    "tensor": (torch.tensor(4), "ARC209", "`width` cannot be of Python's type `Tensor`"),
    "enumeration": (Width.FOUR, "ARC209", "`width` cannot be of Python's type `Width`"),
    "inside itself": (inside_itself(), "ARC106", "`width` is a list nested deeper than 32"),
    "many": ([[0] * 10_000] * 11, "ARC106", "`width` is lists of more than 100,000 elements"),
    "long": ([0] * 10_001, "ARC106", "`width` is a list longer than 10,000"),
    "text": ("a" * 10_001, "ARC106", "`width` is a text of more than 10,000 characters"),
}


@pytest.mark.parametrize("name", VALUES)
def test_value_that_no_parameter_has_is_refused_where_it_is_declared(name: str) -> None:
    value, code, message = VALUES[name]
    (found,) = archc.check(text=NET, params={"width": value}).diagnostics
    assert (str(found.code), found.headline[: len(message)]) == (code, message)
    assert str(found.primary) == "<text>:3:10"


@pytest.mark.parametrize("size", [0, -1, 2**31, 10**5000], ids=["none", "less", "more", "huge"])
def test_size_of_an_input_past_the_limit_is_refused_where_it_is_declared(size: int) -> None:
    (found,) = archc.check(text=NET, inputs={"x": (1, size)}).diagnostics
    assert found.headline == "`x` is given a size outside 1 … 2147483647"
    assert str(found.primary) == "<text>:4:13"


@pytest.mark.parametrize("wrong", [{"format": None}, {"sort": "name"}, {"depth": -1}])
def test_wrong_argument_of_summary_is_an_error_of_the_call(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(archc.CallError, match=f"^{name} is "):
        archc.summary(text=NET, **wrong)


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
        (NET, r"a path has no line breaks: give a spec's text by name, archc.check\(text=…\)"),
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


@pytest.mark.parametrize("wrong", [None, 3, b"x.svg", "a\0.svg"])
def test_wrong_path_of_a_drawing_is_an_error_of_the_call(spec: Path, wrong: Any) -> None:
    with pytest.raises(archc.CallError, match="a path "):
        archc.draw(spec).save(wrong)


@pytest.mark.parametrize("wrong", [None, [], 3])
def test_wrong_format_of_a_drawing_is_an_error_of_the_call(spec: Path, wrong: Any) -> None:
    with pytest.raises(archc.CallError, match="format is a string"):
        archc.draw(spec).picture(wrong)


@pytest.mark.parametrize("wrong", [None, [], "x"])
def test_wrong_mode_of_a_graph_is_an_error_of_the_call(spec: Path, wrong: Any) -> None:
    graph = archc.check(spec).graph
    assert graph is not None
    for live in (graph.live_outputs, graph.live_nodes):
        with pytest.raises(archc.CallError, match="mode is one of 'train', 'eval'"):
            live(wrong)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no such file system")
def test_folder_that_takes_no_files_is_not_to_be_made(spec: Path) -> None:
    with pytest.raises(archc.CompileError, match="choose another folder"):
        archc.draw(spec).save("/proc/x.svg")
