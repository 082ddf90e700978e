"""The pipeline: a spec that was opened → elaborate → a graph, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from archc import __version__
from archc.artefacts import check_build
from archc.collecting import uncollected
from archc.diagnostics import Code, CompileError, Diagnostic
from archc.diagnostics.render import excerpt
from archc.expressions.values import Constant
from archc.given_parameters import given_constants, read_constants
from archc.ir.costs import CostTable
from archc.ir.graph import Graph, Mode
from archc.layers.base import Layer
from archc.opening import Spec
from archc.passes.check_expectations import (
    check_expectations,
    differs,
    expectation_of,
    impossible_expectations,
)
from archc.passes.count_costs import count_costs
from archc.passes.elaborate import INFERENCE_WORKS, Elaborated, Request, elaborate, elaborated
from archc.passes.elaboration.nodes import MAX_NODES
from archc.passes.warnings import warnings_of

if TYPE_CHECKING:
    from archc.spec.canonical import CanonicalSpec

MAX_PARAMETERS = 10_000_000_000
"""How many parameters are allocated where nobody allows more."""


class Settings(Struct, frozen=True):
    """What the caller asks of a spec.

    `texts` holds parameters as a command line writes them, `parameters` as Python values.
    `typed` are the options of a command line, by what they set: `params.width`, `inputs.image`,
    `variant`.
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
    typed: Mapping[str, str] = field(default_factory=dict[str, str])

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
            check_build(graph, spec, spec.build, settings.max_nodes)
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
        option = " ".join(settings.typed.values())
        found = Diagnostic(Code.PARAMETER_VALUE, headline, help=advice, option=option)
        raise CompileError([found], {})
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
            check_build(graph, spec, spec.build, settings.max_nodes)
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


def given_parameters(spec: Spec, settings: Settings) -> dict[str, Constant]:
    """Return the parameters that the caller gives as constants of the language.

    Raises:
        CompileError: a value that its parameter cannot have.
    """
    return given_constants(spec.document, settings.parameters, settings.texts, settings.typed)


def _request(spec: Spec, settings: Settings) -> Request:
    parameters, wrong = read_constants(
        spec.document, settings.parameters, settings.texts, settings.typed
    )
    return Request(
        variant=settings.variant,
        parameters=parameters,
        inputs=settings.inputs,
        max_nodes=settings.max_nodes,
        imported=spec.imports.by_alias,
        mistakes=(*spec.imports.mistakes, *wrong),
        ops=settings.ops,
        training=settings.training or settings.mode == "train",
        typed=settings.typed,
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


def _canonical_graph(spec: Spec, canonical: CanonicalSpec, settings: Settings) -> Graph:
    """Compile the spec inside a canonical file; its nodes must come out as the file has them."""
    if settings.is_changed or settings.variant not in (None, canonical.variant):
        headline = "the canonical form is one network: it takes no variant and no parameters"
        option = " ".join(settings.typed.values())
        raise CompileError([Diagnostic(Code.PARAMETER_VALUE, headline, option=option)], {})
    request = Request(
        variant=canonical.variant,
        parameters=given_constants(spec.document, canonical.parameters),
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
