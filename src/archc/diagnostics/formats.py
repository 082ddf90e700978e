"""Diagnostics for other programs: plain data, GitHub's workflow commands, SARIF."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from archc.diagnostics.codes import Code
from archc.diagnostics.fixes import Replacement, place_of, replacements
from archc.diagnostics.model import Diagnostic, Span
from archc.diagnostics.render import excerpt, printable, shortened

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def diagnostic_record(diagnostic: Diagnostic, sources: Mapping[str, str]) -> dict[str, object]:
    """Return a diagnostic as plain data for JSON; `fix` is what `archc check --fix` would do."""
    return {
        "code": str(diagnostic.code),
        "severity": diagnostic.severity,
        "message": shortened(diagnostic.headline),
        "span": _span_record(diagnostic.primary),
        "option": excerpt(diagnostic.option) or None,
        "related": [
            {"span": _span_record(la.span), "text": la.text} for la in diagnostic.secondary
        ],
        "operands": [
            {"name": o.name, "shape": o.shape, "origin": o.origin} for o in diagnostic.operands
        ],
        "notes": list(diagnostic.notes),
        "calls": list(diagnostic.calls),
        "help": diagnostic.help,
        "fix": [
            {"span": _span_record(place), "text": text}
            for place, text in _changes(diagnostic, sources)
        ],
    }


def github_line(diagnostic: Diagnostic) -> str:
    """Return the workflow command that puts a diagnostic beside its line in a pull request."""
    kind = "warning" if diagnostic.severity == "warning" else "error"
    span = diagnostic.primary
    place = {} if span is None else _github_place(span)
    properties = ",".join(
        f"{name}={_github_escaped(value, ':,')}"
        for name, value in {**place, "title": str(diagnostic.code)}.items()
    )
    return f"::{kind} {properties}::{_github_escaped(_message(diagnostic))}"


def _github_place(span: Span) -> dict[str, str]:
    """Return a span's properties; GitHub takes columns only of a single line."""
    place = {"file": span.file, "line": str(span.line), "endLine": str(span.end_line)}
    if span.line == span.end_line:
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _github_escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in text)


def _message(diagnostic: Diagnostic) -> str:
    """Return what is said of a mistake beside its place: the headline, the facts, the help."""
    typed = [f"given by `{diagnostic.option}`"] if diagnostic.option else []
    rows = [f"{o.name} {o.shape}: {o.origin}" for o in diagnostic.operands]
    advice = [f"help: {diagnostic.help}"] if diagnostic.help else []
    lines = [diagnostic.headline, *typed, *rows, *diagnostic.notes, *advice]
    return "\n".join(printable(shortened(line)) for line in lines)


def sarif(
    found: Iterable[Diagnostic],
    sources: Mapping[str, str],
    version: str,
    titles: Mapping[Code, str],
) -> dict[str, object]:
    """Return a SARIF 2.1.0 log of one run; `titles` says in a few words what each code means.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    listed = list(found)
    codes = sorted({diagnostic.code for diagnostic in listed})
    rules = [{"id": str(code), "shortDescription": {"text": titles[code]}} for code in codes]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "archc", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, codes.index(each.code), sources) for each in listed],
            }
        ],
    }


def _result(diagnostic: Diagnostic, rule: int, sources: Mapping[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": str(diagnostic.code),
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": _message(diagnostic)},
    }
    if diagnostic.primary is not None:
        result["locations"] = [_location(diagnostic.primary)]
    if diagnostic.secondary:
        result["relatedLocations"] = [
            _location(label.span, label.text) for label in diagnostic.secondary
        ]
    if changes := _changes(diagnostic, sources):
        result["fixes"] = [_fix(diagnostic, changes)]
    return result


def _location(span: Span, text: str = "") -> dict[str, Any]:
    message = {"message": {"text": printable(text)}} if text else {}
    place = {"artifactLocation": _artifact(span), "region": _region(span)}
    return {"physicalLocation": place, **message}


def _artifact(span: Span) -> dict[str, str]:
    return {"uri": quote(span.file)}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(diagnostic: Diagnostic, changes: Sequence[tuple[Span, str]]) -> dict[str, Any]:
    written = [
        {"deletedRegion": _region(place), "insertedContent": {"text": text}}
        for place, text in changes
    ]
    artifact = {"artifactLocation": _artifact(changes[0][0]), "replacements": written}
    return {
        "description": {"text": printable(shortened(diagnostic.help))},
        "artifactChanges": [artifact],
    }


def _changes(diagnostic: Diagnostic, sources: Mapping[str, str]) -> list[tuple[Span, str]]:
    """Return what a message's fix writes, and in place of what."""
    file = diagnostic.primary.file if diagnostic.primary is not None else ""
    source = sources.get(file, "")
    changes: tuple[Replacement, ...] = replacements(diagnostic, source)
    return [(place_of(change, source, file), change.text) for change in changes]


def _span_record(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
