"""Document → Graph: expand loops, blocks and conditions and infer every shape, in one pass."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.expressions.syntax import NOWHERE, Expression, Logical, Name, Unary
from archc.expressions.values import Constant
from archc.ir.graph import Graph, GraphOutput, Mode
from archc.ir.runs import Instance, Node, Template, Value
from archc.layers.base import Layer
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.constants import DefaultEvaluator
from archc.passes.elaboration.copies import Copies
from archc.passes.elaboration.initialisation import evaluate_rules
from archc.passes.elaboration.nodes import (
    MAX_NODES,
    POISON,
    NodeBuilder,
    Skipped,
)
from archc.passes.elaboration.parameters import bind_parameters, check_variants
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import Binding, FileScope
from archc.passes.elaboration.unused import unused_values
from archc.shapes import Batch, Size, TensorType, checked
from archc.spec.mistakes import TooManyMistakes
from archc.spec.model import Dimension, Document, Input, Output
from archc.statements import Block, Body


class Request(Struct, frozen=True, kw_only=True):
    """What to make of a document: a variant, parameters, input sizes, limits.

    `imported` holds the documents of `import:` by alias.
    """

    variant: str | None = None
    parameters: Mapping[str, Constant] = field(default_factory=dict[str, Constant])
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    max_nodes: int = MAX_NODES
    training: bool = False
    """Whether lines that only training needs must fit the inputs."""
    imported: "Mapping[str, Imported]" = field(default_factory=dict[str, "Imported"])
    ops: Mapping[str, type[Layer]] = field(default_factory=dict[str, type[Layer]])
    """Python layers that the caller permits, by their name in the spec or by `module:Class`."""


class Imported(Struct, frozen=True):
    """A document that another imports, with its own imports."""

    document: Document
    block: str = ""
    imported: "Mapping[str, Imported]" = field(default_factory=dict[str, "Imported"])


SHOWN = 8
"""How many other lines a message names."""

Report = Callable[[RuleViolation], None]
"""What takes a violation that does not end the pass."""

_MISSING = frozenset({Code.UNKNOWN_NAME, Code.UNKNOWN_CALLEE})


def elaborate(document: Document, request: Request, text: str = "") -> Graph:
    """Return the graph of a document: every name resolved, every value with a shape.

    Raises:
        CompileError: everything that is wrong with the network, all at once.
    """
    return _Elaboration(document, request, text).graph()


class _Elaboration:
    def __init__(self, document: Document, request: Request, text: str) -> None:
        self.document = document
        self.request = request
        self.sources = {document.file: text}
        documents = _documents(document, request.imported)
        self.builder = NodeBuilder(
            request.max_nodes,
            (mistake for part in documents for mistake in part.mistakes),
            (place for part in documents for place in part.unreadable),
        )
        self.variables = Variables()
        self.lost: set[Mode | None] = set()
        """The modes of the outputs that depend on a line that failed."""

    def graph(self) -> Graph:
        try:
            return self._graph()
        except RuleViolation as violation:
            self.builder.report(violation, violation.span or self._name_span(), None)
        except (Skipped, TooManyMistakes):
            pass
        raise self._refused()

    def _refused(self) -> CompileError:
        return CompileError(_merged(_by_line(self.builder.diagnostics)), self.sources)

    def _name_span(self) -> Span:
        return self.document.spans.get("name", NOWHERE)

    def _graph(self) -> Graph:
        file = self._file_scope()
        inputs, letters = self._inputs(file)
        file = replace(file, letters=letters, unread=file.unread | self._lost_letters(inputs))
        runner = self._model_runner(file, inputs)
        root = runner.run()
        outputs = self._outputs(runner, root)
        warnings = self._training_alone()
        if self.builder.diagnostics:
            raise self._refused()
        graph = self._assembled(file, inputs, outputs, root)
        if warnings:
            return replace(graph, warnings=warnings)
        self._check_used(graph)
        if any(d.severity == "error" for d in self.builder.diagnostics):
            raise self._refused()
        return graph

    def _read_twice(self) -> tuple[str, ...]:
        """Return the lines whose value both the flow took and a name read, each once."""
        flowed = set(self.builder.flowed)
        found = [line for key, line in dict(self.builder.named).items() if key in flowed]
        return tuple(dict.fromkeys(found))

    def _training_alone(self) -> tuple[Diagnostic, ...]:
        """Turn what is wrong into warnings where only training suffers from it.

        That is so where shapes do not fit, every output of inference is whole, and the caller
        does not mean to train.
        """
        found = self.builder.diagnostics
        shapes = all(d.code.can_warn for d in found)
        if not found or self.lost != {"train"} or not shapes:
            return ()
        note = "only training needs this line; inference works"
        if self.request.training:
            note = "only training needs this line, and here it must work too"
        noted = [replace(d, notes=(*d.notes, note)) for d in found]
        self.builder.diagnostics = noted if self.request.training else []
        warnings = () if self.request.training else noted
        return tuple(replace(d, severity="warning") for d in warnings)

    def _assembled(
        self,
        file: FileScope,
        inputs: tuple[Node, ...],
        outputs: tuple[GraphOutput, ...],
        root: Instance,
    ) -> Graph:
        title = self.request.variant or self.document.name
        bare = Graph(
            self.document.name,
            title,
            self.document.doc,
            self.document.file,
            file.parameters,
            inputs,
            tuple(self.builder.nodes),
            outputs,
            root,
            declared=dict(self.variables.declared),
            calls=tuple(self.builder.calls),
            read_twice=self._read_twice(),
        )
        init, ties = evaluate_rules(bare, file, self.variables.imported, self.builder)
        graph = replace(bare, init=init, ties=ties)
        vars(graph)["keys"] = bare.keys  # neither rules nor ties change the keys
        return graph

    def _file_scope(self) -> FileScope:
        """Return what the file's blocks see; parameters that cannot be bound are lost."""
        request = self.request
        blind = _file_scope(self.document, request.imported, request.ops, self._report)
        for violation in check_variants(self.document):
            self._report(violation)
        bound = bind_parameters(self.document, request.variant, request.parameters, blind)
        for violation in bound.violations:
            self._report(violation)
        return blind.with_parameters(bound.values, bound.lost)

    def _report(self, violation: RuleViolation) -> None:
        self.builder.report(violation, self._name_span(), None)

    def _model_runner(self, file: FileScope, inputs: tuple[Node, ...]) -> BlockRunner:
        template = _model_template(self.document)
        values = tuple(Value(node, 0, node.output) if node.outputs else POISON for node in inputs)
        root = Instance(template, {}, "", values, None, None, self._name_span(), "model")
        copies = Copies(self.builder, self.variables)
        return BlockRunner(file, root, self.builder, self.variables, copies)

    def _inputs(self, file: FileScope) -> tuple[tuple[Node, ...], dict[str, Size]]:
        for name in self.request.inputs:
            if name not in {spec.name for spec in self.document.inputs}:
                known = ", ".join(spec.name for spec in self.document.inputs)
                raise RuleViolation(
                    Code.INPUT_SIZE, f"there is no input `{name}`", help=f"inputs: {known}"
                )
        letters: dict[str, Size] = {}
        return tuple(self._input(spec, file, letters) for spec in self.document.inputs), letters

    def _input(self, spec: Input, file: FileScope, letters: dict[str, Size]) -> Node:
        """Return the node of an input; of one that cannot be read it has no outputs."""
        if spec.name in self.document.unread:
            return self._input_node(spec, ())
        try:
            kind = TensorType(checked(self._shape(spec, file, letters)), spec.dtype)
        except RuleViolation as violation:
            self.builder.report(violation, spec.span, None)
            return self._input_node(spec, ())
        except Skipped:
            return self._input_node(spec, ())
        return self._input_node(spec, (kind,))

    def _input_node(self, spec: Input, outputs: tuple[TensorType, ...]) -> Node:
        node = Node(len(self.builder.nodes), spec.name, None, (), outputs, spec.span)
        self.builder.nodes.append(node)
        return node

    def _lost_letters(self, nodes: Sequence[Node]) -> set[str]:
        """Return the letters of inputs whose shape is not known."""
        lost = {node.path for node in nodes if not node.outputs}
        specs = [spec for spec in self.document.inputs if spec.name in lost]
        return {dimension.letter for spec in specs for dimension in spec.dimensions}

    def _shape(self, spec: Input, file: FileScope, letters: dict[str, Size]) -> tuple[Size, ...]:
        given = self.request.inputs.get(spec.name)
        if given is not None and len(given) != len(spec.dimensions):
            raise RuleViolation(
                Code.INPUT_SIZE,
                f"`{spec.name}` has {len(spec.dimensions)} dimensions, {len(given)} sizes given",
                span=spec.span,
            )
        shape: list[Size] = []
        for position, dimension in enumerate(spec.dimensions):
            size = given[position] if given is not None else None
            shape.append(_size(dimension, position, size, file, letters))
        return tuple(shape)

    def _outputs(self, runner: BlockRunner, root: Instance) -> tuple[GraphOutput, ...]:
        if not self.document.outputs:
            names = root.names or tuple(
                f"output{i}" if i else "output" for i in range(len(root.values))
            )
            return tuple(
                GraphOutput(name, value)
                for name, value in zip(names, root.values, strict=True)
                if value is not POISON
            )
        outputs: list[GraphOutput] = []
        for output in self.document.outputs:
            try:
                outputs += self._output(output, runner)
            except RuleViolation as violation:
                self.builder.report(violation, output.span, None)
            except Skipped:
                self.lost.add(_parted(output.condition)[0])
        return tuple(outputs)

    def _output(self, output: Output, runner: BlockRunner) -> list[GraphOutput]:
        """Return one output; its condition may ask `training` and what is known now."""
        mode, static = _parted(output.condition)
        if not all(runner.evaluator.condition(part) for part in static):
            return []
        value = runner.evaluator.tensor(output.value)[0]
        return [GraphOutput(output.name, value, mode)]

    def _check_used(self, graph: Graph) -> None:
        """Refuse every value that nobody uses, in the graph and in the text."""
        variables = self.variables
        for unused in unused_values(graph, variables.defined, variables.read):
            self.builder.report(unused.violation, unused.span, unused.caller)


def _documents(document: Document, imported: Mapping[str, Imported]) -> list[Document]:
    """Return a document and those it imports, each once."""
    files = {document.file: document}
    waiting = [*imported.values()]
    while waiting:
        item = waiting.pop()
        if item.document.file not in files:
            files[item.document.file] = item.document
            waiting += item.imported.values()
    return list(files.values())


def _merged(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Return each missing name once, with the other lines that read it: one mistake, one error."""
    lines: dict[tuple[Code, str], list[int]] = {}
    for found in diagnostics:
        if found.code in _MISSING and found.primary is not None:
            lines.setdefault((found.code, found.headline), []).append(found.primary.line)
    merged: list[Diagnostic] = []
    for found in diagnostics:
        same = lines.pop((found.code, found.headline), None)
        if same is None and found.code in _MISSING and found.primary is not None:
            continue
        others = sorted(set(same or ()) - {found.primary.line if found.primary else 0})
        if others:
            note = f"also on line{'s' * (len(others) > 1)} {', '.join(map(str, others[:SHOWN]))}"
            note += ", …" * (len(others) > SHOWN)
            merged.append(replace(found, notes=(*found.notes, note)))
        else:
            merged.append(found)
    return merged


def _by_line(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(diagnostics, key=lambda d: d.primary or NOWHERE)


def _file_scope(
    document: Document,
    imported: Mapping[str, Imported],
    ops: Mapping[str, type[Layer]],
    report: Report,
) -> FileScope:
    """Return what a file's blocks see, its parameters excepted."""
    imports = {alias: _imported_scope(item, ops, report) for alias, item in imported.items()}
    named = {alias: item.block for alias, item in imported.items() if item.block}
    blocks = {name: Template(block, document.file) for name, block in document.blocks.items()}
    blocks |= {alias: imports[alias].blocks[block] for alias, block in named.items()}
    homes = {alias: imports[alias] for alias in named}
    model = _model_template(document)
    permitted = {name: ops.get(name) or ops.get(target) for name, target in document.python.items()}
    unread = document.unread | {item.alias for item in document.imports} - imports.keys()
    return FileScope(
        document.file,
        {},
        blocks,
        imports,
        {},
        document,
        model,
        homes,
        permitted,
        unread,
        document.is_partial,
    )


def _model_template(document: Document) -> Template:
    """Return the model as a block that takes its inputs and no arguments."""
    names = tuple(spec.name for spec in document.inputs)
    span = document.spans.get("name", NOWHERE)
    block = Block(document.name, (), names, document.model, span)
    return Template(block, document.file, is_model=True)


def _imported_scope(
    imported: Imported, ops: Mapping[str, type[Layer]], report: Report
) -> FileScope:
    blind = _file_scope(imported.document, imported.imported, ops, report)
    bound = bind_parameters(imported.document, None, {}, blind)
    for violation in bound.violations:
        report(violation)
    return blind.with_parameters(bound.values, bound.lost)


def _size(
    dimension: Dimension,
    position: int,
    given: int | None,
    file: FileScope,
    letters: dict[str, Size],
) -> Size:
    """Return one size of an input: the caller's, else the spec's; the first may stay open."""
    size = _spec_size(dimension, file)
    letter = dimension.letter
    if given is not None and not letter and given != size:
        raise RuleViolation(
            Code.INPUT_SIZE,
            f"dimension {position} is {size} and cannot be {given}",
            help="only dimensions with a capital letter are free",
            span=dimension.span,
        )
    if given is not None and not (position == 0 and size is None):
        size = given
    if size is None and position == 0:
        size = Batch(letter)
    if size is None:
        size = letters.get(letter)
    if size is None:
        raise RuleViolation(
            Code.INPUT_SIZE,
            f"the size of `{letter}` is not known",
            help=f"give it a default, `{letter}=224`, or --input",
            span=dimension.span,
        )
    if letter and letters.setdefault(letter, size) != size:
        raise RuleViolation(
            Code.INPUT_SIZE,
            f"`{letter}` is {letters[letter]} and cannot be {size} as well",
            span=dimension.span,
        )
    return size


def _spec_size(dimension: Dimension, file: FileScope) -> int | None:
    if dimension.size is None:
        return None
    return DefaultEvaluator(file.parameters).integer(dimension.size, "a size")


def _parted(condition: Expression | None) -> tuple[Mode | None, tuple[Expression, ...]]:
    """Part `training and …` into the mode it names and the conditions that are known now."""
    match condition:
        case None:
            return None, ()
        case Name("training"):
            return "train", ()
        case Unary("not", Name("training")):
            return "eval", ()
        case Logical("and", operands):
            parts = [_parted(operand) for operand in operands]
            modes: list[Mode] = [mode for mode, _ in parts if mode is not None]
            return (modes[0] if modes else None), tuple(e for _, some in parts for e in some)
        case _:
            return None, (condition,)


__all__ = ["Binding", "Body", "Imported", "Request", "elaborate"]
