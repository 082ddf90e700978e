"""What the parts that run a block share."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archc.diagnostics import Span
from archc.ir.runs import Instance
from archc.passes.elaboration.scope import FileScope

if TYPE_CHECKING:
    from archc.passes.elaboration.blocks import BlockRunner


class Variables:
    """The variables that lines define and read, over all instances of a block."""

    def __init__(self) -> None:
        self.defined: dict[Span, str] = {}
        self.contents: dict[Span, Span] = {}
        """Where the value of a `let` stands, whose own place is its name alone."""
        self.read: set[Span] = set()
        self.declared: list[tuple[str, tuple[str, ...]]] = []
        self.imported: list[tuple[Instance, FileScope]] = []
        """The imported models that ran, each with the file its own rules speak of."""

    @contextmanager
    def on_trial(self) -> Generator[None]:
        """Undo what is appended while it runs."""
        imported, declared = len(self.imported), len(self.declared)
        try:
            yield
        finally:
            del self.imported[imported:], self.declared[declared:]


class Part:
    """One part of running a block: it reaches the other parts through the runner."""

    __slots__ = ("builder", "evaluator", "runner", "scope", "variables")

    def __init__(self, runner: "BlockRunner") -> None:
        self.runner = runner
        self.scope = runner.scope
        self.builder = runner.builder
        self.variables = runner.variables
        self.evaluator = runner.evaluator
