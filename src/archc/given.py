"""What a caller gave, one argument at a time: refused as the caller's own mistake."""

import os
from collections.abc import Collection
from typing import cast

from archc.diagnostics import ArchcError
from archc.diagnostics.render import excerpt


class CallError(ArchcError, TypeError):
    """A function of archc was called with arguments that do not go together."""


def check_path(what: str, path: object) -> None:
    """Refuse what is given as a path and is none, or one that no system has.

    Raises:
        CallError: it is so.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise CallError(f"{what} is a string or a Path, {not_of_type(path)}")
    text = os.fspath(cast("str | os.PathLike[str]", path))
    if "\0" in text or not _is_encodable(text):
        raise CallError(f"{what} has a character that no path has: `{excerpt(text)}`")


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def check_text(name: str, value: object) -> None:
    """Refuse what is no text.

    Raises:
        CallError: it is so.
    """
    if type(value) is not str:
        raise CallError(f"{name} is a string, {not_of_type(value)}")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Refuse what is none of the words that an argument may be.

    Raises:
        CallError: it is so.
    """
    if type(value) is str and value in choices:
        return
    known = ", ".join(map(repr, choices))
    found = f"not {value!r:.80}" if type(value) is str else not_of_type(value)
    raise CallError(f"{name} is one of {known}, {found}")


def not_of_type(value: object) -> str:
    """Return the end of a sentence about an argument of the wrong type."""
    return f"not of the type {type(value).__name__}"
