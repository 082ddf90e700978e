"""Running the stages of a chain: layers, functions, blocks, parentheses, children again."""

from collections.abc import Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression, names
from archc.expressions.values import LayerName
from archc.ir.runs import Instance, ItemRun, Operation, Reuse, StageRun, Value
from archc.layers.base import Layer
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.places import Slot
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import STAGE_INPUTS, Record
from archc.statements import Item, LayerCall, Stage

if TYPE_CHECKING:
    from archc.passes.elaboration.blocks import BlockRunner

Unit = Operation | Instance | ItemRun | Reuse


class Planned(Struct, frozen=True):
    """A stage before it runs: what it calls, how often, whether it takes a slot."""

    stage: Stage
    callee: "type[Layer] | BlockCallee | Record | Item"
    count: int | None
    holds: bool


class StageRunner(Part):
    """Runs the chains of one block."""

    __slots__ = ("_open", "_tried")

    def __init__(self, runner: "BlockRunner") -> None:
        super().__init__(runner)
        self._open = 0
        self._tried: dict[Hashable, Results] = {}
        """What the parentheses of the line that runs gave on trial."""

    def chain(
        self, stages: Sequence[Stage], inputs: Results, slot: Slot
    ) -> tuple[tuple[StageRun, ...], Results]:
        """Run stages one after the other; return what ran and the last results."""
        with self._line():
            planned = self._plan(stages, inputs)
            paths = _paths(planned, slot)
            runs: list[StageRun] = []
            for plan, places in zip(planned, paths, strict=True):
                self._arrive(inputs)
                run, inputs = self._stage(plan, inputs, places)
                runs.append(run)
            return tuple(runs), inputs

    def _arrive(self, inputs: Results) -> None:
        """Let `in_channels` and its like ask what arrives at a stage."""
        self.evaluator.input = inputs.first if inputs.values else None

    @contextmanager
    def _line(self) -> Generator[None]:
        """Forget what was tried once the whole line has run."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._tried.clear()

    def _plan(self, stages: Sequence[Stage], inputs: Results) -> list[Planned]:
        """Find out what each stage calls and which take a slot, before any has a path.

        What takes a slot may depend on the stage's own input, `(BatchNorm2d if in_channels > 3)`,
        or on a name that the chain gives. Then the stages before it run on trial; where they
        fail, the plan ends with them, and running them says why.
        """
        planned: list[Planned] = []
        for stage in stages:
            asked = STAGE_INPUTS.union(*(_names_given(plan.stage) for plan in planned))
            if not planned or not _asks(stage, asked):
                planned.append(self._planned(stage, inputs))
                continue
            with self.runner.on_trial():
                arriving = self._arriving(planned, inputs)
                if POISON in arriving.values:
                    break
                planned.append(self._planned(stage, arriving))
        return planned

    def _planned(self, stage: Stage, inputs: Results) -> Planned:
        self._arrive(inputs)
        count = None
        if stage.factor is not None:
            count = self._copies(stage.factor, stage)
            self._check_count(count, stage)
        if isinstance(stage.unit, Item):
            with self.runner.on_trial():
                holds = self._item_holds(stage.unit, inputs)
            return Planned(stage, stage.unit, count, holds)
        callee = self.runner.callees.resolve(stage.unit)
        return Planned(stage, callee, count, self.runner.callees.holds(callee))

    def _copies(self, factor: Expression, stage: Stage) -> int:
        """Return how often a stage is repeated; a product of tensors is none."""
        with self.evaluator.wanting(number=True):
            count = self.evaluator.evaluate(factor)
        if isinstance(count, LayerName) and isinstance(stage.unit, LayerCall):
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "the number of copies stands behind the layer",
                help=f"write `{expression_text(factor)} * {stage.unit.name}`",
                span=factor.span,
            )
        if isinstance(count, Value):
            first = "…" if isinstance(stage.unit, Item) else stage.unit.name
            product = f"from {first} * {expression_text(factor)}"
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                "`*` repeats a layer, and this is a tensor",
                help=f"a product of tensors follows `from`: `{product}`",
                span=factor.span,
            )
        return self.evaluator.integer(factor, "the number of copies")

    def _arriving(self, planned: Sequence[Planned], inputs: Results) -> Results:
        """Return what stages give on."""
        try:
            for plan in planned:
                self._arrive(inputs)
                _, inputs = self._stage(plan, inputs, [])
        except Skipped:
            return Results((POISON,))
        return inputs

    def _item_holds(self, item: Item, inputs: Results) -> bool:
        """Return whether what is there of a parenthesis takes a slot."""
        if item.sources and _item_asks(item, STAGE_INPUTS):
            inputs = self.runner.items.sources_of(item.sources)
        self._arrive(inputs)
        if item.condition is not None and not self.evaluator.condition(item.condition):
            return item.otherwise is not None and self._item_holds(item.otherwise, inputs)
        plans = self._plan(item.stages, inputs)
        return any(plan.holds and plan.count != 0 for plan in plans)

    def _check_count(self, count: int, stage: Stage) -> None:
        span = stage.factor.span if stage.factor else stage.span
        if count < 0:
            raise RuleViolation(
                Code.EXPRESSION_VALUE,
                f"a layer cannot be there {count} times",
                help="0 leaves it out; anything less is a mistake in the number before",
                span=span,
            )
        self.builder.expect_room(count)

    def _stage(self, plan: Planned, inputs: Results, paths: list[str]) -> tuple[StageRun, Results]:
        units: list[Unit] = []
        for index in range(1 if plan.count is None else plan.count):
            path = paths[index] if paths else self.scope.instance.path
            self.builder.step()
            unit, inputs = self._unit(plan, inputs, path)
            units.append(unit)
            self._arrive(inputs)
        numbered = plan.count is not None or len(paths) > 1
        return StageRun(plan.stage, tuple(units), tuple(paths), numbered), inputs

    def _unit(self, plan: Planned, inputs: Results, path: str) -> tuple[Unit, Results]:
        unit = plan.stage.unit
        if isinstance(plan.callee, Item):
            run = self._parenthesis(plan.callee, inputs, path)
            return run, Results(run.values, run.names)
        if not isinstance(unit, LayerCall):
            raise AssertionError("a stage that is no parenthesis is a call")
        if isinstance(plan.callee, Record):
            return self.runner.replays.reuse(plan.callee, inputs, unit)
        if isinstance(plan.callee, BlockCallee):
            instance = self.runner.calls.call(plan.callee, unit, inputs, path)
            return instance, Results(instance.values, instance.names)
        return self.runner.operations.apply(plan.callee, unit, inputs, path)

    def _parenthesis(self, item: Item, inputs: Results, path: str) -> ItemRun:
        """Run a parenthesis; on trial, what it gave to like inputs before is enough."""
        if not self.builder.is_trial or _names_inside(item):
            return self.runner.items.inner_item(item, inputs, path)
        arriving = ((value.node.index, value.type, value.index) for value in inputs.values)
        mark = (id(item), inputs.apart, inputs.names, *arriving)
        known = self._tried.get(mark)
        if known is None:
            run = self.runner.items.inner_item(item, inputs, path)
            self._tried[mark] = Results(run.values, run.names)
            return run
        return ItemRun(item, True, None, inputs.values, (), known.values, "", known.names)


def _names_given(stage: Stage) -> set[str]:
    """Return the names that `as` gives inside a stage."""
    return _names_inside(stage.unit) if isinstance(stage.unit, Item) else set()


def _names_inside(item: Item) -> set[str]:
    names_given = {item.target} if item.target else set[str]()
    for stage in item.stages:
        names_given |= _names_given(stage)
    return names_given | (_names_inside(item.otherwise) if item.otherwise is not None else set())


def _asks(stage: Stage, asked: frozenset[str]) -> bool:
    """Return whether one of these names decides what is there of a stage, or how often."""
    if stage.factor is not None and names(stage.factor) & asked:
        return True
    return isinstance(stage.unit, Item) and _item_asks(stage.unit, asked)


def _item_asks(item: Item, asked: frozenset[str]) -> bool:
    if item.condition is not None and names(item.condition) & asked:
        return True
    other = item.otherwise
    inside = any(_asks(stage, asked) for stage in item.stages)
    return inside or (other is not None and _item_asks(other, asked))


def _paths(planned: list[Planned], slot: Slot) -> list[list[str]]:
    """Return the paths each stage's copies take: a slot with two modules or more is numbered."""
    holding = [plan for plan in planned if plan.holds and plan.count != 0]
    total = sum(1 if plan.count is None else plan.count for plan in holding)
    repeated = any(plan.count is not None for plan in holding)
    if total == 0:
        return [[] for _ in planned]
    if total == 1 and not repeated:
        return [[slot.path] if plan.holds else [] for plan in planned]
    numbers = iter(slot.copies(total, alone=len(holding) == 1 and repeated))
    return [
        [next(numbers) for _ in range(1 if plan.count is None else plan.count)]
        if plan.holds
        else []
        for plan in planned
    ]
