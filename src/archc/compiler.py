"""The pipeline: a spec that was opened → elaborate → one function an artefact."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from archc import __version__
from archc.collecting import uncollected
from archc.diagnostics import (
    Code,
    CompileError,
    Diagnostic,
    meant,
)
from archc.diagnostics.render import excerpt
from archc.expressions.values import Constant
from archc.given_parameters import given_constants, read_constants
from archc.ir.costs import CostTable
from archc.ir.graph import Graph, Mode
from archc.ir.runs import ChildRun, ItemRun
from archc.layers.base import Layer
from archc.manifest import GRAPH, MODEL, SUMMARY, Build, changed, sha256
from archc.opening import Spec
from archc.passes.check_expectations import (
    check_expectations,
    differs,
    expectation_of,
    impossible_expectations,
)
from archc.passes.count_costs import count_costs
from archc.passes.elaborate import (
    INFERENCE_WORKS,
    Elaborated,
    Request,
    elaborate,
    elaborated,
)
from archc.passes.elaboration.nodes import MAX_NODES
from archc.passes.warnings import warnings_of

if TYPE_CHECKING:
    from archc.drawing import Drawing
    from archc.passes.summarize import SortKey
    from archc.spec.canonical import CanonicalSpec
    from archc.spec.json_text import JsonSize

SummaryFormat = Literal["text", "json", "markdown", "csv"]
MAX_PARAMETERS = 10_000_000_000
"""How many parameters are allocated where nobody allows more."""


class Settings(Struct, frozen=True):
    """What the caller asks of a spec.

    `texts` holds parameters as a command line writes them, `parameters` as Python values.
    `ops` are the Python layers that the caller permits; with `training`, lines that only training
    needs must fit the inputs too. Without a mode, parameters are counted as in training and
    multiply-adds as in inference. Past `max_nodes` nothing is compiled, past `max_parameters`
    nothing is allocated.
    """

    variant: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    mode: Mode | None = None
    max_nodes: int = MAX_NODES
    max_parameters: int = MAX_PARAMETERS
    ops: Mapping[str, type[Layer]] = field(default_factory=dict[str, type[Layer]])
    training: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the network differs from what the spec says by itself."""
        return bool(self.parameters or self.texts or self.inputs)


class Report(Struct, frozen=True):
    """What checking a spec found: the graph and its costs, or what is wrong."""

    graph: Graph | None
    costs: CostTable | None
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        found = f"{len(self.diagnostics)} diagnostics" if self.diagnostics else "ok"
        return f"<Report of {self.graph!r}: {found}>"

    @property
    def ok(self) -> bool:
        """Whether the spec is without errors; warnings are allowed."""
        return self.graph is not None and not any(
            diagnostic.severity == "error" for diagnostic in self.diagnostics
        )

    def __str__(self) -> str:
        from archc.diagnostics.render import render_text

        return render_text(self.diagnostics, self.sources)


@uncollected()
def compile_graph(spec: Spec, settings: Settings | None = None) -> Graph:
    """Return the graph of a spec: names resolved, shapes known, every value used.

    Raises:
        CompileError: everything that is wrong with the network, all at once.
    """
    settings = settings or Settings()
    try:
        graph = _graph(spec, in_force(spec, settings))
        if spec.build is not None:
            _check_artefacts(graph, spec, spec.build, settings.max_nodes)
        return graph
    except CompileError as error:
        raise CompileError(error.diagnostics, {**spec.sources, **error.sources}) from None


def in_force(spec: Spec, settings: Settings) -> Settings:
    """Return the settings for a spec: those of a build are what it was made with.

    Raises:
        CompileError: others are asked of a build.
    """
    if spec.build is None:
        return settings
    made = spec.build.manifest
    fixed = replace(
        settings, variant=made.variant, parameters=made.parameters, texts={}, inputs=made.inputs
    )
    if settings != fixed and (settings.is_changed or settings.variant not in (None, made.variant)):
        headline = "a build is one network: it takes no variant, no parameters and no sizes"
        advice = f"build its spec again: `{spec.file}`"
        raise CompileError([Diagnostic(Code.PARAMETER_VALUE, headline, help=advice)], {})
    return fixed


@uncollected()
def check_spec(spec: Spec, settings: Settings | None = None) -> Report:
    """Return the graph of a spec, its costs, and where they differ from `expect:`.

    A network that is wrong gives a report without a graph; nothing is raised for it.
    """
    try:
        settings = in_force(spec, settings or Settings())
        elaborated = _elaborated(spec, settings)
        graph = elaborated.graph
        if graph is None or elaborated.mistakes:
            unmet = _unmet_beside(spec, settings, elaborated)
            return Report(None, None, (*elaborated.mistakes, *unmet), spec.sources)
        if spec.build is not None:
            _check_artefacts(graph, spec, spec.build, settings.max_nodes)
        costs = count_costs(graph, settings.mode)
        unmet, notes = _expectations(spec, settings, graph)
    except CompileError as error:
        return Report(None, None, error.diagnostics, {**spec.sources, **error.sources})
    found = (*graph.warnings, *warnings_of(spec.document, graph))
    warnings = [d for d in found if d.code not in spec.document.allow]
    causes = [d for d in warnings if d in graph.warnings or d.code is Code.UNFLATTENED]
    if causes and any(map(differs, unmet)):
        others = [d for d in unmet if not differs(d)]
        return Report(graph, costs, (*map(_missed, causes), *others), spec.sources, notes)
    return Report(graph, costs, (*warnings, *unmet), spec.sources, notes)


def _missed(warning: Diagnostic) -> Diagnostic:
    """Return a warning as the error that figures are missed for: one cause, one error."""
    note = "the figures under `expect:` are missed because of this line"
    notes = tuple(known for known in warning.notes if known != INFERENCE_WORKS)
    return replace(warning, severity="error", notes=(*notes, note))


def graph_of(spec: Spec, settings: Settings | None = None) -> Graph:
    """Return the graph of a spec that keeps what it promises under `expect:`.

    Raises:
        CompileError: everything that is wrong with the network.
    """
    report = check_spec(spec, settings)
    if report.graph is None or not report.ok:
        raise CompileError(report.diagnostics, report.sources)
    return report.graph


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
    from archc.diagnostics.render import excerpt
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


def given_parameters(spec: Spec, settings: Settings) -> dict[str, Constant]:
    """Return the parameters that the caller gives as constants of the language.

    Raises:
        CompileError: a value that its parameter cannot have.
    """
    return given_constants(spec.document, settings.parameters, settings.texts)


def _request(spec: Spec, settings: Settings) -> Request:
    parameters, wrong = read_constants(spec.document, settings.parameters, settings.texts)
    return Request(
        variant=settings.variant,
        parameters=parameters,
        inputs=settings.inputs,
        max_nodes=settings.max_nodes,
        imported=spec.imports.by_alias,
        mistakes=(*spec.imports.mistakes, *wrong),
        ops=settings.ops,
        training=settings.training or settings.mode == "train",
    )


def _graph(spec: Spec, settings: Settings) -> Graph:
    if spec.canonical is not None:
        return _canonical_graph(spec, spec.canonical, settings)
    return elaborate(spec.document, _request(spec, settings), spec.text)


def _elaborated(spec: Spec, settings: Settings) -> Elaborated:
    """Return the graph as far as there is one, and what is wrong with the network.

    Raises:
        CompileError: the canonical form is wrong.
    """
    if spec.canonical is not None:
        return Elaborated(_canonical_graph(spec, spec.canonical, settings))
    return elaborated(spec.document, _request(spec, settings))


def _check_artefacts(graph: Graph, spec: Spec, build: Build, max_nodes: int) -> None:
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


def _canonical_graph(spec: Spec, canonical: CanonicalSpec, settings: Settings) -> Graph:
    """Compile the spec inside a canonical file; its nodes must come out as the file has them."""
    if settings.is_changed or settings.variant not in (None, canonical.variant):
        headline = "the canonical form is one network: it takes no variant and no parameters"
        raise CompileError([Diagnostic(Code.PARAMETER_VALUE, headline)], {})
    request = Request(
        variant=canonical.variant,
        parameters=given_constants(spec.document, canonical.parameters, {}),
        inputs=canonical.inputs,
        max_nodes=settings.max_nodes,
        imported=spec.imports.by_alias,
        mistakes=spec.imports.mistakes,
        ops=settings.ops,
    )
    graph = elaborate(spec.document, request, spec.text)
    from archc.passes.check_canonical import check_canonical

    check_canonical(graph, canonical)
    return graph


def _expectations(
    spec: Spec, settings: Settings, graph: Graph
) -> tuple[tuple[Diagnostic, ...], tuple[str, ...]]:
    """Return what differs from `expect:`, or a note where it does not apply."""
    unmet, notes = _unmet(spec, settings, graph)
    if spec.build is not None and spec.build.manifest.archc != __version__:
        notes = (*notes, f"built by archc {excerpt(spec.build.manifest.archc)}")
    return unmet, notes


def _unmet(
    spec: Spec, settings: Settings, graph: Graph
) -> tuple[tuple[Diagnostic, ...], tuple[str, ...]]:
    if spec.canonical is not None:
        return (), ()
    expectation = expectation_of(spec.document, settings.variant)
    if expectation is None:
        return (), ()
    if settings.is_changed:
        return (), ("`expect:` not checked: the parameters or the input differ",)
    return tuple(check_expectations(expectation, graph, spec.document)), ()


def _unmet_beside(spec: Spec, settings: Settings, elaborated: Elaborated) -> tuple[Diagnostic, ...]:
    """Return what is wrong with `expect:` beside other mistakes, as far as they let it be known."""
    expectation = expectation_of(spec.document, settings.variant)
    if spec.canonical is not None or expectation is None:
        return ()
    graph = elaborated.graph
    if graph is None or settings.is_changed:
        return tuple(impossible_expectations(expectation, spec.document))
    return tuple(
        check_expectations(expectation, graph, spec.document, is_countable=elaborated.is_countable)
    )
