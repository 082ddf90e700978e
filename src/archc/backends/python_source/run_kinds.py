"""What a run comes to: a module, a container of several, a block in its one module's place."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from archc.diagnostics import Span
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    ItemRun,
    JoinRun,
    LetRun,
    Node,
    Operation,
    Reuse,
    Value,
)
from archc.layers.tensors import Buffer, Parameter

Unit = Operation | Instance | ItemRun | Reuse


class _HasInputs(Protocol):
    @property
    def inputs(self) -> tuple[Value, ...]: ...


def first_inputs(callers: Iterable[_HasInputs]) -> list[Value | None]:
    """Return the first input of each, None where there is none."""
    return [caller.inputs[0] if caller.inputs else None for caller in callers]


def is_module(node: Node) -> bool:
    """Return whether a node calls a module (a Parameter or a Buffer is none)."""
    operation = node.operation
    return (
        operation is not None
        and operation.is_module
        and not isinstance(operation, (Parameter, Buffer))
    )


def is_container(item: ItemRun, path: str) -> bool:
    """Return whether a line's modules lie below its own path as numbered children.

    `path` is the path of the body the line stands in: copies alone in a list are
    children of the list itself.
    """
    if item.alternative is not None:
        return is_container(item.alternative, path)
    below = any(place != item.path for run in item.stages for place in run.paths)
    return item.path != path and below


def is_transparent(instance: Instance) -> bool:
    """Return whether a block call has no module of its own: its one module stands in its place."""
    if not holds_modules(instance.body):
        return True
    item = one_line(instance)
    return item is not None and not is_container(item, "")


def one_line(instance: Instance) -> ItemRun | None:
    """Return the line of a block of one line, None for other blocks."""
    if instance.template.block.body.kind != "item":
        return None
    (entry,) = instance.body.entries
    if isinstance(entry, ChildRun) and isinstance(entry.content, ItemRun):
        run = entry.content
        return run.chosen
    return None


def holds_modules(run: BodyRun | ItemRun | EntryRun | None) -> bool:
    """Return whether any module was called in a run."""
    return next(_modules(run), None) is not None


def module_count(run: BodyRun) -> int:
    """Return how many lines of a run call modules."""
    return sum(1 for _ in _modules(run))


def bound_names(run: BodyRun | EntryRun) -> Iterator[str]:
    """Yield the names that loops and `let` bind in a run."""
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from bound_names(entry)
        case LetRun():
            yield run.statement.name
        case ForRun():
            yield from run.statement.targets.flat()
            for _, body in run.turns[:1]:
                yield from bound_names(body)
        case ChildRun(content=BodyRun() as body):
            yield from bound_names(body)
        case IfRun(body=BodyRun() as body) | JoinRun(body=body) | BranchRun(body=body):
            yield from bound_names(body)
        case _:
            return


def _modules(run: BodyRun | ItemRun | EntryRun | None) -> Iterator[bool]:
    match run:
        case BodyRun():
            for entry in run.entries:
                yield from _modules(entry)
        case ItemRun():
            if any(stage.paths for stage in run.stages):
                yield True
            yield from _modules(run.alternative)
        case ChildRun():
            yield from _modules(run.content)
        case ForRun():
            for _, body in run.turns:
                yield from _modules(body)
        case IfRun() | JoinRun() | BranchRun():
            yield from _modules(run.body)
        case _:
            return


def last_line(span: Span) -> int:
    """Return the last line that a span has a character of."""
    return span.end_line - (span.end_column == 1)
