"""Which classes a graph needs, and each of them from its instances."""

import re

from archc.backends.python_source.branches import either, likeness
from archc.backends.python_source.class_symbols import (
    forget_other_inputs,
    output_dims,
    starting_symbols,
)
from archc.backends.python_source.classes import ClassPlan, class_name
from archc.backends.python_source.constructors import Constructor
from archc.backends.python_source.flags import bound_values, keeping, telling_apart
from archc.backends.python_source.forwards import ForwardWriter
from archc.backends.python_source.grouping import callees_first, optional_children, parts
from archc.backends.python_source.layer_arguments import LayerTexts
from archc.backends.python_source.layout import Line
from archc.backends.python_source.rendering import constructor_lines
from archc.backends.python_source.run_kinds import (
    Unit,
    is_transparent,
    last_line,
    module_count,
    one_line,
)
from archc.backends.python_source.structure import Structure
from archc.backends.python_source.symbols import NotUniformError
from archc.backends.python_source.variables import input_names
from archc.backends.python_source.vocabulary import Sizes, Vocabulary
from archc.ir.graph import Graph
from archc.ir.runs import Instance, ItemRun, Operation, Template

LIKE = 0.5
"""How much of two `forward`s must be the same for an argument to choose between them."""

_WORD = re.compile(r"[A-Za-z_]\w*")


class ClassPlanner:
    """Plans the classes of a graph, called ones before those that call them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.structure = Structure(graph)
        self.plans: list[ClassPlan] = []
        self.plan_of: dict[int, ClassPlan] = {}
        self.layer_texts = LayerTexts(self.structure)
        self.taken = {"torch", "nn", "F", "Tensor", "NamedTuple", "Output", "EvalOutput"}
        self.taken |= {"Callable", "partial"}
        self.taken |= {kind.torch_name for kind in graph.kinds}

    def planned(self) -> list[ClassPlan]:
        """Return the classes in the order in which they are written; the model's is the last."""
        by_template: dict[int, list[Instance]] = {}
        for instance in reversed(list(self.graph.instances())):
            if not is_transparent(instance) or instance.caller is None:
                by_template.setdefault(id(instance.template), []).append(instance)
        for instances in callees_first(by_template):
            self._plan_template(instances)
        return self.plans

    def _plan_template(self, instances: list[Instance]) -> None:
        """Make one class of all instances if their text is one, else one class a text."""
        plans = self._plans(instances[::-1])
        self._name(plans, instances[0].template)
        self.plans += plans

    def _plans(self, instances: list[Instance]) -> list[ClassPlan]:
        optional = optional_children(instances)
        groups: dict[str, list[Instance]] = {}
        for instance in instances:
            key = self._forward_text(instance, optional) + str(self._base(instance))
            groups.setdefault(key, []).append(instance)
        if telling_apart(list(groups.values())):
            if plans := self._plan_with_flag(list(groups.values())):
                return plans
            kinds = parts(instances, self._kind)
            if 1 < len(kinds) < len(instances):
                return [plan for kind in kinds for plan in self._plans(kind)]
        return [plan for group in groups.values() for plan in self._plan_group(group)]

    def _plan_with_flag(self, groups: list[list[Instance]]) -> list[ClassPlan]:
        """Make one class of two groups that a `let` of the block tells apart, if there is one.

        The module keeps the condition, and `forward` asks for it: each way calls the lines that are
        optional among its own instances, and none that all of them lack.
        """
        flag = telling_apart(groups)
        if not flag or any(self._base(group[0]) != "nn.Module" for group in groups):
            return []
        forwards = [self._forward(group[0], optional_children(group)) for group in groups]
        if flag in groups[0][0].arguments and likeness(*forwards) < LIKE:
            return []
        instances = [instance for group in groups for instance in group]
        try:
            plan = self._plan(instances, optional_children(instances), flag)
        except NotUniformError:
            return []
        is_first = dict(bound_values(groups[0][0]))[flag] is True
        plan.forward = either(flag, *(forwards if is_first else reversed(forwards)))
        return [plan]

    def _plan_group(self, group: list[Instance]) -> list[ClassPlan]:
        """Make one class of a group, else split it by what its constructors need.

        Which lines are optional is asked anew: a part may have all of them or none.
        """
        try:
            return [self._plan(group, optional_children(group))]
        except NotUniformError:
            pass
        if len(group) == 1:
            return [self._plan(group, frozenset())]
        return [plan for part in parts(group, self._kind) for plan in self._plan_group(part)]

    def _kind(self, unit: Unit) -> str:
        """Return the class that a unit calls, and whether it writes over its input."""
        match unit:
            case Operation(node=node):
                overwrites = node.index in self.structure.overwriting
                return f"{type(node.operation).__name__}{'!' * overwrites}"
            case Instance() if id(unit) in self.plan_of:
                return str(id(self.plan_of[id(unit)]))
            case _:
                return type(unit).__name__

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
        run = one_line(instance) or instance.body
        if not self.structure.is_sequence(run):
            return False
        taken = [value.key for value in self.structure.entrance(run)]
        if taken != [value.key for value in instance.inputs]:
            return False
        if isinstance(run, ItemRun):
            return not _ends_in_functions(run)
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

    def _plan(self, group: list[Instance], optional: frozenset[str], flag: str = "") -> ClassPlan:
        """Plan one class; the instance of the most lines is asked what flows where.

        `flag` names the `let` that the module keeps.
        """
        group = sorted(group, key=lambda instance: -module_count(instance.body))
        plan = ClassPlan("", group[0].template, group, self._base(group[0]))
        sizes = Sizes(group)
        layers = self.layer_texts.parameters(group)
        symbols = starting_symbols(group, self.graph, sizes, layers)
        constructor = Constructor(
            Vocabulary(symbols, sizes), self.structure, self._planned, optional, self.layer_texts
        )
        pieces = constructor.body([instance.body for instance in group])
        if flag:
            pieces = keeping(pieces, flag, group[0])
        plan.init = constructor_lines(pieces, group[0].template.block.body.kind)
        words = {w for line in plan.init for w in _WORD.findall(line.text)}
        plan.sizes = {name: size for name, size in sizes.asked.items() if name in words}
        arguments = plan.template.block.arguments
        plan.layers = {name: made for name, made in layers.items() if made.name in words}
        plan.parameters = tuple(a.name for a in arguments if a.name in words | set(plan.layers))
        forget_other_inputs(symbols, group)
        plan.output_dims = tuple(output_dims(symbols, v, plan) for v in group[0].values)
        if not self._is_pure(group[0]) or plan.is_root:
            plan.forward = self._forward(group[0], optional)
            plan.forward_inputs = input_names(group[0])
            plan.result = _result_of(plan, self.graph)
        for instance in group:
            self.plan_of[id(instance)] = plan
        return plan

    def _planned(self, instance: Instance) -> ClassPlan:
        return self.plan_of[id(instance)]


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


def _ends_in_functions(item: ItemRun) -> bool:
    return any(not stage.paths for stage in item.stages)
