"""`archc list`, `archc layers` and `archc explain`: what archc knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archc.cli.options import json_option

if TYPE_CHECKING:
    from archc.catalogue import Network


@click.command("list", short_help="List networks by name.")
@click.argument("folder", metavar="[DIR]", required=False)
@json_option
def list_command(*, folder: str | None, as_json: bool) -> int:
    """List every network of a folder: its name, its parameters, its spec, what that is.

    Without DIR, the networks that come with archc. Their names can stand for a SPEC.

    \b
    Examples:
      archc list
      archc list my_networks/ --json
    """
    import json

    from archc.catalogue import networks, specs_folder
    from archc.cli.reporting import print_columns

    place = _folder(folder) if folder is not None else specs_folder()
    status = 0
    records: list[dict[str, object]] = []
    for network in networks(place):
        record, failed = _record(network, place)
        status = max(status, failed)
        records.append(record)
    if as_json:
        print(json.dumps(records, indent=2))
    elif records:
        print_columns(_rows(records), right=(1,))
    else:
        print(f"there is no spec in `{place}`: one is a .yaml with `archc: 1`", file=sys.stderr)
    return status


def _folder(name: str) -> Path:
    """Return the folder of a name.

    Raises:
        CompileError: it is none.
    """
    from archc.diagnostics import Code
    from archc.diagnostics.render import printable
    from archc.files import output_error

    folder = Path(name)
    if folder.is_dir():
        return folder
    shown = printable(name)
    if folder.is_file():
        advice = f"its variants: archc check {shown}"
        raise output_error(Code.UNREADABLE_FILE, f"`{shown}` is a file and no folder", advice)
    raise output_error(Code.UNREADABLE_FILE, f"there is no folder `{shown}`")


def _record(network: Network, folder: Path) -> tuple[dict[str, object], int]:
    """Return the entry of a network, and the exit status its errors lead to."""
    from archc.cli.reporting import exit_status, print_diagnostics
    from archc.compiler import Settings, check_spec
    from archc.opening import open_spec

    report = check_spec(open_spec(network.path), Settings(network.variant))
    if report.diagnostics:
        print_diagnostics(report.diagnostics, report.sources)
    record: dict[str, object] = {
        "name": network.name,
        "spec": network.path.relative_to(folder).as_posix(),
        "variant": network.variant,
        "parameters": report.costs.parameters if report.costs else None,
        "doc": network.document.doc,
    }
    return record, exit_status(report.diagnostics)


def _rows(records: list[dict[str, object]]) -> list[list[str]]:
    """Return a row for each network; what a spec is stands at its first."""
    rows: list[list[str]] = []
    last = None
    for record in records:
        about = "" if record["spec"] == last else _about(str(record["doc"]))
        last = record["spec"]
        count = record["parameters"]
        counted = f"{count:,} parameters" if isinstance(count, int) else "refused"
        rows.append([str(record["name"]), counted, str(last), about])
    return rows


def _about(doc: str) -> str:
    """Return the first line of a text, cut to what a terminal has room for."""
    from textwrap import shorten

    from archc.diagnostics.render import printable

    first = next(iter(doc.strip().splitlines()), "")
    return shorten(printable(first), 60, placeholder=" …")


@click.command("layers", short_help="List every layer and every function.")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
def layers_command(*, name: str | None, as_json: bool) -> int:
    """List every layer, then every function, each with what it does; of one, its arguments.

    \b
    Examples:
      archc layers
      archc layers Conv2d
      archc layers --json
    """
    import json

    from archc import functions, layers
    from archc.cli.reporting import print_columns

    if name is not None:
        return _print_layer(name)
    known = [("layer", name, layers.find(name)) for name in sorted(layers.NAMES)]
    known += [("function", name, functions.find(name)) for name in sorted(functions.NAMES)]
    rows = [[name, kind, _first_sentence(cls)] for kind, name, cls in known]
    if as_json:
        print(json.dumps([dict(zip(("name", "kind", "doc"), row, strict=True)) for row in rows]))
    else:
        print_columns(rows)
    return 0


def _print_layer(name: str) -> int:
    """Print a layer's arguments with their defaults, and what they are."""
    from archc import functions, layers
    from archc.cli.reporting import print_columns
    from archc.diagnostics import meant
    from archc.diagnostics.render import excerpt
    from archc.expressions.printing import constant_text
    from archc.layers.base import shape_rule

    if name not in {*layers.NAMES, *functions.NAMES}:
        question = meant(name, [*layers.NAMES, *functions.NAMES])
        advice = question or "`archc layers` lists them"
        raise click.UsageError(f"there is no layer or function `{excerpt(name)}`: {advice}")
    found = layers.find(name) if name in layers.NAMES else functions.find(name)
    print(f"{name}: {_first_sentence(found)}")
    rows = [
        [
            f"  {field}",
            "required" if known.is_required() else f"default {constant_text(known.default)}",
            known.description or "",
        ]
        for field, known in found.fields().items()
    ]
    print_columns(rows)
    if found.inferred_names:
        print(f"  inferred: {', '.join(found.inferred_names)}")
    least, most = found.arity
    if most > 1:
        print(f"  tensors: {least}" if least == most else f"  tensors: {least} to {most}")
    if rule := shape_rule(found):
        print(f"  shapes: {rule}")
    return 0


def _first_sentence(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n", maxsplit=1)[0]


@click.command("explain", short_help="Explain the code of an error or a warning.")
@click.argument("code", metavar="CODE")
def explain_command(*, code: str) -> int:
    """Print the page of a code: what it means, an example, the remedy.

    \b
    Examples:
      archc explain ARC402
    """
    from archc import functions, layers
    from archc.catalogue import error_page
    from archc.diagnostics import Code, meant
    from archc.diagnostics.render import excerpt

    known = {str(member): member for member in Code}
    name = code.strip().upper()
    if name not in known:
        advice = meant(name, known) or "a code is ARC and three digits"
        if code in {*layers.NAMES, *functions.NAMES}:
            advice = f"`archc layers {code}` shows that layer"
        raise click.UsageError(f"there is no code `{excerpt(code)}`: {advice}")
    print(error_page(known[name]), end="")
    return 0
