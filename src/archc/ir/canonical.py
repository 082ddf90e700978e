"""A graph as plain JSON data: its calls of blocks, its nodes and its outputs."""

from collections.abc import Mapping, Sequence
from typing import cast

from archc.diagnostics import Span
from archc.expressions.printing import expression_text
from archc.expressions.values import LayerName
from archc.ir.graph import Graph
from archc.ir.runs import Instance, Node, Value
from archc.layers.base import spec_name
from archc.shapes import Batch, Shape, elements

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject = dict[str, Json]


def encoded_instances(graph: Graph) -> list[JsonObject]:
    """Return the calls of blocks, outer before inner; the model itself is not among them."""
    return [_instance(call) for call in graph.instances() if call.caller is not None]


def encoded_nodes(graph: Graph) -> list[JsonObject]:
    """Return the nodes in order; an input is the index of a node, or [index, result]."""
    return [_node(node) for node in graph.nodes]


def encoded_outputs(graph: Graph) -> list[JsonObject]:
    """Return the outputs: name, value, and the only mode in which each is live."""
    return [
        {"name": output.name, "value": _reference(output.value), "mode": output.mode}
        for output in graph.outputs
    ]


def encoded_shape(shape: Shape) -> list[Json]:
    """Return a shape as numbers, the batch as its letter."""
    return [size if isinstance(size, int) else size.letter for size in shape]


def encoded_constant(value: object) -> Json:
    """Return a constant of the language as JSON that `decoded_constant` reads back.

    What JSON does not have is an object of one key: a layer, an infinite number, the batch.
    """
    if isinstance(value, tuple):
        return [encoded_constant(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, LayerName):
        return {"layer": expression_text(value.call) if value.call else value.name}
    if isinstance(value, Batch):
        return {"size": value.letter}
    if isinstance(value, float) and abs(value) == float("inf"):
        return {"float": "inf" if value > 0 else "-inf"}
    return cast("Json", value)


def _node(node: Node) -> JsonObject:
    operation = node.operation
    given = operation.given if operation is not None else {}
    return {
        "path": node.path,
        "op": "input" if operation is None else spec_name(type(operation)),
        "arguments": {name: encoded_constant(value) for name, value in given.items()},
        "inputs": [_reference(value) for value in node.inputs],
        "shape": encoded_shape(node.output.shape),
        "dtype": node.output.dtype,
        "parameters": sum(elements(t.shape) for t in node.owned() if t.kind == "parameter"),
        "shared": node.shared,
        "span": _place(node.span),
    }


def _instance(instance: Instance) -> JsonObject:
    return {
        "path": instance.path,
        "block": instance.template.name,
        "arguments": {n: encoded_constant(v) for n, v in instance.arguments.items()},
        "line": instance.line.line,
    }


def _reference(value: Value) -> Json:
    return [value.node.index, value.index] if value.index else value.node.index


def _place(span: Span) -> str:
    return f"{span.line}:{span.column}"
