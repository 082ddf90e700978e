"""What a layer is: its arguments, its shape rule, what it owns, what it costs, how it is written.

A layer knows nothing of its neighbours: every rule is a pure function of the
types of the input tensors.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import get_annotations
from itertools import takewhile
from typing import Any, ClassVar, Literal, NoReturn, dataclass_transform, get_origin

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from archc.expressions.printing import constant_text
from archc.expressions.values import Constant
from archc.layers.rules import Rule, expect_floating
from archc.reach import Reads, unmoved
from archc.shapes import TensorType
from archc.windows import Axis


class Owned(Struct, frozen=True, gc=False):
    """A tensor that a layer owns; its key is the layer's path, a dot and `name`.

    An empty name means that the path itself is the key. `kind` is `parameter`,
    `buffer` (in the state dict) or `transient` (a buffer that is not).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    kind: Literal["parameter", "buffer", "transient"] = "parameter"


Returned = int | tuple["Returned", ...]
"""The number of a result, or a tuple of what lies side by side."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Layer(ABC):
    """One operation with its arguments, frozen and validated by pydantic.

    The annotated fields are the arguments, with torch's names and defaults. The class
    variables say how a line of a spec and a line of Python are written.

    The pydantic model of the arguments is made when a layer is first used: a family
    holds many layers, a network names few of them.
    """

    torch_name: ClassVar[str]
    """The constructor or function in the compiled source: `nn.Conv2d`, `F.relu`."""
    positional: ClassVar[tuple[str, ...]] = ()
    """The arguments that may be given without their name, in order."""
    inferred_names: ClassVar[tuple[str, ...]] = ()
    """torch's arguments that archc infers, in torch's order, before the others."""
    inferred_after: ClassVar[int] = 0
    """How many positional arguments torch wants before the inferred ones."""
    torch_order: ClassVar[tuple[str, ...]] = ()
    """The arguments behind the positional ones in torch's order, where the class has another."""
    of_call: ClassVar[tuple[str, ...]] = ()
    """The arguments that the compiled source writes where the module is called, not made."""
    arity: ClassVar[tuple[int, int]] = (1, 1)
    """The least and the largest number of input tensors."""
    results: ClassVar[tuple[str, ...]] = ("",)
    """The names of the results; the first is the value of the bare name."""
    feature: ClassVar[str] = ""
    """The argument that sets the size a next layer infers from; empty: the input's is kept."""
    source_module: ClassVar[str] = ""
    """Where the compiled source imports a Python layer of the user's from."""
    source_class: ClassVar[str] = ""
    """The class that the compiled source holds, for a layer that torch lacks."""
    inner: ClassVar[Mapping[str, str]] = {}
    """The layers with tensors that the module holds, by name: `{"out_proj": "Linear"}`."""
    is_module: ClassVar[bool] = True
    """Whether the layer is an `nn.Module` that takes a slot of the module tree."""
    family: ClassVar[str] = "other"
    """The colour group in diagrams."""
    is_view: ClassVar[bool] = False
    """Whether the result needs no memory of its own: it is the input's, or a weight's."""
    is_free: ClassVar[bool] = False
    """Whether no sample has a part in the result, whatever the input: it broadcasts as a Buffer."""
    overwrites: ClassVar[bool] = False
    """Whether `inplace=True` changes no number and no gradient: backward reads the result alone."""
    unnamed_arguments: ClassVar[Literal["forbid", "allow"]] = "forbid"
    """Whether arguments that no field names are taken, as they are."""

    def __init__(self, **arguments: Any) -> None:
        """Check the arguments.

        Raises:
            ValidationError: pydantic refuses one.
        """
        checked = _schema(type(self))(**arguments)
        vars(self).update(checked, _written=frozenset(checked.model_fields_set))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"`{type(self).__name__}` is frozen: `{name}` cannot be set")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    @property
    def fills_a_place(self) -> bool:
        """Whether an argument stands in the place of a tensor, which then takes one less."""
        return False

    @classmethod
    def schema(cls) -> type[BaseModel]:
        """Return the pydantic model of the arguments."""
        return _schema(cls)

    @classmethod
    def fields(cls) -> Mapping[str, FieldInfo]:
        """Return what is known of each argument, by name, in the order of the class."""
        return _schema(cls).model_fields

    @classmethod
    def by_name_alone(cls) -> tuple[str, ...]:
        """Return torch's arguments behind the positional ones, in torch's order."""
        rest = (name for name in cls.fields() if name not in cls.positional)
        return cls.torch_order or tuple(rest)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the checks of `outputs` that need no input, each for one cause.

        A line that nothing flows into is judged by them; where an argument is not known there,
        by those that do not read it. `claimed` are sizes that are written though archc infers them.
        """
        return ()

    @abstractmethod
    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the types of the results; this is the shape rule.

        Raises:
            RuleViolation: the inputs or the arguments break the layer's rule.
        """

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return torch's constructor arguments that follow from the inputs."""
        return {}

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the parameters and buffers in the order of torch's state dict."""
        return ()

    def multiply_adds(
        self,
        inputs: Sequence[TensorType],
        outputs: Sequence[TensorType],
    ) -> int:
        """Return the multiply-adds for one sample."""
        return 0

    def window(self, *inputs: TensorType) -> tuple[Axis, ...] | None:
        """Return the sliding window per spatial axis, or None where there is none."""
        return None

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads | None, ...] | None:
        """Return, for each input, what one position of a result reads of it.

        None for an input of which the type alone matters. None for all where it is not known;
        a receptive field is then `unknown` from there on.
        """
        return None

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return how the sizes that changed came about, a line each, formula and numbers.

        Nothing where the output is the input's shape, or says by itself where it comes from.
        """
        return ()

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return whether a next layer may write over the result.

        It is memory of the layer's own, in training as in inference, and torch's backward
        does not read it.
        """
        return False

    def result_names(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the names of the results, which may depend on the inputs: parts of `split`."""
        return self.results

    @property
    def returned(self) -> Returned:
        """How the results lie in what the module returns: `(0, (1, 2))` for output, (h_n, c_n)."""
        return 0

    def call_arguments(self, inputs: Sequence[str], read: frozenset[int]) -> str:
        """Return what stands in the parentheses of the module's call in `forward`.

        `read` holds the numbers of the results that anyone reads.
        """
        return ", ".join(inputs)

    @property
    def given(self) -> dict[str, Constant]:
        """The arguments that were written, by name, in the order of the fields."""
        written: frozenset[str] = vars(self)["_written"]
        return {name: value for name, value in vars(self).items() if name in written}

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}({written_arguments(self)})"
            if self.given
            else type(self).__name__
        )


@cache
def _schema(layer: type[Layer]) -> type[BaseModel]:
    kinds = {
        name: kind
        for base in reversed(layer.__mro__)
        for name, kind in get_annotations(base).items()
        if get_origin(kind) is not ClassVar
    }
    fields: dict[str, Any] = {
        name: (kind, getattr(layer, name, ...)) for name, kind in kinds.items()
    }
    return create_model(
        layer.__name__,
        __config__=ConfigDict(strict=True, extra=layer.unnamed_arguments),
        __module__=layer.__module__,
        **fields,
    )


class Function(Layer):
    """An operation without a slot: lower-case in a spec, a call in `forward`."""

    is_module: ClassVar[bool] = False
    family: ClassVar[str] = "function"
    method: ClassVar[bool] = False
    """Whether the source writes `x.name(…)` rather than `torch.name(x, …)`."""
    operator: ClassVar[str] = ""
    """The infix sign the source writes instead of a call: `+`."""
    leading: ClassVar[int] = 0
    """How many arguments an expression writes before the tensors: the equation of `einsum`."""
    variadic: ClassVar[str] = ""
    """The field that collects all positional arguments: the sizes of `expand`."""

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the Python expression that computes the result from `inputs`.

        `batch` is the expression of the batch's size, for the functions that write it.
        """
        arguments = written_arguments(self)
        if self.method:
            rest = ", ".join([*inputs[1:], *([arguments] if arguments else [])])
            return f"{inputs[0]}.{self.torch_name}({rest})"
        return f"{self.torch_name}({', '.join([*inputs, *([arguments] if arguments else [])])})"

    def __str__(self) -> str:
        return (
            f"{spec_name(type(self))}({written_arguments(self)})"
            if self.given
            else spec_name(type(self))
        )


def spec_name(layer: type[Layer]) -> str:
    """Return the name by which a spec calls a layer: modules CamelCase, functions lower-case.

    A function's class is named for it in CamelCase: `AdaptiveAvgPool2dFunction` is
    `adaptive_avg_pool2d`; the field `function_name` of the class says so.
    """
    return getattr(layer, "function_name", layer.__name__)


def shape_rule(layer: type[Layer]) -> str:
    """Return the shape rule as the class states it behind `Shapes:`, in one line."""
    for base in layer.__mro__:
        _, found, text = (base.__doc__ or "").partition("\n    Shapes: ")
        if found:
            lines = takewhile(lambda line: line and ": " not in line[:9], text.split("\n    "))
            return " ".join(map(str.strip, lines)).removesuffix(".")
    return ""


def written_arguments(layer: Layer) -> str:
    """Return the arguments as source: positional ones first, the others by name."""
    given = layer.given
    parts: list[str] = []
    variadic = getattr(layer, "variadic", "")
    if variadic:
        parts += [constant_text(item) for item in given.pop(variadic, ())]
    for name in layer.positional:
        if name not in given:
            break
        parts.append(constant_text(given.pop(name)))
    return ", ".join([*parts, *(f"{name}={constant_text(value)}" for name, value in given.items())])


class Elementwise(Layer):
    """A layer whose output has the shape of its input, element by element."""

    family: ClassVar[str] = "activation"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        expect_floating(inputs[0], spec_name(type(self)))
        return (inputs[0],)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


__all__ = [
    "Elementwise",
    "Function",
    "Layer",
    "Owned",
    "spec_name",
    "written_arguments",
]
