"""Places that are no files, or may not be written: a sentence, status 3, and nothing is lost."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Outcome, archc, written
from tests.cli.test_faults import SPEC, litter, shown
from tests.cli.test_kills import UNPROVED, unproved
from tests.hostile.judging import tree

pytestmark = pytest.mark.slow

RIGHT = SPEC.format(width=8)
WRONG = RIGHT.replace("Linear", "Lineaar")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is at most 107 bytes
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a folder": Path.mkdir,
    "a full disk": lambda path: path.symlink_to("/dev/full"),
    "standard input": lambda path: path.symlink_to("/dev/stdin"),
    "a file's child": lambda path: (path.write_text(""), path.chmod(0o640)),
}
COMMANDS = {
    "check": ("check",),
    "fix": ("check", "--fix"),
    "diff": ("check", "--diff"),
    "summary": ("summary",),
    "draw": ("draw",),
    "build": ("build",),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("command", COMMANDS)
def test_spec_that_is_no_file_is_refused_and_nothing_is_made(command: str, tmp_path: Path) -> None:
    for place in ("a pipe", "a socket", "a folder", "a full disk", "standard input"):
        path = tmp_path / f"{place}.yaml"
        PLACES[place](path)
        before = tree(tmp_path)
        done = archc(*COMMANDS[command], path, cwd=tmp_path, stdin=RIGHT.encode())
        assert done.status == 3, (place, done)
        assert done.err.startswith("error[ARC101]: "), place
        assert tree(tmp_path) == before, place


def test_fix_of_standard_input_by_another_name_is_wrong_usage(tmp_path: Path) -> None:
    path = written(tmp_path, WRONG)
    for name in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        with path.open("rb") as stream:
            command = [sys.executable, "-m", "archc", "check", "--fix", name]
            done = subprocess.run(command, stdin=stream, capture_output=True, check=False)
        assert done.returncode == 2
        assert b"not standard input" in done.stderr
        assert path.read_text() == WRONG


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("place", [place for place in PLACES if place != "a folder"])
def test_build_into_what_is_no_folder_is_refused(place: str, tmp_path: Path) -> None:
    spec, output = written(tmp_path, RIGHT), tmp_path / "out"
    PLACES[place](output)
    before = tree(tmp_path)
    done = unproved("build", spec, "-o", output)
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("error[ARC502]: "), done.err
    assert "cannot write" in done.err or "is no folder for builds" in done.err, done.err
    assert tree(tmp_path) == before


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("place", ["a pipe", "a socket", "a folder", "a full disk"])
def test_drawing_into_what_is_no_file_is_refused_and_not_waited_for(
    place: str, tmp_path: Path
) -> None:
    spec, output = written(tmp_path, RIGHT), tmp_path / "tiny.dot"
    PLACES[place](output)
    before = tree(tmp_path)
    done = archc("draw", spec, "-o", output)
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("error[ARC502]: cannot write ")
    assert tree(tmp_path) == before


def test_drawing_into_a_pipe_that_is_read_arrives_whole(tmp_path: Path) -> None:
    spec, output = written(tmp_path, RIGHT), tmp_path / "tiny.dot"
    assert archc("draw", spec, "-o", tmp_path / "whole.dot").status == 0
    os.mkfifo(output)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(output.read_bytes()))
    reader.start()
    assert archc("draw", spec, "-o", output).status == 0
    reader.join(60)
    assert read == [(tmp_path / "whole.dot").read_bytes()]


def as_another(folder: Path) -> tuple[str, ...]:
    """Return what runs a command as a user who may read a folder and not write to it."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, by setpriv")
    for place in (folder, *folder.parents[:3]):
        place.chmod(place.stat().st_mode | 0o055)
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def writing(command: str, spec: Path) -> tuple[str | Path, ...]:
    """Return the arguments of a command that writes beside its spec."""
    arguments: dict[str, tuple[str | Path, ...]] = {
        "fix": ("check", "--fix", spec),
        "draw": ("draw", spec, "--force", "-o", spec.with_name("tiny.dot")),
        "build": ("build", spec, "-o", spec.with_name("out")),
    }
    return arguments[command]


@pytest.mark.parametrize("command", ["fix", "draw", "build"])
def test_read_only_folder_is_left_as_it_is(command: str, tmp_path: Path) -> None:
    other = as_another(tmp_path)
    spec = written(tmp_path, WRONG if command == "fix" else RIGHT)
    for name in ("tiny.dot", "notes.txt"):
        written(tmp_path, "mine", name)
    before = tree(tmp_path)
    done = archc(*writing(command, spec), launcher=other)
    assert done.status == 3, done
    assert "error[ARC502]: cannot write" in done.err
    assert "Permission denied" in done.err
    assert tree(tmp_path) == before


def test_build_over_one_of_another_user_leaves_it_whole(tmp_path: Path) -> None:
    assert unproved("build", written(tmp_path, RIGHT), "-o", tmp_path / "out").status == 0
    before = tree(tmp_path / "out")
    spec = written(tmp_path, SPEC.format(width=9))
    done = archc("build", spec, "-o", tmp_path / "out", launcher=as_another(tmp_path / "out"))
    assert done.status == 3, done
    assert "error[ARC502]: cannot write" in done.err
    assert tree(tmp_path / "out") == before


NO_BYTES = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
"""Files of this process have no bytes, as on a full disk."""


@pytest.mark.parametrize("command", ["fix", "draw", "build"])
def test_full_disk_leaves_what_was_there(command: str, tmp_path: Path) -> None:
    spec = written(tmp_path, WRONG if command == "fix" else RIGHT)
    written(tmp_path, "old", "tiny.dot")
    before = tree(tmp_path)
    done = unproved(*writing(command, spec), launcher=NO_BYTES)
    assert done.status == 3, done
    assert done.err.startswith("error[ARC502]: ")
    assert "File too large" in done.err
    assert {name: kind for name, kind in tree(tmp_path).items() if not name.startswith("out")} == (
        before
    )
    assert litter(tmp_path) == []


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("command", ["fix", "draw", "build"])
def test_work_whose_report_cannot_be_printed_is_done_and_ends_with_3(
    command: str, redirection: str, tmp_path: Path
) -> None:
    spec = written(tmp_path, WRONG if command == "fix" else RIGHT)
    done = unproved(
        *writing(command, spec), launcher=("sh", "-c", f'exec "$@" {redirection}', "sh")
    )
    assert done.status == 3, done
    assert done.err.count("error[ARC502]") == 1
    assert litter(tmp_path) == []
    if command == "fix":
        assert spec.read_text() == RIGHT
    elif command == "draw":
        assert (tmp_path / "tiny.dot").read_text().startswith("// drawn by archc\n")
    else:
        assert shown(tmp_path / "out/tiny") == "  fc: Linear(8)"


INTERRUPTED = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from archc import files\n"
    "real = files.write_new\n"
    "def slow(path, data):\n"
    "    real(path, data)\n"
    "    print('written', flush=True)\n"
    "    time.sleep(60)\n"
    "files.write_new = slow\n" + UNPROVED
)
"""The command line, with a minute between a new file and what is done with it."""


@pytest.mark.parametrize("command", ["fix", "draw"])
def test_ctrl_c_amid_writing_leaves_the_old_file(command: str, tmp_path: Path) -> None:
    spec = written(tmp_path, WRONG if command == "fix" else RIGHT)
    written(tmp_path, "old", "tiny.dot")
    before = tree(tmp_path)
    arguments = {
        "fix": ("check", "--fix", str(spec)),
        "draw": ("draw", str(spec), "--force", "-o", str(tmp_path / "tiny.dot")),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments[command]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"written\n"
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert Outcome(child.returncode, out.decode(), err.decode()) == Outcome(130, "", "")
    assert tree(tmp_path) == before
