"""The canonical form as a source: a spec's tree written as JSON and read back without loss.

A mapping is an object, a list an array, a scalar a string. A quoted or block scalar
keeps its YAML mark as the string's first character (`'`, `"`, `|`, `>`), with which no
plain scalar can begin; keys likewise.
"""

import json
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from collections.abc import Sequence as List
from pathlib import PurePath
from typing import Annotated, Any, Literal, NoReturn, cast

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.diagnostics.render import LINE_ENDS
from archc.spec.data import layer_value
from archc.spec.source import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_EVENTS,
    MAX_SCALAR,
    Erroneous,
    Mapping,
    Node,
    Piece,
    Scalar,
    Sequence,
    Source,
)

MAX_CANONICAL = 32 * 2**20
MAX_VALUES = 2_000_000
EVENTS_AROUND = 4
"""The beginning and end of a stream of YAML and of its document."""
_MARKS = frozenset({"'", '"', "|", ">"})

Json = None | bool | int | float | str | List["Json"] | Dict[str, "Json"]


class BundledSpec(Struct, frozen=True):
    """A spec in a canonical file, and which file each of its import aliases stands for."""

    source: Source
    aliases: Dict[str, str] = field(default_factory=dict[str, str])


class CanonicalSpec(Struct, frozen=True):
    """A canonical file: the spec, what was asked of it, and the nodes it promises."""

    main: BundledSpec
    files: Dict[str, BundledSpec]
    name: str
    variant: str | None
    parameters: Dict[str, object]
    inputs: Dict[str, List[int]]
    nodes: List[Json]
    outputs: List[Json]


class _Imported(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    aliases: dict[str, str]
    spec: Any


class _Imports(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    aliases: dict[str, str] = {}
    files: dict[str, _Imported] = {}


class _Instance(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    path: str
    block: str
    arguments: dict[str, Any]
    line: int = 0


class _Output(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    value: int | list[int]
    mode: Literal["train", "eval"] | None = None


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    path: str
    op: str
    arguments: dict[str, Any]
    inputs: Annotated[list[int | list[int]], FailFast()]
    shape: Annotated[list[int | str], FailFast()]
    dtype: str
    parameters: int = Field(ge=0)
    shared: bool = False
    span: str = ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    archc: Literal[1]
    canonical: Literal[1]
    name: str
    variant: str | None
    parameters: dict[str, Any]
    inputs: dict[str, Annotated[list[int | str], FailFast()]]
    spec: Any
    imports: _Imports = _Imports()
    instances: Annotated[list[_Instance], FailFast()]
    nodes: Annotated[list[_Node], FailFast()]
    outputs: Annotated[list[_Output], FailFast()]


def encoded_tree(node: Node) -> Json:
    """Return a YAML tree as JSON that `decoded_tree` reads back."""
    if isinstance(node, Scalar):
        return node.style + node.value
    if isinstance(node, Sequence):
        return [encoded_tree(item) for item in node.items]
    if isinstance(node, Erroneous):
        raise ValueError("a spec that could not be read has no canonical form")
    return {key.style + key.value: encoded_tree(value) for key, value in node.entries}


def encoded_imports(aliases: Dict[str, str], files: Dict[str, BundledSpec]) -> Json:
    """Return the imported specs by file, and the file that each alias stands for.

    Files are named without their folders, so that the bytes are those of any machine.
    """
    names = _file_names(files)
    inner: Json = {
        names[file]: {
            "aliases": {alias: names[target] for alias, target in spec.aliases.items()},
            "spec": encoded_tree(spec.source.root),
        }
        for file, spec in files.items()
    }
    return {"aliases": {alias: names[target] for alias, target in aliases.items()}, "files": inner}


def _file_names(files: Iterable[str]) -> dict[str, str]:
    """Return a name for each file: its own without folders, numbered where two are alike."""
    names: dict[str, str] = {}
    for file in files:
        path = PurePath(file)
        name, number = path.name, 2
        while name in names.values():
            name, number = f"{path.stem}_{number}{path.suffix}", number + 1
        names[file] = name
    return names


def read_canonical(text: str, file: str) -> CanonicalSpec:
    """Return what a canonical file holds; its spans all point at the file's first line.

    Raises:
        CompileError: no JSON, too large, or a key that is missing, unknown or of another kind.
    """
    place = Span(file, 1, 1, 1, 2)
    try:
        return _spec(_validated(_loaded(text)), file)
    except RuleViolation as violation:
        found = Diagnostic(violation.code, violation.headline, place, help=violation.help)
        raise CompileError([found], {file: text.partition("\n")[0]}) from None


def _loaded(text: str) -> Json:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_CANONICAL:
        raise RuleViolation(Code.READING_LIMIT, "a canonical file larger than 32 MiB")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise RuleViolation(Code.READING_LIMIT, "the JSON is nested too deeply") from None
    except ValueError as error:
        raise RuleViolation(Code.NOT_YAML, f"the text is no JSON: {error}") from None
    _count(value)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise RuleViolation(Code.DUPLICATE_KEY, f"the key `{twice}` is there twice")
    return result


def _refuse_constant(word: str) -> NoReturn:
    raise RuleViolation(Code.NOT_YAML, f"`{word}` is no JSON")


def _count(root: Json) -> None:
    """Refuse a file of too many values; no recursion, for the depth is not yet known."""
    pending: list[Json] = [root]
    count = 0
    while pending:
        value = pending.pop()
        count += 1
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        if count + len(pending) > MAX_VALUES:
            raise RuleViolation(Code.READING_LIMIT, f"more than {MAX_VALUES} JSON values")


def _validated(value: Json) -> _File:
    try:
        return _File.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "the file"
        codes = {"missing": Code.MISSING_KEY, "extra_forbidden": Code.UNKNOWN_KEY}
        problem = f"`{path}`: {first['msg'][0].lower()}{first['msg'][1:]}"
        raise RuleViolation(
            codes.get(first["type"], Code.FIELD_VALUE),
            problem,
            help="`archc expand --json` writes this form",
        ) from None


def _spec(read: _File, file: str) -> CanonicalSpec:
    files = {
        name: _bundled(inner.spec, name, inner.aliases)
        for name, inner in read.imports.files.items()
    }
    main = _bundled(read.spec, file, read.imports.aliases)
    return CanonicalSpec(
        main,
        files,
        read.name,
        read.variant,
        {name: decoded_constant(value) for name, value in read.parameters.items()},
        {name: _sizes(shape) for name, shape in read.inputs.items()},
        [cast("Json", node.model_dump()) for node in read.nodes],
        [cast("Json", output.model_dump()) for output in read.outputs],
    )


def _bundled(tree: Json, file: str, aliases: Dict[str, str]) -> BundledSpec:
    root, text = decoded_tree(tree, file)
    return BundledSpec(Source(file, text, root), aliases)


def _sizes(shape: Iterable[int | str]) -> list[int]:
    """Return the sizes of an input as a caller gives them; an open batch may be any."""
    return [size if isinstance(size, int) else 1 for size in shape]


def decoded_tree(value: Json, file: str) -> tuple[Node, str]:
    """Return the YAML tree that `encoded_tree` wrote, and its texts as they are numbered.

    JSON keeps no lines. A text has its number as its line, so that two lines of the spec are
    never taken for one.

    Raises:
        RuleViolation: something that is no string, list or object; nested too deeply.
    """
    reader = _TreeReader(file)
    root = reader.node(value, 1)
    return root, "\n".join(reader.lines)


class _TreeReader:
    """Reads a tree and writes its texts down, one below the other."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []
        self.events = EVENTS_AROUND
        self.characters = 0

    def node(self, value: Json, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RuleViolation(Code.READING_LIMIT, f"the spec is nested deeper than {MAX_DEPTH}")
        self._count(1 if isinstance(value, str) else 2)
        if isinstance(value, str):
            return self._scalar(value)
        first = len(self.lines) + 1
        if isinstance(value, List):
            items = tuple(self.node(item, depth + 1) for item in value)
            return Sequence(items, self._span(first))
        if isinstance(value, Dict):
            return self._mapping(value, first, depth)
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"`spec` holds {json.dumps(value)}; every value of it is a text",
            help='numbers are texts there: "64"',
        )

    def _count(self, events: int) -> None:
        """Count what YAML would take to say the same: the limit is that of any spec."""
        self.events += events
        if self.events > MAX_EVENTS:
            raise RuleViolation(Code.READING_LIMIT, f"the spec has more than {MAX_EVENTS:,} events")

    def _mapping(self, value: Dict[str, Json], first: int, depth: int) -> Mapping:
        self._count(len(value))
        entries = [(self._scalar(key), self.node(inner, depth + 1)) for key, inner in value.items()]
        names = {key.value for key, _ in entries}
        if len(names) < len(entries):
            raise RuleViolation(Code.DUPLICATE_KEY, "a key is there twice, once with quotes")
        return Mapping(tuple(entries), self._span(first))

    def _scalar(self, text: str) -> Scalar:
        style = text[0] if text[:1] in _MARKS else ""
        value = text[len(style) :]
        if len(value) > MAX_SCALAR:
            raise RuleViolation(Code.READING_LIMIT, f"a text of more than {MAX_SCALAR} characters")
        self.characters += len(value)
        if self.characters > MAX_BYTES:
            raise RuleViolation(Code.READING_LIMIT, f"a spec larger than {MAX_BYTES} bytes")
        if any(_is_control(character) for character in value):
            raise RuleViolation(Code.NOT_YAML, "a text holds a control character")
        first = len(self.lines) + 1
        pieces: list[Piece] = []
        offset = 0
        for line in value.splitlines(keepends=True) or [""]:
            self.lines.append(line.rstrip(LINE_ENDS))
            pieces.append(Piece(offset, len(self.lines), 1))
            offset += len(line)
        return Scalar(value, style, self._span(first), tuple(pieces))

    def _span(self, first: int) -> Span:
        """Return the place of the texts from a number on; of none, that of the one before."""
        last = max(1, len(self.lines))
        width = len(self.lines[-1]) if self.lines else 0
        return Span(self.file, min(first, last), 1, last, width + 1)


def _is_control(character: str) -> bool:
    number = ord(character)
    return (
        (number < 32 and character not in "\t\n\r")
        or 0x7F <= number < 0xA0
        or (0xD800 <= number < 0xE000)
    )


def decoded_constant(value: Json) -> object:
    """Return the constant of the language that JSON stands for.

    Raises:
        RuleViolation: an object that is neither a layer nor an infinite number.
    """
    if isinstance(value, List) and not isinstance(value, str):
        return tuple(decoded_constant(item) for item in value)
    if not isinstance(value, Dict):
        return value
    match dict(value):
        case {"layer": str(text)} if len(value) == 1:
            return layer_value(Scalar(text, "", Span("<parameter>", 1, 1, 1, 2), (Piece(0, 1, 1),)))
        case {"float": "inf" | "-inf" as text} if len(value) == 1:
            return float(cast("str", text))
        case _:
            raise RuleViolation(Code.FIELD_VALUE, "a parameter's value is a constant or a layer")
