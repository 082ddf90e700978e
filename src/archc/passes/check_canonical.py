"""Compare a graph with the nodes that its canonical file promises."""

from collections.abc import Iterator, Mapping, Sequence
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
    first = Span(graph.file, 1, 1, 1, 2)
    made = [node.span for node in graph.nodes]
    compared = (
        ("nodes", encoded_nodes(graph), canonical.nodes, made),
        ("outputs", encoded_outputs(graph), canonical.outputs, ()),
    )
    for part, found, promised, places in compared:
        for index, difference in _differences(found, promised):
            place = places[index] if index < len(places) else first
            raise _refused(f"`{part}` is not what its `spec` gives: {difference}", place)


def _differences(found: Sequence[object], promised: Sequence[object]) -> Iterator[tuple[int, str]]:
    """Yield the number of each entry that differs, and how it does in words."""
    for index, (one, other) in enumerate(zip(found, promised, strict=False)):
        left, right = _without_place(one), _without_place(other)
        keys = sorted(key for key in left | right if left.get(key) != right.get(key))
        if keys:
            key = keys[0]
            has, gives = _shown(right.get(key)), _shown(left.get(key))
            yield index, f"number {index} has {key} {has}, the spec gives {gives}"
    if len(found) != len(promised):
        short = min(len(found), len(promised))
        yield short, f"it has {len(promised)} entries, the spec gives {len(found)}"


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


def _refused(headline: str, place: Span) -> CompileError:
    advice = "write the file again with `archc expand --json`"
    return CompileError([Diagnostic(Code.CANONICAL_MISMATCH, headline, place, help=advice)], {})
