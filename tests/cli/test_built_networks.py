"""A build is read back: its spec is compiled again, and what differs from it is refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import archc as library
from archc.backends import rendering
from archc.manifest import MAX_FILES, MAX_MANIFEST, sha256
from archc.runtime import build as building
from tests.cli.command import NET, archc, written
from tests.cli.test_imports import LIBRARY, MAIN
from tests.cli.test_kills import unproved
from tests.runtime.own_layers import Correlation

pytestmark = pytest.mark.slow

LAYERS = """\
archc: 1
name: layers
params: {width: 4, act: {type: layer, default: ReLU}, acts: [ReLU, Tanh], rate: 0.5}
inputs: {image: [B, 3, H=8, W=8]}
model:
  conv: Conv2d(width, 3) -> act
  acts:
    - for layer in acts:
        - layer
        - Dropout(rate)
"""
FILES = ("diagram.svg", "graph.json", "imports/library.yaml", "model.py", "spec.yaml")
Edit = Callable[[Path], object]


def _built(folder: Path, *arguments: object, **options: object) -> Path:
    """Build without the proof and the figure, which nothing here asks for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "prove", lambda *_: None)
        patch.setattr(rendering, "render", lambda *_: b"<svg></svg>\n")
        return library.build(*arguments, output=folder, **options)  # pyright: ignore


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build with an import and weights."""
    folder = tmp_path_factory.mktemp("built")
    written(folder, LIBRARY.replace("Unit(4)", "Unit(4) -> Unit(4)"), "lib/library.yaml")
    return _built(folder / "out", written(folder, MAIN, "main.yaml"), weights="init", seed=5)


@pytest.fixture
def built(original: Path, tmp_path: Path) -> Path:
    """Return a copy of that build in a folder of its own, store and all."""
    shutil.copytree(original.parent, tmp_path / "out", symlinks=True)
    return tmp_path / "out/main"


@pytest.fixture
def loose(original: Path, tmp_path: Path) -> Path:
    """Return a copy of that build outside of any store, as one has it from elsewhere."""
    shutil.copytree(original, tmp_path / "loose")
    return tmp_path / "loose"


def _refusal(path: Path) -> str:
    """Return why a build is refused, by `load` as by `check`."""
    (found,) = library.check(path).diagnostics
    assert found.code is library.Code.BUILD_CHANGED
    with pytest.raises(library.CompileError) as caught:
        library.load(path)
    assert [*caught.value.diagnostics] == [found]
    return "\n".join((found.headline, *found.notes, found.help))


def _say(path: Path, **facts: object) -> None:
    """Let the manifest of a build say something else."""
    manifest = path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **facts}))


def _forge(path: Path, name: str, data: bytes) -> None:
    """Replace a file of a build and its hash in the manifest."""
    (path / name).write_bytes(data)
    files = json.loads((path / "manifest.json").read_text())["files"]
    _say(path, files={**files, name: sha256(data)})


def test_build_is_checked_as_its_spec_is(original: Path) -> None:
    report = library.check(original)
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 4 * 28 + 8 * 37
    assert report.notes == ()
    done = archc("check", original, original.parent.parent / "main.yaml")
    first, second = done.out.splitlines()
    assert (done.status, first) == (0, second)


def test_every_command_takes_a_build_as_a_spec(original: Path, tmp_path: Path) -> None:
    spec = original.parent.parent / "main.yaml"
    for command in ("summary", "expand", "keys"):
        done = archc(command, original)
        assert (done.status, done.out) == (0, archc(command, spec).out), done.err
    done = archc("why", original, "second", cwd=tmp_path)
    assert done.status == 0, done.err
    done = archc("draw", original, "-o", "-", cwd=tmp_path)
    assert (done.status, done.out) == (0, archc("draw", spec, "-o", "-").out), done.err
    assert archc("check", "--fix", original).status == 0


def test_build_of_a_variant_is_that_variant(tmp_path: Path) -> None:
    path = _built(tmp_path, written(tmp_path, NET), variant="tiny_wide")
    done = archc("check", path, "--format", "json")
    (record,) = json.loads(done.out)
    assert (record["name"], record["variant"]) == ("tiny_wide", "tiny_wide")
    assert (record["spec"], record["parameters"]) == (f"{path}/spec.yaml", 314)


def test_parameters_of_a_build_are_those_it_was_made_with(tmp_path: Path) -> None:
    spec = written(tmp_path, LAYERS)
    asked = ("width==2 * 8", "acts=[GELU, LeakyReLU(0.2)]", "act=LeakyReLU(0.1)", "rate=0.25")
    options = [word for text in asked for word in ("-p", text)]
    done = archc("build", spec, *options, "--input", "image=2,3,16,16", "-o", tmp_path / "out")
    assert done.status == 0, done.err
    manifest = json.loads((tmp_path / "out/layers/manifest.json").read_text())
    assert manifest["parameters"] == {
        "width": 16,
        "acts": [{"layer": "GELU"}, {"layer": "LeakyReLU(0.2)"}],
        "act": {"layer": "LeakyReLU(0.1)"},
        "rate": 0.25,
    }
    expanded = archc("expand", tmp_path / "out/layers")
    assert expanded.out == archc("expand", spec, *options, "--input", "image=2,3,16,16").out
    assert "Conv2d(16, 3)  # [B, 16, 14, 14]" in expanded.out, expanded.err


def test_build_of_a_canonical_form_is_read_from_its_graph(tmp_path: Path) -> None:
    form = archc("expand", written(tmp_path, LAYERS), "-p", "width=6", "--json").out
    path = _built(tmp_path / "out", written(tmp_path, form, "layers.json"))
    assert not (path / "spec.yaml").exists()
    report = library.check(path)
    assert report.ok, str(report)
    assert report.costs is not None
    assert report.costs.parameters == 6 * 28


def test_build_of_a_build_has_the_same_bytes(tmp_path: Path) -> None:
    first = _built(tmp_path / "one", written(tmp_path, LAYERS), params={"width": 8})
    second = _built(tmp_path / "two", first)
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }


@pytest.mark.parametrize("asked", [{"variant": "x"}, {"params": {"n": 1}}, {"inputs": {"x": (1,)}}])
def test_build_takes_no_variant_no_parameters_and_no_sizes(
    original: Path, asked: dict[str, object]
) -> None:
    (found,) = library.check(original, **asked).diagnostics  # pyright: ignore
    assert found.code is library.Code.PARAMETER_VALUE
    assert "a build is one network" in found.headline


def test_folder_without_a_manifest_is_a_folder_of_specs(tmp_path: Path) -> None:
    written(tmp_path, NET, "a/tiny.yaml")
    assert archc("check", tmp_path / "a").out.splitlines()[0].startswith("tiny ")
    done = archc("summary", tmp_path / "a")
    assert (done.status, "it is a folder" in done.err) == (3, True)


def test_loaded_build_has_its_weights(original: Path) -> None:
    fresh = library.load(original.parent.parent / "main.yaml", seed=5).state_dict()
    state = library.load(original, seed=6).state_dict()
    assert state.keys() == fresh.keys()
    assert all(torch.equal(state[name], fresh[name]) for name in fresh)
    half = library.load(original, dtype="float16").state_dict()
    assert all(torch.equal(half[name], fresh[name].half()) for name in fresh)
    zeros = {name: torch.zeros_like(tensor) for name, tensor in fresh.items()}
    assert not any(tensor.any() for tensor in library.load(original, weights=zeros).parameters())


def test_loaded_build_without_weights_is_initialised(tmp_path: Path) -> None:
    path = _built(tmp_path / "out", written(tmp_path, NET))
    states = [library.load(path, seed=seed).state_dict() for seed in (1, 1, 2)]
    weights = [state["conv.weight"] for state in states]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def _edited(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _linked(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def _piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _grown(path: Path) -> None:
    os.truncate(path, 2**36)


CHANGES: dict[str, tuple[Edit, str]] = {
    "edited": (_edited, "it was edited"),
    "gone": (lambda path: path.unlink(), "it is gone"),
    "a link": (_linked, "it is a link"),
    "a pipe": (_piped, "it is no file"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "it is no file"),
    "too large": (_grown, "it is too large"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [*FILES, "summary.txt"])
def test_file_of_a_build_that_differs_is_named(built: Path, name: str, change: str) -> None:
    alter, reason = CHANGES[change]
    alter(built / name)
    assert f"is not as it was built\n{name}: {reason}\n" in _refusal(built)


def test_all_files_that_differ_are_named(built: Path) -> None:
    for name in FILES:
        _edited(built / name)
    assert _refusal(built).count("it was edited") == len(FILES)


@pytest.mark.parametrize("change", ["gone", "a link", "a pipe", "a folder"])
def test_weights_of_a_build_that_are_no_file_are_named(built: Path, change: str) -> None:
    alter, reason = CHANGES[change]
    alter(built / "weights.safetensors")
    assert f"weights.safetensors: {reason}\n" in _refusal(built)


def test_edited_weights_of_a_build_are_refused_where_they_are_read(built: Path) -> None:
    path = built / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(library.CompileError, match=r"weights.safetensors: it was edited") as caught:
        library.load(built)
    assert caught.value.diagnostics[0].code is library.Code.BUILD_CHANGED
    assert library.check(built).ok


def test_manifest_that_was_edited_in_its_store_is_refused(built: Path) -> None:
    _say(built, torch="9.9")
    assert "manifest.json: it was edited" in _refusal(built)


@pytest.mark.parametrize("name", ["model.py", "graph.json", "summary.txt"])
def test_artefact_that_is_not_made_of_the_spec_is_refused(loose: Path, name: str) -> None:
    assert library.check(loose).ok
    data = (loose / name).read_bytes()
    _forge(loose, name, data.replace(b"second", b"third"))
    assert f"{name}: it is not what archc makes of the spec" in _refusal(loose)


@pytest.mark.parametrize("name", ["spec.yaml", "imports/library.yaml"])
def test_spec_of_a_build_that_means_something_else_is_refused(loose: Path, name: str) -> None:
    data = (loose / name).read_bytes()
    _forge(loose, name, data.replace(b"Unit(8)", b"Unit(9)").replace(b"width, 3,", b"width, 5,"))
    said = _refusal(loose)
    for artefact in ("model.py", "graph.json"):
        assert f"{artefact}: it is not what archc makes of the spec" in said


def test_parameters_that_a_manifest_lies_about_are_noticed(tmp_path: Path) -> None:
    path = _built(tmp_path / "out", written(tmp_path, LAYERS), params={"width": 8})
    loose = shutil.copytree(path, tmp_path / "loose")
    _say(loose, parameters={"width": 9})
    assert "model.py: it is not what archc makes of the spec" in _refusal(loose)


def test_model_of_a_build_is_never_executed(loose: Path, tmp_path: Path) -> None:
    """Its hash fits, and the manifest says that another archc wrote it."""
    source = f"from pathlib import Path\nPath({str(tmp_path / 'run')!r}).touch()\n"
    _forge(loose, "model.py", source.encode() + (loose / "model.py").read_bytes())
    _say(loose, archc="0.0.1")
    assert library.load(loose)(torch.zeros(1, 3, 8, 8)).shape == (1, 8, 8, 8)
    assert not (tmp_path / "run").exists()


def test_build_of_another_archc_is_read_and_says_so(loose: Path) -> None:
    text = (loose / "summary.txt").read_bytes()
    _forge(loose, "summary.txt", b"as it was printed then\n" + text)
    _say(loose, archc="0.0.1\x1b[2J")
    report = library.check(loose)
    assert report.ok, str(report)
    assert report.notes == ("built by archc 0.0.1\\x1b[2J",)
    assert "(built by archc 0.0.1" in archc("check", loose).out


def test_build_of_another_archc_whose_network_has_changed_is_refused(loose: Path) -> None:
    data = (loose / "spec.yaml").read_bytes()
    _forge(loose, "spec.yaml", data.replace(b"Unit(8)", b"Unit(9)"))
    _say(loose, archc="0.0.1")
    said = _refusal(loose)
    assert "makes another network: `nodes` is not what its `spec` gives" in said
    assert "it was built by archc 0.0.1: build it again" in said


def test_other_files_beside_those_of_a_build_are_none_of_its(loose: Path) -> None:
    (loose / "notes.txt").write_text("mine")
    assert library.check(loose).ok


@pytest.mark.parametrize("surplus", [0, 1])
def test_manifest_past_its_limit_is_refused(loose: Path, surplus: int) -> None:
    path = loose / "manifest.json"
    path.write_bytes(path.read_bytes().ljust(MAX_MANIFEST + surplus))
    if surplus:
        assert "is no manifest of a build: it is too large" in _refusal(loose)
    else:
        assert library.check(loose).ok


@pytest.mark.parametrize("surplus", [0, 1])
def test_files_of_a_build_past_their_limit_are_refused(loose: Path, surplus: int) -> None:
    files = [loose / name for name in ("imports/library.yaml", "model.py", "spec.yaml")]
    rest = MAX_FILES - sum(path.stat().st_size for path in (*files, loose / "summary.txt"))
    _forge(loose, "diagram.svg", bytes(rest + surplus))
    if surplus:
        assert "it is too large" in _refusal(loose)
    else:
        assert library.check(loose).ok


@pytest.mark.parametrize("target", ["../lib/library.yaml", "./imports/other.yaml", "/etc/passwd"])
def test_spec_of_a_build_imports_nothing_from_outside(loose: Path, target: str) -> None:
    written(loose.parent, LIBRARY, "lib/library.yaml")
    shutil.copy(loose / "imports/library.yaml", loose / "imports/other.yaml")
    data = (loose / "spec.yaml").read_bytes()
    _forge(loose, "spec.yaml", data.replace(b"./imports/library.yaml", target.encode()))
    found = library.check(loose).diagnostics[0]
    assert found.code is library.Code.IMPORT
    assert found.headline == f"the build holds no `{target}`"


OWN = """\
archc: 1
name: own
python: {Correlation: tests.runtime.own_layers:Correlation}
inputs: {image: [B, 3, H=16, W=16]}
model:
  blur: Correlation(5)
  conv: Conv2d(4, 3) -> relu
"""
TARGET = "tests.runtime.own_layers:Correlation"
FINDABLE = {"PYTHONPATH": str(Path(__file__).parents[2])}
"""What lets a process import this module."""


def test_build_with_a_python_layer_is_read_back_by_leave_alone(tmp_path: Path) -> None:
    spec = written(tmp_path, OWN)
    done = unproved(
        "build", spec, "--allow-python", TARGET, "--weights", "init", "-o", tmp_path / "out"
    )
    assert done.status == 0, done.err
    path = tmp_path / "out/own"
    assert archc("check", path, "--allow-python", TARGET, variables=FINDABLE).status == 0
    (found,) = library.check(path).diagnostics
    assert found.code is library.Code.PYTHON_LAYER
    model = library.load(path, ops={"Correlation": Correlation})
    assert torch.equal(model.blur.weight, torch.full((5, 5), 1 / 25))


def test_proof_that_lacks_a_module_of_the_users_is_no_fault_of_archc(tmp_path: Path) -> None:
    """The proof runs alone, without the folder and the PYTHONPATH of the command."""
    spec, out = written(tmp_path, OWN), tmp_path / "out"
    done = archc("build", spec, "--allow-python", TARGET, "-o", out, variables=FINDABLE)
    assert done.status == 3
    assert "error[ARC502]: the build cannot be proved without the module `tests`" in done.err
    assert not (tmp_path / "out/own").exists()


@pytest.mark.prove
def test_build_of_every_network_is_read_back(tmp_path: Path) -> None:
    from archc.catalogue import spec_files, specs_folder

    for spec in spec_files(specs_folder()):
        report = library.check(_built(tmp_path, spec))
        assert report.ok, str(report)
