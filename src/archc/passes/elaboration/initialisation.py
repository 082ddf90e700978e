"""Evaluating `init` and `tie`: which tensors a selector means, and what fills them."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from msgspec.structs import replace

from archc.diagnostics import Code, RuleViolation, Span, did_you_mean, meant, near
from archc.ir.graph import Graph, Initialisation
from archc.ir.runs import Instance
from archc.layers.base import spec_name
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.init_calls import Report, read_call, read_condition
from archc.passes.elaboration.initial_values import wrong_tensor
from archc.passes.elaboration.naming import definitions
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.scope import FileScope
from archc.passes.elaboration.written_paths import WrittenPaths
from archc.spec.model import Document, InitRule


def evaluate_rules(
    graph: Graph,
    file: FileScope,
    imported: Sequence[tuple[Instance, FileScope]],
    builder: NodeBuilder,
) -> tuple[tuple[Initialisation, ...], tuple[tuple[str, str], ...]]:
    """Return `init` and `tie` of the model and of every imported model in it.

    An imported model's rules come first and speak of the place where it stands.
    """
    tree = ModuleNames(graph)
    init: list[Initialisation] = []
    ties: list[tuple[str, str, Span]] = []
    for instance, scope in imported:
        if scope.document is None:
            continue
        place = tuple(instance.path.split("."))
        init += _evaluated(scope.document.init, place, tree, scope, builder)
        ties += [
            (f"{instance.path}.{a}", f"{instance.path}.{b}", s) for a, b, s in scope.document.tie
        ]
    own = file.document
    if own is not None:
        init += _evaluated(own.init, (), tree, file, builder)
        ties += own.tie
    return tuple(init), _checked_ties(ties, graph, builder, own)


def read_rules(file: FileScope, builder: NodeBuilder) -> None:
    """Report what is wrong with the rules of a file whatever the sizes of its network are."""
    document = file.document
    assert document is not None
    written = WrittenPaths(document)
    for rule in document.init:
        evaluator = DefaultEvaluator(file.parameters, file, file.unread)
        report = partial(builder.report, span=rule.span, caller=None)
        read_call(rule, evaluator, report)
        read_condition(rule, evaluator, report)
        wrong = _wrong_children(rule.selector, file) or written.wrong_selector(rule.selector)
        if wrong is not None:
            report(wrong)
    for left, right, span in document.tie:
        for name in (left, right):
            if (advice := written.missing(name)) is not None:
                _report_tensor(name, advice, _place(document, left, right, name, span), builder)


def _report_tensor(name: str, advice: str, place: Span, builder: NodeBuilder) -> None:
    violation = RuleViolation(Code.SELECTOR, f"there is no tensor `{name}`", help=advice)
    builder.report(violation, place, None)


def _place(document: Document | None, left: str, right: str, name: str, span: Span) -> Span:
    """Return where one of the two names of a tie stands, whose first is at `span`."""
    if document is None or name != right:
        return span
    return document.spans.get(f"tie.{left}=", span)


def _evaluated(
    rules: Sequence[InitRule],
    place: tuple[str, ...],
    tree: "ModuleNames",
    file: FileScope,
    builder: NodeBuilder,
) -> list[Initialisation]:
    """Return the rules that hold, with the keys each one fills; mistakes are reported."""
    result: list[Initialisation] = []
    for rule in rules:
        report = partial(builder.report, span=rule.span, caller=None)
        evaluated = _rule(replace(rule, selector=place + rule.selector), tree, file, report)
        if evaluated is not None:
            result.append(evaluated)
    return result


def _rule(
    rule: InitRule, tree: "ModuleNames", file: FileScope, report: Report
) -> Initialisation | None:
    """Return a rule that holds, with the keys it fills; everything wrong with it is reported."""
    evaluator = DefaultEvaluator(file.parameters, file, file.unread)
    filling = read_call(rule, evaluator, report)
    holds = read_condition(rule, evaluator, report)
    matches = tuple(tree.matches(rule.selector))
    wrong = None if matches else _wrong_selector(rule.selector, tree, file, holds)
    if filling is not None:
        unfit = (wrong_tensor(rule, filling.given, key, tree.shapes[key]) for key in matches)
        wrong = wrong or next(filter(None, unfit), None)
    if wrong is not None:
        report(wrong)
    if filling is None or not holds:
        return None
    written = (rule.selector, rule.call.name, filling.arguments, tuple(filling.keywords.items()))
    return Initialisation(*written, matches)


def _wrong_selector(
    selector: tuple[str, ...], tree: "ModuleNames", file: FileScope, holds: bool | None
) -> RuleViolation | None:
    """Return the violation for a selector that matches nothing, if it has to match."""
    found = _wrong_children(selector, file) or tree.wrong_tensor(selector)
    if found is not None or not holds or tree.could_match(selector, file):
        return found
    headline = f"`{'.'.join(selector)}` matches no tensor of the network"
    return RuleViolation(Code.SELECTOR, headline, help=tree.nearest(selector, file))


def _wrong_children(selector: tuple[str, ...], file: FileScope) -> RuleViolation | None:
    """Return the violation for a selector that names a child which its block has in no variant."""
    for name, child in pairwise(selector[:-1]):
        if name not in file.blocks or child in file.blocks or child[:1].isupper():
            continue
        known = [key for key, _ in definitions(file.blocks[name].block.body.entries)]
        if child.isdigit() or child in known or any("{" in key for key in known):
            continue
        return RuleViolation(
            Code.SELECTOR,
            f"`{'.'.join(selector)}` matches no tensor: `{name}` has no line `{child}`",
            help=meant(child, known) or f"its lines are {', '.join(known)}",
        )
    return None


class ModuleNames:
    """The module tree by path: what each module is, and which tensors it owns."""

    def __init__(self, graph: Graph) -> None:
        self.classes: dict[str, set[str]] = {}
        self.shapes = {key.name: key.tensor.shape for key in graph.keys}
        self.tensors = [*self.shapes]
        self.owners = {path for name in self.tensors for path in _with_those_above(name)}
        for node in graph.nodes:
            if node.operation is not None and node.operation.is_module:
                self.classes.setdefault(node.path, set()).add(spec_name(type(node.operation)))
                for name, inner in type(node.operation).inner.items():
                    self.classes.setdefault(f"{node.path}.{name}", set()).add(inner)
        for instance in graph.instances():
            self.classes.setdefault(instance.path, set()).add(instance.template.name)

    def matches(self, selector: tuple[str, ...]) -> Iterator[str]:
        """Yield the keys a selector means: each segment a child's name, else a class below."""
        *segments, last = selector
        places = [""]
        for segment in segments:
            places = [path for place in places for path in self._step(place, segment)]
        wanted = {f"{place}.{last}" if place else last for place in places}
        yield from (name for name in self.tensors if name in wanted)

    def _step(self, place: str, segment: str) -> list[str]:
        child = f"{place}.{segment}" if place else segment
        if child in self.owners:
            return [child]
        below = f"{place}." if place else ""
        return [
            path
            for path, classes in self.classes.items()
            if segment in classes and (path == place or path.startswith(below))
        ]

    def wrong_tensor(self, selector: tuple[str, ...]) -> RuleViolation | None:
        """Return the violation for a last segment that is misspelt: no tensor has the name."""
        *segments, last = selector
        known = {name.rpartition(".")[2] for name in self.tensors} | {"weight", "bias"}
        found = near(last, known)
        if last in known or not found or not segments:
            return None
        return RuleViolation(
            Code.SELECTOR,
            f"`{'.'.join(selector)}` matches no tensor: none is called `{last}`",
            help=did_you_mean(".".join(selector), *(".".join([*segments, n]) for n in found)),
        )

    def nearest(self, selector: tuple[str, ...], file: FileScope) -> str:
        """Return what was meant by a selector without a tensor: its first wrong segment mended."""
        places = [""]
        for number, segment in enumerate(selector[:-1]):
            inner = [path for place in places for path in self._step(place, segment)]
            if not inner:
                return self._instead(selector, number, places, file)
            places = inner
        return self._instead(selector, len(selector) - 1, places, file)

    def _instead(
        self, selector: tuple[str, ...], number: int, places: Sequence[str], file: FileScope
    ) -> str:
        known = list(dict.fromkeys(self._children(places)))
        is_last = number == len(selector) - 1
        owners = {name for names in self.classes.values() for name in names}
        below = () if is_last else owners
        if selector[0][:1].isupper() and len(selector) == 1:
            owner = next(iter(near(selector[0], owners)), "Conv2d")
            return f"a selector ends in a tensor's name: did you mean `{owner}.weight`?"
        if found := near(selector[number], [*known, *below, *file.blocks]):
            before, after = selector[:number], selector[number + 1 :]
            mended = (".".join([*before, name, *after]) for name in found)
            return did_you_mean(".".join(selector), *mended)
        if number:
            return f"`{'.'.join(selector[:number])}` has {', '.join(known)}"
        return (
            "a selector is child names, layers or blocks, and ends in a tensor's name: "
            "`Conv2d.weight`"
        )

    def _children(self, places: Sequence[str]) -> Iterator[str]:
        """Yield what stands directly below some paths: children with tensors, and tensors."""
        for place in places:
            outer = f"{place}." if place else ""
            for name in self.tensors:
                if name.startswith(outer):
                    yield name.removeprefix(outer).split(".")[0]

    def could_match(self, selector: tuple[str, ...], file: FileScope) -> bool:
        """Return whether the classes named exist in the file, though not in this variant."""
        return any(segment in file.blocks for segment in selector[:-1])


def _with_those_above(path: str) -> Iterator[str]:
    """Yield a path and every path that it lies below."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _checked_ties(
    ties: Sequence[tuple[str, str, Span]],
    graph: Graph,
    builder: NodeBuilder,
    own: Document | None,
) -> tuple[tuple[str, str], ...]:
    """Return the pairs of keys that share one tensor; mistakes are reported."""
    shapes = {key.name: key.tensor.shape for key in graph.keys}
    for left, right, span in ties:
        missing = [name for name in (left, right) if name not in shapes]
        for name in missing:
            known = shapes.keys() - {left, right}
            advice = meant(name, known) or "`archc keys` lists the tensors"
            _report_tensor(name, advice, _place(own, left, right, name, span), builder)
        if not missing and shapes[left] != shapes[right]:
            problem = f"`{left}` is {list(shapes[left])}, `{right}` is {list(shapes[right])}"
            advice = "tied tensors are one and the same: give their layers equal sizes"
            builder.report(RuleViolation(Code.SELECTOR, problem, help=advice), span, None)
    return tuple((left, right) for left, right, _ in ties)
