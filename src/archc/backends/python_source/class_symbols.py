"""The names and sizes that a class starts from, and those it hands to its callers."""

from collections.abc import Mapping, Sequence

from archc.backends.python_source.classes import ClassPlan
from archc.backends.python_source.layer_arguments import LayerParameter
from archc.backends.python_source.symbols import Context, Dims, Symbols, literal
from archc.backends.python_source.vocabulary import Size, Sizes
from archc.expressions.syntax import Expression, Name, names
from archc.expressions.values import LayerName
from archc.ir.graph import Graph
from archc.ir.runs import Instance, Value


def starting_symbols(
    group: Sequence[Instance],
    graph: Graph,
    sizes: Sizes,
    layers: Mapping[str, LayerParameter],
) -> Symbols:
    """Return what a class's constructor starts from: its parameters and its inputs' sizes."""
    block = group[0].template.block
    contexts: list[Context] = []
    for instance in group:
        values = {**graph.parameters, **instance.arguments}
        values |= dict(zip(block.inputs, instance.inputs, strict=True))
        plain = {n: v for n, v in instance.arguments.items() if not isinstance(v, LayerName)}
        contexts.append(Context(values, plain))
    known = [a.name for a in block.arguments if a.name in contexts[0].local]
    symbols = Symbols(contexts, {name: Name(name) for name in known})
    for name, parameter in layers.items():
        symbols.names[name] = Name(parameter.name)
        for context, instance in zip(contexts, group, strict=True):
            context.local[parameter.name] = parameter.texts[id(instance)]
    for index in range(len(block.inputs)):
        _input_sizes(index, symbols, sizes)
    return symbols


def _input_sizes(index: int, symbols: Symbols, sizes: Sizes) -> None:
    """Name the sizes of one input: a parameter where they differ, else the number."""
    group = sizes.instances
    values = [instance.inputs[index] for instance in group]
    rank = len(values[0].type.shape)
    if any(len(value.type.shape) != rank for value in values):
        return
    dims: dict[int, Expression] = {}
    prefix = group[0].template.block.inputs[index] if index else "in"
    for dim, word in ((1, "channels"), (rank - 1, "features")):
        sizes_there = [value.type.shape[dim] for value in values] if 0 < dim < rank else []
        found = [size for size in sizes_there if isinstance(size, int)]
        if not found or len(found) != len(values):
            continue
        dims[dim] = _size_name(f"{prefix}_{word}", (index, dim), found, symbols, sizes)
    for value in values:
        symbols.sizes[value.key] = dims


def _size_name(
    name: str,
    origin: tuple[int, int],
    found: Sequence[int],
    symbols: Symbols,
    sizes: Sizes,
) -> Expression:
    """Return one size of an input as an expression; ask the caller for it where it differs."""
    if len(set(found)) == 1:
        return literal(found[0])
    numbers = {id(i): size for i, size in zip(sizes.instances, found, strict=True)}
    sizes.asked[name] = Size(name, origin, numbers)
    for context, size in zip(symbols.contexts, found, strict=True):
        context.local[name] = size
    return Name(name)


def forget_other_inputs(symbols: Symbols, group: Sequence[Instance]) -> None:
    """One instance's result is often the next one's input: keep what it is as a result."""
    own = {value.key for value in group[0].inputs}
    for instance in group[1:]:
        for value in instance.inputs:
            if value.key not in own:
                symbols.sizes.pop(value.key, None)


def output_dims(symbols: Symbols, value: Value, plan: ClassPlan) -> Dims:
    """Return a result's sizes as expressions of what the class is given."""
    allowed = {*plan.parameters, *plan.sizes}
    dims = symbols.dims(value)
    return {dim: e for dim, e in dims.items() if names(e) <= allowed}
