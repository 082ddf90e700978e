"""A system that refuses a call, whichever: what was there is whole, or what is new."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import archc
from archc import Code, cli
from archc.backends import rendering
from archc.runtime import build as building
from archc.runtime import build_proof
from archc.runtime.build_folder import edited_files
from tests.cli.faults import Faults

pytestmark = pytest.mark.slow

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
SPEC = """\
archc: 1
name: tiny
inputs: {{x: [B, 4]}}
model:
  fc: Linear({width})
"""
MOST = 2_000
"""More calls than any command here makes."""
Ended = Callable[..., tuple[int, str]]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Return a function that runs archc here and returns its status and its errors.

    The children that prove a build and draw it write nothing, and nothing pulls the plug: here
    they are spared, and so is the disk.
    """
    drawn: dict[tuple[str, str], bytes] = {}
    render = rendering.render

    def once(dot: str, form: rendering.Format) -> bytes:
        if (dot, form) not in drawn:
            drawn[dot, form] = render(dot, form)
        return drawn[dot, form]

    monkeypatch.setattr(rendering, "render", once)
    monkeypatch.setattr(building, "prove", lambda *_: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(cli, "_discard_stdout", lambda: None)

    def run(*arguments: str | Path) -> tuple[int, str]:
        status = cli.run([str(argument) for argument in arguments])
        return status, capsys.readouterr().err

    return run


def refusals(
    root: Path,
    error: Callable[[int], int],
    attempt: Callable[[], object],
    about: str = "",
    prepare: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, bool]]:
    """Attempt something again and again, each time with the next call refused.

    Yield the call, and whether it was part of the removal of a folder.
    """
    for number in range(MOST):
        faults = Faults(root, number, error(number), about)
        prepare()
        with faults.in_force():
            attempt()
        if len(faults.calls) <= number:
            return
        yield faults.calls[number], faults.is_removal
    pytest.fail(f"more than {MOST} calls")


def in_turn(number: int) -> int:
    """Return the error of a call: each of them in turn."""
    return ERRORS[number % len(ERRORS)]


def shown(build: Path) -> str:
    """Return the layer that a whole build has."""
    assert edited_files(build.resolve()) == []
    lines = (build / "spec.yaml").read_text().splitlines()
    assert lines[-1].removeprefix("  fc: ") in (build / "model.py").read_text().replace("4, ", "")
    return lines[-1]


def litter(root: Path) -> list[str]:
    """Return what a build leaves nowhere: drafts, and content that no build shows or showed."""
    return [path.name for path in root.rglob("*draft*")]


def assert_fair(status: int, errors: str, call: str) -> None:
    """Check that a refused command says so once, clearly, and names no fault of archc's."""
    reading = {4} if "weights" in call else set[int]()
    assert status in {3, *reading}, (call, status, errors)
    assert errors.count("error[") == 1, (call, errors)
    assert any(os.strerror(error) in errors for error in ERRORS), (call, errors)


def assert_builds_survive(
    ended: Ended,
    folder: Path,
    arguments: Sequence[str | Path] = (),
    error: Callable[[int], int] = in_turn,
    about: str = "",
) -> int:
    """Replace a build by another while one call is refused, for every call; count them."""
    paths = {width: folder / f"{width}.yaml" for width in (8, 9)}
    for width, path in paths.items():
        path.write_text(SPEC.format(width=width))
    output, widths, count = folder / "out", cycle((8, 9)), 0
    ended("build", paths[9], "-o", output, *arguments)
    results = [(0, "")]
    width = 9

    def attempt() -> None:
        nonlocal width
        width = next(widths)
        results[0] = ended("build", paths[width], "-o", output, *arguments)

    for call, is_removal in refusals(folder, error, attempt, about):
        count += 1
        status, errors = results[0]
        new = f"  fc: Linear({width})"
        now = shown(output / "tiny")
        if status == 0:
            assert now == new, call
        else:
            assert_fair(status, errors, call)
            assert now in {new, f"  fc: Linear({17 - width})"}
        if not is_removal:
            assert litter(output) == [], call
        assert ended("build", paths[width], "-o", output, *arguments) == (0, ""), call
        assert shown(output / "tiny") == new
        assert litter(output) == [], call
    return count


def test_build_whose_nth_call_is_refused_leaves_a_whole_one(ended: Ended, tmp_path: Path) -> None:
    assert assert_builds_survive(ended, tmp_path) > 150


def test_build_with_weights_whose_nth_call_is_refused_leaves_a_whole_one(
    ended: Ended, tmp_path: Path
) -> None:
    arguments = ("--weights", "init")
    assert assert_builds_survive(ended, tmp_path, arguments, about="weights.safetensors") > 20


@pytest.mark.prove
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.__getitem__)
def test_build_that_is_refused_any_call_for_any_reason_leaves_a_whole_one(
    ended: Ended, tmp_path: Path, error: int
) -> None:
    count = assert_builds_survive(ended, tmp_path, ("--weights", "init"), lambda _: error)
    print(f"{count} calls refused with {errno.errorcode[error]}, each build whole")
    assert count > 200


@pytest.mark.parametrize("form", ["dot", "svg"])
def test_drawing_whose_nth_call_is_refused_leaves_a_whole_one(
    ended: Ended, tmp_path: Path, form: str
) -> None:
    spec, output = tmp_path / "tiny.yaml", tmp_path / f"tiny.{form}"
    pictures: list[bytes] = []
    for width in (9, 8):
        spec.write_text(SPEC.format(width=width))
        assert ended("draw", spec, "-o", output) == (0, "")
        pictures.append(output.read_bytes())
    assert pictures[0] != pictures[1]
    results: list[tuple[int, str]] = []

    def attempt() -> None:
        results.append(ended("draw", spec, "--force", "-o", output))

    names: set[str] = set()
    for call, _ in refusals(tmp_path, in_turn, attempt):
        names.add(call.split()[0])
        status, errors = results[-1]
        assert (
            output.read_bytes() == pictures[1] if status == 0 else output.read_bytes() in pictures
        )
        if status:
            assert_fair(status, errors, call)
        assert litter(tmp_path) == [], call
        assert ended("draw", spec, "-o", output) == (0, "")
        assert output.read_bytes() == pictures[1]
    assert names >= {"open", "write", "flush", "fsync", "close", "chmod", "replace"}


def test_fix_whose_nth_call_is_refused_leaves_a_whole_spec(ended: Ended, tmp_path: Path) -> None:
    spec = tmp_path / "tiny.yaml"
    right = SPEC.format(width=8)
    wrong = right.replace("Linear", "Lineaar")
    results: list[tuple[int, str]] = []

    def attempt() -> None:
        results.append(ended("check", "-q", "--fix", spec))

    names: set[str] = set()

    def prepare() -> None:
        spec.write_text(wrong)
        spec.chmod(0o640)

    for call, _ in refusals(tmp_path, in_turn, attempt, prepare=prepare):
        names.add(call.split()[0])
        status, errors = results[-1]
        assert spec.read_text() in ({right} if status == 0 else {right, wrong}), call
        if status:
            assert_fair(status, errors, call)
        assert spec.stat().st_mode & 0o777 == 0o640, call
        assert litter(tmp_path) == [], call
        assert ended("check", "-q", "--fix", spec)[0] == 0
        assert spec.read_text() == right
    assert names >= {"open", "write", "flush", "fsync", "close", "chmod", "replace"}


def test_build_from_python_that_is_refused_a_call_is_an_error_of_the_output(
    ended: Ended, tmp_path: Path
) -> None:
    spec = tmp_path / "tiny.yaml"
    spec.write_text(SPEC.format(width=8))
    found: list[Code | None] = []

    def attempt() -> None:
        try:
            archc.build(spec, output=tmp_path / "out")
        except archc.CompileError as error:
            found.extend(diagnostic.code for diagnostic in error.diagnostics)

    count = sum(1 for _ in refusals(tmp_path, in_turn, attempt, about="/out"))
    assert count > 100
    assert set(found) == {Code.OUTPUT_FAILED}


@pytest.mark.parametrize("child", ["prove", "draw"])
def test_child_that_cannot_be_started_is_an_error_of_the_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: str
) -> None:
    """The system may refuse a process, as it may a file."""
    real = subprocess.run

    def refusing(command: list[str], **named: Any) -> Any:
        if ("archc.backends.rendering" in command) == (child == "draw"):
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real(command, **named)

    monkeypatch.setattr(subprocess, "run", refusing)
    with pytest.raises(archc.CompileError, match="Resource temporarily unavailable") as caught:
        archc.build("lenet5", output=tmp_path)
    assert caught.value.diagnostics[0].code is Code.OUTPUT_FAILED
    assert litter(tmp_path) == []


def test_proof_that_is_killed_is_no_fault_of_archc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A system that is out of memory kills the interpreter that imports torch."""
    monkeypatch.setattr(build_proof, "_CHILD", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(archc.CompileError, match="was ended by signal 9") as caught:
        archc.build("lenet5", output=tmp_path)
    assert caught.value.diagnostics[0].code is Code.OUTPUT_FAILED
    assert not (tmp_path / "lenet5").exists()


def test_draft_of_a_killed_process_of_the_same_number_is_in_nobodys_way(
    ended: Ended, tmp_path: Path
) -> None:
    """In a container every run has the same number."""
    spec, output = tmp_path / "tiny.yaml", tmp_path / "tiny.dot"
    spec.write_text(SPEC.format(width=8))
    (tmp_path / f".tiny.dot.{os.getpid()}.draft").write_text("half")
    assert ended("draw", spec, "-o", output) == (0, "")
