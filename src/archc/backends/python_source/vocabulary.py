"""What a constructor can say: names and sizes it knows, and sizes it may ask its caller for."""

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from archc.backends.python_source.run_kinds import bound_names
from archc.backends.python_source.symbols import NotUniformError, Symbols
from archc.expressions.syntax import Expression, Name
from archc.expressions.values import Constant
from archc.ir.runs import Instance, Value


class Size(Struct, eq=False):
    """A size that a constructor is given: where it is read, and its number per instance."""

    name: str
    origin: tuple[int, int] | None
    values: dict[int, int]


class Sizes(Struct, eq=False):
    """The sizes a class may ask its caller for; those it used become parameters."""

    instances: Sequence[Instance]
    asked: dict[str, Size] = field(default_factory=dict[str, Size])

    def hoist(self, name: str, values: Sequence[int]) -> Expression:
        """Add a number that differs between instances as a parameter, under a name of its own."""
        taken = {*self.asked, *self._own_names()}
        unique = name
        count = 2
        while unique in taken:
            unique, count = f"{name}_{count}", count + 1
        numbers = {id(i): v for i, v in zip(self.instances, values, strict=True)}
        self.asked[unique] = Size(unique, None, numbers)
        return Name(unique)

    def _own_names(self) -> Iterator[str]:
        """Yield what the block calls something by itself: its parameters, loops and `let`."""
        first = self.instances[0]
        yield from (argument.name for argument in first.template.block.arguments)
        yield from bound_names(first.body)


class Vocabulary(Struct, frozen=True):
    """The names known in all contexts at once, and the sizes that the class may ask for.

    Only at the top of a class is a context an instance: in a loop or under a condition
    nothing can be asked for.
    """

    symbols: Symbols
    sizes: Sizes
    top: bool = True

    def over(self, symbols: Symbols, top: bool = False) -> "Vocabulary":
        """Return the same sizes with the names of other contexts."""
        return Vocabulary(symbols, self.sizes, top and self.top)

    def sized(
        self, name: str, actual: Sequence[int], value: Value | None, dim: int | None
    ) -> Expression:
        """Return a size as an expression, as a number, or as a new parameter of the class."""
        try:
            return self.symbols.size(actual, value, dim)
        except NotUniformError:
            if not self.top:
                raise
        return self.sizes.hoist(name, actual)

    def argument(
        self,
        name: str,
        expression: Expression,
        actual: Sequence[Constant],
        flow: Sequence[Value | None],
    ) -> Expression:
        """Return an argument as it was written, or as a new parameter of the class."""
        try:
            return self.symbols.argument(expression, actual, flow)
        except NotUniformError:
            return self._asked(name, actual)

    def constant(self, name: str, actual: Sequence[Constant]) -> Expression:
        """Return the value that all contexts share, or a new parameter of the class."""
        try:
            return self.symbols.constant(actual)
        except NotUniformError:
            return self._asked(name, actual)

    def _asked(self, name: str, actual: Sequence[Constant]) -> Expression:
        if not self.top or not all(type(value) is int for value in actual):
            raise NotUniformError
        return self.sizes.hoist(name, actual)
