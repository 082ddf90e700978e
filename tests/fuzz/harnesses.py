"""The harnesses: what each feeds to archc, and what it asks of the answer."""

import ast
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from archc.artefacts import canonical_text, expanded_text, summary_source
from archc.backends.dot import dot
from archc.backends.python_source import python_source
from archc.cli import run
from archc.compiler import Report, check_spec, compile_graph
from archc.diagnostics import ArchcError, CompileError, RuleViolation
from archc.diagnostics.fixes import MAX_FIXES, fixed
from archc.expressions.evaluate import Evaluator
from archc.expressions.parser import parse_expression
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Attribute, Index, Name, children
from archc.ir.graph import Graph
from archc.opening import Spec, is_canonical, read_spec
from archc.spec.grammar import LineParser, parse_call, parse_item, parse_value
from archc.spec.reader import read
from archc.spec.source import Erroneous, Mapping, Node, Piece, Scalar, Span, decode
from tests.fuzz import seeds
from tests.fuzz.changes import Change, change_json, change_text, text_of
from tests.fuzz.oracles import (
    NAMES,
    expect_diagnostics,
    expect_encoded,
    expect_place,
    expect_printable,
    expect_report,
    python_value,
    typed,
)

FILE = "fuzz.yaml"
MOST_NODES = 100
"""Larger networks are checked, but nothing is made of them."""


@dataclass(frozen=True)
class Harness:
    """A part of archc under fuzzing: `judge` raises where an input shows a fault.

    One judgement may take so many `seconds` of the processor; `runs` are done in each run of
    the suite.
    """

    judge: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    change: Change = change_text
    seconds: float = 2.0
    runs: int = 300


def judge_reader(data: bytes) -> None:
    """Read bytes as YAML: every node, every mistake has its place in the text."""
    try:
        source = read(decode(data, FILE), FILE)
    except CompileError as error:
        expect_diagnostics(error.diagnostics, {FILE: "", **error.sources})
        return
    texts = {FILE: source.text}
    expect_diagnostics(source.mistakes, texts)
    if source.mended is not None and not source.mended.violations:
        for span in _spans(source.root):
            expect_place(span, texts)


def _spans(node: Node) -> Iterator[Span]:
    yield node.span
    match node:
        case Scalar(pieces=pieces, span=span):
            for piece in pieces:
                yield Span(span.file, piece.line, piece.column, piece.line, piece.column)
        case Mapping(entries):
            for key, value in entries:
                yield from (*_spans(key), *_spans(value))
        case Erroneous():
            pass
        case sequence:
            for item in sequence.items:
                yield from _spans(item)


def _one_line(data: bytes) -> str:
    """Return an input as a line that YAML could hold."""
    return "".join(c if c.isprintable() else " " for c in text_of(data))


def judge_line(data: bytes) -> None:
    """Parse one line as each of the things that a line can be."""
    text = _one_line(data)
    place = Span(FILE, 1, 1, 1, len(text) + 1)
    scalar = Scalar(text, "", place, (Piece(0, 1, 1),))
    for parse in (parse_item, parse_value, parse_call, _parse_signature, _parse_targets):
        try:
            parse(scalar)
        except RuleViolation as violation:
            _expect_violation(violation, text)


def _parse_signature(scalar: Scalar) -> object:
    return LineParser(scalar).signature()


def _parse_targets(scalar: Scalar) -> object:
    return LineParser(scalar).targets()


def _expect_violation(violation: RuleViolation, text: str) -> None:
    assert violation.headline
    if violation.span is not None:
        expect_place(violation.span, {FILE: text})


class _Evaluator(Evaluator):
    """Knows the names of `NAMES`."""

    def lookup(self, name: Name) -> Any:
        return NAMES[name.identifier] if name.identifier in NAMES else super().lookup(name)


def judge_expression(data: bytes) -> None:
    """Parse an expression, print it, parse that; its value is Python's.

    Printed twice, it stays what it is: `inf` and `2.50` are written otherwise the first time.
    """
    text = _one_line(data)
    try:
        tree = parse_expression(text, lambda start, end: Span(FILE, 1, start + 1, 1, end + 1))
        printed = expression_text(tree)
        again = parse_expression(printed, lambda start, end: Span(FILE, 1, 1, 1, 1))
        second = expression_text(again)
        third = expression_text(parse_expression(second, lambda *_: Span(FILE, 1, 1, 1, 1)))
        assert third == second, f"{printed!r}, {second!r}, then {third!r}"
        value = _Evaluator().evaluate(tree)
    except RuleViolation as violation:
        _expect_violation(violation, text)
        return
    assert typed(_Evaluator().evaluate(again)) == typed(value), printed
    if "{" not in text and not _has_numbered_part(tree):
        assert typed(python_value(text)) == typed(value), text


def _has_numbered_part(tree: Index) -> bool:
    """Tell whether an expression asks for a part by number, `features.0`, as Python's cannot."""
    asks = isinstance(tree, Attribute) and not tree.name.isidentifier()
    return asks or any(_has_numbered_part(child) for child in children(tree))


def _checked(text: str) -> tuple[Spec | None, Report]:
    """Return a spec and its report, as `archc.check` does, but a fault of ours stays what it is."""
    try:
        spec = read_spec(decode(text.encode("utf-8", "surrogatepass"), FILE), FILE)
    except CompileError as error:
        return None, Report(None, None, error.diagnostics, error.sources)
    return spec, check_spec(spec)


def judge_check(data: bytes) -> None:
    """Check a text as a whole spec."""
    _, report = _checked(text_of(data))
    expect_report(report)


def judge_fix(data: bytes) -> None:
    """Fix a text: what comes out is no less readable, and fixing it again changes nothing."""
    try:
        text = decode(data, FILE)
    except CompileError:
        return

    def found(candidate: str) -> Sequence[Any]:
        return _checked(candidate)[1].diagnostics

    before = found(text)
    new, mended = fixed(text, FILE, found)
    assert bool(mended) == (new != text)
    if not mended:
        return
    after = found(new)
    assert _unreadable(after) <= _unreadable(before), new
    if len(mended) < MAX_FIXES:
        assert fixed(new, FILE, found) == (new, []), new


def _unreadable(found: Sequence[Any]) -> int:
    return sum(diagnostic.code.startswith("ARC1") for diagnostic in found)


def _network(data: bytes) -> tuple[Spec, Graph] | None:
    spec, report = _checked(text_of(data))
    if spec is None or report.graph is None or len(report.graph.nodes) > MOST_NODES:
        return None
    return spec, report.graph


def judge_source(data: bytes) -> None:
    """Compile a network to Python: the text compiles, and torch gives the module its keys."""
    network = _network(data)
    if network is None:
        return
    _, graph = network
    text = python_source(graph)
    assert text.isascii()
    assert ast.unparse(ast.parse(text))
    made = _executed(text)
    names = [key.name for key in graph.keys if key.tensor.kind != "transient"]
    state = made.state_dict()
    assert list(state) == names, f"{[*state]}, not {names}"
    shapes = [tuple(key.tensor.shape) for key in graph.keys if key.tensor.kind != "transient"]
    assert [tuple(tensor.shape) for tensor in state.values()] == shapes


def _executed(text: str) -> Any:
    """Return the module that a source makes, on torch's device without memory."""
    import torch

    space: dict[str, Any] = {"__name__": "fuzzed"}
    exec(compile(text, "model.py", "exec"), space)
    classes = [kind for kind in space.values() if isinstance(kind, type)]
    own = [k for k in classes if issubclass(k, torch.nn.Module) and k.__module__ == "fuzzed"]
    with torch.device("meta"):
        return own[-1]()


def judge_diagram(data: bytes) -> None:
    """Draw a network: text that Graphviz's grammar reads, without a control character."""
    network = _network(data)
    if network is None:
        return
    for depth in (None, 0, 1):
        expect_dot(dot(network[1], depth=depth))


_DOT = re.compile(
    r'(?:\s+|"(?:[^"\\]|\\.)*"|<(?:[^<>]|<[^<>]*>)*>|[A-Za-z_][A-Za-z0-9_]*'
    r"|-?[0-9.]+|->|--|[{}\[\]=;,:])*+"
)


def expect_dot(text: str) -> None:
    """Check that a text is DOT, token by token, with all brackets closed."""
    expect_printable(text)
    expect_encoded(text)
    whole = _DOT.match(text)
    assert whole is not None
    assert whole.end() == len(text), text[whole.end() :][:80]
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert bare.startswith("digraph")
    assert bare.count("{") == bare.count("}")
    assert bare.count("[") == bare.count("]")


def judge_texts(data: bytes) -> None:
    """Print a network in every form; the canonical one reads back as the same network."""
    network = _network(data)
    if network is None:
        return
    spec, graph = network
    for form in ("text", "json", "markdown", "csv"):
        expect_printable(summary_source(graph, form))
    expect_printable(expanded_text(graph))
    canonical = canonical_text(graph, spec)
    expect_encoded(canonical)
    again = read_spec(canonical, "fuzz.json")
    other = compile_graph(again)
    assert _placeless(canonical_text(other, again)) == _placeless(canonical)
    assert [key.name for key in other.keys] == [key.name for key in graph.keys]
    assert _code(other) == _code(graph)


def _placeless(canonical: str) -> str:
    """Return a canonical text without places: a canonical file numbers its texts."""
    return re.sub(r'"(span|line)": (?:"[0-9:]+"|[0-9]+)', r'"\1": 1', canonical)


def _code(graph: Graph) -> str:
    return ast.unparse(ast.parse(python_source(graph)))


def judge_canonical(data: bytes) -> None:
    """Read a canonical file, as `archc check net.json` does."""
    if not is_canonical(data):
        judge_check(data)
        return
    try:
        report = check_spec(read_spec(data, "fuzz.json"))
    except CompileError as error:
        expect_diagnostics(error.diagnostics, {"fuzz.json": "", **error.sources})
        return
    expect_report(report)


@cache
def _model() -> Any:
    import torch

    return torch.nn.Linear(3, 2)


def judge_weights(data: bytes) -> None:
    """Load a safetensors file into a layer: it fits, or the layer is left as it was."""
    import torch

    from archc.runtime.weights import load_weights

    model = _model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "w.safetensors")
        path.write_bytes(_whole_file(data))
        try:
            load_weights(model, path)
        except ArchcError as error:
            assert isinstance(error, CompileError)
            expect_diagnostics(error.diagnostics, error.sources)
            assert all(bool((p == 7.0).all()) for p in model.parameters()), "half a load"


def _whole_file(data: bytes) -> bytes:
    """Return an input that begins as JSON with its length before it, any other as it is."""
    if not data.startswith(b"{"):
        return data
    header, _, numbers = data.partition(b"\0")
    return len(header).to_bytes(8, "little") + header + numbers


def change_weights(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Return a changed header with the numbers behind it, or changed numbers."""
    header, zero, numbers = data.partition(b"\0")
    if not header.startswith(b"{") or chance.random() < 0.2:
        place = chance.randint(0, len(data))
        return data[:place] + bytes([chance.randrange(256)]) + data[place + chance.randint(0, 3) :]
    return change_json(header, chance, others) + zero + numbers


def judge_command(data: bytes) -> None:
    """Run a command line, the first line, in a folder with the rest as `net.yaml`.

    What would leave the folder, import modules or start other programs is left out.
    """
    first, _, spec = text_of(data).partition("\n")
    arguments = first.split()
    if not _stays_inside(arguments):
        return
    with _folder() as folder:
        Path(folder, "net.yaml").write_bytes(spec.encode("utf-8", "surrogateescape"))
        status, output, errors = _run(arguments, folder)
    assert status in {0, 1, 2, 3}, f"{status}: {errors}"
    for printed in (output, errors):
        assert "Traceback" not in printed, printed
        expect_printable(printed)
    if status == 0 and "json" in arguments and arguments[0] == "check":
        json.loads(output)


def _stays_inside(arguments: Sequence[str]) -> bool:
    """Return whether a command line may run: nothing outside its folder, and no child process."""
    whole = " ".join(arguments)
    if any(part in whole for part in ("/", "..", "~", "allow-python", "\0", "build")):
        return False
    return "draw" not in arguments or ".dot" in whole


@contextmanager
def _folder() -> Iterator[str]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def _run(arguments: Sequence[str], folder: str) -> tuple[int, str, str]:
    """Return the status of a command line, and what it prints, both to files."""
    kept = sys.stdin, sys.stdout, sys.stderr
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        Path(folder, "net.yaml").open(encoding="utf-8") as given,
    ):
        streams = [io.TextIOWrapper(stream, encoding="utf-8") for stream in (output, errors)]
        sys.stdin, (sys.stdout, sys.stderr) = given, streams
        try:
            status = run(arguments)
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept
        return status, *map(_written, streams)  # type: ignore[return-value]


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


HARNESSES = {
    "reader": Harness(judge_reader, seeds.specs, runs=600),
    "line": Harness(judge_line, seeds.lines, runs=3000),
    "expression": Harness(judge_expression, seeds.expressions, runs=5000),
    "check": Harness(judge_check, seeds.specs),
    "fix": Harness(judge_fix, seeds.specs, seconds=60.0, runs=80),
    "source": Harness(judge_source, seeds.networks, seconds=10.0, runs=40),
    "diagram": Harness(judge_diagram, seeds.networks, runs=80),
    "texts": Harness(judge_texts, seeds.networks, seconds=6.0, runs=120),
    "canonical": Harness(judge_canonical, seeds.canonical_forms, change_json),
    "weights": Harness(judge_weights, seeds.weights, change_weights, runs=500),
    "command": Harness(judge_command, seeds.command_lines, seconds=6.0, runs=200),
}
