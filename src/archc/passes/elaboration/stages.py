"""Running the stages of one line: layers, functions, blocks, parentheses, children again."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Code, Operand, RuleViolation, Span
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Expression, Literal, names
from archc.expressions.values import Constant, LayerName, is_list
from archc.ir.graph import (
    Instance,
    ItemRun,
    Operation,
    Reuse,
    StageRun,
    Template,
    Value,
)
from archc.layers.base import Layer, bind
from archc.passes.elaboration.naming import defined_in, in_torch, nearest
from archc.passes.elaboration.nodes import POISON, Skipped, operand, origin_text
from archc.passes.elaboration.parameters import bind_parameters
from archc.passes.elaboration.places import Slot
from archc.passes.elaboration.scope import STAGE_INPUTS, FileScope, Record, is_plain
from archc.statements import Body, Child, For, If, Item, Join, LayerCall, Stage
from archc.statements import Branch as BranchLine

if TYPE_CHECKING:
    from archc.passes.elaboration.lines import BlockRunner

MAX_BLOCK_NESTING = 16

Unit = Operation | Instance | ItemRun | Reuse


class BlockCallee(Struct, frozen=True):
    """A block with the file whose names it sees."""

    template: Template
    file: FileScope


class Planned(Struct, frozen=True):
    """A stage before it runs: what it calls, how often, whether it takes a slot."""

    stage: Stage
    callee: "type[Layer] | BlockCallee | Record | Item"
    count: int | None
    holds: bool


class StageRunner:
    """Runs the chains of one block."""

    def __init__(self, runner: "BlockRunner") -> None:
        self.runner = runner
        self.scope = runner.scope
        self.builder = runner.builder
        self.evaluator = runner.evaluator

    def chain(
        self, stages: Sequence[Stage], inputs: tuple[Value, ...], slot: Slot
    ) -> tuple[tuple[StageRun, ...], tuple[Value, ...]]:
        """Run stages one after the other; return what ran and the last results."""
        planned = self._plan(stages, inputs)
        paths = _paths(planned, slot)
        runs: list[StageRun] = []
        for plan, places in zip(planned, paths, strict=True):
            self.evaluator.input = inputs[0] if inputs else None
            run, inputs = self._stage(plan, inputs, places)
            runs.append(run)
        return tuple(runs), inputs

    def _plan(self, stages: Sequence[Stage], inputs: tuple[Value, ...]) -> list[Planned]:
        self.evaluator.input = inputs[0] if inputs else None
        planned: list[Planned] = []
        for stage in stages:
            count = None
            if stage.factor is not None:
                count = self.evaluator.integer(stage.factor, "the number of copies")
                self._check_count(count, stage)
            callee = stage.unit if isinstance(stage.unit, Item) else self.resolve(stage.unit)
            holds = self.holds(callee) and self._is_there(stage)
            planned.append(Planned(stage, callee, count, holds))
        return planned

    def _is_there(self, stage: Stage) -> bool:
        """Return whether a parenthesis takes its slot: its condition holds, or it has an `else`."""
        item = stage.unit
        if not isinstance(item, Item) or item.condition is None or item.otherwise is not None:
            return True
        if names(item.condition) & set(STAGE_INPUTS):
            raise RuleViolation(
                Code.SYNTAX,
                "the condition of a parenthesis cannot ask its own input",
                help="write the stage as a line of its own",
                span=item.condition.span,
            )
        return self.evaluator.condition(item.condition)

    def _check_count(self, count: int, stage: Stage) -> None:
        span = stage.factor.span if stage.factor else stage.span
        if count < 0:
            raise RuleViolation(Code.EXPRESSION_VALUE, f"{count} copies of a layer", span=span)
        self.builder.expect_room(count)

    def resolve(self, call: LayerCall) -> "type[Layer] | BlockCallee | Record":
        """Return what a callee names: a child, a layer parameter, a block, a layer, a function.

        Raises:
            RuleViolation: it names nothing.
        """
        if call.arguments is None and (record := self._earlier_child(call)) is not None:
            return record
        if len(call.callee) > 1:
            return self._imported(call)
        return self._named(call.name, self.scope.file, call.span)

    def _earlier_child(self, call: LayerCall) -> Record | None:
        record = self.scope.child(call.callee[0])
        for name in call.callee[1:]:
            record = record.children.get(name) if record is not None else None
        return record

    def _imported(self, call: LayerCall) -> "type[Layer] | BlockCallee":
        alias, name = call.callee[0], call.callee[-1]
        if alias in self.scope.file.imports and len(call.callee) == 2:
            return self._named(name, self.scope.file.imports[alias], call.span)
        raise self._unknown(call.name, call.span)

    def _named(self, name: str, file: FileScope, span: Span) -> "type[Layer] | BlockCallee":
        value = self._layer_parameter(name)
        if value is not None:
            return self._named(value.name, self.scope.file, span)
        if name in file.blocks:
            return BlockCallee(file.blocks[name], file.homes.get(name, file))
        if name in file.python:
            return self._permitted(name, file, span)
        imported = file.imports.get(name)
        if imported is not None and imported.model is not None:
            return BlockCallee(imported.model, imported)
        if name in layers.NAMES:
            return layers.find(name)
        if name in functions.NAMES:
            return functions.find(name)
        raise self._unknown(name, span)

    def _permitted(self, name: str, file: FileScope, span: Span) -> "type[Layer]":
        """Return a Python layer that the caller has named as permitted."""
        layer = file.python[name]
        if layer is None:
            assert file.document is not None
            target = file.document.python[name]
            raise RuleViolation(
                Code.PYTHON_LAYER,
                f"`{name}` is Python code, `{target}`, and nobody has permitted it",
                help=f"if you trust it: --allow-python {target}, or load(ops={{'{name}': …}})",
                span=span,
            )
        return layer

    def _layer_parameter(self, name: str) -> LayerName | None:
        binding = self.scope.variables.get(name)
        value = binding.value if binding else self.scope.file.parameters.get(name)
        if isinstance(value, LayerName) and value.name != name:
            return value
        return None

    def _unknown(self, name: str, span: Span) -> RuleViolation:
        place = Span(span.file, span.line, span.column, span.line, span.column + len(name))
        return RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"there is no layer, block or function `{name}`",
            help=self._advice(name, span),
            span=place,
        )

    def _advice(self, name: str, span: Span) -> str:
        """Return what was probably meant by the name of a layer that does not exist."""
        if name in self.scope.variables:
            return f"`{name}` is a value: a line reads it with `from {name}`"
        below = defined_in(name, self.scope.instance.template.block.body)
        if below is not None and below.line > span.line:
            return f"`{name}` is defined on line {below.line}: move this line below it"
        alone = name.rpartition(".")[2]
        if advice := in_torch(alone):
            return advice
        file = self.scope.file
        known = [*file.blocks, *layers.NAMES, *functions.NAMES, *file.imports]
        near = nearest(alone, known) or nearest(name, known)
        return f"did you mean `{near}`?" if near else "see `archc layers`"

    def holds(self, callee: "type[Layer] | BlockCallee | Record | Item") -> bool:
        """Return whether a callee takes a slot of the module tree."""
        match callee:
            case Record():
                return False
            case Item():
                return any(
                    self.holds(s.unit if isinstance(s.unit, Item) else self.resolve(s.unit))
                    for s in callee.stages
                )
            case BlockCallee(template):
                return _body_holds(template.block.body)
            case _:
                return callee.is_module

    def _stage(
        self, plan: Planned, inputs: tuple[Value, ...], paths: list[str]
    ) -> tuple[StageRun, tuple[Value, ...]]:
        units: list[Unit] = []
        for index in range(1 if plan.count is None else plan.count):
            path = paths[index] if paths else self.scope.instance.path
            self.builder.step()
            unit, inputs = self._unit(plan, inputs, path)
            units.append(unit)
            self.evaluator.input = inputs[0]
        numbered = plan.count is not None or len(paths) > 1
        return StageRun(plan.stage, tuple(units), tuple(paths), numbered), inputs

    def _unit(
        self, plan: Planned, inputs: tuple[Value, ...], path: str
    ) -> tuple[Unit, tuple[Value, ...]]:
        unit = plan.stage.unit
        if isinstance(plan.callee, Item):
            run = self.runner.inner_item(plan.callee, inputs, path)
            return run, run.values
        if not isinstance(unit, LayerCall):
            raise AssertionError("a stage that is no parenthesis is a call")
        if isinstance(plan.callee, Record):
            return self._reuse(plan.callee, inputs, unit)
        if isinstance(plan.callee, BlockCallee):
            instance = self._block(plan.callee, unit, inputs, path)
            return instance, instance.values
        return self._operation(plan.callee, unit, inputs, path)

    def _operation(
        self, layer: type[Layer], call: LayerCall, inputs: tuple[Value, ...], path: str
    ) -> tuple[Operation, tuple[Value, ...]]:
        arguments, keywords = self._arguments(call)
        try:
            claimed = {n: keywords.pop(n) for n in layer.inferred_names if n in keywords}
            operation = bind(layer, arguments, keywords)
            inputs = self._fitting(operation, inputs)
            place = path if layer.is_module else self.scope.function_path(call.name)
            values = self.builder.apply(operation, inputs, place, call.span, self.scope.instance)
            self._check_claims(claimed, operation, inputs)
        except RuleViolation as violation:
            self.builder.blame_once(violation.code, inputs)
            raise self._placed(violation, layer, call, inputs) from None
        return Operation(values[0].node, call, values), values

    def _fitting(self, operation: Layer, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return as many inputs as a layer takes: results beyond the first may be dropped."""
        least, most = operation.arity
        if most == 0:
            return ()
        if least > 0 and not inputs:
            raise RuleViolation(
                Code.NO_FLOW,
                "no tensor flows into this line",
                help="say where it comes from: `… from image`",
            )
        if len(inputs) > most and inputs[0].node.operation is not None and _one_origin(inputs):
            return inputs[:most]
        return inputs

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
            violation.operands = tuple(rows)
        return violation

    def _described(self, value: Value) -> Operand:
        """Return an input as a row of a message, under the name it has in this block."""
        for frame in reversed(self.scope.frames):
            for name, record in frame.items():
                if not name.isdigit() and value.key == record.value.key:
                    return operand(name, value, record.span, record.text)
        name = value.node.path if value.node.operation is None else "input"
        return operand(name, value, value.node.span, origin_text(value.node))

    def _arguments(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Evaluate a call's arguments; a layer parameter's own come first."""
        own = self._own_arguments(call)
        positional = [self._constant(argument, call) for argument in call.arguments or ()]
        keywords = self.evaluator.keywords(call.keywords)
        for keyword in call.keywords:
            if keyword.name and not is_plain(keywords[keyword.name]):
                raise _tensor_argument(call, keyword.span)
        return (*own[0], *positional), own[1] | keywords

    def _own_arguments(self, call: LayerCall) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of a layer given as a parameter: `act: LeakyReLU(0.1)`."""
        value = self._layer_parameter(call.callee[0]) if len(call.callee) == 1 else None
        if value is None or value.call is None:
            return (), {}
        arguments = tuple(self.evaluator.constant(a) for a in value.call.arguments)
        return arguments, self.evaluator.keywords(value.call.keywords)

    def _constant(self, expression: Expression, call: LayerCall) -> Any:
        value = self.evaluator.evaluate(expression)
        if not is_plain(value) or (is_list(value) and not all(map(is_plain, value))):
            raise _tensor_argument(call, expression.span)
        return value

    def _block(
        self, callee: BlockCallee, call: LayerCall, inputs: tuple[Value, ...], path: str
    ) -> Instance:
        self._check_recursion(callee.template, call)
        if callee.template.is_model:
            callee, arguments = self._configured(callee, call), dict[str, Any]()
        else:
            arguments = self._bound(callee, call)
        if any(value is POISON for value in inputs):
            raise Skipped
        template = callee.template
        return self.runner.call_block(callee, arguments, path, inputs, call, template)

    def _configured(self, callee: BlockCallee, call: LayerCall) -> BlockCallee:
        """Return an imported model with its parameters: `resnet(variant='resnet50')`."""
        positional, keywords = self._arguments(call)
        document = callee.file.document
        if positional or document is None:
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{call.name}` takes `variant` and its parameters by name",
                span=call.span,
            )
        variant = keywords.pop("variant", None)
        try:
            values = bind_parameters(document, variant, keywords, callee.file)
        except RuleViolation as violation:
            violation.span = call.span
            raise
        return BlockCallee(callee.template, replace(callee.file, parameters=values))

    def _check_recursion(self, template: Template, call: LayerCall) -> None:
        instance: Instance | None = self.scope.instance
        while instance is not None:
            if instance.template is template:
                raise RuleViolation(
                    Code.RECURSION,
                    f"`{template.name}` calls itself",
                    help="repeat a block with `* n` or `for`",
                    span=call.span,
                )
            instance = instance.caller
        if self.scope.instance.depth >= MAX_BLOCK_NESTING:
            raise RuleViolation(
                Code.EXPANSION_LIMIT,
                f"blocks nested deeper than {MAX_BLOCK_NESTING}",
                span=call.span,
            )

    def _bound(self, callee: BlockCallee, call: LayerCall) -> dict[str, Any]:
        """Bind a call's arguments to a block's parameters."""
        positional, keywords = self._arguments(call)
        signature = callee.template.block.arguments
        names = [a.name for a in signature if not a.variadic]
        if len(positional) > len(names):
            raise _wrong_arguments(callee, call, f"{len(positional)} given")
        bound: dict[str, Any] = dict(zip(names, positional, strict=False))
        extra = next((a.name for a in signature if a.variadic), "")
        rest: list[tuple[str, Any]] = []
        for name, value in keywords.items():
            if name in names and name not in bound:
                bound[name] = value
            elif extra and name not in bound:
                rest.append((name, value))
            else:
                raise _wrong_arguments(callee, call, _surplus(name, names), name)
        for argument in signature:
            if argument.name not in bound and not argument.variadic:
                if argument.default is None:
                    raise _wrong_arguments(callee, call, f"`{argument.name}` is missing")
                bound[argument.name] = self.runner.default(callee.file, argument.default, bound)
        return bound | ({extra: tuple(rest)} if extra else {})

    def _reuse(
        self, record: Record, inputs: tuple[Value, ...], call: LayerCall
    ) -> tuple[Reuse, tuple[Value, ...]]:
        if record.content is None and record.value is POISON:
            raise Skipped
        if record.content is None or record.absent:
            raise RuleViolation(
                Code.ABSENT_NAME, f"`{call.name}` cannot be applied again", span=call.span
            )
        if record.value is POISON or any(value is POISON for value in inputs):
            raise Skipped
        shared, self.builder.shared = self.builder.shared, True
        try:
            again = self.runner.replay(record.content, inputs)
        except RuleViolation as violation:
            violation.span = call.span
            raise
        finally:
            self.builder.shared = shared
        values = again.values if isinstance(again, ItemRun) else ((again.value or POISON),)
        return Reuse(record.content.path, record.content, again, values), values


def _paths(planned: list[Planned], slot: Slot) -> list[list[str]]:
    """Return the paths each stage's copies take: a slot with two modules or more is numbered."""
    holding = [plan for plan in planned if plan.holds and plan.count != 0]
    total = sum(1 if plan.count is None else plan.count for plan in holding)
    repeated = any(plan.count is not None for plan in holding)
    if total == 0:
        return [[] for _ in planned]
    if total == 1 and not repeated:
        return [[slot.path] if plan.holds else [] for plan in planned]
    numbers = iter(slot.copies(total, alone=len(holding) == 1 and repeated))
    return [
        [next(numbers) for _ in range(1 if plan.count is None else plan.count)]
        if plan.holds
        else []
        for plan in planned
    ]


def _body_holds(body: Body) -> bool:
    """Return whether any line of a body calls a module, read from the text alone."""
    return any(_entry_holds(entry) for entry in body.entries)


def _entry_holds(entry: object) -> bool:
    match entry:
        case Child(_, Body() as body):
            return _body_holds(body)
        case Child(_, Item() as item):
            return _item_holds(item)
        case For() | Join() | BranchLine():
            return _body_holds(entry.body)
        case If(branches):
            return any(_body_holds(body) for _, body in branches)
        case _:
            return False


def _item_holds(item: Item) -> bool:
    units = [stage.unit for stage in item.stages]
    return any(
        _item_holds(unit) if isinstance(unit, Item) else unit.callee[-1] not in functions.NAMES
        for unit in units
    ) or (item.otherwise is not None and _item_holds(item.otherwise))


def _one_origin(values: tuple[Value, ...]) -> bool:
    return len({value.node.index for value in values}) == 1


def _argument_span(argument: str, layer: type[Layer], call: LayerCall) -> Span | None:
    """Return the place of an argument given by name, by position or by its number."""
    if not argument:
        return None
    for keyword in call.keywords:
        if keyword.name == argument:
            return keyword.span
    positional = call.arguments or ()
    index = int(argument) if argument.isdigit() else -1
    if argument in layer.positional:
        index = layer.positional.index(argument)
    return positional[index].span if 0 <= index < len(positional) else None


def _tensor_argument(call: LayerCall, span: Span) -> RuleViolation:
    """Refuse a tensor among a call's arguments; show the call with its tensors behind `from`."""
    given = [*(call.arguments or ()), *(keyword.value for keyword in call.keywords)]
    tensors = [part for part in given if not isinstance(part, Literal)]
    plain = [expression_text(part) for part in given if isinstance(part, Literal)]
    head = f"{call.name}({', '.join(plain)})" if plain else call.name
    return RuleViolation(
        Code.NOT_A_TENSOR,
        "a tensor cannot be an argument in a chain",
        help=f"feed it in with `from`: `{head} from {', '.join(map(expression_text, tensors))}`",
        span=span,
    )


def _surplus(name: str, names: list[str]) -> str:
    if name in names:
        return f"`{name}` is given twice"
    near = nearest(name, names)
    return f"there is no `{name}`" + (f", did you mean `{near}`?" if near else "")


def _wrong_arguments(
    callee: BlockCallee, call: LayerCall, problem: str, argument: str = ""
) -> RuleViolation:
    block = callee.template.block
    names = ", ".join(f"**{a.name}" if a.variadic else a.name for a in block.arguments)
    span = next((k.span for k in call.keywords if k.name == argument), call.span)
    return RuleViolation(
        Code.ARGUMENTS,
        f"the arguments do not fit `{block.name}({names})`: {problem}",
        notes=(f"`{block.name}` is defined on line {block.span.line}",),
        span=span,
    )
