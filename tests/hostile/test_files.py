"""Paths and files that are no specs: refused with a sentence, never followed out or waited for."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.arena import Arena
from tests.hostile.judging import expect_fair, tree
from tests.hostile.texts import GOOD, HEAD

pytestmark = pytest.mark.slow


def _spec(folder: Path, imported: str) -> Path:
    path = folder / "main.yaml"
    head = HEAD + f"import: {{a: {json.dumps(imported)}}}\n"
    path.write_text(head + "model:\n  - a()\n", encoding="utf-8")
    return path


def _linked(folder: Path, target: str, name: str = "spec.yaml") -> Path:
    path = folder / name
    path.symlink_to(target)
    return path


def _pipe(folder: Path, name: str = "spec.yaml") -> Path:
    os.mkfifo(folder / name)
    return folder / name


def _made(folder: Path, name: str, data: bytes = b"") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def _circle(folder: Path) -> Path:
    for name, other in (("b", "c"), ("c", "main")):
        text = HEAD + f"import: {{a: ./{other}.yaml}}\nmodel:\n  - a()\n"
        (folder / f"{name}.yaml").write_text(text)
    return _spec(folder, "./b.yaml")


def _deep(folder: Path) -> Path:
    for number in range(40):
        text = HEAD + f"import: {{a: ./d{number + 1}.yaml}}\nmodel:\n  - a()\n"
        (folder / f"d{number}.yaml").write_text(text)
    (folder / "d40.yaml").write_text(GOOD)
    return _spec(folder, "./d0.yaml")


def _wide(folder: Path) -> Path:
    for number in range(16):
        names = "".join(f"  a{i}: ./w{number + 1}.yaml\n" for i in range(8))
        (folder / f"w{number}.yaml").write_text(HEAD + f"import:\n{names}model:\n  - a0()\n")
    (folder / "w16.yaml").write_text(GOOD)
    return _spec(folder, "./w0.yaml")


def _sparse(folder: Path, name: str) -> Path:
    path = _made(folder, name, b'{"canonical": 1')
    os.truncate(path, 2**36)
    return path


def _link_out(folder: Path) -> Path:
    _linked(folder, "/etc/passwd", "out.yaml")
    return _spec(folder, "./out.yaml")


def _import_of_pipe(folder: Path) -> Path:
    _pipe(folder, "pipe.yaml")
    return _spec(folder, "./pipe.yaml")


FILES: dict[str, tuple[Callable[[Path], Path | str], int]] = {
    "a pipe nobody writes to": (_pipe, 3),
    "a folder named as a spec": (lambda f: (f / "spec.yaml").mkdir() or f / "spec.yaml", 3),
    "a link to itself": (lambda f: _linked(f, "spec.yaml"), 3),
    "a link to nothing": (lambda f: _linked(f, "nothing"), 3),
    "a link to zeros without end": (lambda f: _linked(f, "/dev/zero"), 3),
    "a link to memory": (lambda f: _linked(f, "/proc/self/mem"), 3),
    "zeros without end": (lambda f: "/dev/zero", 3),
    "random bytes without end": (lambda f: "/dev/urandom", 3),
    "a terminal": (lambda f: "/dev/ptmx", 3),
    "a path of four thousand letters": (lambda f: f / ("a" * 4000 + ".yaml"), 3),
    "a canonical path of four thousand letters": (lambda f: f / ("a" * 4000 + ".json"), 3),
    "a path of control characters": (lambda f: f / "\x1b[2J\a\u2028.yaml", 3),
    "a file named in control characters": (lambda f: _made(f, "\x1b]0;a\a\u2028.yaml", b"a: ["), 1),
    "a file named as no text": (lambda f: _made(f, "\udcff.yaml", b"a: ["), 1),
    "a file of 64 GiB": (lambda f: _sparse(f, "spec.yaml"), 1),
    "a canonical file of 64 GiB": (lambda f: _sparse(f, "spec.json"), 1),
    "a file below a file": (lambda f: _made(f, "spec.yaml", b"a") / "b.yaml", 3),
    "a canonical form that is a pipe": (lambda f: _pipe(f, "spec.json"), 3),
    "an import from the root": (lambda f: _spec(f, "/etc/passwd"), 1),
    "an import from above": (lambda f: _spec(f, "../" * 20 + "etc/passwd"), 1),
    "an import by a link out": (_link_out, 1),
    "an import of zeros": (lambda f: _spec(f, "/dev/zero"), 1),
    "an import of a pipe": (_import_of_pipe, 1),
    "an import of a folder": (lambda f: _spec(f, "."), 1),
    "an import of nothing": (lambda f: _spec(f, ""), 1),
    "an import of a NUL": (lambda f: _spec(f, "a\0b.yaml"), 1),
    "an import of a long name": (lambda f: _spec(f, "a" * 5000), 1),
    "an import of control characters": (lambda f: _spec(f, "\x1b[2J.yaml"), 1),
    "an import of itself": (lambda f: _spec(f, "./main.yaml"), 1),
    "imports in a circle": (_circle, 1),
    "imports forty deep": (_deep, 1),
    "imports that double": (_wide, 1),
}


@pytest.mark.parametrize("name", FILES)
def test_file_that_is_no_spec_is_refused_soon(name: str, arena: Arena, tmp_path: Path) -> None:
    make, status = FILES[name]
    given, here = tmp_path / "given", tmp_path / "here"
    given.mkdir()
    here.mkdir()
    path = make(given)
    before = tree(tmp_path)
    expect_fair(arena.run(here, "check", path, terminal=True), {status}, terminal=True)
    expect_fair(arena.run(here, "summary", path), {status})
    expect_fair(arena.run(here, path, program="path"), {status})
    assert tree(tmp_path) == before


def test_path_with_a_nul_is_refused_in_python() -> None:
    import archc

    (found,) = archc.check("a\0b.yaml").diagnostics
    assert (str(found.code), found.headline.count("NUL")) == ("ARC101", 1)
