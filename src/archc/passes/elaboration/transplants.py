"""The run of a call, moved to another place of the module tree."""

from collections.abc import Sequence
from typing import Any

from archc.expressions.values import is_list
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
    ReturnRun,
    Reuse,
    SilentRun,
    StageRun,
    Value,
)

Unit = Operation | Instance | ItemRun | Reuse


class Transplant:
    """What every node, tensor, path, call and run of one call becomes in another.

    `first` is the number of the call's first node: nodes before it are its inputs'.
    """

    def __init__(self, old: Instance, new: Instance, first: int, nodes: list[Node]) -> None:
        self.stem, self.place = old.path, new.path
        self.first = first
        self.shift = len(nodes) - first
        self.nodes = nodes
        pairs = list(zip(old.inputs, new.inputs, strict=True))
        self.outside = {a.node.index: b.node for a, b in pairs}
        self.values = {id(a): b for a, b in pairs}
        self.calls = {id(old): new}
        self.bodies: dict[int, BodyRun] = {}
        self.items: dict[int, ItemRun] = {}

    def copy(self, old: Sequence[Instance], calls: list[Instance], end: int) -> None:
        """Append copies of the calls `old`, outer before inner, and of the nodes before `end`."""
        calls.append(self.instance(old[0]))
        for call in old[1:]:
            calls.append(self._call(call))
        for node in self.nodes[self.first : end]:
            self.nodes.append(self._node(node))
        for call in old:
            self._fill(call)

    def path(self, path: str) -> str:
        """Return a path at the new place; a line without a place of its own has none."""
        return self.place + path[len(self.stem) :] if path else ""

    def key(self, key: tuple[int, int]) -> tuple[int, int]:
        """Return what tells a tensor apart: its node's number and its own."""
        index, result = key
        inside = index >= self.first
        return (index + self.shift if inside else self.outside[index].index), result

    def instance(self, old: Instance) -> Instance:
        """Return the copy of a call."""
        return self.calls[id(old)]

    def _call(self, old: Instance) -> Instance:
        caller = self.calls[id(old.caller)]
        path = self.path(old.path)
        new = Instance(old.template, old.arguments, path, (), old.call, caller, old.line, old.text)
        new.shared = old.shared
        self.calls[id(old)] = new
        return new

    def _fill(self, old: Instance) -> None:
        new = self.calls[id(old)]
        new.inputs = self._values(old.inputs)
        new.body = self._body(old.body)
        new.values = self._values(old.values)
        new.names = old.names

    def _node(self, old: Node) -> Node:
        return Node(
            old.index + self.shift,
            self.path(old.path),
            old.operation,
            self._values(old.inputs),
            old.outputs,
            old.span,
            self.calls[id(old.caller)],
            old.shared,
            old.tensors,
            old.is_free,
        )

    def _value(self, old: Value) -> Value:
        new = self.values.get(id(old))
        if new is None:
            index = old.node.index
            inside = index >= self.first
            node = self.nodes[index + self.shift] if inside else self.outside[index]
            new = self.values[id(old)] = Value(node, old.index, old.type, self.path(old.via))
        return new

    def _values(self, old: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple([self._value(value) for value in old])

    def _optional(self, old: Value | None) -> Value | None:
        return None if old is None else self._value(old)

    def _body(self, old: BodyRun) -> BodyRun:
        new = self.bodies.get(id(old))
        if new is None:
            entries = tuple([self._entry(entry) for entry in old.entries])
            flow, value = self._optional(old.flow), self._optional(old.value)
            new = BodyRun(old.body, entries, flow, value, self.path(old.path))
            self.bodies[id(old)] = new
        return new

    def _item(self, old: ItemRun) -> ItemRun:
        new = self.items.get(id(old))
        if new is None:
            new = ItemRun(
                old.item,
                old.present,
                None if old.alternative is None else self._item(old.alternative),
                self._values(old.inputs),
                tuple([self._stage(stage) for stage in old.stages]),
                self._values(old.values),
                self.path(old.path),
                old.names,
            )
            self.items[id(old)] = new
        return new

    def _content(self, old: ItemRun | BodyRun) -> ItemRun | BodyRun:
        return self._item(old) if isinstance(old, ItemRun) else self._body(old)

    def _stage(self, old: StageRun) -> StageRun:
        units = tuple([self._unit(unit) for unit in old.units])
        paths = tuple([self.path(path) for path in old.paths])
        return StageRun(old.stage, units, paths, old.numbered)

    def _unit(self, old: Unit) -> Unit:
        if isinstance(old, Operation):
            values = self._values(old.values)
            return Operation(values[0].node, old.call, values)
        if isinstance(old, Instance):
            return self.calls[id(old)]
        if isinstance(old, ItemRun):
            return self._item(old)
        content, again = self._content(old.content), self._content(old.again)
        return Reuse(self.path(old.path), content, again, self._values(old.values))

    def _entry(self, old: EntryRun) -> EntryRun:
        match old:
            case ChildRun(child, key, path, content, values):
                return ChildRun(
                    child, key, self.path(path), self._content(content), self._values(values)
                )
            case LetRun(statement, value):
                return LetRun(statement, self._any(value))
            case ReturnRun(statement, values):
                return ReturnRun(statement, self._values(values))
            case SilentRun(statement):
                return SilentRun(statement)
            case _:
                return self._around(old)

    def _around(self, old: ForRun | IfRun | JoinRun | BranchRun) -> EntryRun:
        """Return the copy of a line that has lines of its own below it."""
        match old:
            case ForRun(statement, turns):
                return ForRun(statement, tuple([(bound, self._body(b)) for bound, b in turns]))
            case IfRun(statement, chosen, body):
                return IfRun(statement, chosen, None if body is None else self._body(body))
            case JoinRun(statement, body, branches, value):
                inside = self._body(body)
                return JoinRun(statement, inside, self._values(branches), self._value(value))
            case BranchRun(statement, body):
                return BranchRun(statement, self._body(body))

    def _any(self, old: Any) -> Any:
        """Return what a `let` holds: a tensor, the parts of one, or a constant."""
        if isinstance(old, Value):
            return self._value(old)
        if is_list(old) and any(isinstance(item, Value) for item in old):
            return tuple([self._any(item) for item in old])
        return old
