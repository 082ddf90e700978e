"""Writing `__init__`: walk a template's lines over all its instances at once."""

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from archc.backends.python_source.block_calls import PlanOf
from archc.backends.python_source.layer_arguments import LayerTexts
from archc.backends.python_source.line_makers import LineMakers
from archc.backends.python_source.loops import loop_pieces
from archc.backends.python_source.pieces import (
    Choice,
    Control,
    Copies,
    Local,
    Made,
    Maker,
    Nested,
    Piece,
)
from archc.backends.python_source.run_kinds import first_inputs, holds_modules, is_container
from archc.backends.python_source.structure import Structure
from archc.backends.python_source.symbols import NotUniformError, evaluated, is_plain, shared
from archc.backends.python_source.vocabulary import Vocabulary
from archc.expressions.parser import parse_expression
from archc.expressions.printing import expression_text
from archc.expressions.syntax import NOWHERE, Expression, Literal, Name
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    ItemRun,
    JoinRun,
    LetRun,
    Value,
)

_BRACES = re.compile(r"\{([^{}]*)\}")


class Slot(Struct, frozen=True):
    """Where a line's child goes: under a name, one that an f-string computes, or in a list."""

    key: str
    dynamic: bool = False
    numbered: bool = False


class Constructor:
    """Emits the children of one class.

    `optional` names the lines that some instances lack: there stands an `nn.Identity`.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        structure: Structure,
        plan_of: PlanOf,
        optional: frozenset[str],
        layer_texts: LayerTexts,
    ) -> None:
        self.vocabulary = vocabulary
        self.symbols = vocabulary.symbols
        self.structure = structure
        self.plan_of = plan_of
        self.optional = optional
        self.layer_texts = layer_texts
        self.makers = LineMakers(vocabulary, structure, plan_of, layer_texts)

    def body(self, runs: Sequence[BodyRun]) -> list[Piece]:
        """Return the pieces of a body's lines."""
        numbered = runs[0].body.kind != "mapping"
        pieces: list[Piece] = []
        for position in range(shared(len(run.entries) for run in runs)):
            entries = [run.entries[position] for run in runs]
            paths = [run.path for run in runs]
            pieces += self._entry(entries, paths, numbered)
        return self._declared(pieces, runs[0].path)

    def _declared(self, pieces: list[Piece], path: str) -> list[Piece]:
        """Put children in the order that `declare` asks for."""
        named = {getattr(piece, "key", ""): piece for piece in pieces}
        order = self.structure.graph.declared.get(path, ())
        first = [named[name] for name in order if name in named]
        return [*first, *(piece for piece in pieces if piece not in first)]

    def _with(self, vocabulary: Vocabulary) -> "Constructor":
        return Constructor(
            vocabulary, self.structure, self.plan_of, self.optional, self.layer_texts
        )

    def _subset(self, chosen: Sequence[int]) -> "Constructor":
        """Return the same constructor over some of the contexts."""
        return self._with(self.vocabulary.over(self.symbols.subset(chosen)))

    def _body_in(self, vocabulary: Vocabulary, runs: Sequence[BodyRun]) -> list[Piece]:
        return self._with(vocabulary).body(runs)

    def _entry(self, runs: Sequence[EntryRun], paths: Sequence[str], numbered: bool) -> list[Piece]:
        """Return the pieces of one line."""
        shared(type(run) for run in runs)
        match runs[0]:
            case ChildRun():
                return self._child([r for r in runs if isinstance(r, ChildRun)], paths, numbered)
            case ForRun():
                return self._for([r for r in runs if isinstance(r, ForRun)])
            case IfRun():
                return self._if([r for r in runs if isinstance(r, IfRun)])
            case JoinRun() | BranchRun():
                return self.body([r.body for r in runs if isinstance(r, (JoinRun, BranchRun))])
            case LetRun():
                return self._let([r for r in runs if isinstance(r, LetRun)])
            case _:
                return []

    def _for(self, runs: Sequence[ForRun]) -> list[Piece]:
        if not any(holds_modules(body) for run in runs for _, body in run.turns):
            return []
        return loop_pieces(runs, self.vocabulary, self._body_in)

    def _if(self, runs: Sequence[IfRun]) -> list[Piece]:
        chosen = {run.chosen for run in runs}
        if len(chosen) == 1:
            return self.body([r.body for r in runs if r.body is not None]) if chosen != {-1} else []
        branches = runs[0].statement.branches
        condition = branches[0][0]
        if len(branches) != 1 or condition is None:
            raise NotUniformError
        taken = [i for i, run in enumerate(runs) if run.chosen == 0]
        text = self.symbols.argument(condition, [run.chosen == 0 for run in runs], [None])
        pieces = self._subset(taken).body([run.body for run in runs if run.body is not None])
        return [Control(f"if {expression_text(text)}:", pieces)] if pieces else []

    def _let(self, runs: Sequence[LetRun]) -> list[Piece]:
        """Compute a constant under its own name; tensors are the business of `forward`."""
        name, values = runs[0].statement.name, [run.value for run in runs]
        for context, value in zip(self.symbols.contexts, values, strict=True):
            context.values[name] = value
        self.symbols.names.pop(name, None)
        if any(isinstance(value, Value) for value in values) or not is_plain(values[0]):
            return []
        try:
            text = self.symbols.argument(runs[0].statement.value, values, [None])
        except NotUniformError:
            return []
        if isinstance(text, (Literal, Name)):
            self.symbols.names[name] = text
            return []
        for context, value in zip(self.symbols.contexts, values, strict=True):
            context.local[name] = value
        self.symbols.names[name] = Name(name)
        return [Local(name, expression_text(text))]

    def _child(self, runs: Sequence[ChildRun], paths: Sequence[str], numbered: bool) -> list[Piece]:
        slot = Slot("", numbered=True) if numbered else self._slot(runs)
        if isinstance(runs[0].content, BodyRun):
            bodies = [r.content for r in runs if isinstance(r.content, BodyRun)]
            return [self._nested(bodies, slot)]
        items = [r.content for r in runs if isinstance(r.content, ItemRun)]
        return self._item(items, paths, slot)

    def _slot(self, runs: Sequence[ChildRun]) -> Slot:
        """Return a child's name: the one all contexts have, or an f-string that computes it."""
        keys = {run.key for run in runs}
        if len(keys) == 1:
            return Slot(keys.pop())
        template = runs[0].child.key
        parts: list[str] = []
        position = 0
        for match in _BRACES.finditer(template):
            inner = parse_expression(match[1], lambda _a, _b: NOWHERE)
            actual = [evaluated(inner, context.values) for context in self.symbols.contexts]
            text = expression_text(self.symbols.argument(inner, actual, [None]))
            parts += [template[position : match.start()], f"{{{text}}}"]
            position = match.end()
        return Slot('f"' + "".join([*parts, template[position:]]) + '"', dynamic=True)

    def _nested(self, runs: Sequence[BodyRun], slot: Slot) -> Piece:
        numbered = runs[0].body.kind != "mapping"
        container = "nn.ModuleList" if numbered else "nn.Module"
        if shared(self.structure.is_sequence(run) for run in runs):
            container = "nn.Sequential"
        return Nested(slot.key, container, self.body(runs), numbered, slot.dynamic)

    def _item(self, runs: Sequence[ItemRun], paths: Sequence[str], slot: Slot) -> list[Piece]:
        """Return the pieces of a line, which its condition may leave out of some contexts."""
        main = [i for i, run in enumerate(runs) if run.present]
        other = [run.alternative for run in runs if run.alternative is not None]
        if len(main) == len(runs):
            return self._present(runs, paths, slot)
        if len(other) == len(runs):
            return self._item(other, paths, slot)
        if not main and not other:
            return []
        if not main:
            raise NotUniformError
        return self._mixed(runs, main, paths, slot)

    def _mixed(
        self, runs: Sequence[ItemRun], main: list[int], paths: Sequence[str], slot: Slot
    ) -> list[Piece]:
        """Print a line that some contexts have and others have not, under its condition."""
        condition = runs[0].item.condition
        assert condition is not None
        test = self.symbols.argument(condition, [run.present for run in runs], first_inputs(runs))
        here = [runs[i] for i in main]
        pieces = self._subset(main)._present(
            here, [paths[i] for i in main], Slot(slot.key, False, slot.numbered)
        )
        if not holds_modules(here[0]):
            return []
        self._merge(runs, main)
        if not slot.numbered:
            return [_choice(pieces, test, self._otherwise(runs, paths, slot.key))]
        if any(run.alternative is not None for run in runs):
            raise NotUniformError
        return [Control(f"if {expression_text(test)}:", pieces)]

    def _merge(self, runs: Sequence[ItemRun], main: list[int]) -> None:
        """After a line that some contexts lack, keep the sizes that hold in all of them."""
        shapes = [run.value.type.shape for run in runs]
        kept = {
            dim: expression
            for dim, expression in self.symbols.dims(runs[main[0]].value).items()
            if all(dim < len(shape) for shape in shapes)
            and self.symbols.holds(expression, [shape[dim] for shape in shapes])
        }
        if kept:
            self.symbols.sizes.update({run.value.key: kept for run in runs})

    def _otherwise(self, runs: Sequence[ItemRun], paths: Sequence[str], key: str) -> Maker:
        """Return what stands in a line's place where its condition is false."""
        other = [i for i, run in enumerate(runs) if run.alternative is not None]
        if not other and key in self.optional:
            return "nn.Identity()"
        if not other or len(other) + sum(run.present for run in runs) != len(runs):
            raise NotUniformError
        alternatives = [run.alternative for run in runs if run.alternative is not None]
        pieces = self._subset(other)._item(alternatives, [paths[i] for i in other], Slot(key))
        return _only_maker(pieces)

    def _present(self, runs: Sequence[ItemRun], paths: Sequence[str], slot: Slot) -> list[Piece]:
        """Return the piece of a line that every context has."""
        contained = shared(is_container(r, path) for r, path in zip(runs, paths, strict=True))
        entries = self.makers.entries(runs)
        if contained:
            maker = self.makers.container(runs, entries)
            return [Made(slot.key, maker, dynamic=slot.dynamic)]
        if not entries:
            return []
        if slot.numbered:
            return _commented(entries, runs)
        (only,) = entries
        if isinstance(only, Copies):
            raise AssertionError("copies are a container's")
        return [replace(only, key=slot.key, dynamic=slot.dynamic)]


def _choice(pieces: Sequence[Piece], test: Expression, otherwise: Maker) -> Made:
    """Return a child as a conditional expression."""
    maker = _only_maker(pieces)
    (made,) = pieces
    if not isinstance(made, Made) or made.register:
        raise NotUniformError
    return replace(made, maker=Choice(maker, expression_text(test, 1), otherwise))


def _only_maker(pieces: Sequence[Piece]) -> Maker:
    """Return what makes the one child that a line has.

    Raises:
        NotUniformError: it has none, or several.
    """
    match pieces:
        case [Made(maker=maker)]:
            return maker
        case _:
            raise NotUniformError


def _commented(entries: Sequence[Made | Copies], runs: Sequence[ItemRun]) -> list[Piece]:
    """Return a line's entries, a single one with the line and what comes out."""
    match entries, runs:
        case [Made() as only], [run]:
            comment = f"line {run.item.span.line}: {run.value.type}"
            return [replace(only, comment=comment)]
        case _:
            return list(entries)
