"""`archc expand --json`: the canonical form, for programs that write and read specs."""

import json
from collections.abc import Mapping, Sequence

from archc.ir.canonical import (
    Json,
    JsonObject,
    encoded_constant,
    encoded_instances,
    encoded_nodes,
    encoded_outputs,
    encoded_shape,
)
from archc.ir.graph import Graph


def canonical_json(graph: Graph, spec: Json, imports: Json = None) -> str:
    """Return the canonical form of a network: the same bytes for the same graph.

    `spec` is the spec's tree as `archc.spec.canonical.encoded_tree` gives it, `imports` what
    `encoded_imports` gives. Nodes, calls and outputs stand on one line each.
    """
    head: JsonObject = {
        "archc": 1,
        "canonical": 1,
        "name": graph.name,
        "variant": None if graph.title == graph.name else graph.title,
        "parameters": {n: encoded_constant(v) for n, v in graph.parameters.items()},
        "inputs": {node.path: encoded_shape(node.output.shape) for node in graph.inputs},
        "spec": spec,
        "imports": imports if imports is not None else {"aliases": {}, "files": {}},
    }
    lists = {
        "instances": encoded_instances(graph),
        "nodes": encoded_nodes(graph),
        "outputs": encoded_outputs(graph),
    }
    entries = [f'"{name}": {_text(value)}' for name, value in head.items()]
    entries += [f'"{name}": {_lines(values)}' for name, values in lists.items()]
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _lines(values: Sequence[Mapping[str, Json]]) -> str:
    inside = ",\n".join(f" {_text(value)}" for value in values)
    return f"[\n{inside}\n]" if values else "[]"


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
