"""Canonical file → Graph: its spec is elaborated again and must give the nodes it promises."""

from collections.abc import Mapping, Sequence
from typing import cast

from archc.diagnostics import Code, CompileError, Diagnostic, Span
from archc.ir.canonical import Json, encoded_nodes, encoded_outputs
from archc.ir.graph import Graph
from archc.passes.elaborate import Imported, Request, elaborate
from archc.passes.elaboration.nodes import MAX_NODES
from archc.spec.canonical import BundledSpec, CanonicalSpec
from archc.spec.model import Document
from archc.spec.parse import parse

MAX_IMPORT_DEPTH = 16


def elaborate_canonical(spec: CanonicalSpec, max_nodes: int = MAX_NODES) -> Graph:
    """Return the graph of a canonical file.

    Raises:
        CompileError: the spec in it is wrong, or gives other nodes than the file says.
    """
    document = parse(spec.main.source)
    request = Request(
        spec.variant,
        spec.parameters,
        spec.inputs,
        max_nodes,
        imported=_imported(spec, spec.main, document, 1),
    )
    graph = elaborate(document, request, spec.main.source.text)
    _check("nodes", spec.nodes, encoded_nodes(graph), spec)
    _check("outputs", spec.outputs, encoded_outputs(graph), spec)
    return graph


def _imported(
    spec: CanonicalSpec, bundled: BundledSpec, document: Document, depth: int
) -> dict[str, Imported]:
    """Return the documents behind a spec's aliases, theirs included."""
    if depth > MAX_IMPORT_DEPTH:
        raise _refused(spec, Code.IMPORT, "imports nested too deeply, or in a circle")
    result: dict[str, Imported] = {}
    for item in document.imports:
        inner = spec.files.get(bundled.aliases.get(item.alias, ""))
        if inner is None:
            raise _refused(spec, Code.IMPORT, f"the file of the import `{item.alias}` is missing")
        imported = parse(inner.source)
        if item.block and item.block not in imported.blocks:
            raise _refused(spec, Code.IMPORT, f"`{item.path}` has no block `{item.block}`")
        result[item.alias] = Imported(
            imported, item.block, _imported(spec, inner, imported, depth + 1)
        )
    return result


def _check(what: str, written: Sequence[Json], found: Sequence[Json], spec: CanonicalSpec) -> None:
    """Compare what a file promises with what its spec gives, the spans left out."""
    if len(written) != len(found):
        raise _mismatch(spec, f"the file lists {len(written)} {what}, its spec gives {len(found)}")
    for index, (left, right) in enumerate(zip(written, found, strict=True)):
        a, b = cast("Mapping[str, Json]", left), cast("Mapping[str, Json]", right)
        for name in b:
            if name != "span" and a.get(name) != b[name]:
                raise _mismatch(
                    spec,
                    f"`{what}[{index}].{name}` is {a.get(name)}, the spec gives {b[name]}",
                )


def _mismatch(spec: CanonicalSpec, headline: str) -> CompileError:
    return _refused(spec, Code.CANONICAL_MISMATCH, headline)


def _refused(spec: CanonicalSpec, code: Code, headline: str) -> CompileError:
    file = spec.main.source.file
    advice = (
        "" if code is Code.IMPORT else "edit the spec, then write it again: archc expand --json"
    )
    found = Diagnostic(code, headline, Span(file, 1, 1, 1, 2), help=advice)
    return CompileError([found], {file: spec.main.source.text})
