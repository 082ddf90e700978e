"""What is made of a graph: one function an artefact, and whether a build holds just these."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import astuple

from archc import __version__
from archc.diagnostics import Code, CompileError, Diagnostic, meant
from archc.diagnostics.render import excerpt
from archc.ir.graph import Graph, Mode
from archc.ir.runs import ChildRun, ItemRun
from archc.manifest import GRAPH, MODEL, SUMMARY, Build, changed, sha256
from archc.opening import Spec
from archc.passes.elaboration.nodes import MAX_NODES

if TYPE_CHECKING:
    from archc.drawing import Drawing
    from archc.passes.summarize import SortKey
    from archc.spec.json_text import JsonSize

SummaryFormat = Literal["text", "json", "markdown", "csv"]


def summary_source(
    graph: Graph,
    format: SummaryFormat = "text",
    mode: Mode | None = None,
    depth: int | None = None,
    sort: SortKey | None = None,
) -> str:
    """Return the cost table of a graph as text, JSON, Markdown or CSV."""
    from archc.backends import summary as backend
    from archc.passes.summarize import summarize

    printers = {
        "text": backend.summary_text,
        "json": backend.summary_json,
        "markdown": backend.summary_markdown,
        "csv": backend.summary_csv,
    }
    return printers[format](summarize(graph, mode, depth, sort))


def derivation(graph: Graph, path: str) -> str:
    """Return how the layer at `path` got its shape, from the input on.

    The path of a block or of a chain stands for its last layer; of a block, or of nested lines,
    that are called again `path#2` is the second call. A name that `let`, `as` or a join gives
    stands for what made it.

    Raises:
        CompileError: nothing stands at that path.
    """
    from archc.backends.derivation import derivation_text, node_paths
    from archc.ir.named_nodes import last_of_bodies, last_of_calls, named_values

    paths = node_paths(graph)
    known = {paths[node.index]: node for node in graph.nodes}
    known = {**named_values(graph), **last_of_bodies(graph), **last_of_calls(graph), **known}
    below = (n for n in reversed(graph.nodes) if paths[n.index].startswith(f"{path}."))
    node = known.get(path) if path else None
    if node is not None or (node := next(below, None)) is not None:
        return derivation_text(graph, node)
    left_out = _left_out(path, graph)
    raise CompileError([_no_layer(path, [*known], graph.title, left_out)], {})


def _left_out(path: str, graph: Graph) -> ItemRun | None:
    """Return the line that would stand at a path if its condition were true."""
    outer, _, name = path.rpartition(".")
    bodies = [i.body for i in graph.instances() if i.path == outer]
    for entry in (entry for body in bodies for entry in body.entries):
        if isinstance(entry, ChildRun) and entry.key == name and isinstance(entry.content, ItemRun):
            run = entry.content
            if not run.present and run.alternative is None:
                return run
    return None


def _no_layer(path: str, known: list[str], network: str, left_out: ItemRun | None) -> Diagnostic:
    from archc.expressions.printing import expression_text

    if left_out is not None:
        condition = left_out.item.condition
        assert condition is not None
        return Diagnostic(
            Code.ABSENT_NAME,
            f"`{excerpt(path)}` is left out of `{network}`",
            left_out.item.span,
            notes=(f"its condition `{expression_text(condition)}` is false here",),
        )
    return Diagnostic(
        Code.UNKNOWN_NAME,
        f"there is no layer `{excerpt(path)}` in `{network}`",
        help=str(meant(path, known)) or "`archc summary` lists the paths",
    )


def diagram(graph: Graph, depth: int | None = None) -> Drawing:
    """Return the diagram of a graph."""
    from archc.backends.dot import dot
    from archc.drawing import Drawing

    return Drawing(graph.title, dot(graph, depth=depth))


def python_module(graph: Graph) -> str:
    """Return the source of the network's torch module."""
    from archc.backends.python_source import python_source

    return python_source(graph)


def expanded_text(graph: Graph) -> str:
    """Return the network with blocks, loops and conditions unfolded, one line a layer."""
    from archc.backends.expansion import expansion_text

    return expansion_text(graph)


def canonical_text(graph: Graph, spec: Spec, max_nodes: int = MAX_NODES) -> str:
    """Return the canonical JSON of a graph with the spec it came from; it reads back as a spec.

    Raises:
        CompileError: it is too long to be read where so many nodes are allowed.
    """
    from archc.spec.canonical import canonical_limits
    from archc.spec.json_text import size_of

    text = _canonical_json(graph, spec)
    limits = canonical_limits(max_nodes)
    if size_of(text.encode(), limits).past(limits):
        raise _too_long(graph.name, text, limits, max_nodes)
    return text


def _too_long(name: str, text: str, limits: JsonSize, max_nodes: int) -> CompileError:
    """Return the error of a canonical form that nothing would read, with what would let it in."""
    from archc.spec.canonical import FEWEST_NODES
    from archc.spec.json_text import JsonSize, size_of

    size = size_of(text.encode(), JsonSize(0, 0, len(text)))
    parts = zip(astuple(size), astuple(limits), strict=True)
    least = ceil(max(max_nodes, FEWEST_NODES) * max(found / most for found, most in parts))
    headline = (
        f"the canonical form of `{excerpt(name)}` would not be read: "
        f"it has more than {size.past(limits)}"
    )
    advice = f"--max-nodes {least}, to write it and to read it"
    return CompileError([Diagnostic(Code.EXPANSION_LIMIT, headline, help=advice)], {})


def _canonical_json(graph: Graph, spec: Spec) -> str:
    from archc.backends.canonical import canonical_json
    from archc.spec.canonical import BundledSpec, encoded_imports, encoded_tree

    names = {shown: _portable(shown, spec) for shown in spec.imports.files}

    def aliases(file: str) -> dict[str, str]:
        return {alias: names[shown] for alias, shown in spec.imports.aliases(file).items()}

    files = {
        names[shown]: BundledSpec(file.source, aliases(shown))
        for shown, file in spec.imports.files.items()
    }
    imports = encoded_imports(aliases(spec.file), files)
    return canonical_json(graph, encoded_tree(spec.source.root), imports)


def _portable(shown: str, spec: Spec) -> str:
    """Return an imported file's name as seen from the spec, the same wherever the spec lies."""
    if spec.canonical is not None:
        return shown
    return Path(os.path.relpath(shown, Path(spec.file).parent)).as_posix()


def check_build(graph: Graph, spec: Spec, build: Build, max_nodes: int) -> None:
    """Refuse a build that holds something else than what is made of its spec.

    Another version of archc may write otherwise what is the same: of its builds the nodes count.

    Raises:
        CompileError: an artefact differs.
    """
    if build.manifest.archc != __version__:
        _check_nodes(graph, build, max_nodes)
        return
    artefacts = {
        MODEL: python_module(graph),
        GRAPH: _canonical_json(graph, spec),
        SUMMARY: summary_source(graph),
    }
    differing = {
        name: "it is not what archc makes of the spec"
        for name, text in artefacts.items()
        if sha256(text.encode()) != build.manifest.files[name]
    }
    if differing:
        raise changed(build.shown, differing)


def _check_nodes(graph: Graph, build: Build, max_nodes: int) -> None:
    """Refuse a build of another version of archc, of whose spec another network is made now."""
    from archc.passes.check_canonical import check_canonical
    from archc.spec.canonical import canonical_limits, read_canonical

    data, file = build.contents[GRAPH], f"{build.shown}/{GRAPH}"
    try:
        check_canonical(graph, read_canonical(data, file, canonical_limits(max_nodes)))
    except CompileError as error:
        reason = f"archc {__version__} makes another network: {error.diagnostics[0].headline}"
        advice = f"it was built by archc {build.manifest.archc}: build it again"
        raise changed(build.shown, {GRAPH: reason}, advice) from None
