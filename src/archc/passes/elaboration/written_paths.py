"""Which paths the lines of a document can give, whatever its sizes and conditions turn out to be.

Where a network could not be elaborated its modules are not known; a path that no line can have is
wrong all the same.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation, did_you_mean, near
from archc.passes.elaboration.naming import definitions, may_name
from archc.spec.model import Document
from archc.statements import Block, Body, Child, Item, LayerCall, bodies_of, words

MAX_DEPTH = 32
"""How deep blocks in blocks are followed."""
SHOWN = 8
"""How many names a message lists."""
_TENSORS = ("weight", "bias")
"""The tensors that most layers have; those of others have these words in their names."""


class _Missing(Struct, frozen=True):
    """The first segment of a path that nothing can have, and what can stand in its place."""

    index: int
    known: tuple[str, ...]

    def advice(self, segments: Sequence[str]) -> str:
        """Return what to write instead of the whole path."""
        path, before = ".".join(segments), ".".join(segments[: self.index])
        behind = segments[self.index + 1 :]
        found = near(segments[self.index], self.known)
        if mended := [".".join([*segments[: self.index], name, *behind]) for name in found]:
            return did_you_mean(path, *mended)
        listed = ", ".join(self.known[:SHOWN]) + ", …" * (len(self.known) > SHOWN)
        return f"`{before or 'model'}` has {listed}" if listed else ""


class WrittenPaths:
    """The paths that a document's model can have, as far as the text says."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.is_known = not (document.is_partial or document.unread or document.lacks)

    def missing(self, path: str) -> str | None:
        """Return what to write instead of a path that no line can have; None where one may."""
        segments = tuple(path.split("."))
        inputs = {given.name for given in self.document.inputs}
        if not self.is_known or segments[0] in inputs:
            return None
        found = self._in_body(segments, 0, self.document.model, 0)
        return None if found is None else found.advice(segments)

    def wrong_selector(self, selector: tuple[str, ...]) -> RuleViolation | None:
        """Return the violation for a selector with a name that neither a line nor a class has."""
        if not self.is_known or self.document.imports:
            return None
        whole, known = ".".join(selector), self._names()
        for index, segment in enumerate(selector[:-1]):
            if not segment.isdigit() and not any(may_name(name, segment) for name in known):
                return RuleViolation(
                    Code.SELECTOR,
                    f"`{whole}` matches no tensor of the network",
                    help=_Missing(index, known).advice(selector),
                )
        last = selector[-1]
        found = near(last, _TENSORS)
        is_of_layer = any(word in last for word in _TENSORS) or last in known
        if not found or is_of_layer or len(selector) == 1:
            return None
        return RuleViolation(
            Code.SELECTOR,
            f"`{whole}` matches no tensor: none is called `{last}`",
            help=did_you_mean(whole, *(".".join([*selector[:-1], n]) for n in found)),
        )

    def _names(self) -> tuple[str, ...]:
        """Return every name that a segment can be: children, blocks, layers, what is in these."""
        blocks = self.document.blocks
        bodies = [self.document.model, *(block.body for block in blocks.values())]
        keys = [name for body in bodies for name in _keys(body)]
        used = {word for body in bodies for word in words(body)} & {*layers.NAMES}
        inner = [part for name in used for pair in layers.find(name).inner.items() for part in pair]
        named = [*keys, *blocks, *self.document.python, *inner, *layers.NAMES]
        return tuple(dict.fromkeys(named))

    def _in_body(
        self, segments: tuple[str, ...], index: int, body: Body, depth: int
    ) -> _Missing | None:
        """Return the first segment from an index on that no line of a body can have."""
        lines = [*_children(body)]
        if depth > MAX_DEPTH or body.is_broken:
            return None
        if body.kind == "item":
            return self._below([line.content for line in lines], segments, index, depth)
        segment = segments[index]
        names = tuple(dict.fromkeys(name for name, _ in definitions(body.entries)))
        below = [line for line in lines if _may_be(line, segment)]
        is_last = index == len(segments) - 1
        if segment in functions.NAMES or (segment in names and not below) or (is_last and below):
            return None
        if not below:
            return _Missing(index, names)
        return self._below([line.content for line in below], segments, index + 1, depth)

    def _below(
        self, contents: Sequence[Item | Body], segments: tuple[str, ...], index: int, depth: int
    ) -> _Missing | None:
        """Return what is missing in every one of some lines; nothing where one may have it."""
        found: _Missing | None = None
        for content in contents:
            bodies = (content,) if isinstance(content, Body) else self._called(content)
            if not bodies or (not isinstance(content, Body) and segments[index].isdigit()):
                return None  # a layer's own, or a stage of a chain
            for body in bodies:
                found = self._in_body(segments, index, body, depth + 1)
                if found is None:
                    return None
        return found

    def _called(self, item: Item) -> tuple[Body, ...]:
        """Return the bodies of the blocks that a line calls; nothing where it calls others too."""
        if item.is_broken or item.otherwise is not None:
            return ()
        calls = [s.unit for s in item.stages if isinstance(s.unit, LayerCall)]
        names = [call.name for call in calls if call.name not in functions.NAMES]
        found: list[Block] = [
            self.document.blocks[name] for name in names if name in self.document.blocks
        ]
        is_whole = len(calls) == len(item.stages) and len(found) == len(names)
        return tuple(block.body for block in found) if is_whole else ()


def _may_be(line: Child, segment: str) -> bool:
    """Return whether a line may have a segment as its name; those of a list have numbers."""
    return may_name(line.key, segment) if line.key else segment.isdigit()


def _children(body: Body) -> Iterator[Child]:
    """Yield the lines of a body with those under its control lines."""
    for entry in body.entries:
        if isinstance(entry, Child):
            yield entry
        else:
            for inner in bodies_of(entry):
                yield from _children(inner)


def _keys(body: Body) -> Iterator[str]:
    """Yield the names of all lines of a body, those in nested bodies too."""
    yield from (name for name, _ in definitions(body.entries))
    for child in _children(body):
        if isinstance(child.content, Body):
            yield from _keys(child.content)
