"""The command line: `archc check`, `archc build` and the others, one file a group."""

import codecs
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from archc.cli.plain_characters import in_plain_characters

_COMMANDS = {
    "check": "checking",
    "build": "building",
    "draw": "drawing",
    "summary": "printing",
    "why": "printing",
    "expand": "printing",
    "keys": "printing",
    "list": "listing",
    "layers": "listing",
    "explain": "listing",
}
"""Each command and the module of this package that holds it; a module loads when it is named."""


class _Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"archc.cli.{_COMMANDS[cmd_name]}")
        return getattr(module, f"{cmd_name}_command")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(_unknown_command(args[0]))
        return super().resolve_command(ctx, args)


def _unknown_command(name: str) -> str:
    from archc.diagnostics import meant
    from archc.diagnostics.render import excerpt

    advice = meant(name, _COMMANDS) or f"commands are {', '.join(_COMMANDS)}"
    return f"there is no command `{excerpt(name)}`: {advice}"


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        from archc import __version__

        print(f"archc {__version__}")
        ctx.exit()


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 spec refused, 2 usage, 3 environment or output failure, "
    "4 weights refused, 70 a fault of archc's own.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def archc() -> None:
    """Compile neural-network architectures.

    A SPEC is a file, the folder of a build, `-` for standard input, or the name of a network
    that comes with archc.

    \b
    Examples:
      archc check resnet50
      archc summary resnet50
      archc draw resnet50 --depth 1
      archc build my_network.yaml
    """


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    _start_quickly()
    _leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Return the exit status of a command line, after printing what it has to say."""
    _make_streams_tolerant()
    try:
        return _guarded(lambda: _printed(_invoke(arguments)))
    except BrokenPipeError:
        _discard_stdout()
        return 141
    except KeyboardInterrupt:
        _discard_stdout()
        return 130
    except OSError:  # there is nowhere left to say it
        _discard_stdout()
        return 3


def _printed(status: int) -> int:
    """Return a status once what was written to standard output has left the process."""
    sys.stdout.flush()
    return status


def _invoke(arguments: Sequence[str]) -> int:
    try:
        with archc.make_context("archc", list(arguments)) as context:
            return archc.invoke(context) or 0
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.NoSuchOption as error:
        told: click.UsageError = error
        if _means_parameter(error):
            meant = f"No such option {error.option_name!r}. Did you mean '-p'?"
            told = click.UsageError(meant, error.ctx)
        told.show(sys.stderr)
        return told.exit_code
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code


def _means_parameter(error: click.NoSuchOption) -> bool:
    """Return whether `--param` or its like is asked of a command that has `-p`."""
    known = error.ctx.command.params if error.ctx is not None else ()
    name = error.option_name.lstrip("-")
    return "parameters".startswith(name.removesuffix("s")) and any("-p" in o.opts for o in known)


def _guarded(command: Callable[[], int]) -> int:
    """Run a command; an error of ours is printed, any other is our fault."""
    from archc.diagnostics import ArchcError

    try:
        return command()
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except ArchcError as error:
        return _refused(error)
    except (OSError, MemoryError) as error:
        return _failed_output(error)
    except Exception as error:
        return _our_fault(error)


def _refused(error: Exception) -> int:
    from archc.cli.reporting import print_error
    from archc.diagnostics import Code

    status = print_error(error)
    if status == Code.INTERNAL.exit_status and error.__cause__ is not None:
        _show_traceback(error.__cause__)
    return status


def _failed_output(error: OSError | MemoryError) -> int:
    from archc.cli.reporting import print_error
    from archc.files import system_refused

    if (
        isinstance(error, OSError) and not error.filename
    ):  # it may be the output itself, which would refuse once more
        _discard_stdout()
    return print_error(system_refused(error))


def _our_fault(error: Exception) -> int:
    from archc.cli.reporting import print_error
    from archc.diagnostics import CompileError
    from archc.interface import fault

    _show_traceback(error)
    return print_error(CompileError([fault(error)], {}))


def _show_traceback(error: BaseException) -> None:
    if os.environ.get("ARCHC_TRACEBACK"):
        import traceback

        traceback.print_exception(error)


def _start_quickly() -> None:
    """Spare a short process two things: pydantic's search for plugins, early garbage hunts."""
    import gc

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(50_000)


def _leave(status: int) -> NoReturn:
    """End the process at once: taking a graph apart object by object costs a third of a check."""
    sys.stderr.flush()
    os._exit(status)


def _make_streams_tolerant() -> None:
    """Let a terminal that lacks a character show another; replace the streams that are closed.

    A closed input is empty, and a closed output refuses what is written to it, as a full disk does.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    codecs.register_error(in_plain_characters.__name__, in_plain_characters)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=in_plain_characters.__name__)


def _discard_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter's own flush is silent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
