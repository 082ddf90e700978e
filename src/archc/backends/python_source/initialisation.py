"""Writing `init_weights`: the spec's rules in their order, the last one wins."""

from collections.abc import Sequence

from archc.backends.python_source.classes import ClassPlan
from archc.backends.python_source.layout import Line
from archc.expressions.printing import constant_text, string_literal
from archc.ir.graph import Graph, Initialisation
from archc.layers import NAMES, find


def init_lines(graph: Graph, plans: Sequence[ClassPlan]) -> list[Line]:
    """Return the body of `init_weights`, empty where the spec has no rule."""
    lines: list[Line] = []
    rules = [rule for rule in graph.init if rule.matches]
    position = 0
    while position < len(rules):
        run = _class_rules(rules[position:], plans)
        if run:
            lines += _loop(run, plans, graph)
            position += len(run)
        else:
            lines += _by_key(rules[position])
            position += 1
    return lines + _ties(graph)


def _class_rules(
    rules: Sequence[Initialisation], plans: Sequence[ClassPlan]
) -> list[Initialisation]:
    """Return the rules at the front that say `Class.tensor` or `Block.child.tensor`."""
    run: list[Initialisation] = []
    for rule in rules:
        if not _class_test(rule, plans):
            break
        run.append(rule)
    return run


def _class_test(rule: Initialisation, plans: Sequence[ClassPlan]) -> str:
    if len(rule.selector) < 2:
        return ""
    name = rule.selector[0]
    if len(rule.selector) == 2 and name in NAMES and find(name).torch_name.startswith("nn."):
        return find(name).torch_name
    classes = [
        plan.name for plan in plans if plan.template.name == name and not plan.template.is_model
    ]
    if not classes or any(
        part[:1].isupper() or not part.isidentifier() for part in rule.selector[1:]
    ):
        return ""
    return classes[0] if len(classes) == 1 else f"({', '.join(classes)})"


def _loop(rules: Sequence[Initialisation], plans: Sequence[ClassPlan], graph: Graph) -> list[Line]:
    """Return one walk over the modules; rules of one class stand under one test."""
    lines = [Line(0, "for module in self.modules():")]
    by_class: dict[str, list[Initialisation]] = {}
    for rule in rules:
        by_class.setdefault(_class_test(rule, plans), []).append(rule)
    for test, group in by_class.items():
        lines.append(Line(1, f"if isinstance(module, {test}):"))
        for rule in group:
            lines += _statement(rule, graph)
    return lines


def _statement(rule: Initialisation, graph: Graph) -> list[Line]:
    tensor = ".".join(["module", *rule.selector[1:]])
    call = Line(2, _call(rule, tensor))
    if not _may_lack(rule, graph):
        return [call]
    return [Line(2, f"if {tensor} is not None:"), Line(3, call.text)]


def _may_lack(rule: Initialisation, graph: Graph) -> bool:
    """Return whether some layer of the rule's class was made without the tensor: `bias=False`."""
    if len(rule.selector) != 2 or rule.selector[0] not in NAMES:
        return False
    layer = find(rule.selector[0])
    nodes = [node for node in graph.nodes if type(node.operation) is layer and not node.shared]
    return len({node.path for node in nodes}) > len(rule.matches)


def _by_key(rule: Initialisation) -> list[Line]:
    if len(rule.matches) == 1:
        return [Line(0, _call(rule, f"self.get_parameter({string_literal(rule.matches[0])})"))]
    items = ", ".join(map(string_literal, rule.matches))
    return [
        Line(0, f"for name in [{items}]:"),
        Line(1, _call(rule, "self.get_parameter(name)")),
    ]


def _call(rule: Initialisation, tensor: str) -> str:
    parts = [tensor, *map(constant_text, rule.arguments)]
    parts += [f"{name}={constant_text(value)}" for name, value in rule.keywords]
    return f"nn.init.{rule.function}_({', '.join(parts)})"


def _ties(graph: Graph) -> list[Line]:
    return [Line(0, f"self.{left} = self.{right}") for left, right in graph.ties]
