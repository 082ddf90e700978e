"""Compare a graph with what its spec expects of it: parameters, multiply-adds, shapes."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import Code, Diagnostic, Label, Span, meant, near
from archc.expressions.syntax import NOWHERE
from archc.ir.costs import CostTable
from archc.ir.graph import Graph, Mode
from archc.ir.runs import Node
from archc.layers.base import spec_name
from archc.passes.count_costs import count_costs
from archc.passes.elaboration.written_paths import WrittenPaths
from archc.passes.results_by_path import Result, results_by_path
from archc.shapes import elements, format_shape
from archc.spec.model import Document, Expectation, Figures

COMPARED = 20
"""With how many paths that do not exist those that do are compared."""
_AMOUNT = re.compile(r"(\d[\d_,]*)(?:\.(\d+))?\s*([KMGT]?)")
_FIGURE = re.compile(r"[\d,]+")
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


def check_expectations(
    expected: Expected, graph: Graph, document: Document, *, is_countable: bool = True
) -> list[Diagnostic]:
    """Return what the graph does not keep, in the file's order: all wrong figures as one error.

    Unless it `is_countable`, parameters and multiply-adds are not compared.
    """
    comparison = _Comparison(graph, document, expected, is_countable=is_countable)
    for figures, place, mode in _figures_of(expected):
        comparison.compare(figures, place, mode)
    return joined_differences(comparison.diagnostics)


def impossible_expectations(expected: Expected, document: Document) -> list[Diagnostic]:
    """Return what no network of a document can keep: paths of no line, amounts that are none."""
    written = WrittenPaths(document)
    found: list[Diagnostic] = []
    for figures, place, _ in _figures_of(expected):
        for path in figures.shapes:
            if (advice := written.missing(path)) is not None:
                span = _span(f"{place}.shapes.{path}", document)
                headline = f"there is no layer `{path}`"
                found.append(Diagnostic(Code.EXPECTATION, headline, span, help=advice))
        if isinstance(figures.macs, str) and amount_agrees(figures.macs, 0) is None:
            found.append(_no_amount(figures.macs, _span(f"{place}.macs", document)))
    return found


def _figures_of(expected: Expected) -> Iterator[tuple[Figures, str, Mode | None]]:
    """Yield the figures, those of each mode too, with their places in the file."""
    yield expected.figures, expected.place, None
    if expected.figures.eval is not None:
        yield expected.figures.eval, f"{expected.place}.eval", "eval"
    if expected.figures.train is not None:
        yield expected.figures.train, f"{expected.place}.train", "train"


def _span(place: str, document: Document) -> Span | None:
    """Return the place of the nearest key that the document knows."""
    while place and place not in document.spans:
        place = place.rpartition(".")[0]
    return document.spans.get(place)


def _no_amount(text: str, span: Span | None) -> Diagnostic:
    headline = f"`{text}` is no number of multiply-adds"
    return Diagnostic(Code.FIELD_VALUE, headline, span, help=_amount_advice(text))


def joined_differences(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return diagnostics in the file's order with all that tell of wrong figures made one.

    One wrong layer changes many figures, of many variants.
    """
    differing = [d for d in diagnostics if differs(d)]
    others = [d for d in diagnostics if d not in differing]
    joined = [_joined(differing)] if differing else []
    return sorted([*joined, *others], key=lambda d: d.primary or NOWHERE)


def differs(diagnostic: Diagnostic) -> bool:
    """Return whether a diagnostic tells of figures that the network has otherwise."""
    return diagnostic.code is Code.EXPECTATION and bool(diagnostic.secondary)


def _joined(differing: Sequence[Diagnostic]) -> Diagnostic:
    labels = {label.span: label for d in differing for label in d.secondary}
    if len(labels) == 1:
        return differing[0]
    notes = {_FIGURE.sub("", note): note for d in reversed(differing) for note in reversed(d.notes)}
    listed = tuple(labels[span] for span in sorted(labels))
    return replace(
        differing[0],
        headline=f"{len(listed)} figures differ from those under `expect:`",
        primary=listed[0].span,
        secondary=listed,
        notes=tuple(reversed(notes.values())),
    )


class _Comparison:
    def __init__(
        self, graph: Graph, document: Document, expected: Expected, *, is_countable: bool
    ) -> None:
        self.graph = graph
        self.is_countable = is_countable
        self.document = document
        self.source = expected.figures.source or document.expect.source
        self.diagnostics: list[Diagnostic] = []

    def compare(self, figures: Figures, place: str, mode: Mode | None) -> None:
        """Compare the figures of one mode; without a mode they are those of `archc summary`."""
        if figures.shapes:
            self._compare_shapes(figures, f"{place}.shapes")
        if isinstance(figures.macs, str) and amount_agrees(figures.macs, 0) is None:
            place_of_macs = _span(f"{place}.macs", self.document)
            self.diagnostics.append(_no_amount(figures.macs, place_of_macs))
        is_counted = figures.parameters is not None or figures.macs is not None
        if is_counted and self.is_countable:
            self._compare_counts(figures, place, count_costs(self.graph, mode))

    def _compare_counts(self, figures: Figures, place: str, costs: CostTable) -> None:
        expected, found = figures.parameters, costs.parameters
        if expected is not None and found != expected:
            reason = _surplus(self.graph, found - expected)
            self._differs(f"{place}.parameters", f"{expected:,} parameters", f"{found:,}", reason)
        if isinstance(figures.macs, int) and costs.macs != figures.macs:
            wanted, found = f"{figures.macs:,} MACs", f"{costs.macs:,}"
            self._differs(f"{place}.macs", wanted, found, _twice(f"{figures.macs}", costs.macs))
        if isinstance(figures.macs, str):
            self._compare_amount(figures.macs, f"{place}.macs", costs.macs)

    def _compare_amount(self, text: str, place: str, found: int) -> None:
        if amount_agrees(text, found) is False:
            self._differs(place, f"{text} MACs", f"{found:,}", _twice(text, found))

    def _compare_shapes(self, figures: Figures, place: str) -> None:
        results = results_by_path(self.graph)
        differing: list[Result] = []
        missing = 0
        for path, expected in figures.shapes.items():
            if path not in results:
                missing += 1
                is_compared = missing <= COMPARED
                advice = (meant(path, results) or self._of_output(path)) if is_compared else ""
                headline = f"there is no layer `{path}`"
                self._report(Code.EXPECTATION, headline, f"{place}.{path}", advice)
            elif list(map(str, expected)) != list(map(str, results[path].shape)):
                differing.append(results[path])
        first = min((result.line for result in differing), default=0)
        for result in differing:
            wanted = f"[{', '.join(map(str, figures.shapes[result.path]))}] at `{result.path}`"
            reason = f"the first layer of another shape is on line {first}" if first else ""
            found = format_shape(result.shape)
            self._differs(f"{place}.{result.path}", wanted, found, reason)

    def _of_output(self, name: str) -> str:
        """Return the layer whose shape is that of an output, nothing for another name."""
        paths = {output.name: output.value.node.path for output in self.graph.outputs}
        found = [name] if name in paths else near(name, paths)
        words = "shapes are those of layers"
        return "".join(f"{words}: the output `{n}` is that of `{paths[n]}`" for n in found[:1])

    def _differs(self, place: str, expected: str, found: str, reason: str = "") -> None:
        headline = f"expected {expected}, found {found}"
        advice = "correct the network, or the figure if the source says otherwise"
        self._report(Code.EXPECTATION, headline, place, advice, (reason,), f"found {found}")

    def _report(
        self,
        code: Code,
        headline: str,
        place: str,
        advice: str,
        reasons: Sequence[str] = (),
        label: str = "",
    ) -> None:
        span = _span(place, self.document)
        notes = [reason for reason in reasons if reason]
        if self.source and code is Code.EXPECTATION:
            notes.append(f"the source is {self.source}")
        labels = (Label(span, label),) if label and span is not None else ()
        self.diagnostics.append(
            Diagnostic(code, headline, span, labels, notes=tuple(notes), help=advice)
        )


def _surplus(graph: Graph, surplus: int) -> str:
    """Return which biases are as many as the parameters that the network has too many."""
    lines: dict[int, int] = {}
    normalised: dict[int, int] = {}
    for node in graph.nodes:
        lines[node.span.line] = lines.get(node.span.line, 0) + _biases(node)
        if node.operation is not None and "BatchNorm" in spec_name(type(node.operation)):
            before = node.inputs[0].node
            normalised[before.index] = _biases(before)
    if found := [line for line, biases in lines.items() if biases == surplus]:
        those = f"as many as line {found[0]} has biases"
        return f"{surplus:,} too many, {those}: `bias=False` leaves them out"
    if sum(normalised.values()) == surplus:
        those = "as many as the layers before a batch norm have biases"
        return f"{surplus:,} too many, {those}: `bias=False` leaves them out"
    return ""


def _biases(node: Node) -> int:
    """Return how many biases a node has that `bias=False` would leave out."""
    if node.operation is None or "bias" not in node.operation.fields():
        return 0
    return sum(elements(tensor.shape) for tensor in node.owned() if tensor.name == "bias")


def _twice(text: str, found: int) -> str:
    """Return the reason where a figure counts a multiply-add as two."""
    is_twice = amount_agrees(text, 2 * found)
    return "that is twice as many: FLOPs count a multiply-add as two" if is_twice else ""


def _amount_advice(text: str) -> str:
    """Return how an amount is written that has a unit of its own, `15.47 GFLOPs`."""
    amount = re.match(r"\d[\d_,.]*\s*[KMGT]?", text.strip())
    if amount is None or amount_agrees(amount[0], 0) is None:
        return "write 4089184256 or 4.089 G"
    halved = ", half of it if it counts FLOPs" if "FLOP" in text.upper() else ""
    return f"write {amount[0].strip()}{halved}: what counts are multiply-adds"


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
