"""Writing `forward`: one statement a line of the spec, in the file's order."""

from archc.backends.python_source.drafts import Draft, Place, key_of
from archc.backends.python_source.layout import Line
from archc.backends.python_source.module_access import relative_path
from archc.backends.python_source.rolling import rolled
from archc.backends.python_source.run_kinds import (
    Unit,
    is_container,
    is_transparent,
    last_line,
    one_line,
)
from archc.backends.python_source.structure import Structure
from archc.backends.python_source.texts import Read, Text, call_text, inlined
from archc.backends.python_source.turns import LEAST
from archc.backends.python_source.variables import ForwardLines
from archc.expressions.values import Constant, is_list
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
    Operation,
    ReturnRun,
    Reuse,
    StageRun,
    Value,
)


class ForwardWriter:
    """Writes the `forward` of one instance.

    `optional` names the lines that other instances have: an `nn.Identity` stands there.
    """

    def __init__(self, instance: Instance, structure: Structure, optional: frozenset[str]) -> None:
        self.instance = instance
        self.structure = structure
        self.optional = optional
        self.draft = Draft(instance, structure)
        self.return_lines: tuple[int, int] | None = None

    def lines(self) -> list[Line]:
        """Return the body of `forward`."""
        self._body(self.instance.body)
        self._begin("", 0, 0)
        results = [Text([Read(self.draft.variable(value))]) for value in self._result_values()]
        statements, results = inlined(self.draft.statements, results)
        statements, results = rolled(statements, results, self.draft.length_of)
        return ForwardLines(self.draft, statements, results, self.return_lines).lines()

    def _result_values(self) -> tuple[Value, ...]:
        if self.instance.caller is not None:
            return self.instance.values
        return tuple(output.value for output in self.structure.graph.outputs)

    def _body(self, run: BodyRun) -> None:
        for entry in run.entries:
            self._entry(entry, run.path)

    def _entry(self, entry: EntryRun, path: str) -> None:
        match entry:
            case ChildRun():
                self._child(entry, path)
            case ForRun(turns=turns):
                for _, body in turns:
                    self._body(body)
            case IfRun(body=body) if body is not None:
                self._body(body)
            case JoinRun():
                self._join(entry)
            case BranchRun(body=body):
                self._body(body)
            case LetRun(statement=let, value=value):
                self._begin(let.name, let.span.line, let.value.span.end_line)
                self._let(value)
            case ReturnRun(statement=line, values=values) if values:
                self._begin("", line.span.line, line.span.end_line)
                self.return_lines = self.draft.place.lines
                self.draft.settle(values)
            case _:
                pass

    def _let(self, value: Constant | Value) -> None:
        """Name a tensor, or take apart the results of a function; constants are no lines."""
        if isinstance(value, Value):
            self._name_once(value)
        elif is_list(value):
            self.draft.settle(part for part in value if isinstance(part, Value))

    def _begin(self, hint: str, first: int, last: int) -> None:
        """Begin a line of the spec: what it computes is written under its name and number."""
        self.draft.place = Place(hint, (first, last))

    def _child(self, run: ChildRun, path: str) -> None:
        if isinstance(run.content, BodyRun):
            self._nested(run.content, run.key)
            return
        span, item = run.child.span, run.content.item
        self._begin(item.target or run.key, span.line, max(span.end_line, item.span.end_line))
        self._item(run.content, path)

    def _nested(self, body: BodyRun, key: str) -> None:
        """Call a body that is a sequence; write another one's lines here."""
        if not self.structure.is_sequence(body):
            self._body(body)
            return
        call = self.structure.call(body)
        span = body.body.span
        self._begin(key, span.line, last_line(span))
        self._call(body.path, call.inputs, call.values[0])
        self.draft.keep(call.values[0])

    def _call(self, path: str, inputs: tuple[Value, ...], value: Value) -> None:
        """Append the call of a container."""
        arguments = map(self.draft.variable, inputs)
        self.draft.step(value, call_text(self.draft.access(path), arguments))

    def _item(self, run: ItemRun, path: str) -> None:
        run = run.chosen
        if not run.present:
            self._absent(run)
        elif not run.stages:
            self._name_once(run.values[0])
        else:
            self.draft.settle(run.inputs)
            self._stages(run, path)
            self._keep_results(run)

    def _absent(self, run: ItemRun) -> None:
        """Pass the input through the `nn.Identity` that stands for a line of other instances."""
        (passed,) = run.values
        if passed.via and relative_path(passed.via, self.instance.path) in self.optional:
            source = Value(passed.node, passed.index, passed.type)
            self._call(passed.via, (source,), passed)
            self.draft.keep(passed)

    def _name_once(self, value: Value) -> None:
        """Name what an expression makes; what has a variable keeps its name.

        What a block has made and nobody reads has none.
        """
        is_own = self.structure.home(value.node) is self.instance
        if is_own and not self.draft.knows(value):
            self.draft.keep(value)

    def _keep_results(self, run: ItemRun) -> None:
        """End a line: what it computed and others read gets a variable."""
        for index, value in enumerate(run.values):
            if self.draft.knows(value) and (not index or value.key in self.structure.readers):
                self.draft.keep(value)

    def _stages(self, run: ItemRun, path: str) -> None:
        """Write a chain's units; a container is called once, as a whole."""
        if is_container(run, path) and self.structure.is_sequence(run):
            modules = [stage for stage in run.stages if stage.paths]
            self._call(run.path, self.structure.entrance(run), modules[-1].units[-1].values[0])
            self._units(run.stages[run.stages.index(modules[-1]) + 1 :])
        else:
            self._units(run.stages)

    def _units(self, stages: tuple[StageRun, ...]) -> None:
        """Write the units of a chain; each of many copies ends a line, for a loop to gather."""
        for stage in stages:
            for unit in stage.units:
                self._unit(unit)
                if len(stage.units) >= LEAST:
                    self.draft.keep(unit.values[0])

    def _unit(self, unit: Unit) -> None:
        match unit:
            case Operation(node):
                self.draft.operation(node, unit.values)
            case Instance():
                self._instance(unit)
            case ItemRun():
                self._inner(unit)
            case Reuse(again=again):
                self._again(again)

    def _again(self, run: ItemRun | BodyRun) -> None:
        if isinstance(run, BodyRun):
            self._nested(run, self.draft.place.hint)
        else:
            self._inner(run)

    def _inner(self, run: ItemRun) -> None:
        run = run.chosen
        self.draft.settle(run.inputs)
        self._stages(run, "")

    def _instance(self, instance: Instance) -> None:
        """Call a block; the lines of one without a class are written here."""
        self.draft.settle(instance.inputs)
        if not is_transparent(instance):
            self.draft.block(instance)
            return
        item = one_line(instance)
        if item is not None:
            self._inner(item)
            return
        place, return_lines = self.draft.place, self.return_lines
        self._body(instance.body)
        self.draft.place, self.return_lines = place, return_lines
        self.draft.settle(instance.values)

    def _join(self, run: JoinRun) -> None:
        """Write the branches, then the join; branches that are one expression stand in it."""
        before = len(self.draft.statements)
        self._body(run.body)
        self._fold(before, {key_of(value) for value in run.branches})
        first, last = run.statement.span.line, last_line(run.body.body.span)
        self._begin(run.statement.target or run.statement.operation, first, last)
        self.draft.operation(run.value.node, (run.value,))
        self.draft.keep(run.value)

    def _fold(self, start: int, branches: set[tuple[int, int, str]]) -> None:
        """Make branches that are one statement, read by the join alone, steps of the join."""
        added = [s for s in self.draft.statements[start:] if s.kept]
        readers = self.structure.readers
        for statement in added:
            only = statement.only
            if only is None or key_of(only.value) not in branches:
                return
            if len(readers.get(only.value.key, ())) != 1:
                return
        for statement in added:
            statement.kept = False
