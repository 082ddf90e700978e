"""`archc expand`: the same network with loops and blocks unrolled and shapes as comments."""

from archc.backends.expansion.lines import Lines
from archc.backends.expansion.literals import constant, data_text, quoted, scalar
from archc.backends.expansion.naming import Names
from archc.backends.expansion.tree import unrolled, value_key
from archc.ir.graph import Graph, Initialisation
from archc.ir.runs import Value


def expansion_text(graph: Graph) -> str:
    """Return a spec of the same network without blocks, parameters and loops.

    It elaborates to the same keys, shapes, order and costs; each line is followed by
    the shape of its result.

    Raises:
        CompileError: a line that the language cannot say unrolled.
    """
    return _Expansion(graph).text()


class _Expansion:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tree = unrolled(graph)
        self.names = Names(graph, self.tree)
        self.lines = Lines(graph, self.tree, self.names)

    def text(self) -> str:
        """Print until no line needs another name for a later one to read."""
        known, model, outputs = -1, "", ""
        while known != len(self.names.used) + len(self.names.statements):
            known = len(self.names.used) + len(self.names.statements)
            model, outputs = self.lines.model(), self._outputs()
        parts = [self._head(), self._constants(), "model:\n", model, outputs]
        return "".join([*parts, self._init(), self._ties(), self._allowed()])

    def _head(self) -> str:
        lines = ["archc: 1", f"name: {self.graph.title}"]
        if self.graph.doc:
            lines.append(f"doc: {quoted(self.graph.doc)}")
        lines.append("inputs:")
        lines += [f"  {node.path}: {node.output}" for node in self.graph.inputs]
        return "\n".join(lines) + "\n"

    def _constants(self) -> str:
        """Return lists too long for a line as parameters, which may be of any length."""
        lines = [f"  {name}: {data_text(value)}\n" for name, value in self.lines.constants.items()]
        return "params:\n" + "".join(lines) if lines else ""

    def _outputs(self) -> str:
        outputs = self.graph.outputs
        if len(outputs) == 1 and outputs[0].name == "output" and self._is_last(outputs[0].value):
            return ""
        lines = ["outputs:"]
        for output in outputs:
            mode = {"train": " if training", "eval": " if not training", None: ""}[output.mode]
            lines.append(f"  {output.name}: {self.names.value(output.value, self.tree.root)}{mode}")
        return "\n".join(lines) + "\n"

    def _is_last(self, value: Value) -> bool:
        flow = self.tree.flow
        return flow is not None and value_key(flow) == value_key(value)

    def _init(self) -> str:
        rules: dict[str, str] = {}
        blocks = {instance.template.name for instance in self.graph.instances()}
        for rule in self.graph.init:
            kept = not blocks.intersection(rule.selector[:-1]) and rule.matches
            for selector in [".".join(rule.selector)] if kept else rule.matches:
                rules.pop(selector, None)
                rules[selector] = _rule_text(rule)
        lines = [f"  {selector}: {scalar(text)}\n" for selector, text in rules.items()]
        return "init:\n" + "".join(lines) if lines else ""

    def _ties(self) -> str:
        lines = [f"  {left}: {right}\n" for left, right in self.graph.ties]
        return "tie:\n" + "".join(lines) if lines else ""

    def _allowed(self) -> str:
        """Accept what a block that is called again means, and a line by itself hardly would."""
        shared = (node for node in self.graph.nodes if node.shared)
        if any(tensor.name == "running_mean" for node in shared for tensor in node.tensors):
            return "allow:\n  ARC413: this was a block that is called again\n"
        return ""


def _rule_text(rule: Initialisation) -> str:
    named = [f"{name}={constant(value)}" for name, value in rule.keywords]
    inside = ", ".join([*map(constant, rule.arguments), *named])
    return f"{rule.function}({inside})" if inside else rule.function
