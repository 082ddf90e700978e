"""Sizes as expressions: what a constructor may write instead of a number.

A constructor serves many instances at once. A *context* is one of them, or one turn
of a loop inside one; every expression that is printed has been evaluated in every context
and gave the number that the graph holds there. Where no expression does, the number is
printed if it is the same everywhere; else `NotUniformError` asks for another form.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from archc.diagnostics import RuleViolation
from archc.expressions.evaluate import Evaluator
from archc.expressions.printing import substituted
from archc.expressions.syntax import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Display,
    Expression,
    Literal,
    Logical,
    Name,
    Subscript,
    Unary,
    names,
)
from archc.expressions.values import Constant, LayerName, is_list
from archc.functions.reshaping import Reshaping
from archc.ir.runs import Value
from archc.reach import HERE

STAGE_INPUTS = {"in_channels": 1, "in_features": -1}
MAKE_DIVISIBLE = "make_divisible"
"""The one function of the spec's that Python lacks and the compiled source defines."""
_BUILTINS = frozenset(
    {"len", "range", "enumerate", "zip", "reversed", "min", "max", "sum", "abs", "round", "int"}
    | {"float", MAKE_DIVISIBLE}
)

Dims = Mapping[int, Expression]
Derivation = Generator[Value, Dims, Dims]
"""Works out the sizes of one value; asks for those of the values that it comes from."""
Fact = TypeVar("Fact")


class NotUniformError(Exception):
    """The contexts of a constructor need more than one text."""


def shared(facts: Iterable[Fact]) -> Fact:
    """Return what is the same in every context.

    Raises:
        NotUniformError: it differs.
    """
    first, *others = set(facts)
    if others:
        raise NotUniformError
    return first


class _UnprintableError(Exception):
    """An expression reads something that the compiled source does not have."""


class Context(Struct, eq=False):
    """One instance, or one turn of a loop in it.

    `values` are the spec's names there; `local` the names of the compiled source.
    """

    values: dict[str, Any]
    local: dict[str, Any]

    def extended(self, values: Mapping[str, Any], local: Mapping[str, Any]) -> "Context":
        """Return a context with more names."""
        return Context({**self.values, **values}, {**self.local, **local})


class Symbols(Struct, eq=False):
    """What names and sizes are called in the compiled source, in all contexts at once."""

    contexts: list[Context]
    names: dict[str, Expression] = field(default_factory=dict[str, Expression])
    sizes: dict[tuple[int, int], Dims] = field(default_factory=dict[tuple[int, int], Dims])

    def subset(self, chosen: Sequence[int]) -> "Symbols":
        """Return the same symbols over some of the contexts."""
        return Symbols([self.contexts[i] for i in chosen], self.names, self.sizes)

    def argument(
        self, expression: Expression, actual: Sequence[Constant], flow: Sequence[Value | None]
    ) -> Expression:
        """Return what to print for an argument whose value in each context is `actual`."""
        try:
            candidate = folded(substituted(expression, _Substitute(self, flow)))
        except _UnprintableError:
            return self.constant(actual)
        return candidate if self.holds(candidate, actual) else self.constant(actual)

    def constant(self, actual: Sequence[Constant]) -> Expression:
        """Return the value all contexts share.

        Raises:
            NotUniformError: they do not share one.
        """
        first = actual[0]
        if any(type(value) is not type(first) or value != first for value in actual):
            raise NotUniformError
        return literal(first)

    def size(
        self, actual: Sequence[int], value: Value | None, dim: int | None = None
    ) -> Expression:
        """Return what to print for a size inferred from `value`: a dimension's expression."""
        for candidate in self.candidates(value, actual[0], dim):
            if self.holds(candidate, actual):
                return candidate
        return self.constant(actual)

    def candidates(self, value: Value | None, size: int, dim: int | None) -> list[Expression]:
        """Return the expressions of the dimensions of `value` that have this size."""
        if value is None:
            return []
        dims = self.dims(value)
        shape = value.type.shape
        if dim is not None:
            return [dims[dim % len(shape)]] if dim % len(shape) in dims else []
        return [expression for d, expression in dims.items() if shape[d] == size]

    def holds(self, candidate: Expression, actual: Sequence[Constant]) -> bool:
        """Return whether an expression has the wanted value in every context."""
        pairs = zip(self.contexts, actual, strict=True)
        return all(_evaluated(candidate, context) == value for context, value in pairs)

    def dims(self, value: Value) -> Dims:
        """Return the expressions known for the dimensions of a value.

        The way from the inputs may be longer than Python's stack is deep: what a derivation
        asks for is derived here, and handed to it.
        """
        waiting = [(value.key, self._derived(value))] if value.key not in self.sizes else []
        answer: Dims | None = None
        while waiting:
            key, derivation = waiting[-1]
            try:
                source = next(derivation) if answer is None else derivation.send(answer)
            except StopIteration as end:
                waiting.pop()
                answer = self.sizes[key] = end.value
                continue
            answer = self.sizes.get(source.key)
            if answer is None:
                waiting.append((source.key, self._derived(source)))
        return self.sizes[value.key]

    def _derived(self, value: Value) -> Derivation:
        """Follow an operation: a dimension that keeps its size keeps its expression."""
        node = value.node
        if node.operation is None or not node.inputs:
            return {}
        function = getattr(type(node.operation), "function_name", "")
        if function == "concat":
            return (yield from self._concatenated(value))
        if function == "chunk":
            return (yield from self._chunk(value))
        if isinstance(node.operation, Reshaping):
            return (yield from self._reshaped(value, node.operation))
        shape = value.type.shape
        for source in node.inputs:
            known = yield source
            dims = {
                d: expression
                for d, expression in known.items()
                if d < len(shape) and shape[d] == source.type.shape[d]
            }
            if dims:
                return dims
        return {}

    def _reshaped(self, value: Value, operation: Reshaping) -> Derivation:
        """Follow each dimension to its new place, but for those that were merged or parted."""
        (source,) = value.node.inputs
        (reads,) = operation.reads(source.type)
        known = yield source
        places = {d: reads[d] for d in known if d in reads and reads[d].reach == HERE}
        return {goes.dims[0]: known[d] for d, goes in places.items()}

    def _chunk(self, value: Value) -> Derivation:
        """Divide the dimension that is cut; the others keep their expressions."""
        (source,) = value.node.inputs
        operation, dims = value.node.operation, dict((yield source))
        dim = getattr(operation, "dim", 0) % len(value.type.shape)
        if dim in dims:
            dims[dim] = Binary("//", dims[dim], Literal(getattr(operation, "chunks", 1)))
        return dims

    def _concatenated(self, value: Value) -> Derivation:
        dim = getattr(value.node.operation, "dim", 1) % len(value.type.shape)
        parts: list[Expression | None] = []
        for source in value.node.inputs:
            known = yield source
            parts.append(known.get(dim))
        sizes = [part for part in parts if part is not None]
        if len(sizes) != len(parts):
            return {}
        match sizes[0]:
            case Binary("//", whole, Literal(count)) as part if sizes == [part] * len(sizes):
                if count == len(sizes):
                    return {dim: whole}
            case _:
                pass
        if sizes == sizes[:1] * len(sizes):
            return {dim: folded(Binary("*", Literal(len(sizes)), sizes[0]))}
        return {dim: folded(reduce(lambda left, right: Binary("+", left, right), sizes))}


class _Substitute:
    """Replaces a spec's names by what they are called in the compiled source."""

    def __init__(self, symbols: Symbols, flow: Sequence[Value | None]) -> None:
        self.symbols = symbols
        self.flow = flow

    def __call__(self, part: Expression) -> Expression | None:
        match part:
            case Name(identifier):
                return self._name(identifier)
            case Attribute(value, name):
                return self._attribute(value, name)
            case Subscript(Attribute(value, "shape"), (index,)):
                return self._dimension(value, index)
            case Call(function) if function not in _BUILTINS:
                raise _UnprintableError
            case _:
                return None

    def _name(self, identifier: str) -> Expression:
        if identifier in self.symbols.names:
            return self.symbols.names[identifier]
        if identifier in STAGE_INPUTS:
            return self._size(self.flow[0], STAGE_INPUTS[identifier])
        if "{" in identifier:
            raise _UnprintableError
        found = [context.values.get(identifier) for context in self.symbols.contexts]
        if any(isinstance(v, (Value, LayerName)) or v is None for v in found):
            raise _UnprintableError
        try:
            return self.symbols.constant(found)
        except NotUniformError:
            raise _UnprintableError from None

    def _attribute(self, owner: Expression, name: str) -> Expression:
        dim = {"channels": 1, "features": -1}.get(name)
        if dim is None:
            raise _UnprintableError
        return self._dimension(owner, Literal(dim))

    def _dimension(self, owner: Expression, index: object) -> Expression:
        value = None
        if isinstance(owner, Name):
            value = self.symbols.contexts[0].values.get(owner.identifier)
        if not isinstance(value, Value) or not isinstance(index, (Literal, Unary)):
            raise _UnprintableError
        return self._size(value, _evaluated(index, self.symbols.contexts[0]))

    def _size(self, value: Value | None, dim: Any) -> Expression:
        if value is None or not isinstance(dim, int):
            raise _UnprintableError
        dims = self.symbols.dims(value)
        position = dim % len(value.type.shape)
        if position not in dims:
            raise _UnprintableError
        return dims[position]


class _Locals(Evaluator):
    def __init__(self, local: Mapping[str, Any]) -> None:
        self.local = local

    def lookup(self, name: Name) -> Any:
        if name.identifier not in self.local:
            return super().lookup(name)
        return self.local[name.identifier]


def _evaluated(expression: Expression, context: Context) -> Any:
    """Return the value of a printed expression, or something equal to nothing where it has none."""
    if isinstance(expression, Literal):
        return expression.value
    try:
        return _Locals(context.local).evaluate(expression)
    except RuleViolation:
        return float("nan")


def evaluated(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression over plain names."""
    return _Locals(values).evaluate(expression)


def folded(expression: Expression) -> Expression:
    """Return an expression with every part that reads no name computed."""
    if isinstance(expression, (Literal, Name)):
        return expression
    if not names(expression) and not isinstance(expression, Display):
        value = _evaluated(expression, Context({}, {}))
        if isinstance(value, tuple):
            return _with_numbers(expression)
        return expression if value != value else literal(value)  # noqa: PLR0124
    if isinstance(expression, Binary):
        left, right = folded(expression.left), folded(expression.right)
        return _simplified(Binary(expression.operator, left, right))
    if isinstance(expression, Conditional):
        test = folded(expression.test)
        if isinstance(test, Literal):
            return folded(expression.then if test.value else expression.other)
        return expression
    if isinstance(expression, Comparison):
        return _turned(expression)
    if isinstance(expression, Logical):
        return Logical(expression.operator, tuple(map(folded, expression.operands)))
    return expression


def _with_numbers(expression: Expression) -> Expression:
    """Return the call that makes a list with its arguments computed: `range(29)`."""
    if not isinstance(expression, Call):
        return expression
    return replace(expression, arguments=tuple(map(folded, expression.arguments)))


_TURNED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _turned(comparison: Comparison) -> Comparison:
    """Put a number that is compared with a name on the right: `4 != out` is `out != 4`."""
    match comparison:
        case Comparison((Literal() as number, other), (operator,)) if operator in _TURNED:
            return Comparison((other, number), (_TURNED[operator],))
        case _:
            return comparison


def _simplified(expression: Binary) -> Expression:
    """Drop a factor of 1 and a term of 0; gather the numbers of a sum."""
    one, zero = Literal(1), Literal(0)
    if expression.operator == "*" and one in (expression.left, expression.right):
        return expression.right if expression.left == one else expression.left
    if expression.operator in {"+", "-"} and expression.right == zero:
        return expression.left
    return expression


def literal(value: Constant) -> Expression:
    """Return a plain value as an expression."""
    if is_list(value):
        return Display(tuple(literal(item) for item in value), "()")
    return Literal(value)


def is_plain(value: Constant) -> bool:
    """Return whether a value can stand in the source: no tensor and no layer, in a list neither."""
    if is_list(value):
        return all(item is None or is_plain(item) for item in value)
    return isinstance(value, (int, float, str))


def flow_size(value: Value | None, dim: int) -> int:
    """Return one size of a value.

    Raises:
        NotUniformError: it has none that is a number.
    """
    size = value.type.shape[dim] if value is not None and len(value.type.shape) > 1 else None
    if not isinstance(size, int):
        raise NotUniformError
    return size
