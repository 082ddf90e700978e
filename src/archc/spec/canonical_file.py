"""The canonical form's own schema: which keys a file has, and of which kind each value is."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field
from msgspec.structs import fields

from archc.diagnostics import Code
from archc.spec.json_text import JsonMistake, JsonSize, Path, check_json, malformed, place_of

ADVICE = "`archc expand --json` writes this form"


class ImportedForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A spec that another imports."""

    aliases: dict[str, str]
    spec: Any


class ImportsForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The imported specs by their files, and what the aliases of the main one stand for."""

    aliases: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, ImportedForm] = field(default_factory=dict[str, ImportedForm])


class InstanceForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a block."""

    path: str
    block: str
    arguments: dict[str, Any]
    line: int = 0


class OutputForm(Struct, frozen=True, forbid_unknown_fields=True):
    """An output: its value is the index of a node, or [index, result]."""

    name: str
    value: int | list[int]
    mode: Literal["train", "eval"] | None = None


class NodeForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A node; an input is the index of another, or [index, result]."""

    path: str
    op: str
    arguments: dict[str, Any]
    inputs: list[int | list[int]]
    shape: list[int | str]
    dtype: str
    parameters: Annotated[int, Meta(ge=0)]
    shared: bool = False
    span: str = ""


class FileForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A canonical file."""

    archc: Literal[1]
    canonical: Literal[1]
    name: str
    variant: str | None
    parameters: dict[str, Any]
    inputs: dict[str, list[int | str]]
    spec: Any
    instances: list[InstanceForm]
    nodes: list[NodeForm]
    outputs: list[OutputForm]
    imports: ImportsForm = ImportsForm()


_FORMS = (FileForm, ImportsForm, ImportedForm, InstanceForm, NodeForm, OutputForm)
_KEYS = tuple(dict.fromkeys(found.name for form in _FORMS for found in fields(form)))
_OF_NAMES: dict[str, Any] = {"inputs": list[int | str], "files": ImportedForm, "aliases": str}
"""What stands under the names of an object that may have any."""
_CHOICES = {"archc": "1", "canonical": "1", "mode": "`train`, `eval` or null"}
_KINDS = {
    "int": "an integer",
    "float": "a number with a point",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_SOMEWHERE = re.compile(r"(.*?)(?: - at `\$([^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[([0-9]+|\.\.\.)\]")
_KIND = re.compile(r"Expected `([^`]+)`(?: >= ([0-9]+))?(?:, got `([^`]+)`)?")
_KEY = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)


def decoded_file(data: bytes, limits: JsonSize) -> FileForm:
    """Return what the bytes of a canonical file say.

    Raises:
        JsonMistake: no JSON, too large, or a key that is missing, unknown or of another kind.
    """
    check_json(data, limits)
    try:
        return msgspec.json.decode(data, type=FileForm)
    except msgspec.ValidationError as error:
        raise _refused(data, *_whole(data, *_parted(error))) from None
    except msgspec.DecodeError as error:
        raise malformed(data, error) from None


def _parted(error: msgspec.ValidationError) -> tuple[str, Path]:
    """Return what msgspec says is wrong, and the path to it; `...` is a name that it left out."""
    found = _SOMEWHERE.fullmatch(str(error))
    words, place = (found[1], found[2]) if found else (str(error), None)
    steps = _STEP.findall(place or "")
    return words, tuple(name or (int(at) if at.isdecimal() else at) for name, at in steps)


def _whole(data: bytes, words: str, path: Path) -> tuple[str, Path]:
    """Return the same with the names that were left out."""
    if "..." not in path:
        return words, path
    before = path[: path.index("...")]
    kind = _OF_NAMES.get(str(before[-1]), Any)
    for name, value in _entries(data, before):
        try:
            msgspec.json.decode(value, type=kind)
        except msgspec.ValidationError as error:
            words, inside = _whole(bytes(value), *_parted(error))
            return words, (*before, name, *inside)
    return words, before


def _entries(data: bytes, path: Path) -> Iterator[tuple[str, Raw]]:
    """Yield what stands in the object at a path, not decoded yet."""
    value: Raw | bytes = data
    for step in path:
        if isinstance(step, int):
            value = msgspec.json.decode(value, type=list[Raw])[step]
        else:
            value = msgspec.json.decode(value, type=dict[str, Raw])[step]
    yield from msgspec.json.decode(value, type=dict[str, Raw]).items()


def _refused(data: bytes, words: str, path: Path) -> JsonMistake:
    """Return the mistake of a key, in words and with its place."""
    if found := _KEY.fullmatch(words):
        return _key_mistake(data, path, found[2], is_missing=found[1].startswith("missing"))
    start, end = place_of(data, path)
    shown = _shown(path)
    if words.startswith("Invalid enum value") and path:
        given = data[start:end].decode("utf-8", "replace")
        headline = f"{shown} is {_CHOICES[str(path[-1])]}, not `{given}`"
    elif found := _KIND.fullmatch(words):
        headline = f"{shown} is {_expected(found[1], found[2])}{_given(found[3])}"
    else:
        headline = f"{shown}: {words[0].lower()}{words[1:]}"
    return JsonMistake(Code.FIELD_VALUE, headline, start, end, ADVICE)


def _key_mistake(data: bytes, path: Path, key: str, *, is_missing: bool) -> JsonMistake:
    if is_missing:
        headline = f"{_shown((*path, key))} is missing"
        return JsonMistake(Code.MISSING_KEY, headline, *place_of(data, path), ADVICE)
    place = place_of(data, (*path, key), is_name=True)
    near = get_close_matches(key[:64], _KEYS, 1)
    advice = f"did you mean `{near[0]}`?" if near else ADVICE
    headline = f"{_shown((*path, key))} is no key of the canonical form"
    return JsonMistake(Code.UNKNOWN_KEY, headline, *place, advice)


def _shown(path: Path) -> str:
    return f"`{'.'.join(map(str, path))}`" if path else "the file"


def _expected(kinds: str, least: str | None) -> str:
    words = " or ".join(_KINDS.get(kind, kind) for kind in kinds.split(" | "))
    return f"{words} of at least {least}" if least else words


def _given(kind: str | None) -> str:
    return f", not {_KINDS.get(kind, kind)}" if kind else ""
