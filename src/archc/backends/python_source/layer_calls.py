"""Writing the constructor's call of a layer: torch's class with the spec's arguments."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from archc.backends.python_source.run_kinds import first_inputs
from archc.backends.python_source.symbols import shared
from archc.backends.python_source.vocabulary import Vocabulary
from archc.expressions.printing import constant_text, expression_text, sequence_text
from archc.expressions.syntax import Binary, Display, Expression, Keyword, Literal, Name
from archc.expressions.values import Constant, is_list
from archc.ir.runs import Operation, Value
from archc.layers.base import Layer, spec_name
from archc.layers.tensors import Buffer, Parameter
from archc.statements import LayerCall


class _Given(NamedTuple):
    """The arguments of a layer's call; a name is empty before `**`."""

    positional: list[Expression]
    named: list[tuple[str, Expression]]


def layer_call(
    units: Sequence[Operation], vocabulary: Vocabulary, overwriting: frozenset[int]
) -> str:
    """Return the call of torch's class, or of what makes a tensor of the module's own.

    `overwriting` holds the nodes whose layer writes over its input.
    """
    overwrites = shared(unit.node.index in overwriting for unit in units)
    return _LayerCall(units, vocabulary).text(overwrites)


class _LayerCall:
    """One layer's call in all contexts: `layers` are what it is in each of them."""

    def __init__(self, units: Sequence[Operation], vocabulary: Vocabulary) -> None:
        shared(type(unit.node.operation) for unit in units)
        self.units = units
        self.vocabulary = vocabulary
        self.symbols = vocabulary.symbols
        self.layers = [_layer(unit) for unit in units]
        self.inputs = first_inputs([unit.node for unit in units])

    def text(self, overwrites: bool) -> str:
        layer = self.layers[0]
        if isinstance(layer, Buffer):
            return self._buffer()
        given = self._given()
        if overwrites:
            given.named.append(("inplace", Literal(True)))
        positional = [expression_text(e) for e in given.positional]
        if isinstance(layer, Parameter):
            return f"nn.Parameter(torch.zeros({', '.join(positional)}))"
        inferred = self._inferred()
        self._set_dims(given)
        after = layer.inferred_after
        parts = [*positional[:after], *inferred, *positional[after:], *map(_named, given.named)]
        return f"{layer.torch_name}({', '.join(parts)})"

    def _buffer(self) -> str:
        """Return the numbers; a list of one number repeated is that number and how often."""
        values = [layer.value for layer in self.layers if isinstance(layer, Buffer)]
        call = self.units[0].call
        match call.arguments if call is not None else ():
            case (Binary("*", Display((Literal(number),)), count), *_):
                size = self.symbols.argument(count, list(map(len, values)), self.inputs)
                return f"torch.full(({expression_text(size)},), {constant_text(number)})"
            case _:
                return f"torch.tensor({_literal_text(shared(values))})"

    def _inferred(self) -> list[str]:
        """Return torch's constructor arguments that archc inferred."""
        found = [_inferred_of(unit) for unit in self.units]
        parts: list[str] = []
        for name in found[0]:
            actual = [values[name] for values in found]
            dim = 1 if name in {"in_channels", "num_features", "num_channels"} else -1
            size = self.vocabulary.sized(name, actual, self.inputs[0], dim)
            parts.append(expression_text(size))
        return parts

    def _given(self) -> _Given:
        """Return the arguments as the spec wrote them, but for those of the module's call."""
        positional, named = self._written()
        elsewhere = self.layers[0].of_call
        return _Given(positional, [pair for pair in named if pair[0] not in elsewhere])

    def _written(self) -> _Given:
        call = self.units[0].call
        layer = self.layers[0]
        assert call is not None
        if call.callee[-1] != spec_name(type(layer)):
            return self._own_fields()
        if getattr(layer, "variadic", ""):
            return _Given(self._variadic(call), [])
        written = zip(layer.positional, call.arguments or (), strict=False)
        positional = [self._field(name, value) for name, value in written]
        named: list[tuple[str, Expression]] = []
        for keyword in call.keywords:
            if not keyword.name:
                named += self._spread(keyword, call)
            elif keyword.name in layer.given:
                named.append((keyword.name, self._field(keyword.name, keyword.value)))
        return _Given(positional, named)

    def _field(self, name: str, expression: Expression) -> Expression:
        actual = [getattr(layer, name) for layer in self.layers]
        return self.vocabulary.argument(name, expression, actual, self.inputs)

    def _variadic(self, call: LayerCall) -> list[Expression]:
        name: str = getattr(self.layers[0], "variadic", "")
        sizes: list[tuple[Constant, ...]] = [getattr(layer, name) for layer in self.layers]
        if len(call.arguments or ()) != len(sizes[0]):
            return [self.symbols.constant([s[i] for s in sizes]) for i in range(len(sizes[0]))]
        flow = self._flow()
        return [
            self.symbols.argument(expression, [size[i] for size in sizes], flow)
            for i, expression in enumerate(call.arguments or ())
        ]

    def _flow(self) -> Sequence[Value | None]:
        """Return what `in_features` asks: a Parameter takes no input, and its block's is near.

        Where another line stands between, the size is another, and the number is printed.
        """
        return self.inputs if any(self.inputs) else first_inputs(self.vocabulary.sizes.instances)

    def _own_fields(self) -> _Given:
        """Return the arguments of a layer that was itself given as an argument."""
        fields = shared(tuple(layer.given) for layer in self.layers)
        values = {name: self._shared_field(name) for name in fields}
        first = list(takewhile(values.__contains__, self.layers[0].positional))
        positional = [values.pop(name) for name in first]
        return _Given(positional, list(values.items()))

    def _shared_field(self, name: str) -> Expression:
        return self.symbols.constant([getattr(layer, name) for layer in self.layers])

    def _spread(self, keyword: Keyword, call: LayerCall) -> list[tuple[str, Expression]]:
        """Return `**kw` where the class takes it, else the arguments it held."""
        value, first = keyword.value, self.layers[0]
        is_whole = set(first.given).isdisjoint(first.of_call)
        if is_whole and isinstance(value, Name) and value.identifier in self.symbols.names:
            return [("", self.symbols.names[value.identifier])]
        written = {k.name for k in call.keywords if k.name}
        taken = first.positional[: len(call.arguments or ())]
        names = [n for n in first.given if n not in written and n not in taken]
        return [(name, self._shared_field(name)) for name in names]

    def _set_dims(self, given: _Given) -> None:
        """Remember the expression of the size that the next layer infers from."""
        layer = self.layers[0]
        texts = dict(zip(layer.positional, given.positional, strict=False)) | dict(given.named)
        if not layer.feature or layer.feature not in texts:
            return
        for unit in self.units:
            value: Value = unit.values[0]
            dim = 1 if layer.family == "convolution" else len(value.type.shape) - 1
            self.symbols.sizes[value.key] = {dim: texts[layer.feature]}


def _literal_text(value: Constant) -> str:
    """Return numbers and nested lists of them as Python writes them."""
    if is_list(value):
        return sequence_text([_literal_text(item) for item in value], "[]")
    return constant_text(value)


def _layer(unit: Operation) -> Layer:
    layer = unit.node.operation
    assert layer is not None
    return layer


def _inferred_of(unit: Operation) -> Mapping[str, int]:
    return _layer(unit).inferred(*(value.type for value in unit.node.inputs))


def _named(argument: tuple[str, Expression]) -> str:
    name, value = argument
    return f"{name}={expression_text(value)}" if name else f"**{expression_text(value)}"
