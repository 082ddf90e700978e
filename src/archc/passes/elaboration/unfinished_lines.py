"""Reading the lines that no run came to the end of, for what is wrong in them whatever flows.

A block that nobody calls, the lines under a false condition, the rest of a chain behind a stage
that failed: of these neither shapes nor values are known. But a name that nothing defines, a layer
that does not exist, an argument that no layer takes and a number that is out of range are wrong
all the same, and they are found here.
"""

from collections.abc import Collection, Iterator
from string import ascii_uppercase
from typing import Any

from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import (
    Attribute,
    Call,
    Comparison,
    Conditional,
    Expression,
    Index,
    Keyword,
    Logical,
    Name,
    Rest,
    Slice,
    Subscript,
    children,
    keyword_span,
)
from archc.expressions.values import FUNCTIONS, Unknown
from archc.ir.runs import Instance, Template
from archc.layers.base import Function, Layer
from archc.layers.binding import misfits
from archc.passes.elaboration.arguments import words_quoted
from archc.passes.elaboration.arriving import Arrivals, behind
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.call_cycles import cycle_through
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.calls import guessed, misfits_of_block, recursion, translated
from archc.passes.elaboration.copies import Copies
from archc.passes.elaboration.failures import poison
from archc.passes.elaboration.files import model_template
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped, wrong_count
from archc.passes.elaboration.other_frameworks import RENAMED
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import Binding, FileScope, is_plain
from archc.passes.elaboration.tensor_arguments import constants_of
from archc.spec.model import Document
from archc.statements import (
    Assert,
    Body,
    Branch,
    Child,
    Declare,
    Entry,
    For,
    If,
    Item,
    Join,
    LayerCall,
    Let,
    Return,
    Stage,
    bodies_of,
)

ANY_NAME = "{any}"
"""Stands, as a key with a part in braces, for every name that an input may have."""


def read_unfinished_lines(document: Document, file: FileScope, builder: NodeBuilder) -> None:
    """Report what is wrong in the lines of a document that never ran to their end."""
    names = {*file.parameters, *file.letters, *_letters(document)}
    blind = replace(file, parameters={}, letters={}, unread=file.unread | names)
    for template in (*(file.blocks[name] for name in document.blocks), model_template(document)):
        if not _has_finished(template.block.body, builder.finished):
            reader = _Reader(template, blind, builder)
            if template.is_model and "inputs" in document.lacks:
                reader.scope.broken.add(ANY_NAME)
            reader.read()


def _letters(document: Document) -> set[str]:
    """Return the letters of a document's inputs; where these are not known, all there are."""
    if "inputs" in document.lacks:
        return {*ascii_uppercase}
    return {size.letter for given in document.inputs for size in given.dimensions if size.letter}


def _has_finished(body: Body, finished: Collection[int]) -> bool:
    """Return whether every line of a body, those in parentheses too, ran to its end."""
    for entry in body.entries:
        if id(entry) not in finished:
            return False
        items = _items(entry.content) if isinstance(entry, Child) else ()
        if any(id(item) not in finished or _decides(item) for item in items):
            return False
        if not all(_has_finished(inner, finished) for inner in bodies_of(entry)):
            return False
    return True


def _items(content: Item | Body) -> Iterator[Item]:
    """Yield a line with what stands in its parentheses and behind its `else`."""
    if isinstance(content, Item):
        yield content
        for stage in content.stages:
            if isinstance(stage.unit, Item):
                yield from _items(stage.unit)
        if content.otherwise is not None:
            yield from _items(content.otherwise)


def _decides(item: Item) -> bool:
    """Return whether a line holds an expression of which only a part is evaluated."""
    calls = (stage.unit for stage in item.stages if isinstance(stage.unit, LayerCall))
    given = [a for call in calls for a in (*(call.arguments or ()), *_values(call.keywords))]
    return any(map(_is_lazy, (*given, *item.sources)))


def _is_lazy(expression: Index) -> bool:
    lazy = isinstance(expression, (Conditional, Logical))
    return lazy or any(map(_is_lazy, children(expression)))


def _values(keywords: tuple[Keyword, ...]) -> tuple[Expression, ...]:
    return tuple(keyword.value for keyword in keywords)


def _has_other_order(call: LayerCall, layer: type[Layer], arguments: tuple[Any, ...]) -> bool:
    """Return whether a call of another framework's may mean its arguments in an order of its own.

    The first ones are sizes everywhere.
    """
    is_foreign = call.callee[-1] in RENAMED and call.callee[-1] not in layers.NAMES
    are_sizes = all(isinstance(size, (int, tuple)) for size in arguments)
    return is_foreign and not (are_sizes and len(arguments) <= len(layer.positional))


class _Reader:
    """Reads the lines of one block: every branch, with no parameter and no tensor known."""

    def __init__(self, template: Template, file: FileScope, builder: NodeBuilder) -> None:
        block = template.block
        unknown = {argument.name: POISON for argument in block.arguments}
        inputs = tuple(POISON for _ in block.inputs)
        variables = Variables()
        self.instance = Instance(template, unknown, "", inputs, None, None, block.span, block.name)
        copies = Copies(builder, variables)
        self.runner = BlockRunner(file, self.instance, builder, variables, copies)
        self.scope = self.runner.scope
        self.evaluator = self.runner.evaluator
        self.builder = builder
        self.container = Container("", block.body.kind == "list", self.scope.frames[0])
        for name in block.inputs:
            self.scope.variables[name] = Binding(POISON)
        self._told = [*builder.diagnostics]
        document = file.document
        is_whole = document is not None and not document.mistakes and not document.lacks
        self.arrivals = Arrivals(block.inputs, is_whole=is_whole or not template.is_model)

    def read(self) -> None:
        """Report what is wrong in the lines of the block.

        The lists that their expressions make are no part of the network's.
        """
        made, self.builder.lists.elements = self.builder.lists.elements, 0
        self.evaluator.input = POISON
        self._whole_body(self.instance.template.block.body)
        self.builder.lists.elements = made

    def _whole_body(self, body: Body) -> None:
        """Read the lines of a block, of a child or of a branch: one alone takes all that flows."""
        if body.kind == "item":
            self.arrivals.enter_line()
        self._body(body)

    def _body(self, body: Body) -> None:
        for entry in body.entries:
            self.evaluator.line = entry.span
            if isinstance(entry, For):
                self._poison(entry)  # a turn reads what the turn before it left
            self._entry(entry)
            self._poison(entry)
            if isinstance(entry, (Child, For, If, Join, Branch)):
                self.arrivals.leave(entry)

    def _poison(self, entry: Entry) -> None:
        """Let later lines read the names that a line gives, without a value."""
        poison(entry, self.scope, self.container)
        self.scope.returned = False

    def _entry(self, entry: Entry) -> None:
        match entry:
            case Child(key, Item() as item):
                self.arrivals.name(key, self._item(item, self.arrivals.flow))
            case Child(key, body):
                assert isinstance(body, Body)
                self._whole_body(body)
                self.arrivals.name(key, None)
            case Branch(body):
                self._whole_body(body)
            case For(targets, iterable, body):
                self._value(iterable)
                for name in targets.flat():
                    self.arrivals.name(name, None)
                self._body(body)
            case If(branches):
                for condition, body in branches:
                    self._values((condition,))
                    self._body(body)
            case Join(body=body):
                self._join(entry)
                self.arrivals.enter_branches()
                self._body(body)
            case Let(name, value):
                self._value(value)
                self.arrivals.name(name, None)
            case Assert(value):
                self._value(value)
            case Return(values, _, condition, otherwise):
                self._values((*values, condition, otherwise))
            case Declare():
                pass

    def _item(self, item: Item, arriving: int | None) -> int | None:
        """Read a line that so many tensors flow to; return how many it gives on."""
        if item.is_broken:
            return None
        self._values((*item.sources, item.condition))
        count = start = self.arrivals.from_sources(item.sources) if item.sources else arriving
        has_run = id(item) in self.builder.finished and not _decides(item)
        for stage in item.stages:
            count = self._stage(stage, count, has_run=has_run)
        if item.target:
            self.scope.variables[item.target] = Binding(POISON)
            self.arrivals.name(item.target, None if item.collects else count)
        if item.otherwise is not None:
            self._item(item.otherwise, start)
        return count if item.condition is None else None

    def _stage(self, stage: Stage, arriving: int | None, *, has_run: bool) -> int | None:
        """Read a stage that so many tensors flow to; return how many it gives on."""
        if isinstance(stage.unit, Item):
            self._item(stage.unit, arriving)
            return None
        callee = self._callee(stage.unit)
        if not has_run:
            self._values((stage.factor,))
            self._call(stage.unit, callee, arriving if stage.factor is None else None)
        if stage.factor is not None or not isinstance(callee, type):
            return None
        return behind(callee)

    def _call(
        self,
        call: LayerCall,
        callee: type[Layer] | BlockCallee | None,
        arriving: int | None,
    ) -> None:
        """Read a call: its arguments, whether what it names takes them, and what flows to it."""
        if callee is None and len(call.callee) > 1:
            return  # `self.conv(x)` is Python, and so is all in it
        arguments = tuple(map(self._value, call.arguments or ()))
        keywords = {k.name: self._value(k.value) for k in words_quoted(call)}
        is_whole = keywords.pop("", None) is None
        if any(isinstance(argument, Comparison) for argument in call.arguments or ()):
            is_whole = False  # `bias==False` is meant for a name and its value
            arguments = ()
        if isinstance(callee, type) and _has_other_order(call, callee, arguments):
            arguments, is_whole = (), False
        if isinstance(callee, BlockCallee):
            self._block(callee, call, arguments, keywords, is_whole)
            self._inputs_of_block(callee.template, call, arriving)
        elif callee is not None:
            self._layer(callee, call, arguments, keywords, is_whole)
            wrong = self.runner.operations.misfit_inputs(callee, call, arriving or 0)
            if arriving is not None and wrong is not None:
                self._report(wrong, call.span)

    def _inputs_of_block(self, block: Template, call: LayerCall, arriving: int | None) -> None:
        """Report a number of tensors that a block does not take; of one line it takes the first."""
        if arriving is None:
            return
        taken = min(arriving, len(block.block.inputs)) if arriving == 1 else arriving
        if (wrong := self.runner.calls.misfit_inputs(block, call, taken)) is not None:
            self._report(wrong, call.span)

    def _callee(self, call: LayerCall) -> type[Layer] | BlockCallee | None:
        """Return what a call names, of a misspelt name what is meant; nothing where it is local."""
        if self._is_local(call):
            return None
        try:
            callee = self.runner.callees.resolve(call)
        except Skipped:
            return None
        except RuleViolation as violation:
            self._report(violation, call.span)
            return self._meant(call, violation)
        return callee if isinstance(callee, (BlockCallee, type)) else None

    def _meant(self, call: LayerCall, violation: RuleViolation) -> type[Layer] | BlockCallee | None:
        """Return what a message guesses that a call means."""
        alone = call.callee[-1]
        own = alone if alone in self.scope.file.blocks else ""
        name = own or guessed(violation) or translated(violation)
        try:
            callee = self.runner.callees.resolve(replace(call, callee=tuple(name.split("."))))
        except (Skipped, RuleViolation):
            return None
        return callee if isinstance(callee, (BlockCallee, type)) else None

    def _block(
        self,
        callee: BlockCallee,
        call: LayerCall,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        is_whole: bool,
    ) -> None:
        try:
            self.runner.calls.check_recursion(callee.template, call)
            self._check_circle(callee.template, call)
        except RuleViolation as violation:
            self._report(violation, call.span)
        if callee.template.is_model:
            return
        count = len(arguments)
        for found in misfits_of_block(callee, call, count, keywords, 1, is_whole=is_whole):
            self._report(found, call.span)

    def _check_circle(self, block: Template, call: LayerCall) -> None:
        """Refuse the call that closes a circle of blocks which call each other.

        Raises:
            RuleViolation: it does, and no run has come to it.
        """
        known, own = self.scope.file.blocks, self.instance.template
        if own.is_model or known.get(block.name) is not block or block.name not in known:
            return
        circle = cycle_through(block.name, own.name, known)
        told = {found.headline for found in self._told if found.code is Code.RECURSION}
        if circle and not any(f"`{name}` calls itself" in told for name in circle):
            raise recursion(block, call)

    def _layer(
        self,
        layer: type[Layer],
        call: LayerCall,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        is_whole: bool,
    ) -> None:
        if not layer.is_module and any(isinstance(a, Unknown) for a in arguments):
            arguments, is_whole = (), False  # one of them may be a tensor
        for violation in misfits(layer, arguments, keywords, is_whole=is_whole):
            found = self.runner.operations.misused(violation, layer, call, arguments)
            self._report(found, call.span)

    def _values(self, expressions: tuple[Expression | None, ...]) -> None:
        for expression in expressions:
            if expression is not None:
                self._value(expression)

    def _value(self, expression: Expression) -> Any:
        """Return what an expression stands for if that is a constant, else report what it lacks."""
        try:
            value = self.evaluator.evaluate(expression)
        except RuleViolation as violation:
            self._report(violation, expression.span)
            self._parts(expression)
        except Skipped:
            self._parts(expression)
        else:
            if is_plain(value):
                return value
        return Unknown(expression_text(expression))

    def _parts(self, expression: Index) -> None:
        """Read the parts of an expression each for itself: one unknown hides the others."""
        if isinstance(expression, Call):
            self._function_call(expression)
            return
        if isinstance(expression, Attribute) and isinstance(expression.value, Name):
            return
        if isinstance(expression, Subscript):
            self._brackets(expression)
        for part in children(expression):
            if isinstance(part, Slice):
                self._parts(part)
            elif not isinstance(part, Rest):
                self._value(part)

    def _join(self, join: Join) -> None:
        """Read the name of a join and its arguments."""
        keywords = {keyword.name: self._value(keyword.value) for keyword in join.keywords}
        if (function := self._function(join.operation, join.span)) is not None:
            self._arguments(function, (), keywords, join)

    def _function_call(self, call: Call) -> None:
        """Read the name of a function and its arguments; which are tensors its place says."""
        given = tuple(map(self._value, call.arguments))
        keywords = {keyword.name: self._value(keyword.value) for keyword in call.keywords}
        if (function := self._function(call.function, call.span)) is None:
            return
        self._arguments(function, constants_of(function, given), keywords, call)
        pairs = zip(call.arguments, given, strict=True)
        tensors = [part for part, value in pairs if isinstance(value, Unknown)]
        least, most = function.arity
        is_told = bool(tensors) and all(map(self.arrivals.is_one, tensors))
        if is_told and not least <= len(tensors) <= most:
            self._report(wrong_count(function, len(tensors)), call.span)

    def _function(self, name: str, span: Span) -> type[Function] | None:
        """Return the function of tensors that has a name; nothing for one of plain values."""
        try:
            return self._found(name) if name not in FUNCTIONS else None
        except RuleViolation as violation:
            self._report(violation, span)
        except Skipped:
            pass
        return None

    def _arguments(
        self,
        function: type[Function],
        constants: tuple[Any, ...] | None,
        keywords: dict[str, Any],
        call: Call | Join,
    ) -> None:
        """Report what is wrong with a function's arguments; None are those that nobody knows."""
        is_whole = keywords.pop("", None) is None and constants is not None
        for violation in misfits(function, constants or (), keywords, is_whole=is_whole):
            place = keyword_span(call.keywords, violation.argument)
            self._report(violation, place or call.span)

    def _brackets(self, expression: Subscript) -> None:
        """Read what stands in the brackets behind a tensor."""
        value = expression.value
        is_input = (
            isinstance(value, Name) and value.identifier in self.instance.template.block.inputs
        )
        if not is_input:
            return
        index = tuple(map(self._index, expression.indices))
        for violation in misfits(functions.find("getitem"), (), {"index": index}):
            self._report(violation, expression.span)

    def _index(self, part: Index) -> Any:
        """Return what stands in brackets as `getitem` takes it; unknown where it is no number."""
        if isinstance(part, Rest):
            return "..."
        if isinstance(part, Slice):
            bounds = (part.start, part.stop, part.step)
            return ("slice", *(None if bound is None else self._value(bound) for bound in bounds))
        return self._value(part)

    def _found(self, name: str) -> type[Function]:
        if name not in functions.NAMES:
            raise self.evaluator.unknown_function(name)
        return functions.find(name)

    def _report(self, violation: RuleViolation, span: Span) -> None:
        """Report a mistake, unless it is known or concerns a permission for what never runs."""
        place = violation.span or span
        if violation.code is not Code.PYTHON_LAYER and not self._is_known(violation, place, span):
            self.builder.report(violation, place, self.instance)

    def _is_known(self, violation: RuleViolation, place: Span, span: Span) -> bool:
        """Return whether a run has told a mistake: at its place, or in these words of its call."""
        return any(
            found.primary == place
            or (found.headline == violation.headline and found.primary.overlaps(span))
            for found in self._told
            if found.primary is not None
        )

    def _is_local(self, call: LayerCall) -> bool:
        """Return whether a call names a parameter, a line, or a child of one: none is known."""
        name = call.callee[0]
        is_child = call.arguments is None and self.scope.child(name) is not None
        return is_child or name in self.scope.variables
