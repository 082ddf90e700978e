"""The canonical form reads back as the same network, or says what differs."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from archc.backends.canonical import canonical_json
from archc.backends.python_source import python_source
from archc.compiler import compile_graph
from archc.diagnostics import Code, CompileError
from archc.ir.graph import Graph
from archc.opening import read_spec
from archc.passes.elaborate import Imported, Request, elaborate
from archc.spec.canonical import BundledSpec, decoded_tree, encoded_imports, encoded_tree
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Mapping, Node, Scalar, Sequence, Source
from tests.backends.constructs import CONSTRUCTS
from tests.backends.networks import all_networks, document_of, elaborated, every_network, source_of
from tests.backends.test_expansion import assert_same, filled

SPEC = """\
archc: 1
name: small
doc: "quoted: yes"
params: {width: 8, act: ReLU, mode: 'nearest', slope: 1.0}
inputs:
  image: [B, 3, H=8, W=8]
model:
  conv: Conv2d(width, 3, padding=1) -> act
  'odd': LeakyReLU(slope)
  up: interpolate(scale_factor=2, mode=mode) -> amax((2, 3))
"""


def written(source: Source, variant: str | None = None, path: Path | None = None) -> str:
    graph = elaborated(source, variant, path.parent if path else None)
    return canonical_json(graph, encoded_tree(source.root), imports_of(path))


def imports_of(path: Path | None) -> Any:
    if path is None:
        return None
    files: dict[str, BundledSpec] = {}
    return encoded_imports(aliases_of(path, files), files)


def aliases_of(path: Path, files: dict[str, BundledSpec]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for item in document_of(path).imports:
        inner = path.parent / item.path
        aliases[item.alias] = inner.name
        files[inner.name] = BundledSpec(source_of(inner), aliases_of(inner, files))
    return aliases


def reread(text: str) -> Graph:
    return compile_graph(read_spec(text, "small.json"))


def shape_of(node: Node) -> Any:
    """Return a tree without places."""
    if isinstance(node, Scalar):
        return node.value, node.style
    if isinstance(node, Sequence):
        return [shape_of(item) for item in node.items]
    return [(key.value, key.style, shape_of(value)) for key, value in node.entries]


@pytest.mark.parametrize("name", every_network())
def test_canonical_form_of_every_network_reads_back_as_the_same_graph(name: str) -> None:
    path, variant = all_networks()[name]
    source = source_of(path)
    graph = elaborated(source, variant, path.parent)
    again = reread(canonical_json(graph, encoded_tree(source.root), imports_of(path)))
    assert_same(graph, again)
    assert [node.path for node in again.nodes] == [node.path for node in graph.nodes]
    assert (again.name, again.title, again.doc) == (graph.name, graph.title, graph.doc)
    assert again.parameters == graph.parameters
    assert filled(again) == filled(graph)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_canonical_form_of_every_construct_reads_back_as_the_same_graph(name: str) -> None:
    source = read(f"archc: 1\nname: construct\n{CONSTRUCTS[name]}", "construct.yaml")
    assert_same(elaborated(source), reread(written(source)))


def test_canonical_form_has_the_published_keys_in_order() -> None:
    document = json.loads(written(read(SPEC, "small.yaml")))
    assert list(document) == [
        *("archc", "canonical", "name", "variant", "parameters", "inputs", "spec", "imports"),
        *("instances", "nodes", "outputs"),
    ]
    assert document["inputs"] == {"image": ["B", 3, 8, 8]}
    assert document["parameters"]["act"] == {"layer": "ReLU"}
    assert document["nodes"][1]["inputs"] == [0]
    assert document["nodes"][1]["parameters"] == 3 * 8 * 9 + 8


def test_canonical_form_is_the_same_each_time() -> None:
    assert written(read(SPEC, "small.yaml")) == written(read(SPEC, "small.yaml"))


def test_lines_of_a_canonical_form_stay_apart() -> None:
    two_relus = (
        SPEC.split("model:", maxsplit=1)[0] + "model:\n  - Conv2d(8, 1)\n  - ReLU\n  - ReLU\n"
    )
    source = read(two_relus, "small.yaml")
    again = reread(written(source))
    first, second = (node for node in again.nodes if node.path in {"1", "2"})
    assert first.span.line < second.span.line
    assert uncommented(again) == uncommented(elaborated(source))
    assert "inplace=True" in uncommented(again)


def uncommented(graph: Graph) -> str:
    """Return the compiled source without its comments, which name lines."""
    return ast.unparse(ast.parse(python_source(graph)))


def test_canonical_tree_keeps_quotes_and_the_order_of_keys() -> None:
    root = read(SPEC, "small.yaml").root
    again, text = decoded_tree(encoded_tree(root), "x")
    assert shape_of(again) == shape_of(root)
    assert text.splitlines()[:4] == ["archc", "1", "name", root.entries[1][1].value]
    assert isinstance(root, Mapping)


def test_canonical_form_reads_back_parameters_of_every_kind() -> None:
    graph = reread(written(read(SPEC, "small.yaml")))
    assert graph.parameters["mode"] == "nearest"
    assert type(graph.parameters["slope"]) is float
    assert str(graph.parameters["act"]) == "ReLU"


def edited(change: Any) -> str:
    document = json.loads(written(read(SPEC, "small.yaml")))
    change(document)
    return json.dumps(document)


def code_of(text: str) -> tuple[Code, str]:
    with pytest.raises(CompileError) as caught:
        reread(text)
    assert str(caught.value)
    first = caught.value.diagnostics[0]
    return first.code, first.headline


def test_canonical_form_with_another_shape_is_refused() -> None:
    text = edited(lambda d: d["nodes"][1].update(shape=["B", 9, 8, 8]))
    code, headline = code_of(text)
    assert code is Code.CANONICAL_MISMATCH
    assert "number 1 has shape" in headline


def test_canonical_form_with_a_changed_spec_is_refused() -> None:
    code, _ = code_of(edited(lambda d: d["spec"]["model"].update(conv="Conv2d(9, 3)")))
    assert code is Code.CANONICAL_MISMATCH


def test_canonical_form_with_fewer_nodes_is_refused() -> None:
    assert code_of(edited(lambda d: d["nodes"].pop()))[0] is Code.CANONICAL_MISMATCH


def test_canonical_form_ignores_spans() -> None:
    reread(edited(lambda d: d["nodes"][1].update(span="999:1")))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", Code.NOT_YAML),
        ("[" * 100_000, Code.READING_LIMIT),
        ("[" + "0," * 2_000_000 + "0]", Code.READING_LIMIT),
        ('{"archc": 1, "canonical": 1, "canonical": 1}', Code.DUPLICATE_KEY),
        ('{"archc": 1, "canonical": NaN}', Code.NOT_YAML),
        ("{}", Code.MISSING_KEY),
        (edited(lambda d: d.update(extra=1)), Code.UNKNOWN_KEY),
        (edited(lambda d: d.update(canonical=2)), Code.FIELD_VALUE),
        (edited(lambda d: d["spec"].update(doc=3)), Code.FIELD_VALUE),
        (edited(lambda d: d["spec"].update(doc="\x00")), Code.NOT_YAML),
        (edited(lambda d: d["parameters"].update(width={"x": 1})), Code.FIELD_VALUE),
        (edited(lambda d: d["spec"]["model"].update(conv="Conv2d(")), Code.SYNTAX),
    ],
    ids=lambda value: value.name if isinstance(value, Code) else "",
)
def test_canonical_form_that_is_malformed_is_refused(text: str, code: Code) -> None:
    assert code_of(text)[0] is code


PLACES: dict[str, tuple[Any, Code, str, str]] = {
    "a wrong kind in a node": (
        lambda d: d["nodes"][1].update(shape=["B", 1.5]),
        Code.FIELD_VALUE,
        "`nodes.1.shape.1` is an integer or a text, not a number with a point",
        "1.5",
    ),
    "a number below 0": (
        lambda d: d["nodes"][1].update(parameters=-3),
        Code.FIELD_VALUE,
        "`nodes.1.parameters` is an integer of at least 0",
        "-3",
    ),
    "a size of an input": (
        lambda d: d["inputs"].update(other=[1, True]),
        Code.FIELD_VALUE,
        "`inputs.other.1` is an integer or a text, not true or false",
        "true",
    ),
    "an alias of an import": (
        lambda d: d["imports"]["files"].update(f={"aliases": {"a": 7}, "spec": []}),
        Code.FIELD_VALUE,
        "`imports.files.f.aliases.a` is a text, not an integer",
        "7",
    ),
    "another version": (
        lambda d: d.update(canonical=2),
        Code.FIELD_VALUE,
        "`canonical` is 1, not `2`",
        "2",
    ),
    "an unknown mode": (
        lambda d: d["outputs"][0].update(mode="testing"),
        Code.FIELD_VALUE,
        '`outputs.0.mode` is `train`, `eval` or null, not `"testing"`',
        '"testing"',
    ),
    "a key that is missing": (
        lambda d: d["nodes"][1].pop("op"),
        Code.MISSING_KEY,
        "`nodes.1.op` is missing",
        "{",
    ),
    "a key that is unknown": (
        lambda d: d["nodes"][1].update(shapes=[]),
        Code.UNKNOWN_KEY,
        "`nodes.1.shapes` is no key of the canonical form",
        '"shapes"',
    ),
    "a number in the spec": (
        lambda d: d["spec"]["inputs"]["image"].insert(1, 3),
        Code.FIELD_VALUE,
        "`spec` holds 3; every value of it is a text",
        "3",
    ),
    "a control character in the spec": (
        lambda d: d["spec"].update(doc="a\x1b"),
        Code.NOT_YAML,
        "a text holds a control character",
        '"a\\u001b"',
    ),
    "a parameter of no kind": (
        lambda d: d["parameters"].update(width={"x": 1}),
        Code.FIELD_VALUE,
        "a parameter's value is a constant or a layer",
        "{",
    ),
}


@pytest.mark.parametrize("form", [None, 1], ids=["one line", "many lines"])
@pytest.mark.parametrize("name", PLACES)
def test_mistake_in_a_canonical_form_has_its_place(name: str, form: int | None) -> None:
    change, code, headline, marked = PLACES[name]
    document = json.loads(written(read(SPEC, "small.yaml")))
    change(document)
    text = json.dumps(document, indent=form)
    with pytest.raises(CompileError) as caught:
        reread(text)
    (found,) = caught.value.diagnostics
    assert (found.code, found.headline) == (code, headline)
    assert found.primary is not None
    line = text.splitlines()[found.primary.line - 1]
    assert line[found.primary.column - 1 : found.primary.end_column - 1] == marked
    assert caught.value.sources["small.json"].splitlines()[found.primary.line - 1] == line


BYTES: dict[str, tuple[bytes, Code, str, tuple[int, int]]] = {
    "no UTF-8": (b'{"canonical":\n "\xc3\xa9\xff', Code.NOT_YAML, "line 2 is not UTF-8", (2, 4)),
    "a comma too few": (
        b'{"canonical": 1,\n "archc" 1}',
        Code.NOT_YAML,
        "the text is no JSON: expected ':'",
        (2, 10),
    ),
    "half a form": (
        b'{"canonical": 1',
        Code.NOT_YAML,
        "the text is no JSON: it ends too early",
        (1, 16),
    ),
    "a key twice": (
        b'{"canonical": 1,\n"b":{"a":0, "\\u0061":1}}',
        Code.DUPLICATE_KEY,
        "the key `a` is there twice",
        (2, 13),
    ),
    "NaN": (
        b'{"canonical": NaN}',
        Code.NOT_YAML,
        "the text is no JSON: invalid character",
        (1, 15),
    ),
    "too deep": (
        b'{"canonical":' + b"[" * 50 + b"]" * 50 + b"}",
        Code.READING_LIMIT,
        "the JSON is nested deeper than 48",
        (1, 61),
    ),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_canonical_form_have_the_place_of_it(name: str) -> None:
    data, code, headline, place = BYTES[name]
    with pytest.raises(CompileError) as caught:
        read_spec(data, "small.json")
    (found,) = caught.value.diagnostics
    assert (found.code, found.headline) == (code, headline)
    assert found.primary is not None
    assert (found.primary.line, found.primary.column) == place


def test_same_name_in_two_objects_is_no_key_twice() -> None:
    text = edited(lambda d: d["parameters"].update(width=8))
    assert text.count('"arguments"') > 2
    reread(text)


def test_canonical_form_larger_than_the_limit_is_refused() -> None:
    assert code_of('"' + "a" * (32 * 2**20) + '"')[0] is Code.READING_LIMIT


def test_canonical_form_holds_the_imported_files_without_their_folders() -> None:
    block = read(
        "archc: 1\nname: c\ninputs: {x: [B, 3, 8, 8]}\n"
        "blocks:\n  K(n): Conv2d(n, 1)\nmodel:\n  - K(1)\n",
        "/home/a/c.yaml",
    )
    main = read(
        "archc: 1\nname: a\nimport: {K: ./c.yaml#K}\ninputs: {x: [B, 3, 8, 8]}\n"
        "model:\n  one: K(7)\n",
        "a.yaml",
    )
    graph = elaborate(parse(main), Request(imported={"K": Imported(parse(block), "K")}))
    imports = encoded_imports({"K": "/home/a/c.yaml"}, {"/home/a/c.yaml": BundledSpec(block)})
    text = canonical_json(graph, encoded_tree(main.root), imports)
    assert "/home" not in text
    assert_same(graph, reread(text))


def test_canonical_form_that_imports_in_a_circle_is_refused() -> None:
    spec = "archc: 1\nname: a\nimport: {K: ./c.yaml#K}\ninputs: {x: [B, 3]}\n"
    spec += "blocks:\n  K: Linear(2)\nmodel:\n  one: Linear(7)\n"
    plain = read(spec.replace("import: {K: ./c.yaml#K}\n", ""), "a.yaml")
    tree = encoded_tree(read(spec.replace("  K:", "  L:"), "a.yaml").root)
    circle = {"aliases": {"K": "c"}, "files": {"c": {"aliases": {"K": "c"}, "spec": tree}}}
    assert code_of(canonical_json(elaborated(plain), tree, circle))[0] is Code.IMPORT
