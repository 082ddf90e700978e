"""`archc build`: everything made of a network, in one folder."""

import click
from msgspec.structs import replace

from archc.cli.options import network_options, one_network, settings_of, spec_argument


@click.command("build", short_help="Write a folder with the module, the figure and the tables.")
@spec_argument
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    default="build",
    show_default=True,
    help="Where builds go; this one is DIR/<name>.",
)
@network_options
@click.option("--force", is_flag=True, help="Replace a build whose files were edited.")
@click.option(
    "--weights",
    metavar="FILE",
    help="Write weights too: those of a .safetensors file, which must fit, "
    "or `init` for those the network starts with.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="The seed of `--weights init`; 0 if none is given.",
)
@click.option(
    "--max-parameters",
    type=click.IntRange(1, 2**63 - 1),
    default=10_000_000_000,
    show_default=True,
    help="Refuse to write weights of a network that has more.",
)
def build_command(
    *,
    spec: str,
    output: str,
    variant: str | None,
    parameters: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
    max_nodes: int,
    force: bool,
    weights: str | None,
    seed: int | None,
    max_parameters: int,
) -> int:
    """Write build/<name>/: model.py, spec.yaml, graph.json, diagram.svg, summary.txt,
    manifest.json.

    The folder appears whole or not at all, and only after its model.py was loaded by a fresh
    interpreter and had the predicted keys and shapes.

    \b
    Examples:
      archc build resnet50
      archc build my_network.yaml -o out -p num_classes=10
      archc build vgg16 --weights init --seed 1
      archc build resnet18 --weights resnet18.safetensors
    """
    from pathlib import Path

    from archc.runtime.build import INITIAL, build_spec

    if seed is not None and weights != INITIAL:
        raise click.UsageError("--seed is for --weights init: nothing else here is random")
    asked = settings_of(variant, parameters, inputs, max_nodes)
    asked = replace(asked, max_parameters=max_parameters)
    source, settings = one_network(spec, asked)
    place = build_spec(source, settings, Path(output), force=force, weights=weights, seed=seed or 0)
    print(place)
    return 0
