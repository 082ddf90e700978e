"""The graph as a tree of frames: block calls and nested bodies around the nodes they hold."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from archc.ir.graph import Graph
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
)

DISSOLVED_SIZE = 12


class Frame(Struct, frozen=True):
    """A block call or a nested body: what it holds, in order of first use.

    `instance` is None for a nested body. `nodes` are all nodes inside, at any depth.
    """

    path: str
    instance: Instance | None
    items: "tuple[Frame | Node, ...]"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes inside, at any depth, in the graph's order."""
        return tuple(sorted(self._leaves(), key=lambda node: node.index))

    def _leaves(self) -> Iterator[Node]:
        for item in self.items:
            if isinstance(item, Frame):
                yield from item._leaves()
            else:
                yield item


class _Open(Struct):
    """A frame while nodes still enter it."""

    path: str
    instance: Instance | None
    items: "list[_Open | Node]"


def scopes(graph: Graph) -> Frame:
    """Return the tree of frames; the root is the model itself.

    A frame that holds nothing but another frame is drawn as one. A nested body of the
    model that holds most of it is no frame, since it would only draw a box around all.
    Nodes in a row share a frame; a body that uses a child from outside it in between is
    drawn as two, so that no line leaves a frame and comes back.
    """
    bodies = _bodies(graph.root)
    open_frames = [_Open("", graph.root, [])]
    keys: list[tuple[int, str]] = []
    for node in graph.nodes:
        _enter(open_frames, keys, _chain(node, bodies), node)
    return _without_large_bodies(_closed(open_frames[0]))


def _bodies(root: Instance) -> set[tuple[int, str]]:
    """Return the nested bodies, each as the call it belongs to and its path."""
    found: set[tuple[int, str]] = set()
    waiting = [root]
    while waiting:
        instance = waiting.pop()
        for run in _runs(instance.body):
            if isinstance(run, Instance):
                waiting.append(run)
            else:
                found.add((id(instance), run.path))
    return found


def _runs(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[Instance | BodyRun]:
    """Yield the calls and the children's bodies inside a run, not those inside the calls."""
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _runs(entry)
        case ChildRun():
            if isinstance(run.content, BodyRun):
                yield run.content
            yield from _runs(run.content)
        case ItemRun():
            for unit in (unit for stage in run.stages for unit in stage.units):
                if isinstance(unit, Instance):
                    yield unit
                elif isinstance(unit, ItemRun):
                    yield from _runs(unit)
            yield from _runs(run.alternative)
        case ForRun():
            for _, body in run.turns:
                yield from _runs(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _runs(run.body)
        case _:
            return


def _chain(node: Node, bodies: set[tuple[int, str]]) -> list[tuple[str, Instance, bool]]:
    """Return the frames around a node, outermost first: path, call, whether it is the call."""
    chain: list[tuple[str, Instance, bool]] = []
    inner, caller = node.path, node.caller
    while caller is not None:
        between = _prefixes(caller.path, inner)
        chain[:0] = [(path, caller, False) for path in between if (id(caller), path) in bodies]
        if caller.caller is not None:
            chain.insert(0, (caller.path, caller, True))
        inner, caller = caller.path, caller.caller
    return chain


def _prefixes(outer: str, inner: str) -> list[str]:
    """Return the paths that lie properly between two paths, shortest first."""
    parts = inner.split(".")
    first = outer.count(".") + 2 if outer else 1
    return [".".join(parts[:end]) for end in range(first, len(parts))]


def _enter(
    open_frames: list[_Open],
    keys: list[tuple[int, str]],
    chain: Sequence[tuple[str, Instance, bool]],
    node: Node,
) -> None:
    """Add a node to the innermost of its frames; those that it is not in are closed."""
    wanted = [(id(instance), "" if is_call else f"/{path}") for path, instance, is_call in chain]
    kept = 0
    while kept < min(len(keys), len(wanted)) and keys[kept] == wanted[kept]:
        kept += 1
    del keys[kept:], open_frames[kept + 1 :]
    for key, (path, instance, is_call) in list(zip(wanted, chain, strict=True))[kept:]:
        frame = _Open(path, instance if is_call else None, [])
        open_frames[-1].items.append(frame)
        open_frames.append(frame)
        keys.append(key)
    open_frames[-1].items.append(node)


def _closed(frame: _Open) -> Frame:
    items = tuple(_closed(item) if isinstance(item, _Open) else item for item in frame.items)
    if len(items) == 1 and isinstance(items[0], Frame) and frame.path:
        only = items[0]
        return Frame(frame.path, frame.instance or only.instance, only.items)
    return Frame(frame.path, frame.instance, items)


def _without_large_bodies(root: Frame) -> Frame:
    items: list[Frame | Node] = []
    for item in root.items:
        large = isinstance(item, Frame) and item.instance is None and _is_large(item)
        items.extend(item.items if isinstance(item, Frame) and large else [item])
    return Frame(root.path, root.instance, tuple(items))


def _is_large(frame: Frame) -> bool:
    return len(frame.nodes) > DISSOLVED_SIZE
