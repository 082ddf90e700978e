"""Writing the constructor's call of a block: its class, the sizes it asks for, its arguments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from archc.backends.python_source.layer_arguments import PARTIAL, LayerParameter
from archc.backends.python_source.run_kinds import first_inputs
from archc.backends.python_source.symbols import Dims, NotUniformError, folded, is_plain, shared
from archc.backends.python_source.vocabulary import Size, Vocabulary
from archc.expressions.printing import expression_text, substituted
from archc.expressions.syntax import Expression, Literal, Name
from archc.expressions.values import Constant
from archc.ir.runs import Instance, Value
from archc.statements import LayerCall

Arguments = Mapping[str, Expression | None]
"""What to print for each argument a call gives; None where nothing fits all contexts."""


class Plan(Protocol):
    """What a constructor needs to know of a class that it calls."""

    name: str
    parameters: "tuple[str, ...]"
    sizes: "dict[str, Size]"
    layers: "Mapping[str, LayerParameter]"
    output_dims: "tuple[Dims, ...]"

    def default_of(self, name: str) -> Literal | None:
        """Return the default that the class prints for a parameter."""
        ...


PlanOf = Callable[[Instance], Plan]


class BlockCall:
    """One block's call in all contexts."""

    def __init__(self, instances: Sequence[Instance], vocabulary: Vocabulary) -> None:
        shared(id(instance.template) for instance in instances)
        self.instances = instances
        self.vocabulary = vocabulary
        self.symbols = vocabulary.symbols
        self.inputs = first_inputs(instances)
        self.arguments = self._arguments()

    @property
    def written(self) -> LayerCall:
        """The call as the spec has it."""
        call = self.instances[0].call
        assert call is not None
        return call

    def text(self, plan_of: PlanOf) -> str:
        """Return the call of a block's class and remember the sizes of its results."""
        plans = [plan_of(instance) for instance in self.instances]
        shared(id(plan) for plan in plans)
        plan = plans[0]
        texts: dict[str, Expression] = {}
        for size in plan.sizes.values():
            texts[size.name] = self._size(size)
        parts = [expression_text(text) for text in texts.values()]
        parts += self._own_arguments(plan, texts)
        self._set_result_dims(plan, texts)
        return f"{plan.name}({', '.join(parts)})"

    def names_inside(self) -> dict[str, Expression]:
        """Return what a block's arguments are called where its one line stands in its place."""
        found = {name: text for name, text in self.arguments.items() if text is not None}
        for argument in self.instances[0].template.block.arguments:
            if argument.name not in self.arguments and not argument.variadic:
                self._add_default(argument.name, found)
        return found

    def _add_default(self, name: str, found: dict[str, Expression]) -> None:
        values = [instance.arguments[name] for instance in self.instances]
        if is_plain(values[0]):
            try:
                found[name] = self.symbols.constant(values)
            except NotUniformError:
                return

    def _own_names(self) -> list[str]:
        block = self.instances[0].template.block
        return [argument.name for argument in block.arguments if not argument.variadic]

    def _given_arguments(self) -> Iterator[tuple[str, Expression]]:
        """Yield the arguments that the call writes, by name."""
        own = self._own_names()
        yield from zip(own, self.written.arguments or (), strict=False)
        yield from ((k.name, k.value) for k in self.written.keywords if k.name in own)

    def _arguments(self) -> Arguments:
        result: dict[str, Expression | None] = {}
        for name, expression in self._given_arguments():
            actual = [instance.arguments[name] for instance in self.instances]
            try:
                result[name] = self.symbols.argument(expression, actual, self.inputs)
            except NotUniformError:
                result[name] = None
        return result

    def _size(self, size: Size) -> Expression:
        actual = [size.values[id(instance)] for instance in self.instances]
        value, dim = self._origin(size)
        return self.vocabulary.sized(size.name, actual, value, dim)

    def _origin(self, size: Size) -> tuple[Value | None, int | None]:
        if size.origin is None:
            return self.inputs[0], None
        index, dim = size.origin
        return self.instances[0].inputs[index], dim

    def _own_arguments(self, plan: Plan, texts: dict[str, Expression]) -> list[str]:
        """Return a block's own arguments, by position where the spec wrote them so."""
        names = self._own_names()
        positional = set(names[: len(self.written.arguments or ())])
        parts: list[str] = []
        by_position = True
        for name in plan.parameters:
            if name not in names:
                parts += self._rest(name, names)
                continue
            layer = plan.layers.get(name)
            text = self._own_argument(name) if layer is None else self._layer(name, layer)
            texts[name] = text
            if name not in self.arguments and plan.default_of(name) == text:
                by_position = False
                continue
            by_position = by_position and name in positional
            shown = expression_text(text)
            keyword = name if layer is None else layer.name
            parts.append(shown if by_position else f"{keyword}={shown}")
        return parts

    def _own_argument(self, name: str) -> Expression:
        text = self.arguments.get(name)
        if text is not None:
            return text
        actual = [instance.arguments[name] for instance in self.instances]
        return self.vocabulary.constant(name, actual)

    def _layer(self, name: str, parameter: LayerParameter) -> Expression:
        """Return a layer that a class is given: a parameter of the caller's, or what makes it."""
        actual = [parameter.texts[id(instance)] for instance in self.instances]
        given = dict(self._given_arguments()).get(name)
        own = self.symbols.names.get(given.identifier) if isinstance(given, Name) else None
        if isinstance(own, Name) and self.symbols.holds(own, actual):
            return own
        if PARTIAL in self.symbols.names:
            raise NotUniformError
        return Name(shared(actual))

    def _rest(self, name: str, own: Sequence[str]) -> list[str]:
        """Return the keywords that go through a block's `**name`."""
        values: list[dict[str, Constant]] = [dict(i.arguments[name]) for i in self.instances]
        written = {k.name: k.value for k in self.written.keywords if k.name and k.name not in own}
        parts: list[str] = []
        for key in shared(tuple(value) for value in values):
            actual = [value[key] for value in values]
            if key in written:
                text = self.symbols.argument(written[key], actual, self.inputs)
            else:
                text = self.symbols.constant(actual)
            parts.append(f"{key}={expression_text(text)}")
        return parts

    def _set_result_dims(self, plan: Plan, texts: Mapping[str, Expression]) -> None:
        """Write a block's result sizes in the caller's names."""

        def replace(part: Expression) -> Expression | None:
            return texts.get(part.identifier) if isinstance(part, Name) else None

        for position, dims in enumerate(plan.output_dims):
            written = {d: folded(substituted(e, replace)) for d, e in dims.items()}
            for instance in self.instances:
                self.symbols.sizes[instance.values[position].key] = written
