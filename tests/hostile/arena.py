"""Where hostile input is run: a fork for each piece, with limits, in a folder that is watched.

The server imports archc once; a fork of it has what importing takes and may take only
`MEMORY` more and `SECONDS` of processor time. As a program it answers requests, one line of
JSON each; `Arena` is the side of the tests.
"""

import base64
import contextlib
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self

SECONDS = 2
"""The processor time of a promise; the kernel kills what takes more."""
MEMORY = 128 * 2**20
"""What may be mapped beyond what importing archc takes."""
WALL = 30
"""When a fork is killed that waits for something, such as a pipe nobody writes to."""
ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "numpy", "safetensors", "networkx", "pygraphviz", "subprocess", "socket"}


@dataclass(frozen=True)
class Ending:
    """How a run ended and what it took, beyond what importing takes."""

    status: int
    signal: int
    seconds: float
    memory: int
    heavy: tuple[str, ...]
    out: bytes
    err: bytes

    @property
    def said(self) -> bytes:
        """Everything that was printed."""
        return self.out + self.err


@dataclass
class Arena:
    """A server of forks, which has imported all of archc's own modules; torch if it is asked to."""

    memory: int = MEMORY
    seconds: int = SECONDS
    with_torch: bool = False
    _server: "subprocess.Popen[str]" = field(init=False)

    def __enter__(self) -> Self:
        options = json.dumps([self.memory, self.seconds, self.with_torch])
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
        self._server = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "tests.hostile.arena", options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
            cwd="/",
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()

    def run(
        self,
        folder: Path,
        *arguments: str | Path,
        stdin: bytes = b"",
        terminal: bool = False,
        program: str = "command",
    ) -> Ending:
        """Run a command of archc, or another of the `PROGRAMS`, in a folder."""
        request = {
            "folder": str(folder),
            "arguments": [os.fspath(argument) for argument in arguments],
            "stdin": base64.b64encode(stdin).decode(),
            "terminal": terminal,
            "program": program,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        out, err = (base64.b64decode(answer.pop(name)) for name in ("out", "err"))
        return Ending(**{**answer, "heavy": tuple(answer["heavy"])}, out=out, err=err)


def _command(arguments: Sequence[str]) -> int:
    """Run the command line."""
    from archc.cli import run

    return run(arguments)


def _python_text(arguments: Sequence[str]) -> int:
    """Check the text of standard input; a report is returned, never an exception."""
    import archc
    from archc.cli.reporting import exit_status

    report = archc.check(text=sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
    print(report)
    return exit_status(report.diagnostics)


def _python_path(arguments: Sequence[str]) -> int:
    """Draw a file; the only exception is archc's own."""
    import archc
    from archc.cli.reporting import print_error

    try:
        print(archc.draw(arguments[0]).dot)
    except archc.ArchcError as error:
        print(error)
        return print_error(error)
    return 0


def _weights(arguments: Sequence[str]) -> int:
    """Load weights into a model, and make a model of them; a refused file changes nothing."""
    import torch

    import archc
    from archc.cli.reporting import print_error
    from archc.runtime.weights import load_weights

    spec, weights = arguments
    model = archc.load(spec, seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    statuses: set[int] = set()
    for attempt in (
        lambda: load_weights(model, weights),
        lambda: archc.load(spec, weights=weights),
    ):
        try:
            attempt()
        except archc.ArchcError as error:
            statuses.add(print_error(error))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    (status,) = statuses
    return status


def _load(arguments: Sequence[str]) -> int:
    """Load a build with the weights in it."""
    import archc
    from archc.cli.reporting import print_error

    try:
        archc.load(arguments[0])
    except archc.ArchcError as error:
        return print_error(error)
    return 0


def _build(arguments: Sequence[str]) -> int:
    """Build without the children that draw and prove, which weights do not reach."""
    _spare_children()
    return _command(["build", *arguments])


def _spare_children() -> None:
    from archc.backends import rendering
    from archc.runtime import build as building

    rendering.render = lambda *_: b"<svg></svg>"
    building.prove = lambda *_: None


PROGRAMS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "command": _command,
    "text": _python_text,
    "path": _python_path,
    "weights": _weights,
    "load": _load,
    "build": _build,
}


def _serve(memory: int, seconds: int, with_torch: bool) -> None:
    """Answer requests until there are none; every module of archc without torch is imported."""
    import gc

    import archc
    from archc import functions, layers
    from archc.cli import _COMMANDS  # pyright: ignore[reportPrivateUsage]

    for module in set(_COMMANDS.values()):
        import_module(f"archc.cli.{module}")
    for name in layers.NAMES:
        layers.find(name)
    for name in functions.NAMES:
        functions.find(name)
    archc.check(text=_WARM)
    archc.draw(text=_WARM)
    if with_torch:
        with tempfile.TemporaryDirectory() as folder:
            _warm_torch(Path(folder))
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line), memory, seconds)), flush=True)


def _warm_torch(folder: Path) -> None:
    """Let torch do once what a request asks of it."""
    import torch

    import archc
    from archc.runtime.weights import save

    torch.set_num_threads(1)
    (folder / "warm.yaml").write_text(_WARM.replace("ReLU", "Linear(4)"))
    save(archc.load(folder / "warm.yaml", seed=1), folder / "warm.safetensors")
    archc.load(folder / "warm.yaml", weights=folder / "warm.safetensors")
    _spare_children()
    archc.build(folder / "warm.yaml", output=folder, weights="init")


_WARM = "archc: 1\nname: warm\ninputs:\n  x: [B, 3]\nmodel:\n  - ReLU\n"


def _answer(request: Mapping[str, Any], memory: int, seconds: int) -> dict[str, Any]:
    """Run one request in a fork; return how it ended."""
    before = set(sys.modules)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as told:
        given.write(base64.b64decode(request["stdin"]))
        given.seek(0)
        streams = _terminal() if request["terminal"] else _files()
        pid = os.fork()
        if pid == 0:
            ends = [given.fileno(), *(inner for _, inner in streams)]
            _child(request, memory, seconds, ends, told.fileno(), before)
        said = _from_terminal(streams) if request["terminal"] else _from_files(streams, pid)
        _, ending, taken = os.wait4(pid, 0)
        told.seek(0)
        heavy, grown = json.loads(told.read() or b'[["died"], 0]')
    return {
        "status": os.waitstatus_to_exitcode(ending) if os.WIFEXITED(ending) else -1,
        "signal": os.WTERMSIG(ending) if os.WIFSIGNALED(ending) else 0,
        "seconds": taken.ru_utime + taken.ru_stime,
        "memory": grown,
        "heavy": heavy,
        "out": base64.b64encode(said[0]).decode(),
        "err": base64.b64encode(said[1]).decode(),
    }


Streams = list[tuple[int, int]]
"""What standard output and errors are: our end and the fork's."""


def _terminal() -> Streams:
    """Return one terminal for both."""
    return [pty.openpty()] * 2


def _files() -> Streams:
    """Return a file for each, which never makes a fork wait."""
    return [(file, file) for file in (os.memfd_create("out"), os.memfd_create("err"))]


def _from_terminal(streams: Streams) -> tuple[bytes, bytes]:
    """Return what a fork prints, read while it runs."""
    outer, inner = streams[0]
    os.close(inner)
    parts: list[bytes] = []
    with contextlib.suppress(OSError):  # what a terminal answers once its other side is closed
        while part := os.read(outer, 2**16):
            parts.append(part)
    os.close(outer)
    return b"".join(parts), b""


def _from_files(streams: Streams, pid: int) -> tuple[bytes, bytes]:
    """Return what a fork has printed when it has ended."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    out, err = (_whole(file) for file, _ in streams)
    return out, err


def _whole(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as stream:
        return stream.read()


def _child(
    request: Mapping[str, Any],
    memory: int,
    seconds: int,
    ends: Sequence[int],
    told: int,
    before: set[str],
) -> None:
    """Run a request with limits; never returns."""
    status = 99
    try:
        for number, end in enumerate(ends):
            os.dup2(end, number)
        os.chdir(request["folder"])
        base = _mapped()
        signal.alarm(WALL)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**27, 2**27))
        resource.setrlimit(resource.RLIMIT_AS, (base + memory, base + memory))
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        status = PROGRAMS[request["program"]](request["arguments"])
        sys.stdout.flush()
        heavy = sorted({name.split(".")[0] for name in set(sys.modules) - before} & HEAVY)
        os.write(told, json.dumps([heavy, _peak() - base]).encode())
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _mapped() -> int:
    """Return how many bytes of address space this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _peak() -> int:
    """Return how many bytes of address space this process ever had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmPeak")) * 1024


if __name__ == "__main__":
    _serve(*json.loads(sys.argv[1]))
