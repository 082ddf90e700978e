"""The cost table as text, Markdown, CSV and JSON, and as rich prints it on a terminal."""

import csv
import io
import json
from typing import Any

from archc.ir.costs import CostTable, NodeCost
from archc.shapes import Shape, TensorType, format_shape

_HEADINGS: list[str] = [
    "layer",
    "operation",
    "output",
    "parameters (numbers)",
    "MACs (multiply-adds)",
]
_NUMERIC = (False, False, False, True, True)
_IDLE = "layers that run in training alone count 0 MACs here; --mode train counts them"


def summary_text(table: CostTable) -> str:
    """Return the table as plain text of fixed columns, the same on every machine.

    Units: parameters in numbers, MACs in multiply-adds for one sample.
    """
    rows = [_HEADINGS, *map(_cells, table.nodes), _total(table)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    rule = "  ".join("─" * width for width in widths)
    lines = [_aligned(row, widths) for row in rows]
    body = [_title(table), "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", *_closing(table)]
    return "\n".join(body) + "\n"


def summary_markdown(table: CostTable) -> str:
    """Return the table as a Markdown table with the totals in its last row."""
    rows = [[_code(c) if i < 3 else c for i, c in enumerate(_cells(n))] for n in table.nodes]
    total = [f"**{cell}**" if cell else "" for cell in _total(table)]
    marks = ["--:" if numeric else "---" for numeric in _NUMERIC]
    lines = [f"| {' | '.join(row)} |" for row in [_HEADINGS, marks, *rows, total]]
    return "\n".join([f"# {table.name}", "", *lines, "", *_closing(table)]) + "\n"


def summary_csv(table: CostTable) -> str:
    """Return the rows as CSV with plain integers; the totals are left to the reader."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["path", "op", "output_shape", "parameters", "macs"])
    for node in table.nodes:
        shape = format_shape(node.output_shape)
        writer.writerow([node.path, node.op, shape, node.parameters, node.macs])
    return stream.getvalue()


def summary_json(table: CostTable) -> str:
    """Return the table as JSON; the batch is its letter as a string."""
    document = {
        "name": table.name,
        "parameters": table.parameters,
        "macs": table.macs,
        "input": _shapes(table.inputs),
        "output": _shapes(table.outputs),
        "layers": [_layer(node) for node in table.nodes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def print_summary(table: CostTable) -> None:
    """Print the table with rich, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    view = Table(title=table.name, title_justify="left", show_footer=True)
    for heading, numeric, total in zip(_HEADINGS, _NUMERIC, _total(table), strict=True):
        view.add_column(heading, total, justify="right" if numeric else "left", overflow="fold")
    for node in table.nodes:
        view.add_row(*map(_literal, _cells(node)))
    console = Console()
    console.print(view)
    for line in _closing(table):
        console.print(line, markup=False, highlight=False)


def json_shape(shape: Shape) -> list[int | str]:
    """Return a shape as JSON holds it: numbers, and the batch as its letter."""
    return [size if isinstance(size, int) else str(size) for size in shape]


def _literal(text: str) -> str:
    """Return text whose square brackets rich does not take for markup."""
    from rich.markup import escape

    return escape(text)


def _cells(node: NodeCost) -> list[str]:
    output = format_shape(node.output_shape)
    typed = output if node.dtype == "float32" else node.dtype + output
    return [node.path, node.op, typed, _counted(node.parameters), _counted(node.macs)]


def _counted(number: int) -> str:
    return f"{number:,}"


def _total(table: CostTable) -> list[str]:
    return ["total", "", "", _counted(table.parameters), _counted(table.macs)]


def _title(table: CostTable) -> str:
    inputs = ", ".join(f"{name} {kind}" for name, kind in table.inputs)
    outputs = ", ".join(f"{name} {kind}" for name, kind in table.outputs)
    return f"{table.name}: {inputs} → {outputs}"


def _aligned(row: list[str], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if numeric else cell.ljust(width)
        for cell, width, numeric in zip(row, widths, _NUMERIC, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _closing(table: CostTable) -> list[str]:
    """Return the lines below the table: what the sums are of."""
    lines = [
        f"{_counted(table.parameters)} trainable parameters, "
        f"{_counted(table.macs)} multiply-adds for one sample"
    ]
    if table.buffers:
        lines.append(f"{_counted(table.buffers)} numbers in buffers, which are not trained")
    return [*lines, _IDLE] if table.has_idle else lines


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


def _shapes(types: tuple[tuple[str, TensorType], ...]) -> dict[str, list[int | str]]:
    return {name: json_shape(kind.shape) for name, kind in types}


def _layer(node: NodeCost) -> dict[str, Any]:
    return {
        "path": node.path,
        "op": node.op,
        "output_shape": json_shape(node.output_shape),
        "parameters": node.parameters,
        "macs": node.macs,
    }
