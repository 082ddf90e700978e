"""How commands end: closed pipes, interrupts, faults, messages without a terminal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import archc, written

pytestmark = pytest.mark.slow


def test_command_with_closed_standard_output_ends_as_after_sigpipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "archc", "check", str(written(tmp_path))],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def ended(command: str) -> tuple[int, str]:
    """Return the status and the errors of `archc` with a shell's redirections."""
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m archc {command}"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("check lenet5 > /dev/full", "No space left on device"),
        ("summary lenet5 > /dev/full", "No space left on device"),
        ("check lenet5 >&-", "Bad file descriptor"),
        ("check lenet5 <&- >&-", "Bad file descriptor"),
    ],
)
def test_command_whose_output_is_refused_says_so_with_status_3(command: str, reason: str) -> None:
    assert ended(command) == (3, f"error[ARC502]: the system refused: {reason}\n\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["check missing.yaml 2> /dev/full", "nothing 2> /dev/full"])
def test_command_that_has_nowhere_to_complain_ends_with_status_3(command: str) -> None:
    assert ended(command) == (3, "")


def test_command_with_closed_standard_input_finds_an_empty_spec() -> None:
    status, errors = ended("check - <&-")
    assert status == 1
    assert "the file is empty" in errors


def test_command_with_closed_errors_still_succeeds() -> None:
    assert ended("check lenet5 2>&- > /dev/null") == (0, "")


def test_command_after_ctrl_c_ends_with_130() -> None:
    program = (  # a job in the background of a shell is born deaf to interrupts
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from archc.cli import run\n"
        "sys.exit(run(['check', '-']))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write(b"#" * 2**17)  # more than a pipe holds: it is reading once this returns
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (130, b"", b"")


def test_fault_of_our_own_says_so_with_status_70(tmp_path: Path) -> None:
    program = (
        "import sys, archc.compiler as c\n"
        "def broken(*_, **__): raise ZeroDivisionError('seven')\n"
        "c.elaborated = broken\n"
        "from archc.cli import run\n"
        "sys.exit(run(['check', sys.argv[1]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(written(tmp_path))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert "error[ARC901]: archc failed, and it is archc's fault" in done.stderr
    assert "please report it" in done.stderr
    assert "Traceback" not in done.stderr


def test_messages_without_a_terminal_have_no_colour(tmp_path: Path) -> None:
    done = archc("check", tmp_path / "none.yaml", variables={"FORCE_COLOR": "1"})
    assert "\x1b" not in done.err
