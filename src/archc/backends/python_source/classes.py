"""Which classes a graph needs, and each of them from its instances."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from archc.backends.python_source.constructors import Constructor, Size, Sizes
from archc.backends.python_source.forwards import ForwardWriter, input_names
from archc.backends.python_source.layout import Line, exploded
from archc.backends.python_source.pieces import Made, Piece
from archc.backends.python_source.rendering import Items, Names, flat_items, is_simple, rendered
from archc.backends.python_source.structure import Structure, is_transparent, last_line, one_line
from archc.backends.python_source.symbols import Context, Dims, NotUniformError, Symbols, literal
from archc.expressions.printing import constant_text
from archc.expressions.syntax import Expression, Literal, Name, names
from archc.expressions.values import LayerName
from archc.ir.graph import Graph
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
    Template,
    Value,
)

_WORD = re.compile(r"[A-Za-z_]\w*")


class ClassPlan(Struct, eq=False):
    """A class of the compiled source: its parameters and its lines."""

    name: str
    template: Template
    instances: list[Instance]
    base: str
    parameters: tuple[str, ...] = ()
    sizes: dict[str, Size] = field(default_factory=dict[str, Size])
    output_dims: tuple[Dims, ...] = ()
    init: list[Line] = field(default_factory=list[Line])
    forward: list[Line] = field(default_factory=list[Line])
    forward_inputs: tuple[str, ...] = ()
    result: str = "Tensor"

    @property
    def is_root(self) -> bool:
        """Whether this is the class of the network itself."""
        return self.instances[0].caller is None

    def default_of(self, name: str) -> Literal | None:
        """Return the default that the class prints for a parameter."""
        for argument in self.template.block.arguments:
            if argument.name == name and isinstance(argument.default, Literal):
                return argument.default
        return None

    def lines(self) -> list[Line]:
        """Return the class as source."""
        lines = [Line(0, f"class {self.name}({self.base}):")]
        lines += self._constructor()
        if self.forward:
            inputs = "".join(f", {name}: Tensor" for name in self.forward_inputs)
            lines += [Line(0, ""), Line(1, f"def forward(self{inputs}) -> {self.result}:")]
            lines += [Line(line.depth + 2, line.text, line.comment) for line in self.forward]
        return lines

    def _constructor(self) -> list[Line]:
        parameters = [f"{name}: int" for name in self.sizes]
        parameters += [self._parameter(name) for name in self.parameters]
        head = f"def __init__({', '.join(['self', *parameters])}) -> None:"
        return [Line(1, head), *[Line(x.depth + 2, x.text, x.comment) for x in self.init]]

    def _parameter(self, name: str) -> str:
        for argument in self.template.block.arguments:
            if argument.name == name and argument.variadic:
                return f"**{name}: {_annotation(self._variadic_values(name))}"
        values = [instance.arguments[name] for instance in self.instances]
        default = self.default_of(name)
        text = f"{name}: {_annotation(values)}"
        return text if default is None else f"{text} = {constant_text(default.value)}"

    def _variadic_values(self, name: str) -> list[object]:
        return [value for i in self.instances for _, value in i.arguments[name]]


def _annotation(values: Iterable[object]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return "float"
    if len(kinds) != 1:
        return "object"
    (kind,) = kinds
    if kind is tuple:
        return "tuple[int, ...]"
    return "None" if kind is type(None) else kind.__name__


class ClassPlanner:
    """Plans the classes of a graph, called ones before those that call them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.structure = Structure(graph)
        self.plans: list[ClassPlan] = []
        self.plan_of: dict[int, ClassPlan] = {}
        self.taken = {"torch", "nn", "F", "Tensor", "NamedTuple", "Output", "EvalOutput"}

    def planned(self) -> list[ClassPlan]:
        """Return the classes in the order in which they are written; the model's is the last."""
        by_template: dict[int, list[Instance]] = {}
        for instance in reversed(list(self.graph.instances())):
            if not is_transparent(instance) or instance.caller is None:
                by_template.setdefault(id(instance.template), []).append(instance)
        for instances in _callees_first(by_template):
            self._plan_template(instances)
        return self.plans

    def _plan_template(self, instances: list[Instance]) -> None:
        """Make one class of all instances if their text is one, else one class a text."""
        instances = instances[::-1]
        optional = _optional_children(instances)
        groups: dict[str, list[Instance]] = {}
        for instance in instances:
            key = self._forward_text(instance, optional) + str(self._base(instance))
            groups.setdefault(key, []).append(instance)
        plans: list[ClassPlan] = []
        for group in groups.values():
            plans += self._plan_group(group)
        self._name(plans, instances[0].template)
        self.plans += plans

    def _plan_group(self, group: list[Instance]) -> list[ClassPlan]:
        """Make one class of a group, else split it by what its constructors need.

        Which lines are optional is asked anew: a part may have all of them or none.
        """
        try:
            return [self._plan(group, _optional_children(group))]
        except NotUniformError:
            pass
        parts: dict[str, list[Instance]] = {}
        for instance in group:
            parts.setdefault(_fingerprint(instance), []).append(instance)
        if len(parts) == 1:
            return [self._plan([instance], frozenset()) for instance in group]
        return [plan for part in parts.values() for plan in self._plan_group(part)]

    def _name(self, plans: list[ClassPlan], template: Template) -> None:
        root = plans[-1].is_root
        base = class_name(self.graph.title if root else template.name)
        for number, plan in enumerate(plans, 1):
            name = base if len(plans) == 1 else f"{base}{number}"
            count = 2
            while name in self.taken:
                name, count = f"{base}{count}", count + 1
            self.taken.add(name)
            plan.name = name

    def _base(self, instance: Instance) -> str:
        is_list = instance.body.body.kind != "mapping"
        return "nn.Sequential" if is_list or self._is_pure(instance) else "nn.Module"

    def _is_pure(self, instance: Instance) -> bool:
        """Return whether an instance is its children called in order and needs no `forward`."""
        if len(instance.values) != 1 or len(instance.inputs) != 1:
            return False
        item = one_line(instance)
        if item is not None:
            return self.structure.is_sequence(item) and not _ends_in_functions(item)
        if not self.structure.is_sequence(instance.body):
            return False
        return instance.values[0].key == (instance.body.value or instance.values[0]).key

    def _forward_text(self, instance: Instance, optional: frozenset[str]) -> str:
        if self._is_pure(instance) and instance.caller is not None:
            return ""
        return "\n".join(f"{x.depth} {x.text}" for x in self._forward(instance, optional))

    def _forward(self, instance: Instance, optional: frozenset[str]) -> list[Line]:
        if self._is_pure(instance):
            return self._inherited_forward(instance)
        return ForwardWriter(instance, self.structure, optional).lines()

    def _inherited_forward(self, instance: Instance) -> list[Line]:
        """Return the model's own `forward` where `nn.Sequential` has one: it names the lines."""
        span = instance.template.block.body.span
        name = instance.template.block.inputs[0]
        comment = f"lines {span.line}-{last_line(span)}: {instance.values[0].type}"
        return [Line(0, f"return super().forward({name})", comment)]

    def _plan(self, group: list[Instance], optional: frozenset[str]) -> ClassPlan:
        plan = ClassPlan("", group[0].template, group, self._base(group[0]))
        sizes = Sizes(group)
        symbols = _symbols(group, self.graph, sizes)
        constructor = Constructor(symbols, self.structure, self._planned, optional, sizes)
        pieces = constructor.body([instance.body for instance in group])
        pieces = self._declared(pieces, group[0])
        plan.init = _used_lines(_init_lines(pieces, group[0]))
        words = {w for line in plan.init for w in _WORD.findall(line.text)}
        plan.sizes = {name: size for name, size in sizes.asked.items() if name in words}
        arguments = plan.template.block.arguments
        plan.parameters = tuple(a.name for a in arguments if a.name in words)
        _forget_other_inputs(symbols, group)
        plan.output_dims = tuple(_output_dims(symbols, v, plan) for v in group[0].values)
        if not self._is_pure(group[0]) or plan.is_root:
            plan.forward = self._forward(group[0], optional)
            plan.forward_inputs = input_names(group[0])
            plan.result = _result_of(plan, self.graph)
        for instance in group:
            self.plan_of[id(instance)] = plan
        return plan

    def _planned(self, instance: Instance) -> ClassPlan:
        return self.plan_of[id(instance)]

    def _declared(self, pieces: list[Piece], instance: Instance) -> list[Piece]:
        """Put children in the order that `declare` asks for."""
        order = self.graph.declared.get(instance.path, ())
        if not order:
            return pieces
        named = {getattr(piece, "key", ""): piece for piece in pieces}
        first = [named[name] for name in order if name in named]
        return [*first, *(piece for piece in pieces if piece not in first)]


def _result_of(plan: ClassPlan, graph: Graph) -> str:
    """Return the annotation of what `forward` returns, for the model in either mode."""
    if not plan.is_root:
        count = len(plan.instances[0].values)
        return "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
    train, evaluated = graph.live_outputs("train"), graph.live_outputs("eval")
    kinds = ["Tensor" if len(train) == 1 else "Output"]
    if train != evaluated:
        kinds.append("Tensor" if len(evaluated) == 1 else "EvalOutput")
    return " | ".join(dict.fromkeys(kinds))


def _symbols(group: Sequence[Instance], graph: Graph, sizes: Sizes) -> Symbols:
    """Return what a class's constructor starts from: its parameters and its inputs' sizes."""
    block = group[0].template.block
    contexts: list[Context] = []
    for instance in group:
        values = {**graph.parameters, **instance.arguments}
        values |= dict(zip(block.inputs, instance.inputs, strict=True))
        plain = {n: v for n, v in instance.arguments.items() if not isinstance(v, LayerName)}
        contexts.append(Context(values, plain))
    known = [a.name for a in block.arguments if a.name in contexts[0].local]
    symbols = Symbols(contexts, {name: Name(name) for name in known})
    for index in range(len(block.inputs)):
        _input_sizes(index, symbols, sizes)
    return symbols


def _input_sizes(index: int, symbols: Symbols, sizes: Sizes) -> None:
    """Name the sizes of one input: a parameter where they differ, else the number."""
    group = sizes.instances
    values = [instance.inputs[index] for instance in group]
    rank = len(values[0].type.shape)
    if any(len(value.type.shape) != rank for value in values):
        return
    dims: dict[int, Expression] = {}
    prefix = group[0].template.block.inputs[index] if index else "in"
    for dim, word in ((1, "channels"), (rank - 1, "features")):
        sizes_there = [value.type.shape[dim] for value in values] if 0 < dim < rank else []
        found = [size for size in sizes_there if isinstance(size, int)]
        if not found or len(found) != len(values):
            continue
        dims[dim] = _size_name(f"{prefix}_{word}", (index, dim), found, symbols, sizes)
    for value in values:
        symbols.sizes[value.key] = dims


def _size_name(
    name: str,
    origin: tuple[int, int],
    found: Sequence[int],
    symbols: Symbols,
    sizes: Sizes,
) -> Expression:
    """Return one size of an input as an expression; ask the caller for it where it differs."""
    if len(set(found)) == 1:
        return literal(found[0])
    numbers = {id(i): size for i, size in zip(sizes.instances, found, strict=True)}
    sizes.asked[name] = Size(name, origin, numbers)
    for context, size in zip(symbols.contexts, found, strict=True):
        context.local[name] = size
    return Name(name)


def _forget_other_inputs(symbols: Symbols, group: Sequence[Instance]) -> None:
    """One instance's result is often the next one's input: keep what it is as a result."""
    own = {value.key for value in group[0].inputs}
    for instance in group[1:]:
        for value in instance.inputs:
            if value.key not in own:
                symbols.sizes.pop(value.key, None)


def _output_dims(symbols: Symbols, value: Value, plan: ClassPlan) -> Dims:
    """Return a result's sizes as expressions of what the class is given."""
    allowed = {*plan.parameters, *plan.sizes}
    dims = symbols.dims(value)
    return {dim: e for dim, e in dims.items() if names(e) <= allowed}


def _init_lines(pieces: Sequence[Piece], instance: Instance) -> list[Line]:
    if instance.template.block.body.kind == "mapping":
        return [Line(0, "super().__init__()"), *rendered(pieces, Names("self"))]
    flat = _single_container(pieces)
    if is_simple(flat):
        items = flat_items(flat)
        if any(comment for _, comment in items):
            return exploded(0, "super().__init__(", items, ")")
        return [Line(0, f"super().__init__({', '.join(text for text, _ in items)})")]
    lines = [Line(0, "layers: list[nn.Module] = []"), *rendered(flat, Items("layers"))]
    return [*lines, Line(0, "super().__init__(*layers)")]


def _single_container(pieces: Sequence[Piece]) -> list[Piece]:
    """A one-line block is the container that its line made: take the container's items."""
    if len(pieces) == 1 and isinstance(pieces[0], Made):
        text = pieces[0].text
        if text.startswith("nn.Sequential(") and not pieces[0].comment:
            return [Made("", text[len("nn.Sequential(") : -1])]
    return list(pieces)


def _used_lines(lines: list[Line]) -> list[Line]:
    """Drop the local variables that nothing reads."""
    while True:
        read = [word for line in lines for word in set(_WORD.findall(_right_side(line)))]
        kept = [line for line in lines if not line.defines or line.defines in read]
        if len(kept) == len(lines):
            return lines
        lines = kept


def _right_side(line: Line) -> str:
    return line.text.partition("=")[2] if line.defines else line.text


def _optional_children(instances: Sequence[Instance]) -> frozenset[str]:
    """Return the named lines that some instances have and in others pass their input on."""
    present: set[str] = set()
    absent: set[str] = set()
    for instance in instances:
        for run in _named_lines(instance.body):
            item = run.content
            assert isinstance(item, ItemRun)
            plain = len(item.item.stages) == 1 and item.item.otherwise is None
            if item.present and plain:
                present.add(run.key)
            elif not item.present:
                absent.add(run.key)
    return frozenset(present & absent)


def _named_lines(body: BodyRun) -> list[ChildRun]:
    found: list[ChildRun] = []
    for entry in body.entries:
        match entry:
            case ChildRun(content=ItemRun(), key=key) if key and body.body.kind == "mapping":
                found.append(entry)
            case JoinRun() | BranchRun():
                found += _named_lines(entry.body)
            case _:
                pass
    return found


def _ends_in_functions(item: ItemRun) -> bool:
    return any(not stage.paths for stage in item.stages)


def _fingerprint(instance: Instance) -> str:
    """Return what tells two instances' constructors apart: structure, arguments, sizes."""
    arguments = repr(sorted((k, str(v)) for k, v in instance.arguments.items()))
    inputs = " ".join(str(value.type) for value in instance.inputs)
    return f"{arguments} {inputs} {_outline(instance.body)}"


def _outline(run: BodyRun | ItemRun | EntryRun | None) -> str:
    match run:
        case BodyRun():
            return "(" + "".join(map(_outline, run.entries)) + ")"
        case ChildRun():
            return _outline(run.content)
        case ItemRun():
            return f"{int(run.present)}{[len(s.units) for s in run.stages]}"
        case ForRun():
            return f"f{len(run.turns)}" + "".join(_outline(body) for _, body in run.turns)
        case IfRun():
            return f"i{run.chosen}{_outline(run.body)}"
        case JoinRun() | BranchRun():
            return _outline(run.body)
        case _:
            return ""


def _callees_first(by_template: dict[int, list[Instance]]) -> list[list[Instance]]:
    """Order templates so that a block comes before every block that calls it."""
    calls: dict[int, set[int]] = {key: set() for key in by_template}
    for key, instances in by_template.items():
        for instance in instances:
            caller = instance.caller
            while caller is not None:
                if id(caller.template) in calls and id(caller.template) != key:
                    calls[id(caller.template)].add(key)
                caller = caller.caller
    ordered: list[int] = []

    def visit(key: int) -> None:
        if key in ordered:
            return
        for callee in sorted(calls[key], key=list(by_template).index, reverse=True):
            visit(callee)
        ordered.append(key)

    for key in reversed(list(by_template)):
        visit(key)
    return [by_template[key] for key in ordered]


def class_name(title: str) -> str:
    """Return a network's name as a class: `resnet50` becomes `Resnet50`."""
    return "".join(part[:1].upper() + part[1:] for part in title.split("_")) or "Model"
