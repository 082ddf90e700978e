"""Every section of a spec tells its own mistakes, whatever is wrong with the others."""

import pytest

import archc
from tests.diagnostics.checking import report_on

SPEC = """\
archc: 1
name: net
params: {n: 4, flag: false}
variants: {big: {n: 8}}
inputs: {image: [B, 3, H=8, W=8]}
blocks:
  Unit(width):
    conv: Conv2d(width, 3, padding=1)
    act: ReLU
model:
  conv: Conv2d(n, 3, padding=1, bias=flag)
  body:
    - for i in range(2):
        - Unit(n)
    - Unit(n)
outputs:
  it: body
init:
  Conv2d.weight: kaiming_norml(mode='fan_out')
  conv.weight: kaiming_normal(mode='fan_ot', gain=nothing, foo=3)
  conv.wieght: zeros if flagg
  convv.weight: zeros
  body.2.conv.weight: normal(0, -1)
  Unit.convx.weight: ones
tie:
  a.weight: conv.weight
  conv.weight: body.0.conx.weight
expect:
  parameters: 5 K
  macs: many
  shapes: {conv: [B, 4, 8, 8], con: [B, 4], body.0: 5, body.0.cov: [B], body.7: [B, 4, 8, 8]}
  bigg: {parameters: 3}
allow:
  ARC999: x
  ARC411:
meta: {a: no, b: 017}
"""
TOLD = [
    (19, 18, "ARC302"),
    (20, 31, "ARC208"),
    (20, 46, "ARC206"),
    (20, 51, "ARC301"),
    (20, 60, "ARC206"),
    (21, 3, "ARC313"),
    (21, 25, "ARC301"),
    (22, 3, "ARC313"),
    (23, 23, "ARC208"),
    (24, 3, "ARC313"),
    (26, 3, "ARC313"),
    (27, 16, "ARC313"),
    (29, 15, "ARC214"),
    (30, 3, "ARC214"),
    (31, 32, "ARC312"),
    (31, 53, "ARC214"),
    (31, 56, "ARC312"),
    (32, 3, "ARC201"),
    (34, 3, "ARC214"),
    (35, 3, "ARC214"),
    (36, 11, "ARC105"),
    (36, 18, "ARC105"),
]
"""What is wrong whether or not the network can be elaborated, by line and column."""


def told(text: str) -> list[tuple[int, int, str]]:
    """Return the line, the column and the code of everything that is told of a text."""
    found = report_on(text, "net.yaml").diagnostics
    return sorted((d.primary.line, d.primary.column, str(d.code)) for d in found if d.primary)


def test_sections_of_a_whole_network_are_all_judged() -> None:
    assert told(SPEC) == sorted([*TOLD, (31, 73, "ARC312")])


def test_sections_beside_a_network_that_failed_are_judged_without_shapes() -> None:
    failed = SPEC.replace("ReLU", "RleU").replace("bias=flag", "bias=flg")
    assert told(failed) == sorted([*TOLD, (9, 10, "ARC302"), (11, 38, "ARC301")])


def test_sections_of_a_file_without_inputs_are_judged() -> None:
    lost = SPEC.replace("inputs: {image: [B, 3, H=8, W=8]}", "")
    of_calls = [each for each in TOLD if each[0] in {19, 20, 23, 24} or each[0] > 28]
    kept = {(1, 1, "ARC202"), *(each for each in of_calls if each[2] != "ARC312")}
    assert kept <= set(told(lost))
    assert {line for line, _, _ in told(lost)} <= {1, *(line for line, _, _ in TOLD)}


FAILING = {
    "lost tie": ("tie: {a: conv.weight}", (15, 7, "ARC313")),
    "wrong initialisation": ("init: {conv.weight: zeross}", (15, 21, "ARC302")),
}
SMALL = (
    SPEC.partition("init:")[0]
    .replace("flag: false", "flag: true")
    .replace(
        "  body:\n    - for i in range(2):\n        - Unit(n)\n    - Unit(n)\n", "  body: Unit(n)\n"
    )
)
FIGURES = "\nexpect:\n  parameters: 1\n  shapes: {conv: [B, 9, 8, 8]}\n"


@pytest.mark.parametrize("name", FAILING)
def test_figures_are_compared_beside_mistakes_that_change_none(name: str) -> None:
    section, place = FAILING[name]
    found = report_on(SMALL + section + FIGURES, "net.yaml").diagnostics
    assert place in {(d.primary.line, d.primary.column, d.code) for d in found if d.primary}
    (unmet,) = (d for d in found if d.code == "ARC312")
    compared = [label.text for label in unmet.secondary]
    shape = "found [B, 4, 8, 8]"
    # 4·(3·9 + 1) of `conv` and 4·(4·9 + 1) of the block; a lost tie changes how many there are
    assert compared == ([shape] if name == "lost tie" else ["found 260", shape])


def test_figures_are_not_counted_where_a_line_is_too_many() -> None:
    text = SMALL.replace("  body:", "  more: Conv2d(2, 1) from image\n  body:")
    text = text.replace("Unit(n)\nout", "Unit(n) from conv\nout")
    figures = FIGURES.replace("[B, 9", "[B, 4").replace("parameters: 1", "parameters: 260")
    assert [code for _, _, code in told(text + figures)] == ["ARC303"]


def test_mistake_of_the_whole_file_without_a_name_stands_at_its_first_key() -> None:
    text = "archc: 1\ninputs: {x: [B, 8]}\nmodel: [Linear(8)]\n"
    report = archc.check(text=text, variant="big")
    places = [(d.primary.line, d.primary.column) for d in report.diagnostics if d.primary]
    assert places == [(1, 1), (1, 1)]
    assert all(d.primary and d.primary.file in report.sources for d in report.diagnostics)
