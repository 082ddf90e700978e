"""Writing `__init__`: walk a template's lines over all its instances at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from archc.backends.python_source.pieces import (
    Control,
    Copies,
    Local,
    Made,
    Nested,
    Piece,
    contained_text,
)
from archc.backends.python_source.structure import (
    Structure,
    Unit,
    holds_modules,
    is_container,
    is_transparent,
    one_line,
)
from archc.backends.python_source.symbols import (
    Context,
    Dims,
    NotUniformError,
    Symbols,
    evaluated,
    folded,
)
from archc.expressions.parser import parse_expression
from archc.expressions.printing import constant_text, expression_text, substituted
from archc.expressions.syntax import NOWHERE, Call, Expression, Keyword, Literal, Name, names
from archc.expressions.values import Constant, is_list
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    LetRun,
    Operation,
    StageRun,
    Value,
)
from archc.layers.base import Layer, spec_name
from archc.layers.tensors import Buffer, Parameter
from archc.statements import LayerCall, Targets

Fact = TypeVar("Fact")
_BRACES = re.compile(r"\{([^{}]*)\}")


class Plan(Protocol):
    """What a constructor needs to know of a class that it calls."""

    name: str
    parameters: "tuple[str, ...]"
    sizes: "dict[str, Size]"
    output_dims: "tuple[Dims, ...]"

    def default_of(self, name: str) -> Literal | None:
        """Return the default that the class prints for a parameter."""
        ...


class Size(Struct, eq=False):
    """A size that a constructor is given: where it is read, and its number per instance."""

    name: str
    origin: tuple[int, int] | None
    values: dict[int, int]


class Sizes(Struct, eq=False):
    """The sizes a class may ask its caller for; those it used become parameters."""

    instances: Sequence[Instance]
    asked: dict[str, Size] = field(default_factory=dict[str, Size])

    def hoist(self, name: str, values: Sequence[int]) -> Expression:
        """Add a number that differs between instances as a parameter."""
        unique = name
        count = 2
        while unique in self.asked:
            unique, count = f"{name}_{count}", count + 1
        numbers = {id(i): v for i, v in zip(self.instances, values, strict=True)}
        self.asked[unique] = Size(unique, None, numbers)
        return Name(unique)


class Slot(Struct, frozen=True):
    """Where a line's child goes: under a name, one that an f-string computes, or in a list."""

    key: str
    dynamic: bool = False
    numbered: bool = False


class Constructor:
    """Emits the children of one class; `plan_of` gives the class of a block call."""

    def __init__(
        self,
        symbols: Symbols,
        structure: Structure,
        plan_of: Callable[[Instance], Plan],
        optional: frozenset[str],
        sizes: Sizes,
        *,
        top: bool = True,
    ) -> None:
        self.symbols = symbols
        self.structure = structure
        self.plan_of = plan_of
        self.optional = optional
        self.sizes = sizes
        self.top = top

    def over(self, symbols: Symbols, top: bool = False) -> "Constructor":
        """Return the same constructor over other contexts."""
        top = top and self.top
        return Constructor(
            symbols, self.structure, self.plan_of, self.optional, self.sizes, top=top
        )

    def body(self, runs: Sequence[BodyRun]) -> list[Piece]:
        """Return the pieces of a body's lines."""
        numbered = runs[0].body.kind != "mapping"
        pieces: list[Piece] = []
        for position in range(_shared(len(run.entries) for run in runs)):
            entries = [run.entries[position] for run in runs]
            paths = [run.path for run in runs]
            pieces += self.entry(entries, paths, numbered)
        return pieces

    def entry(self, runs: Sequence[EntryRun], paths: Sequence[str], numbered: bool) -> list[Piece]:
        """Return the pieces of one line."""
        _shared(type(run) for run in runs)
        match runs[0]:
            case ChildRun():
                return self._child([r for r in runs if isinstance(r, ChildRun)], paths, numbered)
            case ForRun():
                return self._for([r for r in runs if isinstance(r, ForRun)])
            case IfRun():
                return self._if([r for r in runs if isinstance(r, IfRun)])
            case JoinRun() | BranchRun():
                return self.body([r.body for r in runs if isinstance(r, (JoinRun, BranchRun))])
            case LetRun():
                return self._let([r for r in runs if isinstance(r, LetRun)])
            case _:
                return []

    def _let(self, runs: Sequence[LetRun]) -> list[Piece]:
        """Compute a constant under its own name; tensors are the business of `forward`."""
        name, values = runs[0].statement.name, [run.value for run in runs]
        for context, value in zip(self.symbols.contexts, values, strict=True):
            context.values[name] = value
        self.symbols.names.pop(name, None)
        if any(isinstance(value, Value) for value in values) or not _is_plain(values[0]):
            return []
        try:
            text = self.symbols.argument(runs[0].statement.value, values, [None])
        except NotUniformError:
            return []
        if isinstance(text, (Literal, Name)):
            self.symbols.names[name] = text
            return []
        for context, value in zip(self.symbols.contexts, values, strict=True):
            context.local[name] = value
        self.symbols.names[name] = Name(name)
        return [Local(name, expression_text(text))]

    def _child(self, runs: Sequence[ChildRun], paths: Sequence[str], numbered: bool) -> list[Piece]:
        slot = Slot("", numbered=True) if numbered else self._slot(runs)
        if isinstance(runs[0].content, BodyRun):
            bodies = [r.content for r in runs if isinstance(r.content, BodyRun)]
            return [self._nested(bodies, slot)]
        items = [r.content for r in runs if isinstance(r.content, ItemRun)]
        return self.item(items, paths, slot)

    def _slot(self, runs: Sequence[ChildRun]) -> Slot:
        """Return a child's name: the one all contexts have, or an f-string that computes it."""
        keys = {run.key for run in runs}
        if len(keys) == 1:
            return Slot(keys.pop())
        template = runs[0].child.key
        parts: list[str] = []
        position = 0
        for match in _BRACES.finditer(template):
            inner = parse_expression(match[1], lambda _a, _b: NOWHERE)
            actual = [evaluated(inner, context.values) for context in self.symbols.contexts]
            text = expression_text(self.symbols.argument(inner, actual, [None]))
            parts += [template[position : match.start()], f"{{{text}}}"]
            position = match.end()
        return Slot('f"' + "".join([*parts, template[position:]]) + '"', dynamic=True)

    def _nested(self, runs: Sequence[BodyRun], slot: Slot) -> Piece:
        numbered = runs[0].body.kind != "mapping"
        container = "nn.ModuleList" if numbered else "nn.Module"
        if _shared(self.structure.is_sequence(run) for run in runs):
            container = "nn.Sequential"
        return Nested(slot.key, container, self.body(runs), numbered, slot.dynamic)

    def item(self, runs: Sequence[ItemRun], paths: Sequence[str], slot: Slot) -> list[Piece]:
        """Return the pieces of a line, which its condition may leave out of some contexts."""
        main = [i for i, run in enumerate(runs) if run.present]
        other = [i for i, run in enumerate(runs) if run.alternative is not None]
        if len(main) == len(runs):
            return self.present(runs, paths, slot)
        if len(other) == len(runs):
            inner = [run.alternative for run in runs if run.alternative is not None]
            return self.item(inner, paths, slot)
        if not main and not other:
            return []
        if not main:
            raise NotUniformError
        return self._mixed(runs, paths, slot)

    def _mixed(self, runs: Sequence[ItemRun], paths: Sequence[str], slot: Slot) -> list[Piece]:
        """Print a line that some instances have and others have not, under its condition."""
        condition = runs[0].item.condition
        assert condition is not None
        test = self.symbols.argument(condition, [run.present for run in runs], _flows(runs))
        main = [i for i, run in enumerate(runs) if run.present]
        chosen = self.over(self.symbols.subset(main))
        here = [runs[i] for i in main]
        pieces = chosen.present(
            here, [paths[i] for i in main], Slot(slot.key, False, slot.numbered)
        )
        if not holds_modules(here[0]):
            return []
        self._merge(runs, main)
        if not slot.numbered:
            return [self._choice(pieces, test, self._otherwise(runs, paths, slot.key))]
        if any(run.alternative is not None for run in runs):
            raise NotUniformError
        return [Control(f"if {expression_text(test)}:", pieces)]

    def _choice(self, pieces: Sequence[Piece], test: Expression, otherwise: str) -> Piece:
        """Return a child as a conditional expression."""
        if len(pieces) != 1 or not isinstance(pieces[0], Made) or pieces[0].register:
            raise NotUniformError
        made = pieces[0]
        return replace(made, text=f"{made.text} if {expression_text(test, 1)} else {otherwise}")

    def _merge(self, runs: Sequence[ItemRun], main: list[int]) -> None:
        """After a line that some contexts lack, keep the sizes that hold in all of them."""
        shapes = [run.value.type.shape for run in runs]
        kept = {
            dim: expression
            for dim, expression in self.symbols.dims(runs[main[0]].value).items()
            if all(dim < len(shape) for shape in shapes)
            and self.symbols.holds(expression, [shape[dim] for shape in shapes])
        }
        if kept:
            self.symbols.sizes.update({run.value.key: kept for run in runs})

    def _otherwise(self, runs: Sequence[ItemRun], paths: Sequence[str], key: str) -> str:
        """Return what stands in a line's place where its condition is false."""
        other = [i for i, run in enumerate(runs) if run.alternative is not None]
        if not other and key in self.optional:
            return "nn.Identity()"
        if not other or len(other) + sum(run.present for run in runs) != len(runs):
            raise NotUniformError
        alternatives = [run.alternative for run in runs if run.alternative is not None]
        chosen = self.over(self.symbols.subset(other))
        pieces = chosen.item(alternatives, [paths[i] for i in other], Slot(key))
        if len(pieces) != 1 or not isinstance(pieces[0], Made):
            raise NotUniformError
        return pieces[0].text

    def present(self, runs: Sequence[ItemRun], paths: Sequence[str], slot: Slot) -> list[Piece]:
        """Return the piece of a line that every context has."""
        contained = _shared(is_container(r, path) for r, path in zip(runs, paths, strict=True))
        entries = self.stages([run.stages for run in runs])
        if contained:
            return [self._contained(runs, entries, slot)]
        if not entries:
            return []
        if slot.numbered:
            return self._commented(entries, runs)
        (only,) = entries
        if isinstance(only, Copies):
            raise AssertionError("copies are a container's")
        only.key, only.dynamic = slot.key, slot.dynamic
        return [only]

    def _commented(self, entries: Sequence[Made | Copies], runs: Sequence[ItemRun]) -> list[Piece]:
        if len(runs) == 1 and len(entries) == 1 and isinstance(entries[0], Made):
            run = runs[0]
            entries[0].comment = f"line {run.item.span.line}: {run.value.type}"
        return list(entries)

    def _contained(
        self, runs: Sequence[ItemRun], entries: Sequence[Made | Copies], slot: Slot
    ) -> Made:
        """Return the container of a line with several modules."""
        sequence = _shared(self.structure.is_sequence(run) for run in runs)
        container = "nn.Sequential" if sequence else "nn.ModuleList"
        return Made(slot.key, contained_text(container, entries), dynamic=slot.dynamic)

    def stages(self, runs: Sequence[Sequence[StageRun]]) -> list[Made | Copies]:
        """Return what the stages of a line make, in order."""
        entries: list[Made | Copies] = []
        for position in range(_shared(len(stages) for stages in runs)):
            entries += self._stage([stages[position] for stages in runs])
        return entries

    def _stage(self, runs: Sequence[StageRun]) -> list[Made | Copies]:
        counts = [len(run.units) for run in runs]
        if not any(run.paths for run in runs):
            return []
        if runs[0].stage.factor is not None and max(counts) > 1:
            return self._copies(runs, counts)
        if not all(counts):
            raise NotUniformError
        units = [run.units[0] for run in runs]
        return [Made("", self.unit(units), register=_registration(units[0]))]

    def _copies(self, runs: Sequence[StageRun], counts: list[int]) -> list[Made | Copies]:
        """Return `[X for _ in range(n)]`, or each copy alone where they differ."""
        factor = runs[0].stage.factor
        assert factor is not None
        chosen = [(i, unit) for i, run in enumerate(runs) for unit in run.units]
        over = self.over(self.symbols.subset([i for i, _ in chosen]))
        try:
            text = over.unit([unit for _, unit in chosen])
            count = self.symbols.argument(factor, counts, [None])
            return [Copies(text, expression_text(count))]
        except NotUniformError:
            if len(set(counts)) != 1:
                raise
        return [
            Made("", self.unit([run.units[position] for run in runs]))
            for position in range(counts[0])
        ]

    def unit(self, units: Sequence[Unit]) -> str:
        """Return the constructor call of a layer, a block or a parenthesis."""
        _shared(type(unit) for unit in units)
        match units[0]:
            case Operation():
                return self._operation([u for u in units if isinstance(u, Operation)])
            case Instance():
                return self._instance([u for u in units if isinstance(u, Instance)])
            case ItemRun():
                return self._parenthesis([u for u in units if isinstance(u, ItemRun)])
            case _:
                raise AssertionError("a child that is applied again makes nothing")

    def _parenthesis(self, runs: Sequence[ItemRun]) -> str:
        if any(not run.present for run in runs):
            raise NotUniformError
        entries = self.stages([run.stages for run in runs])
        if _shared(is_container(run, "") for run in runs):
            return self._contained(runs, entries, Slot("")).text
        if len(entries) != 1 or not isinstance(entries[0], Made):
            raise NotUniformError
        return entries[0].text

    def _operation(self, units: Sequence[Operation]) -> str:
        """Return the call of torch's class, or of what makes a tensor of the module's own."""
        _shared(type(unit.node.operation) for unit in units)
        layer = _layer(units[0])
        inputs = _flows([unit.node for unit in units])
        given = self._given(units, inputs)
        positional = [expression_text(e) for e in given.positional]
        if isinstance(layer, Parameter):
            return f"nn.Parameter(torch.zeros({', '.join(positional)}))"
        if isinstance(layer, Buffer):
            return f"torch.tensor({constant_text(layer.value)})"
        inferred = self._inferred(units, inputs)
        self._set_dims(units, given)
        after = layer.inferred_after
        parts = [*positional[:after], *inferred, *positional[after:], *map(_named, given.named)]
        return f"{layer.torch_name}({', '.join(parts)})"

    def _inferred(self, units: Sequence[Operation], inputs: Sequence[Value | None]) -> list[str]:
        """Return torch's constructor arguments that archc inferred."""
        found = [_inferred_of(unit) for unit in units]
        parts: list[str] = []
        for name in found[0]:
            actual = [values[name] for values in found]
            dim = 1 if name in {"in_channels", "num_features", "num_channels"} else -1
            parts.append(expression_text(self.sized(name, actual, inputs[0], dim)))
        return parts

    def sized(
        self, name: str, actual: Sequence[int], value: Value | None, dim: int | None
    ) -> Expression:
        """Return a size as an expression, as a number, or as a new parameter of the class."""
        try:
            return self.symbols.size(actual, value, dim)
        except NotUniformError:
            if not self.top:
                raise
        return self.sizes.hoist(name, actual)

    def _given(self, units: Sequence[Operation], inputs: Sequence[Value | None]) -> "_Given":
        """Return the arguments as the spec wrote them."""
        call = units[0].call
        layers = [_layer(unit) for unit in units]
        assert call is not None
        if call.callee[-1] != spec_name(type(layers[0])):
            return self._own_fields(layers)
        if getattr(layers[0], "variadic", ""):
            return _Given(self._variadic(layers, call, inputs), [])
        written = zip(layers[0].positional, call.arguments or (), strict=False)
        positional = [self._field(layers, name, value, inputs) for name, value in written]
        named: list[tuple[str, Expression]] = []
        for keyword in call.keywords:
            if not keyword.name:
                named += self._spread(layers, keyword, call)
            elif keyword.name in layers[0].given:
                value = self._field(layers, keyword.name, keyword.value, inputs)
                named.append((keyword.name, value))
        return _Given(positional, named)

    def _variadic(
        self, layers: Sequence[Layer], call: LayerCall, inputs: Sequence[Value | None]
    ) -> list[Expression]:
        field_name: str = getattr(layers[0], "variadic", "")
        sizes: list[tuple[Constant, ...]] = [getattr(layer, field_name) for layer in layers]
        if len(call.arguments or ()) != len(sizes[0]):
            return [self.symbols.constant([s[i] for s in sizes]) for i in range(len(sizes[0]))]
        return [
            self.symbols.argument(expression, [size[i] for size in sizes], inputs)
            for i, expression in enumerate(call.arguments or ())
        ]

    def _field(
        self,
        layers: Sequence[Layer],
        name: str,
        expression: Expression,
        inputs: Sequence[Value | None],
    ) -> Expression:
        actual = [getattr(layer, name) for layer in layers]
        try:
            return self.symbols.argument(expression, actual, inputs)
        except NotUniformError:
            if not self.top or not all(type(value) is int for value in actual):
                raise
        return self.sizes.hoist(name, actual)

    def _own_fields(self, layers: Sequence[Layer]) -> "_Given":
        """Return the arguments of a layer that was itself given as an argument."""
        fields = _shared(tuple(layer.given) for layer in layers)
        values = {n: self.symbols.constant([getattr(la, n) for la in layers]) for n in fields}
        first = list(takewhile(values.__contains__, layers[0].positional))
        positional = [values.pop(name) for name in first]
        return _Given(positional, list(values.items()))

    def _spread(
        self, layers: Sequence[Layer], keyword: Keyword, call: LayerCall
    ) -> list[tuple[str, Expression]]:
        """Return `**kw` where the class takes it, else the arguments it held."""
        if isinstance(keyword.value, Name) and keyword.value.identifier in self.symbols.names:
            return [("", self.symbols.names[keyword.value.identifier])]
        written = {k.name for k in call.keywords if k.name}
        first = layers[0]
        taken = first.positional[: len(call.arguments or ())]
        names = [n for n in first.given if n not in written and n not in taken]
        return [(n, self.symbols.constant([getattr(la, n) for la in layers])) for n in names]

    def _set_dims(self, units: Sequence[Operation], given: "_Given") -> None:
        """Remember the expression of the size that the next layer infers from."""
        layer = _layer(units[0])
        if not layer.feature:
            return
        texts = dict(zip(layer.positional, given.positional, strict=False)) | dict(given.named)
        if layer.feature not in texts:
            return
        for unit in units:
            shape = unit.values[0].type.shape
            dim = 1 if layer.family == "convolution" else len(shape) - 1
            self.symbols.sizes[unit.values[0].key] = {dim: texts[layer.feature]}

    def _instance(self, instances: Sequence[Instance]) -> str:
        _shared(id(instance.template) for instance in instances)
        transparent = _shared(is_transparent(instance) for instance in instances)
        arguments = self._arguments(instances)
        if transparent:
            return self._transparent(instances, arguments)
        plans = [self.plan_of(instance) for instance in instances]
        _shared(id(plan) for plan in plans)
        return self._called(plans[0], instances, arguments)

    def _arguments(self, instances: Sequence[Instance]) -> dict[str, Expression | None]:
        """Return what to print for each argument a call gives; None where nothing fits."""
        call = instances[0].call
        assert call is not None
        own = [a.name for a in instances[0].template.block.arguments if not a.variadic]
        given = dict(zip(own, call.arguments or (), strict=False))
        given |= {k.name: k.value for k in call.keywords if k.name in own}
        result: dict[str, Expression | None] = {}
        inputs = _flows(instances)
        for name, expression in given.items():
            actual = [instance.arguments[name] for instance in instances]
            try:
                result[name] = self.symbols.argument(expression, actual, inputs)
            except NotUniformError:
                result[name] = None
        return result

    def _transparent(
        self, instances: Sequence[Instance], arguments: Mapping[str, Expression | None]
    ) -> str:
        """Return the one module of a block that stands in its place."""
        items = [one_line(instance) for instance in instances]
        runs = [item for item in items if item is not None]
        contexts = [
            Context({**context.values, **instance.arguments}, context.local)
            for context, instance in zip(self.symbols.contexts, instances, strict=True)
        ]
        names = {name: text for name, text in arguments.items() if text is not None}
        for argument in instances[0].template.block.arguments:
            if argument.name not in arguments and not argument.variadic:
                self._default(argument.name, instances, names)
        inner = self.over(Symbols(contexts, names, self.symbols.sizes), top=True)
        entries = inner.stages([run.stages for run in runs])
        if len(entries) != 1 or not isinstance(entries[0], Made):
            raise NotUniformError
        return entries[0].text

    def _default(
        self, name: str, instances: Sequence[Instance], names: dict[str, Expression]
    ) -> None:
        values = [instance.arguments[name] for instance in instances]
        if _is_plain(values[0]):
            try:
                names[name] = self.symbols.constant(values)
            except NotUniformError:
                return

    def _called(
        self, plan: Plan, instances: Sequence[Instance], arguments: Mapping[str, Expression | None]
    ) -> str:
        """Return the call of a block's class and remember the sizes of its results."""
        texts: dict[str, Expression] = {}
        parts: list[str] = []
        for size in plan.sizes.values():
            actual = [size.values[id(instance)] for instance in instances]
            value, dim = self._origin(size, instances[0])
            texts[size.name] = self.sized(size.name, actual, value, dim)
            parts.append(expression_text(texts[size.name]))
        parts += self._spec_arguments(plan, instances, arguments, texts)
        self._set_result_dims(plan, instances, texts)
        return f"{plan.name}({', '.join(parts)})"

    def _origin(self, size: Size, instance: Instance) -> tuple[Value | None, int | None]:
        if size.origin is None:
            return (instance.inputs[0] if instance.inputs else None), None
        index, dim = size.origin
        return instance.inputs[index], dim

    def _spec_arguments(
        self,
        plan: Plan,
        instances: Sequence[Instance],
        arguments: Mapping[str, Expression | None],
        texts: dict[str, Expression],
    ) -> list[str]:
        """Return a block's own arguments, by position where the spec wrote them so."""
        call = instances[0].call
        assert call is not None
        block = instances[0].template.block
        names = [a.name for a in block.arguments if not a.variadic]
        positional = set(names[: len(call.arguments or ())])
        parts: list[str] = []
        by_position = True
        for name in plan.parameters:
            if name not in names:
                parts += self._rest(instances, name, call, names)
                continue
            text = self._argument(plan, name, instances, arguments)
            texts[name] = text
            default = plan.default_of(name)
            if name not in arguments and default is not None and default == text:
                by_position = False
                continue
            by_position = by_position and name in positional
            shown = expression_text(text)
            parts.append(shown if by_position else f"{name}={shown}")
        return parts

    def _argument(
        self,
        plan: Plan,
        name: str,
        instances: Sequence[Instance],
        arguments: Mapping[str, Expression | None],
    ) -> Expression:
        actual = [instance.arguments[name] for instance in instances]
        text = arguments.get(name)
        if text is not None:
            return text
        try:
            return self.symbols.constant(actual)
        except NotUniformError:
            if not self.top or not all(type(value) is int for value in actual):
                raise
        return self.sizes.hoist(name, actual)

    def _rest(
        self, instances: Sequence[Instance], name: str, call: LayerCall, names: list[str]
    ) -> list[str]:
        """Return the keywords that go through a block's `**name`."""
        values: list[dict[str, Constant]] = [dict(i.arguments[name]) for i in instances]
        written = {k.name: k.value for k in call.keywords if k.name and k.name not in names}
        parts: list[str] = []
        for key in _shared(tuple(value) for value in values):
            actual = [value[key] for value in values]
            if key in written:
                text = self.symbols.argument(written[key], actual, _flows(instances))
            else:
                text = self.symbols.constant(actual)
            parts.append(f"{key}={expression_text(text)}")
        return parts

    def _set_result_dims(
        self, plan: Plan, instances: Sequence[Instance], texts: Mapping[str, Expression]
    ) -> None:
        """Write a block's result sizes in the caller's names."""

        def replace(part: Expression) -> Expression | None:
            return texts.get(part.identifier) if isinstance(part, Name) else None

        for position, dims in enumerate(plan.output_dims):
            written = {d: folded(substituted(e, replace)) for d, e in dims.items()}
            for instance in instances:
                self.symbols.sizes[instance.values[position].key] = written

    def _for(self, runs: Sequence[ForRun]) -> list[Piece]:
        """Print a loop as a loop; with a running size where it needs one; else turn by turn."""
        if not any(holds_modules(body) for run in runs for _, body in run.turns):
            return []
        for attempt in (self._plain_loop, self._running_loop):
            try:
                return attempt(runs)
            except NotUniformError:
                continue
        return self._unrolled(runs)

    def _turns(self, runs: Sequence[ForRun]) -> tuple[list[int], list[BodyRun]]:
        owners = [i for i, run in enumerate(runs) for _ in run.turns]
        return owners, [body for run in runs for _, body in run.turns]

    def _loop_symbols(self, runs: Sequence[ForRun], owners: Sequence[int]) -> Symbols:
        bindings = [dict(bound) for run in runs for bound, _ in run.turns]
        contexts = [
            self.symbols.contexts[owner].extended(bound, bound)
            for owner, bound in zip(owners, bindings, strict=True)
        ]
        targets = runs[0].statement.targets.flat()
        names = {**self.symbols.names, **{name: Name(name) for name in targets}}
        return Symbols(contexts, names, dict(self.symbols.sizes))

    def _head(self, runs: Sequence[ForRun]) -> str:
        statement = runs[0].statement
        targets = statement.targets
        actual = [tuple(_bound_item(targets, bound) for bound, _ in run.turns) for run in runs]
        iterable = self.symbols.argument(statement.iterable, actual, [None])
        if not names(iterable) and not _is_range(iterable):
            iterable = self.symbols.constant(actual)
        return f"{statement.text.split(' in ')[0]} in {_iterable_text(iterable)}:"

    def _plain_loop(self, runs: Sequence[ForRun]) -> list[Piece]:
        owners, bodies = self._turns(runs)
        symbols = self._loop_symbols(runs, owners)
        pieces = self.over(symbols).body(bodies)
        head = self._head(runs)
        self.symbols.sizes.update(symbols.sizes)
        self._check_exit(bodies, symbols)
        return [Control(head, pieces)]

    def _check_exit(self, bodies: Sequence[BodyRun], symbols: Symbols) -> None:
        """Forget a loop's result sizes that are written in the loop's own variables."""
        last = bodies[-1].value
        if last is None:
            return
        own = set(symbols.names) - set(self.symbols.names)
        for body in bodies:
            if body.value is not None and body.value.key in symbols.sizes:
                dims = symbols.sizes[body.value.key]
                kept = {d: e for d, e in dims.items() if not names(e) & own}
                self.symbols.sizes[body.value.key] = kept

    def _running_loop(self, runs: Sequence[ForRun]) -> list[Piece]:
        """Print a loop that carries the size its layers infer from in a variable."""
        owners, bodies = self._turns(runs)
        first = bodies[0].flow
        if first is None:
            raise NotUniformError
        dim = 1 if len(first.type.shape) > 2 else -1
        name = "in_channels" if dim == 1 else "in_features"
        flows = [body.flow for body in bodies]
        symbols = self._loop_symbols(runs, owners)
        for context, flow in zip(symbols.contexts, flows, strict=True):
            context.local[name] = _flow_size(flow, dim)
            assert flow is not None
            symbols.sizes[flow.key] = {dim % len(flow.type.shape): Name(name)}
        pieces = self.over(symbols).body(bodies)
        leaving = [_flow_size(body.value, dim) for body in bodies]
        update = symbols.size(leaving, bodies[-1].value, dim)
        if update != Name(name):
            pieces.append(Local(name, expression_text(update)))
        return [*self._start(runs, name, dim), Control(self._head(runs), pieces)]

    def _start(self, runs: Sequence[ForRun], name: str, dim: int) -> list[Piece]:
        """Set the running size before the loop and know its value after it."""
        first = [run.turns[0][1].flow if run.turns else None for run in runs]
        if any(flow is None for flow in first):
            raise NotUniformError
        entering = [_flow_size(flow, dim) for flow in first]
        start = self.sized(name, entering, first[0], dim)
        for context, run in zip(self.symbols.contexts, runs, strict=True):
            last = run.turns[-1][1].value
            context.local[name] = _flow_size(last, dim)
            assert last is not None
            self.symbols.sizes[last.key] = {dim % len(last.type.shape): Name(name)}
        return [] if start == Name(name) else [Local(name, expression_text(start))]

    def _unrolled(self, runs: Sequence[ForRun]) -> list[Piece]:
        """Print each turn of a loop by itself."""
        pieces: list[Piece] = []
        targets = runs[0].statement.targets.flat()
        for turn in range(_shared(len(run.turns) for run in runs)):
            contexts = [
                context.extended(run.turns[turn][0], {})
                for context, run in zip(self.symbols.contexts, runs, strict=True)
            ]
            names = {n: e for n, e in self.symbols.names.items() if n not in targets}
            inner = self.over(Symbols(contexts, names, self.symbols.sizes), top=True)
            pieces += inner.body([run.turns[turn][1] for run in runs])
        return pieces

    def _if(self, runs: Sequence[IfRun]) -> list[Piece]:
        chosen = {run.chosen for run in runs}
        if len(chosen) == 1:
            return self.body([r.body for r in runs if r.body is not None]) if chosen != {-1} else []
        branches = runs[0].statement.branches
        condition = branches[0][0]
        if len(branches) != 1 or condition is None:
            raise NotUniformError
        taken = [i for i, run in enumerate(runs) if run.chosen == 0]
        text = self.symbols.argument(condition, [run.chosen == 0 for run in runs], [None])
        inner = self.over(self.symbols.subset(taken))
        pieces = inner.body([run.body for run in runs if run.body is not None])
        return [Control(f"if {expression_text(text)}:", pieces)] if pieces else []


class _Given(NamedTuple):
    """The arguments of a layer's call; a name is empty before `**`."""

    positional: list[Expression]
    named: list[tuple[str, Expression]]


class _HasInputs(Protocol):
    @property
    def inputs(self) -> tuple[Value, ...]: ...


def _flows(callers: Sequence[_HasInputs]) -> list[Value | None]:
    """Return the first input of each."""
    return [caller.inputs[0] if caller.inputs else None for caller in callers]


def _shared(facts: Iterable[Fact]) -> Fact:
    """Return what is the same in every context.

    Raises:
        NotUniformError: it differs.
    """
    first, *others = set(facts)
    if others:
        raise NotUniformError
    return first


def _layer(unit: Operation) -> Layer:
    layer = unit.node.operation
    assert layer is not None
    return layer


def _named(argument: tuple[str, Expression]) -> str:
    name, value = argument
    return f"{name}={expression_text(value)}" if name else f"**{expression_text(value)}"


def _inferred_of(unit: Operation) -> Mapping[str, int]:
    return _layer(unit).inferred(*(value.type for value in unit.node.inputs))


def _flow_size(value: Value | None, dim: int) -> int:
    size = value.type.shape[dim] if value is not None and len(value.type.shape) > 1 else None
    if not isinstance(size, int):
        raise NotUniformError
    return size


def _bound_item(targets: Targets, bound: Mapping[str, Constant]) -> Constant:
    """Return the list item that a turn's names came from."""
    parts = [bound[t] if isinstance(t, str) else _bound_item(t, bound) for t in targets.names]
    return parts[0] if targets.single else tuple(parts)


def _is_range(iterable: Expression) -> bool:
    return isinstance(iterable, Call) and iterable.function == "range"


def _registration(unit: Unit) -> str:
    operation = unit.node.operation if isinstance(unit, Operation) else None
    if isinstance(operation, Buffer):
        return "buffer" if operation.persistent else "transient"
    return "parameter" if isinstance(operation, Parameter) else ""


def _iterable_text(iterable: Expression) -> str:
    text = expression_text(iterable)
    if text.startswith("(") and not isinstance(iterable, Call):
        return f"[{text[1:-1].rstrip(',')}]"
    return text


def _is_plain(value: Constant) -> bool:
    """Return whether a value can stand in the source: no tensor and no layer, in a list neither."""
    if is_list(value):
        return all(item is None or _is_plain(item) for item in value)
    return isinstance(value, (int, float, str))
