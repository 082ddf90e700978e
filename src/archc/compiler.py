"""The pipeline: read → parse → resolve imports → elaborate → one function an artefact."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from archc.diagnostics import ArchcError, Code, CompileError, Diagnostic
from archc.expressions.values import Constant
from archc.given_parameters import given_constants
from archc.imports import Bundle, Imports, Library, ProjectFolder, resolve_imports
from archc.ir.costs import CostTable
from archc.ir.graph import Graph, Mode
from archc.layers.base import Layer
from archc.passes.check_expectations import check_expectations, expectation_of
from archc.passes.count_costs import count_costs
from archc.passes.elaborate import Request, elaborate
from archc.passes.elaboration.nodes import MAX_NODES
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Source, decode, read_file

if TYPE_CHECKING:
    from archc.drawing import Drawing
    from archc.spec.canonical import CanonicalSpec

SummaryFormat = Literal["text", "json", "markdown", "csv"]
SpecPath = str | os.PathLike[str]


class CallError(ArchcError, TypeError):
    """A function of archc was called with arguments that do not go together."""


class Settings(Struct, frozen=True):
    """What the caller asks of a spec.

    `texts` holds parameters as a command line writes them, `parameters` as Python values.
    `ops` are the Python layers that the caller permits; with `training`, lines that only training
    needs must fit the inputs too. Without a mode, parameters are counted as in training and
    multiply-adds as in inference.
    """

    variant: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    mode: Mode | None = None
    max_nodes: int = MAX_NODES
    ops: Mapping[str, type[Layer]] = field(default_factory=dict[str, type[Layer]])
    training: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the network differs from what the spec says by itself."""
        return bool(self.parameters or self.texts or self.inputs)


class Spec(Struct, frozen=True):
    """A spec that was read and parsed, with everything it imports.

    `canonical` is there where the text was the canonical form: one network, nodes and all.
    """

    source: Source
    document: Document
    imports: Imports = field(default_factory=Imports)
    canonical: CanonicalSpec | None = None

    @property
    def file(self) -> str:
        """The file's name in messages."""
        return self.source.file

    @property
    def text(self) -> str:
        """The text that was read."""
        return self.source.text

    @property
    def name(self) -> str:
        """The network's name."""
        return self.document.name

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants one can ask for."""
        return () if self.canonical else tuple(self.document.variants)

    @property
    def sources(self) -> dict[str, str]:
        """The text of every file by its name, for quoting in messages."""
        imported = {name: file.source.text for name, file in self.imports.files.items()}
        return {self.file: self.text, **imported}


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


def open_spec(path: SpecPath) -> Spec:
    """Return the spec of a file, parsed, with its imports.

    Raises:
        CompileError: the file cannot be read, or its form is wrong.
    """
    return read_spec(_text_of(Path(path)), str(path), Path(path))


def read_spec(text: str, file: str, path: Path | None = None) -> Spec:
    """Return the spec of a text, parsed; its imports are relative to `path`.

    Raises:
        CompileError: the form of the text is wrong.
    """
    if is_canonical(text):
        return _canonical_spec(text, file)
    source = read(text, file)
    library = ProjectFolder(path, file) if path is not None else None
    return _with_imports(source, library)


def is_canonical(text: str) -> bool:
    """Return whether a text is the canonical JSON that `archc expand --json` prints."""
    return text.lstrip().startswith("{") and '"canonical"' in text[:200]


def _text_of(path: Path) -> str:
    """Return a file's text; the canonical form may be longer than what people write."""
    if path.suffix == ".json" and path.is_file():
        text = decode_canonical(path.read_bytes())
        if text is not None:
            return text
    return read_file(path)


def decode_canonical(data: bytes) -> str | None:
    """Return the text of bytes that hold the canonical form, None for any others."""
    head = data[:200].decode("utf-8", "replace")
    return data.decode("utf-8", "replace") if is_canonical(head) else None


def _canonical_spec(text: str, file: str) -> Spec:
    from archc.spec.canonical import read_canonical

    canonical = read_canonical(text, file)
    return replace(_with_imports(canonical.main.source, Bundle(canonical)), canonical=canonical)


def _with_imports(source: Source, library: Library | None) -> Spec:
    document = parse(source)
    try:
        return Spec(source, document, resolve_imports(document, library))
    except CompileError as error:
        raise CompileError(error.diagnostics, {source.file: source.text, **error.sources}) from None


def compile_graph(spec: Spec, settings: Settings | None = None) -> Graph:
    """Return the graph of a spec: names resolved, shapes known, every value used.

    Raises:
        CompileError: everything that is wrong with the network, all at once.
    """
    settings = settings or Settings()
    try:
        if spec.canonical is not None:
            return _canonical_graph(spec, spec.canonical, settings)
        return elaborate(spec.document, _request(spec, settings), spec.text)
    except CompileError as error:
        raise CompileError(error.diagnostics, {**spec.sources, **error.sources}) from None


def check_spec(spec: Spec, settings: Settings | None = None) -> Report:
    """Return the graph of a spec, its costs, and where they differ from `expect:`.

    A network that is wrong gives a report without a graph; nothing is raised for it.
    """
    settings = settings or Settings()
    try:
        graph = compile_graph(spec, settings)
        costs = count_costs(graph, settings.mode)
        unmet, notes = _expectations(spec, settings, graph)
    except CompileError as error:
        return Report(None, None, error.diagnostics, error.sources)
    warnings = [d for d in graph.warnings if d.code not in spec.document.allow]
    return Report(graph, costs, (*warnings, *unmet), spec.sources, notes)


def graph_of(spec: Spec, settings: Settings | None = None) -> Graph:
    """Return the graph of a spec that keeps what it promises under `expect:`.

    Raises:
        CompileError: everything that is wrong with the network.
    """
    report = check_spec(spec, settings)
    if report.graph is None or not report.ok:
        raise CompileError(report.diagnostics, report.sources)
    return report.graph


def check(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Mode | None = None,
) -> Report:
    """Check a spec and return a report; a bad spec is no exception.

    `path` is a file or the name of a network that comes with archc; `text` is a spec itself.

    Raises:
        CallError: neither a path nor a text, or both.
    """
    settings = _settings(variant, params, inputs, mode)
    try:
        with accountable():
            return check_spec(*chosen(path, text, settings))
    except CompileError as error:
        return Report(None, None, error.diagnostics, error.sources)


def summary(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Mode | None = None,
    format: SummaryFormat = "text",
) -> str:
    """Return the table of layers with shapes, parameters and multiply-adds.

    Units: parameters in numbers, MACs in multiply-adds for one sample.

    Raises:
        CompileError: the spec is wrong.
    """
    with accountable():
        spec, settings = chosen(path, text, _settings(variant, params, inputs, mode))
        return summary_source(graph_of(spec, settings), format, settings.mode)


def draw(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    depth: int | None = None,
) -> Drawing:
    """Return the diagram of a network; blocks deeper than `depth` are closed boxes.

    Raises:
        CompileError: the spec is wrong.
    """
    with accountable():
        spec, settings = chosen(path, text, _settings(variant, params, inputs, None))
        return diagram(graph_of(spec, settings), depth)


def summary_source(graph: Graph, format: SummaryFormat = "text", mode: Mode | None = None) -> str:
    """Return the cost table of a graph as text, JSON, Markdown or CSV."""
    from archc.backends import summary as backend

    printers = {
        "text": backend.summary_text,
        "json": backend.summary_json,
        "markdown": backend.summary_markdown,
        "csv": backend.summary_csv,
    }
    return printers[format](count_costs(graph, mode))


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


def canonical_text(graph: Graph, spec: Spec) -> str:
    """Return the canonical JSON of a graph with the spec it came from; it reads back as a spec."""
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


def chosen(path: SpecPath | None, text: str | None, settings: Settings) -> tuple[Spec, Settings]:
    """Return the spec that a path, a network's name or a text stands for.

    A variant's name sets the variant too.

    Raises:
        CompileError: there is no such file and no such network.
        CallError: neither a path nor a text, or both.
    """
    if (path is None) == (text is None):
        raise CallError("give a path or text=…, one of them")
    if text is not None:
        return read_spec(
            decode(text.encode("utf-8", "surrogatepass"), "<text>"), "<text>"
        ), settings
    from archc.catalogue import find_network

    assert path is not None
    place = find_network(os.fspath(path))
    if place.variant is not None and settings.variant is None:
        settings = replace(settings, variant=place.variant)
    return open_spec(place.path), settings


@contextmanager
def accountable() -> Generator[None]:
    """Turn an exception that is our fault into an error that says so.

    Raises:
        CompileError: whatever went wrong inside, with the code of our own faults.
    """
    try:
        yield
    except ArchcError:
        raise
    except Exception as error:
        raise CompileError([fault(error)], {}) from error


def fault(error: BaseException) -> Diagnostic:
    """Return the diagnostic of a fault of archc's own."""
    return Diagnostic(
        Code.INTERNAL,
        f"archc failed, and it is archc's fault: {type(error).__name__}: {error}",
        notes=(f"at {_place(error)}",) if error.__traceback__ else (),
        help="please report it with the spec and the command: "
        "set ARCHC_TRACEBACK=1 to see the whole traceback",
    )


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _settings(
    variant: str | None,
    params: Mapping[str, object] | None,
    inputs: Mapping[str, Sequence[int]] | None,
    mode: Mode | None,
) -> Settings:
    return Settings(variant, params or {}, {}, inputs or {}, mode)


def given_parameters(spec: Spec, settings: Settings) -> dict[str, Constant]:
    """Return the parameters that the caller gives as constants of the language.

    Raises:
        CompileError: a value that its parameter cannot have.
    """
    return given_constants(spec.document, settings.parameters, settings.texts)


def _request(spec: Spec, settings: Settings) -> Request:
    return Request(
        variant=settings.variant,
        parameters=given_parameters(spec, settings),
        inputs=settings.inputs,
        max_nodes=settings.max_nodes,
        imported=spec.imports.by_alias,
        ops=settings.ops,
        training=settings.training or settings.mode == "train",
    )


def _canonical_graph(spec: Spec, canonical: CanonicalSpec, settings: Settings) -> Graph:
    """Compile the spec inside a canonical file; its nodes must come out as the file has them."""
    if settings.is_changed or settings.variant not in (None, canonical.variant):
        headline = "the canonical form is one network: it takes no variant and no parameters"
        raise CompileError([Diagnostic(Code.PARAMETER_VALUE, headline)], {})
    request = Request(
        variant=canonical.variant,
        parameters=canonical.parameters,
        inputs=canonical.inputs,
        max_nodes=settings.max_nodes,
        imported=spec.imports.by_alias,
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
    if spec.canonical is not None:
        return (), ()
    expectation = expectation_of(spec.document, settings.variant)
    if expectation is None:
        return (), ()
    if settings.is_changed:
        return (), ("`expect:` not checked: the parameters or the input differ",)
    return tuple(check_expectations(expectation, graph, spec.document)), ()
