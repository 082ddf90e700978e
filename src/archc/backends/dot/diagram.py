"""The diagram: what is drawn of a graph, and the DOT text that draws it."""

from collections.abc import Iterator

from archc.backends.dot import palette
from archc.backends.dot.columns import Arrangement, Box, arranged
from archc.backends.dot.depth import Closed, Drawn, Opened, leaves, opened
from archc.backends.dot.labels import (
    SMALL_SIZE,
    Row,
    card_name,
    card_rows,
    closed_rows,
    instance_text,
    layer_text,
    output_text,
    relative_name,
)
from archc.backends.dot.repeats import Copies, repeated
from archc.backends.dot.scopes import scopes
from archc.backends.dot.stacking import Card, Group, stacked
from archc.backends.dot.writing import FONT, attributes, cell, inches, table
from archc.backends.text_widths import text_width
from archc.ir.graph import Graph, GraphOutput, Node

SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@"}
CIRCLE = 20
CLUSTER_MARGIN = 8


def dot(graph: Graph, *, depth: int | None = None) -> str:
    """Return the diagram of a graph as DOT text.

    Frames that lie deeper than `depth` become one node each; without a depth, it is
    chosen so that the picture stays legible. Sizes are fixed here, from a table of
    character widths, so no font can move anything.
    """
    tree, copies = repeated(stacked(scopes(graph), graph), graph)
    return _Diagram(graph, opened(tree, depth), copies).text()


class _Diagram:
    """One drawing in progress: which drawn node stands for each node of the graph."""

    def __init__(self, graph: Graph, view: Opened, copies: Copies) -> None:
        self.graph = graph
        self.view = view
        self.copies = copies
        self.names: dict[int, str] = {}
        for item in leaves(view):
            nodes = item.group.nodes if isinstance(item, Closed) else item.nodes
            for node in nodes:
                self.names[node.index] = f"n{nodes[0].index}"
        self.frames = 0
        self.sizes: dict[str, tuple[int, int]] = {name: (150, 50) for name in self.names.values()}

    def text(self) -> str:
        lines = [
            f"digraph{' '}{_identifier(self.graph)} {{",
            f"  graph{attributes(_GRAPH)};",
            f"  node{attributes(_NODE)};",
            f"  edge{attributes(_EDGE)};",
            *self._items(self.view, "", 0),
            *self._outputs(),
            *self._edges(),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _items(self, frame: Opened, outer: str, level: int) -> Iterator[str]:
        for item in frame.items:
            yield from (f"  {line}" for line in self._item(item, outer, level))

    def _item(self, item: Drawn, outer: str, level: int) -> Iterator[str]:
        match item:
            case Card():
                yield self._card(item, card_name(item, outer), 1)
            case Closed(group):
                yield self._closed(group, relative_name(group.path, outer))
            case Opened(group, (Card() as card,)):
                name = relative_name(group.path, outer) if group.path else card_name(card, outer)
                yield self._card(card, name, group.repeat)
            case Opened():
                yield from self._frame(item, outer, level)

    def _frame(self, frame: Opened, outer: str, level: int) -> Iterator[str]:
        self.frames += 1
        group = frame.group
        label = _frame_label(group, relative_name(group.path, outer))
        look = {"label": label, "fillcolor": palette.frame_colour(level), **_FRAME}
        yield f"subgraph cluster_{self.frames} {{"
        yield f"  graph{attributes(look)};"
        yield from self._items(frame, group.path, level + 1)
        yield "}"

    def _card(self, card: Card, name: str, repeat: int) -> str:
        node = card.nodes[0]
        if node.operation is None:
            return _terminal(self.names[node.index], node.path, output_text(node, self.copies))
        if card.is_round:
            return self._join(node)
        rows = card_rows(card, name, self.copies)
        pale = node.index in self.graph.train_only
        hint = "\n".join(f"{one.path}: {one.operation} → {one.output}" for one in card.nodes)
        return _rows_node(self.names[node.index], rows, repeat, pale, hint)

    def _join(self, node: Node) -> str:
        assert node.operation is not None
        text = layer_text(node.operation).partition("(")[0]
        sign = SIGNS.get(text, text)
        width = max(CIRCLE, text_width(sign, 10) + 12) if len(sign) > 1 else CIRCLE
        look = {
            "label": sign,
            "shape": "ellipse",
            "width": inches(width),
            "height": inches(CIRCLE),
            "fixedsize": "true",
            "style": "filled",
            "fillcolor": palette.PAPER,
            "color": palette.LINE,
            "fontcolor": palette.INK,
            "tooltip": f"{node.path}: {node.operation} → {node.output}",
        }
        return f"{self.names[node.index]}{attributes(look)};"

    def _closed(self, group: Group, name: str) -> str:
        rows = closed_rows(group, name, self.copies, self.graph)
        first = group.nodes[0].index
        pale = all(node.index in self.graph.train_only for node in group.nodes)
        hint = group.path + (f": {group.instance.text}" if group.instance else "")
        return _rows_node(self.names[first], rows, group.repeat, pale, hint)

    def _outputs(self) -> Iterator[str]:
        for place, output in enumerate(self.graph.outputs):
            text = str(output.value.type)
            pale = output.mode == "train"
            yield "  " + _terminal(f"out{place}", _output_name(output), text, pale=pale)

    def _edges(self) -> Iterator[str]:
        edges = self._pairs()
        plan = arranged(list(self._boxes()), list(edges))
        for (tail, head), pale in edges.items():
            look = dict(_PALE_EDGE) if pale else {}
            if plan.columns[tail] != plan.columns[head]:
                tail = _connector(plan.columns[head], "a")
            if head in plan.rising:
                yield "  " + _rising(tail, head, plan, look)
            else:
                yield f"  {tail} -> {head}{attributes(look)};"
        yield from _connectors(plan, list(edges))

    def _pairs(self) -> dict[tuple[str, str], bool]:
        """Return the edges between drawn nodes; the value tells whether only training has it."""
        pairs: dict[tuple[str, str], bool] = {}
        for node in self.graph.nodes:
            for value in node.inputs:
                pair = (self._drawn(value.node.index), self._drawn(node.index))
                apart = self.copies.in_different_copies(value.node.index, node.index)
                if pair[0] != pair[1] and not apart:
                    pairs.setdefault(pair, node.index in self.graph.train_only)
        for place, output in enumerate(self.graph.outputs):
            pair = (self._drawn(output.value.node.index), f"out{place}")
            pairs[pair] = output.mode == "train"
        return pairs

    def _boxes(self) -> Iterator[Box]:
        for place, item in enumerate(self.view.items):
            frames = 1 if isinstance(item, Opened) else 0
            drawn = leaves(item) if isinstance(item, Opened) else [item]
            for leaf in drawn:
                nodes = leaf.group.nodes if isinstance(leaf, Closed) else leaf.nodes
                pale = nodes[0].index in self.graph.train_only
                width, height = self.sizes[self.names[nodes[0].index]]
                yield Box(self.names[nodes[0].index], width, height, place, frames, pale)
                frames = 0
        for place, output in enumerate(self.graph.outputs):
            size = (100, 35)
            yield Box(f"out{place}", *size, len(self.view.items) + place, 0, output.mode == "train")

    def _drawn(self, index: int) -> str:
        return self.names[self.copies.drawn_index(index)]


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
    "packmode": "array_tu9",
}
_NODE = {"fontname": FONT, "fontsize": "10", "margin": "0", "penwidth": "0.8"}
_EDGE = {"color": palette.LINE, "penwidth": "0.9", "arrowsize": "0.55"}
_PALE_EDGE = {"color": palette.PALE_LINE, "style": "dashed"}
_CONNECTOR = {
    "shape": "circle",
    "width": inches(16),
    "height": inches(16),
    "fixedsize": "true",
    "style": "filled",
    "fillcolor": palette.PALE_LINE,
    "color": palette.PALE_LINE,
    "fontsize": "8",
}
_FRAME = {
    "style": "rounded,filled",
    "color": palette.FRAME_LINE,
    "penwidth": "0.8",
    "labeljust": "l",
    "margin": str(CLUSTER_MARGIN),
}


def _rising(tail: str, head: str, plan: Arrangement, look: dict[str, str]) -> str:
    """Return an edge of the way up: Graphviz sees it reversed, a skip to it not at all."""
    if tail in plan.rising or tail == plan.turning:
        return f"{head} -> {tail}{attributes({**look, 'dir': 'back'})};"
    return f"{tail} -> {head}{attributes({**look, 'constraint': 'false'})};"


def _connector(column: int, side: str) -> str:
    return f"link{column}{side}"


def _connectors(plan: Arrangement, edges: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the numbered signs at which one column ends and the next begins."""
    done: set[int] = set()
    for tail, head in edges:
        column = plan.columns[head]
        if plan.columns[tail] == column or column in done:
            continue
        done.add(column)
        for side, place in (("b", plan.columns[tail]), ("a", column)):
            look = {"label": str(column), "sortv": str(place + 1), **_CONNECTOR}
            yield f"  {_connector(column, side)}{attributes(look)};"
        yield f"  {tail} -> {_connector(column, 'b')};"


def _identifier(graph: Graph) -> str:
    from archc.backends.dot.writing import quoted

    return quoted(graph.title or graph.name)


def _output_name(output: GraphOutput) -> str:
    return output.name or "output"


def _terminal(identity: str, name: str, shape: str, *, pale: bool = False) -> str:
    width = max(text_width(name, 10, bold=True), text_width(shape, SMALL_SIZE)) + 20
    fill = palette.PALE_LINE if pale else palette.TERMINAL
    ink = palette.INK if pale else palette.PAPER
    lines = [
        cell(Row(name, fill, ink, bold=True), width),
        cell(Row(shape, fill, ink, SMALL_SIZE), width),
    ]
    look = {
        "label": table(lines, width, 29),
        "shape": "box",
        "style": "rounded,filled",
        "fillcolor": fill,
        "color": fill,
        "width": inches(width + 10),
        "height": inches(35),
        "fixedsize": "true",
        "tooltip": f"{name} {shape}",
    }
    return f"{identity}{attributes(look)};"


def _rows_node(identity: str, rows: list[Row], repeat: int, pale: bool, hint: str) -> str:
    badge = Row(f"× {repeat}", palette.BADGE, palette.PAPER, SMALL_SIZE, bold=True)
    room = badge.width if repeat > 1 else 0
    width = max(row.width + (room if row is rows[-1] else 0) for row in rows)
    height = sum(row.height for row in rows)
    lines = [cell(row, width) for row in rows]
    if repeat > 1:
        last = rows[-1]
        badge = Row(badge.text, badge.fill, badge.ink, last.size, bold=True)
        tail = cell(last, width - room) + cell(badge, room)
        lines[-1] = (
            f'<TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{tail}</TR></TABLE></TD>'
        )
    style = ' STYLE="DASHED"' if pale else ""
    line = palette.PALE_LINE if pale else palette.LINE
    look = {
        "label": table(lines, width + 2, height + 2, f'BORDER="1" COLOR="{line}"{style}'),
        "shape": "none",
        "width": inches(width + 2),
        "height": inches(height + 2),
        "fixedsize": "true",
        "tooltip": hint,
    }
    return f"{identity}{attributes(look)};"


def _frame_label(group: Group, name: str) -> str:
    cells: list[tuple[Row, bool]] = []
    if name:
        cells.append((Row(name, "", bold=True), False))
    if group.instance is not None:
        cells.append((Row(instance_text(group.instance), "", palette.FAINT), False))
    if group.repeat > 1:
        cells.append((Row(f"× {group.repeat}", palette.BADGE, palette.PAPER, bold=True), True))
    line = "".join(cell(row, row.width, left=not filled, filled=filled) for row, filled in cells)
    return table([line], sum(row.width for row, _ in cells), cells[0][0].height)
