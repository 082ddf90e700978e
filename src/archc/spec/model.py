"""The document: a spec as a syntax tree, every field of the right kind."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, Field

from archc.diagnostics import Diagnostic, Span
from archc.expressions.syntax import NOWHERE, Expression, Syntax
from archc.statements import Block, Body, LayerCall

DTYPES = (
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
)
ParameterKind = Literal["int", "float", "bool", "str", "list", "layer"]


class Declaration(BaseModel):
    """One entry of `params`: its default, its kind and its range."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    default: Any
    type: ParameterKind | None = None
    choices: tuple[Any, ...] | None = None
    min: int | float | None = None
    max: int | float | None = None
    help: str = ""


class Figures(BaseModel):
    """What a paper or a published model says of a network."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    source: str = ""
    parameters: int | None = Field(default=None, ge=0)
    macs: int | str | None = None
    shapes: dict[str, list[int | str]] = {}


class Expectation(Figures):
    """The contract with the paper; figures of a mode or a variant stand beside the general ones."""

    eval: Figures | None = None
    train: Figures | None = None
    variants: dict[str, "Expectation"] = {}


class Dimension(Syntax, frozen=True):
    """One entry of an input's shape: a free letter, a size, or a letter with its default."""

    letter: str = ""
    size: Expression | None = None
    span: Span = NOWHERE


class Input(Syntax, frozen=True):
    """One input of the model."""

    name: str
    dtype: str
    dimensions: tuple[Dimension, ...]
    span: Span = NOWHERE


class Output(Syntax, frozen=True):
    """One entry of `outputs`."""

    name: str
    value: Expression
    condition: Expression | None = None
    span: Span = NOWHERE


class InitRule(Syntax, frozen=True):
    """One entry of `init`: a selector ending in a tensor's name, and what fills the tensor."""

    selector: tuple[str, ...]
    call: LayerCall
    condition: Expression | None = None
    span: Span = NOWHERE


class Import(Syntax, frozen=True):
    """One entry of `import`: the file and, after `#`, a block of it."""

    alias: str
    path: str
    block: str
    span: Span = NOWHERE


class Document(Struct, frozen=True):
    """One spec file."""

    file: str
    name: str
    doc: str
    parameters: Mapping[str, Declaration]
    variants: Mapping[str, Mapping[str, Any]]
    inputs: tuple[Input, ...]
    blocks: Mapping[str, Block]
    model: Body
    outputs: tuple[Output, ...] = ()
    init: tuple[InitRule, ...] = ()
    tie: tuple[tuple[str, str, Span], ...] = ()
    imports: tuple[Import, ...] = ()
    expect: Expectation = field(default_factory=Expectation)
    allow: Mapping[str, str] = field(default_factory=dict[str, str])
    meta: Any = None
    spans: Mapping[str, Span] = field(default_factory=dict[str, Span])
    python: Mapping[str, str] = field(default_factory=dict[str, str])
    mistakes: tuple[Diagnostic, ...] = ()
    """What is wrong with the file's form; whoever elaborates the document reports it."""
    unreadable: tuple[Span, ...] = ()
    """Places of which a mistake is known; others there are not reported."""
    unread: frozenset[str] = frozenset()
    """Names that the file gives but whose meaning could not be read.

    They are parameters, inputs, blocks, imports and Python layers; `variants.x` is a variant.
    """
    lacks: frozenset[str] = frozenset()
    """Which of `inputs` and `model` are not there, so that the model cannot run."""
    is_partial: bool = False
    """Whether names may be missing because a part could not be read; an unknown one is silent."""
