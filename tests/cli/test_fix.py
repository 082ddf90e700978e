"""`archc check --fix` and `--diff`: files are mended as little as possible, or left alone."""

import json
from pathlib import Path

import pytest

from archc.cli.checking import _is_standard_input  # pyright: ignore[reportPrivateUsage]
from archc.cli.fixing import fix_files
from archc.diagnostics import Advice, Code, CompileError, Diagnostic, Edit, Span
from tests.cli.command import NET, archc, written
from tests.cli.test_imports import LIBRARY, MAIN

pytestmark = pytest.mark.slow

MISSPELT = NET.replace("-> relu", "-> rellu").replace("Linear(10)", "Linear(4, 10)")


def test_fix_mends_the_file_says_what_and_checks_it(tmp_path: Path) -> None:
    path = written(tmp_path, MISSPELT)
    done = archc("check", "--fix", path.name, cwd=tmp_path)
    assert path.read_text() == NET
    assert done.status == 0
    assert done.out.startswith("tiny  ")
    assert done.err.splitlines() == [
        "fixed tiny.yaml:9:40: there is no layer, block or function `rellu`: wrote `relu`",
        "fixed tiny.yaml:11:14: `Linear` takes 1 positional argument (out_features), 2 given: "
        "removed it",
    ]


def test_check_names_the_imported_file_that_has_the_fix(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY.replace("Conv2d(", "Conv2D("), "lib/library.yaml")
    path = written(tmp_path, MAIN, "main.yaml")
    done = archc("check", path.name, cwd=tmp_path)
    assert done.status == 1
    assert "archc check --fix lib/library.yaml" in done.err


def test_diff_prints_the_change_and_the_mistakes_and_writes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, MISSPELT)
    done = archc("check", "--diff", path.name, cwd=tmp_path)
    assert path.read_text() == MISSPELT
    assert done.status == 1
    changed = [line for line in done.out.splitlines() if line[:1] in "+-"]
    assert changed == [
        "--- tiny.yaml",
        "+++ tiny.yaml",
        "-  conv: Conv2d(width, 3, padding=1) -> rellu",
        "+  conv: Conv2d(width, 3, padding=1) -> relu",
        "-  fc: Linear(4, 10)",
        "+  fc: Linear(10)",
    ]
    assert "error[ARC302]" in done.err


def test_fix_leaves_a_mistake_that_has_no_certain_cure(tmp_path: Path) -> None:
    path = written(tmp_path, NET.replace("Conv2d(width, 3", "Conv2d(width, 30"))
    before = path.read_bytes()
    done = archc("check", "--fix", path)
    assert done.status == 1
    assert "error[ARC401]" in done.err
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_fix_keeps_everything_else_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = f"\ufeff# a comment\r\n{MISSPELT.replace(chr(10), chr(13) + chr(10))}# the end"
    path.write_bytes(text.encode())
    path.chmod(0o640)
    assert archc("check", "-q", "--fix", path).status == 0
    assert path.read_bytes().decode() == text.replace("rellu", "relu").replace("4, 10", "10")
    assert path.stat().st_mode & 0o777 == 0o640


def test_fix_writes_through_a_link(tmp_path: Path) -> None:
    path = written(tmp_path, MISSPELT)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    assert archc("check", "--fix", link).status == 0
    assert link.is_symlink()
    assert path.read_text() == NET


def test_fix_mends_what_only_a_variant_has(tmp_path: Path) -> None:
    path = written(tmp_path, NET.replace("{width: 8}", "{widht: 8}"))
    done = archc("check", "--fix", path)
    assert done.status == 0
    assert path.read_text() == NET


def test_fix_of_standard_input_is_a_wrong_usage() -> None:
    done = archc("check", "--fix", "-", stdin=MISSPELT.encode())
    assert done.status == 2
    assert "not standard input" in done.err


def test_fix_takes_a_file_in_shared_memory_and_no_open_stream() -> None:
    assert not _is_standard_input(Path("/dev/shm/net.yaml"))
    assert all(_is_standard_input(Path(f"/dev/{name}")) for name in ("stdin", "fd/0"))


def test_fix_refuses_a_file_that_changed_while_it_was_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "a\n")

    def check(text: str, file: Path) -> list[Diagnostic]:
        file.write_text("a # edited meanwhile\n")
        advice = Advice("write `b`", Edit("b", "a"))
        found = Diagnostic(Code.SYNTAX, "wrong", Span(str(file), 1, 1, 1, 2), help=advice)
        return [found] if text == "a\n" else []

    with pytest.raises(CompileError, match="changed while it was checked"):
        fix_files([path], check, is_only_shown=False)
    assert path.read_text() == "a # edited meanwhile\n"


def test_check_says_how_many_mistakes_have_a_fix(tmp_path: Path) -> None:
    written(tmp_path, MISSPELT)
    done = archc("check", "tiny.yaml", cwd=tmp_path)
    assert done.err.splitlines()[-2] == "1 of these has a fix: archc check --fix tiny.yaml"
    assert "a fix" not in archc("check", "-", stdin=MISSPELT.encode()).err


def test_json_holds_the_fix(tmp_path: Path) -> None:
    done = archc("check", "--format", "json", written(tmp_path, MISSPELT), "--variant", "tiny_wide")
    found = json.loads(done.out)[0]["diagnostics"]
    (edit,) = found[0]["fix"]
    place, line = edit["span"], MISSPELT.splitlines()[edit["span"]["line"] - 1]
    assert line[place["column"] - 1 : place["end_column"] - 1] == "rellu"
    assert edit["text"] == "relu"


def test_fix_of_an_imported_file_is_named_and_not_made_unless_that_file_is_named_too(
    tmp_path: Path,
) -> None:
    misspelt = LIBRARY.replace("Conv2d(", "Conv2D(")
    library = written(tmp_path, misspelt, "lib/library.yaml")
    text = MAIN.replace("first: Unit", "first: Unitt")
    main = written(tmp_path, text, "main.yaml")
    done = archc("check", "--fix", "main.yaml", cwd=tmp_path)
    assert main.read_text() == MAIN
    assert library.read_text() == misspelt
    assert done.status == 1
    assert done.err.rstrip().endswith("this has a fix: archc check --fix lib/library.yaml")
    main.write_text(text)
    done = archc("check", "--fix", "main.yaml", "lib/library.yaml", cwd=tmp_path)
    assert done.status == 0, done.err
    assert (main.read_text(), library.read_text()) == (MAIN, LIBRARY)
    assert [line.partition(":")[0] for line in done.err.splitlines()] == [
        "fixed main.yaml",
        "fixed lib/library.yaml",
    ]
