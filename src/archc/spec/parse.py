"""From a source's tree to a `Document`: one short function a key of the file."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.expressions.syntax import NOWHERE
from archc.spec import entries
from archc.spec.bodies import BodyReader, diagnosed
from archc.spec.data import plain
from archc.spec.model import Document, Expectation
from archc.spec.source import Mapping, Node, Scalar, Source
from archc.statements import Block, Body

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
        parameters = self._mapping("params", entries.declaration)
        document = Document(
            file=self.source.file,
            name=self._guarded(entries.network_name, "name") or "unnamed",
            doc=self._text("doc"),
            parameters=parameters,
            variants=self._mapping("variants", entries.variant),
            inputs=tuple(self._mapping("inputs", entries.model_input).values()),
            blocks=self._blocks(),
            model=self._model(),
            outputs=tuple(self._mapping("outputs", entries.output).values()),
            init=tuple(self._mapping("init", entries.init_rule).values()),
            tie=tuple(self._mapping("tie", entries.tie).values()),
            imports=tuple(self._mapping("import", entries.imported).values()),
            expect=self._expect(),
            allow=self._mapping("allow", entries.allowed),
            meta=self._guarded(plain, "meta"),
            python=self._mapping("python", entries.python_layer),
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

    def _text(self, key: str) -> str:
        return self._guarded(lambda node: entries.text_of(node).value, key) or ""

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

    def _expect(self) -> Expectation:
        variants = self.keys["variants"][1] if "variants" in self.keys else None
        known = variants.entries if isinstance(variants, Mapping) else ()
        names = {key.value for key, _ in known}
        return (
            self._guarded(lambda node: entries.expectation(node, names), "expect") or Expectation()
        )

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
