"""Weights that do not fit: what is said, the likely reason, and what may be left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import archc

NET = """\
archc: 1
name: small
inputs: {image: [B, 3, 8, 8]}
model:
  conv: Conv2d(4, 3, padding=1)
  bn: BatchNorm2d -> relu
  pool: AdaptiveAvgPool2d(1) -> flatten(1)
  fc: Linear(10)
"""
State = dict[str, Any]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(NET)
    return path


@pytest.fixture
def state(spec: Path) -> State:
    return dict(archc.load(spec).state_dict())


def refusal(spec: Path, weights: Any) -> archc.Diagnostic:
    with pytest.raises(archc.CompileError) as caught:
        archc.load(spec, weights=weights)
    (found,) = caught.value.diagnostics
    assert found.code.exit_status == 4
    return found


CHANGES: dict[str, tuple[Callable[[State], State], str, str]] = {
    "a bias of no layer": (
        lambda s: {**s, "heads.bias": torch.zeros(4)},
        "1 unexpected",
        "the model has no such layers: drop `heads.bias`",
    ),
    "a key too few": (
        lambda s: {k: v for k, v in s.items() if k != "fc.bias"},
        "1 missing",
        "without a bias in the weights: `fc`: write `bias=False`",
    ),
    "a key too many": (lambda s: {**s, "extra": torch.zeros(3)}, "1 unexpected", ""),
    "another head": (
        lambda s: {**s, "fc.weight": torch.zeros(5, 4), "fc.bias": torch.zeros(5)},
        "2 of another shape or type",
        "only `fc` has another size",
    ),
    "a renamed module": (
        lambda s: {k.replace("fc.", "classifier."): v for k, v in s.items()},
        "2 missing, 2 unexpected",
        "by their shapes, in the weights `fc` is `classifier`",
    ),
    "two renamed modules": (
        lambda s: {k.replace("fc.", "out.").replace("conv.", "stem."): v for k, v in s.items()},
        "4 missing, 4 unexpected",
        "`conv` is `stem`, `fc` is `out`",
    ),
    "words in front of all": (
        lambda s: {f"module.{k}": v for k, v in s.items()},
        "8 missing, 9 unexpected",
        "key.removeprefix('module.')",
    ),
    "a module as a list": (
        lambda s: {k.replace("bn.", "bn.0."): v for k, v in s.items()},
        "4 missing, 5 unexpected",
        "in the weights `bn` is `bn.0`: write `-> ReLU`, a module, not `-> relu`, or a list",
    ),
    "a misspelt parameter": (
        lambda s: {k.replace("fc.bias", "fc.bais"): v for k, v in s.items()},
        "1 missing, 1 unexpected",
        "is `fc.bias` called `fc.bais` in the weights?",
    ),
    "numbers too wide": (
        lambda s: {k: v.double() if v.is_floating_point() else v for k, v in s.items()},
        "8 of another shape or type",
        "dtype=torch.float64",
    ),
    "a misspelt parameter beside another head": (
        lambda s: {
            **{k.replace("conv.weight", "conv.wieght"): v for k, v in s.items()},
            "fc.weight": torch.zeros(5, 4),
            "fc.bias": torch.zeros(5),
        },
        "1 missing, 1 unexpected, 2 of another shape or type",
        "is `conv.weight` called `conv.wieght` in the weights?; only `fc` has another size",
    ),
    "a strange key beside another head": (
        lambda s: {**s, "q": torch.zeros(7), "fc.bias": torch.zeros(5)},
        "1 unexpected, 1 of another shape or type",
        "only `fc` has another size",
    ),
    "another network": (
        lambda _: {"a.weight": torch.zeros(2, 2)},
        "8 missing, 1 unexpected",
        "",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_weights_that_do_not_fit_are_refused_with_the_likely_reason(
    spec: Path, state: State, change: str
) -> None:
    alter, counts, advice = CHANGES[change]
    found = refusal(spec, alter(state))
    assert found.code is archc.Code.WEIGHTS_MISMATCH
    assert found.headline == f"the weights do not fit the model: {counts}"
    assert advice in found.help if advice else found.help == ""


def test_advised_change_of_names_makes_the_weights_fit(spec: Path, state: State) -> None:
    weights = {f"module.{key}": value for key, value in state.items()}
    code = "{" + refusal(spec, weights).help.partition("{")[2]
    archc.load(spec, weights=eval(code, {"weights": weights}))


OTHER_SPECS = {
    "a module where a function is meant": (
        "bn: BatchNorm2d -> ReLU",
        "bn: BatchNorm2d -> relu",
        "in the weights `bn.0` is `bn`: write `-> relu`, a function, not `-> ReLU`",
    ),
    "a module before another on one line": (
        "fc: Dropout -> Linear(10)",
        "fc: Linear(10)",
        "in the weights `fc.1` is `fc`: give each module a line of its own",
    ),
    "no bias in the spec": (
        "conv: Conv2d(4, 3, padding=1, bias=False)",
        "conv: Conv2d(4, 3, padding=1)",
        "with a bias in the weights: `conv`: leave out `bias=False`",
    ),
    "no bias in the weights": (
        "conv: Conv2d(4, 3, padding=1)",
        "conv: Conv2d(4, 3, padding=1, bias=False)",
        "without a bias in the weights: `conv`: write `bias=False`",
    ),
    "functions where the weights count modules": (
        "fc: [Linear(7), relu, Linear(7), relu, Linear(5)]",
        "fc: [Linear(7), ReLU, Linear(7), ReLU, Linear(5)]",
        "in the weights `fc.1` is `fc.2`, `fc.2` is `fc.4`: before them stand more modules there: "
        "write `ReLU`, a module",
    ),
    "modules where the weights have functions": (
        "fc: [Linear(7), ReLU, Linear(6), ReLU, Linear(5)]",
        "fc: [Linear(7), relu, Linear(6), relu, Linear(5)]",
        "in the weights `fc.2` is `fc.1`, `fc.4` is `fc.2`: before them stand fewer modules there: "
        "write `relu`",
    ),
}
"""A line of the spec, what it is in the spec of the weights, and what the message advises."""


@pytest.mark.parametrize("kind", OTHER_SPECS)
def test_advice_turns_a_line_into_that_of_the_weights(tmp_path: Path, kind: str) -> None:
    ours, theirs, advice = OTHER_SPECS[kind]
    name = ours.partition(":")[0]
    paths = [tmp_path / "ours.yaml", tmp_path / "theirs.yaml"]
    for path, line in zip(paths, (ours, theirs), strict=True):
        lines = [line if text.strip().startswith(name) else text for text in NET.splitlines()]
        path.write_text("\n".join(f"  {text}" if text == line else text for text in lines))
    weights = archc.load(paths[1]).state_dict()
    assert advice in refusal(paths[0], weights).help
    archc.load(paths[1], weights=weights)


def test_weights_without_the_words_in_front_say_how_to_add_them(
    tmp_path: Path, state: State
) -> None:
    nested = NET.replace("model:\n", "model:\n net:\n").replace("\n  ", "\n    ")
    path = tmp_path / "nested.yaml"
    path.write_text(nested)
    found = refusal(path, state)
    assert "the weights lack `net.` in front of each" in found.help
    code = "{" + found.help.partition("{")[2]
    archc.load(path, weights=eval(code, {"weights": state}))


def test_every_difference_is_kept_and_the_text_shows_twenty(spec: Path, state: State) -> None:
    many = {**state, **{f"extra.{i}": torch.zeros(1) for i in range(30)}}
    with pytest.raises(archc.CompileError) as caught:
        archc.load(spec, weights=many)
    assert len(caught.value.diagnostics[0].notes) == 30
    assert str(caught.value).count("note: unexpected") == 20
    assert "note: … and 10 more" in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "headline", "advice"),
    [
        (
            lambda s: {"state_dict": s, "epoch": 3},
            "`state_dict` is of the type dict",
            "weights['state_dict']",
        ),
        (lambda s: {**s, "fc.bias": [1, 2]}, "`fc.bias` is of the type list", ""),
        (lambda s: {**s, 1: torch.zeros(1)}, "1 is no name", ""),
        (lambda s: {n: t.to("meta") for n, t in s.items()}, "the meta device has no numbers", ""),
        (lambda s: {**s, "fc.bias": s["fc.bias"].to_sparse()}, "it is sparse", ""),
        (lambda _: "none.safetensors", "there is no such file", ""),
        (lambda _: "/tmp", "it is a folder", ""),
        (lambda _: __file__, "it is no whole safetensors file", ""),
        (lambda _: "none.pth", "there is no such file", ""),
        (lambda _: "n" * 300 + ".pth", "File name too long", ""),
        (
            lambda s: {**s, "fc.bias": s["fc.bias"].numpy()},
            "`fc.bias` is of the type ndarray",
            "{key: torch.as_tensor(value) for key, value in weights.items()}",
        ),
    ],
)
def test_weights_that_are_none_are_refused_as_such(
    spec: Path, state: State, weights: Callable[[State], Any], headline: str, advice: str
) -> None:
    found = refusal(spec, weights(state))
    assert found.code is archc.Code.WEIGHTS_UNREADABLE
    assert headline in found.headline
    assert advice in found.help


def test_pickled_weights_are_refused_with_the_way_to_convert_them(
    spec: Path, state: State, tmp_path: Path
) -> None:
    torch.save(state, tmp_path / "x.pth")
    found = refusal(spec, tmp_path / "x.pth")
    assert found.code is archc.Code.WEIGHTS_UNREADABLE
    assert "`x.pth` is a pickle" in found.headline
    assert "convert it" in found.help


def test_weights_of_a_strange_type_are_a_wrong_call(spec: Path) -> None:
    for weights in ([1, 2], 3):
        with pytest.raises(archc.CallError, match="a path or tensors by name"):
            archc.load(spec, weights=weights)  # pyright: ignore[reportArgumentType]


def test_excepted_module_is_initialised_and_the_rest_is_loaded(spec: Path, state: State) -> None:
    head = {**state, "fc.weight": torch.zeros(5, 4), "fc.bias": torch.zeros(5)}
    model = archc.load(spec, weights=head, except_=["fc"], seed=1)
    fresh = archc.load(spec, seed=1).state_dict()
    for name, tensor in model.state_dict().items():
        expected = fresh[name] if name.startswith("fc.") else state[name]
        assert torch.equal(tensor, expected), name


def test_exception_that_names_nothing_suggests_the_nearest(spec: Path, state: State) -> None:
    with pytest.raises(archc.CompileError) as caught:
        archc.load(spec, weights=state, except_=["convv"])
    assert caught.value.diagnostics[0].help == "did you mean `conv`?"
    with pytest.raises(archc.CallError, match="give weights too"):
        archc.load(spec, except_=["fc"])
