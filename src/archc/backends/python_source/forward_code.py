"""A `forward` while its calls are put into loops: its statements, and who reads what."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from archc.backends.python_source.texts import Part, Read, Statement, Step, Text, Variable

_RESULTS = 0
"""The number of what a `forward` returns."""


class ForwardCode:
    """The statements of a `forward` and what it returns.

    Readers are numbered from the end, the last statement 1: what comes after a loop keeps
    its number. So a network of many loops is read once, and not again for each of them.
    """

    def __init__(self, statements: Iterable[Statement], results: Iterable[Text]) -> None:
        self.statements = list(statements)
        self.results = list(results)
        self._readers: dict[Variable, set[int]] = {}
        self._last: dict[Variable, int] = {}
        self._number_readers()

    def is_read_from(self, index: int, variable: Variable) -> bool:
        """Return whether a variable is read by a statement from an index on, or returned."""
        return self._last.get(variable, self._number(index) + 1) <= self._number(index)

    def readers_from(
        self, index: int, variables: Iterable[Variable]
    ) -> Iterator[tuple[Text, Statement | None]]:
        """Yield what reads variables from an index on: expressions of statements, and returned."""
        read = {number for variable in variables for number in self._readers.get(variable, ())}
        for number in read:
            if number == _RESULTS:
                yield from ((text, None) for text in self.results)
            elif number <= self._number(index):
                statement = self.statements[-number]
                yield statement.text, statement

    def put(self, start: int, end: int, statements: Sequence[Statement]) -> None:
        """Put statements in the place of others."""
        self.statements[start:end] = statements

    def rename(self, names: Mapping[Variable, Variable]) -> None:
        """Let every expression read other variables."""
        for old, new in names.items():
            numbers = self._readers.pop(old, set())
            for number in numbers:
                self._rename_in(number, {old: new})
            if numbers:
                self._note(new, numbers)

    def rewrite(self, kept: Iterable[Statement], results: Iterable[Text]) -> None:
        """Let other statements stand in the place of all."""
        self.statements, self.results = list(kept), list(results)
        self._number_readers()

    def _number_readers(self) -> None:
        found: dict[Variable, set[int]] = defaultdict(set)
        for index, statement in enumerate(self.statements):
            for variable in statement.text.reads():
                found[variable].add(self._number(index))
        for variable in (variable for text in self.results for variable in text.reads()):
            found[variable].add(_RESULTS)
        self._readers, self._last = {}, {}
        for variable, numbers in found.items():
            self._note(variable, numbers)

    def _note(self, variable: Variable, numbers: Collection[int]) -> None:
        self._readers.setdefault(variable, set()).update(numbers)
        self._last[variable] = min(self._readers[variable])

    def _number(self, index: int) -> int:
        return len(self.statements) - index

    def _rename_in(self, number: int, names: Mapping[Variable, Variable]) -> None:
        if number == _RESULTS:
            self.results = [_with_names(text, names) for text in self.results]
        else:
            statement = self.statements[-number]
            self.statements[-number] = replace(statement, text=_with_names(statement.text, names))


def _with_names(text: Text, names: Mapping[Variable, Variable]) -> Text:
    return replace(text, parts=[_part_with_names(part, names) for part in text.parts])


def _part_with_names(part: Part, names: Mapping[Variable, Variable]) -> Part:
    match part:
        case Read(variable, least):
            return Read(names.get(variable, variable), least)
        case Step(text, least):
            return Step(_with_names(text, names), least)
        case _:
            return part
