"""A build as it lies on the disk: its manifest, and its files as the manifest has them.

Nothing of a folder is trusted: a build may come from anywhere. Links, pipes and devices are
not opened, no name leads out of the folder, and what is read is bounded.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from archc.diagnostics import Code, CompileError, RuleViolation
from archc.diagnostics.render import excerpt
from archc.files import NoRegularFileError, output_error, read_regular, regular_file
from archc.spec.canonical import decoded_constant

MANIFEST = "manifest.json"
MODEL, GRAPH, SPEC, SUMMARY = "model.py", "graph.json", "spec.yaml", "summary.txt"
WEIGHTS = "weights.safetensors"
STORE = ".store"
"""Where builds are kept, each in a folder that the hash of its manifest names."""
MAX_MANIFEST = 2 * 2**20
MAX_FILES = 16 * 2**20
"""How many bytes the other files of a build may have together, its weights apart."""
NAMED = 20
"""How many files that differ a message names."""

_ALWAYS = frozenset({MODEL, GRAPH, SUMMARY, "diagram.svg"})
_COMPILED = re.compile(r"spec\.yaml|graph\.json|imports/.*", re.DOTALL)
_KNOWN = re.compile(rf"{'|'.join(map(re.escape, [*_ALWAYS, SPEC, WEIGHTS]))}|imports/[^/\0]+\.yaml")

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(Struct, frozen=True):
    """What a build was made from and by, and the SHA-256 of each of its files."""

    archc: str
    name: str
    variant: str | None
    parameters: Mapping[str, object]
    inputs: Mapping[str, tuple[int, ...]]
    files: Mapping[str, str]


class Build(Struct, frozen=True):
    """A folder whose files are those of its manifest; `contents` are those that are compiled."""

    shown: str
    folder: Path
    manifest: Manifest
    contents: Mapping[str, bytes]


class _Written(Struct, frozen=True):
    """A manifest as JSON; what else it says is for people."""

    archc: str
    name: str
    variant: str | None
    parameters: dict[str, Any]
    inputs: dict[str, tuple[int, ...]]
    files: dict[str, Hash]


class _Hashes(Struct, frozen=True):
    files: dict[str, Hash]


def is_build(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is that of a build: a folder with a manifest."""
    return os.path.lexists(Path(path, MANIFEST))


def read_build(path: Path, max_graph: int) -> Build:
    """Return a build whose files, its weights apart, are those that its manifest names.

    Of its canonical form at most `max_graph` bytes are read.

    Raises:
        CompileError: the manifest is none of ours, or files differ from it.
    """
    folder = Path(os.path.realpath(path))  # a build that is made meanwhile turns the link
    data = _manifest_bytes(folder, path)
    manifest = _manifest(data, path)
    if folder.parent.name == STORE and folder.name.partition("-")[0] != sha256(data):
        raise changed(path, {MANIFEST: "it was edited"})
    contents: dict[str, bytes] = {}
    differing = dict(_differing(folder, manifest, contents, max_graph))
    if differing:
        raise changed(path, differing)
    return Build(str(path), folder, manifest, contents)


def recorded_files(folder: Path) -> Mapping[str, str]:
    """Return the SHA-256 of each file as a manifest has it, nothing where it is none of ours.

    Raises:
        OSError: it cannot be read.
    """
    try:
        data = read_regular(folder / MANIFEST, MAX_MANIFEST)
        return msgspec.json.decode(data, type=_Hashes).files
    except (FileNotFoundError, NoRegularFileError, msgspec.MsgspecError, ValueError):
        return {}
    except RecursionError:
        return {}


def changed(path: Path | str, differing: Mapping[str, str], advice: str = "") -> CompileError:
    """Return the error of a build whose files differ; each with what is the matter with it."""
    shown = [f"{excerpt(name)}: {why}" for name, why in [*differing.items()][:NAMED]]
    if len(differing) > NAMED:
        shown.append(f"{len(differing) - NAMED} more")
    advice = advice or "build it again, or name its spec alone"
    headline = f"`{path}` is not as it was built"
    return output_error(Code.BUILD_CHANGED, headline, advice, shown)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _manifest_bytes(folder: Path, path: Path) -> bytes:
    try:
        return read_regular(folder / MANIFEST, MAX_MANIFEST)
    except NoRegularFileError as error:
        raise _foreign(path, str(error.strerror)) from None
    except OSError as error:
        headline = f"cannot read `{path / MANIFEST}`: {error.strerror}"
        raise output_error(Code.UNREADABLE_FILE, headline) from None


def _manifest(data: bytes, path: Path) -> Manifest:
    """Return what the bytes of a manifest say.

    Raises:
        CompileError: it is no manifest that archc wrote.
    """
    try:
        read = msgspec.json.decode(data, type=_Written)
        parameters = {name: decoded_constant(value) for name, value in read.parameters.items()}
    except RecursionError:
        raise _foreign(path, "it is nested too deeply") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise _foreign(path, str(error)) from None
    except RuleViolation as violation:
        raise _foreign(path, violation.headline) from None
    for name in read.files:
        if not _KNOWN.fullmatch(name):
            raise _foreign(path, f"it names `{excerpt(name)}`, which no build has")
    for name in sorted(_ALWAYS - read.files.keys()):
        raise _foreign(path, f"it does not name `{name}`")
    return Manifest(
        read.archc,
        read.name,
        read.variant,
        parameters,
        read.inputs,
        dict(sorted(read.files.items())),
    )


def _differing(
    folder: Path, manifest: Manifest, contents: dict[str, bytes], max_graph: int
) -> Iterator[tuple[str, str]]:
    """Yield each file that is not as the manifest has it, and why; keep what is compiled."""
    left = MAX_FILES
    for name in manifest.files:
        try:
            if name == WEIGHTS:
                with regular_file(folder / name):
                    continue  # who reads them looks at what they hold
            data = read_regular(folder / name, max_graph if name == GRAPH else left)
        except FileNotFoundError:
            yield name, "it is gone"
        except OSError as error:
            yield name, str(error.strerror)
        else:
            left -= 0 if name == GRAPH else len(data)
            if sha256(data) != manifest.files[name]:
                yield name, "it was edited"
            elif _COMPILED.fullmatch(name):
                contents[name] = data


def _foreign(path: Path, reason: str) -> CompileError:
    """Return the error of a manifest that archc did not write."""
    headline = f"`{path / MANIFEST}` is no manifest of a build: {excerpt(reason)}"
    advice = "a folder with a manifest is a build: name a spec in it, or build again"
    return output_error(Code.BUILD_CHANGED, headline, advice)
