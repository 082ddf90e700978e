"""Canonical forms made to hurt: each as long, or of as many values, as a form may be."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from archc.artefacts import canonical_text
from archc.compiler import compile_graph
from archc.opening import read_spec
from archc.spec.canonical import canonical_limits

LIMITS = canonical_limits(10_000)
LONGEST, MOST = LIMITS.bytes, LIMITS.texts
HEAD = b'{"archc": 1, "canonical": 1, '
FACTS: dict[str, Any] = {
    "archc": 1,
    "canonical": 1,
    "name": "net",
    "variant": None,
    "parameters": {},
    "inputs": {"x": ["B", 3]},
    "spec": {"archc": "1", "name": "net", "inputs": {"x": ["B", "3"]}, "model": ["ReLU"]},
    "instances": [],
    "nodes": [],
    "outputs": [],
}
NODE = {
    "path": "0",
    "op": "ReLU",
    "arguments": {},
    "inputs": [0],
    "shape": ["B", 3],
    "dtype": "float32",
    "parameters": 0,
    "shared": False,
    "span": "1:1",
}
INSTANCE = {"path": "", "block": "", "arguments": {}}
_HOLE = "the hole"


@cache
def largest() -> str:
    """Return a valid form of as many nodes as may be."""
    head = "archc: 1\nname: deep\ninputs:\n  x: [B, 8, 8, 8]\n"
    text = f"{head}model:\n  - Conv2d(8, 3, padding=1) * 9_999\n"
    spec = read_spec(text, "deep.yaml")
    return canonical_text(compile_graph(spec), spec)


def around(inside: bytes, **facts: object) -> bytes:
    """Return a form with a text of JSON in the place of `_HOLE`."""
    return (
        json.dumps({**FACTS, **facts}).replace(f'"{_HOLE}"', "\0").encode().replace(b"\0", inside)
    )


def valued(inside: bytes) -> bytes:
    """Return a form in which a parameter is a text of JSON."""
    return around(inside, parameters={"a": _HOLE})


def rows(row: str, count: int = MOST) -> bytes:
    """Return a list that repeats a row as often as a form may."""
    count = min(count - 100, (LONGEST - 1000) // (len(row.encode()) + 1))
    return ("[" + ",".join([row] * count) + "]").encode()


def _names(count: int, name: Callable[[int], str]) -> bytes:
    return ("{" + ",".join(f'"{name(i)}":0' for i in range(count)) + "}").encode()


def _nodes(**facts: object) -> bytes:
    """Return a form of as many nodes as there is room for, which the spec does not give."""
    row = json.dumps({**NODE, **facts}, separators=(",", ":"))
    return around(rows(row, count=MOST // 28), nodes=_HOLE)


def _nodes_of(sizes: bytes) -> bytes:
    row = json.dumps({**NODE, "shape": _HOLE}).replace(f'"{_HOLE}"', sizes.decode())
    return around(f"[{row}]".encode(), nodes=_HOLE)


def _last_wrong(**facts: object) -> bytes:
    form = json.loads(largest())
    form["nodes"][-1].update(facts)
    return json.dumps(form).encode()


def _each_wrong() -> bytes:
    form = json.loads(largest())
    for node in form["nodes"]:
        node["dtype"] = None
    return json.dumps(form).encode()


FORMS: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: HEAD + b'"spec": ' + b"[" * (32 * 2**20),
    "brackets to the limit": lambda: HEAD + b'"spec": ' + b"[" * (LONGEST - 100),
    "brackets that are counted": lambda: HEAD + b'"spec": ' + b"[" * (MOST - 100),
    "objects in objects": lambda: HEAD + b'"spec": ' + b'{"a":' * (MOST // 2 - 100),
    "lists fifty deep": lambda: valued(rows("[" * 48 + "]" * 48)),
    "lists forty deep": lambda: valued(rows("[" * 40 + "]" * 40, count=MOST // 42)),
    "one long text": lambda: valued(b'"' + b"a" * (LONGEST - 1000) + b'"'),
    "one long wide text": lambda: valued('"\U0001f600'.encode() + b"a" * (LONGEST - 1000) + b'"'),
    "a long text in the spec": lambda: around(
        '"\U0001f600'.encode() + b"a" * (LONGEST - 1000) + b'"', spec=_HOLE
    ),
    "a long name of a key": lambda: HEAD + b'"' + b"a" * (LONGEST - 1000) + b'": 1}',
    "a text of 32 MiB": lambda: HEAD + b'"name": "' + b"a" * (32 * 2**20) + b'"}',
    "a text without end": lambda: HEAD + b'"name": "' + b"a" * (LONGEST - 1000),
    "a long text of escapes": lambda: valued(b'"' + b"\\n" * (LONGEST // 2 - 1000) + b'"'),
    "a long text of quotes": lambda: valued(b'"' + b'\\"' * (LONGEST // 2 - 1000) + b'"'),
    "a long text of commas": lambda: valued(b'"' + b"," * (LONGEST - 1000) + b'"'),
    "lines without end": lambda: HEAD + b"\n" * (LONGEST - 1000) + b"}",
    "small numbers": lambda: valued(rows("7", count=LIMITS.values)),
    "too many small numbers": lambda: valued(rows("7", count=LONGEST)),
    "numbers of three digits": lambda: valued(rows("999", count=LIMITS.values)),
    "numbers of three digits in a node": lambda: _nodes_of(rows("999", count=LIMITS.values)),
    "numbers with points": lambda: valued(rows("0.1", count=LIMITS.values)),
    "numbers of thousands of digits": lambda: valued(rows("9" * 4000)),
    "numbers of eighteen digits": lambda: valued(rows("9" * 18, count=LIMITS.values)),
    "a number of millions of digits": lambda: valued(b"9" * (LONGEST - 1000)),
    "small texts": lambda: valued(rows('"ab"')),
    "small wide texts": lambda: valued(rows('"\U0001f600"')),
    "empty texts": lambda: valued(rows('""', count=LONGEST)),
    "empty lists": lambda: valued(rows("[]", count=MOST // 2)),
    "empty objects": lambda: valued(rows("{}", count=MOST // 2)),
    "small objects": lambda: valued(rows('{"a":{"b":[]}}', count=MOST // 7)),
    "keys of one object": lambda: valued(_names(MOST // 3 - 100, str)),
    "parameters": lambda: around(_names(MOST // 3 - 100, str), parameters=_HOLE),
    "long keys of one object": lambda: valued(_names(70_000, lambda i: f"{i:0100}")),
    "unknown keys": lambda: _names(MOST // 3 - 100, str).replace(b"{", HEAD),
    "inputs of no size": lambda: around(_names(MOST // 3 - 100, str), inputs=_HOLE),
    "inputs that nobody has": lambda: around(
        _names(MOST // 5 - 100, str).replace(b":0", b":[1]"), inputs=_HOLE
    ),
    "parameters that nobody has": lambda: around(_names(50_000, str), parameters=_HOLE),
    "the last input of no size": lambda: around(
        _names(MOST // 5 - 100, str).replace(b":0", b":[1]").replace(b"[1]}", b"[null]}"),
        inputs=_HOLE,
    ),
    "a key twice among many": lambda: valued(
        _names(MOST // 3 - 100, lambda i: str(max(i, 1)) if i else "1")
    ),
    "a key twice, once escaped": lambda: HEAD + b'"\\u0061": 1, "a": 2}',
    "keys of escapes": lambda: valued(_names(MOST // 3 - 100, lambda i: f"\\u0061{i}")),
    "a key twice at the end": lambda: valued(
        _names(MOST // 3 - 100, str).removesuffix(b"}") + b',"\\u0030":0}'
    ),
    "no UTF-8 at the end": lambda: largest().encode() + b"\xff",
    "no UTF-8 inside": lambda: valued(b'"' + b"a" * (LONGEST - 1000) + b'\xf0\x9f"'),
    "half a pair of surrogates": lambda: HEAD + b'"name": "\\ud83d and more of it"}',
    "a mistake at the end": lambda: _last_wrong(dtype=1),
    "an unknown key at the end": lambda: _last_wrong(dtypes="float32"),
    "another shape at the end": lambda: _last_wrong(shape=["B", 8, 8, 9]),
    "a comma too few at the end": lambda: largest().removesuffix("]\n}\n").encode() + b"{}]}",
    "each node wrong": _each_wrong,
    "nodes of another network": _nodes,
    "nodes with a mistake": lambda: _nodes(inputs=[0.5]),
    "nodes without arguments": lambda: around(rows("{}", count=MOST // 2), nodes=_HOLE),
    "calls": lambda: around(rows(json.dumps(INSTANCE), count=MOST // 8), instances=_HOLE),
    "outputs": lambda: around(rows('{"name": "", "value": 0}', count=MOST // 6), outputs=_HOLE),
    "a spec of small texts": lambda: around(rows('"ab"'), spec=_HOLE),
    "a spec of lists": lambda: around(rows("[]", count=MOST // 2), spec=_HOLE),
    "files that are imported": lambda: around(
        _names(MOST // 12, str).replace(b":0", b':{"aliases":{},"spec":[]}'),
        imports={"aliases": {}, "files": _HOLE},
    ),
}
"""Forms that are refused, by name."""
