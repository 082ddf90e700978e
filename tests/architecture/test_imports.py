"""The tiers, and what commands do not import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import written

HEAVY = {"torch", "numpy", "networkx", "pygraphviz", "graphviz", "rich", "safetensors"}
ROOT = Path(__file__).parents[2]


def _loaded(program: str, *arguments: str) -> set[str]:
    """Return the top-level modules that a program has imported when it ends."""
    listed = "sorted({name.split('.')[0] for name in sys.modules})"
    ending = f"\nimport json, sys\nprint('\\n' + json.dumps({listed}))"
    done = subprocess.run(
        [sys.executable, "-c", program + ending, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_tiers_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_import_of_archc_imports_nothing_else() -> None:
    assert not _loaded("import archc") & (HEAVY | {"pydantic", "yaml", "click"})


@pytest.mark.parametrize("command", ["check", "summary", "keys", "expand", "draw"])
def test_command_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    program = "import sys\nfrom archc.cli import run\nassert run(sys.argv[1:]) == 0"
    output = ["-o", "-"] if command == "draw" else []
    assert not _loaded(program, command, str(written(tmp_path)), *output) & HEAVY
