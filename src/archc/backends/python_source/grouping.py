"""Telling instances apart: what their constructors share, and which block comes first."""

from collections.abc import Sequence

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


def fingerprint(instance: Instance) -> str:
    """Return what tells two instances' constructors apart: structure, arguments, sizes."""
    arguments = repr(sorted((k, str(v)) for k, v in instance.arguments.items()))
    inputs = " ".join(str(value.type) for value in instance.inputs)
    return f"{arguments} {inputs} {_outline(instance.body)}"


def _outline(run: BodyRun | ItemRun | EntryRun | None) -> str:
    match run:
        case BodyRun():
            return "(" + "".join(map(_outline, run.entries)) + ")"
        case ChildRun():
            return _outline(run.content)
        case ItemRun():
            return f"{int(run.present)}{[len(s.units) for s in run.stages]}"
        case ForRun():
            return f"f{len(run.turns)}" + "".join(_outline(body) for _, body in run.turns)
        case IfRun():
            return f"i{run.chosen}{_outline(run.body)}"
        case JoinRun() | BranchRun():
            return _outline(run.body)
        case _:
            return ""


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
