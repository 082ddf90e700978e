"""A class of the compiled source: its parameters and its lines."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from archc.backends.python_source.layer_arguments import LayerParameter
from archc.backends.python_source.layout import Line
from archc.backends.python_source.symbols import Dims
from archc.backends.python_source.vocabulary import Size
from archc.expressions.printing import constant_text
from archc.expressions.syntax import Literal
from archc.ir.runs import Instance, Template


class ClassPlan(Struct, eq=False):
    """One class, made of the instances it serves; it is filled while its calls are planned."""

    name: str
    template: Template
    instances: list[Instance]
    base: str
    parameters: tuple[str, ...] = ()
    sizes: dict[str, Size] = field(default_factory=dict[str, Size])
    layers: Mapping[str, LayerParameter] = field(default_factory=dict[str, LayerParameter])
    output_dims: tuple[Dims, ...] = ()
    init: list[Line] = field(default_factory=list[Line])
    forward: list[Line] = field(default_factory=list[Line])
    forward_inputs: tuple[str, ...] = ()
    result: str = "Tensor"

    @property
    def is_root(self) -> bool:
        """Whether this is the class of the network itself."""
        return self.instances[0].caller is None

    def default_of(self, name: str) -> Literal | None:
        """Return the default that the class prints for a parameter."""
        for argument in self.template.block.arguments:
            if argument.name == name and isinstance(argument.default, Literal):
                return argument.default
        return None

    def lines(self) -> list[Line]:
        """Return the class as source."""
        lines = [Line(0, f"class {self.name}({self.base}):")]
        lines += self._constructor()
        if self.forward:
            inputs = "".join(f", {name}: Tensor" for name in self.forward_inputs)
            lines += [Line(0, ""), Line(1, f"def forward(self{inputs}) -> {self.result}:")]
            lines += [line.deeper(2) for line in self.forward]
        return lines

    def _constructor(self) -> list[Line]:
        parameters = [f"{name}: int" for name in self.sizes]
        parameters += [self._parameter(name) for name in self.parameters]
        head = f"def __init__({', '.join(['self', *parameters])}) -> None:"
        return [Line(1, head), *[line.deeper(2) for line in self.init]]

    def _parameter(self, name: str) -> str:
        if name in self.layers:
            return f"{self.layers[name].name}: {self.layers[name].annotation}"
        for argument in self.template.block.arguments:
            if argument.name == name and argument.variadic:
                return f"**{name}: {_annotation(self._variadic_values(name))}"
        values = [instance.arguments[name] for instance in self.instances]
        default = self.default_of(name)
        text = f"{name}: {_annotation(values)}"
        return text if default is None else f"{text} = {constant_text(default.value)}"

    def _variadic_values(self, name: str) -> list[object]:
        return [value for i in self.instances for _, value in i.arguments[name]]


def _annotation(values: Iterable[object]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return "float"
    if len(kinds) != 1:
        return "object"
    (kind,) = kinds
    if kind is tuple:
        return "tuple[int, ...]"
    return "None" if kind is type(None) else kind.__name__


def class_name(title: str) -> str:
    """Return a network's name as a class: `resnet50` becomes `Resnet50`."""
    return "".join(part[:1].upper() + part[1:] for part in title.split("_")) or "Model"
