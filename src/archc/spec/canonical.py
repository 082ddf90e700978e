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
from typing import cast

from msgspec import Struct, field
from msgspec.structs import asdict, astuple

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.diagnostics.render import LINE_ENDS
from archc.spec.canonical_file import decoded_file
from archc.spec.data import layer_value
from archc.spec.json_text import JsonMistake, JsonSize, place_of, span_of
from archc.spec.json_text import Path as JsonPath
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

NODE_SIZE = JsonSize(840, 150, 50)
"""How much of the canonical form each node that may be there allows for."""
FEWEST_NODES = 10_000
"""The nodes for which a form may be long enough, however few are allowed."""
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


def canonical_limits(max_nodes: int) -> JsonSize:
    """Return how large the canonical form of a network of so many nodes may be."""
    nodes = max(max_nodes, FEWEST_NODES)
    return JsonSize(*(nodes * each for each in astuple(NODE_SIZE)))


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


def read_canonical(data: bytes, file: str, limits: JsonSize) -> CanonicalSpec:
    """Return what a canonical file holds.

    The spans of its spec are not places in the file: see `decoded_tree`.

    Raises:
        CompileError: no JSON, too large, or a key that is missing, unknown or of another kind.
    """
    try:
        return _spec(data, file, limits)
    except JsonMistake as mistake:
        place, text = span_of(data, file, mistake.start, mistake.end)
        found = Diagnostic(mistake.code, mistake.headline, place, help=mistake.advice)
        raise CompileError([found], {file: text}) from None


def _spec(data: bytes, file: str, limits: JsonSize) -> CanonicalSpec:
    read = decoded_file(data, limits)
    if len(read.parameters) > MAX_EVENTS:
        headline = f"more than {MAX_EVENTS:,} parameters, which no spec can have"
        raise JsonMistake(Code.READING_LIMIT, headline, *place_of(data, ("parameters",)))
    files: dict[str, BundledSpec] = {}
    for name, inner in read.imports.files.items():
        root, text = _tree(data, inner.spec, name, ("imports", "files", name, "spec"))
        files[name] = BundledSpec(Source(name, text, root), inner.aliases)
    root, text = _tree(data, read.spec, file, ("spec",))
    return CanonicalSpec(
        BundledSpec(Source(file, text, root), read.imports.aliases),
        files,
        read.name,
        read.variant,
        _constants(data, read.parameters),
        {name: _sizes(shape) for name, shape in read.inputs.items()},
        [cast("Json", asdict(node)) for node in read.nodes],
        [cast("Json", asdict(output)) for output in read.outputs],
    )


def _tree(data: bytes, tree: object, file: str, path: JsonPath) -> tuple[Node, str]:
    """Return the tree and the texts of a spec that stands at a path of a canonical file."""
    reader = _TreeReader(file)
    try:
        root = reader.node(cast("Json", tree), 1)
    except RuleViolation as violation:
        raise _placed(violation, data, (*path, *reader.path)) from None
    return root, "\n".join(reader.lines)


def _constants(data: bytes, values: Dict[str, object]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in values.items():
        try:
            result[name] = decoded_constant(cast("Json", value))
        except RuleViolation as violation:
            raise _placed(violation, data, ("parameters", name)) from None
    return result


def _placed(violation: RuleViolation, data: bytes, path: JsonPath) -> JsonMistake:
    """Return what is wrong with a value as a mistake of the file, at the value."""
    place = place_of(data, path)
    return JsonMistake(violation.code, violation.headline, *place, violation.help)


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
        self.path: list[str | int] = []
        """Where the value that is read stands in the tree."""
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
            items = tuple(self._inner(at, item, depth) for at, item in enumerate(value))
            return Sequence(items, self._span(first))
        if isinstance(value, Dict):
            return self._mapping(value, first, depth)
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"`spec` holds {json.dumps(value)}; every value of it is a text",
            help='numbers are texts there: "64"',
        )

    def _inner(self, step: str | int, value: Json, depth: int) -> Node:
        self.path.append(step)
        node = self.node(value, depth + 1)
        self.path.pop()
        return node

    def _key(self, key: str) -> Scalar:
        self.path.append(key)
        scalar = self._scalar(key)
        self.path.pop()
        return scalar

    def _count(self, events: int) -> None:
        """Count what YAML would take to say the same: the limit is that of any spec."""
        self.events += events
        if self.events > MAX_EVENTS:
            raise RuleViolation(Code.READING_LIMIT, f"the spec has more than {MAX_EVENTS:,} events")

    def _mapping(self, value: Dict[str, Json], first: int, depth: int) -> Mapping:
        self._count(len(value))
        entries = [(self._key(key), self._inner(key, inner, depth)) for key, inner in value.items()]
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
