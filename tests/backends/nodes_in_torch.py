"""A graph run node by node: what each node says, in torch, and nothing of the compiled source.

The referee of the compiled `forward`: it knows no lines, blocks, containers or names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archc.ir.graph import Graph, Mode
from archc.ir.runs import Node
from archc.layers.base import Function
from archc.layers.tensors import Buffer, Parameter
from archc.shapes import Batch

BATCH = 2


def inputs_of(graph: Graph) -> list[Tensor]:
    """Return random inputs of the sizes that a graph was made for."""
    generator = torch.Generator().manual_seed(1)
    return [_input(node, generator) for node in graph.inputs]


def _input(node: Node, generator: torch.Generator) -> Tensor:
    shape = [BATCH if isinstance(size, Batch) else size for size in node.output.shape]
    dtype = getattr(torch, node.output.dtype)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator, dtype=dtype)
    return torch.randint(2, shape, generator=generator).to(dtype)


def results_of_nodes(
    graph: Graph, model: nn.Module, inputs: Sequence[Tensor], mode: Mode
) -> list[Tensor]:
    """Return the live outputs of a mode, every node computed by itself.

    No activation writes over its input here, so that one that must not is found out.
    """
    with overwriting_nothing(model):
        return _results(graph, model, inputs, mode)


@contextmanager
def overwriting_nothing(model: nn.Module) -> Iterator[None]:
    """Let no activation of a network write over its input."""
    changed = [module for module in model.modules() if getattr(module, "inplace", False)]
    for module in changed:
        module.inplace = False
    yield
    for module in changed:
        module.inplace = True


def _results(graph: Graph, model: nn.Module, inputs: Sequence[Tensor], mode: Mode) -> list[Tensor]:
    values = {(node.index, 0): x for node, x in zip(graph.inputs, inputs, strict=True)}
    read = {value.key for node in graph.nodes for value in node.inputs}
    read |= {output.value.key for output in graph.outputs}
    for node in graph.live_nodes(mode):
        if node.operation is None:
            continue
        given = [values[value.key] for value in node.inputs]
        wanted = frozenset(i for i in range(len(node.outputs)) if (node.index, i) in read)
        result = _result(node, model, given, wanted, inputs[0].shape[0])
        values |= {(node.index, i): part for i, part in enumerate(_flat(result))}
    return [values[output.value.key] for output in graph.live_outputs(mode)]


def _result(
    node: Node, model: nn.Module, given: list[Tensor], wanted: frozenset[int], batch: int
) -> Any:
    operation = node.operation
    names = {f"x{index}": tensor for index, tensor in enumerate(given)}
    if isinstance(operation, Parameter | Buffer):
        owner, _, name = node.path.rpartition(".")
        return getattr(model.get_submodule(owner), name)
    if isinstance(operation, Function):
        text = operation.forward(list(names), batch=str(batch))
        return eval(text, {"torch": torch, "F": F, **names})
    assert operation is not None
    names["module"] = model.get_submodule(node.path)
    text = f"module({operation.call_arguments(list(names)[:-1], wanted)})"
    return eval(text, names)


def _flat(result: Any) -> Iterator[Tensor]:
    if isinstance(result, Tensor):
        yield result
        return
    for part in result:
        if part is not None:  # attention weights that nobody reads
            yield from _flat(part)
