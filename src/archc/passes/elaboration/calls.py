"""Calling a block: binding its arguments, refusing recursion, running the call."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from archc import layers
from archc.diagnostics import (
    Advice,
    Code,
    Label,
    Proposal,
    RuleViolation,
    Span,
    did_you_mean,
    meant,
)
from archc.expressions.printing import expression_text, keyword_text
from archc.expressions.syntax import Expression, keyword_span
from archc.expressions.values import LayerName
from archc.ir.runs import Instance, Template
from archc.passes.elaboration.callees import BlockCallee
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.naming import near_callees
from archc.passes.elaboration.nodes import POISON, Skipped
from archc.passes.elaboration.parameters import bind_parameters
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Document
from archc.statements import Argument, Block, Body, Child, Item, LayerCall, bodies_of

MAX_BLOCK_NESTING = 16


class BlockCaller(Part):
    """Runs the blocks that the lines of this one call."""

    __slots__ = ()

    def call(self, callee: BlockCallee, call: LayerCall, inputs: Results, path: str) -> Instance:
        """Run the call of a block that stands in a chain.

        Raises:
            RuleViolation: the block calls itself, or the arguments or inputs do not fit it.
            Skipped: an input failed before.
        """
        self.check_recursion(callee.template, call)
        if callee.template.is_model:
            callee, arguments = self._configured(callee, call), dict[str, Any]()
        else:
            callee, arguments = self._bound(callee, call, len(inputs.values))
        if any(value is POISON for value in inputs.values):
            raise Skipped
        template = callee.template
        return self.run(callee, arguments, path, inputs, call, template)

    def _configured(self, callee: BlockCallee, call: LayerCall) -> BlockCallee:
        """Return an imported model with its parameters: `resnet(variant='resnet50')`."""
        positional, keywords = self.runner.arguments.of(call)
        document = callee.file.document
        if positional or document is None:
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{call.name}` takes `variant` and its parameters by name",
                span=call.span,
            )
        variant = keywords.pop("variant", None)
        try:
            bound = bind_parameters(document, variant, keywords, callee.file)
        except RuleViolation as violation:
            raise _at_call(violation, call, document) from None
        for violation in bound.violations:
            found = _at_call(violation, call, document)
            self.builder.report(found, call.span, self.scope.instance)
        if bound.violations:
            raise Skipped
        return BlockCallee(callee.template, callee.file.with_parameters(bound.values, bound.lost))

    def check_recursion(self, template: Template, call: LayerCall) -> None:
        """Refuse a call of a block that runs already, and calls in calls without end.

        Raises:
            RuleViolation: it is one.
        """
        instance: Instance | None = self.scope.instance
        while instance is not None:
            if instance.template is template:
                raise recursion(template, call)
            instance = instance.caller
        if self.scope.instance.depth >= MAX_BLOCK_NESTING:
            raise RuleViolation(
                Code.EXPANSION_LIMIT,
                f"blocks nested deeper than {MAX_BLOCK_NESTING}",
                span=call.span,
            )

    def _bound(
        self, callee: BlockCallee, call: LayerCall, tensors: int
    ) -> tuple[BlockCallee, dict[str, Any]]:
        """Bind a call's arguments to a block's parameters; its file knows the blocks among them."""
        positional, keywords = self.runner.arguments.of(call)
        callee = self._lent(callee, call, [*positional, *keywords.values()])
        bound = matched(callee, call, positional, keywords, tensors)
        for argument in callee.template.block.arguments:
            if argument.name not in bound and argument.default is not None:
                bound[argument.name] = _default(callee.file, argument.default, bound)
        return callee, bound

    def _lent(self, callee: BlockCallee, call: LayerCall, given: Sequence[Any]) -> BlockCallee:
        """Return a callee whose file knows the blocks of this file that it is given.

        Raises:
            RuleViolation: its own file has another block of that name.
        """
        own, theirs = self.scope.file, callee.file
        named = [value.name for value in given if isinstance(value, LayerName)]
        lent = [n for n in named if n in own.blocks and theirs.blocks.get(n) is not own.blocks[n]]
        if not lent:
            return callee
        for name in lent:
            if name in theirs.blocks or name in theirs.imports:
                raise RuleViolation(
                    Code.ARGUMENTS,
                    f"`{theirs.file}` has a `{name}` of its own",
                    help=f"give the block of this file another name than `{name}`",
                    span=call.span,
                )
        blocks = {name: own.blocks[name] for name in lent}
        homes = {name: own.homes.get(name, own) for name in lent}
        return BlockCallee(callee.template, theirs.with_blocks(blocks, homes))

    def run(
        self,
        callee: BlockCallee,
        arguments: dict[str, Any],
        path: str,
        inputs: Results,
        call: LayerCall,
        template: Template,
        line: Span | None = None,
    ) -> Instance:
        """Run a block called from a line of this one; `line` applies that call again."""
        taken = inputs.of_block(len(template.block.inputs))
        if (violation := self.misfit_inputs(template, call, len(taken))) is not None:
            raise violation
        instance = Instance(
            template,
            arguments,
            path,
            taken,
            call,
            self.scope.instance,
            line or call.span,
            _call_text(call),
        )
        instance.shared = self.builder.shared
        return self.runner.inner(callee.file, instance)

    def misfit_inputs(
        self, template: Template, call: LayerCall, count: int
    ) -> RuleViolation | None:
        """Return what is wrong with the number of tensors that flow into a call, if anything."""
        lacking = len(template.block.inputs) - count
        here = self._here(template, call, count)
        return _wrong_inputs(template, count, call, here) if lacking else None

    def _here(self, template: Template, call: LayerCall, count: int) -> tuple[str, ...]:
        """Return what a line can call the inputs of a block, with `…` for what it cannot name.

        A call that nothing flows into may take the inputs of this block.
        """
        wanted, own = template.block.inputs, self.scope.instance.template.block.inputs
        if not count and len(wanted) <= len(own):
            return own[: len(wanted)]
        given = _sources_of(call, self.scope.instance.template.block.body)
        known = {*self.scope.known()}
        named = [name if name in known else "…" for name in wanted[max(len(given), 1) :]]
        return (*(given or ("…",)), *named)


def matched(
    callee: BlockCallee,
    call: LayerCall,
    positional: Sequence[Any],
    keywords: Mapping[str, Any],
    tensors: int,
) -> dict[str, Any]:
    """Return a call's arguments by the names of a block's parameters.

    Raises:
        RuleViolation: too many are given, one has no parameter, or one is missing.
    """
    for violation in misfits_of_block(callee, call, len(positional), keywords, tensors):
        raise violation
    signature = callee.template.block.arguments
    names = [a.name for a in signature if not a.variadic]
    extra = next((a.name for a in signature if a.variadic), "")
    bound: dict[str, Any] = dict(zip(names, positional, strict=False))
    bound |= {name: value for name, value in keywords.items() if name in names}
    rest = tuple((name, value) for name, value in keywords.items() if name not in names)
    return bound | ({extra: rest} if extra else {})


def misfits_of_block(
    callee: BlockCallee,
    call: LayerCall,
    positional: int,
    keywords: Collection[str],
    tensors: int,
    *,
    is_whole: bool = True,
) -> Iterator[RuleViolation]:
    """Yield all that is wrong with a block's arguments whatever they are, each cause once.

    Unless it `is_whole`, further arguments are given that nobody knows.
    """
    signature = callee.template.block.arguments
    names = [a.name for a in signature if not a.variadic]
    is_open = len(names) < len(signature)
    if positional > len(names):
        yield _too_many(callee, call, names, positional)
    bound = {*names[:positional]}
    guesses: list[str] = []
    for name in keywords:
        if name in bound or (name not in names and not is_open):
            violation = _not_taken(callee, call, name, {*bound, *keywords})
            guesses += [guessed(violation)] if name not in names else []
            yield violation
    bound |= {*keywords, *guesses}
    missing = [a.name for a in signature if not a.variadic and a.default is None]
    missing = [name for name in missing if name not in bound]
    # a name that means nothing may stand for any that is missing
    if missing and is_whole and all(guesses):
        yield _missing_arguments(callee, call, missing, tensors)


def guessed(violation: RuleViolation) -> str:
    """Return the name that a message asks for in place of another, nothing where it knows none."""
    return violation.help.meant if isinstance(violation.help, Proposal) else ""


def translated(violation: RuleViolation) -> str:
    """Return the name that a message gives for that of another framework, if it gives one."""
    advice = violation.help
    if isinstance(advice, Advice) and violation.code is Code.UNKNOWN_CALLEE:
        return advice.edits[0].new if len(advice.edits) == 1 else ""
    found = re.fullmatch(r"in archc it is `(\w+)`", advice)
    return found[1] if found else ""


def _default(file: FileScope, default: Expression, bound: Mapping[str, Any]) -> Any:
    """Evaluate a parameter's default: it sees its file and the parameters before it."""
    return DefaultEvaluator({**file.parameters, **bound}, file).constant(default)


def _too_many(
    callee: BlockCallee, call: LayerCall, names: Sequence[str], given: int
) -> RuleViolation:
    """Return the violation for a call with more arguments than a block has parameters."""
    violation = _wrong_arguments(callee, call, f"it takes {len(names)}, {given} given")
    beyond = (call.arguments or ())[len(names) :]
    if beyond:
        violation.span = beyond[0].span.to(beyond[-1].span)
    takes = f"it takes {', '.join(f'`{name}`' for name in names)}" if names else "it takes none"
    violation.help = f"{takes}; what a block is applied to is no argument, it flows in"
    return violation


def _not_taken(
    callee: BlockCallee, call: LayerCall, name: str, given: Collection[str]
) -> RuleViolation:
    """Return the violation for an argument that is there twice, or that a block does not take."""
    block = callee.template.block
    names = [a.name for a in block.arguments if not a.variadic]
    if name in names:
        return _wrong_arguments(callee, call, f"`{name}` is given twice", name)
    left = [a for a in block.arguments if a.name not in given and not a.variadic]
    open_ones = [a.name for a in left if a.default is None or name.startswith(a.name)]
    other = open_ones[0] if len(open_ones) == 1 else _shortened(name, left)
    alike = meant(name, names)
    violation = _wrong_arguments(callee, call, f"there is no `{name}`", name)
    taking = f"`{block.name}({', '.join([*names, '**kw'])})`"
    passing = f"to take more arguments define it as {taking}, and pass `**kw` on to a layer"
    violation.help = alike or (did_you_mean(name, other) if other else passing)
    return violation


def _shortened(name: str, left: Sequence[Argument]) -> str:
    """Return the one parameter that has all words of a name: `start_relu`, `start_with_relu`."""
    words = {*name.split("_")}
    found = [argument.name for argument in left if words <= {*argument.name.split("_")}]
    return found[0] if len(found) == 1 else ""


def _at_call(violation: RuleViolation, call: LayerCall, document: Document) -> RuleViolation:
    """Point a violation of an imported model's parameters at the call that gives them."""
    given = keyword_span(call.keywords, violation.argument)
    if violation.argument in document.parameters and violation.span is not None:
        violation.labels = (Label(violation.span, "declared here"),)
    violation.span = given or call.span
    return violation


def _wrong_arguments(
    callee: BlockCallee, call: LayerCall, problem: str, argument: str = ""
) -> RuleViolation:
    block = callee.template.block
    names = ", ".join(f"**{a.name}" if a.variadic else a.name for a in block.arguments)
    span = keyword_span(call.keywords, argument) or call.span
    return RuleViolation(
        Code.ARGUMENTS,
        f"the arguments do not fit `{block.name}({names})`: {problem}",
        notes=(f"`{block.name}` is defined on line {block.span.line}",),
        span=span,
    )


def recursion(template: Template, call: LayerCall) -> RuleViolation:
    """Return the violation for a call by which a block comes to call itself."""
    return RuleViolation(
        Code.RECURSION,
        f"`{template.name}` calls itself",
        help=_other_than_itself(template.name),
        span=call.span,
    )


def _other_than_itself(name: str) -> str:
    """Return what a block may have meant by its own name: a layer that is called alike."""
    found = near_callees(name, layers.NAMES)
    if len(found) == 1:
        return f"did you mean the layer `{found[0]}`?"
    return "repeat a block with `* n` or `for`"


def _missing_arguments(
    callee: BlockCallee, call: LayerCall, missing: Sequence[str], tensors: int
) -> RuleViolation:
    listed = ", ".join(f"`{name}`" for name in missing)
    is_or_are = "is" if len(missing) == 1 else "are"
    violation = _wrong_arguments(callee, call, f"{listed} {is_or_are} missing")
    given = [*map(expression_text, call.arguments or ()), *map(keyword_text, call.keywords)]
    whole = ", ".join([*given, *(f"{name}=…" for name in missing)])
    violation.help = f"write `{call.name}({whole})`"
    block = callee.template.block
    if tensors > len(block.inputs):
        head = _with_tensors(block, missing)
        violation.help = f"what `from` gives has a parenthesis of its own: define it as `{head}`"
    return violation


def _with_tensors(block: Block, tensors: Sequence[str]) -> str:
    """Return a block's head that takes some of its parameters as tensors."""
    parameters = [a.name for a in block.arguments if a.name not in tensors]
    return f"{block.name}({', '.join(parameters)})({', '.join(tensors)}):"


def _wrong_inputs(
    template: Template, given: int, call: LayerCall, here: Sequence[str]
) -> RuleViolation:
    """Return the violation for a call of other inputs; `here` are those that it could take."""
    inputs = template.block.inputs
    wanted = f"{len(inputs)} input{'s' * (len(inputs) != 1)} ({', '.join(inputs)})"
    order = f"in this order: `{_call_text(call)} from {', '.join(here)}`"
    naming = f"name {'them' if len(inputs) > 1 else 'it'} after `from`, {order}"
    joining = "join them first: `… from concat(a, b)`, or `… from a + b`"
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{template.name}` takes {wanted}, {given} given",
        help=joining if given > len(inputs) == 1 else naming,
        span=call.span,
    )


def _sources_of(call: LayerCall, body: Body) -> tuple[str, ...]:
    """Return what the line of a body that begins with a call takes with `from`."""
    for entry in body.entries:
        item = entry.content if isinstance(entry, Child) else None
        if isinstance(item, Item) and item.stages and item.stages[0].unit is call:
            return tuple(map(expression_text, item.sources))
        for inner in bodies_of(entry):
            if found := _sources_of(call, inner):
                return found
    return ()


def _call_text(call: LayerCall) -> str:
    if call.arguments is None:
        return call.name
    parts = [*map(expression_text, call.arguments), *map(keyword_text, call.keywords)]
    return f"{call.name}({', '.join(parts)})"
