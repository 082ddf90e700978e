"""A linear layer behind a layer for images is warned of, once a line, and not where it is meant."""

import pytest

from tests.diagnostics.checking import report_on

HEAD = "archc: 1\nname: net\ninputs: {image: [B, 3, 8, 8]}\n"


def warnings(model: str, more: str = "") -> list[tuple[str, str, int]]:
    """Return code, severity and line of what is found in a model."""
    report = report_on(f"{HEAD}model:\n{model}\n{more}", "net.yaml")
    assert report.graph is not None, str(report)
    found = [(d.code, d.severity, d.primary.line if d.primary else 0) for d in report.diagnostics]
    assert report.ok or any(severity == "error" for _, severity, _ in found)
    return found


@pytest.mark.parametrize(
    "layers",
    [
        ("Conv2d(4, 3)", "Linear(2)"),
        ("Conv2d(4, 3)", "BatchNorm2d", "ReLU", "Dropout", "Linear(2)"),
        ("AdaptiveAvgPool2d(1)", "relu", "Linear(2)"),
    ],
)
def test_linear_of_an_image_is_warned_of(layers: tuple[str, ...]) -> None:
    model = "\n".join(f"  - {layer}" for layer in layers)
    assert warnings(model) == [("ARC411", "warning", 4 + len(layers))]


@pytest.mark.parametrize(
    "layers",
    [
        ("Conv2d(4, 3)", "Flatten", "Linear(2)"),
        ("Conv2d(4, 3)", "flatten(2)", "Linear(2)"),
        ("Conv2d(4, 3)", "permute(0, 2, 3, 1)", "Linear(2)"),
        ("Conv2d(4, 3)", "permute(0, 2, 3, 1)", "LayerNorm", "Linear(8)", "GELU", "Linear(4)"),
        ("Conv2d(8, 3, padding=1)", "permute(0, 2, 3, 1)", "LayerNorm", "Linear(2)"),
        ("Linear(2)",),
    ],
)
def test_linear_of_what_was_made_for_it_is_not_warned_of(layers: tuple[str, ...]) -> None:
    assert warnings("\n".join(f"  - {layer}" for layer in layers)) == []


def test_linear_of_an_image_that_is_allowed_with_its_reason_is_not_warned_of() -> None:
    model = "  - Conv2d(4, 3)\n  - Linear(2)"
    assert warnings(model, "allow: {ARC411: it maps the columns}") == []


def test_linear_of_an_image_in_a_loop_is_warned_of_once() -> None:
    model = "  - Conv2d(4, 3)\n  - for _ in range(3):\n      - Linear(6)"
    assert warnings(model) == [("ARC411", "warning", 7)]


def test_figures_missed_for_a_linear_of_an_image_are_one_error_there() -> None:
    model = "  - Conv2d(4, 3)\n  - Linear(2)"
    figures = "expect: {source: arithmetic, parameters: 402}"
    assert warnings(model, figures) == [("ARC411", "error", 6)]


def test_layer_that_is_not_there_is_told_beside_a_linear_of_an_image() -> None:
    model = "  - Conv2d(4, 3)\n  - Linear(2)"
    figures = "expect: {source: arithmetic, parameters: 402, shapes: {head: [B, 2]}}"
    assert warnings(model, figures) == [("ARC411", "error", 6), ("ARC312", "error", 7)]
