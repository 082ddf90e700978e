"""What a layer is: its arguments, its shape rule, what it owns, what it costs, how it is written.

A layer knows nothing of its neighbours: every rule is a pure function of the
types of the input tensors.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from inspect import get_annotations
from itertools import takewhile
from typing import Any, ClassVar, Literal, NoReturn, dataclass_transform, get_origin

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.expressions.values import Constant, describe, is_list
from archc.layers.other_arguments import RENAMED, WRITTEN
from archc.reach import Reads, unmoved
from archc.shapes import Batch, TensorType, format_shape
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
    is_module: ClassVar[bool] = True
    """Whether the layer is an `nn.Module` that takes a slot of the module tree."""
    family: ClassVar[str] = "other"
    """The colour group in diagrams."""
    is_view: ClassVar[bool] = False
    """Whether the result needs no memory of its own: it is the input's, or a weight's."""
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

    @classmethod
    def schema(cls) -> type[BaseModel]:
        """Return the pydantic model of the arguments."""
        return _schema(cls)

    @classmethod
    def fields(cls) -> Mapping[str, FieldInfo]:
        """Return what is known of each argument, by name, in the order of the class."""
        return _schema(cls).model_fields

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


def bind(
    layer: type[Layer], arguments: Sequence[Constant], keywords: Mapping[str, Constant]
) -> Layer:
    """Return the layer called with these arguments.

    Inferred arguments must have been taken out of `keywords` before.

    Raises:
        RuleViolation: too many positional arguments, an unknown name, a value out of range.
    """
    values = _named(layer, arguments, keywords)
    return _created(layer, _Arguments(values))


class _Arguments:
    """Arguments as a cache key that tells `1`, `1.0` and `True` apart."""

    __slots__ = ("key", "values")

    def __init__(self, values: dict[str, Constant]) -> None:
        self.values = values
        self.key = repr(values)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Arguments) and self.key == other.key


@lru_cache(maxsize=4096)
def _created(layer: type[Layer], arguments: _Arguments) -> Layer:
    try:
        return layer(**arguments.values)
    except ValidationError as error:
        found = error.errors()
        # a misspelt name leaves the right one missing: one mistake, the first cause
        unknown = (each for each in found if each["type"] == "extra_forbidden")
        raise _violation(layer, arguments.values, next(unknown, found[0])) from None


def _named(
    layer: type[Layer], arguments: Sequence[Constant], keywords: Mapping[str, Constant]
) -> dict[str, Constant]:
    variadic = getattr(layer, "variadic", "")
    if variadic and arguments:
        if variadic in keywords:
            raise RuleViolation(Code.ARGUMENTS, f"`{variadic}` is given twice", argument=variadic)
        return {variadic: tuple(_spread(arguments)), **keywords}
    if len(arguments) > len(layer.positional):
        raise _too_many(layer, arguments)
    values = dict(zip(layer.positional, arguments, strict=False))
    for name in keywords:
        if name in values:
            raise RuleViolation(Code.ARGUMENTS, f"argument `{name}` is given twice", argument=name)
    return values | dict(keywords)


def _spread(arguments: Sequence[Constant]) -> Sequence[Constant]:
    """Return the arguments, or the items of the one list that stands for them."""
    first, *rest = arguments
    return arguments[0] if isinstance(first, tuple) and not rest else arguments


def _too_many(layer: type[Layer], arguments: Sequence[Constant]) -> RuleViolation:
    name, allowed = spec_name(layer), layer.positional
    is_pasted = len(arguments) >= len(allowed) + len(layer.inferred_names) > len(allowed)
    if is_pasted:
        first = arguments[layer.inferred_after]
        advice = f"{layer.inferred_names[0]} is inferred: drop the {first}"
        if rest := arguments[len(allowed) + len(layer.inferred_names) :]:
            advice += f", and write by name: {by_name(layer, rest)}"
    else:
        others = "the others" if allowed else "it"
        advice = f"write {others} by name: " + _first_fields(layer)
    takes = f"{len(allowed)} positional argument{'s' * (len(allowed) != 1)} ({', '.join(allowed)})"
    return RuleViolation(
        Code.TOO_MANY_POSITIONAL,
        f"`{name}` takes {takes if allowed else 'no positional arguments'}, {len(arguments)} given",
        help=advice,
        argument="0" if is_pasted else str(len(allowed)),
    )


def by_name(layer: type[Layer], values: Sequence[Constant]) -> str:
    """Return values beyond the positional ones as torch's order names them."""
    rest = [name for name in layer.fields() if name not in layer.positional]
    pairs = zip(rest, values, strict=False)
    return ", ".join(f"{name}={constant_text(value)}" for name, value in pairs)


def _first_fields(layer: type[Layer]) -> str:
    rest = [name for name in layer.fields() if name not in layer.positional]
    return ", ".join(f"{name}=…" for name in rest[:3]) or "it has no other arguments"


def _violation(
    layer: type[Layer], values: Mapping[str, Constant], error: ErrorDetails
) -> RuleViolation:
    name = str(error["loc"][0]) if error["loc"] else ""
    callee = spec_name(layer)
    if error["type"] == "missing":
        return RuleViolation(
            Code.ARGUMENTS,
            f"`{callee}` needs the argument `{name}`",
            help=f"write `{callee}(dim=-1)` for the last dimension"
            if name == "dim" and list(layer.fields())[:1] == ["dim"]
            else _signature(layer),
        )
    if error["type"] == "extra_forbidden":
        return _unknown_argument(layer, name)
    value: Any = values.get(name)
    advice = _advice(value, error["type"])
    return RuleViolation(
        Code.ARGUMENT_VALUE,
        f"`{name}` of `{callee}` cannot be {constant_text(value)}: {_reason(error, value)}",
        help=advice,
        argument=name,
    )


def _advice(value: Constant, kind: str) -> str:
    """Return how a value of the wrong kind becomes one of the right kind."""
    if isinstance(value, float) and "int" in kind:
        return f"use // to divide, or write {int(value)}" if value.is_integer() else "use //"
    if isinstance(value, str) and kind == "bool_type":
        return "write True or False, without quotes"
    if isinstance(value, str) and value.lower() in {"same", "valid"} and value != value.lower():
        return f"did you mean '{value.lower()}'?"
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return f"write {value}, without quotes"
    if isinstance(value, (int, float)) and kind == "less_than_equal" and 2 < value <= 100:
        return f"write {value / 100:g} for {value:g} %"
    if is_list(value) and any(isinstance(size, Batch) for size in value):
        sizes = ", ".join("-1" if isinstance(size, Batch) else str(size) for size in value)
        return f"-1 stands for the batch: write `{sizes}`"
    return ""


def _unknown_argument(layer: type[Layer], name: str) -> RuleViolation:
    from difflib import get_close_matches

    known = [*layer.fields(), *layer.inferred_names]
    near = [*(meant for meant in RENAMED.get(name, ()) if meant in known)]
    near += get_close_matches(name, known, 1)
    return RuleViolation(
        Code.ARGUMENTS,
        f"`{spec_name(layer)}` has no argument `{name}`",
        help=WRITTEN.get(name) or (f"did you mean `{near[0]}`?" if near else _signature(layer)),
        argument=name,
    )


def _signature(layer: type[Layer]) -> str:
    parts = [
        name if info.is_required() else f"{name}={constant_text(info.default)}"
        for name, info in layer.fields().items()
    ]
    return f"{spec_name(layer)}({', '.join(parts)})"


def _reason(error: ErrorDetails, value: Constant) -> str:
    kind = error["type"]
    if kind in {"int_type", "float_type", "bool_type", "string_type", "tuple_type"}:
        wanted = kind.removesuffix("_type").replace("int", "integer").replace("bool", "boolean")
        return f"expected {'an' if wanted[0] in 'aeiou' else 'a'} {wanted}, found {describe(value)}"
    return (
        error["msg"]
        .replace("Input should be", "it must be")
        .replace("greater than or equal to", "at least")
        .replace("less than or equal to", "at most")
    )


def spatial(value: int | tuple[int, ...], count: int, argument: str) -> tuple[int, ...]:
    """Return one number for each of `count` axes from a number or a list of them.

    Raises:
        RuleViolation: a list of another length.
    """
    if isinstance(value, int):
        return (value,) * count
    if len(value) != count:
        raise RuleViolation(
            Code.ARGUMENT_VALUE,
            f"`{argument}` needs one number or {count}, found {len(value)}",
            argument=argument,
        )
    return value


IMAGE_RANK = 4
"""How many dimensions images have: batch, channels, height, width."""
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes after batch and channels are called."""


def worked_axes(workings: Sequence[str]) -> tuple[str, ...]:
    """Return one line for all axes whose working is the same: `height = width = …`."""
    names: dict[str, list[str]] = {}
    for name, working in zip(_AXES[len(workings)], workings, strict=True):
        names.setdefault(working, []).append(name)
    return tuple(f"{' = '.join(those)} = {working}" for working, those in names.items())


def expect_rank(x: TensorType, *ranks: int, layer: str) -> None:
    """Refuse a tensor whose number of dimensions is none of `ranks`.

    Raises:
        RuleViolation: another rank.
    """
    if x.rank not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise RuleViolation(
            Code.RANK,
            f"`{layer}` needs a tensor of {wanted} dimensions, this one has {x.rank}",
            notes=(f"the input is {format_shape(x.shape)}",),
            help=_rank_advice(x, ranks, layer),
        )


def _rank_advice(x: TensorType, ranks: tuple[int, ...], layer: str) -> str:
    if x.rank == min(ranks) - 1:
        return "a dimension is missing: add it with `-> unsqueeze(1)` or in `inputs`"
    if x.rank > 2 and ranks == (2,):
        return "flatten it first: `-> flatten(1)` or `Flatten`"
    if x.rank == IMAGE_RANK and layer[-2:] in {"1d", "3d"}:
        return f"the layer for images is `{layer[:-2]}2d`"
    return ""


def expect_floating(x: TensorType, layer: str) -> None:
    """Refuse a tensor that does not hold floating-point numbers.

    Raises:
        RuleViolation: integers or booleans.
    """
    if not x.is_floating:
        raise RuleViolation(
            Code.DTYPE,
            f"`{layer}` needs floating-point numbers, the input is {x.dtype}",
            help="look tokens up first: `Embedding(vocabulary, dim)`" if x.dtype == "int64" else "",
        )


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
    "bind",
    "expect_floating",
    "expect_rank",
    "spatial",
    "spec_name",
    "written_arguments",
]
