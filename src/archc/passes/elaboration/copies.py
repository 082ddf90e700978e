"""Copying what ran for a call of a block to another call that is like it.

A block sees its arguments, its inputs and its file, nothing else. So two calls that agree in
these run alike, line by line, and differ in where they stand alone: in the paths, the numbers
of the nodes and the tensors that flow in. A network of a hundred equal blocks is elaborated
once and copied ninety-nine times.
"""

from collections.abc import Callable, Hashable, Iterator

from msgspec import Struct

from archc.expressions.evaluate import MAX_MADE
from archc.expressions.values import Constant, LayerName, is_list
from archc.ir.runs import Instance, Template, Value
from archc.passes.elaboration.nodes import NodeBuilder, is_free_tensor
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import FileScope
from archc.passes.elaboration.transplants import Transplant

MAX_COMPARED = 16
"""Longer lists are the same argument only where they are the very same list."""


class Mark(Struct, frozen=True):
    """How far an elaboration has come: the lengths of all that it appends to."""

    nodes: int
    calls: int
    flowed: int
    named: int
    imported: int
    declared: int
    steps: int
    elements: int


class Original(Struct, frozen=True):
    """A call that ran, and where the elaboration stood before and after."""

    instance: Instance
    file: FileScope
    start: Mark
    end: Mark


class Copies:
    """The calls that ran without a mistake, by what makes two calls alike."""

    def __init__(self, builder: NodeBuilder, variables: Variables) -> None:
        self.builder = builder
        self.variables = variables
        self.originals: dict[Hashable, Original] = {}
        self.tried: dict[Hashable, Instance] = {}
        """The calls that ran on trial: all that counts of them is what they gave."""

    def run(self, file: FileScope, instance: Instance, run: Callable[[], Instance]) -> Instance:
        """Copy a like call into `instance`, else `run` it and keep it for later calls.

        Once a mistake was found nothing is copied: every call has its own place in messages.
        """
        builder = self.builder
        if builder.diagnostics or instance.shared:
            return run()
        likeness = self._likeness(file, instance)
        if builder.is_trial:
            return self._tried(likeness, instance, run)
        if not instance.path:
            return run()
        original = self.originals.get(likeness)
        if original is not None and self._has_room(original):
            return self._copied(original, instance)
        start = self._mark()
        run()
        if not builder.diagnostics:
            self.originals[likeness] = Original(instance, file, start, self._mark())
        return instance

    def _tried(
        self, likeness: Hashable, instance: Instance, run: Callable[[], Instance]
    ) -> Instance:
        """Give what a like call gave; trials within trials would double the time at each level."""
        known = self.tried.get(likeness)
        if known is None:
            self.tried[likeness] = run()
            return instance
        instance.values, instance.names = known.values, known.names
        return instance

    def _likeness(self, file: FileScope, instance: Instance) -> Hashable:
        """Return all that the run of a call follows from.

        The calls around it count as well: they decide what is recursion, and what is nested
        too deeply.
        """
        arguments = tuple([(n, _compared(value)) for n, value in instance.arguments.items()])
        inputs = tuple(_flowing(instance.inputs))
        around = (self.builder.depth, *map(id, _templates(instance)))
        return id(file), arguments, inputs, around

    def _mark(self) -> Mark:
        builder, variables = self.builder, self.variables
        return Mark(
            len(builder.nodes),
            len(builder.calls),
            len(builder.flowed),
            len(builder.named),
            len(variables.imported),
            len(variables.declared),
            builder.steps,
            builder.lists.elements,
        )

    def _has_room(self, original: Original) -> bool:
        """Return whether a copy passes no limit; where one does, the run says at which line."""
        start, end, builder = original.start, original.end, self.builder
        return (
            len(builder.nodes) + end.nodes - start.nodes <= builder.max_nodes
            and builder.steps + end.steps - start.steps <= builder.max_steps
            and builder.lists.elements + end.elements - start.elements <= MAX_MADE
        )

    def _copied(self, original: Original, instance: Instance) -> Instance:
        start, end, builder = original.start, original.end, self.builder
        transplant = Transplant(original.instance, instance, start.nodes, builder.nodes)
        transplant.copy(builder.calls[start.calls : end.calls], builder.calls, end.nodes)
        builder.flowed += map(transplant.key, builder.flowed[start.flowed : end.flowed])
        for key, line in builder.named[start.named : end.named]:
            builder.named.append((transplant.key(key), line))
        variables = self.variables
        for call, scope in variables.imported[start.imported : end.imported]:
            variables.imported.append((transplant.instance(call), scope))
        for path, names in variables.declared[start.declared : end.declared]:
            variables.declared.append((transplant.path(path), names))
        builder.steps += end.steps - start.steps
        builder.lists.elements += end.elements - start.elements
        return instance


def _compared(value: Constant) -> Hashable:
    """Return what tells an argument from others; unlike in Python, 1 is neither 1.0 nor True."""
    if is_list(value):
        short = len(value) <= MAX_COMPARED and not any(map(is_list, value))
        return tuple(map(_compared, value)) if short else id(value)
    if isinstance(value, LayerName):
        return value.name, id(value.call)
    return value.__class__, repr(value) if isinstance(value, float) else value


def _flowing(inputs: tuple[Value, ...]) -> Iterator[Hashable]:
    """Yield of each input all that a line can ask, and which of them are of one origin."""
    origins = [value.node.index for value in inputs]
    for value in inputs:
        node = value.node
        asked = (node.operation is None, is_free_tensor(value), origins.index(node.index))
        yield value.type, value.index, asked


def _templates(instance: Instance) -> Iterator[Template]:
    """Yield the block of a call and of the calls around it, innermost first."""
    call: Instance | None = instance
    while call is not None:
        yield call.template
        call = call.caller
