"""Builds that are killed, interrupted, or made at the same time: one whole generation is shown."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import Outcome, written
from tests.cli.test_faults import SPEC, litter, shown

pytestmark = pytest.mark.slow

PROGRAM = f"""\
import sys
from archc.backends import rendering
from archc.runtime import build as building
building.prove = lambda *_: None
drawn = {{}}
real = rendering.render
def render(dot, form):
    if (dot, form) not in drawn:
        drawn[dot, form] = real(dot, form)
    return drawn[dot, form]
rendering.render = render
import archc
for number in range(int(sys.argv[2])):
    archc.build(text={SPEC!r}.format(width=8 + number % 2), output=sys.argv[1])
    if number == 1:
        print("ready", flush=True)
"""
"""Replaces one build by another, again and again."""


UNPROVED = """\
import sys
from archc.runtime import build as building
building.prove = lambda *_: None
from archc.cli import run
sys.exit(run(sys.argv[1:]))
"""
"""The command line without the proof of a build, which writes nothing and takes seconds."""


def unproved(*arguments: str | Path, launcher: tuple[str, ...] = ()) -> Outcome:
    """Run `archc` in a process of its own, which proves nothing."""
    command = [*launcher, sys.executable, "-c", UNPROVED, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


def builder(root: Path, count: int = 1_000_000) -> subprocess.Popen[bytes]:
    """Start a process that builds, and wait until it has built both."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(root), str(count)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def killed(root: Path, times: int) -> int:
    """Kill builds at random moments; return how many were killed amid their work."""
    drawn, torn = random.Random(times), 0
    for _ in range(times):
        child = builder(root)
        time.sleep(drawn.uniform(0.0, 0.1))
        child.kill()
        child.communicate()
        torn += bool(litter(root))
        shown(root / "tiny")
    assert unproved("build", written(root, SPEC.format(width=7)), "-o", root).status == 0
    assert shown(root / "tiny") == "  fc: Linear(7)"
    assert litter(root) == []
    return torn


def test_killed_builds_show_a_whole_one_and_the_next_removes_their_drafts(tmp_path: Path) -> None:
    killed(tmp_path, 4)


@pytest.mark.prove
def test_a_hundred_killed_builds_show_a_whole_one(tmp_path: Path) -> None:
    torn = killed(tmp_path, 100)
    print(f"of 100 kills {torn} left a draft, none a build that is not whole")
    assert torn > 20


def test_two_builds_at_once_are_both_whole(tmp_path: Path) -> None:
    children = [builder(tmp_path, 25) for _ in range(2)]
    looks = 0
    while any(child.poll() is None for child in children):
        link = tmp_path / "tiny"
        place = link.readlink()
        try:
            shown(link)
        except (AssertionError, FileNotFoundError):  # content goes with the second build after it
            assert link.readlink() != place
        looks += 1
    assert [child.communicate()[0] for child in children] == [b"", b""]
    assert [child.returncode for child in children] == [0, 0]
    assert looks > 5
    assert shown(tmp_path / "tiny") == "  fc: Linear(8)"
    assert litter(tmp_path) == []


def test_build_after_ctrl_c_ends_with_130_and_leaves_the_old_one(tmp_path: Path) -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from archc.runtime import build_proof\n"
        "build_proof._CHILD = 'import sys, time; sys.stdin.read(); time.sleep(60)'\n"
        "from archc.cli import run\n"
        "sys.exit(run(['build', sys.argv[1], '-o', sys.argv[2]]))\n"
    )
    assert unproved("build", written(tmp_path, SPEC.format(width=8)), "-o", tmp_path).status == 0
    path = written(tmp_path, SPEC.format(width=9))
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".store/draft-*/manifest.json")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60) == (b"", b"")
    assert child.returncode == 130
    assert shown(tmp_path / "tiny") == "  fc: Linear(8)"
    assert litter(tmp_path) == []


def test_build_whose_path_cannot_be_printed_is_there_and_ends_with_3(tmp_path: Path) -> None:
    arguments = ("build", written(tmp_path, SPEC.format(width=8)), "-o", tmp_path)
    done = unproved(*arguments, launcher=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
    assert done.status == 3
    assert done.err.count("No space left on device") == 1
    assert shown(tmp_path / "tiny") == "  fc: Linear(8)"


LONG = SPEC.format(width=9) + "".join(f"  fc{number}: Linear(9)\n" for number in range(300))
"""A network of which some files have more than 50 kB."""


def test_build_past_the_limit_of_a_files_size_leaves_the_old_one(tmp_path: Path) -> None:
    path = written(tmp_path, SPEC.format(width=8))
    assert unproved("build", path, "-o", tmp_path).status == 0
    limited = ("sh", "-c", 'ulimit -f 50; exec "$@"', "sh")
    done = unproved("build", written(tmp_path, LONG), "-o", tmp_path, launcher=limited)
    assert done.status == 3
    assert done.err.startswith("error[ARC502]: cannot write")
    assert "File too large" in done.err
    assert shown(tmp_path / "tiny") == "  fc: Linear(8)"
    assert litter(tmp_path) == []


def can_mount() -> bool:
    """Return whether this process may mount a disk of its own, which ends with it."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


FULL = """\
set -e
mount -t tmpfs -o size=80k none "$1"
cd "$1"
archc() { "$PYTHON" -c "$UNPROVED" "$@" || echo "status $?"; }
archc build ../old.yaml -o .
before=$(cat tiny/*.* | sha256sum)
archc build ../long.yaml -o .
dd if=/dev/zero of=filler bs=1k 2> /dev/null || true
archc draw ../old.yaml -o tiny.svg
[ "$before" = "$(cat tiny/*.* | sha256sum)" ] && echo "the old one"
find . -name '*draft*'
rm filler
archc build ../new.yaml -o .
"""


@pytest.mark.skipif(not can_mount(), reason="this user may not mount a disk")
def test_full_disk_leaves_the_old_build_and_no_drafts(tmp_path: Path) -> None:
    for name, text in (
        ("old", SPEC.format(width=8)),
        ("new", SPEC.format(width=9)),
        ("long", LONG),
    ):
        written(tmp_path, text, f"{name}.yaml")
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", FULL, "sh", str(tmp_path / "disk")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHON": sys.executable, "UNPROVED": UNPROVED},
        check=False,
    )
    assert done.stdout.splitlines() == ["tiny", "status 3", "status 3", "the old one", "tiny"]
    assert done.stderr.count("error[ARC502]: cannot write") == 2
    assert done.stderr.count("No space left on device") == 2
    assert "Traceback" not in done.stderr
