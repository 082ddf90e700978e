"""The documents that a spec imports: read once each, inside the project, without cycles."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from archc.diagnostics import Code, CompileError, Diagnostic, did_you_mean, meant
from archc.diagnostics.render import text_lines
from archc.passes.elaborate import Imported
from archc.spec.mistakes import MAX_MISTAKES
from archc.spec.model import Document, Import
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Source, decode, read_file

if TYPE_CHECKING:
    from archc.spec.canonical import CanonicalSpec

MAX_DEPTH = 16
MAX_IMPORTS = 1_000
"""How many documents an import tree may hold, one that is reached twice counted twice."""

_PROJECT_MARKS = (".git", "pyproject.toml")


class ImportedFile(Struct, frozen=True):
    """A file that an import reached."""

    source: Source
    document: Document


class Imports(Struct):
    """What a spec's `import:` resolves to.

    `files` holds every file by its shown name; `targets` names the file that an alias of a
    file stands for. An alias that leads nowhere is missing; the `mistakes` say why, and `refused`
    holds the texts that are no specs, by the names of their files.
    """

    by_alias: Mapping[str, Imported] = field(default_factory=dict[str, Imported])
    files: dict[str, ImportedFile] = field(default_factory=dict[str, ImportedFile])
    targets: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    mistakes: tuple[Diagnostic, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def texts(self) -> dict[str, str]:
        """The text of every file that was read, by its shown name."""
        return {**{name: file.source.text for name, file in self.files.items()}, **self.refused}

    def aliases(self, file: str) -> dict[str, str]:
        """Return the aliases that a file imports, each with the name of the file it is."""
        return {alias: target for (name, alias), target in self.targets.items() if name == file}


class Library(Protocol):
    """Where imported files come from."""

    def locate(self, item: Import) -> str:
        """Return what identifies the file that an import names; no file is read."""
        ...

    def source(self, item: Import) -> Source:
        """Read the file that an import names."""
        ...


def resolve_imports(document: Document, library: Library | None) -> Imports:
    """Return the documents that a document imports, theirs included.

    Where there is no library, in a cycle, and at a file that is no spec or that the library
    refuses, the import leads nowhere, and the others are followed all the same.
    """
    if not document.imports:
        return Imports()
    if library is None:
        reason = "a text without a file cannot import"
        return Imports(mistakes=refused(document.imports[0], reason, "save it first").diagnostics)
    return _Resolver(library).imports(document)


class ProjectFolder:
    """The files around a spec: relative paths, inside the project."""

    def __init__(self, path: Path, shown: str) -> None:
        self.root = project_root(path)
        self.paths = {shown: path}
        self.main = os.path.realpath(path)

    def locate(self, item: Import) -> str:
        """Return the real path of an import, which must lie inside the project."""
        if not item.path or Path(item.path).is_absolute() or "\0" in item.path:
            raise refused(item, "an import is a relative path", "resnet: ./resnet.yaml")
        real = os.path.realpath(self._path(item))
        if not Path(real).is_relative_to(self.root):
            raise refused(item, f"`{item.path}` lies outside the project `{self.root}`")
        if real == self.main:
            raise refused(item, f"`{item.path}` is the spec itself: a file imports itself")
        return real

    def source(self, item: Import) -> Source:
        """Read an import; messages show its path from where the spec's own path starts."""
        path = self._path(item)
        shown = os.path.normpath(Path(item.span.file).parent / item.path)
        self.paths[shown] = path
        try:
            text = read_file(path)
        except CompileError as error:
            reason = error.diagnostics[0].headline.replace(str(path), item.path)
            raise refused(item, reason, _beside(item, error.diagnostics[0].help)) from None
        return read(text, shown)

    def _path(self, item: Import) -> Path:
        return self.paths[item.span.file].parent / item.path


def _beside(item: Import, advice: str) -> str:
    """Return the advice to name a file in the same folder, by the path that an import writes."""
    question = "did you mean `"
    if not advice.startswith(question):
        return advice
    _, _, near = advice.removeprefix(question).removesuffix("`?").rpartition(os.sep)
    head, slash, _ = item.path.rpartition("/")
    return did_you_mean(item.path, f"{head}{slash}{near}")


class Bundle:
    """The files inside a canonical file."""

    def __init__(self, spec: "CanonicalSpec") -> None:
        self.spec = spec

    def locate(self, item: Import) -> str:
        """Return the name of the file that an alias stands for."""
        importer = self.spec.files.get(item.span.file, self.spec.main)
        name = importer.aliases.get(item.alias)
        if name is None or name not in self.spec.files:
            raise refused(item, f"the file holds nothing for the import `{item.alias}`")
        return name

    def source(self, item: Import) -> Source:
        """Return the file that an alias stands for."""
        return self.spec.files[self.locate(item)].source


class BuiltFiles:
    """The files of a build, which are all in its folder."""

    def __init__(self, shown: str, contents: Mapping[str, bytes]) -> None:
        self.folder = Path(shown)
        self.contents = contents

    def locate(self, item: Import) -> str:
        """Return the name that an import has in the build."""
        importer = Path(item.span.file).relative_to(self.folder)
        name = os.path.normpath(importer.parent / item.path)
        if name not in self.contents:
            raise refused(item, f"the build holds no `{item.path}`")
        return name

    def source(self, item: Import) -> Source:
        """Return the spec that an import names."""
        name = self.locate(item)
        shown = str(self.folder / name)
        return read(decode(self.contents[name], shown), shown)


def project_root(path: Path) -> Path:
    """Return the folder that imports may not leave.

    It is the nearest one above the spec that holds a `.git` or a `pyproject.toml`, else the
    spec's own.
    """
    folder = Path(os.path.realpath(path)).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _PROJECT_MARKS):
            return candidate
    return folder


class _Resolved(Struct, frozen=True):
    """A document with its imports, and how many documents it amounts to."""

    document: Document
    imported: Mapping[str, Imported]
    size: int


class _Lost(Exception):
    """What an import leads to is no spec, which was said already."""


class _EndOfImports(Exception):
    """A limit is passed: no other import is followed."""


class _Resolver:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.files: dict[str, ImportedFile] = {}
        self.targets: dict[tuple[str, str], str] = {}
        self.resolved: dict[str, _Resolved | None] = {}
        self.mistakes: list[Diagnostic] = []
        self.refused: dict[str, str] = {}

    def imports(self, document: Document) -> Imports:
        try:
            by_alias, _ = self._aliases(document, ())
        except _EndOfImports:
            by_alias = {}
        mistakes = tuple(self.mistakes)
        return Imports(by_alias, self.files, self.targets, mistakes, self.refused)

    def _aliases(
        self, document: Document, open_files: tuple[str, ...]
    ) -> tuple[dict[str, Imported], int]:
        """Return the imports of one document and how many documents they amount to."""
        result: dict[str, Imported] = {}
        count = 1
        for item in document.imports:
            try:
                result[item.alias], size = self._one(item, open_files)
            except CompileError as error:
                self._keep(error)
                size = 1
            except _Lost:
                size = 1
            count += size
            if count > MAX_IMPORTS:
                headline = f"more than {MAX_IMPORTS} imports"
                self._keep(refused(item, headline, "import fewer files"))
                raise _EndOfImports
        return result, count

    def _keep(self, error: CompileError) -> None:
        self.mistakes += error.diagnostics
        self.refused.update(error.sources)
        if len(self.mistakes) >= MAX_MISTAKES:
            raise _EndOfImports

    def _one(self, item: Import, open_files: tuple[str, ...]) -> tuple[Imported, int]:
        place = self.library.locate(item)
        if place in open_files:
            chain = " → ".join(Path(file).name for file in (*open_files, place))
            raise refused(item, "a file imports itself", f"the cycle is {chain}")
        if len(open_files) >= MAX_DEPTH:
            raise refused(item, f"imports nested deeper than {MAX_DEPTH}")
        if place not in self.resolved:
            self.resolved[place] = self._read(item, (*open_files, place))
        found = self.resolved[place]
        if found is None:
            raise _Lost
        self.targets[item.span.file, item.alias] = found.document.file
        self._check_block(item, found.document)
        return Imported(found.document, item.block, found.imported), found.size

    def _read(self, item: Import, open_files: tuple[str, ...]) -> _Resolved | None:
        """Return the document that an import leads to; nothing where it is no spec.

        Raises:
            CompileError: the library refuses the import.
        """
        try:
            source = self.library.source(item)
            document = parse(source)
        except CompileError as error:
            if any(found.code is Code.IMPORT for found in error.diagnostics):
                raise
            self._keep(error)
            return None
        self.files[source.file] = ImportedFile(source, document)
        return _Resolved(document, *self._aliases(document, open_files))

    def _check_block(self, item: Import, document: Document) -> None:
        """Refuse a block that the other file has not; one that could not be read is known."""
        is_known = item.block in document.blocks or item.block in document.unread
        if item.block and not is_known and not document.is_partial:
            known = "its blocks: " + (", ".join(document.blocks) or "none")
            advice = meant(item.block, document.blocks, is_closed=True) or known
            self._keep(refused(item, f"`{item.path}` has no block `{item.block}`", advice))


def bundled(document: Document, text: str, imports: Imports) -> dict[str, str]:
    """Return a spec and its imports as files of one folder, `import:` lines rewritten to it."""
    names = _bundle_names(imports)
    files = {"spec.yaml": _redirected(document, text, imports, names, "./imports/")}
    for shown, file in imports.files.items():
        content = _redirected(file.document, file.source.text, imports, names, "./")
        files[f"imports/{names[shown]}"] = content
    return files


def _bundle_names(imports: Imports) -> dict[str, str]:
    """Return a file name for each imported file, its own stem where that is plain and free."""
    names: dict[str, str] = {}
    for number, shown in enumerate(imports.files):
        stem = Path(shown).stem
        name = f"{stem}.yaml"
        if not stem.isidentifier() or name in names.values():
            name = f"import_{number}.yaml"
        names[shown] = name
    return names


def _redirected(
    document: Document, text: str, imports: Imports, names: Mapping[str, str], folder: str
) -> str:
    """Return a spec's text with the path of each import replaced, the last one first."""
    lines = text_lines(text)
    for item in sorted(document.imports, key=lambda item: item.span, reverse=True):
        name = names[imports.targets[document.file, item.alias]]
        path = f"{folder}{name}#{item.block}" if item.block else folder + name
        line = lines[item.span.line - 1]
        lines[item.span.line - 1] = (
            line[: item.span.column - 1] + path + line[item.span.end_column - 1 :]
        )
    return "".join(lines)


def refused(item: Import, headline: str, advice: str = "") -> CompileError:
    """Return the error of an import that is not followed."""
    return CompileError([Diagnostic(Code.IMPORT, headline, item.span, help=advice)], {})
