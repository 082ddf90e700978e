"""`archc draw`: the diagram of a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archc.cli.options import network_options, one_network, settings_of, spec_argument

if TYPE_CHECKING:
    from archc.drawing import Drawing


@click.command("draw", short_help="Draw a network as SVG, PNG, PDF or DOT.")
@spec_argument
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file: .svg, .png, .pdf or .dot; `-` prints DOT. By default <name>.svg here.",
)
@click.option("--depth", type=click.IntRange(0), help="Close blocks that lie deeper.")
@network_options
@click.option("--force", is_flag=True, help="Replace a file that archc did not draw.")
def draw_command(
    *,
    spec: str,
    output: str | None,
    depth: int | None,
    variant: str | None,
    parameters: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
    max_nodes: int,
    force: bool,
) -> int:
    """Draw the diagram of a network and print the path of the file.

    \b
    Examples:
      archc draw resnet50
      archc draw resnet50 --depth 1 -o resnet50.pdf
      archc draw my_network.yaml -o - | less
    """
    from archc.artefacts import diagram
    from archc.compiler import graph_of
    from archc.drawing import format_of

    if output not in {None, "-"}:
        format_of(Path(output or ""))
    source, settings = one_network(spec, settings_of(variant, parameters, inputs, max_nodes))
    drawing = diagram(graph_of(source, settings), depth)
    if output == "-":
        print(drawing.dot, end="")
        return 0
    print(_saved(drawing, output, force))
    return 0


def _saved(drawing: Drawing, output: str | None, force: bool) -> Path:
    """Write the file; one that is there is replaced only if archc drew it."""
    from archc.diagnostics import Code
    from archc.diagnostics.render import excerpt
    from archc.drawing import is_ours
    from archc.files import output_error

    path = Path(output or f"{drawing.name}.svg")
    if not force and path.is_file() and not is_ours(path):
        headline = f"`{excerpt(str(path))}` is not replaced: archc did not draw it"
        other = "name another file" if output else "name a file with -o"
        raise output_error(Code.OUTPUT_EXISTS, headline, f"{other}, or use --force")
    return drawing.save(path)
