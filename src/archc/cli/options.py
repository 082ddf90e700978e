"""The arguments and options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from pathlib import Path

    from archc.compiler import Settings
    from archc.opening import Spec

_PERMITTED = "archc.permitted"
"""Where the context of a command keeps what `--allow-python` names."""
_MALFORMED = "archc.malformed"
"""Where it keeps what is wrong with the words of its options, option by option."""
Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")


def spec_argument(command: Command) -> Command:
    """Take one SPEC: a file, a build, `-`, or a network's name."""
    return click.argument("spec", metavar="SPEC")(command)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """Choose how the result is printed; the first format is the default."""
    return click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True
    )


mode_option = click.option(
    "--mode",
    type=click.Choice(["train", "eval"]),
    help="Count what runs in this mode. Without it: parameters as in training, "
    "multiply-adds as in inference.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def network_options(command: Command) -> Command:
    """Take what selects a network of a spec: a variant, parameters, input sizes, limits."""
    for option in reversed(_NETWORK_OPTIONS):
        command = option(command)
    return command


def settings_of(
    variant: str | None,
    parameters: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
    max_nodes: int,
    mode: str | None = None,
) -> Settings:
    """Return the settings that the shared options stand for.

    Raises:
        BadParameter: words of some are malformed; all are told.
    """
    from archc.compiler import Settings

    _refuse_malformed()
    return Settings(
        variant,
        {},
        dict(parameters),
        dict(inputs),
        cast(Any, mode),
        max_nodes,
        ops=_permitted_layers(),
        typed=_typed(variant, parameters, inputs),
    )


def _typed(
    variant: str | None,
    parameters: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
) -> dict[str, str]:
    """Return options as they are typed, by what they set."""
    options = {f"params.{name}": f"-p {name}={text}" for name, text in parameters}
    for name, sizes in inputs:
        options[f"inputs.{name}"] = f"--input {name}={','.join(map(str, sizes))}"
    return options | ({"variant": f"--variant {variant}"} if variant is not None else {})


def _refuse_malformed() -> None:
    """Refuse the words that are malformed, of all options at once.

    Raises:
        BadParameter: there are some.
    """
    context = click.get_current_context()
    told: dict[str, str] = context.meta.get(_MALFORMED, {})
    if told:
        first, *others = told
        further = [f"for {option!r}: {told[option]}" for option in others]
        raise click.BadParameter(
            "; ".join([told[first], *further]), context, param_hint=repr(first)
        )


def _permitted_layers() -> dict[str, Any]:
    """Import the Python layers that `--allow-python` names, and those alone."""
    targets: tuple[str, ...] = click.get_current_context().meta.get(_PERMITTED, ())
    if not targets:
        return {}
    from archc.runtime.python_layers import imported, python_layers

    return python_layers(imported(targets))


def _permit(context: click.Context, _option: click.Parameter, targets: tuple[str, ...]) -> None:
    context.meta[_PERMITTED] = targets


def open_argument(argument: str, max_nodes: int) -> tuple[Spec, str | None]:
    """Return the spec an argument stands for, and the variant its name selects.

    Raises:
        CompileError: it cannot be read, or its form is wrong.
    """
    from archc.catalogue import find_network
    from archc.opening import open_spec, read_spec

    if argument == "-":
        return read_spec(*_standard_input(max_nodes), max_nodes), None
    place = find_network(argument)
    return open_spec(place.path, max_nodes), place.variant


def one_network(argument: str, settings: Settings) -> tuple[Spec, Settings]:
    """Return the spec of an argument and the settings with the variant its name selects."""
    from msgspec.structs import replace

    spec, variant = open_argument(argument, settings.max_nodes)
    if variant is not None and settings.variant is None:
        settings = replace(settings, variant=variant)
    return spec, settings


def _standard_input(max_nodes: int) -> tuple[bytes, str, Path]:
    """Return what was piped, its name in messages, and a path whose folder imports start from."""
    import sys
    from pathlib import Path

    from archc.opening import most_bytes

    return sys.stdin.buffer.read(most_bytes(max_nodes)), "<stdin>", Path("<stdin>")


def _short(text: str) -> str:
    from archc.diagnostics.render import excerpt

    return f"'{excerpt(text)}'"


def _assignment(word: str, form: str = "name=value") -> tuple[str, str]:
    """Return the two sides of `name=value`.

    Raises:
        ValueError: there are none; the message names the form that was expected.
    """
    name, equals, text = word.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{_short(word)} is not of the form {form}")
    return name.strip(), text


def _sizes(word: str) -> tuple[str, tuple[int, ...]]:
    """Return the name and the sizes of `name=1,3,224,224`.

    Raises:
        ValueError: it is not of this form.
    """
    name, text = _assignment(word, "name=sizes")
    sizes = text.strip().strip("[]()").split(",")
    if not all(size.strip().isdecimal() and len(size) < 20 for size in sizes):
        raise ValueError(f"{_short(text)} is no list of sizes such as 1,3,224,224")
    return name, tuple(int(size) for size in sizes)


def _each(
    read: Callable[[str], Value],
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[Value, ...]]:
    """Return the callback that reads each word of an option, and notes all that are malformed."""

    def callback(
        context: click.Context, option: click.Parameter, words: tuple[str, ...]
    ) -> tuple[Value, ...]:
        values: list[Value] = []
        wrong: list[str] = []
        for word in words:
            try:
                values.append(read(word))
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            context.meta.setdefault(_MALFORMED, {})[option.opts[0]] = "; ".join(
                dict.fromkeys(wrong)
            )
        return tuple(values)

    return callback


_NETWORK_OPTIONS = (
    click.option("--variant", metavar="NAME", help="A variant of the spec."),
    click.option(
        "-p",
        "parameters",
        metavar="NAME=VALUE",
        callback=_each(_assignment),
        multiple=True,
        help="Set a parameter: -p num_classes=10. May be repeated.",
    ),
    click.option(
        "--input",
        "inputs",
        metavar="NAME=SIZES",
        callback=_each(_sizes),
        multiple=True,
        help="Set the size of an input: --input image=1,3,64,64. May be repeated.",
    ),
    click.option(
        "--max-nodes",
        type=click.IntRange(1, 10_000_000),
        default=10_000,
        show_default=True,
        help="Refuse a network that expands to more nodes.",
    ),
    click.option(
        "--allow-python",
        metavar="MODULE:CLASS",
        multiple=True,
        expose_value=False,
        callback=_permit,
        help="Import and run this class for a layer under `python:`. May be repeated.",
    ),
)
