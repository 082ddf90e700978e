"""The public functions: what they return, what they raise."""

import json
from pathlib import Path

import pytest

import archc
from archc import catalogue
from archc.diagnostics import Code
from tests.cli.command import NET, WRONG, written


def test_check_of_a_good_spec_reports_graph_and_costs(tmp_path: Path) -> None:
    report = archc.check(written(tmp_path), params={"width": 8}, inputs={"image": (1, 3, 4, 4)})
    assert report.ok
    assert report.graph is not None
    assert report.costs is not None
    assert report.costs.parameters == 314


def test_check_of_a_bad_spec_reports_and_does_not_raise() -> None:
    report = archc.check(text=WRONG)
    assert not report.ok
    assert report.graph is None
    assert "kernle" in str(report)


def test_check_of_a_missing_file_reports_and_does_not_raise(tmp_path: Path) -> None:
    report = archc.check(tmp_path / "none.yaml")
    assert [found.code for found in report.diagnostics] == [Code.UNREADABLE_FILE]


@pytest.mark.parametrize("value", [object(), {"a": 1}, "text", True, [object()]])
def test_check_with_a_value_of_another_kind_reports_it(value: object) -> None:
    report = archc.check(text=NET, params={"width": value})
    assert [found.code for found in report.diagnostics] == [Code.PARAMETER_VALUE]


def test_check_without_a_spec_is_a_type_error() -> None:
    with pytest.raises(TypeError) as caught:
        archc.check()
    assert isinstance(caught.value, archc.ArchcError)


def test_summary_of_a_bad_spec_raises_compile_error() -> None:
    with pytest.raises(archc.CompileError):
        archc.summary(text=WRONG)


def test_draw_returns_a_drawing_that_a_notebook_shows(tmp_path: Path) -> None:
    drawing = archc.draw(text=NET)
    assert "digraph" in drawing.dot
    assert drawing.svg == drawing._repr_svg_()
    assert drawing.save(tmp_path / "x.svg").read_text(encoding="utf-8") == drawing.svg


def test_network_name_finds_the_file_and_the_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "specs_folder", lambda: tmp_path)
    path = written(tmp_path, name="sub/tiny.yaml")
    assert catalogue.find_network("tiny_wide") == catalogue.Place(path, "tiny_wide")
    assert catalogue.find_network("tiny") == catalogue.Place(path)
    report = archc.check("tiny_wide")
    assert report.graph is not None
    assert report.graph.title == "tiny_wide"


def test_path_of_a_network_name_wins_over_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, name="resnet50")
    assert catalogue.find_network("resnet50") == catalogue.Place(Path("resnet50"))


def test_every_public_name_exists() -> None:
    for name in archc.__all__:
        if name != "load":
            assert getattr(archc, name) is not None


@pytest.mark.parametrize("name", ["net.yaml", "other.yml", "notes.txt"])
def test_build_into_a_spec_or_a_file_says_that_a_folder_is_wanted(
    tmp_path: Path, name: str
) -> None:
    spec = written(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(archc.CompileError) as caught:
        archc.build(spec, output=tmp_path / name)
    (found,) = caught.value.diagnostics
    assert found.code is archc.Code.OUTPUT_FAILED
    assert "is no folder for builds" in found.headline
    assert found.help == f"name a folder, such as `{tmp_path / 'build'}`"
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "other.yml").exists()


SHARED = """\
archc: 1
name: shared
inputs: {a: [B, 3, 32, 32], b: [B, 3, 16, 16]}
blocks:
  Head(n):
    conv: Conv2d(n, 3, padding=1) -> relu
    pool: AdaptiveAvgPool2d(1) -> flatten(1)
model:
  head: Head(8) from a
  second: head from b
  both: from head + second
  nest:
    one: Linear(8)
    two: Linear(8) -> relu
  third: nest from nest
"""


def test_summary_at_a_depth_has_a_row_for_each_call_of_a_shared_block() -> None:
    rows = json.loads(archc.summary(text=SHARED, depth=1, format="json"))["layers"]
    found = {row["path"]: (row["parameters"], row["macs"]) for row in rows}
    assert found == {
        "head": (8 * 28, 8 * 27 * 32 * 32),
        "head#2": (0, 8 * 27 * 16 * 16),
        "add": (0, 0),
        "nest": (2 * 72, 2 * 64),
        "nest#2": (0, 2 * 64),
    }


def test_summary_at_a_depth_puts_what_a_call_holds_below_that_call() -> None:
    rows = json.loads(archc.summary(text=SHARED, depth=2, format="json"))["layers"]
    paths = [row["path"] for row in rows]
    second = paths.index("head#2")
    assert paths[second + 1 : second + 5] == [
        "head.conv#2",
        "head.relu#2",
        "head.pool#2",
        "head.flatten#2",
    ]
    assert paths.index("head.flatten") < second
