"""`import:`: what it reaches and what it does not."""

import json
from pathlib import Path

import archc
from archc.diagnostics import Advice
from archc.imports import bundled
from archc.opening import open_spec
from tests.cli.command import archc as command
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


def test_typo_in_an_imported_file_is_explained_beside_one_at_its_call(tmp_path: Path) -> None:
    text = LIBRARY.replace("inputs:", "params: {width: 4}\ninputs:").replace(
        "Unit(4)", "Unit(widht)"
    )
    (tmp_path / "library.yaml").write_text(text, encoding="utf-8")
    called = MAIN.replace("./lib/", "./").replace("Unit(4)", "library(wdth=4)")
    report = archc.check(written(tmp_path, called))
    assert [str(found.help) for found in report.diagnostics] == ["did you mean `width`?"] * 2


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


def _told(tmp_path: Path, old: str, new: str) -> tuple[str, str, bool]:
    """Return what is said of a change, with its help, and whether following that mends it."""
    written(tmp_path, LIBRARY, "lib/library.yaml")
    path = written(tmp_path, MAIN.replace(old, new), "main.yaml")
    (found,) = archc.check(path).diagnostics
    assert isinstance(found.help, Advice)
    (edit,) = found.help.edits
    mended = MAIN.replace(old, new.replace(edit.old, edit.new))
    report = archc.check(written(tmp_path, mended, "main.yaml"))
    return found.headline, str(found.help), report.ok


def test_misspelt_block_of_an_import_is_told_with_its_prefix(tmp_path: Path) -> None:
    headline, advice, is_mended = _told(tmp_path, "library.Unit", "library.Unix")
    assert headline == "the import `library` has no block `Unix`"
    assert advice == "did you mean `library.Unit`?"
    assert is_mended


def test_block_of_an_import_without_its_prefix_is_told_with_it(tmp_path: Path) -> None:
    text = MAIN.replace("  Unit: ./lib/library.yaml#Unit\n", "")
    written(tmp_path, LIBRARY, "lib/library.yaml")
    report = archc.check(written(tmp_path, text, "main.yaml"))
    (found,) = report.diagnostics
    assert found.headline == "there is no layer, block or function `Unit`"
    assert found.help == "write `library.Unit`: it is a block of that file"
    mended = text.replace(" Unit(4)", " library.Unit(4)")
    assert archc.check(written(tmp_path, mended, "main.yaml")).ok


def test_misspelt_file_of_an_import_is_told_with_the_nearest(tmp_path: Path) -> None:
    line = "library: ./lib/library.yaml"
    headline, advice, is_mended = _told(tmp_path, line, "library: ./lib/libary.yaml")
    assert headline == "cannot read `./lib/libary.yaml`: there is no such file"
    assert advice == "did you mean `./lib/library.yaml`?"
    assert is_mended


def test_parameter_of_an_import_is_what_its_file_says(tmp_path: Path) -> None:
    library = LIBRARY.replace("inputs:", "params: {widths: [2, 5], act: ReLU}\ninputs:")
    written(tmp_path, library, "lib/library.yaml")
    text = MAIN.replace("library.Unit(8)", "Conv2d(library.widths[1], 1)")
    report = archc.check(written(tmp_path, text, "main.yaml"))
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 4 * 28 + 5 * 5


def test_parameter_of_an_import_yields_to_what_is_nearer(tmp_path: Path) -> None:
    library = LIBRARY.replace("inputs:", "params: {channels: 9}\ninputs:")
    written(tmp_path, library, "lib/library.yaml")
    text = MAIN.replace("first: Unit(4)", "library: Unit(4)")
    text = text.replace("library.Unit(8)", "Conv2d(library.channels, 1)")
    report = archc.check(written(tmp_path, text, "main.yaml"))
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 4 * 28 + 4 * 5


def test_parameter_that_an_import_lacks_is_named(tmp_path: Path) -> None:
    library = LIBRARY.replace("inputs:", "params: {widths: [2, 5]}\ninputs:")
    written(tmp_path, library, "lib/library.yaml")
    text = MAIN.replace("library.Unit(8)", "Conv2d(library.width[1], 1)")
    (found,) = archc.check(written(tmp_path, text, "main.yaml")).diagnostics
    assert "has no parameter `width`" in found.headline
    assert found.help == "did you mean `widths`?"


LENDING = """\
archc: 1
name: main
import: {library: ./lib/library.yaml}
inputs: {image: [B, 3, H=8, W=8]}
blocks:
  Mine(out): Conv2d(out, 1) -> relu
model:
  first: library.Outer(Mine)
"""
BORROWING = LIBRARY.replace(
    "  Unit(width):", "  Outer(Block): Inner(Block)\n  Inner(Block=Unit): Block(5)\n  Unit(width):"
)


def test_block_of_this_file_is_an_argument_of_an_imported_one(tmp_path: Path) -> None:
    written(tmp_path, BORROWING, "lib/library.yaml")
    path = written(tmp_path, LENDING, "main.yaml")
    report = archc.check(path)
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 5 * 4
    assert set(archc.load(path).state_dict()) == {"first.weight", "first.bias"}


def test_block_that_an_import_has_too_is_refused_as_its_argument(tmp_path: Path) -> None:
    written(tmp_path, BORROWING, "lib/library.yaml")
    text = LENDING.replace("Mine", "Unit")
    (found,) = archc.check(written(tmp_path, text, "main.yaml")).diagnostics
    assert "has a `Unit` of its own" in found.headline
    assert "another name" in found.help


def test_import_with_a_mistake_inside_quotes_the_other_file(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY.replace("padding=1", "kernle=1"), "lib/library.yaml")
    report = archc.check(written(tmp_path, MAIN, "main.yaml"))
    assert "library.yaml:6" in str(report)
    assert "kernle=1" in str(report)


def test_unused_result_of_an_import_points_at_the_line_that_calls_it(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "lib/library.yaml")
    for call, name in (("library", "library"), ("library.Unit(8)", "Unit")):
        text = MAIN.replace("library.Unit(8)", f"{call} from first\n  third: Unit(4) from first")
        text = text if name == "library" else text.replace("  first", "  stem: ReLU\n  first")
        (found,) = archc.check(written(tmp_path, text, "main.yaml")).diagnostics
        assert found.headline == "nobody uses the result of `second`"
        assert found.primary is not None
        assert (Path(found.primary.file).name, found.calls) == ("main.yaml", ())


def test_unused_layer_inside_an_import_points_at_the_call_and_at_the_layer(tmp_path: Path) -> None:
    heads = LIBRARY + "  extra: Conv2d(2, 1)\n  other: Conv2d(3, 1) from unit\n"
    heads += "outputs: {main: unit, extra: extra if training, other: other if training}\n"
    written(tmp_path, heads, "lib/library.yaml")
    text = MAIN.replace("second: library.Unit(8)", "second: library from image\n  third: ReLU")
    text = text.replace("  first: Unit(4)\n", "").replace("  Unit: ./lib/library.yaml#Unit\n", "")
    (found,) = archc.check(written(tmp_path, text, "main.yaml")).diagnostics
    assert found.headline == "nobody uses `extra`, `other` inside of `library`"
    assert found.primary is not None
    assert Path(found.primary.file).name == "main.yaml"
    assert [label.span.line for label in found.secondary] == [9, 10]


def test_bundle_of_a_spec_with_old_line_ends_compiles(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "lib/library.yaml")
    path = tmp_path / "main.yaml"
    path.write_bytes(MAIN.replace("\n", "\r").encode())
    spec = open_spec(path)
    assert (
        "./imports/library.yaml#Unit\r"
        in bundled(spec.document, spec.text, spec.imports)["spec.yaml"]
    )


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


def _places(path: Path) -> list[tuple[str, int, str]]:
    """Return the name of the file, the line and the code of everything that is told."""
    found = archc.check(path).diagnostics
    return sorted((Path(d.primary.file).name, d.primary.line, d.code) for d in found if d.primary)


ALL_LOST = """\
archc: 1
name: main
import:
  missing: ./nothing.yaml
  Unit: ./lib/library.yaml#Unit
  Unti: ./lib/library.yaml#Unti
  outside: /etc/passwd
  cyclic: ./lib/cyclic.yaml
  broken: ./lib/broken.yaml
  Broken: ./lib/broken.yaml#Broken
  text: ./lib/text.yaml
inputs: {image: [B, 3, H=8, W=8]}
model:
  first: Unit(4) -> Unti(3) -> missing.Block(3)
  second: outside -> cyclic.Unit(3) -> Broken(5)
  third: Conv2d(missing.width, text.depth, paddin=text.width)
  fourth: Convd(8, 3)
outputs: {it: fourth, no: nothing}
"""


def test_imports_that_fail_hide_nothing_and_make_nothing_follow(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY.replace("Conv2d(", "Convd("), "lib/library.yaml")
    written(tmp_path, MAIN.replace("./lib/library", "./cyclic"), "lib/cyclic.yaml")
    broken = LIBRARY.replace("Unit(width):", "Broken(width:").replace("relu", "rellu", 1)
    written(tmp_path, broken.replace("[B, 3, H=8", "[B, 3, H=8 1"), "lib/broken.yaml")
    (tmp_path / "lib/text.yaml").write_bytes(b"\xff\xfe")
    assert _places(written(tmp_path, ALL_LOST, "main.yaml")) == [
        ("broken.yaml", 3, "ARC203"),
        ("broken.yaml", 5, "ARC203"),
        ("broken.yaml", 6, "ARC302"),
        ("broken.yaml", 8, "ARC302"),
        ("cyclic.yaml", 4, "ARC311"),
        ("cyclic.yaml", 5, "ARC311"),
        ("library.yaml", 6, "ARC302"),
        ("main.yaml", 4, "ARC311"),
        ("main.yaml", 6, "ARC311"),
        ("main.yaml", 7, "ARC311"),
        ("main.yaml", 11, "ARC311"),
        ("main.yaml", 16, "ARC206"),
        ("main.yaml", 17, "ARC302"),
        ("main.yaml", 18, "ARC301"),
    ]


def test_import_of_a_file_without_its_sections_tells_all_that_is_wrong_with_it(
    tmp_path: Path,
) -> None:
    library = LIBRARY.replace("inputs: {image: [B, 3, H=8, W=8]}\n", "").replace("relu", "rellu")
    written(tmp_path, library, "lib/library.yaml")
    text = MAIN.replace("library.Unit(8)", "library -> Conv2d(8)")
    assert _places(written(tmp_path, text, "main.yaml")) == [
        ("library.yaml", 1, "ARC202"),
        ("library.yaml", 5, "ARC302"),
        ("main.yaml", 9, "ARC206"),
    ]


def test_block_of_an_import_that_nobody_calls_is_read(tmp_path: Path) -> None:
    library = LIBRARY.replace("model:", "  Other(width): Conv2d(width, 3, paddin=B)\nmodel:")
    written(tmp_path, library, "lib/library.yaml")
    path = written(tmp_path, MAIN, "main.yaml")
    assert _places(path) == [("library.yaml", 7, "ARC206")]


def test_variant_of_an_import_is_checked_whether_or_not_it_is_asked_for(tmp_path: Path) -> None:
    library = LIBRARY.replace("inputs:", "params: {n: 1}\nvariants: {big: {m: 2}}\ninputs:")
    library = library.replace("Unit(4)", "Unit(n)")
    written(tmp_path, library, "lib/library.yaml")
    path = written(tmp_path, MAIN, "main.yaml")
    assert _places(path) == [("library.yaml", 4, "ARC209")]


def test_mistake_of_a_file_that_two_import_is_told_once(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY.replace("Conv2d(", "Convd("), "lib/library.yaml")
    written(tmp_path, MAIN, "main.yaml")
    written(tmp_path, MAIN.replace("name: main", "name: other"), "other.yaml")
    (tmp_path / "pyproject.toml").touch()
    done = command("check", "--format", "json", ".", cwd=tmp_path)
    told = [d for network in json.loads(done.out) for d in network["diagnostics"]]
    assert [(d["span"]["file"], d["networks"]) for d in told] == [
        ("lib/library.yaml", ["main", "other", "library"])
    ]
    for form, mark in (("github", "::error"), ("sarif", '"ruleId"')):
        assert command("check", "--format", form, ".", cwd=tmp_path).out.count(mark) == 1
    assert command("check", ".", cwd=tmp_path).err.count("error[") == 1


def test_call_of_an_imported_model_is_told_all_its_wrong_parameters(tmp_path: Path) -> None:
    library = LIBRARY.replace("inputs:", "params: {n: 4, k: 3}\ninputs:").replace("(4)", "(n + k)")
    written(tmp_path, library, "lib/library.yaml")
    text = MAIN.replace("library.Unit(8)", "library(n='a', k=True, m=3) from image")
    found = archc.check(written(tmp_path, text, "main.yaml")).diagnostics
    assert sorted(d.headline for d in found) == [
        "`k` is an integer, and `true` is a boolean",
        "`library` has no parameter `m`",
        "`n` is an integer, and `a` is a string",
    ]


def test_rules_of_an_import_are_judged_even_where_its_model_does_not_run(tmp_path: Path) -> None:
    rules = "init: {Conv2d.weight: zeross, unti.conv.weight: zeros}\n"
    rules += "tie: {a.weight: unit.conv.weight}\n"
    written(tmp_path, LIBRARY + rules, "lib/library.yaml")
    expected = [("library.yaml", 9, "ARC302"), ("library.yaml", 9, "ARC313")]
    assert _places(written(tmp_path, MAIN, "main.yaml")) == [
        *expected,
        ("library.yaml", 10, "ARC313"),
    ]
    text = MAIN.replace("library.Unit(8)", "library from image").replace(
        "first: Unit(4)", "a: ReLU"
    )
    found = _places(written(tmp_path, text, "main.yaml"))
    assert [place for place in found if place[0] == "library.yaml"][:2] == expected
