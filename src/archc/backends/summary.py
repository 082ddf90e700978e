"""The cost table as text, Markdown, CSV and JSON, and as rich prints it on a terminal."""

import csv
import io
import json
from typing import Any

from archc.ir.costs import CostTable, Row, Summary
from archc.ir.fields import Field, InputAxis
from archc.shapes import Shape, TensorType, format_shape

_HEADINGS: list[str] = [
    "layer",
    "operation",
    "output",
    "parameters (numbers)",
    "MACs (multiply-adds)",
    "receptive field",
]
_NUMERIC = (False, False, False, True, True, False)
_COLUMNS = (
    "path op output_shape parameters buffers macs activation_bytes weight_bytes "
    "receptive_field stride"
).split()
_IDLE = "layers that run in training alone count 0 MACs here; --mode train counts them"


def summary_text(summary: Summary) -> str:
    """Return the table as plain text of fixed columns, the same on every machine.

    Units: parameters in numbers, MACs in multiply-adds for one sample, fields in positions
    of the input.
    """
    rows = [_HEADINGS, *map(_cells, summary.rows), _total(summary.table)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    rule = "  ".join("─" * width for width in widths)
    lines = [_aligned(row, widths) for row in rows]
    title = _title(summary.table)
    body = [title, "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", *_closing(summary)]
    return "\n".join(body) + "\n"


def summary_markdown(summary: Summary) -> str:
    """Return the table as a Markdown table with the totals in its last row."""
    rows = [[_code(c) if i < 3 else c for i, c in enumerate(_cells(row))] for row in summary.rows]
    total = [f"**{cell}**" if cell else "" for cell in _total(summary.table)]
    marks = ["--:" if numeric else "---" for numeric in _NUMERIC]
    lines = [f"| {' | '.join(row)} |" for row in [_HEADINGS, marks, *rows, total]]
    return "\n".join([f"# {summary.table.name}", "", *lines, "", *_closing(summary)]) + "\n"


def summary_csv(summary: Summary) -> str:
    """Return the rows as CSV with plain integers; the totals are left to the reader."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in summary.rows:
        plain = _layer(row) | {
            "output_shape": format_shape(row.output_shape),
            "receptive_field": _sizes(row),
            "stride": _strides(row),
        }
        writer.writerow([plain[column] for column in _COLUMNS])
    return stream.getvalue()


def summary_json(summary: Summary) -> str:
    """Return the table as JSON; the batch is its letter as a string."""
    table = summary.table
    document = {
        "name": table.name,
        "parameters": table.parameters,
        "buffers": table.buffers,
        "macs": table.macs,
        "weight_bytes": table.weight_bytes,
        "inference_bytes": summary.memory.inference,
        "training_bytes": summary.memory.training,
        "input": _shapes(table.inputs),
        "output": _shapes(table.outputs),
        "field_axes": [_axis(axis) for axis in summary.axes],
        "layers": [_layer(row) for row in summary.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def print_summary(summary: Summary) -> None:
    """Print the table with rich, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    view = Table(title=summary.table.name, title_justify="left", show_footer=True)
    total = _total(summary.table)
    for heading, numeric, footer in zip(_HEADINGS, _NUMERIC, total, strict=True):
        view.add_column(heading, footer, justify="right" if numeric else "left", overflow="fold")
    for row in summary.rows:
        view.add_row(*map(_literal, _cells(row)))
    console = Console()
    console.print(view)
    for line in _closing(summary):
        console.print(line, markup=False, highlight=False)


def json_shape(shape: Shape) -> list[int | str]:
    """Return a shape as JSON holds it: numbers, and the batch as its letter."""
    return [size if isinstance(size, int) else str(size) for size in shape]


def bytes_text(count: int) -> str:
    """Return a number of bytes for a person: `527.8 MiB`."""
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def _literal(text: str) -> str:
    """Return text whose square brackets rich does not take for markup."""
    from rich.markup import escape

    return escape(text)


def _cells(row: Row) -> list[str]:
    output = format_shape(row.output_shape)
    typed = output if row.dtype == "float32" else row.dtype + output
    counts = (_counted(row.parameters), _counted(row.macs))
    return [row.path, row.op, typed, *counts, _field_text(row)]


def _field_text(row: Row) -> str:
    """Return a field as `212×212 /32`: its size on each axis, and its stride."""
    sizes, strides = _sizes(row), set(_strides(row).split("×"))
    stride = strides.pop() if len(strides) == 1 else _strides(row)
    return f"{sizes} /{stride}" if stride else sizes


def _sizes(row: Row) -> str:
    """Return the sizes as `5×3`; `global` once, where all are."""
    sizes = [str(field.size) for field in row.fields if field is not None]
    return sizes[0] if {*sizes} in ({"global"}, {"unknown"}) else "×".join(sizes)


def _strides(row: Row) -> str:
    found = (field.stride for field in row.fields if field is not None)
    return "×".join(str(stride) for stride in found if stride is not None)


def _counted(number: int) -> str:
    return f"{number:,}"


def _total(table: CostTable) -> list[str]:
    return ["total", "", "", _counted(table.parameters), _counted(table.macs), ""]


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


def _closing(summary: Summary) -> list[str]:
    """Return the lines below the table: what the sums are of."""
    table, memory = summary.table, summary.memory
    lines = [
        f"{_counted(table.parameters)} trainable parameters, "
        f"{_counted(table.macs)} multiply-adds for one sample"
    ]
    if table.buffers:
        numbers = "number" if table.buffers == 1 else "numbers"
        verb = "is" if table.buffers == 1 else "are"
        lines.append(f"{_counted(table.buffers)} {numbers} in buffers, which {verb} not trained")
    lines.append(
        f"{bytes_text(table.weight_bytes)} of weights; activations of one sample: at most "
        f"{bytes_text(memory.inference)} at a time in inference, "
        f"{bytes_text(memory.training)} kept for a training step"
    )
    return [*lines, _IDLE] if table.has_idle else lines


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def _shapes(types: tuple[tuple[str, TensorType], ...]) -> dict[str, list[int | str]]:
    return {name: json_shape(kind.shape) for name, kind in types}


def _axis(axis: InputAxis) -> dict[str, Any]:
    return {"input": axis.input, "dimension": axis.dim}


def _layer(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "op": row.op,
        "output_shape": json_shape(row.output_shape),
        "parameters": row.parameters,
        "buffers": row.buffers,
        "macs": row.macs,
        "activation_bytes": row.activation_bytes,
        "weight_bytes": row.weight_bytes,
        "receptive_field": [None if field is None else field.size for field in row.fields],
        "stride": [_stride(field) for field in row.fields],
        "padding": [None if field is None else field.padding for field in row.fields],
    }


def _stride(field: Field | None) -> int | str | None:
    """Return a stride as a number where it is whole, else as a fraction: `1/2`."""
    if field is None or field.stride is None:
        return None
    return int(field.stride) if field.stride.denominator == 1 else str(field.stride)
