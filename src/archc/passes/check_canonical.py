"""Compare a graph with the nodes that its canonical file promises."""

from collections.abc import Mapping, Sequence
from typing import cast

from archc.diagnostics import Code, CompileError, Diagnostic, Span
from archc.ir.canonical import encoded_nodes, encoded_outputs
from archc.ir.graph import Graph
from archc.spec.canonical import CanonicalSpec


def check_canonical(graph: Graph, canonical: CanonicalSpec) -> None:
    """Refuse a graph that is not the one its canonical file holds; places may differ.

    Raises:
        CompileError: the first node or output that differs.
    """
    compared = (
        ("nodes", encoded_nodes(graph), canonical.nodes),
        ("outputs", encoded_outputs(graph), canonical.outputs),
    )
    for part, found, promised in compared:
        difference = _difference(found, promised)
        if difference:
            raise _refused(f"`{part}` is not what its `spec` gives: {difference}", graph.file)


def _difference(found: Sequence[object], promised: Sequence[object]) -> str:
    """Return the first difference in words, nothing where there is none."""
    for index, (one, other) in enumerate(zip(found, promised, strict=False)):
        left, right = _without_place(one), _without_place(other)
        keys = sorted(key for key in left | right if left.get(key) != right.get(key))
        if keys:
            key = keys[0]
            has, gives = _shown(right.get(key)), _shown(left.get(key))
            return f"number {index} has {key} {has}, the spec gives {gives}"
    if len(found) != len(promised):
        return f"it has {len(promised)} entries, the spec gives {len(found)}"
    return ""


def _shown(value: object) -> str:
    """Return a value of JSON without the quotes around its texts."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, cast('list[object]', value)))}]"
    return str(value)


def _without_place(entry: object) -> dict[str, object]:
    """Return an entry without its span and with the defaults that a file may leave out."""
    given = dict(cast("Mapping[str, object]", entry))
    given.pop("span", None)
    return {"shared": False, "mode": None, **given}


def _refused(headline: str, file: str) -> CompileError:
    place = Span(file, 1, 1, 1, 2)
    advice = "write the file again with `archc expand --json`"
    return CompileError([Diagnostic(Code.CANONICAL_MISMATCH, headline, place, help=advice)], {})
