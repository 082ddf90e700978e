"""Running joins: every entry below `concat:`, `add:` or `mul:` is a branch of one input."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from archc import functions
from archc.diagnostics import Code, RuleViolation, Span
from archc.ir.runs import BodyRun, ChildRun, EntryRun, ForRun, IfRun, ItemRun, JoinRun, Value
from archc.layers.binding import bind
from archc.passes.elaboration.control import unpacked
from archc.passes.elaboration.explanations import met
from archc.passes.elaboration.meetings import Operand
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import Binding
from archc.statements import Branch, Child, Entry, For, If, Item, Join


class BranchLine(Struct, frozen=True):
    """A branch of a join as messages show it."""

    name: str
    span: Span
    text: str = ""
    content: ItemRun | BodyRun | None = None


class JoinRunner(Part):
    """Runs the branches of a join and joins their values."""

    __slots__ = ()

    def run_join(
        self, join: Join, flow: Value | None, container: Container
    ) -> tuple[JoinRun, Value | None]:
        """Run a join's branches, then join their values."""
        branches: list[Value] = []
        lines: list[BranchLine] = []
        runs = self._branches(join.body.entries, flow, container, branches, lines)
        body = BodyRun(join.body, tuple(runs), flow, None, container.path)
        if any(value is POISON for value in branches):
            raise Skipped
        if not branches:
            raise RuleViolation(
                Code.NO_FLOW,
                f"`{join.operation}:` has no branch",
                help="write its branches under it, one a line",
            )
        value = self._joined(join, branches, lines)
        if join.target:
            self.runner.items.assign(join.target, value, join.span, join.collects)
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
                run, value = self.runner.lines.guarded(entry, flow, container)
                runs.append(run)
                if isinstance(entry, (Child, Join, Branch)) and value is not None:
                    branches.append(value)
                    lines.append(_branch_line(entry, run, len(branches)))
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
        for item in self.runner.control.items(statement):
            self.builder.step()
            bound = dict(unpacked(statement.targets, item, statement))
            self.scope.variables.update({n: Binding(v) for n, v in bound.items()})
            runs = self._branches(statement.body.entries, flow, container, branches, lines)
            self.runner.control.expect_news(repeats)
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
            parts = [
                Operand(line.name, value, line.content, line.span, line.text)
                for line, value in zip(lines, branches, strict=True)
            ]
            raise met(violation, parts, self.scope, self.builder, join.operation) from None


def _branch_line(entry: Entry, run: EntryRun, number: int) -> BranchLine:
    if not isinstance(entry, Child):
        return BranchLine(f"branch {number}", entry.span)
    text = entry.content.text if isinstance(entry.content, Item) else ""
    content = run.content if isinstance(run, ChildRun) else None
    return BranchLine(entry.key or f"branch {number}", entry.span, text, content)
