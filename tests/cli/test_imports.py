"""`import:`: what it reaches and what it does not."""

from pathlib import Path

import archc
from archc.compiler import open_spec
from archc.imports import bundled
from tests.cli.command import written

LIBRARY = """\
archc: 1
name: library
inputs: {image: [B, 3, H=8, W=8]}
blocks:
  Unit(width):
    conv: Conv2d(width, 3, padding=1) -> relu
model:
  unit: Unit(4)
"""
MAIN = """\
archc: 1
name: main
import:
  library: ./lib/library.yaml
  Unit: ./lib/library.yaml#Unit
inputs: {image: [B, 3, H=8, W=8]}
model:
  first: Unit(4)
  second: library.Unit(8)
"""


def _headlines(path: Path) -> str:
    return "\n".join(found.headline for found in archc.check(path).diagnostics)


def _importing(folder: Path, target: str, name: str = "main.yaml") -> Path:
    text = LIBRARY.replace("inputs:", f"import: {{other: {target}}}\ninputs:", 1)
    return written(folder, text, name)


def test_import_of_a_block_takes_it_from_the_other_file(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "lib/library.yaml")
    report = archc.check(written(tmp_path, MAIN, "main.yaml"))
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 4 * 28 + 8 * 37


def test_import_with_a_mistake_inside_quotes_the_other_file(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY.replace("padding=1", "kernle=1"), "lib/library.yaml")
    report = archc.check(written(tmp_path, MAIN, "main.yaml"))
    assert "library.yaml:6" in str(report)
    assert "kernle=1" in str(report)


def test_import_outside_the_project_is_refused(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "library.yaml")
    path = _importing(tmp_path / "project", "../library.yaml")
    assert "lies outside the project" in _headlines(path)
    (tmp_path / "pyproject.toml").touch()
    assert archc.check(path).ok


def test_import_through_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "library.yaml")
    path = _importing(tmp_path / "project", "./link.yaml")
    (tmp_path / "project/link.yaml").symlink_to("../library.yaml")
    assert "lies outside the project" in _headlines(path)


def test_import_of_an_absolute_path_is_refused(tmp_path: Path) -> None:
    path = _importing(tmp_path, str(written(tmp_path, LIBRARY, "library.yaml")))
    assert "an import is a relative path" in _headlines(path)


def test_import_in_a_cycle_is_refused(tmp_path: Path) -> None:
    _importing(tmp_path, "./main.yaml", "other.yaml")
    assert "a file imports itself" in _headlines(_importing(tmp_path, "./other.yaml"))


def test_import_of_a_missing_file_or_block_is_refused(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "library.yaml")
    assert "there is no such file" in _headlines(_importing(tmp_path, "./none.yaml"))
    found = archc.check(_importing(tmp_path, "'./library.yaml#Unti'")).diagnostics
    assert found[0].help == "did you mean `Unit`?"


def test_import_tree_that_doubles_at_each_step_ends(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "n0.yaml")
    for step in range(1, 14):
        imports = f"import: {{a: ./n{step - 1}.yaml, b: ./n{step - 1}.yaml}}\ninputs:"
        written(tmp_path, LIBRARY.replace("inputs:", imports, 1), f"n{step}.yaml")
    assert "more than 1000 imports" in _headlines(tmp_path / "n13.yaml")


def test_import_of_a_text_without_a_file_is_refused() -> None:
    found = archc.check(text=MAIN).diagnostics
    assert found[0].headline == "a text without a file cannot import"


def test_bundle_of_a_spec_compiles_by_itself(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "lib/library.yaml")
    spec = open_spec(written(tmp_path, MAIN, "main.yaml"))
    assert spec.document is not None
    for name, text in bundled(spec.document, spec.text, spec.imports).items():
        written(tmp_path / "bundle", text, name)
    (tmp_path / "bundle/pyproject.toml").touch()
    report = archc.check(tmp_path / "bundle/spec.yaml")
    assert report.ok, str(report)
