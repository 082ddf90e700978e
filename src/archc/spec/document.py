"""From a source's tree to a `Document`: the keys of the file, each read by its own function."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import (
    Advice,
    Code,
    Diagnostic,
    Edit,
    RuleViolation,
    Span,
    did_you_mean,
    near,
)
from archc.diagnostics.render import excerpt
from archc.expressions.values import describe
from archc.spec import entries
from archc.spec.bodies import BodyReader
from archc.spec.broken import BROKEN
from archc.spec.data import parameter_value
from archc.spec.input_types import model_input
from archc.spec.mistakes import Mistakes, TooManyMistakes, diagnosed
from archc.spec.model import Declaration, Document, Expectation, Input
from archc.spec.other_formats import split_at_comma, split_call
from archc.spec.sections import KEYS, REQUIRED
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence, Source
from archc.spec.texts import text_of
from archc.statements import Block, Body

_NAME = re.compile(r"(?:(?:def|class)\s+)?(\w+)")
_LETTER = re.compile(r"\b[A-Z]\w*")
Value = TypeVar("Value")


class _OtherVersion(Exception):
    """A file of another version of the language: nothing else can be said of it."""

    def __init__(self, span: Span) -> None:
        self.span = span


class Parsed(Struct, frozen=True):
    """What parsing a source gave: no document where too much is wrong."""

    source: Source
    document: Document | None
    mistakes: tuple[Diagnostic, ...]


class DocumentReader:
    """Reads the sections of a file and collects what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes = Mistakes(source.mistakes, source.unreadable, source.silent)
        self.bodies = BodyReader(self.mistakes)
        self.keys: dict[str, tuple[Scalar, Node]] = {}
        self.unread: set[str] = set()
        self.defaults: dict[str, Any] = {}
        """What the parameters are by default, as far as they were read."""
        self.is_partial = source.is_partial
        self.lacks: set[str] = set()
        """Which of `inputs` and `model` are not there to be run."""

    def parsed(self) -> Parsed:
        """Return the document that the source holds, and what is wrong with it."""
        try:
            document = self._document()
        except TooManyMistakes:
            document = None
        except _OtherVersion as other:
            advice = "install the archc that the file was written for, or write `archc: 1`"
            violation = RuleViolation(Code.FIELD_VALUE, "the schema version is 1", help=advice)
            return Parsed(self.source, None, (diagnosed(violation, other.span),))
        return Parsed(self.source, document, tuple(self.mistakes.found))

    def _document(self) -> Document:
        self._read_keys()
        self._check_version()
        document = Document(
            file=self.source.file,
            name=self._guarded(entries.network_name, "name") or "unnamed",
            doc=self._guarded(lambda node: text_of(node).value, "doc") or "",
            parameters=self._named("params", self._declaration),
            variants=self._variants(),
            inputs=self._inputs(),
            blocks=self._blocks(),
            model=self._model(),
            outputs=tuple(self._section("outputs", entries.output).values()),
            init=tuple(self._section("init", entries.init_rule).values()),
            tie=tuple(self._section("tie", entries.tie).values()),
            imports=tuple(self._named("import", entries.imported).values()),
            expect=self._expect(),
            allow=self._section("allow", entries.allowed),
            meta=self._meta(),
            python=self._named("python", entries.python_layer),
            spans={name: key.span for name, (key, _) in self.keys.items()} | self._entry_spans(),
        )
        # what follows is complete only once every section was read
        return replace(
            document,
            mistakes=tuple(self.mistakes.found),
            unreadable=tuple(self.mistakes.unreadable),
            unread=frozenset(self.unread),
            lacks=frozenset(self.lacks),
            is_partial=self.is_partial,
        )

    def _entry_spans(self) -> dict[str, Span]:
        """Return the place of each key below the sections that later passes speak of."""
        spans: dict[str, Span] = {}
        for name in ("params", "variants", "expect", "allow", "init", "tie", "outputs"):
            node = self.keys[name][1] if name in self.keys else None
            if isinstance(node, Mapping):
                spans |= _places(node, name)
        return spans

    def _read_keys(self) -> None:
        root = self.source.root
        if not isinstance(root, Mapping):
            if not self.is_partial:
                advice = "begin with `archc: 1`"
                self._refuse(Code.WRONG_KIND, "a spec is a mapping", root.span, advice)
            self.lacks |= {"inputs", "model"}
            self.is_partial = True
            return
        for key, node in root.entries:
            name = key.value if key.value in KEYS else self._unknown_key(key)
            self._take_key(name, key, node)
        self._refuse_missing([name for name in REQUIRED if name not in self.keys], root.span)
        self._check_parameters()
        self.lacks |= {"inputs", "model"} - self.keys.keys()

    def _take_key(self, name: str, key: Scalar, node: Node) -> None:
        """Keep a key's value; of one that is there twice, the entries of both."""
        before = self.keys.get(name)
        if before is None:
            self.keys[name] = (key, node)
            return
        first, other = before
        if name == "model":
            self.bodies.body(node)
            self.lacks.add("model")
        elif isinstance(other, Mapping) and isinstance(node, Mapping):
            both = Mapping(other.entries + node.entries, other.span)
            self.keys[name] = (first, both)

    def _check_parameters(self) -> None:
        """Refuse variants of a file without parameters: there is nothing that they can set."""
        if "variants" not in self.keys or "params" in self.keys or self.is_partial:
            return
        key, node = self.keys["variants"]
        fields = [value for _, value in node.entries] if isinstance(node, Mapping) else []
        names = [
            name.value
            for value in fields
            if isinstance(value, Mapping)
            for name, _ in value.entries
        ]
        if not names:
            return
        listed = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
        headline = f"the key `params` is missing; the variants set {listed}"
        advice = f"write `params:` and below it, indented, a default: `{names[0]}: …`"
        self._refuse(Code.MISSING_KEY, headline, key.span, advice)
        self.is_partial = True

    def _refuse_missing(self, names: list[str], place: Span) -> None:
        """Refuse a file that lacks keys, as one mistake: they have no place."""
        if not names or self.is_partial:
            return
        headline = f"the key `{names[0]}` is missing"
        if len(names) > 1:
            headline = f"the keys {', '.join(f'`{name}`' for name in names)} are missing"
        advice = "; ".join(_EXAMPLE[name] for name in names)
        self._refuse(Code.MISSING_KEY, headline, _start(place), advice)

    def _unknown_key(self, key: Scalar) -> str:
        """Refuse a key and return the one that was probably meant."""
        known = _OTHER_KEYS.get(key.value, "")
        found = (known,) if known else near(key.value, KEYS)
        advice = self._meant(key.value, *found) if found else "keys are " + ", ".join(KEYS)
        self._refuse(Code.UNKNOWN_KEY, f"a spec has no key `{key.value}`", key.span, advice)
        return found[0] if found else key.value

    def _meant(self, given: str, *names: str) -> str:
        """Return the advice to write another key; a key that is there already is not one."""
        question = did_you_mean(given, *names)
        root = self.source.root
        if isinstance(root, Mapping) and any(key.value in names for key, _ in root.entries):
            return str(question)
        if given in _OTHER_KEYS:
            return Advice(question, Edit(_OTHER_KEYS[given], given))
        return question

    def _check_version(self) -> None:
        if "archc" not in self.keys:
            return
        key, node = self.keys["archc"]
        if isinstance(node, Scalar) and node.value.isdecimal() and node.value != "1":
            raise _OtherVersion(node.span)
        if not isinstance(node, Scalar) or node.value != "1":
            self._refuse(Code.FIELD_VALUE, "the schema version is 1", node.span, "write `archc: 1`")
        elif next(iter(self.keys)) != "archc":
            self._refuse(Code.MISSING_KEY, "`archc: 1` comes first", key.span, "move it to the top")

    def _guarded(self, read: Callable[[Node], Value], key: str) -> Value | None:
        """Read the value of a key; a violation becomes a mistake."""
        if key not in self.keys:
            return None
        node = self.keys[key][1]
        try:
            return read(node)
        except RuleViolation as violation:
            self.mistakes.refuse(violation, node.span)
            return None

    def _entries(self, key: str) -> Iterator[tuple[Scalar, Node]]:
        """Yield the entries of a section, which must be a mapping."""
        if key not in self.keys:
            return
        node = self.keys[key][1]
        piece = split_call(node) if isinstance(node, Mapping) and node.flow else None
        if key == "outputs" and piece is not None:
            self.mistakes.refuse(split_at_comma(piece, "output"), piece.span)
            self.is_partial = True
        elif isinstance(node, Mapping):
            yield from node.entries
        elif isinstance(node, Scalar) and not node.value:
            if key == "inputs":
                self.lacks.add("inputs")
                headline = "there is nothing under `inputs:`"
                self._refuse(Code.WRONG_KIND, headline, node.span, _EXAMPLE["inputs"])
        else:
            advice = f"write one `name: value` a line below `{key}:`, indented"
            self._refuse(Code.WRONG_KIND, f"`{key}:` is a mapping", node.span, advice)
            self.is_partial = True
            self.lacks |= {key} & {"inputs"}

    def _section(self, key: str, read: Callable[[Scalar, Node], Value]) -> dict[str, Value]:
        """Read each entry of a section; one that fails is reported and left out."""
        result: dict[str, Value] = {}
        for name, node in self._entries(key):
            try:
                result[name.value] = read(name, node)
            except RuleViolation as violation:
                self.mistakes.refuse(violation, node.span)
        return result

    def _named(self, key: str, read: Callable[[Scalar, Node], Value]) -> dict[str, Value]:
        """Read a section whose entries other lines name; those that fail are known as unread."""
        result = self._section(key, read)
        names = Counter(name.value for name, _ in self._entries(key))
        self.unread |= {name for name, count in names.items() if count > 1 or name not in result}
        return result

    def _declaration(self, key: Scalar, node: Node) -> Declaration:
        declared = entries.declaration(key, node, partial(self.mistakes.refuse, span=node.span))
        self.defaults[key.value] = declared.default
        return declared

    def _inputs(self) -> tuple[Input, ...]:
        """Read `inputs`; one that fails keeps its place, for the others are counted with it."""
        read = self._named("inputs", model_input)
        found = {name.value: node for name, node in self._entries("inputs")}
        for name in found.keys() - read.keys():
            self.unread |= set(_LETTER.findall(_text_below(found[name])))
        return tuple(read.get(name) or Input(name, "float32", ()) for name in found)

    def _variants(self) -> dict[str, dict[str, Any]]:
        fields = self._section("variants", entries.variant)
        names = Counter(name.value for name, _ in self._entries("variants"))
        lost = {name for name, count in names.items() if count > 1 or name not in fields}
        self.unread |= {f"variants.{name}" for name in lost}
        return {name: self._values(fields.get(name, ())) for name in names}

    def _values(self, fields: Iterable[tuple[Scalar, Node]]) -> dict[str, Any]:
        """Return the values that a variant gives; one that cannot be read is `BROKEN`."""
        values: dict[str, Any] = {}
        for name, node in fields:
            try:
                values[name.value] = parameter_value(node)
            except RuleViolation as violation:
                self.mistakes.refuse(self._beside_default(violation, name, node), node.span)
                values[name.value] = BROKEN
        return values

    def _beside_default(self, violation: RuleViolation, name: Scalar, node: Node) -> RuleViolation:
        """Return a violation of a bare word that is given in place of a number or a boolean."""
        default = self.defaults.get(name.value)
        is_number = isinstance(default, (int, float))
        if violation.code is Code.PARAMETER_VALUE and is_number and isinstance(node, Scalar):
            word, example = excerpt(node.value), str(default).lower()
            violation.headline = f"`{name.value}` is {describe(default)}, and `{word}` is none"
            violation.help = f"the default is {example}"
        return violation

    def _blocks(self) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        for key, node in self._entries("blocks"):
            try:
                block = self.bodies.block(key, node)
            except RuleViolation as violation:
                self.mistakes.refuse(violation, key.span)
                self.unread |= set(_NAME.findall(key.value)[:1])
                continue
            if block.name in blocks:
                self._refuse_block(block)
            blocks[block.name] = block
        return blocks

    def _refuse_block(self, block: Block) -> None:
        self.unread.add(block.name)
        self._refuse(
            Code.DUPLICATE_KEY,
            f"the block `{block.name}` is there twice",
            block.span,
            "give one of them another name",
        )

    def _model(self) -> Body:
        if "model" not in self.keys:
            return Body("list", ())
        return self.bodies.block_body(self.keys["model"][1])

    def _expect(self) -> Expectation:
        variants = self.keys["variants"][1] if "variants" in self.keys else None
        known = variants.entries if isinstance(variants, Mapping) else ()
        names = {key.value for key, _ in known}
        if any(name.startswith("variants.") for name in self.unread):
            return Expectation()
        if "expect" not in self.keys:
            return Expectation()
        node = self.keys["expect"][1]
        return entries.expectation(node, names, partial(self.mistakes.refuse, span=node.span))

    def _meta(self) -> Any:
        if "meta" not in self.keys:
            return None
        node = self.keys["meta"][1]
        report = partial(self.mistakes.refuse, span=node.span)
        return entries.plain_parts("meta", node, report).get("meta")

    def _refuse(self, code: Code, headline: str, span: Span, advice: str = "") -> None:
        self.mistakes.refuse(RuleViolation(code, headline, help=advice), span)


_OTHER_KEYS = {
    **dict.fromkeys(("architecture", "body", "layers", "network", "net"), "model"),
    **dict.fromkeys(("hyperparameters", "parameters"), "params"),
    **dict.fromkeys(("modules", "definitions"), "blocks"),
    "input_shape": "inputs",
    "version": "archc",
}
"""What other formats call the keys."""

_EXAMPLE = {
    "archc": "write `archc: 1` in the first line",
    "name": "write `name: my_network`",
    "inputs": "write `inputs:` and below it, indented, `image: [B, 3, H=224, W=224]`",
    "model": "write `model:` and below it, indented, one line a layer: `- Conv2d(64, 3)`",
}


def _start(span: Span) -> Span:
    return Span(span.file, span.line, span.column, span.line, span.column + 1)


def _text_below(node: Node) -> str:
    """Return the texts of a node in one, for the names in them."""
    match node:
        case Scalar(value):
            return value
        case Sequence(items):
            return " ".join(map(_text_below, items))
        case Mapping(entries):
            return " ".join(f"{key.value} {_text_below(value)}" for key, value in entries)
        case Erroneous():
            return ""


def _places(node: Mapping, prefix: str) -> dict[str, Span]:
    places: dict[str, Span] = {}
    for key, value in node.entries:
        path = f"{prefix}.{key.value}"
        places[path] = key.span
        places[f"{path}="] = value.span
        if isinstance(value, Mapping):
            places |= _places(value, path)
    return places
