"""The diagram: what is drawn of a graph, and the DOT text that draws it."""

from collections.abc import Iterator

from msgspec import Struct

from archc.backends.dot import palette
from archc.backends.dot.columns import Arrangement, Box, arranged
from archc.backends.dot.depth import Closed, Drawn, Opened, count, views
from archc.backends.dot.figures import (
    Figure,
    card_figure,
    closed_figure,
    frame_label,
    output_figure,
)
from archc.backends.dot.labels import card_name, group_name
from archc.backends.dot.repeats import Copies, repeated
from archc.backends.dot.scopes import scopes
from archc.backends.dot.stacking import Card, stacked
from archc.backends.dot.writing import FONT, attributes, inches, quoted
from archc.ir.graph import Graph

COMFORTABLE_COUNT = 60
COMFORTABLE_HEIGHT = 1300
LARGEST_COUNT = 2000


def dot(graph: Graph, *, depth: int | None = None) -> str:
    """Return the diagram of a graph as DOT text.

    Frames that lie deeper than `depth` become one node each; a picture that would have
    more than 2,000 nodes is closed further. Without a depth, the deepest is chosen whose
    picture is still legible on a page. Sizes are fixed here, from a table of character
    widths, so no font can move anything.
    """
    tree, copies = repeated(stacked(scopes(graph), graph), graph)
    *deeper, shallowest = views(tree, depth)
    largest = COMFORTABLE_COUNT if depth is None else LARGEST_COUNT
    for view in deeper:
        if count(view) > largest:
            continue
        picture = _Picture(graph, view, copies)
        if depth is not None or picture.plan.height <= COMFORTABLE_HEIGHT:
            return picture.text()
    return _Picture(graph, shallowest, copies).text()


class _Placed(Struct, frozen=True):
    """A figure under its name, and where it lies in the tree."""

    figure: Figure
    box: Box


class _Picture:
    """One view of a graph: its figures, its edges and how they are arranged."""

    def __init__(self, graph: Graph, view: Opened, copies: Copies) -> None:
        self.graph = graph
        self.view = view
        self.copies = copies
        self.names: dict[int, str] = {}
        self.placed: dict[str, _Placed] = {}
        for place, item in enumerate(view.items):
            self._place(item, "", place, 0)
        for place, output in enumerate(graph.outputs):
            pale = output.mode == "train"
            self._add(f"out{place}", output_figure(output), len(view.items) + place, 0, pale)
        self.edges = self._edges()
        self.plan = arranged([placed.box for placed in self.placed.values()], list(self.edges))

    def _place(self, item: Drawn, outer: str, place: int, frames: int) -> None:
        """Make the figures of an item; the first inside a frame carries the frame's head."""
        match item:
            case Card(nodes):
                figure = card_figure(item, card_name(item, outer), 1, self.graph, self.copies)
            case Closed(group):
                nodes = group.nodes
                name = group_name(group, outer)
                figure = closed_figure(item, name, self.graph, self.copies)
            case Opened(group, (Card() as card,)):
                nodes = group.nodes
                name = group_name(group, outer) or card_name(card, outer)
                figure = card_figure(card, name, group.repeat, self.graph, self.copies)
            case Opened(group, items):
                for turn, inner in enumerate(items):
                    self._place(inner, group.path, place, 0 if turn else frames + 1)
                return
        name = f"n{nodes[0].index}"
        self.names.update((node.index, name) for node in nodes)
        pale = all(node.index in self.graph.train_only for node in nodes)
        self._add(name, figure, place, frames, pale)

    def _add(self, name: str, figure: Figure, item: int, frames: int, pale: bool) -> None:
        box = Box(name, figure.width, figure.height, item, frames, pale)
        self.placed[name] = _Placed(figure, box)

    def _edges(self) -> dict[tuple[str, str], bool]:
        """Return the edges between figures; the value tells whether only training has it."""
        edges: dict[tuple[str, str], bool] = {}
        for node in self.graph.nodes:
            for value in node.inputs:
                pair = (self._drawn(value.node.index), self._drawn(node.index))
                apart = self.copies.in_different_copies(value.node.index, node.index)
                if pair[0] != pair[1] and not apart:
                    edges.setdefault(pair, node.index in self.graph.train_only)
        for place, output in enumerate(self.graph.outputs):
            edges[self._drawn(output.value.node.index), f"out{place}"] = output.mode == "train"
        return edges

    def _drawn(self, index: int) -> str:
        return self.names[self.copies.drawn_index(index)]

    def text(self) -> str:
        """Return the DOT text."""
        outputs = [f"out{place}" for place in range(len(self.graph.outputs))]
        lines = [
            f"digraph {quoted(self.graph.title or self.graph.name)} {{",
            f"  graph{attributes(_GRAPH)};",
            f"  node{attributes(_NODE)};",
            f"  edge{attributes(_EDGE)};",
            *(f"  {line}" for line in _column_lines(self.plan)),
            *_frame_lines(self.view, self.placed, "", 0),
            *(f"  {self.placed[name].figure.written(name)}" for name in outputs),
            *(f"  {line}" for line in _edge_lines(self.edges, self.plan)),
            "}",
        ]
        return "\n".join(lines) + "\n"


def _frame_lines(
    frame: Opened, placed: dict[str, _Placed], outer: str, level: int
) -> Iterator[str]:
    """Yield the figures inside a frame, those of inner frames in their clusters."""
    for item in frame.items:
        name = f"n{_first_index(item)}"
        if not isinstance(item, Opened) or _is_single(item):
            yield f"  {placed[name].figure.written(name)}"
            continue
        fill = palette.frame_colour(level)
        label = frame_label(item.group, group_name(item.group, outer), fill)
        look = {"label": label, "fillcolor": fill, **_FRAME}
        yield f"  subgraph cluster_{_first_index(item)}_{level} {{"
        yield f"    graph{attributes(look)};"
        yield from (f"  {line}" for line in _frame_lines(item, placed, item.group.path, level + 1))
        yield "  }"


def _is_single(item: Opened) -> bool:
    return len(item.items) == 1 and isinstance(item.items[0], Card)


def _first_index(item: Drawn) -> int:
    nodes = item.nodes if isinstance(item, Card) else item.group.nodes
    return nodes[0].index


def _edge_lines(edges: dict[tuple[str, str], bool], plan: Arrangement) -> Iterator[str]:
    """Yield the edges; one that leads to the next column goes by way of two numbered signs."""
    signs: set[int] = set()
    for (tail, head), pale in edges.items():
        look = _PALE_EDGE if pale else {}
        column = plan.columns[head]
        if plan.columns[tail] == column:
            yield _edge(tail, head, plan, look)
            continue
        if column not in signs:
            signs.add(column)
            yield _sign(column, "end")
            yield f"{tail} -> end{column}{attributes(look)};"
        yield f"begin{column} -> {head}{attributes(look)};"


def _edge(tail: str, head: str, plan: Arrangement, look: dict[str, str]) -> str:
    """Return an edge; on the way up Graphviz sees it reversed, and a skip keeps level."""
    if head not in plan.rising:
        return f"{tail} -> {head}{attributes(look)};"
    if tail in plan.rising or tail == plan.turning:
        return f"{head} -> {tail}{attributes({**look, 'dir': 'back'})};"
    return f"{tail} -> {head}{attributes({**look, 'minlen': '0'})};"


def _column_lines(plan: Arrangement) -> Iterator[str]:
    """Yield an invisible cluster at the head of each column.

    Graphviz packs the columns in the order in which it meets a cluster of each.
    """
    count = max(plan.columns.values(), default=0) + 1
    heads = [next(iter(plan.columns), ""), *(_sign(number, "begin") for number in range(1, count))]
    for column, head in enumerate(heads if count > 1 else []):
        yield f"subgraph cluster_column{column} {{"
        yield f"  graph{attributes({'peripheries': '0', 'margin': '0'})};"
        yield f"  {head}"
        yield "}"


def _sign(number: int, side: str) -> str:
    return f"{side}{number}{attributes({**_SIGN, 'label': str(number)})};"


_GRAPH = {
    "rankdir": "TB",
    "nodesep": "0.22",
    "ranksep": "0.26",
    "fontname": FONT,
    "fontsize": "10",
    "margin": "0",
    "pad": "0.1",
    "bgcolor": "white",
    "pack": "24",
    "packmode": "array_ti9",
}
_NODE = {"fontname": FONT, "fontsize": "10", "margin": "0", "penwidth": "0.8"}
_EDGE = {"color": palette.LINE, "penwidth": "0.9", "arrowsize": "0.55"}
_PALE_EDGE = {"color": palette.PALE_LINE, "style": "dashed"}
_SIGN = {
    "shape": "circle",
    "width": inches(16),
    "height": inches(16),
    "fixedsize": "true",
    "style": "filled",
    "fillcolor": palette.PALE_TERMINAL,
    "color": palette.PALE_TERMINAL,
    "fontsize": "8",
}
_FRAME = {
    "style": "rounded,filled",
    "color": palette.FRAME_LINE,
    "penwidth": "0.8",
    "labeljust": "l",
    "margin": "8",
}
