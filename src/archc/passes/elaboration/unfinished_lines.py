"""Reading the lines that no run came to the end of, for what is wrong in them whatever flows.

A block that nobody calls, the lines under a false condition, the rest of a chain behind a stage
that failed: of these neither shapes nor values are known. But a name that nothing defines, a layer
that does not exist, an argument that no layer takes and a number that is out of range are wrong
all the same, and they are found here.
"""

from string import ascii_uppercase
from typing import Any

from msgspec.structs import replace

from archc import layers
from archc.diagnostics import Code, RuleViolation
from archc.expressions.values import Unknown
from archc.ir.runs import Template
from archc.layers.base import Layer
from archc.layers.binding import misfits
from archc.passes.elaboration.arguments import as_keyword, words_quoted
from archc.passes.elaboration.arriving import behind
from archc.passes.elaboration.call_cycles import cycle_through
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.calls import guessed, misfits_of_block, recursion, translated
from archc.passes.elaboration.failures import poison
from archc.passes.elaboration.files import model_template
from archc.passes.elaboration.finished_lines import decides, has_finished
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped
from archc.passes.elaboration.other_frameworks import RENAMED
from archc.passes.elaboration.scope import Binding, FileScope
from archc.passes.elaboration.unfinished_expressions import ExpressionReader
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
)

ANY_NAME = "{any}"
"""Stands, as a key with a part in braces, for every name that an input may have."""


def read_unfinished_lines(document: Document, file: FileScope, builder: NodeBuilder) -> None:
    """Report what is wrong in the lines of a document that never ran to their end."""
    names = {*file.parameters, *file.letters, *_letters(document)}
    blind = replace(file, parameters={}, letters={}, unread=file.unread | names)
    for template in (*(file.blocks[name] for name in document.blocks), model_template(document)):
        if not has_finished(template.block.body, builder.finished):
            reader = _Reader(template, blind, builder)
            if template.is_model and "inputs" in document.lacks:
                reader.scope.broken.add(ANY_NAME)
            reader.read()


def _letters(document: Document) -> set[str]:
    """Return the letters of a document's inputs; where these are not known, all there are."""
    if "inputs" in document.lacks:
        return {*ascii_uppercase}
    return {size.letter for given in document.inputs for size in given.dimensions if size.letter}


def _has_other_order(call: LayerCall, layer: type[Layer], arguments: tuple[Any, ...]) -> bool:
    """Return whether a call of another framework's may mean its arguments in an order of its own.

    The first ones are sizes everywhere.
    """
    is_foreign = call.callee[-1] in RENAMED and call.callee[-1] not in layers.NAMES
    are_sizes = all(isinstance(size, (int, tuple)) for size in arguments)
    return is_foreign and not (are_sizes and len(arguments) <= len(layer.positional))


class _Reader(ExpressionReader):
    """Reads the lines of one block: every branch, with no parameter and no tensor known."""

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
                self.value(iterable)
                for name in targets.flat():
                    self.arrivals.name(name, None)
                self._body(body)
            case If(branches):
                for condition, body in branches:
                    self.numbers((condition,))
                    self._body(body)
            case Join(body=body):
                self._join(entry)
                self.arrivals.enter_branches()
                self._body(body)
            case Let(name, value):
                self.value(value)
                self.arrivals.name(name, None)
            case Assert(value):
                self.numbers((value,))
            case Return(values, _, condition, otherwise):
                self.values((*values, otherwise))
                self.numbers((condition,))
            case Declare():
                pass

    def _item(self, item: Item, arriving: int | None) -> int | None:
        """Read a line that so many tensors flow to; return how many it gives on."""
        if item.is_broken:
            return None
        self.values(item.sources)
        self.numbers((item.condition,))
        count = start = self.arrivals.from_sources(item.sources) if item.sources else arriving
        has_run = id(item) in self.builder.finished and not decides(item)
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
            self.numbers((stage.factor,))
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
        with self.evaluator.wanting(number=True):
            arguments = tuple(map(self.value, call.arguments or ()))
            keywords = {k.name: self.value(k.value) for k in words_quoted(call)}
        is_whole = keywords.pop("", None) is None
        if any(as_keyword(argument, call) for argument in call.arguments or ()):
            arguments, is_whole = (), False
        if isinstance(callee, type) and _has_other_order(call, callee, arguments):
            arguments, is_whole = (), False
        if isinstance(callee, BlockCallee):
            self._block(callee, call, arguments, keywords, is_whole)
            self._inputs_of_block(callee.template, call, arriving)
        elif callee is not None:
            self._layer(callee, call, arguments, keywords, is_whole)
            wrong = self.runner.operations.misfit_inputs(callee, call, arriving or 0)
            if arriving is not None and wrong is not None:
                self.report(wrong, call.span)

    def _inputs_of_block(self, block: Template, call: LayerCall, arriving: int | None) -> None:
        """Report a number of tensors that a block does not take; of one line it takes the first."""
        if arriving is None:
            return
        taken = min(arriving, len(block.block.inputs)) if arriving == 1 else arriving
        if (wrong := self.runner.calls.misfit_inputs(block, call, taken)) is not None:
            self.report(wrong, call.span)

    def _callee(self, call: LayerCall) -> type[Layer] | BlockCallee | None:
        """Return what a call names, of a misspelt name what is meant; nothing where it is local."""
        if self._is_local(call):
            return None
        try:
            callee = self.runner.callees.resolve(call)
        except Skipped:
            return None
        except RuleViolation as violation:
            self.report(violation, call.span)
            return self._meant(call, violation)
        return callee if isinstance(callee, (BlockCallee, type)) else None

    def _meant(self, call: LayerCall, violation: RuleViolation) -> type[Layer] | BlockCallee | None:
        """Return what a message guesses that a call means."""
        places = {violation.span, call.span}
        told = [d.help for d in self.told if d.code is violation.code and d.primary in places]
        violation.help = next(iter(told), violation.help)  # a run knows parameters that are layers
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
            self.report(violation, call.span)
        if callee.template.is_model:
            return
        count = len(arguments)
        for found in misfits_of_block(callee, call, count, keywords, 1, is_whole=is_whole):
            self.report(found, call.span)

    def _check_circle(self, block: Template, call: LayerCall) -> None:
        """Refuse the call that closes a circle of blocks which call each other.

        Raises:
            RuleViolation: it does, and no run has come to it.
        """
        known, own = self.scope.file.blocks, self.instance.template
        if own.is_model or known.get(block.name) is not block or block.name not in known:
            return
        circle = cycle_through(block.name, own.name, known)
        told = {found.headline for found in self.told if found.code is Code.RECURSION}
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
            self.report(found, call.span)

    def _join(self, join: Join) -> None:
        """Read the name of a join and its arguments."""
        keywords = {keyword.name: self.value(keyword.value) for keyword in join.keywords}
        if (function := self.function(join.operation, join.span)) is not None:
            self.arguments(function, (), keywords, join)

    def _is_local(self, call: LayerCall) -> bool:
        """Return whether a call names a parameter, a line, or a child of one: none is known."""
        name = call.callee[0]
        is_child = call.arguments is None and self.scope.child(name) is not None
        return is_child or name in self.scope.variables
