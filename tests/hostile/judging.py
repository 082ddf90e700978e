"""What every run of hostile input must be: soon over, quiet, and without a trace."""

import re
from pathlib import Path
from stat import S_ISREG

from tests.hostile.arena import MEMORY, SECONDS, Ending

_COLOUR = re.compile(r"\x1b\[(?:0|31|1;31|1;33|1;36)m")
"""The sequences that archc itself writes for a terminal."""

Tree = dict[str, tuple[int, bytes]]


def expect_fair(ending: Ending, statuses: set[int], *, terminal: bool = False) -> None:
    """Hold a run to what is promised of any: time, memory, status, what it prints."""
    assert ending.signal == 0, f"killed by signal {ending.signal}"
    assert ending.status in statuses, ending.said[-3000:].decode("utf-8", "replace")
    assert ending.heavy == ()
    assert ending.seconds < SECONDS
    assert ending.memory <= MEMORY
    assert b"Traceback" not in ending.said
    assert len(ending.err) < 100_000
    expect_printable(ending.said, terminal=terminal)


def expect_printable(said: bytes, *, terminal: bool = False) -> None:
    """Hold what was printed to printable characters, line ends and, for a terminal, our colours."""
    text = said.decode("utf-8")
    if terminal:
        text = _COLOUR.sub("", text.replace("\r\n", "\n"))
    odd = {c for c in text if not c.isprintable() and c != "\n"}
    assert not odd, [text[max(0, text.index(c) - 60) :][:90] for c in odd]


def tree(folder: Path) -> Tree:
    """Return what lies in a folder: each name with its kind and content."""
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mode,
            path.read_bytes() if S_ISREG(path.lstat().st_mode) and is_small(path) else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def is_small(path: Path) -> bool:
    """Return whether a file's content is worth to be compared."""
    return path.stat().st_size < 2**21
