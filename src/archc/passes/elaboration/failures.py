"""What a line that failed leaves behind: names whose readers are skipped in silence."""

from archc.diagnostics import Span
from archc.passes.elaboration.nodes import POISON
from archc.passes.elaboration.places import Container
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.scope import Binding, Record, Scope
from archc.statements import Child, Entry, For, Item, Join, Let, Return, bodies_of


def poison(entry: Entry, scope: Scope, container: Container) -> None:
    """Give every name a failed line would have set a poisoned value."""
    for name in _variables_of(entry):
        scope.variables[name] = Binding(POISON)
    if isinstance(entry, Child) and "{" in entry.key:
        scope.broken.add(entry.key)
    elif isinstance(entry, Child) and entry.key:
        container.children[entry.key] = poisoned(entry.span)
    if isinstance(entry, Return):
        scope.returned, scope.results = True, Results((POISON,))
    for body in bodies_of(entry):
        for inner in body.entries:
            poison(inner, scope, container)


def _variables_of(entry: Entry) -> tuple[str, ...]:
    """Return the variables that a line sets by itself."""
    match entry:
        case Child(content=Item(target=name)) | Join(target=name) if name:
            return (name,)
        case For(targets):
            return targets.flat()
        case Let(name):
            return (name,)
        case _:
            return ()


def poisoned(span: Span) -> Record:
    """Return what a name stands for that no value can be read by."""
    return Record(Results((POISON,)), None, span, "")
