"""A diagram as a value: its DOT, the pictures made of it, and files that say who drew them."""

import struct
import zlib
from pathlib import Path
from typing import Literal

from archc.diagnostics import Code
from archc.files import output_error, write_whole
from archc.given import check_path, check_text

PictureFormat = Literal["svg", "png", "pdf", "dot"]
FORMATS: tuple[PictureFormat, ...] = ("svg", "png", "pdf", "dot")
MARK = b"drawn by archc"


class Drawing:
    """The diagram of a network; a notebook shows it as SVG."""

    def __init__(self, name: str, dot: str) -> None:
        self.name = name
        self.dot = dot
        self._pictures: dict[str, bytes] = {}

    @property
    def svg(self) -> str:
        """The diagram as SVG text."""
        return self.picture("svg").decode("utf-8")

    def picture(self, format: PictureFormat) -> bytes:
        """Return the bytes of a file of this format, marked as drawn by archc.

        Raises:
            CompileError: no such format, or the renderer failed.
            CallError: the format is no text.
        """
        check_text("format", format)
        if format not in FORMATS:
            advice = "ask for " + ", ".join(f"`{known}`" for known in FORMATS)
            raise output_error(Code.OUTPUT_FAILED, f"`{format}` names no picture format", advice)
        if format not in self._pictures:
            self._pictures[format] = self._drawn(format)
        return self._pictures[format]

    def save(self, path: str | Path) -> Path:
        """Write the diagram; the format follows from the file's ending.

        Raises:
            CompileError: no such format, or the file cannot be written.
            CallError: the path is none.
        """
        check_path("a path", path)
        target = Path(path)
        write_whole(target, self.picture(format_of(target)))
        return target

    def _drawn(self, format: PictureFormat) -> bytes:
        if format == "dot":
            return b"// " + MARK + b"\n" + self.dot.encode()
        from archc.backends.rendering import render

        return marked(render(self.dot, format), format)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<diagram of {self.name}>"


def format_of(path: Path) -> PictureFormat:
    """Return the picture format that a file's ending names.

    Raises:
        CompileError: none of ours.
    """
    ending = path.suffix.lower().removeprefix(".")
    for known in FORMATS:
        if ending == known:
            return known
    advice = "name it " + ", ".join(f"`{path.stem}.{known}`" for known in FORMATS)
    if path.is_dir():
        advice = f"it is a folder: name a file in it, such as `{path / 'network.svg'}`"
    raise output_error(Code.OUTPUT_FAILED, f"`{path.name}` names no picture format", advice)


def marked(picture: bytes, format: PictureFormat) -> bytes:
    """Return a picture with a remark inside that archc drew it; it looks the same."""
    if format == "svg":
        head, tag, tail = picture.rpartition(b"</svg>")
        return head + b"<!-- " + MARK + b" -->\n" + tag + tail
    if format == "png":
        start = picture.rindex(b"IEND") - 4
        return picture[:start] + _png_text(b"Software\0" + MARK) + picture[start:]
    if format == "pdf":
        return picture + b"% " + MARK + b"\n"
    return picture


def is_ours(path: Path) -> bool:
    """Return whether archc drew the picture that a file holds."""
    try:
        return path.is_file() and MARK in path.read_bytes()
    except OSError:
        return False


def _png_text(text: bytes) -> bytes:
    body = b"tEXt" + text
    return struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))
