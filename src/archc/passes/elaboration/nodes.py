"""Building nodes, counting them, and keeping what is wrong."""

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from archc.diagnostics import Code, Diagnostic, Operand, RuleViolation, Span
from archc.expressions.evaluate import Evaluator
from archc.expressions.syntax import NOWHERE
from archc.ir.runs import Instance, Node, Value
from archc.layers.base import Layer, Owned, spec_name
from archc.shapes import TensorType, checked
from archc.spec.mistakes import MAX_MISTAKES, TooManyMistakes
from archc.statements import Child, Entry, Item, bodies_of

MAX_NODES = 10_000
"""To how many nodes a network may expand where nobody allows more."""
NODE_LIMITS = range(1, 10_000_001)
"""What may be set as that limit."""
STEPS_PER_NODE = 5
MAX_NESTING = 48
"""Blocks, bodies and parentheses inside each other; Python's own stack is the reason."""

POISON = Value(Node(-1, "", None, (), (), NOWHERE), 0, TensorType(()))
"""Stands for the result of a line that failed; whatever takes it is skipped in silence."""


class Skipped(Exception):
    """A line depends on one that failed before."""


class NodeBuilder:
    """Appends nodes to the graph in order and collects diagnostics, one a place."""

    def __init__(
        self,
        max_nodes: int,
        diagnostics: Iterable[Diagnostic] = (),
        unreadable: Iterable[Span] = (),
    ) -> None:
        self.nodes: list[Node] = []
        self.calls: list[Instance] = []
        self.flowed: list[tuple[int, int]] = []
        """The values that a line took from the flow."""
        self.named: list[tuple[tuple[int, int], str]] = []
        """The values that a line read by name, and the line that made each."""
        self.diagnostics = [*diagnostics]
        self.unreadable = [*unreadable]
        """Places of which a mistake is known; others there are not reported."""
        self.max_nodes = max_nodes
        self.max_steps = max_nodes * STEPS_PER_NODE
        self.steps = 0
        self.shared = False
        self.is_trial = False
        """Whether all that runs now will be undone."""
        self.lists = Evaluator()
        self.finished: set[int] = set()
        """The lines, by identity, that ran to their end at least once."""
        self.depth = 0
        self.repeats = 0
        self._owners: dict[str, Node] = {}
        self._owners_known = 0
        """How many nodes were looked at for the modules they made."""
        self._blamed: set[tuple[Code, int, int]] = set()
        self._seen: set[tuple[Code, Span | None, str]] = set()

    @contextmanager
    def nested(self, span: Span) -> Generator[None]:
        """Count one level of blocks, bodies and parentheses while it runs.

        Raises:
            RuleViolation: the limit is passed.
        """
        if self.depth >= MAX_NESTING:
            raise RuleViolation(
                Code.EXPANSION_LIMIT,
                f"blocks and lines nested deeper than {MAX_NESTING} in all",
                help="call fewer blocks from within each other",
                span=span,
            )
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    @contextmanager
    def on_trial(self) -> Generator[None]:
        """Undo what is appended while it runs; the steps count, so that trials end too."""
        logs = (self.nodes, self.calls, self.flowed, self.named, self.diagnostics)
        lengths = [len(log) for log in logs]
        state = (self.repeats, set(self._blamed), set(self._seen), self.is_trial)
        self.is_trial = True
        try:
            yield
        finally:
            for log, length in zip(logs, lengths, strict=True):
                del log[length:]
            self._owners_known = min(self._owners_known, len(self.nodes))
            self.repeats, self._blamed, self._seen, self.is_trial = state

    def step(self) -> None:
        """Count one executed line, so that even loops without layers end.

        Raises:
            RuleViolation: the limit that follows from the limit of nodes is passed.
        """
        self.steps += 1
        if self.steps > self.max_steps:
            raise self._too_large()

    def _too_large(self) -> RuleViolation:
        return RuleViolation(
            Code.EXPANSION_LIMIT,
            f"the network expands to more than {self.max_nodes} nodes",
            help="raise the limit with --max-nodes, or max_nodes in Python",
        )

    def expect_room(self, count: int) -> None:
        """Refuse a repeat that alone would pass the limit, before it is expanded."""
        if len(self.nodes) + count > self.max_nodes:
            raise self._too_large()

    def apply(
        self,
        operation: Layer,
        inputs: Sequence[Value],
        path: str,
        span: Span,
        caller: Instance | None,
    ) -> tuple[Value, ...]:
        """Append the node that applies an operation; return its results.

        Raises:
            RuleViolation: the operation's rule refuses the inputs, or its arguments by themselves.
            Skipped: an input failed before.
        """
        self._check_arity(operation, inputs)
        if any(value is POISON for value in inputs):
            for rule in operation.argument_rules({}):
                rule()
            raise Skipped
        self.expect_room(1)
        types = [value.type for value in inputs]
        outputs = operation.outputs(*types)
        for output in outputs:
            if output.shape:
                checked(output.shape)
        tensors = operation.owned(*types) if operation.is_module else ()
        for tensor in tensors:
            if tensor.shape:
                checked(tensor.shape)
        shared = self.shared and operation.is_module
        if shared:
            self._check_owner(operation, tensors, path, inputs)
        node = Node(
            len(self.nodes),
            path,
            operation,
            tuple(inputs),
            outputs,
            span,
            caller,
            shared,
            tensors,
            is_free=operation.is_free or all(map(is_free_tensor, inputs)),
        )
        self.nodes.append(node)
        return tuple(Value(node, index, output) for index, output in enumerate(outputs))

    def _check_owner(
        self, operation: Layer, tensors: Sequence[Owned], path: str, inputs: Sequence[Value]
    ) -> None:
        """Refuse another call of a module that would have to be another module for it.

        Raises:
            RuleViolation: its first call made none, or one of other arguments or sizes.
        """
        owner = self._owner(path)
        if owner is None or owner.operation is None:
            headline = f"the shared `{path}` is not there: the first call of its block left it out"
            raise self._unlike(headline, inputs)
        before = owner.operation.inferred(*(value.type for value in owner.inputs))
        after = operation.inferred(*(value.type for value in inputs))
        for name, size in before.items():
            if after[name] != size:
                needed = f"this input would need {after[name]}"
                raise self._unlike(f"the shared `{path}` has {name}={size}, {needed}", inputs)
        if owner.operation != operation or owner.tensors != tuple(tensors):
            needed = f"this call would need `{operation}`"
            raise self._unlike(f"the shared `{path}` is `{owner.operation}`, {needed}", inputs)

    def _unlike(self, headline: str, inputs: Sequence[Value]) -> RuleViolation:
        return RuleViolation(
            Code.SHARED_SHAPE,
            headline,
            operands=tuple(operand("input", value, value.node.span) for value in inputs),
            help="use a layer of its own, or make the inputs alike",
        )

    def _owner(self, path: str) -> Node | None:
        """Return the node whose call made the module at a path."""
        for node in self.nodes[self._owners_known :]:
            if not node.shared and node.operation is not None and node.operation.is_module:
                self._owners[node.path] = node
        self._owners_known = len(self.nodes)
        owner = self._owners.get(path)
        if owner is None or owner.index >= len(self.nodes):
            return None
        return owner if self.nodes[owner.index] is owner else None

    def _check_arity(self, operation: Layer, inputs: Sequence[Value]) -> None:
        least, most = operation.arity
        if not least <= len(inputs) <= most:
            raise wrong_count(type(operation), len(inputs))

    def blame_once(self, code: Code, inputs: Sequence[Value]) -> None:
        """Note that a tensor is of the wrong rank, dtype or size for a line.

        Raises:
            Skipped: another line has said so of the same tensor: the mistake lies above both.
        """
        if code not in {Code.RANK, Code.DTYPE, Code.SHARED_SHAPE}:
            return
        marks = {(code, *value.key) for value in inputs}
        if marks & self._blamed:
            raise Skipped
        self._blamed |= marks

    def report(
        self,
        violation: RuleViolation,
        span: Span,
        caller: Instance | None,
    ) -> None:
        """Keep a violation as a diagnostic, unless the same stands at this place already."""
        found = Diagnostic(
            violation.code,
            violation.headline,
            violation.span or span,
            violation.labels,
            violation.operands,
            violation.notes,
            call_chain(caller),
            violation.help,
            option=violation.option,
        )
        if any(found.primary.overlaps(part) for part in self.unreadable if found.primary):
            return
        of_parameter = violation.argument if found.code is Code.PARAMETER_VALUE else ""
        mark = (found.code, found.primary, of_parameter)
        self.repeats += mark in self._seen
        if mark not in self._seen:
            self._seen.add(mark)
            self.diagnostics.append(found)
        if len(self.diagnostics) >= MAX_MISTAKES:
            raise TooManyMistakes


def wrong_count(layer: type[Layer], count: int) -> RuleViolation:
    """Return the violation for more tensors than a layer takes, or fewer."""
    least, most = layer.arity
    wanted = str(least) if least == most else f"{least} to {most}"
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{spec_name(layer)}` takes {wanted} tensor{'s' * (wanted != '1')}, {count} given",
        help="join them first: `a + b`, or `concat(a, b)`" if count > most == 1 else "",
    )


def call_chain(instance: Instance | None) -> tuple[str, ...]:
    """Return where an instance stands and the lines that called it, innermost first."""
    chain: list[str] = []
    start = ""
    while instance is not None and instance.caller is not None:
        start = start or f"{instance.path}, called from "
        chain.append(f"`{_called(instance)}` line {instance.line.line}")
        instance = instance.caller
    return (start + chain[0], *chain[1:]) if chain else ()


def _called(instance: Instance) -> str:
    """Return a call as it stands on its line, with the name of the child that it is."""
    outer = instance.caller.path if instance.caller is not None else ""
    names = instance.path.removeprefix(outer).lstrip(".").split(".")
    if instance.is_again:
        return names[0]
    body = instance.caller.template.block.body if instance.caller is not None else None
    key = _key_of(instance.line, body.entries) if body is not None else ""
    parts = re.split(r"\{[^{}]*\}", key)
    pattern = re.compile(".*".join(map(re.escape, parts)))
    name = next((name for name in reversed(names) if pattern.fullmatch(name)), "")
    return f"{name}: {instance.text}" if name else instance.text


def _key_of(line: Span, entries: Sequence[Entry]) -> str:
    """Return the key under which a line stands, nothing for one of a list."""
    for entry in entries:
        if isinstance(entry, Child) and isinstance(entry.content, Item):
            if entry.content.span.overlaps(line):
                return entry.key
        elif key := "".join(_key_of(line, body.entries) for body in bodies_of(entry)):
            return key
    return ""


def origin_text(node: Node) -> str:
    """Return the layer that made a tensor, as a line would write it."""
    return str(node.operation) if node.operation is not None and node.operation.is_module else ""


def is_free_tensor(value: Value) -> bool:
    """Return whether no sample has a part in a value: Parameters, Buffers, what is made of them."""
    return value.node.is_free


def operand(name: str, value: Value, line: Span, text: str = "") -> Operand:
    """Return a tensor as a row of a message: name, shape, where it came from."""
    origin = f"from line {line.line}" if line.line else "an input"
    return Operand(name, str(value.type), f"{origin}: {text}" if text else origin)
