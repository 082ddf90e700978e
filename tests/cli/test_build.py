"""`archc build`: what it writes, that it proves it, that it is the same everywhere."""

import json
from pathlib import Path

import pytest

import archc as library
from archc.runtime import build as building
from archc.runtime.build_folder import edited_files
from tests.cli.command import NET, archc, written
from tests.cli.test_imports import LIBRARY, MAIN

pytestmark = pytest.mark.slow

FILES = {
    "diagram.svg",
    "graph.json",
    "imports/library.yaml",
    "manifest.json",
    "model.py",
    "spec.yaml",
    "summary.txt",
}


def _spec(folder: Path) -> Path:
    written(folder, LIBRARY.replace("Unit(4)", "Unit(4) -> Unit(4)"), "lib/library.yaml")
    return written(folder, MAIN, "main.yaml")


def _contents(build: Path) -> dict[str, bytes]:
    files = (path for path in build.rglob("*") if path.is_file())
    return {path.relative_to(build).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    done = archc("build", _spec(folder), cwd=folder)
    assert (done.status, done.out) == (0, "build/main\n"), done.err
    return folder / "build/main"


def test_build_does_not_build_into_a_build(built: Path) -> None:
    before = _contents(built)
    done = archc("build", "lenet5", "-o", built)
    assert done.status == 3
    assert "it is itself a build" in done.err
    assert _contents(built) == before


def test_build_writes_every_artefact_and_their_hashes(built: Path) -> None:
    assert set(_contents(built)) == FILES
    assert edited_files(built.resolve()) == []
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["files"].keys() == FILES - {"manifest.json"}
    assert (manifest["name"], manifest["parameters"]) == ("main", {})


def test_build_elsewhere_has_the_same_bytes(built: Path, tmp_path: Path) -> None:
    variables = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = archc("build", _spec(tmp_path / "a b"), "-o", tmp_path / "out", variables=variables)
    assert done.out == f"{tmp_path}/out/main\n", done.err
    assert _contents(tmp_path / "out/main") == _contents(built)


def test_spec_of_a_build_is_a_spec_again(built: Path) -> None:
    for name in ("spec.yaml", "graph.json"):
        report = library.check(built / name)
        assert report.ok, str(report)
        assert report.costs is not None
        assert report.costs.parameters == 4 * 28 + 8 * 37


def test_build_over_an_edited_file_is_refused(built: Path) -> None:
    model = built / "model.py"
    before = model.read_bytes()
    model.write_bytes(before + b"# mine\n")
    done = archc("build", built / "spec.yaml", "-o", built.parent)
    assert done.status == 3
    assert "error[ARC501]" in done.err
    assert "files in it were edited, added or removed: model.py" in done.err
    model.write_bytes(before)


def test_build_whose_source_is_not_as_predicted_is_our_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = building.python_module
    monkeypatch.setattr(building, "python_module", lambda graph: right(graph).replace("(4", "(5"))
    with pytest.raises(library.CompileError) as caught:
        library.build(_spec(tmp_path), output=tmp_path / "build")
    assert caught.value.diagnostics[0].code is library.Code.INTERNAL
    assert not (tmp_path / "build/main").exists()


def test_build_with_initial_weights_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path, hashes = written(tmp_path), list[str]()
    for seed, place in (("3", "a"), ("3", "b"), ("4", "c")):
        arguments = ("--weights", "init", "--seed", seed, "-o", tmp_path / place)
        done = archc("build", path, *arguments)
        assert done.status == 0, done.err
        manifest = json.loads((tmp_path / place / "tiny/manifest.json").read_text())
        assert manifest["seed"] == int(seed)
        hashes.append(manifest["files"]["weights.safetensors"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_build_with_weights_of_a_file_holds_them(tmp_path: Path) -> None:
    path = written(tmp_path)
    archc("build", path, "--weights", "init", "-o", tmp_path / "one")
    given = tmp_path / "one/tiny/weights.safetensors"
    done = archc("build", path, "--weights", given, "-o", tmp_path / "two")
    assert done.status == 0, done.err
    assert (tmp_path / "two/tiny/weights.safetensors").read_bytes() == given.read_bytes()
    assert "seed" not in json.loads((tmp_path / "two/tiny/manifest.json").read_text())


def test_build_with_weights_that_do_not_fit_writes_nothing_and_ends_with_4(
    tmp_path: Path,
) -> None:
    archc("build", written(tmp_path), "--weights", "init", "-o", tmp_path / "one")
    given = tmp_path / "one/tiny/weights.safetensors"
    other = written(tmp_path, NET.split("expect:")[0].replace("Linear(10)", "Linear(11)"), "o.yaml")
    done = archc("build", other, "--weights", given, "-o", tmp_path / "two")
    assert done.status == 4
    assert "error[ARC504]: the weights do not fit the model: 2 of another shape" in done.err
    assert not (tmp_path / "two/tiny").exists()
    assert archc("build", other, "--weights", "none.safetensors").status == 4


def test_build_with_weights_past_the_limit_of_parameters_is_refused_before_it_writes(
    tmp_path: Path,
) -> None:
    spec = written(tmp_path, NET)
    asked = ("build", spec, "--weights", "init", "--max-parameters")
    done = archc(*asked, "161", cwd=tmp_path)
    assert (done.status, done.out) == (1, "")
    assert "error[ARC308]: tiny has 162 parameters; the limit is 161" in done.err
    assert not (tmp_path / "build").exists()
    done = archc(*asked, "162", cwd=tmp_path)
    assert (done.status, done.out) == (0, "build/tiny\n"), done.err


def test_build_without_weights_counts_parameters_that_no_machine_holds(tmp_path: Path) -> None:
    text = NET.partition("expect:")[0].replace("Linear(10)", "Linear(2_000_000_000)")
    done = archc("build", written(tmp_path, text), "--max-parameters", "1", cwd=tmp_path)
    assert (done.status, done.out) == (0, "build/tiny\n"), done.err


def test_build_with_a_seed_for_nothing_is_wrong_usage(tmp_path: Path) -> None:
    done = archc("build", written(tmp_path), "--seed", "3")
    assert done.status == 2
    assert "--seed is for --weights init" in done.err


def test_manifest_names_the_versions_that_made_it(built: Path) -> None:
    import torch

    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["archc"] == library.__version__
    assert torch.__version__.startswith(manifest["torch"])


def test_build_into_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    path = _spec(tmp_path)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    other_user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    done = archc("build", path, "-o", tmp_path / "build", launcher=other_user)
    assert done.status == 3
    assert "error[ARC502]: cannot write" in done.err
