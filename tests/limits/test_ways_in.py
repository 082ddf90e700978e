"""The limits of a text hold for the same spec as a file, in the canonical form and imported."""

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import astuple

import archc
from archc.artefacts import canonical_text
from archc.compiler import compile_graph
from archc.diagnostics import Code
from archc.opening import open_spec, read_spec
from archc.spec.canonical import canonical_limits
from archc.spec.json_text import size_of
from tests.limits.test_reading_limits import HEAD, LIMITS

IMPORTING = HEAD.replace("limits", "main") + "import: {a: ./spec.yaml}\nmodel:\n  - a()\n"


def file(text: str, folder: Path) -> Path:
    """Return the path of a spec."""
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def canonical_file(text: str, folder: Path) -> Path:
    """Return the path of a canonical form of a spec, which need not be named as JSON."""
    path = folder / "canonical.txt"
    path.write_text(canonical(text), encoding="utf-8")
    return path


def import_of(text: str, folder: Path) -> Path:
    """Return the path of a spec that imports another."""
    file(text, folder)
    path = folder / "main.yaml"
    path.write_text(IMPORTING, encoding="utf-8")
    return path


WAYS: dict[str, Callable[[str, Path], Path]] = {
    "file": file,
    "canonical": canonical_file,
    "import": import_of,
}
ELSEWHERE: dict[tuple[str, str], str] = {
    ("size of a file in bytes", "canonical"): "the canonical form has a limit of its own",
    ("nesting of blocks", "import"): "the imported model is one block more",
    ("largest size", "import"): "the inputs are those of the file that imports",
    ("elements of a tensor", "import"): "the same",
    ("rank of a tensor", "import"): "the same",
}
IMPORTED = {"size of a file in bytes": Code.IMPORT}
"""The limits whose message is that of the import line."""
CELLS = [(name, way) for name in LIMITS for way in WAYS if (name, way) not in ELSEWHERE]


def canonical(text: str) -> str:
    """Return the canonical form of a spec; of one that is refused, what a program might write."""
    try:
        spec = read_spec(text, "spec.yaml")
        return canonical_text(compile_graph(spec), spec)
    except archc.CompileError:
        node: Any = yaml.compose(text, Loader=yaml.CLoader)  # pyright: ignore[reportUnknownMemberType]
        facts = {"name": "limits", "variant": None, "parameters": {}, "inputs": {}}
        lists: dict[str, list[object]] = {"instances": [], "nodes": [], "outputs": []}
        return json.dumps({"archc": 1, "canonical": 1, **facts, "spec": _tree(node), **lists})


def _tree(node: Any) -> object:
    if isinstance(node, yaml.ScalarNode):
        return (node.style or "") + node.value
    if isinstance(node, yaml.SequenceNode):
        return [_tree(item) for item in node.value]
    return {str(_tree(key)): _tree(value) for key, value in node.value}


@pytest.mark.parametrize(("name", "way"), CELLS)
def test_limit_holds_on_each_way_in(name: str, way: str, tmp_path: Path) -> None:
    limit, spec, code = LIMITS[name]
    assert str(archc.check(WAYS[way](spec(limit), tmp_path))) == ""
    found = [d.code for d in archc.check(WAYS[way](spec(limit + 1), tmp_path)).diagnostics]
    assert found == [IMPORTED.get(name, code) if way == "import" else code]


def test_canonical_text_may_be_longer_than_what_people_write() -> None:
    limit, spec, _ = LIMITS["nodes after expansion"]
    text = canonical(spec(limit))
    assert len(text) > 2**20
    report = archc.check(text=text)
    assert report.ok, str(report)
    assert report.graph is not None
    assert len(report.graph.nodes) == limit


@pytest.mark.parametrize("asked", ["check", "summary", "draw"])
def test_limit_of_nodes_is_the_callers(asked: str, tmp_path: Path) -> None:
    spec = file(HEAD + "model:\n  - ReLU * 9\n", tmp_path)
    function: Any = getattr(archc, asked)
    assert function(spec, max_nodes=10)
    if asked == "check":
        assert [d.code for d in function(spec, max_nodes=9).diagnostics] == [Code.EXPANSION_LIMIT]
    else:
        with pytest.raises(archc.CompileError, match="expands to more than 9 nodes"):
            function(spec, max_nodes=9)


HOSTILE_FORMS = {
    "texts": ({"spec": ["a" * 9_999] * 110}, "a spec larger than 1048576 bytes"),
    "parameter": ({"parameters": {"n": 2**63}}, "`n` is an integer outside"),
    "nodes": ({"nodes": [1] * 100_000}, "`nodes.0`"),
}


@pytest.mark.parametrize("name", HOSTILE_FORMS)
def test_canonical_form_past_a_limit_says_which(name: str) -> None:
    changed, message = HOSTILE_FORMS[name]
    form = json.loads(canonical(HEAD + "params: {n: 1}\nmodel:\n  - Conv2d(n, 1)\n"))
    (found,) = archc.check(text=json.dumps({**form, **changed})).diagnostics
    assert found.headline.startswith(message)
    assert found.primary is not None


def test_key_twice_among_many_is_found_at_once() -> None:
    keys = ",".join(f'"k{i}":"a"' for i in (*range(100_000), 99_999))
    (found,) = archc.check(text='{"archc":1,"canonical":1,"spec":{' + keys + "}}").diagnostics
    assert found.headline == "the key `k99999` is there twice"


LISTS = """\
model:
  - let rows: range(9_999)
  - for _ in range(160):
    - K(rows)
blocks:
  K(rows): Linear(len(rows) // 9_999)
"""
"""Calls with lists of 9,999 numbers, each of which the canonical form writes down."""


def test_canonical_form_that_nobody_would_read_is_not_written() -> None:
    spec = read_spec(HEAD + LISTS, "lists.yaml")
    graph = compile_graph(spec)
    with pytest.raises(archc.CompileError) as caught:
        canonical_text(graph, spec)
    (found,) = caught.value.diagnostics
    assert found.code is Code.EXPANSION_LIMIT
    asked = re.match(r"--max-nodes ([0-9]+), to write it and to read it", found.help)
    assert asked is not None
    least = int(asked[1])
    with pytest.raises(archc.CompileError, match="would not be read"):
        canonical_text(graph, spec, least - 1)
    text = canonical_text(graph, spec, least)
    assert [d.code for d in archc.check(text=text).diagnostics] == [Code.READING_LIMIT]
    assert archc.check(text=text, max_nodes=least).ok


def test_model_whose_canonical_form_is_too_long_says_so_when_it_is_pickled(tmp_path: Path) -> None:
    spec = file(HEAD + LISTS, tmp_path)
    with pytest.raises(archc.CompileError, match="would not be read"):
        pickle.dumps(archc.load(spec))
    model = archc.load(spec, max_nodes=40_000)
    assert len(pickle.loads(pickle.dumps(model)).state_dict()) == 320


def test_build_whose_canonical_form_is_too_long_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(archc.CompileError, match="would not be read"):
        archc.build(file(HEAD + LISTS, tmp_path), output=tmp_path / "out")
    assert not list((tmp_path / "out").glob("[a-z]*"))


def test_most_nodes_of_the_largest_network_that_is_shipped_fit_into_the_canonical_form() -> None:
    spec = open_spec(Path(__file__).parents[2] / "specs/fpn.yaml")
    graph = compile_graph(spec)
    text = canonical_text(graph, spec)
    size = size_of(text.encode(), canonical_limits(0))
    share = len(graph.nodes) / 10_000
    for found, most in zip(astuple(size), astuple(canonical_limits(10_000)), strict=True):
        assert found < most * share


def test_more_parameters_than_a_spec_can_have_are_refused_at_once() -> None:
    form = json.loads(canonical(HEAD + "params: {n: 1}\nmodel:\n  - Conv2d(n, 1)\n"))
    many = {**form, "parameters": {f"n{i}": 1 for i in range(50_001)}}
    (found,) = archc.check(text=json.dumps(many)).diagnostics
    assert found.code is Code.READING_LIMIT
