"""Several mistakes in one file are all told in one run, each at its place, and nothing else."""

import pytest

from tests.diagnostics.checking import report_on

HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 3, 32, 32]\nmodel:\n"


def told(*model: str) -> list[tuple[int, str]]:
    """Return the columns and codes of what is told of the lines of a model."""
    text = HEAD + "".join(f"  {line}\n" for line in model)
    found = report_on(text, "spec.yaml").diagnostics
    return [(d.primary.column, str(d.code)) for d in found if d.primary]


LINES = {
    "a: Conv2d(8, 3 bias=no))": [(18, "ARC203"), (23, "ARC301"), (26, "ARC203")],
    "a: Conv2d(8, 3, bias: no, padding: 1)": [(23, "ARC107"), (36, "ARC107")],
    "a: Conv2d(8, 3) - > Relu": [(19, "ARC203"), (23, "ARC302")],
    "a: Convd(8, 3": [(6, "ARC302"), (16, "ARC203")],
    "a:Convd(8, 3)": [(4, "ARC102"), (5, "ARC302")],
    "a Convd(8, 3))": [(4, "ARC102"), (5, "ARC302"), (16, "ARC203")],
    "- Convd(8, 3, bias: no))": [(5, "ARC302"), (21, "ARC107"), (26, "ARC203")],
    "-Convd(8, 3)": [(3, "ARC102"), (4, "ARC302")],
    "a: Conv2d(8, 3, bais=no, strde=2, padding=-1)": [
        (19, "ARC206"),
        (24, "ARC301"),
        (28, "ARC206"),
        (37, "ARC208"),
    ],
    "a: Convd(8, 3, bais=1) -> BatchNormd(bais=1)": [
        (6, "ARC302"),
        (18, "ARC206"),
        (29, "ARC302"),
        (40, "ARC206"),
    ],
    "a: ReLU(3, inplac=1) -> Dropout(1.5, q=2) from imag + other": [
        (11, "ARC207"),
        (14, "ARC206"),
        (35, "ARC208"),
        (40, "ARC206"),
        (50, "ARC301"),
        (57, "ARC301"),
    ],
    "a: from relu(image, inplac=1) + nothing": [(23, "ARC206"), (35, "ARC301")],
    "a: (Convd(8, 3) -> ReLU": [(7, "ARC302"), (26, "ARC203")],
}


@pytest.mark.parametrize("line", LINES)
def test_line_of_several_mistakes_is_told_all_of_them(line: str) -> None:
    rest = "- ReLU" if line.startswith("-") else "z: ReLU"
    assert sorted(told(line, rest)) == LINES[line]


def test_line_with_a_tab_is_checked_like_any_other() -> None:
    text = HEAD + "  a: Conv2d(8, 3)\n\tb: Convd(8, 3, bias: no))\n  c: ReLU\n"
    found = [(d.primary, d.code) for d in report_on(text, "spec.yaml").diagnostics]
    places = sorted((place.line, place.column, str(code)) for place, code in found if place)
    assert places == [(7, 1, "ARC104"), (7, 5, "ARC302"), (7, 21, "ARC107"), (7, 26, "ARC203")]


def test_line_whose_repair_may_be_wrong_is_not_told_twice() -> None:
    assert told("a: ReLU", "what is this, here", "b: ReLU") == [(7, "ARC102")]


def test_wrong_arguments_of_a_block_are_all_told_and_a_misspelt_one_is_not_missing_too() -> None:
    text = HEAD.replace("model:", "blocks:\n  Two(width, depth, p=0.1): Conv2d(width, 3)\nmodel:")
    text += "  a: Two(8, widht=1, depht=2, q=3)\n  b: Two(8, q=3, dept=3)\n  c: Two(p=0.5)\n"
    found = report_on(text, "spec.yaml").diagnostics
    of_calls = [d for d in found if d.primary and d.primary.line > 7 and d.code == "ARC206"]
    places = [(d.primary.line, d.primary.column) for d in of_calls if d.primary]
    assert places == [(8, 13), (8, 22), (8, 31), (9, 13), (9, 18), (10, 6)]


def test_list_that_yaml_folds_is_read_on_behind_brackets_too_many_and_too_few() -> None:
    lines = ("a:", " - Linear(64)", "  - Dropout(0.5))", "  - Linear(32", "  - Linear(16)")
    assert told(*lines) == [(4, "ARC102"), (19, "ARC203"), (16, "ARC203")]
