"""Compare a graph with what its spec expects of it: parameters, multiply-adds, shapes."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from msgspec import Struct

from archc.diagnostics import Code, Diagnostic, Span
from archc.ir.costs import CostTable
from archc.ir.graph import Graph, Mode
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    Operation,
)
from archc.passes.count_costs import count_costs
from archc.shapes import Shape, format_shape
from archc.spec.model import Document, Expectation, Figures

_AMOUNT = re.compile(r"(\d[\d_,]*)(?:\.(\d+))?\s*([KMGT]?)")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Expected(Struct, frozen=True):
    """The figures that hold for one network, and the place of `expect:` they stand under."""

    figures: Expectation
    place: str


def expectation_of(document: Document, variant: str | None) -> Expected | None:
    """Return what a document expects of its defaults, or of a variant; None for nothing."""
    if variant is None:
        expected = Expected(document.expect, "expect")
        return expected if "expect" in document.spans else None
    figures = document.expect.variants.get(variant)
    return None if figures is None else Expected(figures, f"expect.{variant}")


def check_expectations(expected: Expected, graph: Graph, document: Document) -> list[Diagnostic]:
    """Return one error for each figure that the graph does not have."""
    comparison = _Comparison(graph, document)
    comparison.compare(expected.figures, expected.place, None)
    if expected.figures.eval is not None:
        comparison.compare(expected.figures.eval, f"{expected.place}.eval", "eval")
    if expected.figures.train is not None:
        comparison.compare(expected.figures.train, f"{expected.place}.train", "train")
    return comparison.diagnostics


class _Comparison:
    def __init__(self, graph: Graph, document: Document) -> None:
        self.graph = graph
        self.document = document
        self.diagnostics: list[Diagnostic] = []

    def compare(self, figures: Figures, place: str, mode: Mode | None) -> None:
        """Compare the figures of one mode; without a mode they are those of `archc summary`."""
        if figures.parameters is not None or figures.macs is not None:
            self._compare_counts(figures, place, count_costs(self.graph, mode))
        if figures.shapes:
            self._compare_shapes(figures, f"{place}.shapes")

    def _compare_counts(self, figures: Figures, place: str, costs: CostTable) -> None:
        expected = figures.parameters
        if expected is not None and costs.parameters != expected:
            self._differs(
                f"{place}.parameters", f"{expected:,} parameters", f"{costs.parameters:,}"
            )
        if isinstance(figures.macs, int) and costs.macs != figures.macs:
            self._differs(f"{place}.macs", f"{figures.macs:,} MACs", f"{costs.macs:,}")
        if isinstance(figures.macs, str):
            self._compare_amount(figures.macs, f"{place}.macs", costs.macs)

    def _compare_amount(self, text: str, place: str, found: int) -> None:
        agrees = amount_agrees(text, found)
        if agrees is None:
            headline = f"`{text}` is no number of multiply-adds"
            self._report(Code.FIELD_VALUE, headline, place, "write 4089184256 or 4.089 G")
        elif not agrees:
            self._differs(place, f"{text} MACs", f"{found:,}")

    def _compare_shapes(self, figures: Figures, place: str) -> None:
        shapes = shapes_by_path(self.graph)
        for path, expected in figures.shapes.items():
            if path not in shapes:
                near = get_close_matches(path, shapes, 1)
                advice = f"did you mean `{near[0]}`?" if near else ""
                self._report(
                    Code.EXPECTATION, f"there is no layer `{path}`", f"{place}.{path}", advice
                )
            elif list(map(str, expected)) != list(map(str, shapes[path])):
                wanted = f"[{', '.join(map(str, expected))}] at `{path}`"
                self._differs(f"{place}.{path}", wanted, format_shape(shapes[path]))

    def _differs(self, place: str, expected: str, found: str) -> None:
        headline = f"expected {expected}, found {found}"
        advice = "correct the network, or the figure if the source says otherwise"
        self._report(Code.EXPECTATION, headline, place, advice)

    def _report(self, code: Code, headline: str, place: str, advice: str) -> None:
        span = self._span(place)
        source = self.document.expect.source
        notes = (f"the source is {source}",) if source and code is Code.EXPECTATION else ()
        self.diagnostics.append(Diagnostic(code, headline, span, notes=notes, help=advice))

    def _span(self, place: str) -> Span | None:
        """Return the place of the nearest key that the document knows."""
        while place and place not in self.document.spans:
            place = place.rpartition(".")[0]
        return self.document.spans.get(place)


def amount_agrees(text: str, found: int) -> bool | None:
    """Return whether `4.089 G` is `found`, rounded to as many digits; None for no amount."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        return None
    whole, digits, unit = match[1].replace("_", "").replace(",", ""), match[2] or "", match[3]
    if len(whole) + len(digits) > 30:
        return None
    expected = int(whole + digits) * _UNITS[unit]
    return 2 * abs(found * 10 ** len(digits) - expected) <= _UNITS[unit]


def shapes_by_path(graph: Graph) -> dict[str, Shape]:
    """Return the shape of the first result of every path: containers, blocks, layers, inputs."""
    shapes: dict[str, Shape] = {}
    for node in graph.nodes:
        shapes[node.path] = node.output.shape
    for path, shape in _body_shapes(graph.root.body):
        shapes[path] = shape
    return shapes


def _body_shapes(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[tuple[str, Shape]]:
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _body_shapes(entry)
        case ChildRun():
            yield from _body_shapes(run.content)
            if run.values:
                yield run.path, run.values[0].type.shape
        case ItemRun():
            yield from _item_shapes(run)
        case ForRun():
            for _, body in run.turns:
                yield from _body_shapes(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _body_shapes(run.body)
        case _:
            return


def _item_shapes(run: ItemRun) -> Iterator[tuple[str, Shape]]:
    for stage in run.stages:
        for unit in stage.units:
            if isinstance(unit, Instance):
                yield from _body_shapes(unit.body)
                yield unit.path, unit.values[0].type.shape
            elif isinstance(unit, Operation):
                yield unit.node.path, unit.values[0].type.shape
            elif isinstance(unit, ItemRun):
                yield from _item_shapes(unit)
    if run.alternative is not None:
        yield from _item_shapes(run.alternative)
