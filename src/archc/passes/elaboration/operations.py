"""Applying one layer or function to the tensors that flow into it."""

from collections.abc import Mapping, Sequence

from archc import functions
from archc.diagnostics import Advice, Code, Edit, Operand, Proposal, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import (
    Attribute,
    Binary,
    Display,
    Expression,
    Literal,
    Name,
    keyword_span,
)
from archc.expressions.values import Constant
from archc.ir.runs import Node, Operation, Value
from archc.layers.base import Layer, spec_name
from archc.layers.binding import bind, by_name
from archc.layers.misuse import Missing
from archc.passes.elaboration.advice_on_channels import channels_last
from archc.passes.elaboration.call_edits import source_added
from archc.passes.elaboration.meetings import unread_lines
from archc.passes.elaboration.nodes import POISON, is_free_tensor, operand, origin_text, wrong_count
from archc.passes.elaboration.results import Results, results_of
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.surplus import surplus_advice
from archc.shapes import Batch, TensorType
from archc.statements import LayerCall

LARGE_KERNEL = 12
"""What is smaller is a kernel's size rather than a number of channels."""


class OperationRunner(Part):
    """Appends the nodes of layers and functions that stand in a chain."""

    __slots__ = ()

    def apply(
        self, layer: type[Layer], call: LayerCall, given: Results, path: str
    ) -> tuple[Operation, Results]:
        """Append the node of a layer or a function; return it with its results."""
        arguments, keywords = self.runner.arguments.of(call)
        inputs = given.values
        try:
            claimed = {n: keywords.pop(n) for n in layer.inferred_names if n in keywords}
            operation = bind(layer, arguments, keywords)
            inputs = self._fitting(operation, call, given)
            place = path if layer.is_module else self.scope.function_path(call.name)
            values = self.builder.apply(operation, inputs, place, call.span, self.scope.instance)
            self._check_claims(claimed, operation, inputs)
        except RuleViolation as violation:
            self.builder.blame_once(violation.code, inputs)
            self._advise(violation, layer, call, arguments, inputs)
            if violation.code is Code.WINDOW:
                violation.help = channels_last(self.builder) or violation.help
            if violation.code is Code.ARGUMENTS and layer is functions.find("sum"):
                violation.help = _adding(call) if len(inputs) > 1 else violation.help
            if len(inputs) > 1 and violation.code in {Code.RANK, Code.SIZE_MISMATCH}:
                operation = bind(layer, arguments, keywords)
                violation.help = self._for_each_sample(operation, inputs) or violation.help
            if violation.code is Code.RANK and len(inputs) == 1:
                violation.help = (
                    self._other_line(layer, arguments, keywords)
                    or self._other_input(bind(layer, arguments, keywords), inputs[0])
                    or _without_batch(inputs[0], violation)
                    or self._before_it_was_lost(bind(layer, arguments, keywords), inputs[0])
                    or violation.help
                )
            violation.help = _followable(violation, layer, call, arguments, inputs)
            raise self._placed(violation, layer, call, inputs) from None
        return Operation(values[0].node, call, values), results_of(operation, values, inputs)

    def misused(
        self,
        violation: RuleViolation,
        layer: type[Layer],
        call: LayerCall,
        arguments: tuple[Constant, ...],
    ) -> RuleViolation:
        """Complete the violation of a call that is wrong whatever flows into it."""
        self._advise(violation, layer, call, arguments, ())
        violation.help = _followable(violation, layer, call, arguments, ())
        return self._placed(violation, layer, call, ())

    def _advise(
        self,
        violation: RuleViolation,
        layer: type[Layer],
        call: LayerCall,
        arguments: tuple[Constant, ...],
        inputs: tuple[Value, ...],
    ) -> None:
        """Say of a wrong argument what the line should hold in its place."""
        if isinstance(violation.help, Missing) and not _is_in_numbers(call):
            left = ", ".join(f"{name}=…" for name in violation.help.names)
            violation.help = f"give it `{left}`"
        violation.help = _by_text(violation.help, layer, call)
        if violation.code is Code.ARGUMENT_VALUE:
            violation.help = self._whole_at_the_call(layer, call, violation) or violation.help
        if violation.code is Code.TOO_MANY_POSITIONAL:
            self._named_instead(violation, layer, arguments, inputs)

    def _fitting(self, operation: Layer, call: LayerCall, inputs: Results) -> tuple[Value, ...]:
        """Return as many inputs as a layer takes: results beyond the first may be dropped."""
        least, most = operation.arity
        if most == 0:
            return ()
        if least > 0 and not inputs.values:
            raise self._without_flow(call)
        return inputs.of_layer(operation)

    def misfit_inputs(
        self, layer: type[Layer], call: LayerCall, count: int
    ) -> RuleViolation | None:
        """Return what is wrong with the number of tensors that flow into a call, if anything."""
        least, most = layer.arity
        if most == 0 or least <= count <= most:
            return None
        return wrong_count(layer, count) if count else self._without_flow(call)

    def _without_flow(self, call: LayerCall) -> RuleViolation:
        return RuleViolation(
            Code.NO_FLOW, "no tensor flows into this line", help=self._from_an_input(call)
        )

    def _other_line(
        self, layer: type[Layer], arguments: tuple[Constant, ...], keywords: dict[str, Constant]
    ) -> str:
        """Return the line above that a line may have meant to take: it fits and is unread."""
        operation = bind(layer, arguments, keywords)
        for name, value in unread_lines(self.scope, self.builder):
            if _takes(operation, value) and not name.isdigit():
                return f"did you mean `… from {name}`? nothing reads that yet"
        return ""

    def _other_input(self, operation: Layer, value: Value) -> str:
        """Return the input of the caller that a call may have meant to take instead of the flow."""
        instance = self.scope.instance
        caller = instance.caller
        if caller is None or value.key not in {given.key for given in instance.inputs}:
            return ""
        read = {taken.key for node in self.builder.nodes for taken in node.inputs}
        read |= {given.key for call in self.builder.calls[1:] for given in call.inputs}
        for name, other in zip(caller.template.block.inputs, caller.inputs, strict=False):
            if other is not POISON and other.key not in read and _takes(operation, other):
                where = f"`{instance.template.name}` on line {instance.line.line}"
                return f"{where} takes what flows there: did you mean `… from {name}`?"
        return ""

    def _for_each_sample(self, operation: Layer, inputs: tuple[Value, ...]) -> str:
        """Repeat a Parameter for every sample, where that makes it fit the other tensors."""
        batch = next((s for v in inputs for s in v.type.shape[:1] if isinstance(s, Batch)), None)
        free = next((value for value in inputs if is_free_tensor(value)), None)
        if batch is None or free is None:
            return ""
        kept = free.type.shape[1:] if free.type.shape[:1] == (1,) else free.type.shape
        repeated = free.type.with_shape((batch, *kept))
        if not _accepts(operation, [repeated if v.key == free.key else v.type for v in inputs]):
            return ""
        name = self._described(free).name
        call = f"expand({name}, {batch}{', -1' * len(kept)})"
        return f"`{name}` is there once, not for every sample: write `{call}`"

    def _before_it_was_lost(self, operation: Layer, value: Value) -> str:
        """Name the line that took the dimensions which a layer needs: a `Flatten` above it."""
        lost: Node | None = None
        node = value.node
        while node.operation is not None and node.inputs:
            before = node.inputs[0]
            if _takes(operation, before):
                lost = lost or node
                name = self._described(before).name
                if lost.caller is not self.scope.instance:
                    break
                if self.scope.child(name) is not None:
                    return f"{_loss(lost)}: put this line above it, or write `… from {name}`"
            node = before.node
        if lost is None or lost.caller is not self.scope.instance:
            return _loss(lost) if lost is not None else ""
        return f"{_loss(lost)}: put this line above it"

    def _whole_at_the_call(
        self, layer: type[Layer], call: LayerCall, violation: RuleViolation
    ) -> str:
        """Return how the caller of a block gives a whole number, where it gave a quotient."""
        instance = self.scope.instance
        given = _expression_of(call, layer.positional, violation.argument)
        if violation.found != "float" or not isinstance(given, Name):
            return ""
        names = [argument.name for argument in instance.template.block.arguments]
        outer = instance.call and _expression_of(instance.call, names, given.identifier)
        if outer is None or isinstance(outer, Literal):
            return ""
        text = expression_text(outer)
        return f"`{given.identifier}` is `{text}` on line {instance.line.line}: write `int({text})`"

    def _named_instead(
        self,
        violation: RuleViolation,
        layer: type[Layer],
        arguments: tuple[Constant, ...],
        inputs: tuple[Value, ...],
    ) -> None:
        """Read `Conv2d(64, 3, 1, 1)` as stride and padding where the input has not 64 channels."""
        given = list(arguments)
        convolves = layer.positional == ("out_channels", "kernel_size") and len(given) > 2
        shape = inputs[0].type.shape if inputs and inputs[0] is not POISON else ()
        if not convolves or len(shape) < 2 or shape[1] == given[0]:
            return
        out_channels, kernel = given[:2]
        plain = isinstance(out_channels, int) and isinstance(kernel, int)
        named = by_name(layer, given[2:])
        if named and plain and kernel < min(out_channels, LARGE_KERNEL):
            violation.help = f"write the others by name: {named}"
            violation.argument = "2"

    def _from_an_input(self, call: LayerCall) -> str:
        """Return how a line says what flows into it: the first input of this block, or the only."""
        inputs = self.scope.instance.template.block.inputs
        first = inputs[0] if inputs else "image"
        words = f"say where it comes from: `… from {first}`"
        return Advice(words, source_added(call, first)) if len(inputs) == 1 else words

    def _check_claims(
        self, claimed: Mapping[str, Constant], operation: Layer, inputs: tuple[Value, ...]
    ) -> None:
        actual = operation.inferred(*(value.type for value in inputs))
        for name, value in claimed.items():
            if name in actual and actual[name] != value:
                raise RuleViolation(
                    Code.INFERRED_MISMATCH,
                    f"`{name}` is {actual[name]} here, not {value}",
                    help=f"{name} is inferred: drop it",
                    argument=name,
                )

    def _placed(
        self,
        violation: RuleViolation,
        layer: type[Layer],
        call: LayerCall,
        inputs: tuple[Value, ...],
    ) -> RuleViolation:
        """Point a violation at the argument it names and show the input."""
        if violation.span is None:
            violation.span = _argument_span(violation.argument, layer, call) or call.span
        if not violation.operands and violation.code.startswith("ARC4"):
            rows = [self._described(value) for value in inputs if value is not POISON]
            violation.operands = tuple(row for i, row in enumerate(rows) if row not in rows[:i])
        return violation

    def _described(self, value: Value) -> Operand:
        """Return an input as a row of a message, under the name it has in this block."""
        for frame in reversed(self.scope.frames):
            for name, record in frame.items():
                if not name.isdigit() and value.key == record.value.key:
                    return operand(name, value, record.span, record.text)
        name = value.node.path if value.node.operation is None else "input"
        return operand(name, value, value.node.span, origin_text(value.node))


def _is_in_numbers(call: LayerCall) -> bool:
    """Return whether all arguments of a call are written as they are, and none by a name."""
    given = [*(call.arguments or ()), *(keyword.value for keyword in call.keywords)]
    return all(isinstance(value, (Literal, Display)) for value in given)


def _adding(call: LayerCall) -> str:
    """Return how tensors are added that were given to `sum`."""
    words = "`sum` adds up the elements of one tensor; `add` adds tensors: write `add`"
    is_bare = call.arguments is None and not call.keywords
    return Advice(words, Edit("add", span=call.span)) if is_bare else words


def _takes(operation: Layer, value: Value) -> bool:
    """Return whether a layer would take a tensor."""
    return _accepts(operation, [value.type])


def _accepts(operation: Layer, types: Sequence[TensorType]) -> bool:
    """Return whether a layer would take tensors of these types."""
    try:
        operation.outputs(*types)
    except RuleViolation:
        return False
    return True


def _loss(node: Node) -> str:
    """Return what a layer made of its input."""
    layer = spec_name(type(node.operation)) if node.operation is not None else node.path
    return f"`{layer}` on line {node.span.line} makes {node.output} of {node.inputs[0].type}"


def _expression_of(call: LayerCall, names: Sequence[str], name: str) -> Expression | None:
    """Return what a call gives for an argument, by position or by name."""
    given = dict(zip(names, call.arguments or (), strict=False))
    given |= {keyword.name: keyword.value for keyword in call.keywords}
    return given.get(name)


def _followable(
    violation: RuleViolation,
    layer: type[Layer],
    call: LayerCall,
    arguments: Sequence[Constant],
    inputs: Sequence[Value],
) -> str:
    """Return the help about arguments that torch's users paste, with the edits that follow it."""
    if violation.code is Code.ARGUMENT_VALUE:
        return _of_literal(violation, layer, call)
    if violation.code is Code.ARGUMENTS and violation.argument == "activation":
        return _behind(_expression_of(call, (), "activation"), layer) or violation.help
    if violation.code is not Code.TOO_MANY_POSITIONAL:
        return violation.help
    return surplus_advice(layer, call, arguments, inputs) or violation.help


def _behind(given: Expression | None, layer: type[Layer]) -> str:
    """Return how an activation that stands among arguments is written behind the layer."""
    name = given.identifier if isinstance(given, Name) else None
    name = given.value if isinstance(given, Literal) else name
    if not isinstance(name, str) or name not in functions.NAMES:
        return "write the activation behind the layer" if isinstance(name, str) else ""
    axis = 1 if layer.positional[:1] == ("out_channels",) else -1
    call = f"{name}({axis})" if name.endswith(("softmax", "softmin")) else name
    return f"write the activation behind the layer: `-> {call}`"


def _of_literal(violation: RuleViolation, layer: type[Layer], call: LayerCall) -> str:
    """Return the help about a value that is written out, with the edit that writes another."""
    given = _expression_of(call, layer.positional, violation.argument)
    advice = violation.help
    if not isinstance(given, Literal):
        if violation.found == "float" and given is not None and not isinstance(given, Name):
            return _as_integer(given)
        if isinstance(given, Name) and isinstance(advice, Proposal) and advice.meant:
            return f"let `{given.identifier}` be {advice.meant}"
        return _a_size(given) or str(advice)
    if isinstance(advice, Proposal) and not advice.edits and advice.meant:
        return Advice(advice, Edit(advice.meant, span=given.span))
    return advice


def _as_integer(given: Expression) -> str:
    """Return how an expression is written that makes a number which is not whole."""
    if isinstance(given, Binary) and given.operator == "/":
        left, right = expression_text(given.left), expression_text(given.right)
        words = f"`//` divides without a remainder: write `{left} // {right}`"
        return Proposal(words, Edit("//", span=given.sign))
    return f"write `int({expression_text(given)})`"


def _a_size(given: Expression | None) -> str:
    """Return how one size of a shape is written where the whole shape was given."""
    if not isinstance(given, Attribute) or given.name != "shape":
        return ""
    return f"write one of its sizes, such as `{expression_text(given)}[-1]`"


def _by_text(advice: str, layer: type[Layer], call: LayerCall) -> str:
    """Return an advice to drop an argument with the argument as it is written."""
    written = (call.arguments or ())[layer.inferred_after :]
    if "drop the " not in advice or not written or isinstance(written[0], Literal):
        return advice
    head, _, rest = advice.partition("drop the ")
    _, comma, further = rest.partition(",")
    return f"{head}drop `{expression_text(written[0])}`{comma}{further}"


def _without_batch(value: Value, violation: RuleViolation) -> str:
    """Return how an input of the model is declared that lacks the batch, nothing for others."""
    shape = value.type.shape if value is not POISON else ()
    is_declared = value.node.operation is None and bool(shape) and isinstance(shape[0], int)
    if not is_declared or "is missing" not in violation.help:
        return ""
    sizes = ", ".join(["B", *map(str, shape)])
    return f"the batch is missing: write `{value.node.path}: [{sizes}]`"


def _argument_span(argument: str, layer: type[Layer], call: LayerCall) -> Span | None:
    """Return the place of an argument given by name, by position or by its number."""
    if not argument:
        return None
    if (place := keyword_span(call.keywords, argument)) is not None:
        return place
    positional = call.arguments or ()
    index = int(argument) if argument.isdigit() else -1
    if argument in layer.positional:
        index = layer.positional.index(argument)
    return positional[index].span if 0 <= index < len(positional) else None
