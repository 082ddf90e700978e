"""`expect:`: every kind of figure, right and wrong."""

import pytest

import archc
from archc.diagnostics import Code
from archc.passes.check_expectations import amount_agrees
from tests.cli.command import NET

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
