"""What of a graph becomes a class, a container that is called, or code in a parent's forward."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from archc.backends.python_source.graph_facts import (
    given_names,
    indexed,
    numbered_children,
    ranges,
    readers,
    returned,
)
from archc.backends.python_source.overwriting import overwriting
from archc.backends.python_source.run_kinds import (
    Unit,
    is_container,
    is_module,
    is_transparent,
    one_line,
)
from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    LetRun,
    Node,
    Operation,
    SilentRun,
    Value,
)


class Call(Struct, frozen=True, eq=False):
    """Something that can be called as a module: its path, what goes in and comes out."""

    path: str
    inputs: tuple[Value, ...]
    values: tuple[Value, ...]
    first: int
    last: int


class Structure:
    """Answers questions about a graph's runs: who reads a value, what is a plain sequence."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.readers = readers(graph)
        self.returned = frozenset(returned(graph))
        self.ranges = ranges(graph)
        self.indexed = frozenset(indexed(graph))
        self.overwriting = overwriting(graph, self.readers)
        self.given_names = dict(given_names(graph))
        self._child_counts = Counter(outer for outer, _ in numbered_children(graph))
        self._sequences: dict[int, bool] = {}

    def child_count(self, path: str) -> int:
        """Return how many numbered children the module at a path has."""
        return self._child_counts[path]

    def is_sequence(self, run: BodyRun | ItemRun) -> bool:
        """Return whether a run is modules called one after the other and nothing else.

        Functions at the end of a line are left to the caller. Children that `declare`
        registers in another order are called one by one.
        """
        if run.path in self.graph.declared and isinstance(run, BodyRun):
            return False
        key = id(run)
        if key not in self._sequences:
            self._sequences[key] = self._flows(self._calls(run), run)
        return self._sequences[key]

    def entrance(self, run: BodyRun | ItemRun) -> tuple[Value, ...]:
        """Return what the first module of a sequence takes.

        An expression may have made it: `Linear(8) from relu(x)`.
        """
        calls = self._calls(run)
        return calls[0].inputs if calls else ()

    def _flows(self, calls: list[Call] | None, run: BodyRun | ItemRun) -> bool:
        if not calls:
            return False
        for before, after in pairwise(calls):
            if [v.key for v in after.inputs] != [before.values[0].key]:
                return False
            if not all(after.first <= reader <= after.last for reader in self._readers_of(before)):
                return False
        if len(calls[0].inputs) != 1:
            return False
        return not isinstance(run, BodyRun) or _same(run.value, calls[-1].values[0])

    def _readers_of(self, call: Call) -> Iterator[int]:
        for value in call.values:
            yield from self.readers.get(value.key, ())

    def _calls(self, run: BodyRun | ItemRun) -> list[Call] | None:
        """Return the module calls of a run in order, None where it holds anything else."""
        if isinstance(run, ItemRun):
            return self._item_calls(run, whole=True)
        calls: list[Call] = []
        for entry in run.entries:
            found = self._entry_calls(entry, run.path)
            if found is None:
                return None
            calls += found
        return calls

    def _entry_calls(self, entry: EntryRun, path: str) -> list[Call] | None:
        match entry:
            case ChildRun(content=ItemRun() as item):
                if not item.present and item.alternative is None:
                    return []
                return self._slot_calls(item, path)
            case ChildRun(content=BodyRun() as body):
                return self._body_call(body)
            case ForRun(turns=turns):
                return _joined([self._calls(body) for _, body in turns])
            case IfRun(body=body):
                return self._calls(body) if body is not None else []
            case LetRun(value=value):
                return None if isinstance(value, Value) else []
            case SilentRun():
                return []
            case _:
                return None

    def call(self, body: BodyRun) -> Call:
        """Return the one call that a body which is a sequence comes down to."""
        found = self._body_call(body)
        if found is None:
            raise AssertionError("the body is no sequence")
        return found[0]

    def _body_call(self, body: BodyRun) -> list[Call] | None:
        calls = self._calls(body)
        if not calls or not self.is_sequence(body):
            return None
        return [_whole(body.path, calls)]

    def _slot_calls(self, item: ItemRun, path: str) -> list[Call] | None:
        """Return a line's calls as its container sees them: a numbered chain is one call."""
        calls = self._item_calls(item, whole=False)
        if not calls or not is_container(item, path):
            return calls
        if not self.is_sequence(item):
            return None
        return [_whole(item.path, calls)]

    def _item_calls(self, item: ItemRun, whole: bool) -> list[Call] | None:
        """Return the module calls of a chain; with `whole`, functions may follow the last."""
        if item.alternative is not None:
            return self._item_calls(item.alternative, whole)
        calls: list[Call] = []
        ended = False
        for stage in item.stages:
            for unit in stage.units:
                found = self._unit_calls(unit)
                if found is None and (stage.paths or not whole):
                    return None
                if found is None:
                    ended = True
                elif ended:
                    return None
                else:
                    calls += found
        return calls

    def _unit_calls(self, unit: Unit) -> list[Call] | None:
        match unit:
            case Operation(node) if is_module(node) and _returns_a_tensor(node):
                return [Call(node.path, node.inputs, unit.values, node.index, node.index)]
            case Instance():
                return self._instance_calls(unit)
            case ItemRun():
                return self._slot_calls(unit, "")
            case _:
                return None

    def _instance_calls(self, instance: Instance) -> list[Call] | None:
        if is_transparent(instance):
            item = one_line(instance)
            return self._item_calls(item, whole=False) if item is not None else None
        if len(instance.values) != 1:
            return None
        first, last = self.ranges[id(instance)]
        return [Call(instance.path, instance.inputs, instance.values, first, last)]

    def read_results(self, node: Node) -> frozenset[int]:
        """Return which results of a node anyone reads."""
        return frozenset(i for i in range(len(node.outputs)) if self.is_read((node.index, i)))

    def is_read(self, key: tuple[int, int]) -> bool:
        """Return whether a node or an output reads a value, or the class of a block returns it."""
        return key in self.readers or key in self.returned

    def home(self, node: Node) -> Instance | None:
        """Return the block call in whose `forward` a node is computed."""
        caller = node.caller
        while caller is not None and caller.caller is not None and is_transparent(caller):
            caller = caller.caller
        return caller

    def read_outside(self, instance: Instance) -> frozenset[int]:
        """Return which results of a block call anyone reads after it; the first counts as read."""
        _, last = self.ranges[id(instance)]
        keys = [value.key for value in instance.values]
        read = (any(r < 0 or r > last for r in self.readers.get(key, ())) for key in keys)
        return frozenset(i for i, is_read in enumerate(read) if is_read) or frozenset({0})


def _returns_a_tensor(node: Node) -> bool:
    """Return whether a module gives its one result itself, so that `nn.Sequential` can call it."""
    return node.operation is not None and node.operation.returned == 0 and len(node.outputs) == 1


def _whole(path: str, calls: list[Call]) -> Call:
    """Return calls that follow one another as the one call of what holds them."""
    return Call(path, calls[0].inputs, calls[-1].values, calls[0].first, calls[-1].last)


def _same(one: Value | None, other: Value) -> bool:
    return one is not None and one.key == other.key


def _joined(found: list[list[Call] | None]) -> list[Call] | None:
    calls: list[Call] = []
    for part in found:
        if part is None:
            return None
        calls += part
    return calls
