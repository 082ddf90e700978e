"""Running control lines: loops, conditions, `let`, `assert`, `return`, `declare`."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from archc.diagnostics import Code, RuleViolation
from archc.diagnostics.render import excerpt
from archc.expressions.printing import expression_text, spoken_constant
from archc.expressions.syntax import Expression
from archc.expressions.values import is_list
from archc.ir.runs import BodyRun, EntryRun, ForRun, IfRun, LetRun, ReturnRun, SilentRun, Value
from archc.passes.elaboration.explanations import facts_of
from archc.passes.elaboration.nodes import Skipped
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import Binding
from archc.statements import Assert, Body, Declare, For, If, Let, Return, Targets


class ControlRunner(Part):
    """Runs the statements, which add nothing to a path."""

    __slots__ = ()

    def run_for(
        self, statement: For, flow: Value | None, container: Container
    ) -> tuple[ForRun, Value | None]:
        """Run a loop's lines once for each item of its list."""
        turns: list[tuple[Mapping[str, Any], BodyRun]] = []
        repeats, before = self.builder.repeats, dict(self.scope.variables)
        for item in self.items(statement):
            bound = dict(unpacked(statement.targets, item, statement))
            self.scope.variables.update({n: Binding(v) for n, v in bound.items()})
            body = self._body(statement.body, flow, container)
            self.expect_news(repeats)
            turns.append((bound, body))
            flow = body.value if body.value is not None else flow
        if len(turns) == 1:
            self._read_by_the_next_turn(before)
        return ForRun(statement, tuple(turns)), flow

    def _read_by_the_next_turn(self, before: Mapping[str, Binding]) -> None:
        """Count as read what the only turn gave to a next: a name whose value it read itself."""
        for name, earlier in before.items():
            if earlier.span in self.variables.read:
                self.variables.read.add(self.scope.variables[name].span)

    def expect_news(self, repeats: int) -> None:
        """End a loop once a turn brought a mistake that is known already.

        Raises:
            Skipped: so it did; further turns would only bring it again.
        """
        if self.builder.repeats > repeats:
            raise Skipped

    def items(self, statement: For) -> tuple[Any, ...]:
        """Return the list that a loop goes through."""
        items = self.evaluator.listed(statement.iterable)
        if not isinstance(items, tuple):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "`for` goes through a list",
                help="for a number of turns write `range(n)`",
                span=statement.iterable.span,
            )
        return cast("tuple[Any, ...]", items)

    def _body(self, body: Body, flow: Value | None, container: Container) -> BodyRun:
        if body.kind != "item":
            return self.runner.lines.body(body, flow, container)
        (entry,) = body.entries
        run, value = self.runner.lines.guarded(entry, flow, container)
        return BodyRun(body, (run,), flow, value, container.path)

    def run_if(
        self, statement: If, flow: Value | None, container: Container
    ) -> tuple[IfRun, Value | None]:
        """Run the lines under the first condition that holds."""
        for index, (condition, body) in enumerate(statement.branches):
            if condition is None or self.evaluator.condition(condition):
                run = self._body(body, flow, container)
                value = run.value if run.value is not None else flow
                return IfRun(statement, index, run), value
        return IfRun(statement, -1, None), flow

    def run_let(self, statement: Let) -> LetRun:
        """Give a constant or a tensor a name."""
        self.variables.defined[statement.span] = statement.name
        self.variables.contents[statement.span] = statement.value.span
        try:
            value = self.evaluator.evaluate(statement.value)
        except RuleViolation as violation:
            if getattr(violation.help, "meant", "") == statement.name:
                violation.help = (
                    f"`{statement.name}` is what this line names: what it reads has another name"
                )
            raise
        self.scope.variables[statement.name] = Binding(value, statement.span)
        return LetRun(statement, value.values if isinstance(value, Results) else value)

    def run_assert(self, statement: Assert) -> SilentRun:
        """Refuse the network where an assertion does not hold."""
        if not self.evaluator.condition(statement.condition):
            facts = facts_of(statement.condition, self.evaluator.input, self.scope)
            raise RuleViolation(
                Code.ASSERTION,
                "this assertion does not hold",
                notes=tuple(f"{name} is {value}" for name, value in facts.items()),
                help="correct what it asks, or the assertion",
                span=statement.condition.span,
            )
        return SilentRun(statement)

    def run_return(self, statement: Return, flow: Value | None) -> tuple[EntryRun, Value | None]:
        """Set the block's results, unless the line's condition is false."""
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
        self.scope.results = self._returned(values, statement.names)
        return ReturnRun(statement, self.scope.results.values), flow

    def _returned(self, values: tuple[Expression, ...], names: tuple[str, ...]) -> Results:
        """Return what a block gives: each value under its name, or all results of a single one."""
        if names:
            return Results(tuple(map(self.evaluator.one_tensor, values)), names)
        results = self.runner.items.sources_of(values)
        return Results(results.values, results.names)

    def run_declare(self, statement: Declare, container: Container) -> SilentRun:
        """Keep the order in which a module's children are registered."""
        names = tuple(name.identifier for name in statement.names)
        self.variables.declared.append((container.path, names))
        return SilentRun(statement)


def unpacked(targets: Targets, item: Any, statement: For) -> Iterable[tuple[str, Any]]:
    """Yield each name a `for` assigns with its value.

    Raises:
        RuleViolation: the item has not as many parts as there are names.
    """
    if targets.single and isinstance(targets.names[0], str):
        yield targets.names[0], item
        return
    if not is_list(item) or len(item) != len(targets.names):
        shown = excerpt(spoken_constant(item))
        raise RuleViolation(
            Code.EXPRESSION_VALUE,
            f"this row does not part into {len(targets.names)} names: {shown}",
            help=_parted(targets, item, statement),
            span=statement.span,
        )
    for name, value in zip(targets.names, item, strict=True):
        if isinstance(name, str):
            yield name, value
        else:
            yield from unpacked(name, value, statement)


def _parted(targets: Targets, item: Any, statement: For) -> str:
    """Return how a loop names all parts of a row; a number has none."""
    if not is_list(item) and targets is statement.targets and len(targets.flat()) == 2:
        (number, value), source = targets.flat(), expression_text(statement.iterable)
        numbered = f"with its number `for {number}, {value} in enumerate({source})`"
        return f"a row is one value: write `for {value} in {source}`, or {numbered}"
    if not is_list(item):
        return "a row of one value takes one name"
    names, parts = targets.flat(), len(item)
    if parts < len(names):
        return f"a row of {parts} takes {parts} name{'s' * (parts != 1)}"
    return f"write `for {', '.join([*names, *'_' * (parts - len(names))])} in …`"
