"""Running archc as a person does, and the small specs that the tests give it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NET = """\
archc: 1
name: tiny
params: {width: 4}
variants:
  tiny_wide: {width: 8}
inputs:
  image: [B, 3, H=8, W=8]
model:
  conv: Conv2d(width, 3, padding=1) -> relu
  pool: AdaptiveAvgPool2d(1) -> flatten(1)
  fc: Linear(10)
expect:
  source: arithmetic, 4·(3·9 + 1) + 10·(4 + 1) and 64·4·27 + 40
  parameters: 162
  macs: 6_952
  shapes: {conv: [B, 4, 8, 8], fc: [B, 10]}
  tiny_wide: {parameters: 314}
"""
"""A network whose figures are computed by hand in its own `expect`."""

WRONG = NET.replace("padding=1", "kernle=1")


@dataclass(frozen=True)
class Outcome:
    """What a run of the command printed and how it ended."""

    status: int
    out: str
    err: str


def archc(
    *arguments: str | Path,
    stdin: bytes = b"",
    cwd: Path | None = None,
    variables: dict[str, str] | None = None,
    launcher: tuple[str, ...] = (),
) -> Outcome:
    """Run `archc` in a process of its own; a traceback is never a fair answer."""
    done = subprocess.run(
        [*launcher, sys.executable, "-P", "-m", "archc", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        timeout=120,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in outcome.err
    return outcome


def written(folder: Path, text: str = NET, name: str = "tiny.yaml") -> Path:
    """Return the path of a spec written into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
