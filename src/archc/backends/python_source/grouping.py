"""Telling instances apart: what their constructors share, and which block comes first."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from archc.backends.python_source.run_kinds import Unit
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
)


def optional_children(instances: Sequence[Instance]) -> frozenset[str]:
    """Return the named lines that some instances have and in others pass their input on."""
    present: set[str] = set()
    absent: set[str] = set()
    for instance in instances:
        for run in _named_lines(instance.body):
            item = run.content
            assert isinstance(item, ItemRun)
            plain = len(item.item.stages) == 1 and item.item.otherwise is None
            if item.present and plain:
                present.add(run.key)
            elif not item.present:
                absent.add(run.key)
    return frozenset(present & absent)


def _named_lines(body: BodyRun) -> list[ChildRun]:
    found: list[ChildRun] = []
    for entry in body.entries:
        match entry:
            case ChildRun(content=ItemRun(), key=key) if key and body.body.kind == "mapping":
                found.append(entry)
            case JoinRun() | BranchRun():
                found += _named_lines(entry.body)
            case _:
                pass
    return found


KindOf = Callable[[Unit], str]
"""Names what a unit of a line is: a layer's class, a block's."""


def parts(instances: Sequence[Instance], kind_of: KindOf) -> list[list[Instance]]:
    """Split instances whose constructors are no one text into groups whose may be, else singles.

    First by the layers and classes that stand on the same line, then by which lines are there,
    then by their arguments and sizes too.
    """
    compatible = _of_equal_kinds(instances, kind_of)
    if len(compatible) > 1:
        return compatible
    for trait in (partial(_outline, kind_of), partial(_fingerprint, kind_of)):
        groups: dict[str, list[Instance]] = {}
        for instance in instances:
            groups.setdefault(trait(instance), []).append(instance)
        if len(groups) > 1:
            return list(groups.values())
    return [[instance] for instance in instances]


def _of_equal_kinds(instances: Sequence[Instance], kind_of: KindOf) -> list[list[Instance]]:
    """Group instances in which no line calls one class here and another there."""
    groups: list[tuple[dict[str, str], list[Instance]]] = []
    for instance in instances:
        kinds = dict(_kinds(instance.body, kind_of, ""))
        for known, group in groups:
            if all(known.get(place, kind) == kind for place, kind in kinds.items()):
                known.update(kinds)
                group.append(instance)
                break
        else:
            groups.append((kinds, [instance]))
    return [group for _, group in groups]


def _kinds(
    run: BodyRun | ItemRun | EntryRun | None, kind_of: KindOf, place: str
) -> Iterator[tuple[str, str]]:
    """Yield the place of each unit of a run, and what it is."""
    match run:
        case BodyRun():
            for index, entry in enumerate(run.entries):
                yield from _kinds(entry, kind_of, f"{place}.{index}")
        case ChildRun():
            yield from _kinds(run.content, kind_of, place)
        case ItemRun():
            units = [unit for stage in run.stages for unit in stage.units]
            for index, unit in enumerate(units):
                if isinstance(unit, ItemRun):
                    yield from _kinds(unit, kind_of, f"{place}/{index}")
                else:
                    yield f"{place}/{index}", kind_of(unit)
        case ForRun():
            for turn, (_, body) in enumerate(run.turns):
                yield from _kinds(body, kind_of, f"{place}:{turn}")
        case IfRun() | JoinRun() | BranchRun():
            yield from _kinds(run.body, kind_of, place)
        case _:
            return


def _fingerprint(kind_of: KindOf, instance: Instance) -> str:
    arguments = repr(sorted((k, str(v)) for k, v in instance.arguments.items()))
    inputs = " ".join(str(value.type) for value in instance.inputs)
    return f"{arguments} {inputs} {_outline(kind_of, instance)}"


def _outline(kind_of: KindOf, instance: Instance) -> str:
    return "".join(_traits(instance.body, kind_of))


def _traits(run: BodyRun | ItemRun | EntryRun | None, kind_of: KindOf) -> Iterator[str]:
    """Yield what stands on the lines of a run, with the nesting of loops and bodies."""
    match run:
        case BodyRun():
            yield "("
            for entry in run.entries:
                yield from _traits(entry, kind_of)
            yield ")"
        case ChildRun():
            yield from _traits(run.content, kind_of)
        case ItemRun():
            yield "1" if run.present else "0"
            for stage in run.stages:
                yield f"{len(stage.units)}"
                for unit in stage.units:
                    nested = isinstance(unit, ItemRun)
                    yield from _traits(unit, kind_of) if nested else [kind_of(unit)]
            yield from _traits(run.alternative, kind_of)
        case ForRun():
            yield f"f{len(run.turns)}"
            for _, body in run.turns:
                yield from _traits(body, kind_of)
        case IfRun():
            yield f"i{run.chosen}"
            yield from _traits(run.body, kind_of)
        case JoinRun() | BranchRun():
            yield from _traits(run.body, kind_of)
        case _:
            return


def callees_first(by_template: dict[int, list[Instance]]) -> list[list[Instance]]:
    """Order templates so that a block comes before every block that calls it."""
    calls: dict[int, set[int]] = {key: set() for key in by_template}
    for key, instances in by_template.items():
        for instance in instances:
            caller = instance.caller
            while caller is not None:
                if id(caller.template) in calls and id(caller.template) != key:
                    calls[id(caller.template)].add(key)
                caller = caller.caller
    ordered: list[int] = []

    def visit(key: int) -> None:
        if key in ordered:
            return
        for callee in sorted(calls[key], key=list(by_template).index, reverse=True):
            visit(callee)
        ordered.append(key)

    for key in reversed(list(by_template)):
        visit(key)
    return [by_template[key] for key in ordered]
