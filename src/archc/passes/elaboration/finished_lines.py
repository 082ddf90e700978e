"""Which lines ran to their end, and all in them."""

from collections.abc import Collection, Iterator

from archc.expressions.syntax import Conditional, Expression, Index, Keyword, Logical, children
from archc.statements import Body, Child, Item, LayerCall, bodies_of


def has_finished(body: Body, finished: Collection[int]) -> bool:
    """Return whether every line of a body, those in parentheses too, ran to its end."""
    for entry in body.entries:
        if id(entry) not in finished:
            return False
        items = _items(entry.content) if isinstance(entry, Child) else ()
        if any(id(item) not in finished or decides(item) for item in items):
            return False
        if not all(has_finished(inner, finished) for inner in bodies_of(entry)):
            return False
    return True


def _items(content: Item | Body) -> Iterator[Item]:
    """Yield a line with what stands in its parentheses and behind its `else`."""
    if isinstance(content, Item):
        yield content
        for stage in content.stages:
            if isinstance(stage.unit, Item):
                yield from _items(stage.unit)
        if content.otherwise is not None:
            yield from _items(content.otherwise)


def decides(item: Item) -> bool:
    """Return whether a line holds an expression of which only a part is evaluated."""
    calls = (stage.unit for stage in item.stages if isinstance(stage.unit, LayerCall))
    given = [a for call in calls for a in (*(call.arguments or ()), *_values(call.keywords))]
    return any(map(_is_lazy, (*given, *item.sources)))


def _is_lazy(expression: Index) -> bool:
    lazy = isinstance(expression, (Conditional, Logical))
    return lazy or any(map(_is_lazy, children(expression)))


def _values(keywords: tuple[Keyword, ...]) -> tuple[Expression, ...]:
    return tuple(keyword.value for keyword in keywords)
