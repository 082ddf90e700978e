"""Shortcuts that take the line above, which is what they are added to: their `from` is lost."""

from collections.abc import Iterator

from archc.diagnostics import Code, Diagnostic
from archc.functions.arithmetic import Add
from archc.ir.graph import Graph
from archc.ir.runs import ChildRun, Instance, ItemRun, Node, Value, lines_in
from archc.passes.elaboration.advice_on_names import SHORTCUT
from archc.passes.elaboration.meetings import Operand, way_to
from archc.passes.warnings.wording import row, warning


def lost_sources(graph: Graph) -> Iterator[Diagnostic]:
    """Yield a warning for each shortcut that is added to the very line it is computed from.

    So it is where the input of its block would fit as well.
    """
    for instance in graph.instances():
        for key, run in _shortcuts(instance):
            main, value = run.inputs[0], run.values[0]
            name = _fitting_input(main, value, instance)
            added = next((node for node in graph.nodes if _adds(node, main, value)), None)
            if not name or added is None:
                continue
            line = _name_of(main, instance)
            yield warning(
                Code.LOST_SOURCE,
                value.node,
                f"`{key}` has no `from`: it takes the line above, `{line}`, and is added to it",
                operands=(row(line, main), row(key, value)),
                help=f"write `{key}: … from {name}`",
            )


def _shortcuts(instance: Instance) -> Iterator[tuple[str, ItemRun]]:
    """Yield the lines of a block that are called like a shortcut and say no `from`."""
    for line in lines_in(instance.body):
        match line:
            case ChildRun(_, key, _, ItemRun(present=True) as run):
                if SHORTCUT.fullmatch(key) and run.inputs and not run.item.sources:
                    yield key, run
            case _:
                pass


def _fitting_input(main: Value, value: Value, instance: Instance) -> str:
    """Return an input of the block that a shortcut could take as well; empty for none."""
    way = way_to(Operand("", value), main)
    for name, given in zip(instance.template.block.inputs, instance.inputs, strict=True):
        if given.key == main.key:
            return ""
        if way is not None and way.nodes and way.end({}, given.type) == value.type:
            return name
    return ""


def _adds(node: Node, main: Value, value: Value) -> bool:
    keys = {given.key for given in node.inputs}
    return isinstance(node.operation, Add) and {main.key, value.key} <= keys


def _name_of(value: Value, instance: Instance) -> str:
    """Return what the line is called that made a tensor."""
    for line in lines_in(instance.body):
        if isinstance(line, ChildRun) and any(made.key == value.key for made in line.values):
            return line.key
    return value.node.path
