"""Writing `init_weights`: the spec's rules in their order, the last one wins."""

from collections.abc import Iterator, Sequence

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
        together = _same_walk(rules[position:], plans)
        if together:
            lines += _loop(together, plans, graph)
        else:
            lines += _by_key(rules[position])
        position += max(1, len(together))
    return lines + _ties(graph)


def _same_walk(rules: Sequence[Initialisation], plans: Sequence[ClassPlan]) -> list[Initialisation]:
    """Return the rules at the front that begin with a class: one walk does them all.

    A walk meets a module before those inside it. A rule for a tensor that an earlier rule fills
    has a walk of its own, after it: the last that fits wins.
    """
    together: list[Initialisation] = []
    filled: set[str] = set()
    place = _leading(_steps(rules[0], plans))
    for rule in rules:
        steps = _steps(rule, plans)
        if not steps or _leading(steps) != place or not filled.isdisjoint(rule.matches):
            break
        together.append(rule)
        filled |= {*rule.matches}
    return together


def _steps(rule: Initialisation, plans: Sequence[ClassPlan]) -> tuple[tuple[str, str], ...]:
    """Return a selector as steps, each `("class", test)` or `("child", name)`.

    Empty where a segment has no class of its own in the source, or none comes first.
    """
    steps: list[tuple[str, str]] = []
    for segment in rule.selector[:-1]:
        test = _class_test(segment, plans)
        if test:
            steps.append(("class", test))
        elif segment.isidentifier() and not segment[:1].isupper():
            steps.append(("child", segment))
        else:
            return ()
    return tuple(steps) if ("class" in {kind for kind, _ in steps}) else ()


def _leading(steps: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the children at the front: where the walk over the modules begins."""
    names: list[str] = []
    for kind, name in steps:
        if kind == "class":
            break
        names.append(name)
    return tuple(names)


def _class_test(segment: str, plans: Sequence[ClassPlan]) -> str:
    """Return what `isinstance` is asked for a segment that names a layer or a block."""
    classes = [plan.name for plan in plans if plan.template.name == segment]
    if classes:
        return classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
    return find(segment).torch_name if segment in NAMES else ""


def _loop(rules: Sequence[Initialisation], plans: Sequence[ClassPlan], graph: Graph) -> list[Line]:
    """Return one walk over the modules; rules of one class stand under one test."""
    place = _leading(_steps(rules[0], plans))
    lines = [Line(0, f"for module in {'.'.join(['self', *place])}.modules():")]
    by_class: dict[str, list[tuple[Initialisation, tuple[tuple[str, str], ...]]]] = {}
    for rule in rules:
        (_, test), *rest = _steps(rule, plans)[len(place) :]
        by_class.setdefault(test, []).append((rule, tuple(rest)))
    for test, group in by_class.items():
        lines.append(Line(1, f"if isinstance(module, {test}):"))
        for rule, rest in group:
            lines += _inner(rule, rest, "module", 2, graph)
    return lines


def _inner(
    rule: Initialisation, steps: tuple[tuple[str, str], ...], place: str, depth: int, graph: Graph
) -> list[Line]:
    """Follow the rest of a selector: a child by its name, a class by a walk below."""
    if not steps:
        return _statement(rule, f"{place}.{rule.selector[-1]}", depth, graph)
    (kind, name), *rest = steps
    if kind == "child":
        return _inner(rule, tuple(rest), f"{place}.{name}", depth, graph)
    walk = Line(depth, f"for layer in {place}.modules():")
    test = Line(depth + 1, f"if isinstance(layer, {name}):")
    return [walk, test, *_inner(rule, tuple(rest), "layer", depth + 2, graph)]


def _statement(rule: Initialisation, tensor: str, depth: int, graph: Graph) -> list[Line]:
    call = Line(depth, _call(rule, tensor))
    if not _may_lack(rule, graph):
        return [call]
    return [Line(depth, f"if {tensor} is not None:"), Line(depth + 1, call.text)]


def _may_lack(rule: Initialisation, graph: Graph) -> bool:
    """Return whether some layer of the rule's class was made without the tensor: `bias=False`."""
    *_, segment, tensor = ("", *rule.selector)
    if tensor != "bias" or segment not in NAMES:
        return False
    keys = {key.name for key in graph.keys}
    return any(f"{path}.{tensor}" not in keys for path in _modules(segment, graph))


def _modules(name: str, graph: Graph) -> Iterator[str]:
    """Yield the paths of all layers of a name, also of those that other layers hold."""
    for node in graph.nodes:
        if node.operation is None or node.shared or not node.operation.is_module:
            continue
        if type(node.operation) is find(name):
            yield node.path
        for inner, kind in type(node.operation).inner.items():
            if kind == name:
                yield f"{node.path}.{inner}"


def _by_key(rule: Initialisation) -> list[Line]:
    if len(rule.matches) == 1 and all(part.isidentifier() for part in rule.matches[0].split(".")):
        return [Line(0, _call(rule, f"self.{rule.matches[0]}"))]
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
