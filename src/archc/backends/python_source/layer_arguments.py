"""Layers that a block is given: what a class is called with, where its calls give it several.

`Unit(out, Activation)` is one class, called as `Unit(8, nn.Hardswish)` and as
`Unit(8, partial(nn.ReLU, inplace=True))`; its lines make `activation()`.
"""

import builtins
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from keyword import iskeyword

from msgspec import Struct

from archc.backends.python_source.run_kinds import Unit, bound_names, is_module
from archc.backends.python_source.structure import Structure
from archc.expressions.syntax import Expression, Name
from archc.expressions.values import LayerName
from archc.ir.runs import BodyRun, ChildRun, Instance, ItemRun, Operation, lines_in
from archc.layers.base import written_arguments

PARTIAL = "partial"
_MEANT_OTHERWISE = frozenset({"self", "nn", "torch", PARTIAL, *dir(builtins)})
"""Names that the compiled source reads as something else."""
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class LayerParameter(Struct, frozen=True):
    """A parameter of a class that stands for a layer: its name, and its text for each call."""

    name: str
    texts: Mapping[int, str]

    @property
    def annotation(self) -> str:
        """What the parameter is: a class of modules, or anything that makes one."""
        is_made = any(text.startswith(f"{PARTIAL}(") for text in self.texts.values())
        return "Callable[[], nn.Module]" if is_made else "type[nn.Module]"


class LayerTexts:
    """What a block is given for each of its layers, as the compiled source has it."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self._known: dict[int, dict[str, str]] = {}

    def parameters(self, group: Sequence[Instance]) -> dict[str, LayerParameter]:
        """Return the layer parameters of a class that differ among its calls."""
        arguments = group[0].template.block.arguments
        first = [a.name for a in arguments]
        required = [a.name for a in arguments if a.default is None and not a.variadic]
        kept = required if required == first[: len(required)] else []
        texts = {name: [self._of(i).get(name, "") for i in group] for name in kept}
        differing = {n: found for n, found in texts.items() if all(found) and len(set(found)) > 1}
        taken = {*first, *bound_names(group[0].body)}
        calls = [id(instance) for instance in group]
        parameters: dict[str, LayerParameter] = {}
        for name, found in differing.items():
            lower = _lower(name, taken)
            taken.add(lower)
            parameters[name] = LayerParameter(lower, dict(zip(calls, found, strict=True)))
        return parameters

    def text(self, unit: Operation) -> str:
        """Return what makes a layer without being given a size; empty where nothing does."""
        layer = unit.node.operation
        if layer is None or not is_module(unit.node):
            return ""
        is_sized = layer.inferred(*(value.type for value in unit.node.inputs))
        if is_sized or not set(layer.given).isdisjoint(layer.of_call):
            return ""
        given = [written_arguments(layer)] if layer.given else []
        given += ["inplace=True"] if unit.node.index in self.structure.overwriting else []
        return f"{PARTIAL}({', '.join([layer.torch_name, *given])})" if given else layer.torch_name

    def _of(self, instance: Instance) -> dict[str, str]:
        if id(instance) not in self._known:
            self._known[id(instance)] = self._found(instance)
        return self._known[id(instance)]

    def _found(self, instance: Instance) -> dict[str, str]:
        names = {n for n, v in instance.arguments.items() if isinstance(v, LayerName)}
        names -= set(bound_names(instance.body))
        found: dict[str, set[str]] = defaultdict(set)
        for unit in _units_in(instance.body) if names else ():
            for name, text in self._uses(unit):
                found[name].add(text)
        return {n: next(iter(found[n])) for n in names if len(found[n]) == 1}

    def _uses(self, unit: Unit) -> Iterator[tuple[str, str]]:
        """Yield the names that a unit's call reads, with the layers that they are there."""
        match unit:
            case Operation(call=call) if call is not None and len(call.callee) == 1:
                is_bare = not call.arguments and not call.keywords
                yield call.callee[0], self.text(unit) if is_bare else ""
            case Instance(call=call) if call is not None:
                yield call.callee[0], ""
                for name, given in _given(unit):
                    if isinstance(given, Name):
                        yield given.identifier, self._of(unit).get(name, "")
            case _:
                return


def _given(instance: Instance) -> Iterator[tuple[str, Expression]]:
    """Yield the arguments that a block's call writes, by name."""
    call = instance.call
    assert call is not None
    own = [a.name for a in instance.template.block.arguments if not a.variadic]
    yield from zip(own, call.arguments or (), strict=False)
    yield from ((keyword.name, keyword.value) for keyword in call.keywords)


def _units_in(body: BodyRun) -> Iterator[Unit]:
    for run in lines_in(body):
        if isinstance(run, ChildRun) and isinstance(run.content, ItemRun):
            yield from _units_of(run.content)


def _units_of(item: ItemRun) -> Iterator[Unit]:
    for stage in item.stages:
        for unit in stage.units:
            if isinstance(unit, ItemRun):
                yield from _units_of(unit)
            else:
                yield unit
    if item.alternative is not None:
        yield from _units_of(item.alternative)


def _lower(name: str, taken: set[str]) -> str:
    """Return the name of a layer as that of a variable: `NormLayer` becomes `norm_layer`."""
    lower = _WORD_START.sub("_", name).lower()
    is_free = lower.isidentifier() and lower not in taken | _MEANT_OTHERWISE
    return lower if is_free and not iskeyword(lower) else name
