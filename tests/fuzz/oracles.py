"""What must hold of every input, whatever it is; each oracle raises where it does not."""

import ast
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import archc
from archc.compiler import Report
from archc.diagnostics import Code, Diagnostic, Span
from archc.diagnostics.formats import diagnostic_record, github_line, sarif
from archc.diagnostics.render import render_text, text_lines

TITLES = dict.fromkeys(Code, "a title")
NAMES: dict[str, Any] = {
    "n": 3,
    "width": 64,
    "rows": ((1, 2), (3, 4)),
    "a": (1, 2, 3),
    "b": 2.5,
    "flag": True,
    "mode": "same",
}
"""The names that the expressions of the fuzzer may read."""


def expect_diagnostics(found: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
    """Check that no fault is ours, that each place exists, and that every format prints."""
    listed = list(found)
    for diagnostic in listed:
        assert diagnostic.code is not Code.INTERNAL, diagnostic.headline
        assert diagnostic.headline, diagnostic
        for span in _spans(diagnostic):
            expect_place(span, sources)
    _expect_formats(listed, sources)


def _spans(diagnostic: Diagnostic) -> list[Span]:
    first = [diagnostic.primary] if diagnostic.primary is not None else []
    return [*first, *(label.span for label in diagnostic.secondary)]


def expect_place(span: Span, sources: Mapping[str, str]) -> None:
    """Check that a stretch lies inside its file's text and does not end before it begins.

    What is missing at the end of a line stands in the column behind its last character.
    """
    assert span.file in sources, f"{span}: no such source among {[*sources]}"
    lines = text_lines(sources[span.file]) or [""]
    begin, end = (span.line, span.column), (span.end_line, span.end_column)
    assert begin <= end, f"{span} ends at {end}"
    for line, column, behind in ((*begin, 1), (*end, 2)):
        assert 1 <= line <= len(lines) + 1, f"{span} to {end}: there are {len(lines)} lines"
        length = len(lines[line - 1].rstrip("\r\n\x85\u2028\u2029")) if line <= len(lines) else 0
        inside = 1 <= column <= length + behind
        assert inside, f"{span} to {end}: line {line} has {length} characters"


def _expect_formats(found: list[Diagnostic], sources: Mapping[str, str]) -> None:
    for width, is_coloured in ((None, False), (60, False), (90, True)):
        text = render_text(found, sources, width=width, is_coloured=is_coloured)
        expect_printable(text.replace("\x1b[", "") if is_coloured else text)
    records = [diagnostic_record(diagnostic, sources) for diagnostic in found]
    log = sarif(found, sources, archc.__version__, TITLES)
    for value in (records, log):
        expect_encoded(json.dumps(value))
    for diagnostic in found:
        expect_printable(github_line(diagnostic))
        assert "\n" not in github_line(diagnostic)


def expect_printable(text: str) -> None:
    """Check that a text holds nothing that moves a cursor or hides what follows."""
    odd = [c for c in text if c != "\n" and not c.isprintable()]
    assert not odd, f"{odd[:5]!r} would reach the terminal"


def expect_encoded(text: str) -> None:
    """Check that a text can be written to a file."""
    text.encode("utf-8")


def expect_report(report: Report) -> None:
    """Check a report: what it found, and that it holds a graph or says why not."""
    expect_diagnostics(report.diagnostics, report.sources)
    assert report.graph is not None or report.diagnostics


def python_value(text: str) -> Any:
    """Return what Python makes of an expression in which brackets are parentheses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = _AsTuples().visit(ast.parse(text.strip(), mode="eval"))
        code = compile(ast.fix_missing_locations(tree), "expression", "eval")
        return eval(code, {"__builtins__": {}, **NAMES, **_FUNCTIONS})


class _AsTuples(ast.NodeTransformer):
    """A list of the language is a tuple."""

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        return ast.Tuple(node.elts, ast.Load())


def make_divisible(value: float, divisor: int = 8) -> int:
    """Return torchvision's `_make_divisible`."""
    new = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return new + divisor if new < 0.9 * value else new


_FUNCTIONS: dict[str, Any] = {
    "inf": math.inf,
    "len": len,
    "range": lambda *given: tuple(range(*given)),
    "enumerate": lambda *given: tuple(enumerate(*given)),
    "zip": lambda *given: tuple(zip(*given, strict=False)),
    "reversed": lambda given: tuple(reversed(given)),
    "min": min,
    "max": max,
    "sum": sum,
    "prod": math.prod,
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "int": int,
    "float": float,
    "make_divisible": make_divisible,
}


def typed(value: Any) -> Any:
    """Return a value with the type of each part, so that 1, 1.0 and True differ."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    return type(value).__name__, repr(value)
