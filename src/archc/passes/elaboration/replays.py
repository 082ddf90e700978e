"""Applying a child again to other inputs; its weights are shared."""

from typing import Any

from archc.diagnostics import Code, RuleViolation, Span
from archc.ir.runs import BodyRun, Instance, ItemRun, Operation, Reuse, StageRun, Value
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.nodes import POISON, Skipped, operand
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.results import Results, results_of
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import Record
from archc.statements import LayerCall


class Replayer(Part):
    """Runs again what ran for a child, on the very same modules."""

    __slots__ = ()

    def reuse(self, record: Record, inputs: Results, call: LayerCall) -> tuple[Reuse, Results]:
        """Run a stage that names an earlier child."""
        if record.content is None and record.value is POISON:
            raise Skipped
        if record.content is None or record.absent:
            raise RuleViolation(
                Code.ABSENT_NAME, f"`{call.name}` cannot be applied again", span=call.span
            )
        if record.value is POISON or any(value is POISON for value in inputs.values):
            raise Skipped
        shared, self.builder.shared = self.builder.shared, True
        try:
            again = self.replay(record.content, inputs, call.span)
        except RuleViolation as violation:
            violation.span = call.span
            raise
        finally:
            self.builder.shared = shared
        results = _results_of(again)
        return Reuse(record.content.path, record.content, again, results.values), results

    def replay(self, content: ItemRun | BodyRun, inputs: Results, line: Span) -> ItemRun | BodyRun:
        """Apply a child again, on another line, to other inputs; its weights are shared."""
        if isinstance(content, BodyRun):
            container = Container(content.path, content.body.kind == "list", {})
            with self.runner.lines.inside(container):
                return self.runner.lines.body(content.body, _only(inputs), container)
        if content.alternative is not None:
            return self.replay(content.alternative, inputs, line)
        first = inputs.values
        stages: list[StageRun] = []
        for run in content.stages:
            units: list[Operation | Instance | ItemRun | Reuse] = []
            for unit in run.units:
                again, inputs = self._replayed(unit, inputs, line)
                units.append(again)
            stages.append(StageRun(run.stage, tuple(units), run.paths, run.numbered))
        path, ran = content.path, tuple(stages)
        return ItemRun(content.item, True, None, first, ran, inputs.values, path, inputs.names)

    def _replayed(
        self, unit: Operation | Instance | ItemRun | Reuse, inputs: Results, line: Span
    ) -> tuple[Operation | Instance | ItemRun | Reuse, Results]:
        match unit:
            case Operation(node, call):
                operation = node.operation
                assert operation is not None
                if operation.arity[1] == 0:
                    return unit, Results(unit.values)
                taken = inputs.of_layer(operation)
                _check_shared(node, taken)
                values = self.builder.apply(
                    operation, taken, node.path, node.span, self.scope.instance
                )
                again = Operation(values[0].node, call, values)
                return again, results_of(operation, values, taken)
            case Instance(template, arguments, path, _, call):
                assert call is not None
                callee = self.runner.callees.resolve(
                    LayerCall(call.callee, call.arguments or (), call.keywords, call.span)
                )
                assert isinstance(callee, BlockCallee)
                again = self.runner.calls.run(
                    callee, dict(arguments), path, inputs, call, template, line
                )
                return again, Results(again.values, again.names)
            case ItemRun():
                run = self.replay(unit, inputs, line)
                assert isinstance(run, ItemRun)
                return run, _results_of(run)
            case Reuse(path, content):
                run = self.replay(content, inputs, line)
                results = _results_of(run)
                return Reuse(path, content, run, results.values), results


def _results_of(run: ItemRun | BodyRun) -> Results:
    if isinstance(run, ItemRun):
        return Results(run.values, run.names)
    return Results((run.value or POISON,))


def _only(inputs: Results) -> Value:
    """Return the one tensor that a child of several lines takes.

    Raises:
        RuleViolation: the line names several.
    """
    if inputs.apart and len(inputs.values) > 1:
        raise RuleViolation(
            Code.ARGUMENTS,
            f"a child of several lines takes 1 tensor, {len(inputs.values)} given",
            help="make it a block with several inputs: `Name()(a, b):`",
        )
    return inputs.first


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
