"""How deep a diagram looks: frames below the depth become one node each."""

from collections.abc import Iterator

from msgspec import Struct

from archc.backends.dot.stacking import Card, Group


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
