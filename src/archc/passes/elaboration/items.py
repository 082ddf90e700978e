"""Running one line: its sources, its condition, its chain, its name."""

from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.syntax import Expression, names
from archc.ir.runs import ItemRun, Value
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.places import FixedSlot, Slot
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import STAGE_INPUTS, Binding, is_collection
from archc.spec.control_lines import JOINS
from archc.statements import Item, LayerCall


class ItemRunner(Part):
    """Runs lines, and what stands in a parenthesis."""

    __slots__ = ()

    def item(self, item: Item, inputs: Results, slot: Slot) -> ItemRun:
        """Run one line: its sources, its condition, its chain, its name."""
        if item.is_broken:
            raise Skipped
        if item.condition is not None and not self._present(item, inputs):
            return self._absent(item, inputs, slot)
        if item.sources:
            inputs = self.sources_of(item.sources)
        if not inputs.values and not item.stages:
            raise RuleViolation(Code.NO_FLOW, "no tensor flows into this line")
        self._expect_several(item, inputs)
        stages, results = self.runner.stages.chain(item.stages, inputs, slot)
        self.builder.finished.add(id(item))
        if item.target:
            self.assign(item.target, results.first, item.span, item.collects)
            self._keep_results(item, results)
        path = next((p for run in stages for p in run.paths), "")
        if isinstance(slot, FixedSlot) or (slot.name and path):
            path = slot.path
        elif len([p for run in stages for p in run.paths]) > 1:
            path = path.rpartition(".")[0]
        return ItemRun(item, True, None, inputs.values, stages, results.values, path, results.names)

    def _expect_several(self, item: Item, inputs: Results) -> None:
        """Expect that a line does not join the flow, one tensor, with nothing.

        Raises:
            RuleViolation: it begins with `add`, `concat` or `mul` and names no tensors.
        """
        call = item.stages[0].unit if item.stages and not item.sources else None
        if not isinstance(call, LayerCall) or call.arguments or inputs.apart:
            return
        if call.name in JOINS and isinstance(self.runner.callees.resolve(call), type):
            lines = [name for name in self.scope.frames[-1] if name.isidentifier()][-2:]
            meant = ", ".join(lines) if len(lines) > 1 else "a, b"
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{call.name}` joins tensors, and one alone flows into this line",
                help=f"name those that it joins: `{call.name} from {meant}`",
                span=call.span,
            )

    def _present(self, item: Item, inputs: Results) -> bool:
        """Evaluate a line's condition; `in_channels` is the input of its first stage."""
        assert item.condition is not None
        if item.sources and names(item.condition) & STAGE_INPUTS:
            with self.runner.on_trial():
                inputs = self.sources_of(item.sources)
        self.evaluator.input = inputs.first if inputs.values else None
        return self.evaluator.condition(item.condition)

    def _absent(self, item: Item, inputs: Results, slot: Slot) -> ItemRun:
        if item.otherwise is not None:
            other = item.otherwise
            if item.sources and not other.sources:
                inputs = self.sources_of(item.sources)
            run = self.item(other, inputs, slot)
            return ItemRun(item, False, run, inputs.values, (), run.values, run.path, run.names)
        if item.sources and item.stages:
            inputs = self.sources_of(item.sources)
        passed = _passed(inputs.values, slot)
        return ItemRun(item, False, None, inputs.values, (), passed, "")

    def sources_of(self, sources: tuple[Expression, ...]) -> Results:
        """Return the tensors behind `from`: all results of one source, the first of several."""
        if len(sources) == 1:
            return self.evaluator.tensor(sources[0])
        return Results(tuple(self.evaluator.one_tensor(source) for source in sources), apart=True)

    def assign(self, name: str, value: Value, span: Span, collects: bool) -> None:
        """Give a line's value a name of its own: `as y`, or one name to all of them: `as ys[]`."""
        if collects:
            self._collect(name, value, span)
            return
        self.variables.defined[span] = name
        self.scope.variables[name] = Binding(value, span)

    def _keep_results(self, item: Item, results: Results) -> None:
        """Let the name that `as` gives read further results: `rnn.h_n`."""
        if len(results.values) > 1 and not item.collects:
            self.scope.variables[item.target].results = results

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

    def inner_item(self, item: Item, inputs: Results, path: str) -> ItemRun:
        """Run what stands in a parenthesis."""
        with self.builder.nested(item.span):
            return self.item(item, inputs, FixedSlot(path))


def _passed(inputs: tuple[Value, ...], slot: Slot) -> tuple[Value, ...]:
    """Return what an absent line gives on: its first input, marked with the line's path."""
    if not inputs or inputs[0] is POISON:
        return (POISON,)
    first = inputs[0]
    return (Value(first.node, first.index, first.type, slot.path if slot.name else ""),)
