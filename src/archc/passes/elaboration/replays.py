"""Applying a child again to other inputs; its weights are shared."""

from collections.abc import Sequence

from archc.diagnostics import Code, RuleViolation, Span
from archc.ir.runs import BodyRun, Instance, ItemRun, Node, Operation, Reuse, StageRun, Value
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
        if isinstance(record.content, ItemRun) and not record.content.chosen.item.stages:
            raise _no_layer(call)
        start, told = len(self.builder.nodes), len(self.builder.diagnostics)
        try:
            again = self.replay(record.content, inputs, call.span)
        except RuleViolation as violation:
            violation.span = call.span
            raise
        finally:
            self.builder.shared = shared
        results = _results_of(again)
        if len(self.builder.diagnostics) == told:
            self._expect_alike(record, start, results, inputs, call)
        return Reuse(record.content.path, record.content, again, results.values), results

    def _expect_alike(
        self, record: Record, start: int, results: Results, inputs: Results, call: LayerCall
    ) -> None:
        """Refuse another call in which other operations run: a module has one `forward`.

        Raises:
            RuleViolation: a size or a condition that asks the input made it so.
        """
        nodes = self.builder.nodes
        first = [nodes[index] for index in record.nodes if _takes_tensors(nodes[index])]
        again = [node for node in nodes[start:] if _takes_tensors(node)]
        pairs = list(zip(first, again, strict=False))
        unlike = next((pair for pair in pairs if pair[0].operation != pair[1].operation), None)
        if unlike is not None:
            before, now = unlike
            note = f"on line {now.span.line} `{now.operation}` runs, at first `{before.operation}`"
        elif len(first) != len(again):
            note = f"{len(again)} operations run, at first {len(first)}"
        elif not _is_wired_alike(pairs, record.results, results):
            note = "an operation takes the result of another, or another is the result of all"
        else:
            return
        raise RuleViolation(
            Code.SHARED_SHAPE,
            f"`{call.name}` does not run here as it did at first",
            operands=tuple(operand("input", value, value.node.span) for value in inputs.values),
            notes=(note,),
            help="give it an input of the same size, or this line a block of its own",
            span=call.span,
        )

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


def _no_layer(call: LayerCall) -> RuleViolation:
    """Return the violation for `total -> Conv2d(8, 3)` where `total` only names a tensor."""
    return RuleViolation(
        Code.UNKNOWN_CALLEE,
        f"`{call.name}` is a tensor, and no layer",
        help=f"a line takes it with `from {call.name}`, behind its chain",
        span=call.span,
    )


def _takes_tensors(node: Node) -> bool:
    return node.operation is not None and node.operation.arity[1] > 0


def _is_wired_alike(pairs: Sequence[tuple[Node, Node]], before: Results, results: Results) -> bool:
    """Return whether each operation takes the results of the same others, and so do the results.

    What comes from outside may be any tensor.
    """
    counterpart = {first.index: again.index for first, again in pairs}
    inside = {*counterpart.values()}

    def is_alike(first: Value, again: Value) -> bool:
        if first.node.index not in counterpart:
            return again.node.index not in inside
        return (counterpart[first.node.index], first.index) == again.key

    taken = [
        (value, other)
        for first, again in pairs
        for value, other in zip(first.inputs, again.inputs, strict=False)
    ]
    given = zip(before.values, results.values, strict=False)
    return all(is_alike(value, other) for value, other in (*taken, *given))


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
