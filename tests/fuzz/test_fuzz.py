"""Every harness: its seeds pass, changed seeds pass, and with atheris for a given time.

`make prove` runs each for `FUZZ_SECONDS` (1200 by default), guided by coverage where atheris is
installed, else by chance alone.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from archc.diagnostics import Code, Diagnostic, Span
from tests.fuzz.changes import bytes_of, change_json, text_of
from tests.fuzz.driving import TooSlow, changed_inputs, judged
from tests.fuzz.harnesses import HARNESSES, Harness, expect_dot
from tests.fuzz.oracles import expect_diagnostics, expect_place, expect_printable, python_value
from tests.fuzz.words import WORDS, dictionary

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("FUZZ_SECONDS", "1200"))
HAS_ATHERIS = find_spec("atheris") is not None


@pytest.mark.parametrize("name", HARNESSES)
def test_changed_seeds_show_no_fault(name: str) -> None:
    harness = HARNESSES[name]
    for data in islice(changed_inputs(harness, seed=1), harness.runs):
        fault = judged(harness, data)
        assert fault is None, str(fault)


@pytest.mark.slow
@pytest.mark.parametrize("name", HARNESSES)
def test_seeds_show_no_fault(name: str) -> None:
    harness = HARNESSES[name]
    for data in harness.seeds():
        fault = judged(harness, data)
        assert fault is None, str(fault)


DOUBLED = b"""\
archc: 1
name: net
inputs:
  x: [B, 8]
model:
  features:
    - for i in range(4):
        - Linear(8)
  avgpool: ReLU
        - Linear(8)
  avgpool: ReLU
  flatten: ReLU
"""
"""Two lines that are there twice: mending the first of them had no end."""
FOUND_BEHIND = b"""\
archc: 1
name: bad
params: {width: {default: 9223372036854775808, help: "how wide}}]model:
"""
"""What is opened in the last line and closed nowhere."""
FOUND = {
    "check: a line in the wrong place, and a key that is there twice": ("check", DOUBLED),
    "check: a line that only YAML ends, before a bracket": ("check", b'}\r {g": e" '),
    "check: bytes that are no text": ("check", b"archc: 1\nname: \x9b"),
    "check: a bracket behind the end of its line": ("check", b"{/{"),
    "check: a bracket in the second line of a text that a colon ends": (
        "check",
        b"archc: 1\nname: bad\nmodel:\n  conv: Conv2d(8, 1)\n   {again: conv\n",
    ),
    "check: a line behind the last": ("check", FOUND_BEHIND),
    "expression: a digit of another alphabet": ("expression", b"14%-4\xef\xbc\x90"),
    "expression: plus nothing": ("expression", b"+(b * -1 * 0)"),
    "expression: two stars before what is no keyword argument": ("expression", b"max(n,** b)"),
    "expression: two stars before pairs without names": ("expression", b"max(n,** rows)"),
    "expression: minus nothing": ("expression", b"-n ** (n -10000)"),
    "expression: the least of one number": ("expression", b"min(0)"),
    "expression: the greatest of one text": ("expression", b"max(mode)"),
    "expression: a part by number, which is not asked": ("expression", b"n > 4 and b <= n .5"),
}
"""What fuzzing found once, by what it is."""


@pytest.mark.parametrize(("name", "data"), FOUND.values(), ids=FOUND)
def test_fault_that_was_found_stays_mended(name: str, data: bytes) -> None:
    fault = judged(HARNESSES[name], data)
    assert fault is None, str(fault)


def test_harness_that_raises_is_a_fault() -> None:
    def judge(data: bytes) -> None:
        raise KeyError(data)

    fault = judged(Harness(judge, tuple), b"x")
    assert fault is not None
    assert fault.mark.startswith("KeyError-")


def test_harness_that_takes_too_long_is_a_fault() -> None:
    fault = judged(Harness(lambda data: sorted(range(10**6)), tuple, seconds=0.0), b"")
    assert fault is not None
    assert isinstance(fault.error, TooSlow)


@pytest.mark.parametrize(
    "span",
    [Span("f", 3, 1, 3, 1), Span("f", 1, 5, 1, 5), Span("f", 1, 3, 1, 2), Span("g", 1, 1, 1, 1)],
    ids=["below the text", "behind the line", "ends before it begins", "another file"],
)
def test_place_that_is_not_there_is_noticed(span: Span) -> None:
    with pytest.raises(AssertionError):
        expect_place(span, {"f": "abc"})


def test_fault_of_our_own_is_noticed() -> None:
    with pytest.raises(AssertionError):
        expect_diagnostics([Diagnostic(Code.INTERNAL, "archc failed")], {})


def test_control_character_is_noticed() -> None:
    with pytest.raises(AssertionError):
        expect_printable("a\x1b[2J")


@pytest.mark.parametrize("text", ["digraph {", 'digraph { "a }', "graph {}", "digraph {} & x"])
def test_text_that_is_no_diagram_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError):
        expect_dot(text)


def test_referee_of_expressions_is_python() -> None:
    assert python_value("[1, n][1] + len(range(4))") == 7


def test_every_byte_stays_what_it_is() -> None:
    whole = bytes(range(256))
    assert bytes_of(text_of(whole)) == whole


@pytest.mark.parametrize("data", [b"true", b"1", b'"x"', b"null", b"[]", b"{}"])
def test_json_that_holds_nothing_is_changed_too(data: bytes) -> None:
    assert isinstance(change_json(data, Random(1), [b"{}"]), bytes)


def test_dictionary_has_a_line_for_each_word() -> None:
    lines = dictionary().splitlines()
    assert len(lines) >= len(WORDS)
    assert all(re.fullmatch(r'"(?:[ !#-\[\]-~]|\\x[0-9A-F]{2})+"', line) for line in lines)


@pytest.mark.prove
@pytest.mark.parametrize("name", HARNESSES)
def test_harness_shows_no_fault_in_the_time_given(name: str, tmp_path: Path) -> None:
    assert runs_of(name, tmp_path, seconds=SECONDS, plain=not HAS_ATHERIS) > 0


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ATHERIS, reason="atheris is not installed")
def test_coverage_guides_a_harness(tmp_path: Path) -> None:
    seeds = len(HARNESSES["expression"].seeds())
    assert runs_of("expression", tmp_path, runs=seeds + 1000) >= seeds + 1000
    assert len(list((tmp_path / "corpus").iterdir())) > seeds


def test_chance_alone_drives_a_harness(tmp_path: Path) -> None:
    assert runs_of("expression", tmp_path, runs=500, plain=True) == 500


def runs_of(
    name: str, folder: Path, *, seconds: int = 600, runs: int = -1, plain: bool = False
) -> int:
    """Run a harness in a process of its own; return how many inputs it judged, none of them bad."""
    command = [sys.executable, "-m", "tests.fuzz.coverage", name]
    command += [f"--seconds={seconds}", f"--runs={runs}"]
    command += [f"--found={folder / 'found'}", f"--corpus={folder / 'corpus'}"]
    child = subprocess.run(
        [*command, *(["--plain"] if plain else [])],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        timeout=seconds + 600,
        check=False,
    )
    said = child.stderr.decode("utf-8", "replace")
    assert child.returncode == 0, said[-3000:]
    faults = [path.read_text("utf-8", "replace") for path in (folder / "found").glob("*.txt")]
    assert not faults, "\n".join(faults)
    count = re.search(r"stat::number_of_executed_units: +(\d+)", said)
    assert count is not None, said[-3000:]
    print(f"{name}: {count[1]} inputs{' by chance alone' if plain else ''}")
    return int(count[1])
