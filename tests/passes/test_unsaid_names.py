"""What nobody uses is told beside other mistakes, where the text alone says so."""

import pytest

from tests.diagnostics.checking import report_on

SPEC = """
archc: 1
name: m
inputs:
  image: [B, 3, 32, 32]
blocks:
  Two(out)(a, b):
    first: Conv2d(out, 3) from a
    {inner}
    return: first
model:
  stem: Conv2d(8, 3)
  {line}
  two: Two(8) from stem, stem
  {last}
"""
WRONG = "second: MaxPool2d(2, padding=2) from b"


def unused(text: str) -> list[tuple[str, int]]:
    """Return what a text has that nobody uses, each with its line."""
    found = report_on(text, "spec.yaml").diagnostics
    return [(d.headline, d.primary.line) for d in found if d.code == "ARC303" and d.primary]


@pytest.mark.parametrize("inner", [WRONG, "second: Oops from b"])
def test_an_unused_line_is_told_whatever_is_wrong_in_a_block(inner: str) -> None:
    text = SPEC.format(inner=inner, line="other: Conv2d(8, 3) from stem", last="last: ReLU")
    text = text.replace("return: first", "return: first, second")
    assert unused(text) == [("nobody uses the result of `other`", 13)]


@pytest.mark.parametrize(
    "line",
    [
        "other: Conv2d(8, 3) -> relu from stem",
        "other: relu -> Conv2d(8, 3) from stem",
        "other: Conv2d(8, 3) -> BatchNorm2d -> relu from stem",
        "other: Conv2d(8, 3) -> ReLU from stem",
        "other: Conv2d(8, 3) -> ReLU from stem as named",
        "other: Conv2d(8, 3) from stem as named",
        "other: relu -> tanh from stem",
    ],
)
def test_an_unused_chain_and_an_unread_name_are_told_as_without_mistakes(line: str) -> None:
    right = SPEC.format(inner="let n: b", line=line, last="last: ReLU")
    wrong = SPEC.format(inner="second: Oops from b", line=line, last="last: ReLU")
    expected = [found for found in unused(right) if found[1] == 13]
    assert len(expected) == 1
    assert [found for found in unused(wrong) if found[1] == 13] == expected


@pytest.mark.parametrize("last", ["last: Oops", "last: MaxPool2d(2, padding=2) from two"])
def test_an_unused_line_of_a_block_is_told_whatever_is_wrong_elsewhere(last: str) -> None:
    text = SPEC.format(inner="second: ReLU from b", line="let n: 1", last=last)
    assert ("nobody uses the result of `second`", 9) in unused(text)


@pytest.mark.parametrize(
    "wrong",
    [
        "Conv2d(8, 0) from stem",
        "Conv2d(8, 3, pading=1) from stem",
        "Conv2D(8, 3) from stem",
        "Conv2d(8, 40) from stem",
        "Conv2d(9, 3, groups=4) from stem",
    ],
)
def test_an_unused_line_is_told_beside_wrong_numbers_of_another_call(wrong: str) -> None:
    line = f"other: ReLU from stem\n  wrong: {wrong}"
    text = SPEC.format(inner="let n: b", line=line, last="last: Linear(3) from wrong")
    assert ("nobody uses the result of `other`", 13) in unused(text)


@pytest.mark.parametrize("last", ["last: Oops", "last: MaxPool2d(2, padding=2) from two"])
def test_an_unread_input_of_a_block_is_told_whatever_is_wrong_elsewhere(last: str) -> None:
    text = SPEC.format(inner="let n: 1", line="assert: True", last=last)
    assert ("`Two` never reads its input `b`", 7) in unused(text)


@pytest.mark.parametrize(
    "line",
    [
        "other: ReLU from stem\n  next: ReLU\n  third: ReLU from other",
        "other: ReLU from stem\n  next: ReLU",
        "other: ReLU from stem\n  next: ReLU from stem if in_channels > 3\n  third: ReLU",
        "other: ReLU from stem if stem.channels > 3",
        "other: Parameter(3)",
        "other: Two(8) from stem, stem",
        "other: ReLU -> Two(8) from stem, stem",
        "other: ReLU -> Tanh from stem\n  next: ReLU",
        "let all: []\n  other: ReLU from stem as all[]",
        "other: ReLU from stem\n  next: ReLU from stem\n  third: add from othr, next",
        "other: ReLU from stem\n  next: add from stem, two",
        "other: ReLU from stem\n  next: othr from stem",
    ],
)
def test_a_line_that_may_be_meant_to_be_used_is_not_told_beside_a_mistake(line: str) -> None:
    text = SPEC.format(inner=WRONG, line=line, last="last: ReLU")
    assert not any("other" in headline for headline, _ in unused(text))
