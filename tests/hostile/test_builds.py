"""Builds that no archc made: their manifests are judged as any hostile input is."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archc.runtime.build_folder import edited_files
from tests.cli.command import written
from tests.hostile.arena import Arena
from tests.hostile.folders import HASH, NAMES, manifest
from tests.hostile.judging import expect_fair, tree
from tests.hostile.texts import GOOD

pytestmark = pytest.mark.slow


def naming(*names: str) -> bytes:
    """Return a manifest that names more files."""
    return manifest(files=dict.fromkeys((*NAMES, *names), HASH))


CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{files}",
    "no UTF-8": b'{"files": {"\xff": 1}}',
    "a list": b"[]",
    "a number": b"1e400",
    "an empty object": b"{}",
    "another's manifest": b'{"name": "an app for the web", "icons": []}',
    "files as a list": manifest(files=[*NAMES]),
    "files as a text": manifest(files="model.py"),
    "no files": manifest(files={}),
    "hashes that are none": manifest(files=dict.fromkeys(NAMES, "x" * 64)),
    "hashes that are lists": manifest(files={name: [HASH] for name in NAMES}),
    "a name from above": naming("../../../../etc/passwd"),
    "a name from above in the imports": naming("imports/../../../etc/passwd.yaml"),
    "a name from the root": naming("/etc/passwd"),
    "a name of a device": naming("/dev/zero"),
    "a name with a NUL": naming("imports/a\0.yaml"),
    "a name of control characters": naming("\x1b[2J\x1b]0;pwned\x07\u2028.yaml"),
    "an import of control characters": naming("imports/\x1b[2J\x07\u2028.yaml"),
    "a long name": naming("imports/" + "a" * 5_000 + ".yaml"),
    "many names": naming(*(f"imports/a{number}.yaml" for number in range(20_000))),
    "a version that is a list": manifest(archc=["0.1.0"]),
    "a version of control characters": manifest(archc="\x1b]0;pwned\x07"),
    "a variant that is a number": manifest(variant=1),
    "a parameter that is a layer of no name": manifest(parameters={"a": {"layer": "("}}),
    "a parameter that is an object": manifest(parameters={"a": {"b": {}}}),
    "a parameter of ten thousand digits": manifest().replace(
        b'"parameters": {}', b'"parameters": {"a": ' + b"9" * 10_000 + b"}"
    ),
    "sizes that are none": manifest(inputs={"image": ["B", 1.5, None]}),
    "deep JSON": b'{"files": ' + b"[" * 200_000,
    "deep JSON that ends": manifest(meta=1).replace(b"1}", b"[" * 90_000 + b"]" * 90_000 + b"}"),
    "deep parameters": manifest().replace(
        b'"parameters": {}', b'"parameters": {"a": ' + b"[" * 900 + b"]" * 900 + b"}"
    ),
    "a hundred megabytes": b" " * 2**20 * 100 + manifest(),
    "empty lists without end": manifest().replace(b"{}", b'{"a": [' + b"[]," * 650_000 + b"1]}"),
}


def _content(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _endless(path: Path) -> None:
    path.write_bytes(manifest())
    os.truncate(path, 2**36)


PLACES: dict[str, tuple[Callable[[Path], object], int]] = {
    **{name: (_content(data), 1) for name, data in CONTENTS.items()},
    "a pipe nobody writes to": (os.mkfifo, 1),
    "a folder": (Path.mkdir, 1),
    "a link to itself": (lambda path: path.symlink_to(path), 1),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), 1),
    "zeros without end": (lambda path: path.symlink_to("/dev/zero"), 1),
    "a file of 64 GiB": (_endless, 1),
}


@pytest.mark.parametrize("name", PLACES)
def test_hostile_manifest_ends_fairly(name: str, arena: Arena, tmp_path: Path) -> None:
    make, status = PLACES[name]
    build, here = tmp_path / "build", tmp_path / "here"
    written(build, GOOD, "spec.yaml")
    here.mkdir()
    make(build / "manifest.json")
    before = tree(tmp_path)
    expect_fair(arena.run(here, "check", build, terminal=True), {status}, terminal=True)
    expect_fair(arena.run(here, "summary", build), {status})
    expect_fair(arena.run(here, build, program="path"), {status})
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", PLACES)
def test_hostile_manifest_in_the_way_of_a_build_is_an_edited_one(
    name: str, arena: Arena, tmp_path: Path
) -> None:
    make, _ = PLACES[name]
    content = tmp_path / "out/.store/hash"
    spec = written(tmp_path, GOOD, "spec.yaml")
    written(content, GOOD, "spec.yaml")
    make(content / "manifest.json")
    (tmp_path / "out/hostile").symlink_to(".store/hash")
    before = tree(tmp_path)
    ending = arena.run(tmp_path, "build", spec, "-o", tmp_path / "out")
    expect_fair(replace(ending, heavy=()), {3})
    assert b"files in it were edited" in ending.err
    assert {**tree(tmp_path), "out/.store/lock": before.get("out/.store/lock")} == {
        **before,
        "out/.store/lock": None,
    }


def _special(kind: str, path: Path) -> None:
    path.unlink()
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "memory":
        path.symlink_to("/proc/self/mem")
    else:
        path.write_bytes(b"")
        os.truncate(path, 2**36)


@pytest.mark.parametrize("kind", ["a pipe", "zeros", "memory", "64 GiB"])
@pytest.mark.parametrize("name", [*NAMES, "imports/a.yaml", "weights.safetensors"])
def test_file_of_a_hostile_build_is_not_waited_for(
    name: str, kind: str, arena: Arena, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    for file in (*NAMES, "imports/a.yaml", "weights.safetensors"):
        written(build, GOOD, file)
    (build / "manifest.json").write_bytes(naming("imports/a.yaml", "weights.safetensors"))
    _special(kind, build / name)
    before = tree(tmp_path)
    ending = arena.run(tmp_path, "check", build)
    expect_fair(ending, {1})
    assert b"it was edited" in ending.err
    assert tree(tmp_path) == before


def test_edited_build_with_a_link_for_a_file_is_not_followed(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "spec.yaml")
    (tmp_path / "model.py").symlink_to("/dev/zero")
    (tmp_path / "manifest.json").write_bytes(naming())
    assert "model.py" in edited_files(tmp_path)
