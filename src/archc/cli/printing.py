"""`archc summary`, `why`, `expand` and `keys`: what a network is, as text."""

from __future__ import annotations

import sys
from typing import Any, cast

import click

from archc.cli.options import (
    format_option,
    json_option,
    mode_option,
    network_options,
    one_network,
    settings_of,
    spec_argument,
)

SORT_KEYS = ("parameters", "macs", "weight_bytes", "activation_bytes")


@click.command("summary", short_help="Print the table of layers with shapes and costs.")
@spec_argument
@network_options
@mode_option
@click.option("--depth", type=click.IntRange(1), help="Print sums down to paths of N names.")
@click.option("--sort", type=click.Choice(SORT_KEYS), help="Print the largest first.")
@format_option("text", "json", "markdown", "csv")
def summary_command(*, form: str, depth: int | None, sort: Any, **options: Any) -> int:
    """Print one row a layer: shape, parameters, multiply-adds, receptive field, and the totals.

    \b
    Examples:
      archc summary resnet50
      archc summary resnet50 --depth 1
      archc summary vgg16 --sort macs
      archc summary googlenet --mode eval
      archc summary my_network.yaml --format csv > layers.csv
    """
    from archc.artefacts import summary_source

    graph, settings, _ = _graph(**options)
    if form == "text" and sys.stdout.isatty():
        from archc.backends.summary import print_summary
        from archc.passes.summarize import summarize

        print_summary(summarize(graph, settings.mode, depth, sort))
    else:
        print(summary_source(graph, cast(Any, form), settings.mode, depth, sort), end="")
    return 0


@click.command("why", short_help="Print how a layer got its shape, formula by formula.")
@spec_argument
@click.argument("path", metavar="LAYER")
@network_options
def why_command(*, path: str, **options: Any) -> int:
    """Print the formulas, with their numbers, of every size from the input to LAYER.

    LAYER is a path as `archc summary` prints it; that of a block stands for its last layer.

    \b
    Examples:
      archc why lenet5 6
      archc why alexnet features.3
      archc why googlenet inception3a
    """
    from archc.artefacts import derivation

    graph, _, _ = _graph(**options)
    print(derivation(graph, path), end="")
    return 0


@click.command("expand", short_help="Print the network with blocks and loops written out.")
@spec_argument
@network_options
@json_option
def expand_command(*, as_json: bool, **options: Any) -> int:
    """Print every layer with its path and its shapes: blocks, loops and conditions unfolded.

    With --json the canonical form is printed, which every command reads back as a SPEC.

    \b
    Examples:
      archc expand resnet18
      archc expand resnet18 --json > resnet18.json
    """
    from archc.artefacts import canonical_text, expanded_text

    graph, settings, source = _graph(**options)
    text = canonical_text(graph, source, settings.max_nodes) if as_json else expanded_text(graph)
    print(text, end="")
    return 0


@click.command("keys", short_help="Print the keys of the state dict with their shapes.")
@spec_argument
@network_options
@json_option
def keys_command(*, as_json: bool, **options: Any) -> int:
    """Print the state dict's keys in torch's order, each with its shape and dtype.

    \b
    Examples:
      archc keys resnet18
      archc keys my_network.yaml --json
    """
    from archc.backends.keys import keys_json, keys_text

    graph, _, _ = _graph(**options)
    print(keys_json(graph) if as_json else keys_text(graph), end="")
    return 0


def _graph(*, spec: str, **options: Any) -> tuple[Any, Any, Any]:
    """Return the checked graph, the settings that the shared options stand for, the spec."""
    from archc.compiler import graph_of

    source, settings = one_network(spec, settings_of(**options))
    return graph_of(source, settings), settings, source
