"""What the names and attributes in the expressions of a block stand for."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from archc import layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, meant, near
from archc.expressions.evaluate import Evaluator
from archc.expressions.printing import expression_text
from archc.expressions.syntax import NOWHERE, Attribute, Call, Comparison, Expression, Name
from archc.expressions.values import Constant, LayerName
from archc.ir.runs import Value
from archc.passes.elaboration.comparisons import expect_equal_kinds
from archc.passes.elaboration.explanations import absent
from archc.passes.elaboration.naming import (
    doubled,
    may_name,
    near_attribute,
    unfinished_name,
    unknown_name,
)
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.scope import STAGE_INPUTS, FileScope, Record, Scope, is_collection
from archc.spec.model import Declaration

_WANTS_NUMBER = {"range": True, "len": False}
"""Of functions of plain values, whether what they are given is a number and never a list."""


class NameEvaluator(Evaluator):
    """Evaluates names: children, variables, parameters, sizes, results and lines in lines."""

    def __init__(self, scope: Scope, builder: NodeBuilder, read: set[Span]) -> None:
        self.scope = scope
        self.builder = builder
        self.read = read
        self.input: Value | None = None
        self.line: Span = NOWHERE
        self.wants_number = False
        """Whether what is read has to be no tensor: a message lists the names that fit."""

    @contextmanager
    def wanting(self, *, number: bool) -> Generator[None]:
        """Read what has to be a number, or may be a tensor."""
        before, self.wants_number = self.wants_number, number
        try:
            yield
        finally:
            self.wants_number = before

    def condition(self, expression: Expression) -> bool:
        """Return the value of a condition, which is made of plain values."""
        with self.wanting(number=True):
            return super().condition(expression)

    def integer(self, expression: Expression, what: str) -> int:
        """Return the value of an expression that must be an integer."""
        with self.wanting(number=True):
            return super().integer(expression, what)

    def _call(self, expression: Call) -> Any:
        number = _WANTS_NUMBER.get(expression.function, self.wants_number)
        with self.wanting(number=number):
            return super()._call(expression)

    def count_elements(self, count: int) -> None:
        """Count the elements of lists over the whole spec, not over one block alone."""
        self.builder.lists.count_elements(count)

    def expect_comparable(self, expression: Comparison, values: Sequence[Any]) -> None:
        """Refuse a comparison with what a name can never be."""
        expect_equal_kinds(expression, values, self._declaration)

    def _declaration(self, name: str) -> Declaration | None:
        """Return what a name is declared as that stands for a parameter of the file."""
        document = self.scope.file.document
        if document is None or name in self.scope.variables or self.scope.child(name) is not None:
            return None
        return document.parameters.get(name)

    def lookup(self, name: Name) -> Any:
        """Return what a name stands for: a child's value, a variable, a parameter."""
        if not name.identifier:
            raise Skipped
        identifier = self.expand_braces(name.identifier, name)
        record = self.scope.child(identifier)
        if record is not None:
            return self._value(record, identifier)
        if identifier in self.scope.variables:
            binding = self.scope.variables[identifier]
            self.read.add(binding.span)
            if binding.value is POISON:
                raise Skipped
            return tuple(binding.value) if is_collection(binding.value) else binding.value
        if identifier in STAGE_INPUTS:
            return self._stage_input(identifier)
        if identifier in self.scope.file.unread:
            raise Skipped
        for names in (self.scope.file.parameters, self.scope.file.letters):
            if identifier in names:
                return names[identifier]
        if self._is_layer(identifier):
            return LayerName(identifier)
        raise self._unknown(identifier)

    def _is_layer(self, identifier: str) -> bool:
        return identifier in layers.NAMES or identifier in self.scope.file.blocks

    def _value(self, record: Record, name: str) -> Value:
        if record.absent:
            raise absent(record, name, self.scope)
        if record.value is POISON:
            raise Skipped
        if not record.value.via:
            self.builder.named.append((record.value.key, f"{name} (line {record.span.line})"))
        return record.value

    def _unknown(self, identifier: str) -> RuleViolation:
        if self.scope.file.is_partial or any(
            may_name(key, identifier) for key in self.scope.broken
        ):
            raise Skipped
        if identifier in {place.rpartition(".")[2] for place in self.scope.places[1:]}:
            return unfinished_name(identifier)
        if near(identifier, doubled(self.scope.instance.template.block.body)):
            raise Skipped
        names = self.scope.plain_names() if self.wants_number else self.scope.known()
        return unknown_name(
            identifier, self.scope, self.line, names, wants_number=self.wants_number
        )

    def _stage_input(self, name: str) -> Any:
        if self.input is None:
            raise RuleViolation(Code.NO_FLOW, f"`{name}` needs an input, and none flows here")
        if self.input is POISON:
            raise Skipped
        shape = self.input.type.shape
        if name == "in_shape":
            return shape
        return self._size(shape, 1 if name == "in_channels" else -1, name)

    def _size(self, shape: tuple[Any, ...], index: int, name: str) -> Any:
        if index == 1 and len(shape) < 2:
            raise RuleViolation(Code.RANK, f"`{name}` needs a tensor of two dimensions or more")
        return shape[index]

    def attribute(self, expression: Attribute) -> Any:
        """Return a size of a tensor (`x.channels`), a result, or a child inside a child."""
        self._expect_no_self(expression)
        name = self.expand_braces(expression.name, expression)
        if (file := self._imported_file(expression.value)) is not None:
            return self._parameter_of(file, name)
        record = self._record(expression.value)
        if record is not None and name in record.children:
            return self._value(record.children[name], name)
        if record is not None:
            self._value(record, name)
            self._expect_own_child(expression, record)
        owner = self._several(expression.value, record)
        if isinstance(owner, Value):
            owner = Results((owner,))
        if isinstance(owner, Results):
            named = owner.named(name)
            return self._tensor_attribute(owner, name) if named is None else named
        raise RuleViolation(Code.EXPRESSION_VALUE, f"a plain value has no `{name}`")

    def _expect_no_self(self, expression: Attribute) -> None:
        """Refuse `self.conv1`, as Python names a line.

        Raises:
            RuleViolation: it is so.
        """
        is_self = isinstance(expression.value, Name) and expression.value.identifier == "self"
        if is_self and "self" not in self.scope.known():
            name = expression.name
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                "`self` is no word of an expression",
                help=Advice(
                    f"there is no `self`: write `{name}`", Edit(name, span=expression.span)
                ),
            )

    def _expect_own_child(self, expression: Attribute, record: Record) -> None:
        """Refuse the name of a line that lies deeper: `enc.conv` for `enc.0.conv`.

        Raises:
            RuleViolation: one line alone has that name.
        """
        paths = [*_paths_below(record, expression.name)]
        asked = {"shape", "channels", "features", *record.results.called}
        if expression.name in asked:
            return
        outer = expression_text(expression.value)
        if not paths and (found := near(expression.name, {*record.children, *asked})):
            if not asked.isdisjoint(found):
                return
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{outer}` has no line `{expression.name}`",
                help=did_you_mean(expression.name, *found),
            )
        names = [name for name in record.children if name]
        if not paths and names and len(names) == len(record.children):
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{outer}` has no line `{expression.name}`",
                help=f"its lines are {', '.join(f'`{name}`' for name in names[:4])}"
                + " …" * (len(names) > 4),
            )
        if len(paths) != 1:
            return
        raise RuleViolation(
            Code.UNKNOWN_NAME,
            f"`{outer}` has no line `{expression.name}` of its own",
            help=Advice(
                f"write `{outer}.{paths[0]}`",
                Edit(f"{outer}.{paths[0]}", span=expression.span),
            ),
        )

    def _several(self, expression: Expression, record: Record | None) -> Any:
        """Return all results of a child, of a line that `as` names, or of an expression."""
        named = self._named_line(expression)
        if named is not None:
            return named
        with self.wanting(number=False):
            return self.evaluate(expression) if record is None else record.results

    def _imported_file(self, expression: Expression) -> FileScope | None:
        """Return the file that an alias stands for, where nothing nearer has the name."""
        if not isinstance(expression, Name):
            return None
        name, scope = expression.identifier, self.scope
        is_nearer = name in scope.variables or name in scope.file.parameters
        if is_nearer or name in scope.file.blocks or scope.child(name) is not None:
            return None
        return scope.file.imports.get(name)

    def _parameter_of(self, file: FileScope, name: str) -> Constant:
        """Return what a parameter of an imported file is by default."""
        if name in file.unread:
            raise Skipped
        if name not in file.parameters:
            raise RuleViolation(
                Code.UNKNOWN_NAME,
                f"`{file.file}` has no parameter `{name}`",
                help=meant(name, file.parameters),
            )
        return file.parameters[name]

    def _named_line(self, expression: Expression) -> Results | None:
        """Return what a variable stands for, where `as` names a line of several results."""
        if not isinstance(expression, Name):
            return None
        identifier = self.expand_braces(expression.identifier, expression)
        binding = self.scope.variables.get(identifier)
        if binding is None or binding.results is None or self.scope.child(identifier) is not None:
            return None
        self.read.add(binding.span)
        return binding.results

    def _tensor_attribute(self, results: Results, name: str) -> Any:
        value = results.first
        if value is POISON:
            raise Skipped
        shape = value.type.shape
        if name == "shape":
            return shape
        if name in {"channels", "features"}:
            return self._size(shape, 1 if name == "channels" else -1, name)
        raise RuleViolation(
            Code.UNKNOWN_NAME,
            f"a tensor has no `{name}`",
            help=near_attribute(name, results.called),
        )

    def _record(self, expression: Expression) -> Record | None:
        """Return the child that a name or a path of names stands for; nothing is computed."""
        if isinstance(expression, Name):
            return self.scope.child(self.expand_braces(expression.identifier, expression))
        if isinstance(expression, Attribute) and (outer := self._record(expression.value)):
            return outer.children.get(self.expand_braces(expression.name, expression))
        return None


_DEEPEST = 8
"""How deep below a line another is sought."""


def _paths_below(record: Record, name: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of the lines of a name below a line, those in lists and mappings alike."""
    for key, child in record.children.items() if depth < _DEEPEST else ():
        if key == name:
            yield key
        yield from (f"{key}.{path}" for path in _paths_below(child, name, depth + 1))
