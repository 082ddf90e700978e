"""`-p` and `params=`: what each kind of parameter takes, and what is said of the rest."""

import json
from pathlib import Path

import pytest

import archc
from archc.cli import run
from archc.compiler import Settings, given_parameters
from archc.expressions.values import LayerName
from archc.opening import read_spec
from tests.cli.command import written

SPEC = """\
archc: 1
name: kinds
params:
  width: 8
  rate: 0.5
  mode: 'zeros'
  flag: false
  layers: [1, 2]
  maybe: {default: null, type: int}
  act: ReLU
inputs: {image: [B, 3, 8, 8]}
model:
  - for n in layers:
      - Conv2d(width, 3, padding=1, padding_mode=mode, bias=flag)
  - Conv2d(maybe, 1) if maybe != None
  - act
  - Dropout(rate)
"""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("width", "16", 16),
        ("width", "1_000", 1000),
        ("rate", "1", 1),
        ("rate", "-1e-3", -0.001),
        ("mode", "reflect", "reflect"),
        ("mode", "'reflect'", "reflect"),
        ("mode", '"reflect"', "reflect"),
        ("mode", "3", "3"),
        ("mode", "no", "no"),
        ("mode", "a: [b", "a: [b"),
        ("mode", "", ""),
        ("flag", "true", True),
        ("flag", "False", False),
        ("layers", "[3,4]", (3, 4)),
        ("layers", "(3, 4)", (3, 4)),
        ("layers", "3,4", (3, 4)),
        ("layers", "[[3, 4], (5, 6)]", ((3, 4), (5, 6))),
        ("layers", "[a, 'b', true, null]", ("a", "b", True, None)),
        ("maybe", "3", 3),
        ("maybe", "null", None),
        ("maybe", "None", None),
        ("act", "GELU", LayerName("GELU")),
        ("act", "'GELU'", LayerName("GELU")),
        ("act", "parts.Unit", LayerName("parts.Unit")),
    ],
)
def test_parameter_of_a_command_line_is_read_by_its_kind(
    name: str, text: str, value: object
) -> None:
    spec = read_spec(SPEC, "kinds.yaml")
    given = given_parameters(spec, Settings(texts={name: text}))
    assert given == {name: value}
    assert type(given[name]) is type(value)


def test_layer_of_a_command_line_keeps_its_arguments() -> None:
    given = given_parameters(read_spec(SPEC, "x"), Settings(texts={"act": "LeakyReLU(0.2)"}))
    assert given["act"].name == "LeakyReLU"
    assert given["act"].call.arguments[0].value == 0.2


@pytest.mark.parametrize(
    ("name", "text", "headline", "line"),
    [
        ("width", "abc", "`width` is an integer, and `-p width=abc` gives a string", 4),
        ("width", "1.5", "`width` is an integer, and `-p width=1.5` gives a number", 4),
        ("width", "", "`width` is an integer, and `-p width=` gives nothing", 4),
        ("width", "2*4", "`width` is an integer, and `-p width=2*4` gives a string", 4),
        ("rate", "fast", "`rate` is a number, and `-p rate=fast` gives a string", 5),
        ("flag", "yes", "`flag` is true or false, and `-p flag=yes` gives a string", 7),
        ("flag", "1", "`flag` is true or false, and `-p flag=1` gives an integer", 7),
        ("layers", "3", "`layers` is a list, and `-p layers=3` gives an integer", 8),
        ("layers", "[1 2]", "`layers` is a list, and `-p layers=[1 2]` gives none", 8),
        ("maybe", "x", "`maybe` is an integer, and `-p maybe=x` gives a string", 9),
        ("act", "3", "`act` is a layer, and `-p act=3` gives none", 10),
    ],
)
def test_parameter_of_another_kind_names_kind_option_and_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    headline: str,
    line: int,
) -> None:
    status = run(["check", str(written(tmp_path, SPEC, "kinds.yaml")), "-p", f"{name}={text}"])
    said = capsys.readouterr().err
    assert status == 1
    assert said.startswith(f"error[ARC209]: {headline}\n")
    assert f"kinds.yaml:{line}:3" in said
    assert f", such as `-p {name}=" in said


def test_example_in_the_help_is_accepted_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(tmp_path, SPEC, "kinds.yaml"))
    for name in ("width", "rate", "flag", "layers", "maybe", "act"):
        run(["check", path, "-p", f"{name}=?"])
        example = capsys.readouterr().err.rpartition("such as `-p ")[2].partition("`")[0]
        assert run(["check", path, "-q", "-p", example]) == 0, example


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (2.0, "write 2"),
        (
            2.5,
            "write a whole number; or, where `width` counts nothing, "
            "a default with a point, 3.0 on line 3",
        ),
    ],
)
def test_number_for_an_integer_is_told_as_what_it_may_be(value: float, advice: str) -> None:
    text = "archc: 1\nname: q\nparams: {width: 3}\ninputs: {x: [B, 4]}\nmodel: [Linear(width)]\n"
    (found,) = archc.check(text=text, params={"width": value}).diagnostics
    assert found.help == advice


def test_every_wrong_parameter_is_found_at_once(tmp_path: Path) -> None:
    spec = read_spec(SPEC, "kinds.yaml")
    with pytest.raises(archc.CompileError) as caught:
        given_parameters(spec, Settings(texts={"width": "a", "rate": "b"}))
    assert [found.primary.line for found in caught.value.diagnostics if found.primary] == [4, 5]


def test_python_value_of_another_kind_shows_value_kind_and_default() -> None:
    (found,) = archc.check(text=SPEC, params={"width": "abc"}).diagnostics
    assert found.headline == "`width` is an integer, and `abc` is a string"
    assert found.help == "the default is 8"
    assert found.primary is not None
    assert found.primary.line == 4


INNER = (
    "archc: 1\nname: inner\nparams: {classes: 10}\ninputs: {x: [B, 4]}\nmodel: Linear(classes)\n"
)
OUTER = """\
archc: 1
name: outer
import: {inner: ./inner.yaml}
inputs: {x: [B, 4]}
model:
  net: inner(classes=10)
"""


@pytest.mark.parametrize("name", ["classes", "net.classes", "inner.classes"])
def test_parameter_of_an_import_says_how_to_reach_it(tmp_path: Path, name: str) -> None:
    written(tmp_path, INNER, "inner.yaml")
    (found,) = archc.check(written(tmp_path, OUTER), params={name: 3}).diagnostics
    assert found.headline == f"`outer` has no parameter `{name}`"
    assert "`classes: 10`" in found.help
    assert "`inner(classes=classes)`" in found.help
    fixed = OUTER.replace("inputs:", "params: {classes: 10}\ninputs:")
    fixed = fixed.replace("inner(classes=10)", "inner(classes=classes)")
    assert archc.check(written(tmp_path, fixed), params={"classes": 3}).ok


@pytest.mark.parametrize(
    ("arguments", "headline", "column"),
    [
        ("classes=2.5", "`classes` is an integer, and `2.5` is a number", 14),
        ("clases=2", "`inner` has no parameter `clases`", 14),
        ("classes=2, variant='big'", "`inner` has no variant `big`", 25),
    ],
)
def test_wrong_parameter_of_an_imported_model_points_at_the_argument(
    tmp_path: Path, arguments: str, headline: str, column: int
) -> None:
    written(tmp_path, INNER, "inner.yaml")
    path = written(tmp_path, OUTER.replace("classes=10", arguments))
    (found,) = archc.check(path).diagnostics
    assert found.headline == headline
    assert found.primary is not None
    assert (Path(found.primary.file).name, found.primary.column) == ("tiny.yaml", column)


def test_all_wrong_parameters_of_a_command_line_are_told_with_those_of_the_spec(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, SPEC.replace("- act", "- Convd(8, 3)"))
    given = ("width=x", "layers=3", "wdith=3", "lay=3")
    options = [word for text in given for word in ("-p", text)]
    assert run(["check", str(path), *options, "--input", "a=3", "--input", "b=3"]) == 1
    told = capsys.readouterr().err
    assert told.count("error[") == 6
    for words in (
        "`-p width=x` gives a string",
        "`-p layers=3` gives an integer",
        "no parameter `wdith`",
        "did you mean `width`?",
        "no parameter `lay`",
        "there is no input `a`, `b`",
        "no layer, block or function `Convd`",
    ):
        assert words in told


def test_all_wrong_parameters_of_a_call_from_python_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, SPEC)
    params = {"width": object(), "rate": "a", "lay": object(), "ratte": 3}
    found = archc.check(path, params=params).diagnostics
    assert sorted(d.headline for d in found) == [
        "`kinds` has no parameter `lay`",
        "`kinds` has no parameter `ratte`",
        "`rate` is a number, and `a` is a string",
        "`width` cannot be of Python's type `object`",
    ]
    with pytest.raises(archc.CompileError) as refused:
        archc.load(path, params=params)
    assert len(refused.value.diagnostics) == 4


def test_variant_that_is_not_there_hides_no_mistake_of_the_spec(tmp_path: Path) -> None:
    path = written(tmp_path, SPEC.replace("- act", "- Convd(width, 3)"))
    found = archc.check(path, variant="big").diagnostics
    assert [d.code for d in found] == ["ARC210", "ARC302"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["-p", "width", "-p", "width=8", "-p", "=3"],
            "'width' is not of the form name=value; '=3' is not of the form name=value",
        ),
        (
            ["--input", "image", "--input", "image=a,3"],
            "'image' is not of the form name=sizes; 'a,3' is no list of sizes such as 1,3,224,224",
        ),
    ],
)
def test_words_that_are_malformed_are_all_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status = run(["check", str(written(tmp_path, SPEC, "kinds.yaml")), *words])
    assert status == 2
    assert f"Invalid value for '{words[0]}': {said}\n" in capsys.readouterr().err


TYPED = """\
archc: 1
name: typed
params:
  depth: {default: 2, min: 1}
  act: ReLU
variants:
  small: {depth: 1}
inputs:
  image: [B, 3, H=8, W=8]
model:
  - for _ in range(depth):
      - Conv2d(8, 3, padding=1)
      - act
"""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("-p act=Gelu", "5:3"),
        ("-p act=3", "5:3"),
        ("-p depth=0", "4:3"),
        ("-p depth=x", "4:3"),
        ("-p depht=3", "3:1"),
        ("--variant big", "6:1"),
        ("--input img=1,3,8,8", "8:1"),
        ("--input image=1,3,8", "9:10"),
        ("--input image=1,4,8,8", "9:14"),
        ("--input image=1,3,0,8", "9:10"),
    ],
)
def test_option_that_is_wrong_is_the_place_and_the_file_declares_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, line: str
) -> None:
    path = written(tmp_path, TYPED, "typed.yaml")
    assert run(["check", str(path), *words.split()]) == 1
    _, *places = capsys.readouterr().err.splitlines()[:3]
    assert places == [f"  --> {words}", f"  ::: {path}:{line}"]


def test_option_that_is_wrong_is_named_to_programs_and_mended_in_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TYPED.replace("act: ReLU", "act: ReLU  # not Gelu")
    path = written(tmp_path, text, "typed.yaml")
    command = ["check", str(path), "-p", "act=Gelu"]
    assert run([*command, "--format", "github"]) == 1
    assert "%0Agiven by `-p act=Gelu`%0A" in capsys.readouterr().out
    assert run([*command, "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)[0]["diagnostics"]
    assert (found["option"], found["span"]["line"]) == ("-p act=Gelu", 5)
    assert run([*command, "--fix"]) == 1
    assert path.read_text() == text


def test_options_of_a_build_that_takes_none_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["expand", str(written(tmp_path, TYPED)), "--json"]) == 0
    canonical = written(tmp_path, capsys.readouterr().out, "typed.json")
    assert run(["check", str(canonical), "-p", "depth=1", "--input", "image=1,3,4,4"]) == 1
    assert "  --> -p depth=1 --input image=1,3,4,4\n" in capsys.readouterr().err


def test_malformed_words_of_several_options_are_told_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(tmp_path, SPEC, "kinds.yaml"))
    assert run(["check", path, "--input", "image", "-p", "width"]) == 2
    told = capsys.readouterr().err
    assert "'-p': 'width' is not of the form name=value" in told
    assert "'--input': 'image' is not of the form name=sizes" in told
