"""The same spec gives the same bytes: whatever the locale, the seed of hashes, the time zone."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.command import written
from tests.cli.test_imports import LIBRARY, MAIN

pytestmark = pytest.mark.slow

PROGRAM = """\
import locale, os, sys
os.umask(int(sys.argv[1], 8))
from archc.runtime import build as building
building.prove = lambda *_: None
import archc
locale.setlocale(locale.LC_ALL, "")
for spec in sys.argv[3:]:
    place = archc.build(spec, output=sys.argv[2], weights="init" if spec == "lenet5" else None)
    for form in ("dot", "svg"):
        archc.draw(spec).save(f"{sys.argv[2]}/{place.name}.{form}")
    print(archc.summary(spec, format="json"))
"""
"""Builds and draws as an embedding program does, which has taken over the user's locale."""


@dataclass(frozen=True)
class Place:
    """What may differ between two machines on which a spec is built."""

    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    umask: str = "022"


HERE = Place()
BARE = Place(
    ("-O", "-X", "utf8=0"),
    {
        "PYTHONHASHSEED": "1",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "TZ": "Asia/Tokyo",
        "OMP_NUM_THREADS": "1",
    },
    "077",
)
LOCALES = ("de_DE", "tr_TR")
"""A comma in numbers; in Turkish an `i` with other capitals too."""


def abroad(name: str, folder: Path) -> Place:
    """Return a place of another country, whose locale is made here."""
    if shutil.which("localedef") is None:
        pytest.skip("this system cannot make a locale")
    done = subprocess.run(
        ["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")],
        capture_output=True,
        check=False,
    )
    if done.returncode > 1:
        pytest.skip(f"this system does not know the locale {name}")
    variables = {
        "LOCPATH": str(folder),
        "LC_ALL": f"{name}.UTF-8",
        "PYTHONHASHSEED": "4242",
        "TZ": "America/St_Johns",
        "OMP_NUM_THREADS": "3",
    }
    return Place(("-OO",), variables, "000")


def built(place: Place, folder: Path, specs: list[str]) -> dict[str, str]:
    """Return the hash of every file that the builds and drawings of some specs consist of."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, *place.options, "-c", PROGRAM, place.umask, str(folder), *specs],
        capture_output=True,
        cwd=folder.parent,
        env={**os.environ, **place.variables},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    names = sorted(path.name for path in folder.iterdir() if path.is_symlink())
    assert len(names) == len(specs)
    files = [path for name in names for path in (folder / name).rglob("*") if path.is_file()]
    files += [path for path in folder.iterdir() if path.is_file()]
    hashes = {str(path.relative_to(folder)): _hash(path.read_bytes()) for path in files}
    return {**hashes, "standard output": _hash(done.stdout)}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("specs")
    written(folder, LIBRARY.replace("Unit(4)", "Unit(4) -> Unit(4)"), "lib/library.yaml")
    return [str(written(folder, MAIN, "main.yaml")), "lenet5", "resnet18"]


@pytest.fixture(scope="module")
def here(specs: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    hashes = built(HERE, tmp_path_factory.mktemp("built") / "here", specs)
    assert len(hashes) == 7 + 7 + 6 + 2 * 3 + 1
    return hashes


def test_builds_and_drawings_elsewhere_have_the_same_bytes(
    specs: list[str], here: dict[str, str], tmp_path: Path
) -> None:
    assert built(BARE, tmp_path / "über all", specs) == here


def test_builds_and_drawings_in_turkish_have_the_same_bytes(
    specs: list[str], here: dict[str, str], tmp_path: Path
) -> None:
    assert built(abroad("tr_TR", tmp_path), tmp_path / "orada", specs) == here


@pytest.mark.prove
def test_every_network_elsewhere_has_the_same_bytes(tmp_path: Path) -> None:
    from archc.catalogue import spec_files

    root = Path(__file__).parents[2] / "specs"
    specs = [str(path) for path in spec_files(root)]
    here = built(HERE, tmp_path / "here", specs)
    assert built(BARE, tmp_path / "there", specs) == here
    for name in LOCALES:
        assert built(abroad(name, tmp_path), tmp_path / name, specs) == here
    print(f"{len(here)} files of {len(specs)} specs, each the same in 4 places")
