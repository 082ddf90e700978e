"""The folder that builds go to: content in `.store/<hash>/`, and a link of each build's name.

A build is drafted beside the store, given its final place by one rename, and shown by one
more, of a symbolic link. A kill at any moment leaves the old link or the new one.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from archc.diagnostics import Code, CompileError
from archc.files import (
    NoRegularFileError,
    output_error,
    regular_file,
    sync_folder,
    write_new,
    write_refused,
)
from archc.ir.canonical import Json
from archc.manifest import MANIFEST, STORE, is_build, recorded_files, sha256

_DRAFT = "draft-"
_SPECS = frozenset({".yaml", ".yml"})


class BuildFolder(Struct, frozen=True):
    """A folder of builds; everything that changes it happens under its lock."""

    root: Path

    @property
    def store(self) -> Path:
        """Where the content of builds lies."""
        return self.root / STORE

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder against other builds; wait while one is running.

        Raises:
            CompileError: the folder cannot be written, or is a build.
        """
        import fcntl

        if is_build(self.root):
            raise _occupied(self.root, "it is itself a build", "name the folder that holds builds")
        if self.root.suffix.lower() in _SPECS or self.root.is_file():
            raise _no_folder(self.root)
        try:
            self.store.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.store / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise write_refused(self.store, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def draft(self) -> Generator[Path]:
        """Yield a new folder to fill; it is gone afterwards unless it was published.

        Raises:
            CompileError: the folder cannot be written, or the disk is full.
        """
        try:
            self._remove_dead_drafts()
            folder = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self.store))
        except OSError as error:
            raise write_refused(self.store, error) from None
        try:
            folder.chmod(0o777 & ~_umask())
            yield folder
        except OSError as error:
            raise write_refused(Path(error.filename or self.root), error) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check_free(self, name: str, *, force: bool) -> None:
        """Refuse to replace anything that is not an untouched build of ours.

        Raises:
            CompileError: a file, a real folder or a foreign link has the name, or a file of
                the last build was edited and `force` is off.
        """
        link = self.root / name
        if not link.is_symlink():
            if link.exists():
                raise _occupied(link, "it is no build of archc", "move it away, or build elsewhere")
            return
        target = self._target(link)
        if target is None:
            raise _occupied(link, "it is a link to another place", "remove the link")
        touched = edited_files(target)
        if touched and not force:
            raise _occupied(
                link,
                "files in it were edited, added or removed: " + ", ".join(touched[:5]),
                "copy them elsewhere, or lose them with --force",
            )

    def publish(self, draft: Path, name: str, *, force: bool) -> Path:
        """Show a finished draft under a name; return the link.

        The content that the name showed before stays until the next build.

        Raises:
            CompileError: something else has the name by now, or a file was edited meanwhile.
        """
        for place, _, files in os.walk(draft, onerror=_refused):
            for file in files:
                sync_file(Path(place, file))
            sync_folder(Path(place))
        content = self._placed(draft)
        self.check_free(name, force=force)
        link = self.root / name
        before = self._target(link) if link.is_symlink() else None
        self._point(link, Path(STORE, content.name))
        with suppress(OSError):  # what is left over harms nobody, and the next build removes it
            self._remove_unreferenced({content, before} if before else {content})
        return link

    def _placed(self, draft: Path) -> Path:
        """Move a draft to the place its hash names, unless whole content lies there already."""
        digest = sha256((draft / MANIFEST).read_bytes())
        for attempt in range(100):
            place = self.store / (f"{digest}-{attempt}" if attempt else digest)
            if not place.exists():
                draft.rename(place)
                sync_folder(self.store)
                return place
            if not edited_files(place):
                return place
        raise output_error(Code.OUTPUT_FAILED, f"`{self.store}` is full of edited builds")

    def _point(self, link: Path, target: Path) -> None:
        """Make a link show a target by one rename."""
        fresh = self.store / f"{_DRAFT}link"
        fresh.symlink_to(target)
        try:
            fresh.replace(link)
        except BaseException:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        sync_folder(self.root)

    def _target(self, link: Path) -> Path | None:
        """Return the content that a link of ours shows, None for any other link."""
        target = self.root / link.readlink()
        return target if target.parent == self.store else None

    def _remove_dead_drafts(self) -> None:
        """Remove what killed builds left; we hold the lock, so no draft is alive."""
        for draft in self.store.iterdir():
            if draft.name == f"{_DRAFT}link":
                draft.unlink()
            elif draft.name.startswith(_DRAFT):
                shutil.rmtree(draft, ignore_errors=True)

    def _remove_unreferenced(self, kept: set[Path]) -> None:
        shown = {self._target(link) for link in self.root.iterdir() if link.is_symlink()}
        for content in self.store.iterdir():
            if content.is_dir() and content not in shown | kept:
                shutil.rmtree(content, ignore_errors=True)


def write_manifest(folder: Path, facts: Mapping[str, Json]) -> None:
    """Write the manifest of a folder: the facts, and the SHA-256 of every file."""
    files = {name: sha256((folder / name).read_bytes()) for name in _files(folder)}
    text = json.dumps({**facts, "files": files}, indent=2, ensure_ascii=True) + "\n"
    write_new(folder / MANIFEST, text.encode())


def edited_files(folder: Path) -> list[str]:
    """Return the files of a build that are changed, gone or new; caches of Python are not."""
    if not folder.is_dir():
        return []
    recorded = dict(recorded_files(folder))
    if recorded:
        recorded[MANIFEST] = folder.name.partition("-")[0]
    found = set(_files(folder))
    changed = [n for n in found & set(recorded) if _hash(folder / n) != recorded[n]]
    return sorted({*changed, *(found ^ set(recorded))})


def sync_file(path: Path) -> None:
    """Force a file to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _files(folder: Path) -> list[str]:
    """Return the files and links below a folder, by their paths from there.

    Raises:
        OSError: a folder cannot be listed: what is in it must not seem to be gone.
    """
    paths = [
        Path(place, name)
        for place, folders, files in os.walk(folder, onerror=_refused)
        for name in (*folders, *files)
    ]
    found = [path for path in paths if path.is_file() or path.is_symlink()]
    names = (path.relative_to(folder).as_posix() for path in found)
    return sorted(name for name in names if "__pycache__" not in name.split("/"))


def _refused(error: OSError) -> None:
    raise error


def _hash(path: Path) -> str:
    """Return the hash of a file, empty where a link, a pipe or a device stands in its place."""
    try:
        with regular_file(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except NoRegularFileError:
        return ""


def _occupied(link: Path, reason: str, advice: str) -> CompileError:
    return output_error(Code.OUTPUT_EXISTS, f"`{link}` is not replaced: {reason}", advice)


def _no_folder(path: Path) -> CompileError:
    """Return the error of an output that is a file, or is called like a spec."""
    reason = "it is a file" if path.is_file() else "it is called like a spec"
    headline = f"`{path}` is no folder for builds: {reason}"
    advice = f"name a folder, such as `{path.parent / 'build'}`"
    return output_error(Code.OUTPUT_FAILED, headline, advice)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
