"""The syntax tree of a body: the lines of a block or of the model, as written.

A body is a list, whose children are numbered, or a mapping, whose children are
named. Control lines are Python's statements and add nothing to a path.
"""

import re
from collections.abc import Iterator
from typing import cast

from msgspec.structs import astuple

from archc.diagnostics import Span
from archc.expressions.syntax import NOWHERE, Expression, Keyword, Name, Syntax


class LayerCall(Syntax, frozen=True):
    """A callee with its arguments; `arguments is None` marks a bare name."""

    callee: tuple[str, ...]
    arguments: tuple[Expression, ...] | None = None
    keywords: tuple[Keyword, ...] = ()
    span: Span = NOWHERE

    @property
    def name(self) -> str:
        """The callee as written: `resnet.Bottleneck`."""
        return ".".join(self.callee)


class Stage(Syntax, frozen=True):
    """One step of a chain: a call or a parenthesis, `factor` times over."""

    unit: "LayerCall | Item"
    factor: Expression | None = None
    span: Span = NOWHERE


class Item(Syntax, frozen=True):
    """One line: a chain of stages, where it takes its input, what it is called, whether it is.

    `text` is the line as written, for messages and comments.
    """

    stages: tuple[Stage, ...]
    sources: tuple[Expression, ...] = ()
    target: str = ""
    collects: bool = False
    condition: Expression | None = None
    otherwise: "Item | None" = None
    span: Span = NOWHERE
    text: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether this stands for a line that could not be read."""
        return not self.stages and not self.sources


class Targets(Syntax, frozen=True):
    """The names a `for` assigns: one name, or a nest of tuples of them."""

    names: tuple["str | Targets", ...]
    single: bool = False

    def flat(self) -> tuple[str, ...]:
        """Return every name, left to right."""
        return tuple(
            name
            for part in self.names
            for name in ((part,) if isinstance(part, str) else part.flat())
        )


class Child(Syntax, frozen=True):
    """A named or numbered child; `key` is empty in a list and may hold `{i}`.

    Of one that `is_doubled` the name is another child's too: it means neither of them.
    """

    key: str
    content: "Item | Body"
    span: Span = NOWHERE
    literal: bool = False
    is_doubled: bool = False


class For(Syntax, frozen=True):
    """`for targets in iterable:`."""

    targets: Targets
    iterable: Expression
    body: "Body"
    span: Span = NOWHERE
    text: str = ""


class If(Syntax, frozen=True):
    """`if …: elif …: else:`; the condition of the last branch may be None."""

    branches: tuple[tuple[Expression | None, "Body"], ...]
    span: Span = NOWHERE


class Join(Syntax, frozen=True):
    """`concat:`, `add:` or `mul:`: every entry is a branch from the same input."""

    operation: str
    keywords: tuple[Keyword, ...]
    target: str
    body: "Body"
    span: Span = NOWHERE
    collects: bool = False


class Branch(Syntax, frozen=True):
    """`branch:` under a join: one branch of several lines whose children keep flat names."""

    body: "Body"
    span: Span = NOWHERE


class Let(Syntax, frozen=True):
    """`let name: value`."""

    name: str
    value: Expression
    span: Span = NOWHERE


class Assert(Syntax, frozen=True):
    """`assert: condition`."""

    condition: Expression
    span: Span = NOWHERE


class Return(Syntax, frozen=True):
    """`return: tensor, … [if condition [else tensor]]`; `names` where results are named."""

    values: tuple[Expression, ...]
    names: tuple[str, ...] = ()
    condition: Expression | None = None
    otherwise: Expression | None = None
    span: Span = NOWHERE


class Declare(Syntax, frozen=True):
    """`declare: [names]`: the order of registration, where it is not the page's."""

    names: tuple[Name, ...]
    span: Span = NOWHERE


Statement = For | If | Join | Branch | Let | Assert | Return | Declare
Entry = Child | Statement


class Body(Syntax, frozen=True):
    """The lines of a block, of the model, of a child or under a control line.

    `kind` is `list`, `mapping` or `item` (one line standing alone).
    """

    kind: str
    entries: tuple[Entry, ...]
    span: Span = NOWHERE

    @property
    def is_broken(self) -> bool:
        """Whether this stands for lines that could not be read."""
        match self.entries:
            case (Child("", Item() as item),):
                return self.kind == "item" and item.is_broken
            case _:
                return False


class Argument(Syntax, frozen=True):
    """A parameter of a block; `default` is None where it must be given."""

    name: str
    default: Expression | None = None
    variadic: bool = False
    span: Span = NOWHERE


class Block(Syntax, frozen=True):
    """A block's definition: its name, its parameters, its inputs and its lines."""

    name: str
    arguments: tuple[Argument, ...]
    inputs: tuple[str, ...]
    body: Body
    span: Span = NOWHERE


def bodies_of(entry: Entry) -> tuple[Body, ...]:
    """Return the bodies that stand under a line."""
    match entry:
        case Child(content=Body() as body):
            return (body,)
        case Join() | For() | Branch():
            return (entry.body,)
        case If(branches):
            return tuple(body for _, body in branches)
        case _:
            return ()


def lines_of(body: Body) -> range:
    """Return the numbers of the lines that a body stands on."""
    inner = [part for entry in body.entries for part in map(lines_of, bodies_of(entry)) if part]
    spans = [entry.span for entry in body.entries]
    ends = [*(span.end_line for span in spans), *(part.stop - 1 for part in inner)]
    return range(min((span.line for span in spans), default=0), max(ends, default=-1) + 1)


_WORD = re.compile(r"[A-Za-z_]\w*")


def words(part: object) -> Iterator[str]:
    """Yield every word below a part of the syntax tree: what it calls, reads and names."""
    if isinstance(part, str):
        yield from _WORD.findall(part)
    elif isinstance(part, tuple):
        for inner in cast("tuple[object, ...]", part):
            yield from words(inner)
    elif isinstance(part, Syntax):
        yield from words(astuple(part))
