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
from archc.passes.elaboration.nodes import MAX_NODES
from archc.spec.model import Document
from archc.spec.parse import parse
from archc.spec.reader import read
from archc.spec.source import Source, decode, read_file

if TYPE_CHECKING:
    from archc.spec.canonical import CanonicalSpec

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


def open_spec(path: SpecPath, max_nodes: int = MAX_NODES) -> Spec:
    """Return the spec of a file or of a build, parsed, with its imports.

    The canonical form of a network of `max_nodes` nodes may be as long as these take.

    Raises:
        CompileError: the file cannot be read, its form is wrong, or a build was changed.
    """
    if is_build(path):
        from archc.spec.canonical import canonical_limits

        limits = canonical_limits(max_nodes)
        return _built_spec(read_build(Path(path), limits.bytes), max_nodes)
    return read_spec(_content_of(Path(path), max_nodes), str(path), Path(path), max_nodes)


@uncollected()
def read_spec(
    content: str | bytes, file: str, path: Path | None = None, max_nodes: int = MAX_NODES
) -> Spec:
    """Return the spec of a text or its bytes, parsed; its imports are relative to `path`.

    Raises:
        CompileError: too large, not UTF-8, or the form of the text is wrong.
    """
    if is_canonical(content):
        return _canonical_spec(content, file, max_nodes)
    source = read(content if isinstance(content, str) else decode(content, file), file)
    library = ProjectFolder(path, file) if path is not None else None
    return _with_imports(source, library)


def is_canonical(content: str | bytes) -> bool:
    """Return whether a text is the canonical JSON that `archc expand --json` prints."""
    head = content[:_HEAD]
    if isinstance(head, bytes):
        head = head.decode("utf-8", "replace")
    return head.lstrip().startswith("{") and '"canonical"' in head


def most_bytes(max_nodes: int) -> int:
    """Return how many bytes of a pipe are read: those of the longest canonical form, and one."""
    from archc.spec.canonical import canonical_limits

    return canonical_limits(max_nodes).bytes + 1


def _content_of(path: Path, max_nodes: int) -> str | bytes:
    """Return what a file holds; its head shows whether it may be as long as a canonical form."""
    if os.path.isfile(path):  # noqa: PTH113  a Path's own may raise
        with suppress(OSError), path.open("rb") as stream:  # `read_file` says what is wrong
            if is_canonical(stream.read(_HEAD)):
                stream.seek(0)
                return stream.read(most_bytes(max_nodes))
    return read_file(path)


def _built_spec(build: Build, max_nodes: int) -> Spec:
    """Return the spec of a build; one that was built from the canonical form has no other."""
    name = SPEC if SPEC in build.contents else GRAPH
    shown = str(Path(build.shown, name))
    if name == GRAPH:
        return replace(_canonical_spec(build.contents[name], shown, max_nodes), build=build)
    source = read(decode(build.contents[name], shown), shown)
    return replace(_with_imports(source, BuiltFiles(build.shown, build.contents)), build=build)


def _canonical_spec(content: str | bytes, file: str, max_nodes: int) -> Spec:
    from archc.spec.canonical import canonical_limits, read_canonical

    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    canonical = read_canonical(data, file, canonical_limits(max_nodes))
    return replace(_with_imports(canonical.main.source, Bundle(canonical)), canonical=canonical)


def _with_imports(source: Source, library: Library | None) -> Spec:
    document = parse(source)
    return Spec(source, document, resolve_imports(document, library))
