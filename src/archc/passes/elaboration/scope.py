"""What a name means while a block runs: its variables, its children, its file."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from msgspec import Struct, field
from msgspec.structs import replace

from archc.diagnostics import Span
from archc.expressions.syntax import NOWHERE
from archc.expressions.values import is_constant
from archc.ir.runs import BodyRun, Instance, ItemRun, Template, Value
from archc.layers.base import Layer
from archc.passes.elaboration.nodes import POISON
from archc.passes.elaboration.results import Results
from archc.shapes import Batch
from archc.spec.model import Document

STAGE_INPUTS = frozenset({"in_channels", "in_features", "in_shape"})


class FileScope(Struct, frozen=True):
    """What every block of one file sees: its parameters, its blocks, its imports."""

    file: str
    parameters: Mapping[str, Any]
    blocks: Mapping[str, Template]
    imports: Mapping[str, "FileScope"] = field(default_factory=dict[str, "FileScope"])
    letters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    document: Document | None = None
    model: Template | None = None
    homes: Mapping[str, "FileScope"] = field(default_factory=dict[str, "FileScope"])
    """Imported blocks by name → the file whose names they see."""
    python: Mapping[str, type[Layer] | None] = field(
        default_factory=dict[str, "type[Layer] | None"]
    )
    """Python layers by name; None where the caller has not permitted one."""
    unread: frozenset[str] = frozenset()
    """Names that the file gives but whose meaning could not be read."""
    is_partial: bool = False
    """Whether the file may give names that could not be read; an unknown one is silent."""

    def with_parameters(self, values: Mapping[str, Any], lost: frozenset[str]) -> "FileScope":
        """Return the scope with its parameters bound; what reads a lost one is skipped."""
        return replace(self, parameters=values, unread=self.unread | lost)

    def with_blocks(
        self, blocks: Mapping[str, Template], homes: Mapping[str, "FileScope"]
    ) -> "FileScope":
        """Return the scope with blocks of other files, each with the file whose names it sees."""
        return replace(self, blocks={**self.blocks, **blocks}, homes={**self.homes, **homes})


class Record(Struct, eq=False):
    """A child as names see it: its values, what ran, what lies inside.

    `nodes` are the numbers of the nodes that ran in it; those of its `from` are none of them.
    """

    results: Results
    content: ItemRun | BodyRun | None
    span: Span
    text: str
    children: "dict[str, Record]" = field(default_factory=dict[str, "Record"])
    absent: bool = False
    nodes: range = range(0)

    @property
    def value(self) -> Value:
        """The first result."""
        return self.results.first


class Binding(Struct, eq=False):
    """A variable: its value and the line that set it.

    `results` are those of a line that `as` or `let` names, where there are several.
    """

    value: Any
    span: Span = NOWHERE
    results: Results | None = None

    def copied(self) -> "Binding":
        """Return the variable as it is now; a collection may grow."""
        return Binding(list(self.value), self.span) if is_collection(self.value) else self


def is_collection(value: object) -> TypeGuard[list[Value]]:
    """Return whether a variable's value is what `name[]` gathers."""
    return isinstance(value, list)


class Scope:
    """The names of one running block."""

    def __init__(self, file: FileScope, instance: Instance) -> None:
        self.file = file
        self.instance = instance
        self.variables: dict[str, Binding] = {}
        self.frames: list[dict[str, Record]] = [{}]
        self.places = [instance.path]
        self.results = Results(())
        """What the block returns, once a `return:` has run."""
        self.returned = False
        self.broken: set[str] = set()
        """Keys with `{…}` parts of lines that failed: what they would name is not known."""

    def function_path(self, name: str) -> str:
        """Return the path of a function: the body it stands in, then its name."""
        return f"{self.places[-1]}.{name}" if self.places[-1] else name

    def child(self, name: str) -> Record | None:
        """Return the child of this name, the innermost body's first."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return None

    def constants(self) -> dict[str, Any]:
        """Return every variable and parameter that is no tensor."""
        values: dict[str, Any] = dict(self.file.parameters)
        values |= {name: binding.value for name, binding in self.variables.items()}
        return {name: value for name, value in values.items() if is_constant(value)}

    def plain_names(self) -> list[str]:
        """Return the names that no tensor has: of parameters, variables and sizes."""
        tensors = self.instance.template.block.inputs
        held = {name: binding.value for name, binding in self.variables.items()}
        plain = [n for n, v in held.items() if is_constant(v) or (v is POISON and n not in tensors)]
        sizes = [n for n, size in self.file.letters.items() if not isinstance(size, Batch)]
        return [*plain, *self._parameters(), *sizes]

    def _parameters(self) -> list[str]:
        """Return the names of the file's parameters, those that have no value too."""
        declared = self.file.document.parameters if self.file.document is not None else ()
        return [*dict.fromkeys((*self.file.parameters, *declared))]

    def known(self) -> list[str]:
        """Return every name that can be read here, for a suggestion."""
        children = [name for frame in self.frames for name in frame]
        return [*children, *self.variables, *self._parameters(), *self.file.letters]


def is_plain(value: Any) -> bool:
    """Return whether a value is a constant or the batch letter."""
    return is_constant(value) or isinstance(value, Batch)
