"""The diagram: what is drawn of a graph, and the DOT text that draws it."""

from collections.abc import Iterator, Mapping

from archc.backends.dot import palette
from archc.backends.dot.curves import Trunks, curve, shortened
from archc.backends.dot.depth import Closed, Drawn, Opened, count, opened_once, views
from archc.backends.dot.figures import (
    TITLE_TOP,
    Figure,
    Title,
    card_figure,
    closed_figure,
    frame_title,
    output_figure,
)
from archc.backends.dot.labels import card_name, group_name
from archc.backends.dot.layout import Box, Frame, Layout, Leaf, Part, Path, Point, Wire, laid_out
from archc.backends.dot.repeats import Copies, repeated
from archc.backends.dot.scopes import scopes
from archc.backends.dot.stacking import Card, Group, stacked
from archc.backends.dot.writing import FONT, attributes, quoted
from archc.ir.graph import Graph

COMFORTABLE_COUNT = 60
LARGEST_COUNT = 2000
LEGIBLE = 45
ARROW = 6
"""How long an arrow's head is: the curve ends before it."""
TITLE_SIDE = 9


def dot(graph: Graph, *, depth: int | None = None) -> str:
    """Return the diagram of a graph as DOT text.

    Frames that lie deeper than `depth` become one node each; a picture that would have
    more than 2,000 nodes is closed further. Without a depth, the deepest is chosen whose
    picture is still legible on a page; where that needs it, of a block's calls that are built
    alike only the first is opened. Sizes and places are fixed here, from a table of
    character widths, so no font and no layout program can move anything.
    """
    tree, copies = repeated(stacked(scopes(graph), graph), graph)
    *deeper, shallowest = views(tree, depth)
    if depth is not None:
        fitting = (view for view in deeper if count(view) <= LARGEST_COUNT)
        return Picture(graph, next(fitting, shallowest), copies).text()
    for view in (view for full in deeper for view in (full, opened_once(full))):
        if count(view) <= COMFORTABLE_COUNT:
            picture = Picture(graph, view, copies)
            if picture.layout.scale >= LEGIBLE:
                return picture.text()
    return Picture(graph, shallowest, copies).text()


class Picture:
    """One view of a graph: its figures, its frames, its edges, and where they lie."""

    def __init__(self, graph: Graph, view: Opened, copies: Copies) -> None:
        self.graph = graph
        self.view = view
        self.copies = copies
        self.names: dict[int, str] = {}
        self.figures: dict[str, Figure] = {}
        self.titles: dict[str, Title] = {}
        parts = [self._part(item, view.group, 0) for item in view.items]
        outputs = [
            self._leaf(f"out{place}", output_figure(output), is_loose=True)
            for place, output in enumerate(graph.outputs)
        ]
        self.edges = self._edges()
        self.parts = (*parts, *outputs)
        self.layout = laid_out(self.parts, list(self.edges))

    def _part(self, item: Drawn, outer: Group, level: int) -> Part:
        """Make the figures of an item and return how they lie in each other."""
        match item:
            case Card(nodes):
                figure = card_figure(item, card_name(item, outer), 1, self.graph, self.copies)
            case Closed(group):
                figure = closed_figure(item, group_name(group, outer), self.graph, self.copies)
                nodes = group.nodes
            case Opened(group, (Card() as card,)):
                name = group_name(group, outer) or card_name(card, outer)
                figure = card_figure(card, name, group.repeat, self.graph, self.copies)
                nodes = group.nodes
            case Opened(group, items):
                title = frame_title(group, group_name(group, outer), palette.frame_colour(level))
                name = _frame_name(item, level)
                self.titles[name] = title
                parts = tuple(self._part(inner, group, level + 1) for inner in items)
                return Frame(name, title.head, parts)
        name = f"n{nodes[0].index}"
        self.names.update((node.index, name) for node in nodes)
        pale = all(node.index in self.graph.train_only for node in nodes)
        constant = nodes[0].operation is not None and not any(node.inputs for node in nodes)
        return self._leaf(name, figure, is_constant=constant, is_loose=pale)

    def _leaf(
        self, name: str, figure: Figure, *, is_loose: bool, is_constant: bool = False
    ) -> Leaf:
        self.figures[name] = figure
        return Leaf(
            name,
            figure.width,
            figure.height,
            figure.is_sign,
            figure.is_narrow,
            is_constant,
            is_loose,
        )

    def _edges(self) -> dict[Wire, bool]:
        """Return the edges between figures; the value tells whether only training has it."""
        edges: dict[Wire, bool] = {}
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
        height = self.layout.height
        page = {
            "bb": _corners(Box(0, 0, self.layout.width, height), height),
            "tooltip": _description(self.graph),
        }
        outputs = [f"out{place}" for place in range(len(self.graph.outputs))]
        lines = [
            f"digraph {quoted(self.graph.title or self.graph.name)} {{",
            f"  graph{attributes({**_GRAPH, **page})};",
            f"  node{attributes(_NODE)};",
            f"  edge{attributes(_EDGE)};",
            *self._figures(self.view, 0),
            *(f"  {self._figure(name)}" for name in outputs),
            *(f"  {line}" for line in _edge_lines(self.edges, self.layout)),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _figures(self, frame: Opened, level: int) -> Iterator[str]:
        """Yield the figures inside a frame, those of inner frames in their clusters."""
        for item in frame.items:
            if not isinstance(item, Opened) or _is_single(item):
                yield f"  {self._figure(f'n{_first_index(item)}')}"
                continue
            name = _frame_name(item, level)
            yield f"  subgraph {name} {{"
            yield f"    graph{attributes(self._frame_look(name, level))};"
            yield from (f"  {line}" for line in self._figures(item, level + 1))
            yield "  }"

    def _figure(self, name: str) -> str:
        box = self.layout.leaves[name]
        place = _place(2 * box.left + box.width, 2 * self.layout.height - box.top - box.bottom)
        return self.figures[name].written(name, place)

    def _frame_look(self, name: str, level: int) -> Mapping[str, str]:
        box = self.layout.frames[name]
        height = self.layout.height
        title = self.titles[name]
        width = box.width - 2 * TITLE_SIDE
        return {
            "label": title.written(width),
            "fillcolor": palette.frame_colour(level),
            **_FRAME,
            "tooltip": title.hint,
            "bb": _corners(box, height),
            "lp": _place(
                box.left + box.right, 2 * (height - box.top) - TITLE_TOP - title.head.height
            ),
        }


def _description(graph: Graph) -> str:
    """Return what a picture shows, for those who cannot see it."""
    enters = ", ".join(f"{node.path} {node.output}" for node in graph.inputs)
    leaves = ", ".join(
        f"{output.name or 'output'} {output.value.type}{' in training' if output.mode else ''}"
        for output in graph.outputs
    )
    return f"{enters} → {leaves}; {graph.parameter_count:,} parameters"


def _frame_name(item: Opened, level: int) -> str:
    return f"cluster_{_first_index(item)}_{level}"


def _is_single(item: Opened) -> bool:
    return len(item.items) == 1 and isinstance(item.items[0], Card)


def _first_index(item: Drawn) -> int:
    nodes = item.nodes if isinstance(item, Card) else item.group.nodes
    return nodes[0].index


def _edge_lines(edges: Mapping[Wire, bool], layout: Layout) -> Iterator[str]:
    """Yield the edges; one that leaves another on its way is drawn from there on."""
    drawn: dict[str, Trunks] = {}
    for (tail, head), pale in sorted(edges.items(), key=lambda edge: edge[1]):
        path = drawn.setdefault(tail, Trunks()).branched(layout.paths[tail, head])
        look = {**(_PALE_EDGE if pale else {}), "pos": _curve_text(path, layout.height)}
        yield f"{tail} -> {head}{attributes(look)};"


def _curve_text(path: Path, height: int) -> str:
    """Return the way of an edge as DOT writes it: the arrow's tip, then the curve."""
    tip, *points = [path[-1], *curve(shortened(path, ARROW))]
    return " ".join([f"e,{_point(tip, height)}", *(_point(point, height) for point in points)])


def _point(point: Point, height: int) -> str:
    return f"{point[0]},{height - point[1]}"


def _place(twice_x: int, twice_y: int) -> str:
    """Return a place given in half points, which is where the middle of a box may lie."""
    return f"{twice_x / 2:g},{twice_y / 2:g}"


def _corners(box: Box, height: int) -> str:
    return f"{box.left},{height - box.bottom},{box.right},{height - box.top}"


_GRAPH = {
    "layout": "nop2",
    "fontname": FONT,
    "fontsize": "10",
    "margin": "0",
    "pad": "0.1",
    "bgcolor": "white",
}
_NODE = {"fontname": FONT, "fontsize": "10", "margin": "0", "penwidth": "0.8"}
_EDGE = {"color": palette.LINE, "penwidth": "0.9", "arrowsize": "0.55"}
_PALE_EDGE = {"color": palette.PALE_LINE, "style": "dashed"}
_FRAME = {"style": "rounded,filled", "color": palette.FRAME_LINE, "penwidth": "0.8"}
