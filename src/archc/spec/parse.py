"""From a source's tree to a `Document`: one short function a key of the file."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Dict
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.expressions.syntax import NOWHERE
from archc.expressions.values import LayerName
from archc.spec.bodies import BodyReader, diagnosed
from archc.spec.data import parameter_value, plain
from archc.spec.grammar import LineParser, is_identifier
from archc.spec.model import (
    DTYPES,
    Declaration,
    Dimension,
    Document,
    Expectation,
    Import,
    InitRule,
    Input,
    Output,
)
from archc.spec.names import check_network_name
from archc.spec.source import Mapping, Node, Scalar, Sequence, Source
from archc.statements import Block, Body, LayerCall

KEYS = (
    "archc",
    "name",
    "doc",
    "import",
    "python",
    "params",
    "variants",
    "inputs",
    "blocks",
    "model",
    "outputs",
    "init",
    "tie",
    "expect",
    "allow",
    "meta",
)
REQUIRED = ("archc", "name", "inputs", "model")
_LONG_FORM = frozenset(Declaration.model_fields)
_INPUT = re.compile(r"([a-z][a-z0-9]*)\s*\[(.*)\]", re.DOTALL)


def parse(source: Source) -> Document:
    """Return the document of a spec; lines that cannot be read are among its `mistakes`.

    Raises:
        CompileError: everything that is wrong with the file's form, all at once.
    """
    return _DocumentParser(source).document()


class _DocumentParser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.bodies = BodyReader()
        self.keys: dict[str, tuple[Scalar, Node]] = {}

    def document(self) -> Document:
        self._check_indentation()
        self._read_keys()
        self._check_version()
        parameters = self._mapping("params", self._declaration)
        document = Document(
            file=self.source.file,
            name=self._name(),
            doc=self._text("doc"),
            parameters=parameters,
            variants=self._mapping("variants", self._variant),
            inputs=tuple(self._mapping("inputs", self._input).values()),
            blocks=self._blocks(),
            model=self._model(),
            outputs=tuple(self._mapping("outputs", self._output).values()),
            init=tuple(self._mapping("init", self._init_rule).values()),
            tie=tuple(self._mapping("tie", self._tie).values()),
            imports=tuple(self._mapping("import", self._import).values()),
            expect=self._expect(),
            allow=self._mapping("allow", self._allowed),
            meta=self._guarded(self._plain, "meta"),
            python=self._mapping("python", lambda _key, node: str(self._scalar(node).value)),
            mistakes=tuple(self.bodies.mistakes),
            spans={name: key.span for name, (key, _) in self.keys.items()}
            | self._parameter_spans(),
        )
        if self.diagnostics:
            every = [*self.diagnostics, *self.bodies.mistakes]
            found = sorted(every, key=lambda d: d.primary or NOWHERE)
            raise CompileError(found, {self.source.file: self.source.text})
        return document

    def _parameter_spans(self) -> dict[str, Span]:
        """Return the place of each key below `params`, `variants`, `expect` and `allow`."""
        spans: dict[str, Span] = {}
        for name in ("params", "variants", "expect", "allow", "init", "outputs"):
            node = self.keys[name][1] if name in self.keys else None
            if isinstance(node, Mapping):
                spans |= _places(node, name)
        return spans

    def _check_indentation(self) -> None:
        """Refuse a key of the file that is indented and so became a part of the one above.

        Raises:
            CompileError: there is one; what the lines below it mean is anyone's guess.
        """
        root = self.source.root
        for outer, node in root.entries if isinstance(root, Mapping) else ():
            for key, value in node.entries if isinstance(node, Mapping) else ():
                if key.value in KEYS and isinstance(value, Scalar) and not value.value:
                    headline = f"`{key.value}:` is indented and so a part of `{outer.value}:`"
                    advice = "begin it in the first column"
                    found = Diagnostic(Code.WRONG_KIND, headline, key.span, help=advice)
                    raise CompileError([found], {self.source.file: self.source.text})

    def _read_keys(self) -> None:
        root = self.source.root
        if not isinstance(root, Mapping):
            self._refuse(Code.WRONG_KIND, "a spec is a mapping", root.span, "begin with `archc: 1`")
            return
        meant: set[str] = set()
        for key, node in root.entries:
            if key.value not in KEYS:
                meant.add(self._unknown_key(key))
            self.keys[key.value] = (key, node)
        for name in REQUIRED:
            if name not in self.keys and name not in meant:
                self._refuse(
                    Code.MISSING_KEY,
                    f"the key `{name}` is missing",
                    _start(root.span),
                    _EXAMPLE[name],
                )

    def _unknown_key(self, key: Scalar) -> str:
        """Refuse a key and return the one that was probably meant."""
        near = get_close_matches(key.value[:80], KEYS, 1)
        advice = f"did you mean `{near[0]}`?" if near else "keys are " + ", ".join(KEYS)
        self._refuse(Code.UNKNOWN_KEY, f"a spec has no key `{key.value}`", key.span, advice)
        return near[0] if near else ""

    def _check_version(self) -> None:
        if "archc" not in self.keys:
            return
        key, node = self.keys["archc"]
        if not isinstance(node, Scalar) or node.value != "1":
            self._refuse(Code.FIELD_VALUE, "the schema version is 1", node.span, "archc: 1")
        elif next(iter(self.keys)) != "archc":
            self._refuse(Code.MISSING_KEY, "`archc: 1` comes first", key.span, "move it to the top")

    def _name(self) -> str:
        def read(node: Node) -> str:
            name = self._scalar(node).value
            try:
                check_network_name(name)
            except RuleViolation as violation:
                violation.span = node.span
                raise
            return name

        return self._guarded(read, "name") or "unnamed"

    def _text(self, key: str) -> str:
        return self._guarded(lambda node: self._scalar(node).value, key) or ""

    def _plain(self, node: Node) -> Any:
        return plain(node)

    def _guarded(self, read: Callable[[Node], Any], key: str) -> Any:
        """Read the value of a key; a violation becomes a diagnostic."""
        if key not in self.keys:
            return None
        node = self.keys[key][1]
        try:
            return read(node)
        except RuleViolation as violation:
            self.diagnostics.append(diagnosed(violation, node.span))
            return None

    def _mapping(self, key: str, read: Callable[[Scalar, Node], Any]) -> dict[str, Any]:
        """Read each entry of a mapping; one that fails is reported and left out."""
        if key not in self.keys:
            return {}
        node = self.keys[key][1]
        if not isinstance(node, Mapping):
            if not (isinstance(node, Scalar) and not node.value):
                advice = f"write one `name: value` a line below `{key}:`, indented"
                self._refuse(Code.WRONG_KIND, f"`{key}:` is a mapping", node.span, advice)
            return {}
        result: dict[str, Any] = {}
        for name, value in node.entries:
            try:
                result[name.value] = read(name, value)
            except RuleViolation as violation:
                self.diagnostics.append(diagnosed(violation, value.span))
        return result

    def _scalar(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            kind = "a list" if isinstance(node, Sequence) else "a mapping"
            raise RuleViolation(
                Code.WRONG_KIND,
                f"expected a text, found {kind}",
                help="a text that begins with `[` or `{` needs quotes",
                span=node.span,
            )
        return node

    def _declaration(self, key: Scalar, node: Node) -> Declaration:
        _check_identifier(key)
        if not isinstance(node, Mapping):
            value = parameter_value(node)
            if value is None:
                raise RuleViolation(
                    Code.PARAMETER_VALUE,
                    f"the parameter `{key.value}` is null",
                    help=f"{key.value}: {{default: null, type: int}}",
                )
            return Declaration(default=value)
        return self._long_declaration(key, node)

    def _long_declaration(self, key: Scalar, node: Mapping) -> Declaration:
        entries = {k.value: v for k, v in node.entries}
        if "default" not in entries:
            raise RuleViolation(
                Code.PARAMETER_VALUE,
                f"the parameter `{key.value}` has no default",
                help=f"{key.value}: {{default: …, choices: […], help: …}}",
            )
        is_layer = "type" in entries and self._scalar(entries["type"]).value == "layer"
        fields: dict[str, Any] = {}
        for name, value in entries.items():
            known = name in {"default", "choices"}
            fields[name] = parameter_value(value, is_layer) if known else plain(value)
        return self._validated(Declaration, fields, node)

    def _validated(self, model: type[Any], fields: Dict[str, Any], node: Node) -> Any:
        """Validate plain data with pydantic; the first error is placed at its own node."""
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            path = [str(part) for part in first["loc"]]
            unknown = first["type"] == "extra_forbidden"
            place = _descend(node, path, at_key=unknown)
            headline = (
                f"there is no key `{path[-1]}` here"
                if unknown
                else f"`{'.'.join(path)}`: {first['msg'][0].lower()}{first['msg'][1:]}"
            )
            raise RuleViolation(
                Code.UNKNOWN_KEY if unknown else Code.FIELD_VALUE,
                headline,
                help=_near_field(path[-1], model) if unknown else "",
                span=place,
            ) from None

    def _variant(self, key: Scalar, node: Node) -> dict[str, Any]:
        check_network_name(key.value)
        if not isinstance(node, Mapping):
            raise RuleViolation(
                Code.WRONG_KIND,
                "a variant is a mapping of parameters",
                help=f"{key.value}: {{width: 64}}",
            )
        return {name.value: parameter_value(value) for name, value in node.entries}

    def _input(self, key: Scalar, node: Node) -> Input:
        _check_identifier(key)
        if isinstance(node, Sequence):
            texts = [self._scalar(item) for item in node.items]
            dimensions = tuple(_dimension(LineParser(text)) for text in texts)
            return Input(key.value, "float32", dimensions, node.span)
        if isinstance(node, Scalar):
            return _typed_input(key, node)
        raise RuleViolation(
            Code.WRONG_KIND, "an input is a shape", help=f"{key.value}: [B, 3, H=224, W=224]"
        )

    def _blocks(self) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        node = self.keys["blocks"][1] if "blocks" in self.keys else None
        if node is None:
            return blocks
        if not isinstance(node, Mapping):
            self._refuse(Code.WRONG_KIND, "`blocks:` is a mapping of definitions", node.span)
            return blocks
        for key, value in node.entries:
            try:
                block = self.bodies.block(key, value)
            except RuleViolation as violation:
                self.diagnostics.append(diagnosed(violation, key.span))
                continue
            if block.name in blocks:
                self._refuse(
                    Code.DUPLICATE_KEY,
                    f"the block `{block.name}` is there twice",
                    key.span,
                    "give one of them another name",
                )
            blocks[block.name] = block
        return blocks

    def _model(self) -> Body:
        if "model" not in self.keys:
            return Body("list", ())
        return self.bodies.body(self.keys["model"][1])

    def _output(self, key: Scalar, node: Node) -> Output:
        _check_identifier(key)
        parser = LineParser(self._scalar(node))
        value = parser.operation()
        condition = parser.expression() if parser.accept("if") else None
        parser.expect_end()
        return Output(key.value, value, condition, key.span)

    def _init_rule(self, key: Scalar, node: Node) -> InitRule:
        parser = LineParser(self._scalar(node))
        name = parser.expect_name("an initialisation")
        arguments, keywords = parser.arguments() if parser.at("(") else ((), ())
        call = LayerCall((name.text,), arguments, keywords, parser.span(name.start))
        condition = parser.expression() if parser.accept("if") else None
        parser.expect_end()
        return InitRule(tuple(key.value.split(".")), call, condition, key.span)

    def _tie(self, key: Scalar, node: Node) -> tuple[str, str, Span]:
        return key.value, self._scalar(node).value, key.span

    def _import(self, key: Scalar, node: Node) -> Import:
        _check_identifier(key)
        path, _, block = self._scalar(node).value.partition("#")
        return Import(key.value, path, block, node.span)

    def _allowed(self, key: Scalar, node: Node) -> str:
        if key.value not in {str(code) for code in Code}:
            raise RuleViolation(
                Code.FIELD_VALUE, f"there is no warning `{key.value}`", span=key.span
            )
        return self._scalar(node).value

    def _expect(self) -> Expectation:
        def read(node: Node) -> Expectation:
            if not isinstance(node, Mapping):
                raise RuleViolation(Code.WRONG_KIND, "`expect:` is a mapping")
            return self._validated(Expectation, self._expectation_fields(node), node)

        return self._guarded(read, "expect") or Expectation()

    def _expectation_fields(self, node: Mapping) -> dict[str, Any]:
        """Return the figures; the keys that name variants are gathered under `variants`."""
        variants = self.keys["variants"][1] if "variants" in self.keys else None
        names = (
            {k.value for k, _ in variants.entries} if isinstance(variants, Mapping) else set[str]()
        )
        fields: dict[str, Any] = {}
        for key, value in node.entries:
            if key.value in names and isinstance(value, Mapping):
                fields.setdefault("variants", {})[key.value] = self._expectation_fields(value)
            else:
                fields[key.value] = plain(value)
        return fields

    def _refuse(self, code: Code, headline: str, span: Span, advice: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, headline, span, help=advice))


_EXAMPLE = {
    "archc": "archc: 1",
    "name": "name: my_network",
    "inputs": "write `inputs:` and below it, indented, `image: [B, 3, H=224, W=224]`",
    "model": "write `model:` and below it, indented, one line a layer: `- Conv2d(64, 3)`",
}


def _start(span: Span) -> Span:
    return Span(span.file, span.line, span.column, span.line, span.column + 1)


def _places(node: Mapping, prefix: str) -> dict[str, Span]:
    places: dict[str, Span] = {}
    for key, value in node.entries:
        path = f"{prefix}.{key.value}"
        places[path] = key.span
        if isinstance(value, Mapping):
            places |= _places(value, path)
    return places


def _descend(node: Node, path: list[str], at_key: bool = False) -> Span:
    """Return the place of the value at a path, or of its key."""
    span = node.span
    for part in path:
        if not isinstance(node, Mapping):
            break
        for key, value in node.entries:
            if key.value == part:
                span, node = key.span if at_key else value.span, value
                break
    return span


def _near_field(name: str, model: type[BaseModel]) -> str:
    near = get_close_matches(name, model.model_fields, 1)
    return f"did you mean `{near[0]}`?" if near else "keys are " + ", ".join(model.model_fields)


def _check_identifier(key: Scalar) -> None:
    if not is_identifier(key.value) or len(key.value) > 64 or key.value.startswith("__"):
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{key.value}` cannot be a name",
            help="use letters, digits and underscores, and no word of the language",
            span=key.span,
        )


def _typed_input(key: Scalar, node: Scalar) -> Input:
    """Read `int64[B, L=56]`."""
    match = _INPUT.fullmatch(node.value)
    if match is None or match[1] not in DTYPES:
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"`{node.value}` is no tensor type",
            help=f"{key.value}: int64[B, L=56]; dtypes are " + ", ".join(DTYPES),
        )
    parser = LineParser(node)
    parser.advance()
    parser.expect("[")
    dimensions: list[Dimension] = []
    while not parser.at("]"):
        dimensions.append(_dimension(parser, alone=False))
        if not parser.accept(","):
            break
    parser.expect("]")
    parser.expect_end()
    return Input(key.value, match[1], tuple(dimensions), node.span)


def _dimension(parser: LineParser, alone: bool = True) -> Dimension:
    """Read `B`, `3`, `H=224` or `width`; a capital first letter is a free dimension."""
    start = parser.token.start
    text = parser.token.text
    if parser.token.kind == "name" and text[0].isupper():
        parser.advance()
        size = parser.operation() if parser.accept("=") else None
        letter = text
    else:
        size, letter = parser.operation(), ""
    if alone:
        parser.expect_end()
    return Dimension(letter, size, parser.span(start))


def value_from_text(text: str, declaration: Declaration) -> Any:
    """Return the value that a command line gives for a parameter: `-p layers=[2,2,2,2]`.

    Raises:
        CompileError: the text is no YAML.
        RuleViolation: no value of the language.
    """
    from archc.spec.source import read

    if isinstance(declaration.default, bool) and text in {"True", "False"}:
        return text == "True"
    node = read(text, "<-p>").root
    if isinstance(declaration.default, str) and isinstance(node, Scalar):
        return node.value
    return parameter_value(node, isinstance(declaration.default, LayerName))
