"""Canonical JSON that no archc wrote is refused as any spec is."""

import json
from pathlib import Path

import pytest

from tests.hostile.arena import Arena
from tests.hostile.folders import folder_of
from tests.hostile.forms import FORMS, largest
from tests.hostile.judging import expect_fair, tree

pytestmark = pytest.mark.slow

HEAD = '{"archc": 1, "canonical": 1, '
BROKEN = {
    "half": HEAD,
    "brackets without end": HEAD + '"spec": ' + "[" * 100_000,
    "objects without end": HEAD + '"spec": ' + '{"a": ' * 100_000,
    "brackets that end": HEAD + '"spec": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "no number": HEAD + '"name": NaN}',
    "a number of ten thousand digits": HEAD + '"name": ' + "9" * 10_000 + "}",
    "a key twice": HEAD + '"name": "a", "name": "b"}',
    "a surrogate": HEAD + '"name": "\\ud800"}',
    "control characters": HEAD + '"\\u001b[2J\\u009b": 1}',
    "a control character as such": HEAD + '"\x1b[2J": 1}',
    "nothing else": HEAD + '"name": "a"}',
    "another version": '{"archc": 2, "canonical": 9}',
    "a list of keys": json.dumps({"canonical": [1], "archc": {}}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_canonical_form_ends_fairly(name: str, arena: Arena, tmp_path: Path) -> None:
    data = BROKEN[name].encode()
    path = tmp_path / "net.json"
    path.write_bytes(data)
    build = folder_of(data, tmp_path / "build")
    before = tree(tmp_path)
    expect_fair(arena.run(tmp_path, "check", path, terminal=True), {1}, terminal=True)
    expect_fair(arena.run(tmp_path, "check", "-", stdin=data), {1})
    expect_fair(arena.run(tmp_path, stdin=data, program="text"), {1})
    expect_fair(arena.run(tmp_path, "check", build), {1})
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", FORMS)
def test_long_canonical_form_ends_fairly(name: str, arena: Arena, tmp_path: Path) -> None:
    data = FORMS[name]()
    path = tmp_path / "net.json"
    path.write_bytes(data)
    expect_fair(arena.run(tmp_path, "check", path), {1})
    expect_fair(arena.run(tmp_path, stdin=data, program="text"), {1})


@pytest.mark.parametrize(
    "name", ["keys of one object", "small wide texts", "nodes of another network"]
)
def test_build_of_a_long_canonical_form_ends_fairly(
    name: str, arena: Arena, tmp_path: Path
) -> None:
    build = folder_of(FORMS[name](), tmp_path / "build")
    expect_fair(arena.run(tmp_path, "check", build), {1})


def test_canonical_form_of_as_many_nodes_as_may_be_is_read_fairly(
    arena: Arena, tmp_path: Path
) -> None:
    data = largest().encode()
    path = tmp_path / "net.json"
    path.write_bytes(data)
    expect_fair(arena.run(tmp_path, "check", path), {0})
    expect_fair(arena.run(tmp_path, "check", "-", stdin=data), {0})
    expect_fair(arena.run(tmp_path, stdin=data, program="text"), {0})
