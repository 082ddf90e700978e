"""Advice where a value that nobody uses comes from a line that a loop runs again."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from archc.ir.graph import Graph
from archc.ir.runs import ChildRun, ForRun, Instance, ItemRun, Node, Value, lines_in
from archc.statements import Item


class Turns(Struct, frozen=True, eq=False):
    """A value that one turn of a loop leaves unused, where another turn's is used."""

    is_last: bool
    """Whether the last turn alone leaves it."""
    overwritten: Item | None = None
    """The line that names it without `[]`, so that the next turn's takes its place."""

    @property
    def where(self) -> str:
        """What the headline adds."""
        return " in the last turn of the loop" if self.is_last else ""

    def advice(self, block: str) -> str:
        """Return what to change, in words."""
        if (line := self.overwritten) is not None:
            return (
                f"each turn of the loop gives `{line.target}` another value, and the last one "
                f"stays: to keep all, write `as {line.target}[]` on line {line.span.line}"
            )
        if self.is_last:
            leaving = f", or give `{block}` a parameter that leaves it out there" if block else ""
            return f"the next turn reads it, and after the last nobody does: use it{leaving}"
        return ""


def turns_of(place: Node | Instance, number: int, graph: Graph, unused: Collection[int]) -> Turns:
    """Return how the other turns of a loop use the result `number` of a line, where they do."""
    same = list(_same_line(place, graph))
    used = [_result(other, number).node.index not in unused for other in same]
    last_used = bool(used) and used[-1]
    only_last = len(used) > 1 and all(used[:-1]) and not last_used
    target = _named_by(_result(place, number), place.caller) if last_used else None
    return Turns(only_last, target)


def _same_line(place: Node | Instance, graph: Graph) -> Iterator[Node | Instance]:
    """Yield what one line of a block made in each turn."""
    if isinstance(place, Node):
        yield from (n for n in graph.nodes if n.caller is place.caller and n.span == place.span)
    else:
        yield from (c for c in graph.calls if c.caller is place.caller and c.line == place.line)


def _result(place: Node | Instance, number: int) -> Value:
    if isinstance(place, Instance):
        return place.values[number]
    return Value(place, number, place.outputs[number])


def _named_by(value: Value, caller: Instance | None) -> Item | None:
    """Return the last line of a loop that gives a value a name with `as`, without collecting."""
    loops = lines_in(caller.body) if caller is not None else ()
    bodies = (body for loop in loops if isinstance(loop, ForRun) for _, body in loop.turns)
    named: Item | None = None
    for line in (line for body in bodies for line in lines_in(body)):
        run = line.content if isinstance(line, ChildRun) else None
        if isinstance(run, ItemRun) and run.item.target and not run.item.collects:
            named = run.item if run.value.key == value.key else named
    return named
