"""`archc why`: how a tensor got its shape, as a worked example from the input on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from archc.ir.costs import readable_paths
from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.layers.base import shape_rule
from archc.shapes import elements, format_shape


def derivation_text(graph: Graph, node: Node) -> str:
    """Return the formulas, with their numbers, of every size between the input and `node`.

    Layers that keep the shape are left out, but for `node` itself.
    """
    paths = node_paths(graph)
    steps = [step for step in _way(node) if step is node or _changes(step)]
    rows = [(paths[step.index], str(step.operation or "input"), _result(step)) for step in steps]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines: list[str] = []
    for step, row in zip(steps, rows, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{cells}  {_place(step)}".rstrip())
        lines += [f"    {line}" for line in _workings(step, paths)]
    return "\n".join([*lines, *_tensors(node)]) + "\n"


def node_paths(graph: Graph) -> Mapping[int, str]:
    """Return the path of each node, as summaries print it; inputs go by their names."""
    inputs = {node.index: node.path for node in graph.inputs}
    return readable_paths([node for node in graph.nodes if node.operation is not None]) | inputs


def _way(node: Node) -> Sequence[Node]:
    """Return the nodes from the input to `node`, through the first input of each."""
    way = [node]
    while sources := [value.node for value in way[-1].inputs if _carries(value.node)]:
        way.append(sources[0])
    return way[::-1]


def _carries(node: Node) -> bool:
    """Return whether something flows through a node: a parameter stands by itself."""
    return node.operation is None or bool(node.inputs)


def _changes(node: Node) -> bool:
    return not node.inputs or node.output.shape != node.inputs[0].type.shape


def _result(node: Node) -> str:
    return str(node.output)


def _place(node: Node) -> str:
    return f"{PurePath(node.span.file).name}:{node.span.line}" if node.operation else ""


def _workings(node: Node, paths: Mapping[int, str]) -> Iterator[str]:
    if node.operation is None:
        return
    inputs = [value.type for value in node.inputs]
    working = node.operation.working(*inputs)
    yield from working
    if not working and inputs and _changes(node):
        yield from _rule(node)
    if len(inputs) > 1:
        for value in node.inputs:
            yield f"from {paths[value.node.index]} {value.type}"
    if not _changes(node):
        yield "the shape of its input is kept"


def _rule(node: Node) -> Iterator[str]:
    """Yield the rule of a layer in letters and what it made of the first input.

    A rule that holds `for` one call alone says nothing of another.
    """
    rule = shape_rule(type(node.operation)) if node.operation else ""
    call = re.search(r" for `(.+)`", rule)
    if rule and (call is None or call[1] == str(node.operation)):
        yield rule
    yield f"{node.inputs[0].type} → {node.output}"


def _tensors(node: Node) -> Iterator[str]:
    """Yield what the node owns and computes."""
    if node.operation is None:
        return
    inputs = [value.type for value in node.inputs]
    owned = [tensor for tensor in node.tensors if tensor.kind == "parameter"]
    if owned:
        shapes = [f"{tensor.name or 'itself'} {format_shape(tensor.shape)}" for tensor in owned]
        counts = [elements(tensor.shape) for tensor in owned]
        terms = " + ".join(f"{count:,}" for count in counts)
        total = f" = {sum(counts):,}" if len(counts) > 1 else ""
        yield f"    parameters: {', '.join(shapes)}: {terms}{total}"
    macs = node.operation.multiply_adds(inputs, node.outputs)
    if macs:
        yield f"    multiply-adds for one sample: {macs:,}"
