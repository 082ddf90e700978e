"""What is asked of a document: a variant, parameters, input sizes, limits, what it imports."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from archc.diagnostics import Diagnostic
from archc.expressions.values import Constant
from archc.layers.base import Layer
from archc.passes.elaboration.nodes import MAX_NODES
from archc.spec.model import Document


class Request(Struct, frozen=True, kw_only=True):
    """What to make of a document: a variant, parameters, input sizes, limits.

    `imported` holds the documents of `import:` by alias; `mistakes` says of others why they are
    not there, and of parameters why their values are none.
    """

    variant: str | None = None
    parameters: Mapping[str, Constant] = field(default_factory=dict[str, Constant])
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    max_nodes: int = MAX_NODES
    training: bool = False
    """Whether lines that only training needs must fit the inputs."""
    imported: "Mapping[str, Imported]" = field(default_factory=dict[str, "Imported"])
    mistakes: tuple[Diagnostic, ...] = ()
    ops: Mapping[str, type[Layer]] = field(default_factory=dict[str, type[Layer]])
    """Python layers that the caller permits, by their name in the spec or by `module:Class`."""
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    """The options of a command line by what they set: `params.width`, `inputs.image`, `variant`."""


class Imported(Struct, frozen=True):
    """A document that another imports, with its own imports."""

    document: Document
    block: str = ""
    imported: "Mapping[str, Imported]" = field(default_factory=dict[str, "Imported"])
