"""Writing `__init__`: walk a template's lines over all its instances at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from archc.backends.python_source.structure import (
    Structure,
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
from archc.expressions.values import LayerName
from archc.ir.graph import (
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
    Reuse,
    StageRun,
    Value,
)
from archc.layers.base import Layer, spec_name
from archc.layers.tensors import Buffer, Parameter
from archc.statements import LayerCall

_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(eq=False)
class Made:
    """A child that `__init__` makes: its name's source (empty in a list), its constructor."""

    key: str
    text: str
    comment: str = ""
    register: str = ""
    dynamic: bool = False


@dataclass(eq=False)
class Copies:
    """`n` copies of a child in a list."""

    text: str
    count: str


@dataclass(eq=False)
class Nested:
    """A container child that is filled by lines of its own."""

    key: str
    container: str
    pieces: "list[Piece]"
    numbered: bool
    dynamic: bool = False


@dataclass(eq=False)
class Control:
    """A `for` or an `if` with what stands under it."""

    head: str
    pieces: "list[Piece]"


@dataclass(eq=False)
class Local:
    """A local variable of `__init__`."""

    name: str
    text: str


Piece = Made | Copies | Nested | Control | Local
Unit = Operation | Instance | ItemRun | Reuse


class Plan(Protocol):
    """What a constructor needs to know of a class that it calls."""

    name: str
    parameters: "tuple[str, ...]"
    sizes: "dict[str, Size]"
    output_dims: "tuple[Dims, ...]"

    def default_of(self, name: str) -> Expression | None:
        """Return the default that the class prints for a parameter."""
        ...


@dataclass(eq=False)
class Size:
    """A size that a constructor is given: where it is read, and its number per instance."""

    name: str
    origin: tuple[int, int] | None
    values: dict[int, int]


@dataclass(eq=False)
class Sizes:
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


class Constructor:
    """Emits the children of one class; `plan_of` gives the class of a block call."""

    def __init__(
        self,
        symbols: Symbols,
        structure: Structure,
        plan_of: Callable[[Instance], Plan],
        optional: frozenset[str],
        sizes: Sizes,
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
        return Constructor(
            symbols, self.structure, self.plan_of, self.optional, self.sizes, top and self.top
        )

    def body(self, runs: Sequence[BodyRun]) -> list[Piece]:
        """Return the pieces of a body's lines."""
        if len({len(run.entries) for run in runs}) != 1:
            raise NotUniformError
        numbered = runs[0].body.kind != "mapping"
        pieces: list[Piece] = []
        for position in range(len(runs[0].entries)):
            entries = [run.entries[position] for run in runs]
            paths = [run.path for run in runs]
            pieces += self.entry(entries, paths, numbered)
        return pieces

    def entry(self, runs: Sequence[EntryRun], paths: Sequence[str], numbered: bool) -> list[Piece]:
        """Return the pieces of one line."""
        if len({type(run) for run in runs}) != 1:
            raise NotUniformError
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
        key, dynamic = self._key(runs) if not numbered else ("", False)
        if isinstance(runs[0].content, BodyRun):
            bodies = [r.content for r in runs if isinstance(r.content, BodyRun)]
            return [self._nested(bodies, key, dynamic)]
        items = [r.content for r in runs if isinstance(r.content, ItemRun)]
        return self.item(items, paths, key, dynamic, numbered)

    def _key(self, runs: Sequence[ChildRun]) -> tuple[str, bool]:
        """Return a child's name, and whether it is computed by an f-string."""
        keys = [run.key for run in runs]
        if len(set(keys)) == 1:
            return keys[0], False
        template = runs[0].child.key
        parts: list[str] = []
        position = 0
        for match in _BRACES.finditer(template):
            inner = parse_expression(match[1], lambda _a, _b: NOWHERE)
            actual = [evaluated(inner, context.values) for context in self.symbols.contexts]
            text = expression_text(self.symbols.argument(inner, actual, [None]))
            parts += [template[position : match.start()], f"{{{text}}}"]
            position = match.end()
        return 'f"' + "".join([*parts, template[position:]]) + '"', True

    def _nested(self, runs: Sequence[BodyRun], key: str, dynamic: bool) -> Piece:
        sequence = {self.structure.is_sequence(run) for run in runs}
        if len(sequence) != 1:
            raise NotUniformError
        numbered = runs[0].body.kind != "mapping"
        pieces = self.body(runs)
        if sequence == {True}:
            container = "nn.Sequential"
        else:
            container = "nn.ModuleList" if numbered else "nn.Module"
        return Nested(key, container, pieces, numbered, dynamic)

    def item(
        self,
        runs: Sequence[ItemRun],
        paths: Sequence[str],
        key: str,
        dynamic: bool,
        numbered: bool,
    ) -> list[Piece]:
        main = [i for i, run in enumerate(runs) if run.present]
        other = [i for i, run in enumerate(runs) if run.alternative is not None]
        if len(main) == len(runs):
            return self.present(runs, paths, key, dynamic, numbered)
        if len(other) == len(runs):
            inner = [run.alternative for run in runs if run.alternative is not None]
            return self.item(inner, paths, key, dynamic, numbered)
        if not main and not other:
            return []
        if not main:
            raise NotUniformError
        return self._mixed(runs, paths, key, numbered, main, other)

    def _mixed(
        self,
        runs: Sequence[ItemRun],
        paths: Sequence[str],
        key: str,
        numbered: bool,
        main: list[int],
        other: list[int],
    ) -> list[Piece]:
        """Print a line that some instances have and others have not, under its condition."""
        item = runs[0].item
        assert item.condition is not None
        inputs = [run.inputs[0] if run.inputs else None for run in runs]
        condition = self.symbols.argument(item.condition, [r.present for r in runs], inputs)
        chosen = self.over(self.symbols.subset(main))
        here = [runs[i] for i in main]
        pieces = chosen.present(here, [paths[i] for i in main], key, False, numbered)
        if not holds_modules(here[0]):
            return pieces if not pieces else []
        self._merge(runs, main)
        if numbered:
            if other:
                raise NotUniformError
            return [Control(f"if {expression_text(condition)}:", pieces)]
        if len(pieces) != 1 or not isinstance(pieces[0], Made) or pieces[0].register:
            raise NotUniformError
        text = self._otherwise(runs, paths, key, other) if other else "nn.Identity()"
        if not other and key not in self.optional:
            raise NotUniformError
        pieces[0].text = f"{pieces[0].text} if {expression_text(condition, 1)} else {text}"
        return pieces

    def _merge(self, runs: Sequence[ItemRun], main: list[int]) -> None:
        """After a line that some contexts lack, keep the sizes that hold in all of them."""
        for dim, expression in self.symbols.dims(runs[main[0]].value).items():
            shapes = [run.value.type.shape for run in runs]
            if any(dim >= len(shape) or not isinstance(shape[dim], int) for shape in shapes):
                continue
            if self.symbols.holds(expression, [shape[dim] for shape in shapes]):
                for run in runs:
                    self.symbols.sizes[run.value.key] = {dim: expression}

    def _otherwise(
        self, runs: Sequence[ItemRun], paths: Sequence[str], key: str, other: list[int]
    ) -> str:
        if len(other) + sum(run.present for run in runs) != len(runs):
            raise NotUniformError
        alternatives = [run.alternative for run in runs if run.alternative is not None]
        chosen = self.over(self.symbols.subset(other))
        pieces = chosen.item(alternatives, [paths[i] for i in other], key, False, False)
        if len(pieces) != 1 or not isinstance(pieces[0], Made):
            raise NotUniformError
        return pieces[0].text

    def present(
        self,
        runs: Sequence[ItemRun],
        paths: Sequence[str],
        key: str,
        dynamic: bool,
        numbered: bool,
    ) -> list[Piece]:
        """Return the piece of a line that every context has."""
        contained = {is_container(run, path) for run, path in zip(runs, paths, strict=True)}
        if len(contained) != 1:
            raise NotUniformError
        entries = self.stages([run.stages for run in runs])
        if contained == {True}:
            return [self._contained(runs, entries, key, dynamic)]
        if not entries:
            return []
        if numbered:
            return self._commented(list(entries), runs)
        (only,) = entries
        if isinstance(only, Copies):
            raise AssertionError("copies are a container's")
        only.key, only.dynamic = key, dynamic
        return [only]

    def _commented(self, entries: list[Made | Copies], runs: Sequence[ItemRun]) -> list[Piece]:
        if len(runs) == 1 and len(entries) == 1 and isinstance(entries[0], Made):
            run = runs[0]
            entries[0].comment = f"line {run.item.span.line}: {run.value.type}"
        return list(entries)

    def _contained(
        self, runs: Sequence[ItemRun], entries: Sequence[Made | Copies], key: str, dynamic: bool
    ) -> Piece:
        """Return the container of a line with several modules."""
        sequence = {self.structure.is_sequence(run) for run in runs}
        if len(sequence) != 1:
            raise NotUniformError
        container = "nn.Sequential" if sequence == {True} else "nn.ModuleList"
        return Made(key, contained_text(container, entries), dynamic=dynamic)

    def stages(self, runs: Sequence[Sequence[StageRun]]) -> list[Made | Copies]:
        if len({len(stages) for stages in runs}) != 1:
            raise NotUniformError
        entries: list[Made | Copies] = []
        for position in range(len(runs[0])):
            entries += self._stage([stages[position] for stages in runs])
        return entries

    def _stage(self, runs: Sequence[StageRun]) -> list[Made | Copies]:
        counts = [len(run.units) for run in runs]
        if not any(run.paths for run in runs):
            return []
        if runs[0].stage.factor is not None and max(counts) > 1:
            return self._copies(runs, counts)
        some = [i for i, count in enumerate(counts) if count]
        if len(some) != len(runs):
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
        if len({type(unit) for unit in units}) != 1:
            raise NotUniformError
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
        contained = {is_container(run, "") for run in runs}
        if contained == {False} and len(entries) == 1 and isinstance(entries[0], Made):
            return entries[0].text
        if contained != {True}:
            raise NotUniformError
        made = self._contained(runs, entries, "", False)
        assert isinstance(made, Made)
        return made.text

    def _operation(self, units: Sequence[Operation]) -> str:
        layers = [unit.node.operation for unit in units]
        if len({type(layer) for layer in layers}) != 1:
            raise NotUniformError
        layer, call = layers[0], units[0].call
        assert layer is not None
        inputs = [unit.node.inputs[0] if unit.node.inputs else None for unit in units]
        given = self._given(units, inputs)
        if isinstance(layer, Parameter):
            text = ", ".join(expression_text(e) for e in given[0])
            return f"nn.Parameter(torch.zeros({text}))"
        if isinstance(layer, Buffer):
            return f"torch.tensor({constant_text(layer.value)})"
        inferred = self._inferred(units, inputs)
        self._set_dims(units, given, call)
        positional = [expression_text(e) for e in given[0]]
        after = layer.inferred_after
        parts = [*positional[:after], *inferred, *positional[after:]]
        parts += [
            f"{name}={expression_text(e)}" if name else f"**{expression_text(e)}"
            for name, e in given[1]
        ]
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

    def _given(
        self, units: Sequence[Operation], inputs: Sequence[Value | None]
    ) -> tuple[list[Expression], list[tuple[str, Expression]]]:
        """Return the arguments as the spec wrote them, positional ones and named ones."""
        call = units[0].call
        layers = [unit.node.operation for unit in units]
        layer = layers[0]
        assert layer is not None and call is not None
        if call.callee[-1] != spec_name(type(layer)):
            return self._own_fields(layers)
        if getattr(layer, "variadic", ""):
            return self._variadic(layers, call, inputs), []
        positional: list[Expression] = []
        for name, expression in zip(layer.positional, call.arguments or (), strict=False):
            positional.append(self._field(layers, name, expression, inputs))
        named: list[tuple[str, Expression]] = []
        for keyword in call.keywords:
            if not keyword.name:
                named += self._spread(layers, keyword, call)
            elif keyword.name in type(layer).model_fields:
                named.append(
                    (keyword.name, self._field(layers, keyword.name, keyword.value, inputs))
                )
        return positional, named

    def _variadic(
        self, layers: Sequence[Layer | None], call: LayerCall, inputs: Sequence[Value | None]
    ) -> list[Expression]:
        sizes = [getattr(layer, getattr(layer, "variadic", "")) for layer in layers]
        if len(call.arguments or ()) != len(sizes[0]):
            return [self.symbols.constant([s[i] for s in sizes]) for i in range(len(sizes[0]))]
        return [
            self.symbols.argument(expression, [size[i] for size in sizes], inputs)
            for i, expression in enumerate(call.arguments or ())
        ]

    def _field(
        self,
        layers: Sequence[Layer | None],
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

    def _own_fields(
        self, layers: Sequence[Layer | None]
    ) -> tuple[list[Expression], list[tuple[str, Expression]]]:
        """Return the arguments of a layer that was itself given as an argument."""
        first = layers[0]
        assert first is not None
        fields = list(first.given)
        if any(layer is None or list(layer.given) != fields for layer in layers):
            raise NotUniformError
        values = {n: self.symbols.constant([getattr(la, n) for la in layers]) for n in fields}
        positional: list[Expression] = []
        for name in first.positional:
            if name not in values:
                break
            positional.append(values.pop(name))
        return positional, list(values.items())

    def _spread(
        self, layers: Sequence[Layer | None], keyword: Keyword, call: LayerCall
    ) -> list[tuple[str, Expression]]:
        """Return `**kw` where the class takes it, else the arguments it held."""
        written = {k.name for k in call.keywords if k.name}
        first = layers[0]
        assert first is not None
        if isinstance(keyword.value, Name) and keyword.value.identifier in self.symbols.names:
            return [("", self.symbols.names[keyword.value.identifier])]
        taken = first.positional[: len(call.arguments or ())]
        names = [n for n in first.given if n not in written and n not in taken]
        return [(n, self.symbols.constant([getattr(la, n) for la in layers])) for n in names]

    def _set_dims(
        self,
        units: Sequence[Operation],
        given: tuple[list[Expression], list[tuple[str, Expression]]],
        call: LayerCall | None,
    ) -> None:
        """Remember the expression of the size that the next layer infers from."""
        layer = units[0].node.operation
        assert layer is not None
        if not layer.feature:
            return
        texts = dict(zip(layer.positional, given[0], strict=False)) | dict(given[1])
        if layer.feature not in texts:
            return
        for unit in units:
            shape = unit.values[0].type.shape
            dim = 1 if layer.family == "convolution" else len(shape) - 1
            self.symbols.sizes[unit.values[0].key] = {dim: texts[layer.feature]}

    def _instance(self, instances: Sequence[Instance]) -> str:
        if len({id(instance.template) for instance in instances}) != 1:
            raise NotUniformError
        transparent = {is_transparent(instance) for instance in instances}
        if len(transparent) != 1:
            raise NotUniformError
        arguments = self._arguments(instances)
        if transparent == {True}:
            return self._transparent(instances, arguments)
        plans = {id(plan): plan for plan in map(self.plan_of, instances)}
        if len(plans) != 1:
            raise NotUniformError
        (plan,) = plans.values()
        return self._called(plan, instances, arguments)

    def _arguments(self, instances: Sequence[Instance]) -> dict[str, Expression | None]:
        """Return what to print for each argument a call gives; None where nothing fits."""
        call = instances[0].call
        assert call is not None
        own = [a.name for a in instances[0].template.block.arguments if not a.variadic]
        given = dict(zip(own, call.arguments or (), strict=False))
        given |= {k.name: k.value for k in call.keywords if k.name in own}
        result: dict[str, Expression | None] = {}
        inputs = [instance.inputs[0] if instance.inputs else None for instance in instances]
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
        values = [dict(instance.arguments[name]) for instance in instances]
        if len({tuple(value) for value in values}) != 1:
            raise NotUniformError
        written = {k.name: k.value for k in call.keywords if k.name and k.name not in names}
        parts: list[str] = []
        for key in values[0]:
            actual = [value[key] for value in values]
            inputs = [i.inputs[0] if i.inputs else None for i in instances]
            text = (
                self.symbols.argument(written[key], actual, inputs)
                if key in written
                else self.symbols.constant(actual)
            )
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
        actual = [tuple(_bound_item(statement, bound) for bound, _ in run.turns) for run in runs]
        iterable = self.symbols.argument(statement.iterable, actual, [None])
        if not names(iterable) and not _is_range(iterable):
            iterable = self.symbols.constant(actual)
        targets = statement.text.split(" in ")[0]
        return f"{targets} in {_iterable_text(iterable)}:"

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
        if len({len(run.turns) for run in runs}) != 1:
            raise NotUniformError
        pieces: list[Piece] = []
        targets = runs[0].statement.targets.flat()
        for turn in range(len(runs[0].turns)):
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


def contained_text(container: str, entries: Sequence[Made | Copies]) -> str:
    """Return `nn.Sequential(a, b)` or `nn.ModuleList([a, b])`."""
    items = [_entry_text(entry) for entry in entries]
    if container == "nn.ModuleList":
        only = entries[0] if len(entries) == 1 else None
        if isinstance(only, Copies):
            return f"nn.ModuleList({items[0][1:]})"
        return f"nn.ModuleList([{', '.join(items)}])"
    return f"{container}({', '.join(items)})"


def _entry_text(entry: Made | Copies) -> str:
    if isinstance(entry, Copies):
        return f"*[{entry.text} for _ in range({entry.count})]"
    return entry.text


def _inferred_of(unit: Operation) -> Mapping[str, int]:
    operation = unit.node.operation
    assert operation is not None
    return operation.inferred(*(value.type for value in unit.node.inputs))


def _flow_size(value: Value | None, dim: int) -> int:
    size = value.type.shape[dim] if value is not None and len(value.type.shape) > 1 else None
    if not isinstance(size, int):
        raise NotUniformError
    return size


def _bound_item(statement: Any, bound: Mapping[str, Any]) -> Any:
    """Return the list item that a turn's names came from."""

    def rebuilt(targets: Any) -> Any:
        return tuple(bound[n] if isinstance(n, str) else rebuilt(n) for n in targets.names)

    targets = statement.targets
    return bound[targets.names[0]] if targets.single else rebuilt(targets)


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


def _is_plain(value: Any) -> bool:
    return isinstance(value, (int, float, str, tuple)) and not isinstance(value, LayerName)
