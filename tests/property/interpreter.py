"""A naive interpreter of graphs: each node by itself in torch, with no source in between."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from archc.ir.graph import Graph
from archc.ir.runs import Node
from archc.layers.base import Function, Layer

Weights = dict[str, torch.Tensor]


OPERATORS: dict[str, Callable[..., torch.Tensor]] = {"mul": torch.mul, "sub": torch.sub}
"""What a sign means between a tensor and a number on its right."""


def module_of(layer: Layer, inferred: dict[str, int]) -> nn.Module:
    """Return torch's module, by keywords: those that were given and those inferred."""
    kind = getattr(nn, type(layer).__name__)
    return kind(**{**inferred, **layer.given})


def interpreted(graph: Graph, weights: Weights, **inputs: torch.Tensor) -> dict[int, Any]:
    """Return every node's result by its index, in eval mode."""
    results: dict[int, Any] = {node.index: inputs[node.path] for node in graph.inputs}
    for node in graph.nodes:
        if node.operation is not None:
            tensors = [result_of(results[v.node.index], v.index) for v in node.inputs]
            results[node.index] = run(node, weights, tensors)
    return results


def result_of(results: Any, index: int) -> torch.Tensor:
    """Return one of what a node gave."""
    return results if isinstance(results, torch.Tensor) else results[index]


def run(node: Node, weights: Weights, tensors: list[torch.Tensor]) -> Any:
    """Return what one node computes; a module takes its tensors from `weights` by its path."""
    layer = node.operation
    assert layer is not None
    if isinstance(layer, Function):
        return function_result(layer, tensors)
    module = module_of(layer, dict(layer.inferred(*(value.type for value in node.inputs))))
    prefix = f"{node.path}."
    own = {key.removeprefix(prefix): t for key, t in weights.items() if key.startswith(prefix)}
    module.load_state_dict(own, strict=True)
    return module.eval()(*tensors)


def function_result(layer: Function, tensors: list[torch.Tensor]) -> Any:
    """Return torch's result: by its own name for most, by what it means for joins."""
    name = getattr(layer, "function_name")  # noqa: B009 (a class variable of functions alone)
    if name == "concat":
        return torch.cat(tensors, layer.given.get("dim", 1))  # the one default that is not torch's
    if "other" in layer.given:
        return OPERATORS[name](tensors[0], layer.given["other"])
    if name == "add":
        return tensors[0] + tensors[1] if len(tensors) == 2 else sum_of(tensors)
    place = F if hasattr(F, name) else torch
    given = layer.given
    if name == "flatten":
        return torch.flatten(tensors[0], given["start_dim"])
    return getattr(place, name)(*tensors, **given)


def sum_of(tensors: list[torch.Tensor]) -> torch.Tensor:
    """Return the sum from left to right."""
    total = tensors[0]
    for other in tensors[1:]:
        total = total + other
    return total
