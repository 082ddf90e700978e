"""Naming the variables of a `forward`, and its lines."""

import keyword
from collections.abc import Iterator, Sequence
from itertools import chain

from archc.backends.python_source.drafts import Draft
from archc.backends.python_source.layout import Line
from archc.backends.python_source.texts import ITEM, Loop, Statement, Text, Variable, pattern_text
from archc.ir.runs import Instance

_MEANT_OTHERWISE = frozenset({"self", "torch", "nn", "F", "Output", "EvalOutput"})
"""Names that the lines of a `forward` read as something else."""
FLOW = ("x", "out")
"""What the flow is called from line to line; the second where the first is still needed."""


class ForwardLines:
    """The statements as lines; a value that the next line alone reads takes the flow's name."""

    def __init__(
        self,
        draft: Draft,
        statements: Sequence[Statement],
        results: Sequence[Text],
        return_lines: tuple[int, int] | None,
    ) -> None:
        self.instance = draft.instance
        self.graph = draft.structure.graph
        self.inputs = draft.inputs
        self.statements = statements
        self.results = results
        self.return_lines = return_lines
        self.names: dict[int, str] = {}
        self.last = self._last_reads()
        self.unread: dict[int, int] = {}
        """The variables with a name that a statement to come reads, and the last that does."""
        several = results if len(results) > 1 else ()
        self.returned = {id(variable) for text in several for variable in text.reads()}

    def lines(self) -> list[Line]:
        """Return the statements as lines, a `return` at the end."""
        for variable, name in zip(self.inputs, input_names(self.instance), strict=True):
            self._give(variable, name)
        lines: list[Line] = []
        training = False
        for index, statement in enumerate(self.statements):
            if self._is_returned(index):
                return [*lines, self._final(statement)]
            if statement.train_only and not training:
                lines.append(Line(0, "if self.training:"))
            training = statement.train_only
            lines += self._written(index, statement)
        return [*lines, *self._returns(training)]

    def _written(self, index: int, statement: Statement) -> list[Line]:
        if statement.loop is not None:
            return self._loop(index, statement, statement.loop)
        return [self._line(index, statement)]

    def _last_reads(self) -> dict[int, int]:
        """Return the number of the last statement that reads each variable."""
        last: dict[int, int] = {}
        for index, statement in enumerate(self.statements):
            last |= {id(variable): index for variable in _reads(statement)}
        for text in self.results:
            last |= {id(variable): len(self.statements) for variable in text.reads()}
        return last

    def _is_returned(self, index: int) -> bool:
        """Return whether a statement is the last one and its value the only result."""
        if index != len(self.statements) - 1 or len(self.results) != 1:
            return False
        only = self.statements[index].only
        if self.statements[index].loop is not None:
            return False
        return only is not None and list(self.results[0].reads()) == [only] and self._is_bare(0)

    def _is_bare(self, result: int) -> bool:
        return len(self.results[result].parts) == 1

    def _final(self, statement: Statement) -> Line:
        text, clauses = statement.text.filled(self._name_of), statement.text.clauses(self._name_of)
        return Line(0, f"return {text}", self._comment(statement), clauses=clauses)

    def _name_of(self, variable: Variable) -> str:
        return self.names[id(variable)]

    def _loop(self, index: int, statement: Statement, loop: Loop) -> list[Line]:
        """Return a loop over a list's modules; what flows through it has its name already."""
        for variable in statement.variables:
            if id(variable) not in self.names:
                self._give(variable, self._chosen_name(index, statement, variable))
        text = statement.text.filled(self._name_of).replace(ITEM, self._item_name(loop))
        target = pattern_text(statement.pattern, self._name_of)
        depth = 1 if statement.train_only else 0
        turn = Line(depth + 1, f"{target} = {text}", self._loop_comment(statement, loop))
        head = Line(depth, f"for {self._item_name(loop)} in {loop.over}:")
        return [head, turn, *(self._added(depth + 1, *names) for names in loop.sums)]

    def _added(self, depth: int, total: Variable, part: Variable) -> Line:
        name = self._name_of(total)
        return Line(depth, f"{name} = {name} + {self._name_of(part)}")

    def _item_name(self, loop: Loop) -> str:
        """Return what a turn's module is called: `layer` in `layers`."""
        list_name = loop.over.partition("[")[0].rpartition(".")[2]
        one = python_name(list_name.removesuffix("s"))
        wishes = ([one] if one.isidentifier() else []) + ["module"]
        wishes += [f"{list_name}_module{'_' * n}" for n in range(len(self.names) + 1)]
        return next(wish for wish in wishes if wish not in self.names.values())

    def _line(self, index: int, statement: Statement) -> Line:
        text, clauses = statement.text.filled(self._name_of), statement.text.clauses(self._name_of)
        for variable in statement.variables:
            self._give(variable, self._chosen_name(index, statement, variable))
        target = pattern_text(statement.pattern, self._name_of)
        depth = 1 if statement.train_only else 0
        return Line(depth, f"{target} = {text}", self._comment(statement), clauses=clauses)

    def _comment(self, statement: Statement) -> str:
        place = _place(statement.lines)
        if self.instance.caller is not None or not statement.shows_type:
            return place
        return f"{place}: {statement.variables[0].value.type}"

    def _loop_comment(self, statement: Statement, loop: Loop) -> str:
        place = _place(statement.lines)
        is_shown = self.instance.caller is None and statement.shows_type
        return f"{place}: {loop.result.type}" if is_shown else place

    def _chosen_name(self, index: int, statement: Statement, variable: Variable) -> str:
        """Choose the flow's name for a value that the next statement alone reads, else its own.

        What a loop reads is read again in the next turn.
        """
        done = index if statement.loop is None else index - 1
        self.unread = {key: last for key, last in self.unread.items() if last > done}
        live = {self.names[key] for key in self.unread}
        live |= {self.names[id(v)] for v in statement.variables if id(v) in self.names}
        return next(name for name in self._wishes(index, statement, variable) if name not in live)

    def _give(self, variable: Variable, name: str) -> None:
        self.names[id(variable)] = name
        if id(variable) in self.last:
            self.unread[id(variable)] = self.last[id(variable)]

    def _wishes(self, index: int, statement: Statement, variable: Variable) -> Iterator[str]:
        flows = self.last.get(id(variable), index) == index + 1 and not statement.train_only
        flows = flows and variable.may_flow and id(variable) not in self.returned
        hints = [hint for hint in map(python_name, variable.hints) if hint.isidentifier()]
        hints = hints or [FLOW[0]]
        numbered = (f"{hints[0]}_{n}" for n in range(1, len(self.names) + 2))
        return chain(FLOW if flows else (), hints, numbered)

    def _returns(self, training: bool) -> list[Line]:
        if self.instance.caller is not None:
            comment = _place(self.return_lines) if self.return_lines is not None else ""
            return [self._return_line(self.results, comment)]
        return self._model_returns(training)

    def _return_line(self, results: Sequence[Text], comment: str) -> Line:
        texts = [text.filled(self._name_of) for text in results]
        clauses = results[0].clauses(self._name_of) if len(results) == 1 else ()
        return Line(0, f"return {', '.join(texts)}", comment, clauses=clauses)

    def _model_returns(self, training: bool) -> list[Line]:
        """Return the live outputs of each mode: a tensor, or a named tuple of several.

        `training` says that the lines before stand under `if self.training:` already.
        """
        if len(self.results) == 1:
            return [self._return_line(self.results, self._result_comment())]
        outputs = zip(self.graph.outputs, self.results, strict=True)
        by_name = {output.name: text.filled(self._name_of) for output, text in outputs}
        train = [output.name for output in self.graph.live_outputs("train")]
        evaluated = [output.name for output in self.graph.live_outputs("eval")]
        lines: list[Line] = []
        if train != evaluated:
            lines += [] if training else [Line(0, "if self.training:")]
            lines.append(Line(1, _result("Output", train, by_name)))
        name = "Output" if train == evaluated else "EvalOutput"
        return [*lines, Line(0, _result(name, evaluated, by_name))]

    def _result_comment(self) -> str:
        """Return the line and the type of the model's one result, where a `return:` names it."""
        (output,) = self.graph.outputs
        if self.return_lines is None or output.value not in self.instance.values:
            return ""
        return f"{_place(self.return_lines)}: {output.value.type}"


def _reads(statement: Statement) -> Iterator[Variable]:
    """Yield the variables that a statement reads, in a loop those that it adds up too."""
    yield from statement.text.reads()
    if statement.loop is not None:
        yield from chain.from_iterable(statement.loop.sums)


def input_names(instance: Instance) -> tuple[str, ...]:
    """Return the parameters of an instance's `forward`."""
    return tuple(map(python_name, instance.template.block.inputs))


def python_name(name: str) -> str:
    """Return a name as a Python variable: `block1-0` becomes `block1_0`."""
    text = "".join(c if (c.isalnum() and c.isascii()) or c == "_" else "_" for c in name)
    return f"{text}_" if keyword.iskeyword(text) or text in _MEANT_OTHERWISE else text


def _result(class_name: str, outputs: list[str], texts: dict[str, str]) -> str:
    if len(outputs) == 1:
        return f"return {texts[outputs[0]]}"
    named = [f"{name}={texts[name]}" for name in outputs]
    arguments = outputs if all(texts[name] == name for name in outputs) else named
    return f"return {class_name}({', '.join(arguments)})"


def _place(lines: tuple[int, int]) -> str:
    first, last = lines
    return f"line {first}" if first == last else f"lines {first}-{last}"
