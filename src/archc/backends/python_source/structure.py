"""What of a graph becomes a class, a container that is called, or code in a parent's forward."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Protocol

from msgspec import Struct

from archc.diagnostics import Span
from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    LetRun,
    Node,
    Operation,
    Reuse,
    SilentRun,
    Value,
)
from archc.layers.tensors import Buffer, Parameter

Unit = Operation | Instance | ItemRun | Reuse


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
        self.readers = _readers(graph)
        self.ranges = _ranges(graph)
        self.indexed = frozenset(_indexed(graph))
        self._sequences: dict[int, bool] = {}

    def is_sequence(self, run: BodyRun | ItemRun) -> bool:
        """Return whether a run is modules called one after the other and nothing else.

        Functions at the end of a line are left to the caller.
        """
        key = id(run)
        if key not in self._sequences:
            self._sequences[key] = self._flows(self._calls(run), run)
        return self._sequences[key]

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
                if found is None and not whole:
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
        return frozenset(i for i in range(len(node.outputs)) if (node.index, i) in self.readers)


class _HasInputs(Protocol):
    @property
    def inputs(self) -> tuple[Value, ...]: ...


def first_inputs(callers: Iterable[_HasInputs]) -> list[Value | None]:
    """Return the first input of each, None where there is none."""
    return [caller.inputs[0] if caller.inputs else None for caller in callers]


def _returns_a_tensor(node: Node) -> bool:
    """Return whether a module gives its one result itself, so that `nn.Sequential` can call it."""
    return node.operation is not None and node.operation.result_suffixes == ("",)


def is_module(node: Node) -> bool:
    """Return whether a node calls a module (a Parameter or a Buffer is none)."""
    operation = node.operation
    return (
        operation is not None
        and operation.is_module
        and not isinstance(operation, (Parameter, Buffer))
    )


def is_container(item: ItemRun, path: str) -> bool:
    """Return whether a line's modules lie below its own path as numbered children.

    `path` is the path of the body the line stands in: copies alone in a list are
    children of the list itself.
    """
    if item.alternative is not None:
        return is_container(item.alternative, path)
    below = any(place != item.path for run in item.stages for place in run.paths)
    return item.path != path and below


def is_transparent(instance: Instance) -> bool:
    """Return whether a block call has no module of its own: its one module stands in its place."""
    if not holds_modules(instance.body):
        return True
    item = one_line(instance)
    return item is not None and not is_container(item, "")


def one_line(instance: Instance) -> ItemRun | None:
    """Return the line of a block of one line, None for other blocks."""
    if instance.template.block.body.kind != "item":
        return None
    (entry,) = instance.body.entries
    if isinstance(entry, ChildRun) and isinstance(entry.content, ItemRun):
        run = entry.content
        return run.chosen
    return None


def holds_modules(run: BodyRun | ItemRun | EntryRun | None) -> bool:
    """Return whether any module was called in a run."""
    return next(_modules(run), None) is not None


def _modules(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[bool]:
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _modules(entry)
        case ItemRun():
            if any(stage.paths for stage in run.stages):
                yield True
            yield from _modules(run.alternative)
        case ChildRun():
            yield from _modules(run.content)
        case ForRun():
            for _, body in run.turns:
                yield from _modules(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _modules(run.body)
        case _:
            return


def last_line(span: Span) -> int:
    """Return the last line that a span has a character of."""
    return span.end_line - (span.end_column == 1)


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


def _readers(graph: Graph) -> dict[tuple[int, int], list[int]]:
    """Return for each value the nodes that read it; −1 stands for the model's output."""
    readers: dict[tuple[int, int], list[int]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            readers.setdefault(value.key, []).append(node.index)
    for output in graph.outputs:
        readers.setdefault(output.value.key, []).append(-1)
    return readers


def _ranges(graph: Graph) -> dict[int, tuple[int, int]]:
    """Return the first and last node of each block call."""
    ranges: dict[int, tuple[int, int]] = {}
    for node in graph.nodes:
        caller = node.caller
        while caller is not None:
            first, _ = ranges.get(id(caller), (node.index, node.index))
            ranges[id(caller)] = (first, node.index)
            caller = caller.caller
    return ranges


def _indexed(graph: Graph) -> Iterator[str]:
    """Yield the paths of the modules whose children have numbers for names."""
    for instance in graph.instances():
        body = instance.body
        if body.body.kind == "list" or (body.body.kind == "item" and not is_transparent(instance)):
            yield instance.path
        yield from _indexed_below(body)


def _indexed_below(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[str]:
    match run:
        case BodyRun():
            if run.body.kind == "list" and run.path:
                yield run.path
            for entry in run.entries:
                yield from _indexed_below(entry)
        case ChildRun():
            yield from _indexed_below(run.content)
        case ItemRun():
            yield from _indexed_in_line(run)
        case ForRun():
            for _, body in run.turns:
                yield from _indexed_below(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _indexed_below(run.body)
        case _:
            return


def _indexed_in_line(run: ItemRun) -> Iterator[str]:
    if is_container(run, ""):
        yield run.path
    for stage in run.stages:
        for unit in stage.units:
            if isinstance(unit, ItemRun):
                yield from _indexed_below(unit)
    yield from _indexed_below(run.alternative)
