"""The inputs of a model: their sizes, and the letters that stand for them."""

from collections.abc import Sequence

from archc.diagnostics import Code, RuleViolation, meant
from archc.diagnostics.render import excerpt
from archc.expressions.printing import expression_text
from archc.expressions.syntax import NOWHERE, Expression, names
from archc.ir.runs import Node
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.nodes import NodeBuilder, Skipped
from archc.passes.elaboration.request import Request
from archc.passes.elaboration.scope import FileScope
from archc.shapes import MAX_SIZE, Batch, Size, TensorType, checked
from archc.spec.model import Dimension, Document, Input

MAX_UNKNOWN = 20
"""How many inputs that do not exist are named; a program can give any number."""


class InputReader:
    """Appends the nodes of a model's inputs, of the sizes that the caller asks for."""

    def __init__(
        self,
        document: Document,
        request: Request,
        file: FileScope,
        builder: NodeBuilder,
    ) -> None:
        self.document = document
        self.given = request.inputs
        self.typed = request.typed
        self.file = file
        self.builder = builder
        self.letters: dict[str, Size] = {}
        """The sizes that letters stand for, as far as inputs were read."""

    def nodes(self) -> tuple[Node, ...]:
        """Return a node for each input; one that cannot be read has no outputs."""
        self._refuse_unknown()
        return tuple(self._node(spec) for spec in self.document.inputs)

    def _refuse_unknown(self) -> None:
        """Report the sizes of inputs that do not exist, as one mistake: they have no place."""
        known = {spec.name: None for spec in self.document.inputs}
        strange = [name for name in self.given if name not in known]
        unknown = [f"`{excerpt(name)}`" for name in strange]
        if len(unknown) > MAX_UNKNOWN:
            unknown[MAX_UNKNOWN:] = [f"and {len(unknown) - MAX_UNKNOWN} more"]
        if unknown:
            violation = RuleViolation(
                Code.INPUT_SIZE,
                f"there is no input {', '.join(unknown)}",
                help=str(meant(strange[0], known)) or f"inputs: {', '.join(known)}",
            )
            violation.option = " ".join(filter(None, map(self._option, strange[:MAX_UNKNOWN])))
            self.builder.report(violation, self.document.spans.get("inputs", NOWHERE), None)

    def _option(self, name: str) -> str:
        """Return the option of a command line that gives an input's size, nothing without one."""
        return self.typed.get(f"inputs.{name}", "")

    def _report(self, violation: RuleViolation, spec: Input) -> None:
        """Report what is wrong with an input; of sizes that were typed the option is at fault."""
        if violation.code in {Code.INPUT_SIZE, Code.DIMENSION}:
            violation.option = self._option(spec.name)
        self.builder.report(violation, spec.span, None)

    def lost_letters(self, nodes: Sequence[Node]) -> set[str]:
        """Return the letters of inputs whose shape is not known."""
        lost = {node.path for node in nodes if not node.outputs}
        specs = [spec for spec in self.document.inputs if spec.name in lost]
        return {dimension.letter for spec in specs for dimension in spec.dimensions}

    def _node(self, spec: Input) -> Node:
        node = Node(len(self.builder.nodes), spec.name, None, (), self._types(spec), spec.span)
        self.builder.nodes.append(node)
        return node

    def _types(self, spec: Input) -> tuple[TensorType, ...]:
        if spec.name in self.document.unread:
            return ()
        try:
            return (TensorType(checked(self._shape(spec)), spec.dtype),)
        except RuleViolation as violation:
            self._report(violation, spec)
        except Skipped:
            pass
        return ()

    def _shape(self, spec: Input) -> tuple[Size, ...]:
        given = self.given.get(spec.name)
        if given is not None and len(given) != len(spec.dimensions):
            raise RuleViolation(
                Code.INPUT_SIZE,
                f"`{spec.name}` has {len(spec.dimensions)} dimensions, "
                f"{len(given)} size{'s' * (len(given) != 1)} given",
                help=f"give all of them, as in `--input {spec.name}={_example(spec)}`",
                span=spec.span,
            )
        for size in given or ():
            if not 1 <= size <= MAX_SIZE:
                raise RuleViolation(
                    Code.DIMENSION,
                    f"`{spec.name}` is given a size outside 1 … {MAX_SIZE}",
                    span=spec.span,
                )
        sizes = given if given is not None else (None,) * len(spec.dimensions)
        found: list[Size] = []
        wrong: list[RuleViolation] = []
        for place, (dimension, size) in enumerate(zip(spec.dimensions, sizes, strict=True)):
            try:
                found.append(self._size(dimension, place, size))
            except RuleViolation as violation:
                wrong.append(violation)
        if wrong:
            for violation in wrong[:-1]:
                self._report(violation, spec)
            raise wrong[-1]
        return tuple(found)

    def _size(self, dimension: Dimension, place: int, given: int | None) -> Size:
        """Return one size of an input: the caller's, else the spec's; the first may stay open."""
        letter, size = dimension.letter, self._written(dimension)
        if given is not None and not letter and given != size:
            raise RuleViolation(
                Code.INPUT_SIZE,
                f"dimension {place} is {size} and cannot be {given}",
                help="only dimensions with a capital letter are free",
                span=dimension.span,
            )
        if place == 0 and size is None:
            return self._agreed(dimension, Batch(letter))
        known = given if given is not None else size
        if known is None and letter not in self.letters:
            advice = f"give it a default, `{letter}=224`, or --input"
            if place and letter == "B":
                advice = f"the batch comes first: `[{letter}, …]`"
            raise RuleViolation(
                Code.INPUT_SIZE,
                f"the size of `{letter}` is not known",
                help=advice,
                span=dimension.span,
            )
        return self._agreed(dimension, self.letters[letter] if known is None else known)

    def _written(self, dimension: Dimension) -> int | None:
        """Return the size that the spec gives, None where it gives a letter alone."""
        if dimension.size is None:
            return None
        evaluator = DefaultEvaluator(self.file.parameters, self.file)
        try:
            return evaluator.integer(dimension.size, "a size")
        except RuleViolation as violation:
            if violation.code is Code.UNKNOWN_NAME:
                violation.help = self._size_advice(dimension.size)
            raise

    def _size_advice(self, size: Expression) -> str:
        """Return what was meant by a size that reads an unknown name: a parameter, or a letter."""
        for name in sorted(names(size)):
            if question := meant(name, self.file.parameters):
                return question
        return "a size that is free has a capital letter, `B` or `H=224`"

    def _agreed(self, dimension: Dimension, size: Size) -> Size:
        """Return the size of a dimension, which its letter has everywhere."""
        letter = dimension.letter
        if letter and self.letters.setdefault(letter, size) != size:
            raise RuleViolation(
                Code.INPUT_SIZE,
                f"`{letter}` is {self.letters[letter]} and cannot be {size} as well",
                span=dimension.span,
            )
        return size


def _example(spec: Input) -> str:
    """Return sizes for an input as a caller gives them: 1 for what only a letter stands for."""
    sizes = ("1" if d.size is None else expression_text(d.size) for d in spec.dimensions)
    return ",".join(sizes)
