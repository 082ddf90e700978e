"""A call as the user wrote it with one argument changed, where the block gives that argument."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from archc.expressions.printing import expression_text, keyword_text
from archc.expressions.syntax import Expression, Name
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
    Node,
    Operation,
    Reuse,
)
from archc.passes.elaboration.scope import Scope
from archc.statements import Argument, LayerCall


class Place(Struct, frozen=True):
    """Where an argument of a layer is set: a call, the order of its arguments, the name."""

    call: LayerCall
    order: tuple[str, ...]
    name: str
    home: Instance | None = None
    """The call of a block that the line stands in."""

    @property
    def line(self) -> int:
        """The line of the call."""
        return self.call.span.line

    @property
    def given(self) -> Expression | None:
        """The argument as written, None where it is left out."""
        for keyword in self.call.keywords:
            if keyword.name == self.name:
                return keyword.value
        positional = self.call.arguments or ()
        index = self.order.index(self.name) if self.name in self.order else len(positional)
        return positional[index] if index < len(positional) else None

    @property
    def text(self) -> str:
        """The argument as written, empty where it is left out."""
        return "" if self.given is None else expression_text(self.given)

    def written(self, **values: str) -> str:
        """Return the call as written, with arguments of other values."""
        parts = [expression_text(argument) for argument in self.call.arguments or ()]
        keywords = {k.name: keyword_text(k) for k in self.call.keywords if k.name}
        rest = [keyword_text(k) for k in self.call.keywords if not k.name]
        for name, text in values.items():
            index = self.order.index(name) if name in self.order else len(parts) + 1
            is_next = index == len(parts) and name not in keywords and text == name
            if index < len(parts) or is_next:
                parts[index : index + 1] = [text]
            else:
                keywords[name] = f"{name}={text}"
        return f"{self.call.name}({', '.join([*parts, *keywords.values(), *rest])})"


def place_of(node: Node, name: str, scope: Scope) -> Place | None:
    """Return where an argument of a node's layer is set, as near to the block as it can be.

    Where a block passes its own argument on, that is the call of the block.
    """
    call = _call_of(node, scope)
    if call is None or node.operation is None:
        return None
    place = Place(call, type(node.operation).positional, name, node.caller)
    instance = node.caller
    while instance is not None and instance is not scope.instance and instance.call is not None:
        parameters = instance.template.block.arguments
        outer = _parameter(place, parameters)
        if not outer:
            return place
        order = tuple(p.name for p in parameters if not p.variadic)
        place = Place(instance.call, order, outer, instance.caller)
        instance = instance.caller
    return place


class Rewriting(Struct, frozen=True):
    """A call with some arguments of other values; `nodes` are all that the call made."""

    place: Place
    text: str
    nodes: tuple[Node, ...]


def rewritten(
    node: Node, values: Mapping[str, str], scope: Scope, others: Sequence[Node]
) -> Rewriting | None:
    """Return the call that sets arguments of a node's layer, with these values.

    None where there is no such call, or several. Of `others`, those that the same call made
    change with the node.
    """
    places = [place_of(node, name, scope) for name in values]
    first = places[0]
    if first is None or any(place is None or place.call is not first.call for place in places):
        return None
    texts = {p.name: text for p, text in zip(places, values.values(), strict=True) if p}
    name = next(iter(values))
    alike = [
        other
        for other in others
        if other.span == node.span
        and (place := place_of(other, name, scope)) is not None
        and place.call is first.call
    ]
    return Rewriting(first, first.written(**texts), tuple(alike))


def _parameter(place: Place, parameters: tuple[Argument, ...]) -> str:
    """Return the parameter of the block that an argument inside it is, empty for none."""
    names = {parameter.name: parameter.variadic for parameter in parameters}
    if isinstance(place.given, Name) and names.get(place.given.identifier) is False:
        return place.given.identifier
    spread = [k.value for k in place.call.keywords if not k.name]
    passes_on = any(isinstance(e, Name) and names.get(e.identifier) for e in spread)
    return place.name if place.given is None and passes_on else ""


def _call_of(node: Node, scope: Scope) -> LayerCall | None:
    """Return the call that made a node: the lines of a running block are its records."""
    runs: list[BodyRun | ItemRun | None] = []
    if node.caller is scope.instance:
        runs += [record.content for frame in scope.frames for record in frame.values()]
    elif node.caller is not None:
        runs.append(node.caller.body)
    found = (operation for run in runs for operation in _operations(run))
    return next((operation.call for operation in found if operation.node is node), None)


def _operations(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[Operation]:
    """Yield what ran in the lines of a body, other blocks left out."""
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _operations(entry)
        case ChildRun():
            yield from _operations(run.content)
        case ForRun():
            for _, body in run.turns:
                yield from _operations(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _operations(run.body)
        case ItemRun():
            yield from _operations_of_line(run)
        case _:
            return


def _operations_of_line(run: ItemRun) -> Iterator[Operation]:
    for unit in (unit for stage in run.stages for unit in stage.units):
        match unit:
            case Operation():
                yield unit
            case ItemRun():
                yield from _operations_of_line(unit)
            case Reuse(again=again):
                yield from _operations(again)
            case _:
                pass
    if run.alternative is not None:
        yield from _operations_of_line(run.alternative)
