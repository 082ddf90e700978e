"""Blocks that call each other without end, found in the text of their lines."""

from collections.abc import Iterator, Mapping

from archc.ir.runs import Template
from archc.statements import Body, Child, Item, LayerCall, bodies_of


def cycle_through(start: str, end: str, blocks: Mapping[str, Template]) -> tuple[str, ...]:
    """Return the blocks by which one calls another, itself first, nothing where it does not.

    Only blocks that the file defines behind the first are followed: so each circle of calls has
    one block that it is found from.
    """
    order = {name: place for place, name in enumerate(blocks)}
    ways: list[tuple[str, ...]] = [(start,)]
    known = {start}
    while ways:
        way = ways.pop()
        if way[-1] == end:
            return way
        for name in _called(blocks[way[-1]].block.body):
            if name not in known and order.get(name, -1) > order[start]:
                known.add(name)
                ways.append((*way, name))
    return ()


def _called(body: Body) -> Iterator[str]:
    """Yield the name of everything that the lines of a body call."""
    for entry in body.entries:
        if isinstance(entry, Child) and isinstance(entry.content, Item):
            yield from _called_in(entry.content)
        for inner in bodies_of(entry):
            yield from _called(inner)


def _called_in(item: Item) -> Iterator[str]:
    for stage in item.stages:
        if isinstance(stage.unit, LayerCall):
            yield stage.unit.name
        else:
            yield from _called_in(stage.unit)
    if item.otherwise is not None:
        yield from _called_in(item.otherwise)
