"""`expect:`: every kind of figure, right and wrong."""

from pathlib import Path

import pytest

import archc
from archc.diagnostics import Code
from archc.passes.check_expectations import amount_agrees
from tests.cli.command import NET, written
from tests.cli.command import archc as run_archc

HEADS = """\
archc: 1
name: heads
inputs: {image: [B, 4]}
model:
  trunk: Linear(4)
  main: Linear(2)
  extra: Linear(3) from trunk
outputs:
  main: main
  extra: extra if training
expect:
  parameters: 45
  macs: 24
  shapes: {extra: [B, 3]}
  eval: {parameters: 30, macs: 24}
  train: {parameters: 45, macs: 36}
"""


@pytest.mark.parametrize(
    ("text", "found", "agrees"),
    [
        ("4.089 G", 4_089_184_256, True),
        ("4.089 G", 4_089_500_000, True),
        ("4.089 G", 4_089_500_001, False),
        ("4.1G", 4_089_184_256, True),
        ("4 G", 4_089_184_256, True),
        ("4.09 M", 4_089_184_256, False),
        ("416_520", 416_520, True),
        ("416_520", 416_521, False),
        ("four", 4, None),
        ("-4 G", 4, None),
    ],
)
def test_amount_in_words_agrees_to_its_own_digits(text: str, found: int, agrees: bool) -> None:
    assert amount_agrees(text, found) is agrees


def test_figures_of_each_mode_are_those_of_that_mode() -> None:
    report = archc.check(text=HEADS)
    assert report.ok, str(report)


@pytest.mark.parametrize(
    ("right", "wrong", "headline"),
    [
        ("parameters: 45\n  macs", "parameters: 30\n  macs", "expected 30 parameters, found 45"),
        ("macs: 24\n", "macs: 36\n", "expected 36 MACs, found 24"),
        ("macs: 24\n", "macs: 25.0\n", ""),
        ("macs: 24\n", "macs: 0.03 K\n", "expected 0.03 K MACs, found 24"),
        ("extra: [B, 3]", "extra: [B, 4]", "expected [B, 4] at `extra`, found [B, 3]"),
        ("extra: [B, 3]", "extra: [C, 3]", "expected [C, 3] at `extra`, found [B, 3]"),
        ("extra: [B, 3]", "extar: [B, 3]", "there is no layer `extar`"),
        ("parameters: 30, macs", "parameters: 45, macs", "expected 45 parameters, found 30"),
        ("macs: 36}", "macs: 24}", "expected 24 MACs, found 36"),
    ],
)
def test_wrong_figure_is_an_error_at_its_own_place(right: str, wrong: str, headline: str) -> None:
    assert HEADS.count(right) == 1
    report = archc.check(text=HEADS.replace(right, wrong))
    assert not report.ok
    assert len(report.diagnostics) == 1
    if headline:
        assert report.diagnostics[0].headline == headline
        assert report.diagnostics[0].code is Code.EXPECTATION


def test_figures_of_the_defaults_do_not_bind_a_variant() -> None:
    assert archc.check(text=NET, variant="tiny_wide").ok
    wrong = archc.check(text=NET.replace("314", "162"), variant="tiny_wide")
    assert [found.code for found in wrong.diagnostics] == [Code.EXPECTATION]


NORMALISED = """\
archc: 1
name: normalised
params: {width: 4}
variants:
  wide: {width: 8}
inputs: {image: [B, 3, 8, 8]}
blocks:
  Unit(out):
    conv: Conv2d(out, 1, bias=False)
    bn: BatchNorm2d
model:
  first: Unit(width)
  second: Unit(2)
  head: Conv2d(1, 1)
expect:
  shapes: {head: [B, 1, 8, 8]}
  parameters: 35
  wide: {parameters: 63, macs: 2_688}
"""
"""4·3 + 8 + 2·4 + 4 + 2 + 1, and 8·3 + 16 + 2·8 + 4 + 2 + 1; 64·(24 + 16 + 2)."""


def test_normalised_network_keeps_its_figures() -> None:
    assert archc.check(text=NORMALISED).ok
    assert archc.check(text=NORMALISED, variant="wide").ok


def test_one_wrong_layer_is_one_error_at_the_first_figure_with_all_of_them() -> None:
    wrong = NORMALISED.replace("head: Conv2d(1, 1)", "head: Conv2d(1, 3)")
    (found,) = archc.check(text=wrong, variant="wide").diagnostics
    assert found.headline == "2 figures differ from those under `expect:`"
    assert [(la.span.column, la.text) for la in found.secondary] == [
        (10, "found 79"),
        (26, "found 3,208"),  # 64·(24 + 16) + 36·18
    ]
    assert found.primary == found.secondary[0].span


def test_one_wrong_layer_is_one_error_for_all_variants(tmp_path: Path) -> None:
    wrong = NORMALISED.replace("head: Conv2d(1, 1)", "head: Conv2d(1, 3)")
    done = run_archc("check", written(tmp_path, wrong))
    assert done.err.count("error[") == 1
    assert "4 figures differ" in done.err
    assert "note: the first layer of another shape is on line 14" in done.err


@pytest.mark.parametrize(
    ("right", "wrong", "note"),
    [
        (
            "Conv2d(out, 1, bias=False)",
            "Conv2d(out, 1)",
            "6 too many, as many as line 9 has biases",
        ),
        ("Unit(2)", "Conv2d(2, 1, bias=False) -> BatchNorm2d", ""),
        ("Conv2d(1, 1)", "Conv2d(3, 1)", ""),
    ],
)
def test_surplus_that_is_the_biases_of_a_line_names_the_line(
    right: str, wrong: str, note: str
) -> None:
    report = archc.check(text=NORMALISED.replace(right, wrong))
    notes = " ".join(text for found in report.diagnostics for text in found.notes)
    assert (note in notes) if note else ("too many" not in notes)


def test_surplus_that_is_all_biases_before_batch_norms_says_so() -> None:
    text = NORMALISED.replace("second: Unit(2)", "second: Conv2d(2, 1) -> BatchNorm2d")
    (found,) = archc.check(text=text.replace(", bias=False", "")).diagnostics
    assert found.notes[0].startswith("6 too many, as many as the layers before a batch norm have")
