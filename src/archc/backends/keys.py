"""The state dict's keys with shapes and dtypes, in torch's order."""

import json

from archc.ir.graph import Graph
from archc.shapes import format_shape


def keys_text(graph: Graph) -> str:
    """Return one line a key: its name, its shape, its dtype."""
    rows = [
        (key.name, format_shape(key.tensor.shape), key.tensor.dtype)
        for key in graph.keys
        if key.tensor.kind != "transient"
    ]
    width = max((len(name) for name, _, _ in rows), default=0)
    breadth = max((len(shape) for _, shape, _ in rows), default=0)
    return "".join(f"{n.ljust(width)}  {s.ljust(breadth)}  {d}\n" for n, s, d in rows)


def keys_json(graph: Graph) -> str:
    """Return the keys as a JSON list of objects, in order."""
    rows = [
        {"key": key.name, "shape": list(key.tensor.shape), "dtype": key.tensor.dtype}
        | {"parameter": key.is_parameter}
        for key in graph.keys
        if key.tensor.kind != "transient"
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
