"""`archc draw`: files of ours are replaced, files of others are not."""

from pathlib import Path

import pytest

from tests.cli.command import archc, written

pytestmark = pytest.mark.slow


def test_draw_without_output_writes_the_name_here_and_prints_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    done = archc("draw", path, "--variant", "tiny_wide", cwd=tmp_path)
    assert (done.status, done.out) == (0, "tiny_wide.svg\n")
    assert (tmp_path / "tiny_wide.svg").read_text().startswith("<?xml")
    assert archc("draw", path, "--variant", "tiny_wide", cwd=tmp_path).status == 0


def test_draw_of_a_name_that_a_folder_has_too_draws_the_network(tmp_path: Path) -> None:
    (tmp_path / "lenet5").mkdir()
    written(tmp_path, name="lenet5/other.yaml")
    done = archc("draw", "lenet5", cwd=tmp_path)
    assert (done.status, done.out) == (0, "lenet5.svg\n")
    folder = archc("draw", "lenet5/", cwd=tmp_path)
    assert "it is a folder" in folder.err


def test_draw_over_a_foreign_file_is_refused_without_force(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "tiny.svg").write_text("mine")
    done = archc("draw", path, cwd=tmp_path)
    assert done.status == 3
    assert "error[ARC501]: `tiny.svg` is not replaced: archc did not draw it" in done.err
    assert (tmp_path / "tiny.svg").read_text() == "mine"
    assert archc("draw", path, "--force", cwd=tmp_path).status == 0


@pytest.mark.parametrize(
    ("name", "head"),
    [("a.pdf", b"%PDF"), ("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.dot", b"// drawn")],
)
def test_draw_with_output_replaces_what_archc_drew_alone(
    tmp_path: Path, name: str, head: bytes
) -> None:
    path, file = written(tmp_path), tmp_path / name
    file.write_text("mine")
    done = archc("draw", path, "-o", name, cwd=tmp_path)
    assert f"error[ARC501]: `{name}` is not replaced: archc did not draw it" in done.err
    assert (done.status, file.read_text()) == (3, "mine")
    assert archc("draw", path, "-o", name, "--force", cwd=tmp_path).out == f"{name}\n"
    assert file.read_bytes().startswith(head)
    assert archc("draw", path, "-o", name, cwd=tmp_path).out == f"{name}\n"


def test_draw_to_standard_output_prints_dot(tmp_path: Path) -> None:
    done = archc("draw", written(tmp_path), "-o", "-", "--depth", "0")
    assert "digraph" in done.out


def test_draw_to_an_unknown_format_is_refused(tmp_path: Path) -> None:
    done = archc("draw", written(tmp_path), "-o", "x.docx", cwd=tmp_path)
    assert done.status == 3
    assert "names no picture format" in done.err


def test_draw_to_a_folder_is_told_to_name_a_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    done = archc("draw", written(tmp_path), "-o", "pictures/", cwd=tmp_path)
    assert done.status == 3
    assert "it is a folder: name a file in it, such as `pictures/network.svg`" in done.err


def test_draw_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    done = archc("draw", written(tmp_path), "-o", "none/x.dot", cwd=tmp_path)
    assert done.status == 3
    assert "error[ARC502]: cannot write `none/x.dot`: No such file or directory" in done.err
    assert "help: make the folder `none` first" in done.err


def test_draw_into_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    other_user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    done = archc("draw", path, "-o", "x.dot", cwd=tmp_path, launcher=other_user)
    assert done.status == 3
    assert "error[ARC502]: cannot write `x.dot`: Permission denied" in done.err
    assert "help: choose a place that you may write to" in done.err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["tiny.yaml"]
