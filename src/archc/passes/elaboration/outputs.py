"""The outputs of a model, and the mode in which each is live."""

from collections.abc import Sequence

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.syntax import Attribute, Expression, Logical, Name, Unary
from archc.ir.graph import GraphOutput, Mode
from archc.ir.runs import Instance
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.spec.model import Output


def last_outputs(root: Instance) -> tuple[GraphOutput, ...]:
    """Return what the model's body gives, where the document lists no outputs."""
    numbered = tuple(f"output{i}" if i else "output" for i in range(len(root.values)))
    names = [name if name.isidentifier() else "" for name in root.names or numbered]
    rows = zip(names, numbered, root.values, strict=True)
    return tuple(GraphOutput(name or n, value) for name, n, value in rows if value is not POISON)


class OutputReader:
    """Finds the listed outputs of a model whose lines have run."""

    def __init__(self, runner: BlockRunner) -> None:
        self.runner = runner
        self.lost: set[Mode | None] = set()
        """The modes of the outputs that depend on a line that failed."""

    def outputs(self, listed: Sequence[Output]) -> tuple[GraphOutput, ...]:
        """Return the outputs whose conditions hold; mistakes are reported."""
        found: list[GraphOutput] = []
        for output in listed:
            try:
                found += self._output(output)
            except RuleViolation as violation:
                self.runner.builder.report(violation, output.span, None)
            except Skipped:
                self.lost.add(parted(output.condition)[0])
        return tuple(found)

    def _output(self, output: Output) -> list[GraphOutput]:
        """Return one output; its condition may ask `training` and what is known now."""
        evaluator = self.runner.evaluator
        mode, static = parted(output.condition)
        if not all(evaluator.condition(part) for part in static):
            return []
        return [GraphOutput(output.name, evaluator.one_tensor(output.value), mode)]


def parted(condition: Expression | None) -> tuple[Mode | None, tuple[Expression, ...]]:
    """Part `training and …` into the mode it names and the conditions that are known now."""
    match condition:
        case Attribute(Name("self"), "training"):
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                "`self` is no word of an expression",
                help=Advice("write `training`", Edit("training", span=condition.span)),
                span=condition.span,
            )
        case None:
            return None, ()
        case Name("training"):
            return "train", ()
        case Unary("not", Name("training")):
            return "eval", ()
        case Logical("and", operands):
            parts = [parted(operand) for operand in operands]
            modes: list[Mode] = [mode for mode, _ in parts if mode is not None]
            return (modes[0] if modes else None), tuple(e for _, some in parts for e in some)
        case _:
            return None, (condition,)
