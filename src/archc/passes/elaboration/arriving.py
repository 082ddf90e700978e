"""How many tensors arrive at a line that nobody ran, where its text says so."""

from collections.abc import Sequence

from archc.expressions.syntax import Expression, Name
from archc.layers.base import Layer
from archc.statements import Child, Entry, Item


class Arrivals:
    """What is known of the tensors of one block while its lines are read from top to bottom.

    Unless its inputs are known as a whole, further ones may be there.
    """

    def __init__(self, inputs: Sequence[str], *, is_whole: bool) -> None:
        several = 0 if is_whole else None
        self.flow: int | None = 1 if len(inputs) == 1 and is_whole else several
        """How many tensors flow into a next line; None where that is not known."""
        self._inputs = len(inputs)
        self._single = {*inputs}
        """The names of which each stands for one tensor, and for no list of them."""
        self._several: set[str] = set()
        """The names that some line gives to what may be several."""

    def from_sources(self, sources: Sequence[Expression]) -> int | None:
        """Return how many tensors a line takes that says where they come from."""
        if len(sources) > 1:
            return len(sources)
        return 1 if all(map(self.is_one, sources)) else None

    def is_one(self, expression: Expression) -> bool:
        """Return whether an expression is one tensor for certain."""
        return (
            isinstance(expression, Name) and expression.identifier in self._single - self._several
        )

    def enter_line(self) -> None:
        """Let all inputs of the block flow into the one line that it is."""
        self.flow = self._inputs if self.flow == 0 else self.flow

    def enter_branches(self) -> None:
        """Let into each branch flow what flows into all of them."""
        self.flow = 1 if self.flow == 1 else None

    def name(self, name: str, count: int | None) -> None:
        """Note that a name stands for what a line gives."""
        (self._single if count == 1 else self._several).add(name)

    def leave(self, entry: Entry) -> None:
        """Let what a line gives flow on."""
        content = entry.content if isinstance(entry, Child) else None
        is_there = isinstance(content, Item) and bool(content.sources) and not content.condition
        if self.flow != 1 and not isinstance(entry, Child):
            self.flow = None
        elif self.flow != 1:
            self.flow = 1 if is_there else None


def behind(layer: type[Layer]) -> int | None:
    """Return how many tensors a layer gives; None where its arguments or inputs say so."""
    is_plain = layer.results == ("",) and layer.result_names is Layer.result_names
    return 1 if is_plain else None
