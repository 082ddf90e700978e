"""The networks that come with archc, and those of a folder, by name."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from archc.diagnostics import Code, CompileError, Diagnostic, Label, Span, meant
from archc.manifest import is_build
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import read_file

SUFFIXES = (".yaml", ".yml")
_SCHEMA_LINE = re.compile(r"^(?i:archc[ \t]*[:=]|arch[ \t]*[:=][ \t]*1\s)", re.MULTILINE)
_SECTIONS = tuple(re.compile(rf"^{key}[ \t]*:", re.MULTILINE) for key in ("inputs", "model"))
"""What tells a spec from other YAML, its first line forgotten or misspelt too."""


class Place(Struct, frozen=True):
    """Where a network stands: a file, and a variant of it."""

    path: Path
    variant: str | None = None


class Network(Struct, frozen=True):
    """A network of a folder: a variant where its file has variants, else the file's own."""

    name: str
    path: Path
    variant: str | None
    document: Document


def specs_folder() -> Path:
    """Return the folder of the specs that come with archc."""
    package = Path(__file__).parent
    shipped = package / "specs"
    return shipped if shipped.is_dir() else package.parents[1] / "specs"


def error_page(code: Code) -> str:
    """Return the page that explains a diagnostic's code; its title alone where there is none."""
    package = Path(__file__).parent
    for folder in (package / "errors", package.parents[1] / "docs" / "errors"):
        if (folder / f"{code}.md").is_file():
            return (folder / f"{code}.md").read_text(encoding="utf-8")
    return f"# {code}: {code.name.lower().replace('_', ' ')}\n"


def error_title(code: Code) -> str:
    """Return what a diagnostic's code means, in a few words."""
    first, _, _ = error_page(code).partition("\n")
    return first.partition(": ")[2]


def find_network(name: str) -> Place:
    """Return the place a command's SPEC stands for: a path, else a network's name.

    A folder that is no build is no spec, and hides no network of its name.

    Raises:
        CompileError: there is no such file and no network of this name.
    """
    path = Path(name)
    is_there = os.path.lexists(path)
    if not is_bare_name(name) or (is_there and not is_mere_folder(path)):
        return Place(path)
    place = _named(name)
    if place is None and not is_there:
        raise _unknown(name)
    return place or Place(path)


def is_mere_folder(path: Path) -> bool:
    """Return whether a path is a folder that is no build, and so no spec."""
    return path.is_dir() and not is_build(path)


def is_bare_name(text: str) -> bool:
    """Return whether a text can be a network's name and no path."""
    return text.isidentifier()


def spec_files(folder: Path) -> list[Path]:
    """Return the specs below a folder, sorted; other YAML and hidden folders are left out."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(place, name) for name in sorted(files) if name.endswith(SUFFIXES)]
        found += [path for path in paths if _is_spec(path)]
    return found


def networks(folder: Path) -> list[Network]:
    """Return every network of a folder: spec by spec, the variants of each in its order.

    Raises:
        CompileError: a file is no spec, or two networks have one name.
    """
    paths = sorted(spec_files(folder), key=lambda path: _natural(path.with_suffix("").as_posix()))
    found = [network for path in paths for network in _networks_of(path)]
    _check_unique(found)
    return found


def _networks_of(path: Path) -> Iterator[Network]:
    text = read_file(path)
    document = parse(read(text, str(path)))
    if document.lacks:
        raise CompileError(document.mistakes, {document.file: text})
    for variant in document.variants:
        yield Network(variant, path, variant, document)
    if not document.variants:
        yield Network(document.name, path, None, document)


def _check_unique(found: list[Network]) -> None:
    first: dict[str, Network] = {}
    twice: dict[tuple[Path, Path], list[tuple[Network, Network]]] = {}
    for network in found:
        other = first.setdefault(network.name, network)
        if other is not network:
            twice.setdefault((network.path, other.path), []).append((network, other))
    if twice:
        diagnostics = [_duplicates(pairs) for pairs in twice.values()]
        raise CompileError(diagnostics, {str(n.path): read_file(n.path) for n in found})


def _duplicates(pairs: list[tuple[Network, Network]]) -> Diagnostic:
    """Return one error for all names that two files share."""
    network, other = pairs[0]
    span = _name_place(other)
    names = ", ".join(f"`{shared.name}`" for shared, _ in pairs[1:])
    return Diagnostic(
        Code.DUPLICATE_NETWORK,
        f"there are two networks `{network.name}`",
        _name_place(network),
        secondary=(Label(span, "the other"),) if span else (),
        notes=(f"the two files share {names} too",) if names else (),
        help="names are unique over a folder: rename one",
    )


def _name_place(network: Network) -> Span | None:
    spans = network.document.spans
    return spans.get(f"variants.{network.variant}", spans.get("name"))


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts `resnet18` before `resnet101`."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(p), "") if p.isdecimal() and len(p) < 10 else (-1, p) for p in parts]


def _named(name: str) -> Place | None:
    """Return the network of the shipped specs; only files that mention the name are parsed."""
    folder = specs_folder()
    mention = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    whole: Place | None = None
    for path in spec_files(folder):
        text = read_file(path)
        if path.stem != name and not mention.search(text):
            continue
        document = parse(read(text, str(path)))
        if name in document.variants:
            return Place(path, name)
        if name in (document.name, path.stem):
            whole = Place(path)
    return whole


def _is_spec(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            start = stream.read(2**16)
    except OSError:
        return True
    text = start.decode("utf-8", "replace")
    return bool(_SCHEMA_LINE.search(text)) or all(key.search(text) for key in _SECTIONS)


def _unknown(name: str) -> CompileError:
    known = [network.name for network in networks(specs_folder())]
    advice = str(meant(name, known))
    headline = f"there is no file `{name}` and no network of this name"
    if Path(f"{name}.yaml").is_file():
        advice = f"did you mean `{name}.yaml`?"
    advice = advice or "`archc list` shows the networks that come with archc"
    return CompileError([Diagnostic(Code.UNREADABLE_FILE, headline, help=advice)], {})
