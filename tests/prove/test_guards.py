"""Every guard of a promise is taken out, and the test that is named for it fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.prove.guards import GUARDS, Guard

SECONDS = 600
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "docs", "benchmarks")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project that may be broken."""
    place = tmp_path_factory.mktemp("guards") / "project"
    shutil.copytree(ROOT, place, ignore=LEFT_OUT)
    shutil.copytree(ROOT / "docs", place / "docs")
    return place


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_guard_is_at_its_place_once(guard: Guard) -> None:
    text = (ROOT / "src" / "archc" / guard.file).read_text(encoding="utf-8")
    assert text.count(guard.old) == 1
    assert guard.besides[0] in text
    assert guard.taken_out(text) != text


@pytest.mark.prove
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.what}, {guard.test}")
def test_test_of_a_guard_fails_without_it(guard: Guard, copy: Path) -> None:
    file = copy / "src" / "archc" / guard.file
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(guard.taken_out(whole), encoding="utf-8")
        child = _tested(copy, guard.test)
    finally:
        file.write_text(whole, encoding="utf-8")
    name = guard.test.partition("::")[2].partition("[")[0]
    assert child.returncode == pytest.ExitCode.TESTS_FAILED, child.stdout[-2000:]
    assert f"FAILED tests/{guard.test.partition('::')[0]}::{name}" in child.stdout


def _tested(copy: Path, test: str) -> "subprocess.CompletedProcess[str]":
    """Run a test of the copy, against the archc of the copy, up to the first that fails."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not prove"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"tests/{test}"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
