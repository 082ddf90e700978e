"""What `--fix` does: every edit that a message offers is the cure of that message."""

from pathlib import Path

import pytest

from archc.diagnostics import Advice, Code, Diagnostic, Edit, Span
from archc.diagnostics.fixes import fixed, made, replacements
from tests.diagnostics.checking import report_on
from tests.diagnostics.test_bad_specs import SPECS


def checked(text: str, file: str = "spec.yaml") -> list[Diagnostic]:
    """Return what is wrong with a text."""
    return list(report_on(text, file).diagnostics)


def offered(path: Path) -> list[Diagnostic]:
    """Return the mistakes of a file that have a fix."""
    text = path.read_text(encoding="utf-8")
    return [found for found in checked(text, path.name) if replacements(found, text)]


FIXABLE = [path for path in SPECS if offered(path)]


def spec(*model: str) -> str:
    """Return a spec around the lines of a model."""
    lines = "".join(f"  {line}\n" for line in model)
    return f"archc: 1\nname: net\ninputs:\n  image: [B, 3, 32, 32]\nmodel:\n{lines}"


def mended(text: str) -> str:
    """Return a text after `--fix`."""
    return fixed(text, "spec.yaml", checked)[0]


def place_of(found: Diagnostic) -> tuple[str, str, int | None]:
    """Return what a message says and of which line."""
    return found.code, found.headline, found.primary and found.primary.line


def test_many_bad_specs_have_a_fix() -> None:
    codes = {path.stem[:6] for path in FIXABLE}
    assert {"ARC105", "ARC107", "ARC205", "ARC207", "ARC301", "ARC302", "ARC402"} <= codes
    assert len(FIXABLE) > 80


@pytest.mark.parametrize("path", FIXABLE, ids=lambda path: path.stem)
def test_every_fix_of_a_bad_spec_is_the_cure(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    new, found = fixed(text, path.name, lambda candidate: checked(candidate, path.name))
    assert not [d for d in checked(new, path.name) if replacements(d, new)]
    places = [*map(place_of, found)]
    for counted in offered(path):
        assert place_of(counted) in places


FURTHER = {
    "ARC103_variant_twice": "ARC209",
    "ARC105_none": "ARC209",
    "ARC203_method_size": "ARC303",
    "ARC203_misspelt_from": "ARC303",
    "ARC214_dtype_and_syntax": "ARC407",
    "ARC214_number_with_commas": "ARC312",
}
"""Files with a second mistake, which nobody can see before the first is mended."""


@pytest.mark.parametrize("path", FIXABLE, ids=lambda path: path.stem)
def test_every_single_fix_takes_its_mistake_away_and_makes_none(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before = checked(text, path.name)
    known = {*(found.code for found in before), FURTHER.get(path.stem, "")}
    for found in offered(path):
        after = checked(made(text, replacements(found, text)), path.name)
        said = place_of(found)
        assert [*map(place_of, after)].count(said) < [*map(place_of, before)].count(said)
        assert not [d for d in after if d.severity == "error" and d.code not in known]


CURES = [
    ("- Conv2D(8, 3)", "- Conv2d(8, 3)"),
    ("- nn.Conv2d(8, 3)", "- Conv2d(8, 3)"),
    ("- Conv2d(3, 8, 3)", "- Conv2d(8, 3)"),
    ("- Conv2d(3, 8, 3, 2, 1, bias=False)", "- Conv2d(8, 3, stride=2, padding=1, bias=False)"),
    ("- MaxPool2d(3, 2, 1)", "- MaxPool2d(3, 2, padding=1)"),
    ("- Conv2d(3, 64, 3)", "- Conv2d(64, 3)"),
    ("- flatten(1) -> Linear(10, False)", "- flatten(1) -> Linear(10, bias=False)"),
    ("- MaxPool2d(2) -> BatchNorm2d(3)", "- MaxPool2d(2) -> BatchNorm2d()"),
    ("- Conv2d: [8, 3]  # first", "- Conv2d(8, 3)  # first"),
    ("- Conv2d(8, 3, bias: no)", "- Conv2d(8, 3, bias=False)"),
    ("- Conv2d(8, 3, bias=no)", "- Conv2d(8, 3, bias=False)"),
    ("- Conv2d(8, 3) → ReLU", "- Conv2d(8, 3) -> ReLU"),
    ("- Conv2d(8, 3, padding=‘same’)", "- Conv2d(8, 3, padding='same')"),
    ("- Conv2d(8, 3) > MaxPool2d(2) > ReLU", "- Conv2d(8, 3) -> MaxPool2d(2) -> ReLU"),
    ("- Conv2dz(8, 3)", "- Conv2d(8, 3)"),
    ("- Conv2d(4, 5, 2)", "- Conv2d(4, 5, stride=2)"),
    ("- Dropout(.5)", "- Dropout(0.5)"),
    ("first: image[:, :1]", "first: from image[:, :1]"),
    (
        "- flatten(2) -> LSTM(8, batch_first=True)[0]",
        "- flatten(2) -> LSTM(8, batch_first=True)",
    ),
    ("- ReLU  # Relu stands for ReLU", "- ReLU  # Relu stands for ReLU"),
]


@pytest.mark.parametrize(("line", "expected"), CURES)
def test_a_line_is_mended_and_the_rest_of_it_kept(line: str, expected: str) -> None:
    assert mended(spec(line)) == spec(expected)
    assert not checked(spec(expected))


@pytest.mark.parametrize(
    "line",
    [
        "- Conv2d(3, 3, 2)",  # three channels by a kernel of 2, or a kernel of 3 by strides of 2
        "- Conv2d(32, 16, 3)",  # of another input
        "- Conv2d(8, 3) -> BatchNorm2d(32)",
        "- flatten(1) -> Linear(400, 120)",
        "- Conv2d(8, 3) -> relu6(6)",
    ],
)
def test_a_call_that_can_be_read_in_two_ways_is_left_alone(line: str) -> None:
    assert checked(spec(line))
    assert mended(spec(line)) == spec(line)


def test_a_line_that_lost_its_from_takes_the_input_of_its_block() -> None:
    wrong = spec("- Conv2d(8, 3)", "- Two").replace("model:\n", TWO.format(""))
    right = spec("- Conv2d(8, 3)", "- Two").replace("model:\n", TWO.format(" from x"))
    assert mended(wrong) == right
    assert not checked(right)


TWO = """\
blocks:
  Two:
    conv: Conv2d(16, 3, stride=2, padding=1)
    down: Conv2d(16, 1, stride=2){}
    return: conv + down
model:
"""


def test_padding_is_written_that_keeps_the_size() -> None:
    model = ("a: Conv2d(3, 5{})", "b: from a + image")
    wrong, right = (spec(*(line.format(text) for line in model)) for text in ("", ", padding=2"))
    assert mended(wrong) == right
    assert not checked(right)


def test_what_a_fix_brings_to_light_is_mended_too() -> None:
    assert mended(spec("- Conv2D(8, kernel=3, pading=1)")) == spec(
        "- Conv2d(8, kernel_size=3, padding=1)"
    )


def test_an_edit_that_cures_nothing_is_taken_back() -> None:
    def check(text: str) -> list[Diagnostic]:
        advice = Advice("write `b`", Edit("b", "a"))
        return [Diagnostic(Code.SYNTAX, "wrong", Span("f", 1, 1, 1, 2), help=advice)]

    assert fixed("a\n", "f", check) == ("a\n", [])


def test_a_fix_that_would_lose_a_comment_is_none() -> None:
    text = spec("- type: Conv2d", "  out_channels: 8  # the width", "  kernel_size: 3")
    assert mended(text) == text


def test_a_word_that_stands_twice_is_not_replaced() -> None:
    advice = Advice("did you mean `b`?", Edit("b", "a"))
    found = Diagnostic(Code.SYNTAX, "wrong", Span("f", 1, 1, 1, 4), help=advice)
    assert replacements(found, "a a\n") == ()
    assert made("a ab\n", replacements(found, "a ab\n")) == "b ab\n"


def test_mistakes_of_an_imported_file_are_not_mended_here() -> None:
    found = Diagnostic(
        Code.SYNTAX, "wrong", Span("other", 1, 1, 1, 2), help=Advice("b", Edit("b", "a"))
    )
    assert fixed("a\n", "f", lambda _: [found]) == ("a\n", [])


def test_a_name_of_other_digits_is_asked_about_and_not_written() -> None:
    text = spec("up1_0: Conv2d(8, 3)", "up2_0: Conv2d(8, 3) from image", "out: from up1_1 + up2_0")
    assert checked(text)[0].help == "did you mean `up1_0`?"
    assert mended(text) == text


def test_a_name_with_its_digits_elsewhere_is_written() -> None:
    wrong = spec("up3_0: Conv2d(8, 3)", "up0_3: Conv2d(8, 3) from image", "out: from up_03 + up3_0")
    assert mended(wrong) == wrong.replace("up_03", "up0_3")


FPN = """\
  c2: Conv2d(8, 3, stride=2, padding=1)
  c3: Conv2d(8, 3, stride=2, padding=1)
  lateral2: Conv2d(8, 1) from c2
  lateral3: Conv2d(8, 1) from c3
  p2: from lateral2 + lateral3
"""
HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 3, 32, 32]\n"
UNCERTAIN = {
    "a pyramid without its interpolate": f"{HEAD}model:\n{FPN}",
    "a number of channels that is not the input's": spec("- Conv2d(8, 3, in_channels=4)"),
    "two matrices, either of which may be turned": spec(
        "a: flatten(2)", "b: relu from a @ a[:, :2]"
    ),
    "an input whose channels come last": spec("- Conv2d(8, 9)").replace(
        "[B, 3, 32, 32]", "[B, 8, 8, 3]"
    ),
    "a batch that is a number": spec("- Conv2d(8, 3)").replace("[B,", "[1,"),
    "a shortcut that fits the line above too": f"{HEAD}blocks:\n  Unit:\n"
    "    conv: Conv2d(3, 3, padding=1)\n    skip: Conv2d(3, 1)\n    return: conv + skip\n"
    "model:\n  - Unit\n",
    "a gate of a square": spec(
        "flat: flatten(2) -> Linear(3)", "gate: amax(1) -> Linear(3)", "out: from flat * gate"
    ),
    "a part that is kept": spec("- Dropout(keep_prob=0.9)"),
    "a name of another projection": spec(
        "q_proj: Conv2d(8, 1) from image", "v_proj: Conv2d(8, 1)", "- relu from k_proj + v_proj"
    ).replace("- relu", "out: relu"),
    "a short name of other letters": spec("- kelu"),
    "arguments in torch's order or in ours": spec("- Conv2d(3, 5, 2)"),
    "a method of no function": spec("conv: Conv2d(8, 3)", "out: from conv.bar(2)"),
    "a key that is there twice then": spec("- ReLU") + "modle:\n  - ReLU\n",
}


@pytest.mark.parametrize("text", UNCERTAIN.values(), ids=UNCERTAIN)
def test_fix_leaves_what_may_be_meant_otherwise(text: str) -> None:
    assert checked(text)
    assert mended(text) == text


RESIDUAL = """\
blocks:
  Unit(width, stride=1):
    conv: Conv2d(width, 3, padding=1, stride=stride)
    bn: BatchNorm2d
    skip: Conv2d(width, 1) from x
    return: relu(bn + skip)
model:
  first: Unit(8)
  second: Unit(16, stride=2)
"""


@pytest.mark.parametrize("line", ["Conv2d(width, 1)", "Conv2d(width, 1, stride=2)"])
def test_shortcut_gets_the_stride_of_its_block(line: str) -> None:
    text = HEAD + RESIDUAL.replace("Conv2d(width, 1)", line)
    wanted = HEAD + RESIDUAL.replace("Conv2d(width, 1)", "Conv2d(width, 1, stride=stride)")
    assert mended(text) == wanted
    assert not checked(wanted)


def test_stride_of_a_block_goes_to_no_layer_of_several() -> None:
    text = HEAD + RESIDUAL.replace("Conv2d(width, 1)", "Conv2d(width, 1) -> Conv2d(width, 1)")
    assert "write `Conv2d(width, 1, stride=stride)`" in checked(text)[0].help
    assert mended(text) == text


def test_lines_of_python_keep_the_arguments_that_go_on_below() -> None:
    lines = ("conv = Conv2d(8, 3,", "  bias = False)", "act = ReLU")
    assert mended(spec(*lines)) == spec("conv: Conv2d(8, 3,", "  bias = False)", "act: ReLU")


def test_a_line_that_is_read_further_down_is_no_shortcut() -> None:
    text = """\
archc: 1
name: net
inputs:
  x: [B, 8, 32]
model:
  wide: Conv1d(8, 3)
  skip: Conv1d(8, 1) from wide
  deep: Conv1d(8, 1) from wide
  sum: from x + deep
  out: from concat(sum, skip)
"""
    assert mended(text) == text.replace("Conv1d(8, 3)", "Conv1d(8, 3, padding=1)")


MISSPELT_WHERE_DEFINED = """\
archc: 1
name: net
params: {widhts: 8}
inputs:
  image: [B, 3, 32, 32]
blocks:
  Unit(out, stide=1):
    one: Conv2d(out, 3, stride=stride, padding=1)
    other: Conv2d(out, 1, stride=stride) from x
    return: one + other
model:
  - Unit(widths)
  - Unit(widths, stride=2)
"""


def test_names_that_agree_are_left_alone_where_the_definition_may_be_misspelt() -> None:
    assert checked(MISSPELT_WHERE_DEFINED)
    assert mended(MISSPELT_WHERE_DEFINED) == MISSPELT_WHERE_DEFINED


def test_name_that_other_lines_read_rightly_is_written_wherever_it_is_misspelt() -> None:
    text = MISSPELT_WHERE_DEFINED.replace("stide", "stride").replace("widhts", "widths")
    slipped = text.replace("Unit(widths", "Unit(widhts")
    read = slipped.replace("model:\n", "model:\n  stem: Conv2d(widths, 1)\n")
    assert mended(read) == text.replace("model:\n", "model:\n  stem: Conv2d(widths, 1)\n")
