"""`archc build`: everything made of a network, in one folder."""

import click

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
@click.option("--weights", type=click.Choice(["init"]), help="Write initial weights too.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
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
    seed: int,
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
    """
    from pathlib import Path

    from archc.runtime.build import build_spec

    settings = settings_of(variant, parameters, inputs, max_nodes)
    source, settings = one_network(spec, settings)
    kind = "init" if weights == "init" else None
    print(build_spec(source, settings, Path(output), force=force, weights=kind, seed=seed))
    return 0
