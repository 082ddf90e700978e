"""What a callee names: an earlier child, a layer parameter, a block, a layer, a function."""

from msgspec import Struct
from msgspec.structs import replace

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span, did_you_mean, meant, near
from archc.expressions.printing import expression_text, option_literal
from archc.expressions.python_forms import PREFIXES
from archc.expressions.syntax import names
from archc.expressions.values import Constant, LayerName
from archc.ir.runs import Template
from archc.layers.base import Layer
from archc.passes.elaboration.naming import callee_meant, defined_in, near_callees
from archc.passes.elaboration.nodes import Skipped
from archc.passes.elaboration.other_frameworks import in_archc, in_capitals
from archc.passes.elaboration.parameters import constant_as_written
from archc.passes.elaboration.running import Part
from archc.passes.elaboration.scope import FileScope, Record
from archc.statements import Body, Branch, Child, For, If, Item, Join, LayerCall

UNKNOWN = "see `archc layers`"
"""What is said of a name that is near to none."""
_NO_CONSTANT = LayerName("")


class BlockCallee(Struct, frozen=True):
    """A block with the file whose names it sees."""

    template: Template
    file: FileScope


class CalleeFinder(Part):
    """Finds what the lines of a block call, and says whether it takes a slot."""

    __slots__ = ()

    def resolve(self, call: LayerCall) -> "type[Layer] | BlockCallee | Record":
        """Return what a callee names: a child, a layer parameter, a block, a layer, a function.

        Raises:
            RuleViolation: it names nothing.
            Skipped: what it names could not be read.
        """
        if call.arguments is None and (record := self._earlier_child(call)) is not None:
            return record
        if len(call.callee) > 1:
            return self._imported(call)
        try:
            return self._named(call.name, self.scope.file, call.span)
        except RuleViolation as violation:
            line = self._line_meant(call)
            is_line = isinstance(line, Advice) or violation.help == UNKNOWN
            violation.help = self._called_again(call) or (is_line and line) or violation.help
            raise

    def _line_meant(self, call: LayerCall) -> str:
        """Return the question which line above is meant, whose layer would be applied again."""
        lines = (line for frame in self.scope.frames for line in frame)
        return meant(call.name, lines) if call.arguments is None else ""

    def _without_self(self, call: LayerCall) -> str:
        """Return how `self.conv(x)` is written, nothing where it names no line and no function."""
        plain = replace(call, callee=call.callee[1:])
        if again := self._called_again(plain):
            return f"there is no `self`: {again}"
        inputs = ", ".join(expression_text(a) for a in call.arguments or () if names(a))
        if self._earlier_child(plain) is not None or plain.name in functions.NAMES:
            written = f"{plain.name} from {inputs}" if inputs else plain.name
            return f"there is no `self`: write `{written}`"
        return ""

    def _called_again(self, call: LayerCall) -> str:
        """Return how an earlier line is called again that Python would call like a function."""
        if call.arguments is None or self.scope.child(call.name) is None:
            return ""
        if any(not names(argument) for argument in call.arguments):
            return f"`{call.name}` is a line above, and no layer; alone it is applied again"
        inputs = ", ".join(map(expression_text, call.arguments))
        again = f"{call.name} from {inputs}" if inputs else call.name
        return f"`{call.name}` is a line above, and what flows in follows `from`: write `{again}`"

    def _earlier_child(self, call: LayerCall) -> Record | None:
        record = self.scope.child(call.callee[0])
        for name in call.callee[1:]:
            record = record.children.get(name) if record is not None else None
        return record

    def _imported(self, call: LayerCall) -> "type[Layer] | BlockCallee":
        alias = call.callee[0]
        if alias in self.scope.file.unread:
            raise Skipped
        if alias in self.scope.file.imports and len(call.callee) == 2:
            return self._of_import(call, self.scope.file.imports[alias])
        violation = self._unknown(call.name, call.span)
        if alias == "self":
            violation.help = self._without_self(call) or violation.help
        raise violation

    def _of_import(self, call: LayerCall, file: FileScope) -> "type[Layer] | BlockCallee":
        """Return what `file.Name` names.

        Raises:
            RuleViolation: the other file has nothing of that name.
        """
        alias, name = call.callee
        try:
            return self._named(name, file, call.span)
        except RuleViolation as violation:
            if violation.code is not Code.UNKNOWN_CALLEE:
                raise
        found = near(name, file.blocks)
        listed = ", ".join(f"`{alias}.{block}`" for block in file.blocks)
        raise RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"the import `{alias}` has no block `{name}`",
            help=did_you_mean(
                call.name,
                *(f"{alias}.{other}" for other in found),
                among=(f"{alias}.{block}" for block in file.blocks),
            )
            if found
            else listed and f"it has {listed}",
            span=call.span,
        )

    def _named(self, name: str, file: FileScope, span: Span) -> "type[Layer] | BlockCallee":
        value = self.layer_parameter(name)
        if value is not None:
            return self._named(value.name, self.scope.file, span)
        if name in file.unread:
            raise Skipped
        if name in file.blocks:
            return BlockCallee(file.blocks[name], file.homes.get(name, file))
        if name in file.python:
            return self._permitted(name, file, span)
        imported = file.imports.get(name)
        if imported is not None and imported.model is None:
            raise Skipped
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

    def layer_parameter(self, name: str) -> LayerName | None:
        """Return the layer that a parameter of this name stands for, if there is one."""
        binding = self.scope.variables.get(name)
        value = binding.value if binding else self.scope.file.parameters.get(name)
        if isinstance(value, LayerName) and value.name != name:
            return value
        return None

    def _unknown(self, name: str, span: Span) -> RuleViolation:
        is_begun = any(unread.startswith(name) for unread in self.scope.file.unread)
        is_of_torch = name.rpartition(".")[0] in PREFIXES
        if not is_of_torch and (self.scope.file.is_partial or is_begun):
            raise Skipped  # a block that could not be read, or `Convout, k):` for `Conv`
        place = Span(span.file, span.line, span.column, span.line, span.column + len(name))
        value = self.scope.constants().get(name, _NO_CONSTANT)
        if not isinstance(value, LayerName):
            return self._of_constant(name, value, place)
        return RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"there is no layer, block or function `{name}`",
            help=self._advice(name, span),
            span=place,
        )

    def _of_constant(self, name: str, value: Constant, place: Span) -> RuleViolation:
        """Return the violation for the name of a number, a text or a boolean in a chain."""
        shown = option_literal(value) if isinstance(value, str) else constant_as_written(value)
        return RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"`{name}` is {shown}, and no layer",
            help=self._as_layer(name, value),
            span=place,
        )

    def _as_layer(self, name: str, value: Constant) -> str:
        """Return how a name that stands for another value stands for a layer."""
        if value is None:
            return f"write `{name} if {name} != None`: the line is there where a layer is given"
        found = near_callees(value, layers.NAMES) if isinstance(value, str) else ()
        layer = value if value in layers.NAMES else next(iter(found), "ReLU")
        block = self.scope.instance.template.block
        if name in [argument.name for argument in block.arguments]:
            others = "…, " * (len(block.arguments) > 1)
            return f"call the block with a layer: write `{block.name}({others}{name}={layer})`"
        if name in self.scope.file.parameters:
            quotes = " without quotes" * isinstance(value, str)
            return f"for a layer write its name under `params:`{quotes}: `{name}: {layer}`"
        return f"let `{name}` be a layer, such as `{layer}`"

    def _advice(self, name: str, span: Span) -> str:
        """Return what was probably meant by the name of a layer that does not exist."""
        if name in self.scope.variables:
            return f"`{name}` is a value: a line reads it with `from {name}`"
        if name.startswith("self."):
            return "there is no `self`: a line is its layer, `name: Layer(…)`, and takes `from x`"
        below = defined_in(name, self.scope.instance.template.block.body)
        if below is not None and below.line > span.line:
            return f"`{name}` is defined on line {below.line}: move this line below it"
        prefix, _, alone = name.rpartition(".")
        if initials := _by_initials(alone, self.scope.file):
            return f"did you mean `{initials}`? it is a block of this file"
        file = self.scope.file
        if advice := _imported(name, file):
            return advice
        if advice := in_archc(alone):
            return advice
        own = self.scope.instance.template.name  # no block calls itself
        known = [*({*file.blocks} - {own}), *layers.NAMES, *functions.NAMES, *file.imports]
        known += [name for name in self._values() if self.layer_parameter(name) is not None]
        if prefix in PREFIXES and alone in known:
            words = f"write `{alone}`: layers and functions have no prefix"
            return Advice(words, Edit(alone, name))
        if prefix and alone in known:
            return self._of_tensor(prefix, alone)
        found = callee_meant(alone, known) or callee_meant(name, known) or in_capitals(alone)
        return found or UNKNOWN

    def _of_tensor(self, owner: str, name: str) -> str:
        """Return how `x.flatten(1)` is written, a method where a layer belongs."""
        is_tensor = self.scope.child(owner) is not None or owner in self.scope.variables
        return (
            f"what flows in follows `from`: write `{name}(…) from {owner}`"
            if is_tensor
            else (f"did you mean `{name}`?")
        )

    def _values(self) -> tuple[str, ...]:
        """Return the names of parameters and variables, among them those of layers."""
        return (*self.scope.variables, *self.scope.file.parameters)

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


def _by_initials(name: str, file: FileScope) -> str:
    """Return the block that is called by the capitals of a name: `SE` for `SqueezeExcite`."""
    initials = "".join(letter for letter in name if letter.isupper())
    return initials if len(initials) > 1 and initials in file.blocks else ""


def _body_holds(body: Body) -> bool:
    """Return whether any line of a body calls a module, read from the text alone."""
    return any(_entry_holds(entry) for entry in body.entries)


def _entry_holds(entry: object) -> bool:
    match entry:
        case Child(_, Body() as body):
            return _body_holds(body)
        case Child(_, Item() as item):
            return _item_holds(item)
        case For() | Join() | Branch():
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


def _imported(name: str, file: FileScope) -> str:
    """Return how the block of that name is called in the files that a file imports."""
    found = [f"{alias}.{name}" for alias, other in file.imports.items() if name in other.blocks]
    if len(found) > 1:
        return f"it is a block of several files: write {' or '.join(f'`{one}`' for one in found)}"
    words = "".join(f"write `{one}`: it is a block of that file" for one in found)
    return Advice(words, *(Edit(one, name) for one in found)) if found else ""
