"""The build store: whole or not at all, nothing of the user's overwritten."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread, get_ident
from typing import Any

import pytest

from archc.diagnostics import CompileError
from archc.runtime.build_folder import BuildFolder, edited_files, write_manifest


def _build(root: Path, content: str, *, force: bool = False, name: str = "net") -> Path:
    folder = BuildFolder(root)
    with folder.locked():
        folder.check_free(name, force=force)
        with folder.draft() as draft:
            (draft / "imports").mkdir()
            (draft / "model.py").write_text(content)
            (draft / "imports/other.yaml").write_text(content)
            write_manifest(draft, {"name": name})
            return folder.publish(draft, name, force=force)


def _content(root: Path, name: str = "net") -> str:
    build = root / name
    assert edited_files(build.resolve()) == []
    return (build / "model.py").read_text()


def test_build_is_a_link_into_the_store(tmp_path: Path) -> None:
    link = _build(tmp_path, "one")
    assert link == tmp_path / "net"
    assert link.readlink().parent == Path(".store")
    assert _content(tmp_path) == "one"


def test_same_build_again_changes_nothing(tmp_path: Path) -> None:
    before = _build(tmp_path, "one").readlink()
    assert _build(tmp_path, "one").readlink() == before


def test_older_builds_are_removed_one_build_later(tmp_path: Path) -> None:
    places = [_build(tmp_path, text).resolve() for text in ("one", "two", "three")]
    _build(tmp_path, "other", name="other")
    assert [place.is_dir() for place in places] == [False, False, True]
    assert _content(tmp_path) == "three"


@pytest.mark.parametrize("edit", ["change", "add", "remove", "manifest"])
def test_build_over_edited_files_is_refused_without_force(tmp_path: Path, edit: str) -> None:
    link = _build(tmp_path, "one")
    if edit == "change":
        (link / "imports/other.yaml").write_text("mine")
    elif edit == "add":
        (link / "notes.txt").write_text("mine")
    elif edit == "remove":
        (link / "model.py").unlink()
    else:
        (link / "manifest.json").write_text("{}")
    with pytest.raises(CompileError, match="were edited"):
        _build(tmp_path, "two")
    with pytest.raises(CompileError, match="were edited"):
        _build(tmp_path, "one")
    _build(tmp_path, "one", force=True)
    assert _content(tmp_path) == "one"


@pytest.mark.parametrize("force", [False, True])
def test_edit_while_a_build_is_made_is_kept_without_force(tmp_path: Path, force: bool) -> None:
    link = _build(tmp_path, "one")
    folder = BuildFolder(tmp_path)
    with folder.locked():
        folder.check_free("net", force=force)
        with folder.draft() as draft:
            (draft / "model.py").write_text("two")
            write_manifest(draft, {"name": "net"})
            (link / "model.py").write_text("mine")
            if force:
                folder.publish(draft, "net", force=True)
            else:
                with pytest.raises(CompileError, match="removed: model"):
                    folder.publish(draft, "net", force=False)
    assert (link / "model.py").read_text() == ("two" if force else "mine")


def test_folder_that_cannot_be_listed_is_no_edited_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files would seem to be gone, and `--force` to be the cure."""
    link = _build(tmp_path, "one")

    def forbidden(_path: object) -> None:
        raise PermissionError(13, "Permission denied", str(link))

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(PermissionError):
        edited_files(link.resolve())


def test_file_that_became_a_pipe_is_edited(tmp_path: Path) -> None:
    link = _build(tmp_path, "one")
    (link / "model.py").unlink()
    os.mkfifo(tmp_path / "pipe")
    (link / "model.py").symlink_to(tmp_path / "pipe")
    assert edited_files(link.resolve()) == ["model.py"]


def test_link_that_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    _build(tmp_path, "one")
    (tmp_path / ".store/draft-link").symlink_to("elsewhere")
    _build(tmp_path, "two")
    assert not list(tmp_path.rglob("*draft*"))


def test_draft_that_a_killed_build_left_makes_room_for_the_next(tmp_path: Path) -> None:
    """It may be what fills the disk."""
    _build(tmp_path, "one")
    (tmp_path / ".store/draft-dead").mkdir()
    (tmp_path / ".store/draft-dead/model.py").write_text("half")
    folder = BuildFolder(tmp_path)
    with folder.locked(), folder.draft() as draft:
        assert list(tmp_path.rglob("*draft*")) == [draft]


def test_build_waits_until_another_one_is_done(tmp_path: Path) -> None:
    _build(tmp_path, "one")
    second = Thread(target=lambda: _build(tmp_path, "two"))
    with BuildFolder(tmp_path).locked():
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert _content(tmp_path) == "one"
    second.join(30)
    assert _content(tmp_path) == "two"


def test_python_cache_beside_a_build_is_no_edit(tmp_path: Path) -> None:
    link = _build(tmp_path, "one")
    (link / "__pycache__").mkdir()
    (link / "__pycache__/model.pyc").write_bytes(b"")
    _build(tmp_path, "two")


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_build_over_something_foreign_is_refused_even_with_force(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "net"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.touch()
    else:
        place.symlink_to("elsewhere")
    with pytest.raises(CompileError, match="is not replaced"):
        _build(tmp_path, "one", force=True)
    assert os.path.lexists(place)


STEPS = ("mkdir", "open", "chmod", "fsync", "rename", "symlink", "replace", "close")


class _Fault(BaseException):
    """Stands for a kill: nothing may catch it and go on."""


@pytest.mark.parametrize("kind", [OSError, _Fault])
@pytest.mark.parametrize("step", STEPS)
def test_failure_at_any_step_leaves_a_whole_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, kind: type[BaseException]
) -> None:
    """Fail the first call of a step, then the second, …, until a build passes untouched."""
    _build(tmp_path, "one")
    real, thread = getattr(os, step), get_ident()
    for allowed in range(60):
        calls = 0

        def failing(*arguments: Any, limit: int = allowed, **keywords: Any) -> Any:
            nonlocal calls
            if get_ident() != thread:
                return real(*arguments, **keywords)
            calls += 1
            if calls == limit + 1:
                if step == "close":
                    real(*arguments)  # a failing close has closed, as a kill has
                raise kind(28, "No space left on device")
            return real(*arguments, **keywords)

        with monkeypatch.context() as patch:
            patch.setattr(os, step, failing)
            with contextlib.suppress(CompileError, OSError, _Fault):
                _build(tmp_path, "two")
        assert _content(tmp_path) in {"one", "two"}
        if calls <= allowed:
            break
    else:
        pytest.fail("a build has more than 60 of these steps")
    assert _content(tmp_path) == "two"


@pytest.mark.slow
def test_killed_builds_leave_a_whole_build_and_no_litter(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.cli.test_build_folder import _build\n"
        "print(flush=True)\n"
        "for number in range(10_000): _build(Path(sys.argv[1]), 'text' + str(number) * 1000)\n"
    )
    for turn in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.15 + 0.013 * turn)
        child.kill()
        child.wait()
        child.stdout.close()
        assert _content(tmp_path).startswith("text")
    _build(tmp_path, "last")
    assert not list((tmp_path / ".store").glob("draft-*"))
