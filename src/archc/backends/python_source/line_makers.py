"""What makes the modules of a line: its stages, their copies, blocks and parentheses in them."""

from collections.abc import Sequence

from msgspec import Struct

from archc.backends.python_source.block_calls import BlockCall, PlanOf
from archc.backends.python_source.layer_arguments import LayerTexts
from archc.backends.python_source.layer_calls import layer_call
from archc.backends.python_source.pieces import Copies, Held, Made, Maker, held
from archc.backends.python_source.run_kinds import Unit, is_container, is_transparent, one_line
from archc.backends.python_source.structure import Structure
from archc.backends.python_source.symbols import Context, NotUniformError, Symbols, shared
from archc.backends.python_source.vocabulary import Vocabulary
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Name
from archc.ir.runs import Instance, ItemRun, Operation, StageRun
from archc.layers.tensors import Buffer, Parameter


class LineMakers(Struct, frozen=True):
    """Makes the entries of lines in all contexts; `plan_of` gives the class of a block call."""

    vocabulary: Vocabulary
    structure: Structure
    plan_of: PlanOf
    layer_texts: LayerTexts

    def over(self, symbols: Symbols, top: bool = False) -> "LineMakers":
        """Return the same over other contexts."""
        vocabulary = self.vocabulary.over(symbols, top)
        return LineMakers(vocabulary, self.structure, self.plan_of, self.layer_texts)

    def entries(self, runs: Sequence[ItemRun]) -> list[Made | Copies]:
        """Return what the stages of a line make, in order."""
        entries: list[Made | Copies] = []
        for position in range(shared(len(run.stages) for run in runs)):
            entries += self._stage([run.stages[position] for run in runs])
        return entries

    def container(self, runs: Sequence[ItemRun], entries: Sequence[Made | Copies]) -> Held:
        """Return the container of a line with several modules."""
        sequence = shared(self.structure.is_sequence(run) for run in runs)
        return held("nn.Sequential" if sequence else "nn.ModuleList", entries)

    def _stage(self, runs: Sequence[StageRun]) -> list[Made | Copies]:
        counts = [len(run.units) for run in runs]
        if not any(run.paths for run in runs):
            return []
        if runs[0].stage.factor is not None and max(counts) > 1:
            return self._copies(runs, counts)
        if not all(counts):
            raise NotUniformError
        units = [run.units[0] for run in runs]
        return [Made("", self._unit(units), register=_registration(units[0]))]

    def _copies(self, runs: Sequence[StageRun], counts: list[int]) -> list[Made | Copies]:
        """Return `[X for _ in range(n)]`, or each copy alone where they differ."""
        factor = runs[0].stage.factor
        assert factor is not None
        chosen = [(i, unit) for i, run in enumerate(runs) for unit in run.units]
        over = self.over(self.vocabulary.symbols.subset([i for i, _ in chosen]))
        try:
            maker = over._unit([unit for _, unit in chosen])
            count = self.vocabulary.symbols.argument(factor, counts, [None])
            return [Copies(maker, f"_ in range({expression_text(count)})")]
        except NotUniformError:
            if len(set(counts)) != 1:
                raise
        return [
            Made("", self._unit([run.units[position] for run in runs]))
            for position in range(counts[0])
        ]

    def _unit(self, units: Sequence[Unit]) -> Maker:
        """Return the constructor call of a layer, a block or a parenthesis."""
        shared(type(unit) for unit in units)
        match units[0]:
            case Operation():
                operations = [u for u in units if isinstance(u, Operation)]
                given = self._given_layer(operations)
                return given or layer_call(operations, self.vocabulary, self.structure.overwriting)
            case Instance():
                return self._block([u for u in units if isinstance(u, Instance)])
            case ItemRun():
                return self._parenthesis([u for u in units if isinstance(u, ItemRun)])
            case _:
                raise AssertionError("a child that is applied again makes nothing")

    def _given_layer(self, units: Sequence[Operation]) -> str:
        """Return the call of the parameter that stands for a layer; empty for another layer."""
        call, symbols = units[0].call, self.vocabulary.symbols
        name = symbols.names.get(call.name) if call is not None else None
        if not isinstance(name, Name) or any(unit.call != call for unit in units):
            return ""
        texts = [self.layer_texts.text(unit) for unit in units]
        return f"{name.identifier}()" if all(texts) and symbols.holds(name, texts) else ""

    def _parenthesis(self, runs: Sequence[ItemRun]) -> Maker:
        runs = [run.chosen for run in runs]
        shared(id(run.item) for run in runs)
        if any(not run.present for run in runs):
            raise NotUniformError
        entries = self.entries(runs)
        if shared(is_container(run, "") for run in runs):
            return self.container(runs, entries)
        return _only(entries)

    def _block(self, instances: Sequence[Instance]) -> Maker:
        call = BlockCall(instances, self.vocabulary)
        if shared(is_transparent(instance) for instance in instances):
            return self._transparent(instances, call)
        return call.text(self.plan_of)

    def _transparent(self, instances: Sequence[Instance], call: BlockCall) -> Maker:
        """Return the one module of a block that stands in its place."""
        symbols = self.vocabulary.symbols
        items = [one_line(instance) for instance in instances]
        contexts = [
            Context({**context.values, **instance.arguments}, context.local)
            for context, instance in zip(symbols.contexts, instances, strict=True)
        ]
        inner = self.over(Symbols(contexts, call.names_inside(), symbols.sizes), top=True)
        return _only(inner.entries([item for item in items if item is not None]))


def _only(entries: Sequence[Made | Copies]) -> Maker:
    """Return the one module that a line makes.

    Raises:
        NotUniformError: it makes another number of them.
    """
    match entries:
        case [Made(maker=maker)]:
            return maker
        case _:
            raise NotUniformError


def _registration(unit: Unit) -> str:
    """Return how a tensor of the module's own is registered; empty for a module."""
    operation = unit.node.operation if isinstance(unit, Operation) else None
    if isinstance(operation, Buffer):
        return "buffer" if operation.persistent else "transient"
    return "parameter" if isinstance(operation, Parameter) else ""
