"""What stands in a node: rows of text on colours, with a size computed here."""

from collections.abc import Sequence

from msgspec import Struct

from archc.backends.dot.palette import COLLAPSED, FAINT, INK, PAPER, family_colour
from archc.backends.dot.repeats import Copies
from archc.backends.dot.stacking import Card, Group, is_light
from archc.backends.text_widths import shortened, text_width
from archc.expressions.printing import constant_text
from archc.expressions.values import Constant, is_list
from archc.ir.runs import Instance, Node
from archc.layers.base import Function, Layer, spec_name
from archc.shapes import Batch, Shape, elements

TEXT_SIZE = 10
SMALL_SIZE = 8
ROW_HEIGHT = 16
SMALL_ROW_HEIGHT = 13
SIDE = 8
LONGEST_LINE = 30
LONGEST_NAME = 34
TELLING = ("stride", "dilation", "groups")
"""The arguments by name that stand before the others, for a text that is long is cut."""


class Row(Struct, frozen=True):
    """One line of text in a node."""

    text: str
    fill: str
    ink: str = INK
    size: int = TEXT_SIZE
    bold: bool = False
    side: int = SIDE

    @property
    def width(self) -> int:
        """The width of the text with room at both sides, in points."""
        return text_width(self.text, self.size, bold=self.bold) + 2 * self.side

    @property
    def height(self) -> int:
        """The height of the row, in points."""
        return ROW_HEIGHT if self.size == TEXT_SIZE else SMALL_ROW_HEIGHT


def layer_text(layer: Layer) -> str:
    """Return a layer as the spec writes it, less what is torch's default, cut where it is long."""
    written = _in_symbols(layer)
    if written:
        return shortened(written, LONGEST_LINE)
    fields = type(layer).fields()
    shown: list[str] = []
    variadic = str(getattr(layer, "variadic", ""))
    after = fields.keys() - {*layer.positional, variadic, *TELLING}
    for key, value in sorted(layer.given.items(), key=lambda item: item[0] in after):
        if key == variadic:
            shown.extend(map(_value_text, value))
        elif key in layer.positional and not isinstance(value, bool):
            shown.append(_value_text(value))
        elif fields[key].default != value:
            shown.append(f"{key}={_value_text(value)}")
    return _call(spec_name(type(layer)), shown)


def _in_symbols(layer: Layer) -> str:
    """Return a slice or an operator with a number as the spec writes it: `[:, 0]`, `1 - x`."""
    if isinstance(layer, Function) and layer.operator and layer.given.keys() - {"broadcast"}:
        return layer.forward(("x",))
    return str(layer) if str(layer).startswith("[") else ""


def _value_text(value: Constant) -> str:
    if is_list(value) and len(value) == 1:
        return f"[{_value_text(value[0])}]"
    return str(value) if isinstance(value, Batch) else constant_text(value)


def _call(name: str, arguments: Sequence[str]) -> str:
    """Return a call; arguments that make it too long become an ellipsis."""
    for kept in range(len(arguments), -1, -1):
        parts = [*arguments[:kept], *(["…"] if kept < len(arguments) else [])]
        text = f"{name}({', '.join(parts)})" if parts else name
        if len(text) <= LONGEST_LINE:
            return text
    return shortened(name, LONGEST_LINE)


def instance_text(instance: Instance) -> str:
    """Return a block call with its evaluated arguments: `Stage(64, 3, stride=1)`."""
    given = {keyword.name for keyword in instance.call.keywords} if instance.call else set[str]()
    count = len(instance.call.arguments or ()) if instance.call else 0
    shown: list[str] = []
    for place, argument in enumerate(instance.template.block.arguments):
        if argument.variadic or argument.name not in instance.arguments:
            continue
        text = constant_text(instance.arguments[argument.name])
        if place < count:
            shown.append(text)
        elif argument.name in given:
            shown.append(f"{argument.name}={text}")
    return _call(instance.template.name, shown)


def shape_text(shapes: Sequence[Shape]) -> str:
    """Return a shape; where copies differ, the first and the last size: `[B, 96…256, 56, 56]`."""
    first, last = shapes[0], shapes[-1]
    sizes = [
        str(one) if one == other else f"{one}…{other}"
        for one, other in zip(first, last, strict=True)
    ]
    return f"[{', '.join(sizes)}]"


def output_text(node: Node, copies: Copies) -> str:
    """Return the shape of a node's first result, over all nodes it is drawn for."""
    alike = copies.stands_for.get(node.index, [node])
    text = shape_text([one.output.shape for one in alike])
    return text if node.output.dtype == "float32" else f"{node.output.dtype}{text}"


def card_rows(card: Card, name: str, copies: Copies) -> list[Row]:
    """Return the rows of a card: its operations, then its name and its output shape."""
    rows = [
        Row(layer_text(node.operation), family_colour(node.operation.family))
        for node in card.nodes
        if node.operation is not None
    ]
    shape = output_text(card.nodes[-1], copies)
    if len(rows) == 1 and _keeps_shape(card.nodes[0]):
        return rows
    text = f"{shortened(name, LONGEST_NAME)} · {shape}" if name else shape
    return [*rows, Row(text, PAPER, FAINT, SMALL_SIZE)]


def _keeps_shape(node: Node) -> bool:
    return is_light(node) and bool(node.inputs) and node.output == node.inputs[0].type


def closed_rows(group: Group, name: str, copies: Copies) -> list[Row]:
    """Return the rows of a frame drawn as one node: name, call, output shape, parameters if any."""
    rows = [Row(shortened(name, LONGEST_NAME), COLLAPSED, bold=True)] if name else []
    if group.instance is not None:
        rows.append(Row(instance_text(group.instance), COLLAPSED))
    rows.append(Row(output_text(_last(group), copies), PAPER, FAINT, SMALL_SIZE))
    if parameter_count(group.nodes):
        rows.append(Row(_parameters_text(group), PAPER, FAINT, SMALL_SIZE))
    return rows


def _parameters_text(group: Group) -> str:
    total = parameter_count(group.nodes)
    return f"{total:,} parameters" + (" in all" if group.repeat > 1 else "")


def _last(group: Group) -> Node:
    """Return the node whose result leaves the first copy of a group."""
    if group.instance is not None and group.instance.values:
        return group.instance.values[0].node
    return group.items[-1].nodes[-1]


def parameter_count(nodes: Sequence[Node]) -> int:
    """Return how many trainable numbers the nodes own."""
    return sum(
        elements(tensor.shape)
        for node in nodes
        for tensor in node.owned()
        if tensor.kind == "parameter"
    )


def relative_path(path: str, outer: str) -> str:
    """Return a path as seen from the frame around it."""
    return path[len(outer) + 1 :] if outer and path.startswith(f"{outer}.") else path


def group_name(group: Group, outer: Group) -> str:
    """Return a frame's name within the frame around it; of copies, the first's and the last's.

    The last is given by what differs: `denselayer1…6`.
    """
    name, last = relative_path(group.path, outer.path), relative_path(group.last_path, outer.path)
    mark = " (shared)" if group.is_shared and not outer.is_shared else ""
    if name == last:
        return f"{name}{mark}"
    stem = last.rstrip("0123456789")
    return f"{name}…{last[len(stem) :] if name.startswith(stem) else last}{mark}"


def card_name(card: Card, outer: Group) -> str:
    """Return the key of a card's first heavy module, unless it is a mere number."""
    modules = [node for node in card.nodes if node.operation and node.operation.is_module]
    if not modules:
        return ""
    heavy = [node for node in modules if not is_light(node)]
    owner = (heavy or [node for node in modules if node.owned()] or modules)[0]
    name = relative_path(owner.path, outer.path)
    if owner.shared and not outer.is_shared:
        return f"{name} (shared)"
    return "" if name.replace(".", "").isdigit() else name
