"""Running one call of a block: its inputs, its lines, its results."""

from collections.abc import Generator
from contextlib import contextmanager

from archc.diagnostics import Code, RuleViolation
from archc.ir.runs import Instance, Value
from archc.passes.elaboration.arguments import ArgumentReader
from archc.passes.elaboration.callees import CalleeFinder
from archc.passes.elaboration.calls import BlockCaller
from archc.passes.elaboration.control import ControlRunner
from archc.passes.elaboration.copies import Copies
from archc.passes.elaboration.evaluation import LineEvaluator
from archc.passes.elaboration.items import ItemRunner
from archc.passes.elaboration.joins import JoinRunner
from archc.passes.elaboration.lines import LineRunner
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.operations import OperationRunner
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.replays import Replayer
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import Binding, FileScope, Scope
from archc.passes.elaboration.stages import StageRunner


class BlockRunner:
    """Runs the lines of one instance of a block; each kind of line has a part of its own."""

    def __init__(
        self,
        file: FileScope,
        instance: Instance,
        builder: NodeBuilder,
        variables: Variables,
        copies: Copies,
    ) -> None:
        self.scope = Scope(file, instance)
        self.builder = builder
        self.variables = variables
        self.copies = copies
        self.evaluator = LineEvaluator(self.scope, builder, variables.read)
        self.lines = LineRunner(self)
        self.items = ItemRunner(self)
        self.control = ControlRunner(self)
        self.joins = JoinRunner(self)
        self.stages = StageRunner(self)
        self.callees = CalleeFinder(self)
        self.arguments = ArgumentReader(self)
        self.operations = OperationRunner(self)
        self.calls = BlockCaller(self)
        self.replays = Replayer(self)
        for name, value in instance.arguments.items():
            self.scope.variables[name] = Binding(value)

    def run(self) -> Instance:
        """Run the block's body and fill in the instance."""
        instance = self.scope.instance
        self.builder.calls.append(instance)
        if instance.template.is_model and instance.caller is not None:
            self.variables.imported.append((instance, self.scope.file))
        block = instance.template.block
        self._bind_inputs()
        flow = instance.inputs[0] if len(instance.inputs) == 1 else None
        container = Container(instance.path, block.body.kind == "list", self.scope.frames[0])
        instance.body = self.lines.body(block.body, flow, container)
        instance.values, instance.names = self._results(instance)
        return instance

    def inner(self, file: FileScope, instance: Instance) -> Instance:
        """Run a block that a line of this one calls, or copy a call that is like it."""
        runner = (self.builder, self.variables, self.copies)
        return self.copies.run(file, instance, lambda: BlockRunner(file, instance, *runner).run())

    @contextmanager
    def on_trial(self) -> Generator[None]:
        """Undo what runs inside: nodes, calls of blocks, names, mistakes."""
        kept = {n: binding.copied() for n, binding in self.scope.variables.items()}
        with self.builder.on_trial(), self.variables.on_trial():
            try:
                yield
            finally:
                self.scope.variables = kept

    def _bind_inputs(self) -> None:
        instance = self.scope.instance
        inputs = instance.template.block.inputs
        for name, value in zip(inputs, instance.inputs, strict=False):
            self.scope.variables[name] = Binding(value)

    def _results(self, instance: Instance) -> tuple[tuple[Value, ...], tuple[str, ...]]:
        document = self.scope.file.document
        if instance.template.is_model and instance.caller and document and document.outputs:
            kept = [output for output in document.outputs if output.condition is None]
            values = tuple(self.evaluator.one_tensor(output.value) for output in kept)
            return values, tuple(output.name for output in kept)
        if self.scope.returned:
            return self.scope.results.values, self.scope.results.names
        last = instance.body.value
        if last is None:
            is_own = instance.template.is_model and instance.caller is None
            raise RuleViolation(
                Code.NO_FLOW,
                f"`{'model:' if is_own else instance.template.name}` has no result",
                help="end it with a layer or with `return:`",
                span=document.spans.get("model") if is_own and document else None,
            )
        return (last,), ()
