"""How deep a diagram looks: frames below the depth become one node each."""

from collections.abc import Iterator

from msgspec import Struct

from archc.backends.dot.stacking import Card, Group, Item
from archc.layers.base import spec_name


class Closed(Struct, frozen=True):
    """A frame drawn as one node."""

    group: Group


class Opened(Struct, frozen=True):
    """A frame drawn with what it holds."""

    group: Group
    items: "tuple[Drawn, ...]"


Drawn = Card | Closed | Opened


def views(root: Group, depth: int | None) -> Iterator[Opened]:
    """Yield what is drawn of the tree at each depth, the deepest first, 0 last."""
    deepest = _height(root) if depth is None else min(max(depth, 0), _height(root))
    for level in range(deepest, -1, -1):
        yield _view(root, level)


def opened_once(view: Opened) -> Opened:
    """Return a view that opens, of the calls of a block that are built alike, only the first."""
    return _opened_once(view, set())


def count(view: Opened) -> int:
    """Return the number of nodes a view draws."""
    return sum(1 for _ in leaves(view))


def leaves(view: Opened) -> Iterator[Card | Closed]:
    """Yield the nodes of a view, first to last."""
    for item in view.items:
        if isinstance(item, Opened):
            yield from leaves(item)
        else:
            yield item


def _height(group: Group) -> int:
    """Return how many frames lie within each other below this one."""
    inner = [item for item in group.items if isinstance(item, Group)]
    return max((_cost(item) + _height(item) for item in inner), default=0)


def _view(group: Group, depth: int) -> Opened:
    items: list[Drawn] = []
    for item in group.items:
        if isinstance(item, Card):
            items.append(item)
        elif depth >= _cost(item):
            items.append(_view(item, depth - _cost(item)))
        else:
            items.append(Closed(item))
    return Opened(group, tuple(items))


def _cost(group: Group) -> int:
    """Return 0 for a frame around a single card: it takes no more room than closed."""
    return 0 if len(group.items) == 1 and isinstance(group.items[0], Card) else 1


def _opened_once(view: Opened, seen: set[object]) -> Opened:
    items: list[Drawn] = []
    for item in view.items:
        if not isinstance(item, Opened) or item.group.instance is None:
            items.append(_opened_once(item, seen) if isinstance(item, Opened) else item)
            continue
        plan = _plan(item.group)
        known = plan in seen and _cost(item.group) > 0
        items.append(Closed(item.group) if known else _opened_once(item, seen))
        seen.add(plan)
    return Opened(view.group, tuple(items))


def _plan(item: Item) -> object:
    """Return what frames that are built alike share: the block and the kinds of layers."""
    if isinstance(item, Card):
        return tuple(spec_name(type(node.operation)) for node in item.nodes if node.operation)
    template = id(item.instance.template) if item.instance else None
    return template, tuple(map(_plan, item.items))
