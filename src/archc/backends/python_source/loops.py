"""Writing a loop of `__init__`: as a loop, as one with a running size, or turn by turn."""

from collections.abc import Callable, Mapping, Sequence

from archc.backends.python_source.pieces import Control, Copies, Local, Made, Piece, words
from archc.backends.python_source.symbols import (
    Context,
    NotUniformError,
    Symbols,
    flow_size,
    is_plain,
    literal,
    shared,
)
from archc.backends.python_source.vocabulary import Vocabulary
from archc.expressions.printing import expression_text
from archc.expressions.syntax import Call, Display, Expression, Name, names
from archc.expressions.values import Constant, is_list
from archc.ir.runs import BodyRun, ForRun, Value
from archc.statements import Targets

WriteBody = Callable[[Vocabulary, Sequence[BodyRun]], list[Piece]]


def loop_pieces(
    runs: Sequence[ForRun], vocabulary: Vocabulary, write_body: WriteBody
) -> list[Piece]:
    """Return a loop as a loop; with a running size where it needs one; else turn by turn.

    A loop of one turn wherever it runs is its lines, and so is one through tensors, which
    `__init__` has not.
    """
    loop = _Loop(runs, vocabulary, write_body)
    if any(_holds_tensors(bound) for run in runs for bound, _ in run.turns):
        return loop.unrolled()
    once = all(len(run.turns) == 1 for run in runs)
    for attempt in (*([loop.unrolled] if once else []), loop.plain, loop.running):
        try:
            return attempt()
        except NotUniformError:
            continue
    return loop.unrolled()


class _Loop:
    """One loop in all contexts; `owners` are the contexts of all its turns, in order."""

    def __init__(
        self, runs: Sequence[ForRun], vocabulary: Vocabulary, write_body: WriteBody
    ) -> None:
        self.runs = runs
        self.vocabulary = vocabulary
        self.symbols = vocabulary.symbols
        self.write_body = write_body
        self.owners = [i for i, run in enumerate(runs) for _ in run.turns]
        self.bodies = [body for run in runs for _, body in run.turns]
        self.targets = runs[0].statement.targets

    def plain(self) -> list[Piece]:
        """Return the loop as it was written."""
        symbols = self._inner_symbols()
        pieces = self.write_body(self.vocabulary.over(symbols), self.bodies)
        head = self._head(pieces)
        self.symbols.sizes.update(symbols.sizes)
        self._forget_own_names(symbols)
        return [_copies(head, pieces) or Control(head, pieces)]

    def running(self) -> list[Piece]:
        """Return a loop that carries the size its layers infer from in a variable."""
        first = self.bodies[0].flow
        if first is None:
            raise NotUniformError
        dim = 1 if len(first.type.shape) > 2 else -1
        name = "in_channels" if dim == 1 else "in_features"
        symbols = self._inner_symbols()
        for context, body in zip(symbols.contexts, self.bodies, strict=True):
            context.local[name] = flow_size(body.flow, dim)
            assert body.flow is not None
            symbols.sizes[body.flow.key] = {dim % len(body.flow.type.shape): Name(name)}
        pieces = self.write_body(self.vocabulary.over(symbols), self.bodies)
        pieces += self._update(symbols, name, dim)
        head = self._head(pieces)
        return [*self._start(name, dim), Control(head, pieces)]

    def unrolled(self) -> list[Piece]:
        """Return each turn of the loop by itself."""
        pieces: list[Piece] = []
        names = {n: e for n, e in self.symbols.names.items() if n not in self.targets.flat()}
        for turn in range(shared(len(run.turns) for run in self.runs)):
            contexts = [
                context.extended(run.turns[turn][0], {})
                for context, run in zip(self.symbols.contexts, self.runs, strict=True)
            ]
            inner = self.vocabulary.over(Symbols(contexts, names, self.symbols.sizes), top=True)
            pieces += self.write_body(inner, [run.turns[turn][1] for run in self.runs])
        return pieces

    def _inner_symbols(self) -> Symbols:
        bindings = [dict(bound) for run in self.runs for bound, _ in run.turns]
        contexts: list[Context] = [
            self.symbols.contexts[owner].extended(bound, bound)
            for owner, bound in zip(self.owners, bindings, strict=True)
        ]
        names = {**self.symbols.names, **{name: Name(name) for name in self.targets.flat()}}
        return Symbols(contexts, names, dict(self.symbols.sizes))

    def _head(self, pieces: Sequence[Piece]) -> str:
        """Return `for width in widths:`; a name that no piece reads is `_`."""
        statement = self.runs[0].statement
        actual = [
            tuple(_bound_item(self.targets, bound) for bound, _ in run.turns) for run in self.runs
        ]
        iterable = self.symbols.argument(statement.iterable, actual, [None])
        targets = self.targets
        if not names(iterable) and not _is_range(iterable):
            self.symbols.constant(actual)
            targets, rows = _plain_columns(targets, actual[0])
            iterable = literal(rows)
        return f"for {_targets_text(targets, words(pieces))} in {_iterable_text(iterable)}:"

    def _forget_own_names(self, symbols: Symbols) -> None:
        """Forget the loop's result sizes that are written in the loop's own variables."""
        own = set(symbols.names) - set(self.symbols.names)
        if self.bodies[-1].value is None:
            return
        for body in self.bodies:
            if body.value is not None and body.value.key in symbols.sizes:
                dims = symbols.sizes[body.value.key]
                kept = {d: e for d, e in dims.items() if not names(e) & own}
                self.symbols.sizes[body.value.key] = kept

    def _update(self, symbols: Symbols, name: str, dim: int) -> list[Piece]:
        """Return the line that sets the running size for the next turn, if it changes."""
        leaving = [flow_size(body.value, dim) for body in self.bodies]
        update = symbols.size(leaving, self.bodies[-1].value, dim)
        return [Local(name, expression_text(update))] if update != Name(name) else []

    def _start(self, name: str, dim: int) -> list[Piece]:
        """Set the running size before the loop and know its value after it."""
        first = [run.turns[0][1].flow if run.turns else None for run in self.runs]
        if any(flow is None for flow in first):
            raise NotUniformError
        entering = [flow_size(flow, dim) for flow in first]
        start = self.vocabulary.sized(name, entering, first[0], dim)
        for context, run in zip(self.symbols.contexts, self.runs, strict=True):
            last = run.turns[-1][1].value
            context.local[name] = flow_size(last, dim)
            assert last is not None
            self.symbols.sizes[last.key] = {dim % len(last.type.shape): Name(name)}
        return [] if start == Name(name) else [Local(name, expression_text(start))]


def _copies(head: str, pieces: Sequence[Piece]) -> Copies | None:
    """Return what a loop puts into a list that makes one module a turn; None for any other loop."""
    match pieces:
        case [Made(key="", comment="", register="") as only]:
            return Copies(only.maker, head.removeprefix("for ").removesuffix(":"))
        case _:
            return None


def _holds_tensors(bound: Mapping[str, Constant]) -> bool:
    """Return whether a turn's names stand for tensors."""
    return any(isinstance(value, Value) for value in bound.values())


def _bound_item(targets: Targets, bound: Mapping[str, Constant]) -> Constant:
    """Return the list item that a turn's names came from."""
    parts = [bound[t] if isinstance(t, str) else _bound_item(t, bound) for t in targets.names]
    return parts[0] if targets.single else tuple(parts)


def _plain_columns(
    targets: Targets, rows: tuple[Constant, ...]
) -> tuple[Targets, tuple[Constant, ...]]:
    """Return a table without the columns that hold layers: the pieces name those themselves.

    Raises:
        NotUniformError: no column is left.
    """
    if all(map(_is_writable, rows)):
        return targets, rows
    lists = [row for row in rows if is_list(row)]
    columns = range(0 if targets.single else len(targets.names))
    kept = [i for i in columns if all(_is_writable(row[i]) for row in lists)]
    match kept:
        case []:
            raise NotUniformError
        case [only]:
            alone = targets.names[only]
            names = Targets((alone,), single=True) if isinstance(alone, str) else alone
            return names, tuple(row[only] for row in lists)
        case _:
            names = Targets(tuple(targets.names[i] for i in kept))
            return names, tuple(tuple(row[i] for i in kept) for row in lists)


def _is_writable(value: Constant) -> bool:
    return value is None or is_plain(value)


def _targets_text(targets: Targets, read: frozenset[str]) -> str:
    """Return the names a loop assigns; `_` stands for one that is not read."""
    parts: list[str] = []
    for part in targets.names:
        if isinstance(part, Targets):
            parts.append(f"({_targets_text(part, read)})")
        else:
            parts.append(part if part in read else "_")
    return ", ".join(parts) + ("," if len(parts) == 1 and not targets.single else "")


def _is_range(iterable: Expression) -> bool:
    return isinstance(iterable, Call) and iterable.function == "range"


def _iterable_text(iterable: Expression) -> str:
    if isinstance(iterable, Display):
        return expression_text(Display(iterable.items, "[]"))
    return expression_text(iterable)
