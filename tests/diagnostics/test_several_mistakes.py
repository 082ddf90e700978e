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
