"""The lines below a `return:` that always ends a block: they would never run."""

from archc.diagnostics import Code, RuleViolation
from archc.spec.mistakes import Mistakes
from archc.statements import Body, Child, Entry, If, Return, bodies_of


def check_lines_below_return(body: Body, mistakes: Mistakes) -> None:
    """Refuse the first line below a `return:`, in the own lines of a block or of the model.

    Children with lines of their own are left out: no `return:` belongs there. Of a line whose
    name is taken it is not said: it may begin another block.
    """
    for entry in body.entries:
        if not isinstance(entry, Child):
            for inner in bodies_of(entry):
                check_lines_below_return(inner, mistakes)
    ends = next((i for i, entry in enumerate(body.entries) if _always_returns(entry)), None)
    if ends is None or ends + 1 == len(body.entries):
        return
    below = body.entries[ends + 1].span
    if any(known.primary and known.primary.overlaps(below) for known in mistakes.found):
        return
    violation = RuleViolation(
        Code.SYNTAX,
        "no line below `return:` runs",
        notes=(f"what runs ends at line {body.entries[ends].span.line}",),
        help="put `return:` last, or take out the lines below it",
    )
    mistakes.refuse(violation, below)


def _always_returns(entry: Entry) -> bool:
    """Return whether nothing below an entry runs, whatever its conditions say."""
    if isinstance(entry, Return):
        return entry.condition is None or entry.otherwise is not None
    if not isinstance(entry, If) or entry.branches[-1][0] is not None:
        return False
    return all(any(map(_always_returns, body.entries)) for _, body in entry.branches)
