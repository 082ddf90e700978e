"""Applying a child again to other inputs; its weights are shared."""

from typing import Any

from archc.diagnostics import Code, RuleViolation
from archc.ir.runs import BodyRun, Instance, ItemRun, Operation, Reuse, StageRun, Value
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.nodes import POISON, Skipped, operand
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import Record
from archc.statements import LayerCall


class Replayer(Part):
    """Runs again what ran for a child, on the very same modules."""

    __slots__ = ()

    def reuse(
        self, record: Record, inputs: tuple[Value, ...], call: LayerCall
    ) -> tuple[Reuse, tuple[Value, ...]]:
        """Run a stage that names an earlier child."""
        if record.content is None and record.value is POISON:
            raise Skipped
        if record.content is None or record.absent:
            raise RuleViolation(
                Code.ABSENT_NAME, f"`{call.name}` cannot be applied again", span=call.span
            )
        if record.value is POISON or any(value is POISON for value in inputs):
            raise Skipped
        shared, self.builder.shared = self.builder.shared, True
        try:
            again = self.replay(record.content, inputs)
        except RuleViolation as violation:
            violation.span = call.span
            raise
        finally:
            self.builder.shared = shared
        values = again.values if isinstance(again, ItemRun) else ((again.value or POISON),)
        return Reuse(record.content.path, record.content, again, values), values

    def replay(self, content: ItemRun | BodyRun, inputs: tuple[Value, ...]) -> ItemRun | BodyRun:
        """Apply a child again to other inputs; its weights are shared."""
        if isinstance(content, BodyRun):
            container = Container(content.path, content.body.kind == "list", {})
            with self.runner.lines.inside(container):
                return self.runner.lines.body(content.body, inputs[0], container)
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
                callee = self.runner.callees.resolve(
                    LayerCall(call.callee, call.arguments or (), call.keywords, call.span)
                )
                assert isinstance(callee, BlockCallee)
                again = self.runner.calls.run(callee, dict(arguments), path, inputs, call, template)
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
