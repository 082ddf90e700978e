"""The functions that Python calls: `archc.check`, `archc.summary`, `archc.draw`."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from archc.artefacts import SummaryFormat, diagram, summary_source
from archc.calling import DEPTHS, check_integer, check_spec_given, settings_of
from archc.compiler import Report, Settings, check_spec, graph_of
from archc.diagnostics import ArchcError, Code, CompileError, Diagnostic
from archc.files import system_refused
from archc.given import check_choice
from archc.ir.graph import Mode
from archc.opening import Spec, SpecPath, open_spec, read_spec
from archc.passes.elaboration.nodes import MAX_NODES

if TYPE_CHECKING:
    from archc.drawing import Drawing
    from archc.passes.summarize import SortKey


def check(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Mode | None = None,
    max_nodes: int = MAX_NODES,
) -> Report:
    """Check a spec and return a report; a bad spec is no exception.

    `path` is a file or the name of a network that comes with archc; `text` is a spec itself.
    A network of more than `max_nodes` layers and functions is refused.

    Raises:
        CallError: neither a path nor a text, or both; or an argument of the wrong kind.
    """
    settings = settings_of(variant, params, inputs, mode=mode, max_nodes=max_nodes)
    try:
        with accountable():
            return check_spec(*chosen(path, text, settings))
    except CompileError as error:
        return Report(None, None, error.diagnostics, error.sources)


def summary(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    mode: Mode | None = None,
    format: SummaryFormat = "text",
    depth: int | None = None,
    sort: SortKey | None = None,
    max_nodes: int = MAX_NODES,
) -> str:
    """Return the table of layers with shapes, parameters, multiply-adds and receptive fields.

    With `depth`, the sums of what stands below paths of that many names; with `sort`, the
    largest first.

    Units: parameters in numbers, MACs in multiply-adds for one sample, fields in positions
    of the input.

    Raises:
        CompileError: the spec is wrong.
        CallError: an argument is of the wrong kind.
    """
    asked = settings_of(variant, params, inputs, mode=mode, max_nodes=max_nodes)
    check_choice("format", format, get_args(SummaryFormat))
    _check_sort(sort)
    _check_depth(depth)
    with accountable():
        spec, settings = chosen(path, text, asked)
        return summary_source(graph_of(spec, settings), format, settings.mode, depth, sort)


def draw(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    depth: int | None = None,
    max_nodes: int = MAX_NODES,
) -> Drawing:
    """Return the diagram of a network; blocks deeper than `depth` are closed boxes.

    Raises:
        CompileError: the spec is wrong.
        CallError: an argument is of the wrong kind.
    """
    asked = settings_of(variant, params, inputs, max_nodes=max_nodes)
    _check_depth(depth)
    with accountable():
        spec, settings = chosen(path, text, asked)
        return diagram(graph_of(spec, settings), depth)


def chosen(path: SpecPath | None, text: str | None, settings: Settings) -> tuple[Spec, Settings]:
    """Return the spec that a path, a network's name or a text stands for.

    A variant's name sets the variant too.

    Raises:
        CompileError: there is no such file and no such network.
        CallError: neither a path nor a text, or both.
    """
    check_spec_given(path, text)
    if text is not None:
        data = text.encode("utf-8", "surrogatepass")
        return read_spec(data, "<text>", max_nodes=settings.max_nodes), settings
    from archc.catalogue import find_network

    assert path is not None
    place = find_network(os.fspath(path))
    if place.variant is not None and settings.variant is None:
        settings = replace(settings, variant=place.variant)
    return open_spec(place.path, settings.max_nodes), settings


def _check_depth(depth: int | None) -> None:
    if depth is not None:
        check_integer("depth", depth, DEPTHS)


def _check_sort(sort: SortKey | None) -> None:
    from archc.passes import summarize

    if sort is not None:
        check_choice("sort", sort, get_args(summarize.SortKey))


@contextmanager
def accountable() -> Generator[None]:
    """Turn an exception that is our fault, or the system's, into an error that says so.

    Raises:
        CompileError: whatever went wrong inside, with the code of our own faults, or that of
            an output where the system refused a call.
    """
    try:
        yield
    except ArchcError:
        raise
    except (OSError, MemoryError) as error:
        raise system_refused(error) from error
    except Exception as error:
        raise CompileError([fault(error)], {}) from error


def fault(error: BaseException) -> Diagnostic:
    """Return the diagnostic of a fault of archc's own."""
    return Diagnostic(
        Code.INTERNAL,
        f"archc failed, and it is archc's fault: {type(error).__name__}: {error}",
        notes=(f"at {_place(error)}",) if error.__traceback__ else (),
        help="please report it with the spec and the command: "
        "set ARCHC_TRACEBACK=1 to see the whole traceback",
    )


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
