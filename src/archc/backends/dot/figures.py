"""The nodes of a diagram: cards of rows, closed frames, round joins, inputs and outputs."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.backends.dot import palette
from archc.backends.dot.depth import Closed
from archc.backends.dot.labels import (
    SMALL_SIZE,
    Row,
    card_rows,
    closed_rows,
    instance_text,
    layer_text,
    output_text,
)
from archc.backends.dot.layout import Head
from archc.backends.dot.repeats import Copies
from archc.backends.dot.stacking import Card, Group
from archc.backends.dot.writing import Table, attributes, blank, cell, inches, table, title_cell
from archc.ir.graph import Graph, GraphOutput
from archc.ir.runs import Node
from archc.layers.base import spec_name

SIGNS = {
    **{"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@"},
    **{"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"},
}
"""What stands in the circle where two tensors meet."""
CIRCLE = 20
CORNER = 10
TITLE_TOP = 6


class Figure(Struct, frozen=True):
    """A node as it will be drawn; width and height are in points."""

    width: int
    height: int
    look: Mapping[str, str]
    is_sign: bool = False
    is_narrow: bool = False

    def written(self, name: str, place: str) -> str:
        """Return the DOT statement of the node with its middle at a place."""
        size = {"width": inches(self.width), "height": inches(self.height), "fixedsize": "true"}
        return f"{name}{attributes({**self.look, **size, 'pos': place})};"


class Title(Struct, frozen=True):
    """What stands at the head of a frame: rows at the left, a badge at the right, and its hint."""

    rows: tuple[Row, ...]
    badge: Row | None
    hint: str

    @property
    def head(self) -> Head:
        """The room that the title takes."""
        left = max((row.width for row in self.rows), default=0)
        height = sum(row.height for row in self.rows)
        return Head(left, self.badge.width if self.badge else 0, TITLE_TOP + height)

    def written(self, width: int) -> Table:
        """Return the label of a frame, as wide as its head."""
        lines: list[str] = []
        for place, row in enumerate(self.rows):
            badge = title_cell(self.badge) if self.badge and place == 0 else ""
            room = self.badge.width if self.badge and badge else 0
            line = title_cell(row) + blank(width - row.width - room, row.height) + badge
            lines.append(f"<TD>{table([line], width, row.height)[1:-1]}</TD>")
        return table(lines, width, self.head.height - TITLE_TOP)


def card_figure(card: Card, name: str, repeat: int, graph: Graph, copies: Copies) -> Figure:
    """Return the picture of a card, a join or an input of the model."""
    node = card.nodes[0]
    if node.operation is None:
        return _terminal(node.path, str(node.output), palette.TERMINAL, palette.PAPER)
    if card.is_round:
        return _join(node, graph, copies)
    rows = card_rows(card, name, copies)
    return _card(rows, repeat, node.index in graph.train_only, _hint(card.nodes))


def closed_figure(closed: Closed, name: str, graph: Graph, copies: Copies) -> Figure:
    """Return the picture of a frame that is not opened."""
    group = closed.group
    pale = all(node.index in graph.train_only for node in group.nodes)
    return _card(closed_rows(group, name, copies), group.repeat, pale, _group_hint(group))


def output_figure(output: GraphOutput) -> Figure:
    """Return the picture of a result of the model; one that only training has is paler."""
    pale = output.mode == "train"
    fill = palette.PALE_TERMINAL if pale else palette.TERMINAL
    ink = palette.INK if pale else palette.PAPER
    return _terminal(output.name or "output", str(output.value.type), fill, ink)


def frame_title(group: Group, name: str, fill: str) -> Title:
    """Return the title of a frame: its name over its call, and how often it stands in a row."""
    rows = [Row(name, fill, bold=True, side=0)] if name else []
    if group.instance is not None:
        rows.append(Row(instance_text(group.instance), fill, palette.FAINT, SMALL_SIZE, side=0))
    badge = Row(f"× {group.repeat}", palette.BADGE, palette.PAPER, bold=True)
    return Title(tuple(rows), badge if group.repeat > 1 else None, _group_hint(group))


def _group_hint(group: Group) -> str:
    return f"{group.path}: {group.instance.text}" if group.instance else group.path


def _hint(nodes: Sequence[Node]) -> str:
    return "; ".join(f"{node.path}: {node.operation} → {node.output}" for node in nodes)


def _terminal(name: str, shape: str, fill: str, ink: str) -> Figure:
    return _rounded(
        [Row(name, fill, ink, bold=True), Row(shape, fill, ink, SMALL_SIZE)],
        {"fillcolor": fill, "color": fill, "style": "rounded,filled", "tooltip": f"{name} {shape}"},
    )


def _rounded(rows: Sequence[Row], look: Mapping[str, str]) -> Figure:
    """Return rows in a box with round corners; the cells keep clear of them."""
    width = _even(max(row.width for row in rows))
    height = sum(row.height for row in rows)
    label = table([cell(row, width) for row in rows], width, height)
    return Figure(width + CORNER, height + CORNER // 2, {"label": label, "shape": "box", **look})


def _join(node: Node, graph: Graph, copies: Copies) -> Figure:
    """Return a circle with an operator's sign, or a pill that shows the shape: `concat`."""
    assert node.operation is not None
    name = spec_name(type(node.operation))
    pale = node.index in graph.train_only
    look = {
        "fillcolor": palette.PAPER,
        "color": palette.PALE_LINE if pale else palette.LINE,
        "tooltip": _hint([node]),
    }
    style = "filled,dashed" if pale else "filled"
    if name in SIGNS:
        sign = {"label": SIGNS[name], "shape": "circle", "style": style}
        full = {**look, **sign, "fontcolor": palette.INK}
        return Figure(CIRCLE, CIRCLE, full, is_sign=True, is_narrow=True)
    shape = Row(output_text(node, copies), palette.PAPER, palette.FAINT, SMALL_SIZE)
    pill = _rounded(
        [Row(layer_text(node.operation), palette.PAPER), shape],
        {**look, "style": f"rounded,{style}"},
    )
    return replace(pill, is_sign=True)


def _card(rows: Sequence[Row], repeat: int, pale: bool, hint: str) -> Figure:
    badge = Row(f"× {repeat}", palette.BADGE, palette.PAPER, rows[-1].size, bold=True)
    room = badge.width if repeat > 1 else 0
    width = _even(max(*(row.width for row in rows), rows[-1].width + room))
    height = sum(row.height for row in rows)
    lines = [cell(row, width) for row in rows]
    if repeat > 1:
        pair = cell(rows[-1], width - room) + cell(badge, room)
        lines[-1] = f"<TD>{table([pair], width, badge.height)[1:-1]}</TD>"
    line = palette.PALE_LINE if pale else palette.LINE
    border = f'BORDER="1" COLOR="{line}"' + (' STYLE="DASHED"' if pale else "")
    label = table(lines, width + 2, height + 2, border)
    return Figure(width + 2, height + 2, {"label": label, "shape": "none", "tooltip": hint})


def _even(width: int) -> int:
    """Return a width whose middle is a whole point, where lines arrive."""
    return width + width % 2
