"""A message keeps to the width it is given, and shows the place whatever the line's length."""

import pytest

from archc.diagnostics.render import GUTTER, render_text
from tests.diagnostics.checking import report_on

LONG = "  - " + " -> ".join(
    ["Conv2d(8, 3, padding=1)"] * 5 + ["Conv2d(8, 3, strde=2)"] + ["ReLU"] * 20
)
SPEC = f"archc: 1\nname: net\ninputs:\n  image: [B, 3, 32, 32]\nmodel:\n{LONG}\n"


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_long_line_is_cut_around_the_place_with_dots(width: int) -> None:
    report = report_on(SPEC, "spec.yaml")
    (found,) = report.diagnostics
    lines = render_text([found], report.sources, width=width).split("\n")
    quoted, marks = (line for line in lines if line[GUTTER:].startswith(" | "))
    place = marks.index("^")
    assert max(map(len, lines)) <= width
    assert quoted[place : marks.rindex("^") + 1] == "strde=2"
    assert quoted[GUTTER + len(" | ") :].startswith("...")
    assert quoted.endswith("...")


def test_line_that_fits_is_whole() -> None:
    report = report_on(SPEC.replace(LONG, "  - Conv2d(8, 3, strde=2)"), "spec.yaml")
    assert "    6 |   - Conv2d(8, 3, strde=2)\n" in render_text(
        report.diagnostics, report.sources, width=40
    )
