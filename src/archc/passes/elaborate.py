"""Document → Graph: expand loops, blocks and conditions and infer every shape, in one pass."""

from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from archc.diagnostics import Code, CompileError, Diagnostic, RuleViolation, Span
from archc.expressions.syntax import NOWHERE
from archc.ir.graph import Graph, GraphOutput, Mode
from archc.ir.runs import Instance, Node, Value
from archc.passes.elaboration.blocks import BlockRunner
from archc.passes.elaboration.copies import Copies
from archc.passes.elaboration.files import documents_of, file_scope, imported_files, model_template
from archc.passes.elaboration.initialisation import evaluate_rules, read_rules
from archc.passes.elaboration.inputs import InputReader
from archc.passes.elaboration.merging import merged
from archc.passes.elaboration.nodes import POISON, NodeBuilder, Skipped, TooManyMistakes
from archc.passes.elaboration.outputs import OutputReader, last_outputs
from archc.passes.elaboration.parameters import Bound, bind_parameters, check_variants
from archc.passes.elaboration.request import Imported, Request
from archc.passes.elaboration.running import Variables
from archc.passes.elaboration.scope import FileScope
from archc.passes.elaboration.unfinished_lines import read_unfinished_lines
from archc.passes.elaboration.unsaid_names import report_unsaid
from archc.passes.elaboration.unused import unread_inputs, unused_values
from archc.spec.model import Document

APART = frozenset({"doc", "init", "tie", "expect", "allow", "meta"})
"""The keys of a file whose mistakes change no line of the network."""
INFERENCE_WORKS = "only training needs this line; inference works"
"""What a warning says of a line that only the training mode suffers from."""


class Elaborated(Struct, frozen=True):
    """What elaborating a document gave: a graph, what is wrong, or both.

    A graph with mistakes is that of the network itself, whose rules, ties or uses are wrong; no
    back end may get it. Where it `is_countable` its figures are those that are meant.
    """

    graph: Graph | None
    mistakes: tuple[Diagnostic, ...] = ()
    is_countable: bool = True


def elaborate(document: Document, request: Request, text: str = "") -> Graph:
    """Return the graph of a document: every name resolved, every value with a shape.

    Raises:
        CompileError: everything that is wrong with the network, all at once.
    """
    found = elaborated(document, request)
    if found.graph is None or found.mistakes:
        raise CompileError(found.mistakes, {document.file: text})
    return found.graph


def elaborated(document: Document, request: Request) -> Elaborated:
    """Return the graph of a document as far as there is one, and everything that is wrong."""
    return _Elaboration(document, request).elaborated()


class _Elaboration:
    def __init__(self, document: Document, request: Request) -> None:
        self.document = document
        self.request = request
        documents = documents_of(document, request.imported)
        self.builder = NodeBuilder(
            request.max_nodes,
            (*request.mistakes, *(mistake for part in documents for mistake in part.mistakes)),
            (place for part in documents for place in part.unreadable),
        )
        self.variables = Variables()
        self.lost: set[Mode | None] = set()
        """The modes of the outputs that depend on a line that failed."""

    def elaborated(self) -> Elaborated:
        graph: Graph | None = None
        with suppress(TooManyMistakes):
            file = self._file_scope()
            graph = self._guarded_graph(file)
            self._finish(file, graph)
        found = self.builder.diagnostics
        if graph is not None and not found:
            return Elaborated(graph)
        return Elaborated(graph, tuple(merged(found)), self._is_countable())

    def _guarded_graph(self, file: FileScope) -> Graph | None:
        """Return the graph of the network; nothing where it has a mistake, which is reported."""
        try:
            return self._graph(file)
        except RuleViolation as violation:
            self.builder.report(violation, violation.span or self._name_span(), None)
        except Skipped:
            pass
        return None

    def _finish(self, file: FileScope, graph: Graph | None) -> None:
        """Report what is wrong apart from the network, as far as that is known without it."""
        if graph is None:
            read_rules(file, self.builder)
            report_unsaid(self.document, self.builder)
        for other in imported_files(file):
            read_rules(other, self.builder)

    def _is_countable(self) -> bool:
        """Return whether no mistake changes the figures: a lost tie, or a line too many."""
        codes = {found.code for found in self.builder.diagnostics}
        places = [found.primary for found in self.builder.diagnostics if found.primary]
        return Code.UNUSED_VALUE not in codes and "tie" not in map(self._section_of, places)

    def _section_of(self, place: Span) -> str:
        """Return the key of the file under which a place lies."""
        keys = [(span, key) for key, span in self.document.spans.items() if "." not in key]
        above = [pair for pair in keys if pair[0].file == place.file and pair[0] <= place]
        return max(above)[1] if above else ""

    def _is_whole(self) -> bool:
        """Return whether every line of the network was read and ran."""
        if not self.builder.diagnostics:
            return True
        is_read = not (self.document.is_partial or self.document.unread)
        return is_read and not any(map(self._is_of_network, self.builder.diagnostics))

    def _is_of_network(self, found: Diagnostic) -> bool:
        """Return whether a mistake may concern the network, and not what is said of it alone."""
        if found.primary is None or found.primary.file != self.document.file:
            return True
        return self._section_of(found.primary) not in APART

    def _name_span(self) -> Span:
        """Return the place of what concerns the whole file: its name, or else its first key."""
        spans = self.document.spans
        return spans.get("name") or next(iter(spans.values()), NOWHERE)

    def _graph(self, file: FileScope) -> Graph | None:
        if self.document.lacks:
            self._read_unfinished_lines(file)
            return None
        reader = InputReader(self.document, self.request, file, self.builder)
        inputs = reader.nodes()
        unread = file.unread | reader.lost_letters(inputs)
        file = replace(file, letters=reader.letters, unread=unread)
        runner = self._model_runner(file, inputs)
        root = runner.run()
        outputs = self._outputs(runner, root)
        self._read_unfinished_lines(file)
        warnings = self._training_alone()
        if not self._is_whole():
            return None
        graph = self._assembled(file, inputs, outputs, root)
        if warnings:
            # a rule may name a tensor of the lines that only training needs
            found = self.builder.diagnostics
            self.builder.diagnostics = [d for d in found if d.code is not Code.SELECTOR]
            return replace(graph, warnings=warnings)
        self._check_used(graph)
        return graph

    def _read_unfinished_lines(self, file: FileScope) -> None:
        """Report what is wrong in the lines that did not run, those of imported files too."""
        read_unfinished_lines(self.document, file, self.builder)
        for other in imported_files(file):
            assert other.document is not None
            read_unfinished_lines(other.document, other, self.builder)

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
        found = [d for d in self.builder.diagnostics if self._is_of_network(d)]
        others = [d for d in self.builder.diagnostics if not self._is_of_network(d)]
        shapes = all(d.code.can_warn for d in found)
        if not found or self.lost != {"train"} or not shapes:
            return ()
        note = INFERENCE_WORKS
        if self.request.training:
            note = "only training needs this line, and here it must work too"
        noted = [replace(d, notes=(*d.notes, note)) for d in found]
        self.builder.diagnostics = [*others, *(noted if self.request.training else ())]
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
        blind = file_scope(self.document, request.imported, request.ops, self._report)
        for violation in check_variants(self.document, blind):
            self._report(violation)
        bound = self._bound(blind)
        for violation in bound.violations:
            self._report(violation)
        return blind.with_parameters(bound.values, bound.lost)

    def _bound(self, file: FileScope) -> Bound:
        """Return the parameters; under a variant that is not there none of them is known."""
        given, typed = self.request.parameters, self.request.typed
        try:
            return bind_parameters(self.document, self.request.variant, given, file, typed)
        except RuleViolation as violation:
            violation.option = typed.get("variant", "")
            self._report(violation)
        except Skipped:
            pass
        bound = bind_parameters(self.document, None, given, file, typed)
        return Bound({}, frozenset(self.document.parameters) | bound.lost, bound.violations)

    def _report(self, violation: RuleViolation) -> None:
        self.builder.report(violation, self._name_span(), None)

    def _model_runner(self, file: FileScope, inputs: tuple[Node, ...]) -> BlockRunner:
        template = model_template(self.document)
        values = tuple(Value(node, 0, node.output) if node.outputs else POISON for node in inputs)
        root = Instance(template, {}, "", values, None, None, self._name_span(), "model")
        copies = Copies(self.builder, self.variables)
        return BlockRunner(file, root, self.builder, self.variables, copies)

    def _outputs(self, runner: BlockRunner, root: Instance) -> tuple[GraphOutput, ...]:
        if not self.document.outputs:
            return last_outputs(root)
        reader = OutputReader(runner)
        outputs = reader.outputs(self.document.outputs)
        self.lost = reader.lost
        return outputs

    def _check_used(self, graph: Graph) -> None:
        """Refuse every value that nobody uses, in the graph and in the text."""
        variables = self.variables
        for unused in unused_values(graph, variables):
            self.builder.report(unused.violation, unused.span, unused.caller)
        for block in self.document.blocks.values():
            for violation in unread_inputs(block):
                self.builder.report(violation, block.span, None)


__all__ = ["INFERENCE_WORKS", "Elaborated", "Imported", "Request", "elaborate", "elaborated"]
