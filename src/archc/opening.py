"""A spec before it is compiled: read, parsed, its imports resolved."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from archc.collecting import uncollected
from archc.imports import BuiltFiles, Bundle, Imports, Library, ProjectFolder, resolve_imports
from archc.manifest import GRAPH, SPEC, Build, is_build, read_build
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Source, decode, read_file

if TYPE_CHECKING:
    from archc.spec.canonical import CanonicalSpec

MAX_CANONICAL = 32 * 2**20
"""How many bytes of the canonical form are read; what is longer is refused."""
_HEAD = 200
"""In how many bytes the canonical form says that it is it."""
SpecPath = str | os.PathLike[str]


class Spec(Struct, frozen=True):
    """A spec that was read and parsed, with everything it imports.

    `canonical` is there where the text was the canonical form: one network, nodes and all;
    `build` where it is that of a build, made with what its manifest says.
    """

    source: Source
    document: Document
    imports: Imports = field(default_factory=Imports)
    canonical: CanonicalSpec | None = None
    build: Build | None = None

    @property
    def file(self) -> str:
        """The file's name in messages."""
        return self.source.file

    @property
    def text(self) -> str:
        """The text that was read."""
        return self.source.text

    @property
    def name(self) -> str:
        """The network's name."""
        return self.document.name

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants one can ask for."""
        return () if self.canonical or self.build else tuple(self.document.variants)

    @property
    def variant(self) -> str | None:
        """The variant that it stands for, where it is one network."""
        if self.build is not None:
            return self.build.manifest.variant
        return self.canonical.variant if self.canonical else None

    @property
    def sources(self) -> dict[str, str]:
        """The text of every file by its name, for quoting in messages."""
        return {self.file: self.text, **self.imports.texts}


def open_spec(path: SpecPath) -> Spec:
    """Return the spec of a file or of a build, parsed, with its imports.

    Raises:
        CompileError: the file cannot be read, its form is wrong, or a build was changed.
    """
    if is_build(path):
        return _built_spec(read_build(Path(path)))
    return read_spec(_text_of(Path(path)), str(path), Path(path))


@uncollected()
def read_spec(text: str, file: str, path: Path | None = None) -> Spec:
    """Return the spec of a text, parsed; its imports are relative to `path`.

    Raises:
        CompileError: the form of the text is wrong.
    """
    if is_canonical(text):
        return _canonical_spec(text, file)
    source = read(text, file)
    library = ProjectFolder(path, file) if path is not None else None
    return _with_imports(source, library)


def is_canonical(text: str) -> bool:
    """Return whether a text is the canonical JSON that `archc expand --json` prints."""
    head = text[:_HEAD]
    return head.lstrip().startswith("{") and '"canonical"' in head


def decoded(data: bytes, file: str) -> str:
    """Return the text of a spec's bytes; the canonical form may be longer than what people write.

    Raises:
        CompileError: too large or not UTF-8.
    """
    return data.decode("utf-8", "replace") if _is_canonical(data) else decode(data, file)


def _text_of(path: Path) -> str:
    """Return a file's text; whether it may be as long as the canonical form shows in its head."""
    if os.path.isfile(path):  # noqa: PTH113  a Path's own may raise
        with suppress(OSError), path.open("rb") as stream:  # `read_file` says what is wrong
            head = stream.read(_HEAD)
            if _is_canonical(head):
                return decoded(head + stream.read(MAX_CANONICAL + 1 - len(head)), str(path))
    return read_file(path)


def _is_canonical(data: bytes) -> bool:
    return is_canonical(data[:_HEAD].decode("utf-8", "replace"))


def _built_spec(build: Build) -> Spec:
    """Return the spec of a build; one that was built from the canonical form has no other."""
    name = SPEC if SPEC in build.contents else GRAPH
    shown = str(Path(build.shown, name))
    if name == GRAPH:
        text = build.contents[name].decode("utf-8", "replace")
        return replace(_canonical_spec(text, shown), build=build)
    source = read(decode(build.contents[name], shown), shown)
    return replace(_with_imports(source, BuiltFiles(build.shown, build.contents)), build=build)


def _canonical_spec(text: str, file: str) -> Spec:
    from archc.spec.canonical import read_canonical

    canonical = read_canonical(text, file)
    return replace(_with_imports(canonical.main.source, Bundle(canonical)), canonical=canonical)


def _with_imports(source: Source, library: Library | None) -> Spec:
    document = parse(source)
    return Spec(source, document, resolve_imports(document, library))
