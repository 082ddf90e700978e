"""`archc check`: read, check, count; one line a network, or what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from archc.cli.options import format_option, mode_option, network_options, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from archc.compiler import Report, Settings
    from archc.diagnostics import CompileError, Diagnostic
    from archc.opening import Spec


class _Checked(Struct, frozen=True):
    """One network that was checked."""

    name: str
    file: str
    variant: str | None
    report: Report


@click.command("check", short_help="Check specs, count parameters and multiply-adds.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@network_options
@mode_option
@format_option("text", "json", "github", "sarif")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
@click.option("-v", "--verbose", is_flag=True, help="Print inputs and numbers of nodes too.")
@click.option("--strict", is_flag=True, help="Refuse specs with warnings too.")
@click.option("--fix", is_flag=True, help="Mend what has one cure, in the files themselves.")
@click.option("--diff", is_flag=True, help="Print what --fix would change; write nothing.")
def check_command(
    *,
    specs: tuple[str, ...],
    variant: str | None,
    parameters: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
    max_nodes: int,
    mode: str | None,
    form: str,
    quiet: bool,
    verbose: bool,
    strict: bool,
    fix: bool,
    diff: bool,
) -> int:
    """Check specs: their form, every shape, and the figures under `expect:`.

    A SPEC is a file, a build, a folder of specs, `-` for standard input, or a network's name.
    Of a file with variants, the defaults and every variant are checked unless one is named;
    defaults that are one of the variants have no line of their own.

    \b
    Examples:
      archc check resnet50
      archc check my_network.yaml -p num_classes=10
      archc check vgg16 --input image=1,3,64,64
      archc check specs/ --strict --format github
      archc check build/resnet50
      archc check my_network.yaml --diff
      archc check my_network.yaml --fix
    """
    settings = settings_of(variant, parameters, inputs, max_nodes, mode)
    if diff and form != "text":
        raise click.UsageError("`--diff` prints a patch: leave `--format` out")
    if fix or diff:
        _fix(specs, settings, is_only_shown=diff)
    found = [checked for spec in specs for checked in _checked(spec, settings)]
    if form != "text":
        _print_for_programs(form, found)
    elif diff:
        _print_lines(found, quiet=True, verbose=False)
    else:
        _print_lines(found, quiet=quiet, verbose=verbose)
    return _status(found, strict=strict)


def _fix(specs: tuple[str, ...], settings: Settings, *, is_only_shown: bool) -> None:
    """Mend the files that the arguments name, or show how; standard input has no file."""
    from pathlib import Path

    from archc.cli.fixing import fix_files

    paths = [Path(file) for spec in specs for file in _files_of(spec)]
    if any(map(_is_standard_input, paths)):
        raise click.UsageError("`--fix` and `--diff` take files, not standard input")
    readable = [path for path in paths if path.is_file()]
    fix_files(
        readable,
        lambda text, path: _mistakes_of(text, path, settings),
        is_only_shown=is_only_shown,
    )


def _is_standard_input(path: Path) -> bool:
    """Return whether a path is standard input, or a name of the system's for what is open."""
    is_of_system = path.parts[:2] in {("/", "dev"), ("/", "proc")}
    return str(path) == "-" or (is_of_system and path.parts[:3] != ("/", "dev", "shm"))


def _mistakes_of(text: str, path: Path, settings: Settings) -> list[Diagnostic]:
    """Return what is wrong with a text as the file at a path, in all its networks."""
    from archc.diagnostics import CompileError
    from archc.opening import read_spec

    try:
        spec = read_spec(text, str(path), path, settings.max_nodes)
    except CompileError as error:
        return list(error.diagnostics)
    return _mistakes([*_networks(spec, settings)])


def _checked(argument: str, settings: Settings) -> Iterator[_Checked]:
    """Yield each network that an argument stands for, checked."""
    from archc.compiler import Report
    from archc.diagnostics import CompileError

    for opened in _opened(argument, settings):
        if isinstance(opened, CompileError):
            report = Report(None, None, opened.diagnostics, opened.sources)
            yield _Checked(argument, argument, None, report)
        else:
            spec, variant = opened
            yield from _networks(spec, replace(settings, variant=settings.variant or variant))


def _networks(spec: Spec, settings: Settings) -> Iterator[_Checked]:
    """Yield the network that is named, else the defaults and every variant."""
    from archc.compiler import check_spec

    variants: list[str | None] = [settings.variant or spec.variant]
    if settings.variant is None:
        variants += spec.variants
    for variant in variants:
        report = check_spec(spec, replace(settings, variant=variant))
        yield _Checked(variant or spec.name, spec.file, variant, report)


def _opened(argument: str, settings: Settings) -> Iterator[tuple[Spec, str | None] | CompileError]:
    """Yield the specs of an argument, an error in the place of one that cannot be read."""
    from archc.cli.options import open_argument
    from archc.diagnostics import CompileError

    try:
        files = _files_of(argument)
    except CompileError as error:
        yield error
        return
    for file in files:
        try:
            yield open_argument(file, settings.max_nodes)
        except CompileError as error:
            yield error


def _files_of(argument: str) -> list[str]:
    """Return the specs below a folder; anything else, a build too, stands for itself."""
    from pathlib import Path

    from archc.catalogue import find_network, spec_files
    from archc.diagnostics import Code
    from archc.files import output_error
    from archc.manifest import is_build

    folder = Path(argument)
    if argument == "-" or not folder.is_dir() or is_build(folder):
        return [argument]
    files = [str(path) for path in spec_files(folder)]
    if not files and find_network(argument).path != folder:
        return [argument]
    if not files:
        headline = f"the folder `{argument}` holds no spec"
        raise output_error(Code.UNREADABLE_FILE, headline, "a spec is a .yaml with `archc: 1`")
    return files


def _status(found: list[_Checked], *, strict: bool) -> int:
    """Return the highest exit status that what was found leads to; of a warning it is 1 or 0."""
    from archc.cli.reporting import exit_status

    highest = max((exit_status(checked.report.diagnostics) for checked in found), default=0)
    is_warned = strict and any(checked.report.diagnostics for checked in found)
    return highest or int(is_warned)


def _print_lines(found: list[_Checked], *, quiet: bool, verbose: bool) -> None:
    """Print one line a network, in columns, then what is wrong, file by file."""
    from archc.cli.reporting import print_columns, print_diagnostics, print_fixable

    if not quiet:
        defaults = _variants_of_defaults(found)
        rows = [
            [*_row(checked, verbose), *["(the default)"] * (index in defaults.values())]
            for index, checked in enumerate(found)
            if checked.report.ok and index not in defaults
        ]
        print_columns(rows, right=(1, 2))
    for _, mistakes, sources in _by_file(found):
        print_diagnostics(mistakes, sources)
        print_fixable(mistakes, sources)


def _variants_of_defaults(found: list[_Checked]) -> dict[int, int]:
    """Return which networks are a file's defaults, and which variant of it is the very same."""
    same: dict[int, int] = {}
    for index, checked in enumerate(found):
        graph = checked.report.graph
        for other in range(index + 1, len(found)):
            if graph is None or checked.variant or found[other].file != checked.file:
                break
            twin = found[other].report.graph
            if found[other].variant and twin and twin.parameters == graph.parameters:
                same[index] = other
                break
    return same


def _by_file(found: list[_Checked]) -> Iterator[tuple[str, list[Diagnostic], Mapping[str, str]]]:
    """Yield each file with mistakes, these, each once, and the texts that they quote.

    A mistake in a file that several import is told with the first of them.
    """
    told: set[_Mark] = set()
    for file in dict.fromkeys(checked.file for checked in found):
        of_file = [checked for checked in found if checked.file == file]
        mistakes = [each for each in _mistakes(of_file) if _mark(each) not in told]
        told |= {_mark(each) for each in mistakes if each.primary is not None}
        if mistakes:
            yield file, mistakes, of_file[0].report.sources


_Mark = tuple[object, ...]
_COMPARED = 1000
"""How many characters of a mistake's words are compared with another's."""
_FIGURES = re.compile(r"(\b\d[\d,.]*|[\s,()\[\]]+)+")
"""What differs in the words of one mistake where variants have other sizes, or lists of others."""


def _mark(mistake: Diagnostic) -> _Mark:
    """Return by what a mistake is known again: its place, and its words without the numbers."""
    from archc.diagnostics import Code

    if mistake.code is Code.EXPECTATION or mistake.primary is None:
        return mistake.code, mistake.primary, mistake.headline
    return mistake.code, mistake.primary, _FIGURES.sub(" ", mistake.headline[:_COMPARED])


def _mistakes(found: list[_Checked]) -> list[Diagnostic]:
    """Return what is wrong with the networks of one file, each mistake once, line by line.

    A mistake that only some variants have names them.
    """
    from archc.passes.check_expectations import joined_differences

    networks: dict[_Mark, list[_Checked]] = {}
    first: dict[_Mark, Diagnostic] = {}
    for checked in found:
        of_mark: Counter[_Mark] = Counter()
        for mistake in checked.report.diagnostics:
            of_mark[_mark(mistake)] += 1  # one network may have two with the same words
            mark = (*_mark(mistake), of_mark[_mark(mistake)])
            first.setdefault(mark, mistake)
            networks.setdefault(mark, []).append(checked)
    mistakes = [_noted(mistake, networks[mark], found) for mark, mistake in first.items()]
    return joined_differences(mistakes)


def _noted(mistake: Diagnostic, having: list[_Checked], checked: list[_Checked]) -> Diagnostic:
    """Name the variants that have a mistake, where others of the file do not.

    A figure stands under its variant's name anyway.
    """
    from archc.diagnostics import Code

    if having[0].variant is None or len(having) == len(checked):
        return mistake
    if mistake.code is Code.EXPECTATION:
        return mistake
    names = ", ".join(f"`{network.variant}`" for network in having)
    return replace(mistake, notes=(*mistake.notes, f"in {names}"))


def _row(checked: _Checked, verbose: bool) -> list[str]:
    """Return the cells of a network's line: name, parameters, multiply-adds, output, notes."""
    from archc.cli.reporting import amount

    costs, graph = checked.report.costs, checked.report.graph
    assert costs is not None
    assert graph is not None
    cells = [
        checked.name,
        f"{costs.parameters:,} parameters",
        f"{amount(costs.macs)} MACs",
        ", ".join(str(kind) for _, kind in costs.outputs),
    ]
    if verbose:
        sizes = ", ".join(f"{name} {kind}" for name, kind in costs.inputs)
        cells.append(f"from {sizes}, {len(graph.nodes)} nodes")
        if graph.read_twice:
            cells.append(f"taken by the flow and by name: {', '.join(graph.read_twice)}")
    return [*cells, *(f"({note})" for note in checked.report.notes)]


def _print_for_programs(form: str, found: list[_Checked]) -> None:
    """Print every network with every diagnostic as JSON, or the diagnostics as GitHub or SARIF."""
    import json

    from archc import __version__
    from archc.catalogue import error_title
    from archc.diagnostics import Code
    from archc.diagnostics.formats import github_line, sarif

    if form == "json":
        print(json.dumps(_records(found), indent=2))
        return
    files = [*_by_file(found)]
    mistakes = [_placed(mistake, file) for file, of_file, _ in files for mistake in of_file]
    if form == "github":
        for mistake in mistakes:
            print(github_line(mistake))
        return
    sources = {name: text for _, _, texts in files for name, text in texts.items()}
    titles = {code: error_title(code) for code in Code}
    print(json.dumps(sarif(mistakes, sources, __version__, titles), indent=2))


def _placed(mistake: Diagnostic, file: str) -> Diagnostic:
    """Return a mistake with a place, which code scanning asks for: its file where it has none."""
    from archc.diagnostics import Span

    return (
        mistake
        if mistake.primary
        else replace(mistake, primary=Span(file, 1, 1, 1, 1), help=str(mistake.help))
    )


def _records(found: list[_Checked]) -> list[dict[str, object]]:
    """Return a record a network; a mistake stands in that of the first network that has it."""
    told: list[list[dict[str, object]]] = [[] for _ in found]
    for file, mistakes, _ in _by_file(found):
        for mistake in mistakes:
            having = [i for i, each in enumerate(found) if _has(each, mistake, file)]
            names = [found[index].name for index in having]
            told[having[0]].append(_mistake_record(mistake, names, found[having[0]].report))
    return [
        {**_record(checked), "diagnostics": of_network}
        for checked, of_network in zip(found, told, strict=True)
    ]


def _has(checked: _Checked, mistake: Diagnostic, file: str) -> bool:
    """Return whether a network has a mistake of a file; figures that differ are told together."""
    from archc.diagnostics import Code

    is_of_file = checked.file == file
    codes = {each.code for each in checked.report.diagnostics if each.code is Code.EXPECTATION}
    if mistake.primary is None or mistake.code in codes:
        return is_of_file and (mistake.code in codes or _tells(checked, mistake))
    return _tells(checked, mistake)


def _tells(checked: _Checked, mistake: Diagnostic) -> bool:
    return _mark(mistake) in map(_mark, checked.report.diagnostics)


def _mistake_record(mistake: Diagnostic, names: list[str], report: Report) -> dict[str, object]:
    from archc.diagnostics.formats import diagnostic_record

    return {**diagnostic_record(mistake, report.sources), "networks": names}


def _record(checked: _Checked) -> dict[str, object]:
    report, costs = checked.report, checked.report.costs
    return {
        "name": checked.name,
        "spec": checked.file,
        "variant": checked.variant,
        "ok": report.ok,
        "parameters": costs.parameters if costs else None,
        "macs": costs.macs if costs else None,
        "outputs": {n: list(map(_size, kind.shape)) for n, kind in costs.outputs} if costs else {},
        "notes": list(report.notes),
    }


def _size(size: object) -> object:
    return size if isinstance(size, int) else str(size)
