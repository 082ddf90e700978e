"""Whatever a string says, wherever it stands: it is text, in each artefact and on the terminal."""

import ast
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import archc
from archc.artefacts import canonical_text, python_module
from archc.compiler import compile_graph
from archc.diagnostics import Code
from archc.opening import read_spec
from tests.hostile.arena import Arena
from tests.hostile.judging import expect_fair, expect_printable, tree
from tests.hostile.places import ATTACKS, MARK, specs

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("attack", ATTACKS)
def test_string_is_text_in_every_place(attack: str, arena: Arena, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    paths: list[Path] = []
    for place, text in specs(ATTACKS[attack]).items():
        paths.append(tmp_path / f"{place}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    before = tree(tmp_path)
    for first in range(0, len(paths), TOGETHER):
        some = paths[first : first + TOGETHER]
        expect_fair(arena.run(here, "check", *some, terminal=True), {1}, terminal=True)
    for path in paths:
        if archc.check(path).ok:
            expect_fair(arena.run(here, "expand", path), {0})
            expect_fair(arena.run(here, "draw", path, "-o", "-"), {0})
    assert tree(tmp_path) == before


TOGETHER = 13
"""How many specs one command checks: some of them are refused."""

FREE = ("doc", "help", "default", "expect's source", "allow's reason", "meta", "meta's key")
"""Where a person reads the text, and any may stand."""


def accepted() -> list[tuple[str, str]]:
    """Return the attacks that a spec may hold: they are text there."""
    return [
        (attack, place)
        for attack, text in ATTACKS.items()
        for place, spec in specs(text).items()
        if archc.check(text=spec).ok
    ]


def test_any_text_may_stand_where_a_person_reads_it() -> None:
    assert {("a page", place) for place in FREE} <= set(accepted())


def test_string_that_is_accepted_changes_no_code() -> None:
    plain = specs("plain words")
    for attack, place in accepted():
        spec = read_spec(specs(ATTACKS[attack])[place], "spec.yaml")
        source = python_module(compile_graph(spec))
        assert source.isascii()
        assert set(source) - {"\n"} == {c for c in source if c.isprintable()}
        other = read_spec(plain[place], "spec.yaml")
        if archc.check(text=plain[place]).ok:
            assert shape_of(source) == shape_of(python_module(compile_graph(other)))
        assert json.loads(canonical_text(compile_graph(spec), spec))["name"] == "net"


def shape_of(source: str) -> str:
    """Return a source's tree with its texts left out."""
    tree_of = ast.parse(source)
    for node in ast.walk(tree_of):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree_of)


def test_string_that_is_accepted_adds_nothing_to_a_picture() -> None:
    text = specs(ATTACKS["a page"])["doc"].replace("conv:", '"conv": ')
    picture = archc.draw(text=text).svg
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert "script" not in names
    assert "img" not in names
    expect_printable(picture.encode())


def test_string_is_no_fault_of_ours_in_any_place() -> None:
    for text in ATTACKS.values():
        for place, spec in specs(text).items():
            codes = {found.code for found in archc.check(text=spec).diagnostics}
            assert Code.INTERNAL not in codes, (place, text)


def test_every_attack_names_its_mark() -> None:
    assert all(MARK in text or "alert" in text for text in ATTACKS.values())
