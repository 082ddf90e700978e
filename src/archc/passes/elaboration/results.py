"""What a line, a block or a function gives, where that may be several tensors.

Its name, the flow and a call inside an expression are the first. What takes several tensors is
filled with all of them, and the others are read behind a dot, by name or by number.
"""

from msgspec import Struct

from archc.ir.runs import Value
from archc.layers.base import Layer


class Results(Struct, frozen=True, eq=False):
    """The tensors that flow into a stage, or that an expression gives.

    `names` is what they are called, empty where they have numbers. `apart` marks tensors that
    are no results of one line: `from a, b`, or all that `ys[]` gathered.
    """

    values: tuple[Value, ...]
    names: tuple[str, ...] = ()
    apart: bool = False

    @property
    def first(self) -> Value:
        """The result that the name alone stands for."""
        return self.values[0]

    @property
    def is_numbered(self) -> bool:
        """Whether these are several of one kind, such as the parts of `chunk`."""
        return len(self.values) > 1 and all(map(str.isdigit, self.called))

    @property
    def called(self) -> tuple[str, ...]:
        """What stands behind the dot for each; one result alone has no such name."""
        several = len(self.values) > 1
        return self.names or tuple(map(str, range(len(self.values) if several else 0)))

    def named(self, name: str) -> Value | None:
        """Return the result of a name or a number, None where there is none."""
        names = self.called
        return self.values[names.index(name)] if name and name in names else None

    def of_layer(self, layer: Layer) -> tuple[Value, ...]:
        """Return what a layer or a function takes of these.

        A module takes what it must have, and so does a function of results with names. Results
        with numbers fill a function up, but for a place that a number fills already.
        """
        least, most = layer.arity
        if self.apart or len(self.values) == 1:
            return self.values
        if layer.is_module or not self.is_numbered or (least == 1 and layer.fills_a_place):
            return self.values[: least or 1]
        return self.values[:most]

    def of_block(self, inputs: int) -> tuple[Value, ...]:
        """Return what a block of so many inputs takes of these."""
        return self.values if self.apart else self.values[:inputs]


def results_of(operation: Layer, values: tuple[Value, ...], inputs: tuple[Value, ...]) -> Results:
    """Return what a layer or a function gives, with the names of its results."""
    if len(values) == 1:
        return Results(values)
    return Results(values, operation.result_names(*(value.type for value in inputs)))
