"""Graphs for the tests of the back ends: the repository's specs and those beside the tests."""

from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from archc.ir.graph import Graph
from archc.passes.elaborate import Imported, Request, elaborate
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Source

HERE = Path(__file__).parent / "specs"
FOLDERS = (HERE, HERE.parents[2] / "specs")


QUICK = {"lenet5", "alexnet", "resnet18", "googlenet", "textcnn", "unet", "shufflenet_v2_x0_5"}
"""The shipped networks that the fast tests look at; the others wait for `make test`."""


def document_of(path: Path) -> Document:
    """Return the document of a file."""
    return parse(source_of(path))


def source_of(path: Path) -> Source:
    """Return the tree of a file."""
    return read(path.read_text(encoding="utf-8"), path.name)


@cache
def all_networks() -> dict[str, tuple[Path, str | None]]:
    """Return every network by name: a file's variants, or the file's own name."""
    found: dict[str, tuple[Path, str | None]] = {}
    for folder in FOLDERS:
        for path in sorted(folder.glob("*.yaml")):
            document = document_of(path)
            for variant in document.variants or (None,):
                found[variant or document.name] = (path, variant)
    return found


def every_network() -> list[ParameterSet]:
    """Return the names of all networks as parameters; of the shipped ones few are quick."""
    own = {name for name, (path, _) in all_networks().items() if path.parent == HERE}
    marks = {True: [], False: [pytest.mark.slow]}
    return [pytest.param(n, marks=marks[n in own | QUICK]) for n in sorted(all_networks())]


@cache
def network(name: str) -> Graph:
    """Return the graph of a network at its default size."""
    path, variant = all_networks()[name]
    return elaborated(source_of(path), variant, path.parent)


def elaborated(source: Source, variant: str | None = None, folder: Path | None = None) -> Graph:
    """Return the graph of a source; imports are read from `folder`."""
    document = parse(source)
    request = Request(variant=variant, imported=imported_by(document, folder))
    return elaborate(document, request, source.text)


def graph_of(text: str, variant: str | None = None) -> Graph:
    """Return the graph of a spec's text."""
    return elaborated(read(text, "spec.yaml"), variant)


def imported_by(document: Document, folder: Path | None) -> dict[str, Imported]:
    if document.imports and folder is None:
        pytest.fail("the spec imports files, and no folder was given")
    result: dict[str, Imported] = {}
    for item in document.imports:
        assert folder is not None
        path = folder / item.path
        inner = document_of(path)
        result[item.alias] = Imported(inner, item.block, imported_by(inner, path.parent))
    return result
