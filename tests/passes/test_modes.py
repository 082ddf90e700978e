"""Outputs by mode: heads that run in training alone, and inputs that suit inference alone."""

from pathlib import Path

import pytest

import archc

SPEC = """\
archc: 1
name: auxiliary
inputs:
  image: [B, 3, H=32, W=32]
model:
  body: Conv2d(8, 3, padding=1) -> relu
  head: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(10)
  aux: Conv2d(8, 9) -> AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(10) from body
outputs:
  logits: head
  aux: aux if training
"""
SMALL = {"image": (1, 3, 8, 8)}


def test_output_of_one_mode_is_live_in_that_mode_alone() -> None:
    graph = archc.check(text=SPEC).graph
    assert graph is not None
    assert [output.name for output in graph.live_outputs("train")] == ["logits", "aux"]
    assert [output.name for output in graph.live_outputs("eval")] == ["logits"]


def test_output_of_inference_alone_is_not_live_in_training() -> None:
    text = SPEC.replace("logits: head\n", "logits: head\n  features: body if not training\n")
    graph = archc.check(text=text).graph
    assert graph is not None
    assert [output.name for output in graph.live_outputs("train")] == ["logits", "aux"]
    assert [output.name for output in graph.live_outputs("eval")] == ["logits", "features"]


def test_training_condition_may_ask_a_parameter_too() -> None:
    text = SPEC.replace("aux if training", "aux if training and heads")
    text = text.replace("inputs:", "params: {heads: true}\ninputs:")
    graph = archc.check(text=text).graph
    assert graph is not None
    assert graph.live_outputs("train")[1].name == "aux"


def test_warning_that_the_file_allows_is_silent_and_still_no_training() -> None:
    allowed = SPEC + "allow: {ARC401: small images are for inference}\n"
    report = archc.check(text=allowed, inputs=SMALL)
    assert (report.ok, report.diagnostics) == (True, ())
    training = archc.check(text=allowed, inputs=SMALL, mode="train")
    assert not training.ok
    assert training.diagnostics[0].notes[-1].endswith("and here it must work too")
    other = allowed.replace("ARC401", "ARC402")
    assert [d.severity for d in archc.check(text=other, inputs=SMALL).diagnostics] == ["warning"]


def test_training_head_that_does_not_fit_the_input_is_a_warning() -> None:
    report = archc.check(text=SPEC, inputs=SMALL)
    assert report.ok
    (warning,) = report.diagnostics
    assert (warning.severity, warning.code, warning.primary and warning.primary.line) == (
        "warning",
        "ARC401",
        8,
    )


def test_training_head_that_does_not_fit_is_an_error_in_train_mode() -> None:
    report = archc.check(text=SPEC, inputs=SMALL, mode="train")
    assert not report.ok
    assert [d.severity for d in report.diagnostics] == ["error"]


def test_mistake_that_inference_suffers_from_stays_an_error() -> None:
    report = archc.check(text=SPEC.replace("Conv2d(8, 3, padding=1)", "Conv2d(8, 40)"))
    assert not report.ok


def test_head_that_does_not_fit_is_refused_where_its_weights_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "auxiliary.yaml"
    path.write_text(SPEC)
    with pytest.raises(archc.CompileError, match="does not fit"):
        archc.load(path, inputs=SMALL)
