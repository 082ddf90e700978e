"""Evaluating `init` and `tie`: which tensors a selector means, and what fills them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from archc.diagnostics import (
    Code,
    RuleViolation,
    Span,
    did_you_mean,
    meant,
    near,
)
from archc.expressions.syntax import keyword_span
from archc.ir.graph import Graph, Initialisation
from archc.ir.runs import Instance
from archc.layers.base import spec_name
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.initial_values import check_numbers, check_tensor
from archc.passes.elaboration.naming import definitions
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Document, InitRule

FUNCTIONS = {
    "zeros": (),
    "ones": (),
    "constant": ("val",),
    "normal": ("mean", "std"),
    "uniform": ("a", "b"),
    "trunc_normal": ("mean", "std", "a", "b"),
    "kaiming_normal": ("a", "mode", "nonlinearity"),
    "kaiming_uniform": ("a", "mode", "nonlinearity"),
    "xavier_normal": ("gain",),
    "xavier_uniform": ("gain",),
    "orthogonal": ("gain",),
    "eye": (),
    "dirac": ("groups",),
    "sparse": ("sparsity", "std"),
}
"""The functions of `torch.nn.init` without their underscore, and their arguments in order."""

_OTHER_NAMES = {
    "glorot_normal": "xavier_normal",
    "glorot_uniform": "xavier_uniform",
    "he_normal": "kaiming_normal",
    "he_uniform": "kaiming_uniform",
    "truncated_normal": "trunc_normal",
    "zero": "zeros",
    "one": "ones",
}
"""What Keras and papers call them."""
_WORDS = {
    "mode": ("fan_in", "fan_out"),
    "nonlinearity": (
        *("leaky_relu", "relu", "linear", "sigmoid", "tanh", "selu"),
        *(f"conv{transposed}{axes}d" for transposed in ("", "_transpose") for axes in (1, 2, 3)),
    ),
}
"""The arguments that are words, and the words that torch knows."""


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
        try:
            evaluated = _rule(replace(rule, selector=place + rule.selector), tree, file)
        except RuleViolation as violation:
            builder.report(violation, rule.span, None)
            continue
        if evaluated is not None:
            result.append(evaluated)
    return result


def _rule(rule: InitRule, tree: "ModuleNames", file: FileScope) -> Initialisation | None:
    evaluator = DefaultEvaluator(file.parameters, file)
    name = rule.call.name
    if name not in FUNCTIONS:
        raise RuleViolation(
            Code.UNKNOWN_CALLEE,
            f"there is no initialisation `{name}`",
            help=_near_function(name),
            span=rule.call.span,
        )
    arguments = tuple(evaluator.constant(a) for a in rule.call.arguments or ())
    keywords = evaluator.keywords(rule.call.keywords)
    given = _check_arguments(rule, arguments, keywords)
    matches = tuple(tree.matches(rule.selector))
    for key in matches:
        check_tensor(rule, given, key, tree.shapes[key])
    if not matches:
        _check_children(rule.selector, file)
        tree.check_tensor(rule.selector)
    if rule.condition is not None and not evaluator.condition(rule.condition):
        return None
    if not matches and not tree.could_match(rule.selector, file):
        raise RuleViolation(
            Code.SELECTOR,
            f"`{'.'.join(rule.selector)}` matches no tensor of the network",
            help=tree.nearest(rule.selector, file),
        )
    return Initialisation(rule.selector, name, arguments, tuple(keywords.items()), matches)


def _near_function(name: str) -> str:
    plain = name.rstrip("_")
    known = _OTHER_NAMES.get(plain, plain if plain in FUNCTIONS else "")
    question = did_you_mean(name, known) if known else meant(name, FUNCTIONS, is_closed=True)
    return question or "choose one of " + ", ".join(FUNCTIONS)


def _check_children(selector: tuple[str, ...], file: FileScope) -> None:
    """Refuse a selector that names a child which its block has in no variant.

    Raises:
        RuleViolation: there is no line of this name in the block.
    """
    for name, child in pairwise(selector[:-1]):
        if name not in file.blocks or child in file.blocks or child[:1].isupper():
            continue
        known = [key for key, _ in definitions(file.blocks[name].block.body.entries)]
        if child.isdigit() or child in known or any("{" in key for key in known):
            continue
        raise RuleViolation(
            Code.SELECTOR,
            f"`{'.'.join(selector)}` matches no tensor: `{name}` has no line `{child}`",
            help=meant(child, known) or f"its lines are {', '.join(known)}",
        )


def _check_arguments(
    rule: InitRule, arguments: tuple[object, ...], keywords: dict[str, object]
) -> dict[str, object]:
    """Return the arguments of a rule by name.

    Raises:
        RuleViolation: one is unknown, missing or out of range.
    """
    allowed = FUNCTIONS[rule.call.name]
    for keyword in keywords:
        if keyword not in allowed:
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{rule.call.name}` has no argument `{keyword}`",
                help="it takes " + (", ".join(allowed) or "none"),
                span=rule.call.span,
            )
    if len(arguments) > len(allowed):
        raise RuleViolation(
            Code.ARGUMENTS,
            f"`{rule.call.name}` takes {len(allowed)} arguments, {len(arguments)} given",
            span=rule.call.span,
        )
    given = {**dict(zip(allowed, arguments, strict=False)), **keywords}
    for name, value in given.items():
        _check_value(rule, name, value)
    check_numbers(rule, given)
    return given


def _check_value(rule: InitRule, name: str, value: object) -> None:
    """Refuse a word that torch does not know, and anything but a number elsewhere."""
    words = _WORDS.get(name)
    if value in words if words else isinstance(value, (int, float)):
        return
    listed = f"choose one of {', '.join(words)}" if words else "write a number"
    raise RuleViolation(
        Code.ARGUMENT_VALUE,
        f"`{name}` of `{rule.call.name}` cannot be {value!r}",
        help=meant(str(value), words or (), is_closed=True, mark="'") or listed,
        span=keyword_span(rule.call.keywords, name) or rule.call.span,
    )


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

    def check_tensor(self, selector: tuple[str, ...]) -> None:
        """Refuse a name that no tensor has anywhere, where the modules before it are there.

        Raises:
            RuleViolation: the last segment is misspelt.
        """
        *segments, last = selector
        known = {name.rpartition(".")[2] for name in self.tensors} | {"weight", "bias"}
        found = near(last, known)
        if last not in known and found and segments:
            raise RuleViolation(
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
        missing = next((name for name in (left, right) if name not in shapes), "")
        advice, place = "", span
        if missing:
            problem = f"there is no tensor `{missing}`"
            if missing == right and own is not None:
                place = own.spans.get(f"tie.{left}=", span)
            advice = (
                meant(missing, shapes.keys() - {left, right}) or "`archc keys` lists the tensors"
            )
        elif shapes[left] != shapes[right]:
            problem = f"`{left}` is {list(shapes[left])}, `{right}` is {list(shapes[right])}"
        else:
            continue
        builder.report(RuleViolation(Code.SELECTOR, problem, help=advice), place, None)
    return tuple((left, right) for left, right, _ in ties)
