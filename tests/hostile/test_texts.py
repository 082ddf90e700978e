"""Hostile specs end soon and cleanly, whichever way they come in."""

from pathlib import Path

import pytest

from tests.hostile.arena import Arena
from tests.hostile.folders import folder_of
from tests.hostile.judging import expect_fair, tree
from tests.hostile.texts import PIECES, Piece

pytestmark = pytest.mark.slow


@pytest.fixture(params=PIECES)
def piece(request: pytest.FixtureRequest) -> Piece:
    """Return each hostile spec."""
    return PIECES[request.param]


def test_hostile_spec_ends_fairly_on_every_way_in(
    piece: Piece, arena: Arena, tmp_path: Path
) -> None:
    path = tmp_path / "given" / "spec.yaml"
    path.parent.mkdir()
    path.write_bytes(piece.data)
    (tmp_path / "here").mkdir()
    build = folder_of(piece.data, tmp_path / "build")
    before = tree(tmp_path)
    here = tmp_path / "here"
    expect_fair(arena.run(here, "check", path), {piece.status})
    shown = arena.run(here, "check", "-", stdin=piece.data, terminal=True)
    expect_fair(shown, {piece.status}, terminal=True)
    expect_fair(arena.run(here, stdin=piece.data, program="text"), {piece.status})
    expect_fair(arena.run(here, "check", build), {1})
    expect_fair(arena.run(here, build, program="path"), {1})
    assert tree(tmp_path) == before
