"""Running one line: its sources, its condition, its chain, its name."""

from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.syntax import Expression, names
from archc.ir.runs import Instance, ItemRun, Operation, Reuse, StageRun, Value
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.places import FixedSlot, Slot
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import STAGE_INPUTS, Binding, is_collection
from archc.statements import Item


class ItemRunner(Part):
    """Runs lines, and what stands in a parenthesis."""

    __slots__ = ()

    def item(self, item: Item, inputs: tuple[Value, ...], slot: Slot) -> ItemRun:
        """Run one line: its sources, its condition, its chain, its name."""
        if item.is_broken:
            raise Skipped
        if item.condition is not None and not self._present(item, inputs):
            return self._absent(item, inputs, slot)
        if item.sources:
            inputs = self.sources_of(item.sources)
        if not inputs and not item.stages:
            raise RuleViolation(Code.NO_FLOW, "no tensor flows into this line")
        stages, values = self.runner.stages.chain(
            item.stages, inputs, slot, explicit=len(item.sources) > 1
        )
        if item.target:
            self.assign(item.target, values[0], item.span, item.collects)
            self._keep_results(item, stages, values)
        path = next((p for run in stages for p in run.paths), "")
        if isinstance(slot, FixedSlot) or (slot.name and path):
            path = slot.path
        elif len([p for run in stages for p in run.paths]) > 1:
            path = path.rpartition(".")[0]
        return ItemRun(item, True, None, inputs, stages, values, path)

    def _present(self, item: Item, inputs: tuple[Value, ...]) -> bool:
        """Evaluate a line's condition; `in_channels` is the input of its first stage."""
        assert item.condition is not None
        if item.sources and names(item.condition) & STAGE_INPUTS:
            with self.runner.on_trial():
                inputs = self.sources_of(item.sources)
        self.evaluator.input = inputs[0] if inputs else None
        return self.evaluator.condition(item.condition)

    def _absent(self, item: Item, inputs: tuple[Value, ...], slot: Slot) -> ItemRun:
        if item.otherwise is not None:
            other = item.otherwise
            if item.sources and not other.sources:
                inputs = self.sources_of(item.sources)
            run = self.item(other, inputs, slot)
            return ItemRun(item, False, run, inputs, (), run.values, run.path)
        if item.sources and item.stages:
            inputs = self.sources_of(item.sources)
        return ItemRun(item, False, None, inputs, (), _passed(inputs, slot), "")

    def sources_of(self, sources: tuple[Expression, ...]) -> tuple[Value, ...]:
        """Return the tensors behind `from`: all results of one source, the first of several."""
        return tuple(value for source in sources for value in self.results(source, len(sources)))

    def results(self, source: Expression, count: int) -> tuple[Value, ...]:
        """Return every result of a tensor expression that stands alone, else the first."""
        values = self.evaluator.tensor(source)
        return values if count == 1 else values[:1]

    def assign(self, name: str, value: Value, span: Span, collects: bool) -> None:
        """Give a line's value a name of its own: `as y`, or one name to all of them: `as ys[]`."""
        if collects:
            self._collect(name, value, span)
            return
        self.variables.defined[span] = name
        self.scope.variables[name] = Binding(value, span)

    def _keep_results(
        self, item: Item, stages: tuple[StageRun, ...], values: tuple[Value, ...]
    ) -> None:
        """Let the name that `as` gives read further results: `rnn.h_n`."""
        binding = self.scope.variables[item.target]
        if len(values) > 1 and not item.collects:
            binding.values, binding.names = values, _names_of(stages)

    def _collect(self, name: str, value: Value, span: Span) -> None:
        """Append a value to a collection; it belongs to the line that began it."""
        binding = self.scope.variables.get(name)
        if binding is None:
            self.variables.defined[span] = name
            self.scope.variables[name] = Binding([value], span)
        elif is_collection(binding.value):
            binding.value.append(value)
        elif binding.value is POISON:
            raise Skipped
        else:
            raise RuleViolation(
                Code.DUPLICATE_CHILD, f"`{name}` is one tensor already", help=f"use `{name}2[]`"
            )

    def inner_item(self, item: Item, inputs: tuple[Value, ...], path: str) -> ItemRun:
        """Run what stands in a parenthesis."""
        with self.builder.nested(item.span):
            return self.item(item, inputs, FixedSlot(path))


def result_names(run: ItemRun) -> tuple[str, ...]:
    """Return what the results of a line are called."""
    return _names_of(run.chosen.stages)


def _names_of(stages: tuple[StageRun, ...]) -> tuple[str, ...]:
    if not stages or not stages[-1].units:
        return ()
    match stages[-1].units[-1]:
        case Operation(node) if node.operation is not None:
            return node.operation.result_names(*(value.type for value in node.inputs))
        case Instance(names=names):
            return names
        case ItemRun() as inner:
            return result_names(inner)
        case Reuse(again=ItemRun() as again):
            return result_names(again)
        case _:
            return ()


def _passed(inputs: tuple[Value, ...], slot: Slot) -> tuple[Value, ...]:
    """Return what an absent line gives on: its first input, marked with the line's path."""
    if not inputs or inputs[0] is POISON:
        return (POISON,)
    first = inputs[0]
    return (Value(first.node, first.index, first.type, slot.path if slot.name else ""),)
