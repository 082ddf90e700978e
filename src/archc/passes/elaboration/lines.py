"""Running the lines of a block: children, loops, conditions, joins, returns."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, cast

from msgspec import Struct

from archc import functions
from archc.diagnostics import Code, RuleViolation, Span
from archc.diagnostics.render import excerpt
from archc.expressions.printing import expression_text, keyword_text
from archc.expressions.syntax import Expression, Name, names
from archc.expressions.values import is_list
from archc.ir.graph import (
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
    Operation,
    ReturnRun,
    Reuse,
    SilentRun,
    StageRun,
    Template,
    Value,
)
from archc.layers.base import bind
from archc.layers.tensors import Buffer, Parameter
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.mending import Operand, mending
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped, operand
from archc.passes.elaboration.places import Container, FixedSlot, Slot
from archc.passes.elaboration.scope import (
    STAGE_INPUTS,
    Binding,
    FileScope,
    LineEvaluator,
    Record,
    Scope,
    is_collection,
)
from archc.passes.elaboration.stages import BlockCallee, StageRunner
from archc.spec.names import check_child_name
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
    Targets,
)


class Variables:
    """The variables that lines define and read, over all instances of a block."""

    def __init__(self) -> None:
        self.defined: dict[Span, str] = {}
        self.read: set[Span] = set()
        self.declared: dict[str, tuple[str, ...]] = {}


class BranchLine(Struct, frozen=True):
    """A branch of a join as messages show it."""

    name: str
    span: Span
    text: str = ""


class BlockRunner:
    """Runs the lines of one instance of a block."""

    def __init__(
        self, file: FileScope, instance: Instance, builder: NodeBuilder, variables: Variables
    ) -> None:
        self.scope = Scope(file, instance)
        self.builder = builder
        self.variables = variables
        self.evaluator = LineEvaluator(self.scope, builder, variables.read)
        self.stages = StageRunner(self)
        for name, value in instance.arguments.items():
            self.scope.variables[name] = Binding(value)

    def run(self) -> Instance:
        """Run the block's body and fill in the instance."""
        instance = self.scope.instance
        instance.file = self.scope.file
        self.builder.calls.append(instance)
        block = instance.template.block
        self._bind_inputs()
        flow = instance.inputs[0] if len(instance.inputs) == 1 else None
        container = Container(instance.path, block.body.kind == "list", self.scope.frames[0])
        instance.body = self.body(block.body, flow, container)
        instance.values, instance.names = self._results(instance)
        instance.variables = {n: b.value for n, b in self.scope.variables.items()}
        return instance

    def _bind_inputs(self) -> None:
        instance = self.scope.instance
        inputs = instance.template.block.inputs
        for name, value in zip(inputs, instance.inputs, strict=False):
            self.scope.variables[name] = Binding(value)

    def _results(self, instance: Instance) -> tuple[tuple[Value, ...], tuple[str, ...]]:
        document = self.scope.file.document
        if instance.template.is_model and instance.caller and document and document.outputs:
            kept = [output for output in document.outputs if output.condition is None]
            values = tuple(self.evaluator.tensor(output.value)[0] for output in kept)
            return values, tuple(output.name for output in kept)
        if self.scope.returned:
            return self.scope.values, self.scope.names
        last = instance.body.value
        if last is None:
            raise RuleViolation(
                Code.NO_FLOW,
                f"`{instance.template.name}` has no result",
                help="end it with a layer or with `return:`",
            )
        return (last,), ()

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
            run, flow = self._guarded(entry, flow, container)
            runs.append(run)
        return BodyRun(body, tuple(runs), start, flow, container.path)

    def _item_body(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        """Run a body of one line: it fills the slot of the body itself."""
        (entry,) = body.entries
        if not isinstance(entry, Child) or not isinstance(entry.content, Item):
            raise AssertionError("a body of one line holds one line")
        slot = Slot(container, "") if container.numbered else FixedSlot(container.path)
        inputs = self.scope.instance.inputs if flow is None else (flow,)
        try:
            run = self.item(entry.content, inputs, slot)
        except RuleViolation as violation:
            self.builder.report(violation, entry.span, self.scope.instance)
            run = self._failed(entry.content, slot)
        except Skipped:
            run = self._failed(entry.content, slot)
        child = ChildRun(entry, "", container.path, run, run.values)
        return BodyRun(body, (child,), flow, run.value, container.path)

    def _guarded(
        self, entry: Entry, flow: Value | None, container: Container
    ) -> tuple[EntryRun, Value | None]:
        """Run one line; a violation becomes a diagnostic and poisons what the line names."""
        self.evaluator.line = entry.span
        try:
            self.builder.step()
            self.evaluator.input = flow
            return self._entry(entry, flow, container)
        except RuleViolation as violation:
            if violation.code is Code.EXPANSION_LIMIT:
                violation.span = violation.span or entry.span
                raise
            self.builder.report(violation, entry.span, self.scope.instance)
        except Skipped:
            pass
        self._poison(entry, container)
        return SilentRun(Declare((), entry.span)), POISON

    def _poison(self, entry: Entry, container: Container) -> None:
        """Give every name a failed line would have set a poisoned value."""
        for name in _variables_of(entry):
            self.scope.variables[name] = Binding(POISON)
        if isinstance(entry, Child) and "{" in entry.key:
            self.scope.broken.add(entry.key)
        elif isinstance(entry, Child) and entry.key:
            container.children[entry.key] = _poisoned(entry.span)
        if isinstance(entry, Return):
            self.scope.returned, self.scope.values = True, (POISON,)
        for body in _bodies_of(entry):
            for inner in body.entries:
                self._poison(inner, container)

    def _entry(
        self, entry: Entry, flow: Value | None, container: Container
    ) -> tuple[EntryRun, Value | None]:
        match entry:
            case Child():
                return self._child(entry, flow, container)
            case For():
                return self._for(entry, flow, container)
            case If():
                return self._if(entry, flow, container)
            case Join():
                return self._join(entry, flow, container)
            case Branch():
                run = BranchRun(entry, self.body(entry.body, flow, container))
                return run, run.body.value
            case Let():
                return self._let(entry), flow
            case Assert():
                return self._assert(entry), flow
            case Return():
                return self._return(entry, flow)
            case Declare():
                return self._declare(entry, container), flow

    def _child(
        self, child: Child, flow: Value | None, container: Container
    ) -> tuple[ChildRun, Value | None]:
        key = self._key(child)
        if isinstance(child.content, Body):
            return self._nested(child, key, flow, container)
        item = child.content
        if item.is_broken:
            raise Skipped
        slot = Slot(container, key)
        before = len(self.builder.nodes)
        inputs = (flow,) if flow is not None else ()
        if flow is not None and item.stages and not item.sources and not self._leaves_nothing(item):
            self.builder.flowed.add(flow.key)
        run = self.item(item, inputs, slot)
        absent = not run.present and run.alternative is None and self._leaves_nothing(item)
        results = _result_names(run)
        record = Record(run.values, results, run, item.span, item.text, absent=absent)
        if key or run.path:
            container.children[key or run.path.rpartition(".")[2]] = record
        path = run.path or container.path
        child_run = ChildRun(child, key, path, run, run.values)
        free = len(self.builder.nodes) > before and _is_free(run)
        return child_run, flow if absent or free or not run.values else run.value

    def _key(self, child: Child) -> str:
        key = self.evaluator.expand_braces(child.key, Name(child.key, child.span))
        if "{" in child.key:
            try:
                check_child_name(key)
            except RuleViolation as violation:
                violation.span = child.span
                raise
        return key

    def _leaves_nothing(self, item: Item) -> bool:
        """Return whether an absent line has no value: it only names a tensor or owns one."""
        if not item.stages:
            return True
        unit = item.stages[0].unit
        return isinstance(unit, LayerCall) and unit.name in {"Parameter", "Buffer"}

    def _nested(
        self, child: Child, key: str, flow: Value | None, container: Container
    ) -> tuple[ChildRun, Value | None]:
        assert isinstance(child.content, Body)
        path = Slot(container, key).path
        inner = Container(path, child.content.kind == "list", {})
        with self._inside(inner):
            run = self.body(child.content, flow, inner)
        value = run.value if run.value is not None else POISON
        record = Record((value,), (), run, child.span, f"{key}:", inner.children)
        container.children[key or str(container.count - 1)] = record
        return ChildRun(child, key, path, run, (value,)), value

    @contextmanager
    def _inside(self, container: Container) -> Generator[None]:
        """Let a nested body's children be read by name while its lines run."""
        self.scope.frames.append(container.children)
        self.scope.places.append(container.path)
        try:
            yield
        finally:
            self.scope.frames.pop()
            self.scope.places.pop()

    def item(self, item: Item, inputs: tuple[Value, ...], slot: Slot) -> ItemRun:
        """Run one line: its sources, its condition, its chain, its name."""
        if item.is_broken:
            raise Skipped
        if item.condition is not None and not self._present(item, inputs):
            return self._absent(item, inputs, slot)
        if item.sources:
            inputs = self._sources(item.sources)
        if not inputs and not item.stages:
            raise RuleViolation(Code.NO_FLOW, "no tensor flows into this line")
        stages, values = self.stages.chain(item.stages, inputs, slot)
        self._assign(item, values)
        path = next((p for run in stages for p in run.paths), "")
        if isinstance(slot, FixedSlot) or (slot.name and path):
            path = slot.path
        elif len([p for run in stages for p in run.paths]) > 1:
            path = path.rpartition(".")[0]
        return ItemRun(item, True, None, inputs, stages, values, path)

    def _failed(self, item: Item, slot: Slot) -> ItemRun:
        return ItemRun(item, False, None, (), (), (POISON,), slot.container.path)

    def _present(self, item: Item, inputs: tuple[Value, ...]) -> bool:
        """Evaluate a line's condition; `in_channels` is the input of its first stage."""
        assert item.condition is not None
        if item.sources and names(item.condition) & set(STAGE_INPUTS):
            inputs = self._sources(item.sources)
        self.evaluator.input = inputs[0] if inputs else None
        return self.evaluator.condition(item.condition)

    def _absent(self, item: Item, inputs: tuple[Value, ...], slot: Slot) -> ItemRun:
        if item.otherwise is not None:
            other = item.otherwise
            if item.sources and not other.sources:
                inputs = self._sources(item.sources)
            run = self.item(other, inputs, slot)
            return ItemRun(item, False, run, inputs, (), run.values, run.path)
        if item.sources and item.stages:
            inputs = self._sources(item.sources)
        return ItemRun(item, False, None, inputs, (), _passed(inputs, slot), "")

    def _sources(self, sources: tuple[Expression, ...]) -> tuple[Value, ...]:
        return tuple(value for source in sources for value in self._source(source, len(sources)))

    def _source(self, source: Expression, count: int) -> tuple[Value, ...]:
        values = self.evaluator.tensor(source)
        return values if count == 1 else values[:1]

    def _assign(self, item: Item, values: tuple[Value, ...]) -> None:
        if not item.target:
            return
        self.variables.defined[item.span] = item.target
        if item.collects:
            self._collect(item.target, values[0], item.span)
        else:
            self.scope.variables[item.target] = Binding(values[0], item.span)

    def _collect(self, name: str, value: Value, span: Span) -> None:
        binding = self.scope.variables.setdefault(name, Binding([], span))
        if not is_collection(binding.value):
            raise RuleViolation(
                Code.DUPLICATE_CHILD, f"`{name}` is one tensor already", help=f"use `{name}2[]`"
            )
        binding.value.append(value)

    def inner_item(self, item: Item, inputs: tuple[Value, ...], path: str) -> ItemRun:
        """Run what stands in a parenthesis."""
        with self.builder.nested(item.span):
            return self.item(item, inputs, FixedSlot(path))

    def _for(
        self, statement: For, flow: Value | None, container: Container
    ) -> tuple[ForRun, Value | None]:
        turns: list[tuple[Mapping[str, Any], BodyRun]] = []
        repeats = self.builder.repeats
        for item in self._items(statement):
            bound = dict(_unpacked(statement.targets, item, statement.span))
            self.scope.variables.update({n: Binding(v) for n, v in bound.items()})
            body = self._control_body(statement.body, flow, container)
            self._expect_news(repeats)
            turns.append((bound, body))
            flow = body.value if body.value is not None else flow
        return ForRun(statement, tuple(turns)), flow

    def _expect_news(self, repeats: int) -> None:
        """End a loop once a turn brought a mistake that is known already.

        Raises:
            Skipped: so it did; further turns would only bring it again.
        """
        if self.builder.repeats > repeats:
            raise Skipped

    def _items(self, statement: For) -> tuple[Any, ...]:
        items = self.evaluator.constant(statement.iterable)
        if not isinstance(items, tuple):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "`for` goes through a list",
                help="for a number of turns write `range(n)`",
                span=statement.iterable.span,
            )
        return cast("tuple[Any, ...]", items)

    def _control_body(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        if body.kind != "item":
            return self.body(body, flow, container)
        (entry,) = body.entries
        run, value = self._guarded(entry, flow, container)
        return BodyRun(body, (run,), flow, value, container.path)

    def _if(
        self, statement: If, flow: Value | None, container: Container
    ) -> tuple[IfRun, Value | None]:
        for index, (condition, body) in enumerate(statement.branches):
            if condition is None or self.evaluator.condition(condition):
                run = self._control_body(body, flow, container)
                value = run.value if run.value is not None else flow
                return IfRun(statement, index, run), value
        return IfRun(statement, -1, None), flow

    def _join(
        self, join: Join, flow: Value | None, container: Container
    ) -> tuple[JoinRun, Value | None]:
        branches: list[Value] = []
        lines: list[BranchLine] = []
        runs = self._branches(join.body.entries, flow, container, branches, lines)
        body = BodyRun(join.body, tuple(runs), flow, None, container.path)
        if any(value is POISON for value in branches):
            raise Skipped
        if not branches:
            raise RuleViolation(Code.NO_FLOW, f"`{join.operation}:` has no branch")
        value = self._joined(join, branches, lines)
        if join.target:
            self.variables.defined[join.span] = join.target
            if join.collects:
                self._collect(join.target, value, join.span)
            else:
                self.scope.variables[join.target] = Binding(value, join.span)
        return JoinRun(join, body, tuple(branches), value), value

    def _branches(
        self,
        entries: Iterable[Entry],
        flow: Value | None,
        container: Container,
        branches: list[Value],
        lines: list[BranchLine],
    ) -> list[EntryRun]:
        """Run a join's entries from the same input; loops and conditions are unrolled."""
        runs: list[EntryRun] = []
        for entry in entries:
            self.evaluator.input = flow
            if isinstance(entry, For):
                runs.append(self._for_branches(entry, flow, container, branches, lines))
            elif isinstance(entry, If):
                runs.append(self._if_branches(entry, flow, container, branches, lines))
            else:
                run, value = self._guarded(entry, flow, container)
                runs.append(run)
                if isinstance(entry, (Child, Join, Branch)) and value is not None:
                    branches.append(value)
                    lines.append(_branch_line(entry, len(branches)))
        return runs

    def _for_branches(
        self,
        statement: For,
        flow: Value | None,
        container: Container,
        branches: list[Value],
        lines: list[BranchLine],
    ) -> ForRun:
        turns: list[tuple[Mapping[str, Any], BodyRun]] = []
        repeats = self.builder.repeats
        for item in self._items(statement):
            self.builder.step()
            bound = dict(_unpacked(statement.targets, item, statement.span))
            self.scope.variables.update({n: Binding(v) for n, v in bound.items()})
            runs = self._branches(statement.body.entries, flow, container, branches, lines)
            self._expect_news(repeats)
            turns.append((bound, BodyRun(statement.body, tuple(runs), flow, None, container.path)))
        return ForRun(statement, tuple(turns))

    def _if_branches(
        self,
        statement: If,
        flow: Value | None,
        container: Container,
        branches: list[Value],
        lines: list[BranchLine],
    ) -> IfRun:
        for index, (condition, body) in enumerate(statement.branches):
            if condition is None or self.evaluator.condition(condition):
                runs = self._branches(body.entries, flow, container, branches, lines)
                run = BodyRun(body, tuple(runs), flow, None, container.path)
                return IfRun(statement, index, run)
        return IfRun(statement, -1, None)

    def _joined(self, join: Join, branches: list[Value], lines: list[BranchLine]) -> Value:
        keywords = self.evaluator.keywords(join.keywords)
        instance = self.scope.instance
        path = self.scope.function_path(join.operation)
        try:
            operation = bind(functions.find(join.operation), (), keywords)
            return self.builder.apply(operation, branches, path, join.span, instance)[0]
        except RuleViolation as violation:
            violation.span = join.span
            met = list(zip(lines, branches, strict=True))
            violation.operands = tuple(
                operand(line.name, value, line.span, line.text) for line, value in met
            )
            operands = [Operand(line.name, value) for line, value in met]
            constants = self.scope.constants()
            violation.help = (
                mending(violation.code, operands, constants, instance) or violation.help
            )
            raise

    def _let(self, statement: Let) -> LetRun:
        self.variables.defined[statement.span] = statement.name
        value = self.evaluator.evaluate(statement.value)
        self.scope.variables[statement.name] = Binding(value, statement.span)
        return LetRun(statement, value)

    def _assert(self, statement: Assert) -> SilentRun:
        if not self.evaluator.condition(statement.condition):
            raise RuleViolation(
                Code.ASSERTION, "this assertion does not hold", span=statement.condition.span
            )
        return SilentRun(statement)

    def _return(self, statement: Return, flow: Value | None) -> tuple[EntryRun, Value | None]:
        if len(self.scope.frames) > 1:
            raise RuleViolation(
                Code.SYNTAX,
                "`return:` belongs to a block's own lines",
                help="the value of a nested body is its last line's",
            )
        values = statement.values
        if statement.condition is not None and not self.evaluator.condition(statement.condition):
            if statement.otherwise is None:
                return ReturnRun(statement, ()), flow
            values = (statement.otherwise,)
        self.scope.returned = True
        self.scope.values = tuple(v for e in values for v in self._source(e, len(values)))
        self.scope.names = statement.names
        return ReturnRun(statement, self.scope.values), flow

    def _declare(self, statement: Declare, container: Container) -> SilentRun:
        names = tuple(name.identifier for name in statement.names)
        self.variables.declared[container.path] = names
        return SilentRun(statement)

    def call_block(
        self,
        callee: BlockCallee,
        arguments: dict[str, Any],
        path: str,
        inputs: tuple[Value, ...],
        call: LayerCall,
        template: Template,
    ) -> Instance:
        """Run a block called from a line of this one."""
        wanted = len(template.block.inputs)
        if len(inputs) > wanted:
            inputs = inputs[:wanted] if len({v.node.index for v in inputs}) == 1 else inputs
        if len(inputs) != wanted:
            raise _wrong_inputs(template, wanted, len(inputs), call.span)
        instance = Instance(
            template,
            arguments,
            path,
            inputs,
            call,
            self.scope.instance,
            call.span,
            _call_text(call),
        )
        instance.shared = self.builder.shared
        return BlockRunner(callee.file, instance, self.builder, self.variables).run()

    def default(self, file: FileScope, default: Expression, bound: Mapping[str, Any]) -> Any:
        """Evaluate a parameter's default: it sees its file and the parameters before it."""
        return DefaultEvaluator({**file.parameters, **bound}, file).constant(default)

    def replay(self, content: ItemRun | BodyRun, inputs: tuple[Value, ...]) -> ItemRun | BodyRun:
        """Apply a child again to other inputs; its weights are shared."""
        if isinstance(content, BodyRun):
            container = Container(content.path, content.body.kind == "list", {})
            with self._inside(container):
                return self.body(content.body, inputs[0], container)
        if content.alternative is not None:
            return self.replay(content.alternative, inputs)
        first = inputs
        stages: list[StageRun] = []
        for run in content.stages:
            units: list[Operation | Instance | ItemRun | Reuse] = []
            for unit in run.units:
                again, inputs = self._replayed(unit, inputs)
                units.append(again)
            stages.append(StageRun(run.stage, tuple(units), run.paths, run.numbered))
        return ItemRun(content.item, True, None, first, tuple(stages), inputs, content.path)

    def _replayed(
        self, unit: Operation | Instance | ItemRun | Reuse, inputs: tuple[Value, ...]
    ) -> tuple[Operation | Instance | ItemRun | Reuse, tuple[Value, ...]]:
        match unit:
            case Operation(node, call):
                operation = node.operation
                assert operation is not None
                if operation.arity[1] == 0:
                    return unit, unit.values
                _check_shared(node, inputs)
                values = self.builder.apply(
                    operation, inputs, node.path, node.span, self.scope.instance
                )
                return Operation(values[0].node, call, values), values
            case Instance(template, arguments, path, _, call):
                assert call is not None
                callee = self.stages.resolve(
                    LayerCall(call.callee, call.arguments or (), call.keywords, call.span)
                )
                assert isinstance(callee, BlockCallee)
                again = self.call_block(callee, dict(arguments), path, inputs, call, template)
                return again, again.values
            case ItemRun():
                run = self.replay(unit, inputs)
                assert isinstance(run, ItemRun)
                return run, run.values
            case Reuse(path, content):
                run = self.replay(content, inputs)
                values = run.values if isinstance(run, ItemRun) else (run.value or POISON,)
                return Reuse(path, content, run, values), values


def _check_shared(node: Any, inputs: tuple[Value, ...]) -> None:
    types = tuple(value.type for value in inputs)
    before = node.operation.inferred(*(value.type for value in node.inputs))
    after = node.operation.inferred(*types)
    for name, size in before.items():
        if after[name] != size:
            raise RuleViolation(
                Code.SHARED_SHAPE,
                f"the shared `{node.path}` has {name}={size}, this input would need {after[name]}",
                operands=tuple(operand("input", value, value.node.span) for value in inputs),
                help="use a layer of its own, or make the inputs alike",
            )


def _passed(inputs: tuple[Value, ...], slot: Slot) -> tuple[Value, ...]:
    """Return what an absent line gives on: its first input, marked with the line's path."""
    if not inputs or inputs[0] is POISON:
        return (POISON,)
    first = inputs[0]
    return (Value(first.node, first.index, first.type, slot.path if slot.name else ""),)


def _variables_of(entry: Entry) -> tuple[str, ...]:
    """Return the variables that a line sets by itself."""
    match entry:
        case Child(content=Item(target=name)) | Join(target=name) if name:
            return (name,)
        case For(targets):
            return targets.flat()
        case Let(name):
            return (name,)
        case _:
            return ()


def _bodies_of(entry: Entry) -> tuple[Body, ...]:
    """Return the bodies that stand under a line."""
    match entry:
        case Child(content=Body() as body):
            return (body,)
        case Join() | For() | Branch():
            return (entry.body,)
        case If(branches):
            return tuple(body for _, body in branches)
        case _:
            return ()


def _poisoned(span: Span) -> Record:
    return Record((POISON,), (), None, span, "")


def _is_free(run: ItemRun) -> bool:
    """Return whether a line is a Parameter or a Buffer, which neither takes nor is the flow."""
    operation = run.value.node.operation
    return isinstance(operation, (Parameter, Buffer)) and len(run.stages) == 1


def _result_names(run: ItemRun) -> tuple[str, ...]:
    if run.alternative is not None:
        return _result_names(run.alternative)
    if not run.stages or not run.stages[-1].units:
        return ()
    match run.stages[-1].units[-1]:
        case Operation(node) if node.operation is not None:
            return node.operation.result_names(*(value.type for value in node.inputs))
        case Instance(names=names):
            return names
        case _:
            return ()


def _unpacked(targets: Targets, item: Any, span: Span) -> Iterable[tuple[str, Any]]:
    """Yield each name a `for` assigns with its value.

    Raises:
        RuleViolation: the item has not as many parts as there are names.
    """
    if targets.single and isinstance(targets.names[0], str):
        yield targets.names[0], item
        return
    if not is_list(item) or len(item) != len(targets.names):
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"this row does not part into {len(targets.names)} names: {excerpt(str(item))}",
            span=span,
        )
    for name, value in zip(targets.names, item, strict=True):
        if isinstance(name, str):
            yield name, value
        else:
            yield from _unpacked(name, value, span)


def _branch_line(entry: Entry, number: int) -> BranchLine:
    if not isinstance(entry, Child):
        return BranchLine(f"branch {number}", entry.span)
    text = entry.content.text if isinstance(entry.content, Item) else ""
    return BranchLine(entry.key or f"branch {number}", entry.span, text)


def _wrong_inputs(template: Template, wanted: int, given: int, span: Span) -> RuleViolation:
    names = ", ".join(template.block.inputs)
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{template.name}` takes {wanted} input{'s' * (wanted != 1)} ({names}), {given} given",
        help=f"write `{template.name}(…) from {names}`",
        span=span,
    )


def _call_text(call: LayerCall) -> str:
    if call.arguments is None:
        return call.name
    parts = [*map(expression_text, call.arguments), *map(keyword_text, call.keywords)]
    return f"{call.name}({', '.join(parts)})"
