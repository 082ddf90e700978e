"""Running the lines of a body from top to bottom: children and nested bodies."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import spoken_constant
from archc.expressions.syntax import Name
from archc.expressions.values import is_list
from archc.ir.runs import BodyRun, BranchRun, ChildRun, EntryRun, ItemRun, SilentRun, Value
from archc.layers.tensors import Buffer, Parameter
from archc.passes.elaboration.failures import poison, poisoned
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.places import Container, FixedSlot, Slot
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import Record, Scope
from archc.passes.elaboration.wrong_parameters import blamed
from archc.spec.names import check_child_name, is_identifier
from archc.statements import (
    Assert,
    Body,
    Branch,
    Child,
    Declare,
    Entry,
    For,
    If,
    Item,
    Join,
    LayerCall,
    Let,
    Return,
)


class LineRunner(Part):
    """Runs bodies: each line in turn, the flow going from one to the next."""

    __slots__ = ()

    def body(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        """Run a body's lines in order; its value is the last line's."""
        with self.builder.nested(body.span):
            if body.kind == "item":
                return self._item_body(body, flow, container)
            return self._lines(body, flow, container)

    def _lines(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        start = flow
        runs: list[EntryRun] = []
        for entry in body.entries:
            if self.scope.returned:
                break
            run, flow = self.guarded(entry, flow, container)
            runs.append(run)
        return BodyRun(body, tuple(runs), start, flow, container.path)

    def _item_body(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        """Run a body of one line: it fills the slot of the body itself."""
        (entry,) = body.entries
        if not isinstance(entry, Child) or not isinstance(entry.content, Item):
            raise AssertionError("a body of one line holds one line")
        slot = Slot(container, "") if container.numbered else FixedSlot(container.path)
        given = self.scope.instance.inputs if flow is None else (flow,)
        inputs = Results(given, apart=True)
        try:
            run = self.runner.items.item(entry.content, inputs, slot)
        except RuleViolation as violation:
            self._report(violation, entry)
            run = _failed(entry.content, slot)
        except Skipped:
            run = _failed(entry.content, slot)
        child = ChildRun(entry, "", container.path, run, run.values)
        return BodyRun(body, (child,), flow, run.value, container.path)

    def guarded(
        self, entry: Entry, flow: Value | None, container: Container
    ) -> tuple[EntryRun, Value | None]:
        """Run one line; a violation becomes a diagnostic and poisons what the line names."""
        self.evaluator.line = entry.span
        try:
            self.builder.step()
            self.evaluator.input = flow
            ran = self._entry(entry, flow, container)
            self.builder.finished.add(id(entry))
            return ran
        except RuleViolation as violation:
            if violation.code is Code.EXPANSION_LIMIT:
                violation.span = violation.span or entry.span
                raise
            violation.help = _as_let(entry, violation, self.scope) or violation.help
            self._report(violation, entry)
        except Skipped:
            pass
        poison(entry, self.scope, container)
        return SilentRun(Declare((), entry.span)), POISON

    def _report(self, violation: RuleViolation, entry: Entry) -> None:
        """Keep what is wrong with a line; of a parameter of which it is known nothing is said."""
        with suppress(Skipped):
            found = blamed(violation, entry, self.scope, self.builder)
            self.builder.report(found, entry.span, self.scope.instance)

    def _entry(
        self, entry: Entry, flow: Value | None, container: Container
    ) -> tuple[EntryRun, Value | None]:
        match entry:
            case Child():
                return self._child(entry, flow, container)
            case For():
                return self.runner.control.run_for(entry, flow, container)
            case If():
                return self.runner.control.run_if(entry, flow, container)
            case Join():
                return self.runner.joins.run_join(entry, flow, container)
            case Branch():
                run = BranchRun(entry, self.body(entry.body, flow, container))
                return run, run.body.value
            case Let():
                return self.runner.control.run_let(entry), flow
            case Assert():
                return self.runner.control.run_assert(entry), flow
            case Return():
                return self.runner.control.run_return(entry, flow)
            case Declare():
                return self.runner.control.run_declare(entry, container), flow

    def _child(
        self, child: Child, flow: Value | None, container: Container
    ) -> tuple[ChildRun, Value | None]:
        key = self._key(child)
        if child.is_doubled:
            return self._doubled(child, key, flow, container)
        if isinstance(child.content, Body):
            return self._nested(child, key, flow, container)
        item = child.content
        if item.is_broken:
            raise Skipped
        slot = Slot(container, key)
        before = len(self.builder.nodes)
        inputs = Results((flow,) if flow is not None else ())
        if flow is not None and item.stages and not item.sources and not _leaves_nothing(item):
            self.builder.flowed.append(flow.key)
        run = self.runner.items.item(item, inputs, slot)
        absent = not run.present and run.alternative is None and _leaves_nothing(item)
        record = Record(Results(run.values, run.names), run, item.span, item.text, absent=absent)
        record.nodes = range(_first_behind(run.chosen.inputs, before), len(self.builder.nodes))
        if key or run.path:
            container.children[key or run.path.rpartition(".")[2]] = record
        path = run.path or container.path
        child_run = ChildRun(child, key, path, run, run.values)
        free = len(self.builder.nodes) > before and _is_free(run)
        return child_run, flow if absent or free or not run.values else run.value

    def _doubled(
        self, child: Child, key: str, flow: Value | None, container: Container
    ) -> tuple[ChildRun, Value | None]:
        """Run a child whose name another has: it takes the flow on, and the name is no one's."""
        try:
            return self._child(replace(child, key="", is_doubled=False), flow, container)
        finally:
            container.children[key] = poisoned(child.span)

    def _key(self, child: Child) -> str:
        key = self.evaluator.expand_braces(child.key, Name(child.key, child.span))
        if "{" in child.key:
            try:
                check_child_name(key)
            except RuleViolation as violation:
                violation.span = child.span
                violation.help = self._of_pair(child.key) or violation.help
                raise
        return key

    def _of_pair(self, key: str) -> str:
        """Return how a loop names the parts of a pair that stands in a key as a whole."""
        for name in re.findall(r"\{(\w+)\}", key):
            value = self.scope.constants().get(name)
            if is_list(value) and len(value) == 2:
                return f"`{name}` is a pair, {spoken_constant(value)}: write `for {name}, v in …`"
        return ""

    def _nested(
        self, child: Child, key: str, flow: Value | None, container: Container
    ) -> tuple[ChildRun, Value | None]:
        assert isinstance(child.content, Body)
        path = Slot(container, key).path
        inner = Container(path, child.content.kind == "list", {})
        before = len(self.builder.nodes)
        with self.inside(inner):
            run = self.body(child.content, flow, inner)
        value = run.value if run.value is not None else POISON
        record = Record(Results((value,)), run, child.span, f"{key}:", inner.children)
        record.nodes = range(before, len(self.builder.nodes))
        container.children[key or str(container.count - 1)] = record
        return ChildRun(child, key, path, run, (value,)), value

    @contextmanager
    def inside(self, container: Container) -> Generator[None]:
        """Let a nested body's children be read by name while its lines run."""
        self.scope.frames.append(container.children)
        self.scope.places.append(container.path)
        try:
            yield
        finally:
            self.scope.frames.pop()
            self.scope.places.pop()


def _as_let(entry: Entry, violation: RuleViolation, scope: Scope) -> str:
    """Return how a line is written that calculates with a number, and calls it like a layer."""
    item = entry.content if isinstance(entry, Child) else None
    if violation.code not in {Code.ARGUMENTS, Code.UNKNOWN_CALLEE} or not isinstance(item, Item):
        return ""
    unit = item.stages[0].unit if len(item.stages) == 1 else None
    if not isinstance(unit, LayerCall) or unit.arguments is not None or unit.name[0].isupper():
        return ""
    value = scope.constants().get(unit.name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    name = entry.key if isinstance(entry, Child) and is_identifier(entry.key) else "n"
    return f"`{unit.name}` is a number here, and `let` names one: write `let {name}: {item.text}`"


def _failed(item: Item, slot: Slot) -> ItemRun:
    return ItemRun(item, False, None, (), (), (POISON,), slot.container.path)


def _first_behind(sources: Sequence[Value], before: int) -> int:
    """Return the number of the first node of a chain, behind those that its `from` made."""
    return max([before, *(value.node.index + 1 for value in sources)])


def _leaves_nothing(item: Item) -> bool:
    """Return whether an absent line has no value: it only names a tensor or owns one."""
    if not item.stages:
        return True
    unit = item.stages[0].unit
    return isinstance(unit, LayerCall) and unit.name in {"Parameter", "Buffer"}


def _is_free(run: ItemRun) -> bool:
    """Return whether a line is a Parameter or a Buffer, which neither takes nor is the flow."""
    operation = run.value.node.operation
    return isinstance(operation, (Parameter, Buffer)) and len(run.stages) == 1
