"""The documents that a spec imports: read once each, inside the project, without cycles."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from archc.diagnostics import Code, CompileError, Diagnostic
from archc.passes.elaborate import Imported
from archc.spec.model import Document, Import
from archc.spec.parse import parse
from archc.spec.source import read, read_file

MAX_DEPTH = 16
MAX_IMPORTS = 1_000
"""How many documents an import tree may hold, one that is reached twice counted twice."""

_PROJECT_MARKS = (".git", "pyproject.toml")


@dataclass(frozen=True)
class ImportedFile:
    """A file that an import reached: its text and the imports written in it."""

    path: Path
    text: str
    document: Document


@dataclass
class Imports:
    """What a spec's `import:` resolves to.

    `files` holds every file by its shown name; `targets` names the file that an alias of a
    file stands for.
    """

    by_alias: Mapping[str, Imported] = field(default_factory=dict[str, Imported])
    files: dict[str, ImportedFile] = field(default_factory=dict[str, ImportedFile])
    targets: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


def resolve_imports(document: Document, path: Path | None) -> Imports:
    """Return the documents that a document imports, theirs included.

    `path` is the document's own file; a text without a file cannot import.

    Raises:
        CompileError: a path that leaves the project, a cycle, a file that is no spec.
    """
    if not document.imports:
        return Imports()
    if path is None:
        raise _refused(document.imports[0], "a text without a file cannot import", "save it first")
    return _Resolver(path).imports(document)


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


class _Resolver:
    def __init__(self, path: Path) -> None:
        self.root = project_root(path)
        self.path = path
        self.files: dict[str, ImportedFile] = {}
        self.targets: dict[tuple[str, str], str] = {}
        self.resolved: dict[Path, tuple[Document, Mapping[str, Imported], int]] = {}

    def imports(self, document: Document) -> Imports:
        main = Path(os.path.realpath(self.path))
        by_alias, _ = self._aliases(document, self.path, (main,))
        return Imports(by_alias, self.files, self.targets)

    def _aliases(
        self, document: Document, path: Path, open_files: tuple[Path, ...]
    ) -> tuple[dict[str, Imported], int]:
        """Return the imports of one document and how many documents they amount to."""
        result: dict[str, Imported] = {}
        count = 1
        for item in document.imports:
            imported, size = self._one(item, path, open_files)
            count += size
            if count > MAX_IMPORTS:
                raise _refused(item, f"more than {MAX_IMPORTS} imports", "import fewer files")
            result[item.alias] = imported
        return result, count

    def _one(self, item: Import, path: Path, open_files: tuple[Path, ...]) -> tuple[Imported, int]:
        real = self._permitted(item, path, open_files)
        if real not in self.resolved:
            self.resolved[real] = self._document(item, path, (*open_files, real))
        document, imported, size = self.resolved[real]
        self.targets[item.span.file, item.alias] = document.file
        if item.block and item.block not in document.blocks:
            near = get_close_matches(item.block, document.blocks, 1)
            advice = f"did you mean `{near[0]}`?" if near else _known(document)
            raise _refused(item, f"`{item.path}` has no block `{item.block}`", advice)
        return Imported(document, item.block, imported), size

    def _permitted(self, item: Import, path: Path, open_files: tuple[Path, ...]) -> Path:
        """Return the real path of an import after the checks that need no reading."""
        if not item.path or Path(item.path).is_absolute() or "\0" in item.path:
            raise _refused(item, "an import is a relative path", "resnet: ./resnet.yaml")
        real = Path(os.path.realpath(path.parent / item.path))
        if not real.is_relative_to(self.root):
            raise _refused(item, f"`{item.path}` lies outside the project `{self.root}`")
        if real in open_files:
            chain = " → ".join(file.name for file in (*open_files, real))
            raise _refused(item, "a file imports itself", f"the cycle is {chain}")
        if len(open_files) > MAX_DEPTH:
            raise _refused(item, f"imports nested deeper than {MAX_DEPTH}")
        return real

    def _document(
        self, item: Import, importer: Path, open_files: tuple[Path, ...]
    ) -> tuple[Document, Mapping[str, Imported], int]:
        path = importer.parent / item.path
        shown = os.path.normpath(Path(item.span.file).parent / item.path)
        text = _text(item, path)
        document = parse(read(text, shown))
        self.files[shown] = ImportedFile(path, text, document)
        return document, *self._aliases(document, path, open_files)


def bundled(document: Document, text: str, imports: Imports) -> dict[str, str]:
    """Return a spec and its imports as files of one folder, `import:` lines rewritten to it."""
    names = _bundle_names(imports)
    files = {"spec.yaml": _redirected(document, text, imports, names, "./imports/")}
    for shown, file in imports.files.items():
        content = _redirected(file.document, file.text, imports, names, "./")
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
    lines = text.split("\n")
    for item in sorted(document.imports, key=lambda item: item.span, reverse=True):
        name = names[imports.targets[document.file, item.alias]]
        path = f"{folder}{name}#{item.block}" if item.block else folder + name
        line = lines[item.span.line - 1]
        lines[item.span.line - 1] = (
            line[: item.span.column - 1] + path + line[item.span.end_column - 1 :]
        )
    return "\n".join(lines)


def _text(item: Import, path: Path) -> str:
    try:
        return read_file(path)
    except CompileError as error:
        reason = error.diagnostics[0].headline.replace(str(path), item.path)
        raise _refused(item, reason) from None


def _known(document: Document) -> str:
    return "its blocks: " + (", ".join(document.blocks) or "none")


def _refused(item: Import, headline: str, advice: str = "") -> CompileError:
    return CompileError([Diagnostic(Code.IMPORT, headline, item.span, help=advice)], {})
