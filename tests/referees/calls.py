"""A call as torch sees it, and the same call as archc sees it."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer
from archc.layers.binding import bind
from archc.shapes import Batch, TensorType, checked

NAMES = layers.NAMES | functions.NAMES
DECIDED = frozenset(("training", "inplace", "return_indices"))
"""torch's arguments that no first result's shape depends on, and that the compiler decides."""
USUAL = {"enable_gqa": False, "alpha": 1, "rounding_mode": None, "device": "cpu"}
"""Defaults of functions whose signature Python does not know."""
_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout")
_RECURRENT += ("bidirectional", "proj_size", "device", "dtype")
MORE = {"to": ("device", "other", "non_blocking", "copy")}
"""torch's arguments by position, after those that archc has too."""
_PLAIN = (int, float, str, type(None), Batch)


@dataclass(frozen=True)
class TorchCall:
    """One call: our name of the operation, torch's arguments, the tensors, and how torch runs it.

    `run` returns the module, if it is one, and the results.
    """

    subject: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    inputs: tuple[torch.Tensor, ...] = field(repr=False)
    run: Callable[[], tuple[nn.Module | None, Any]] = field(repr=False)
    forward: Mapping[str, Any] = field(default_factory=dict)
    """What a module's `forward` is given beside tensors."""

    def __str__(self) -> str:
        also = f" with {dict(self.forward)}" if self.forward else ""
        return f"{self.text} of {' '.join(map(str, self.types)) or 'no tensor'}{also}"

    @property
    def text(self) -> str:
        """The call without its tensors, as torch has it."""
        written = [_shown(value) for value in self.arguments]
        written += [f"{name}={_shown(value)}" for name, value in self.keywords.items()]
        return f"{self.subject}({', '.join(written)})"

    @property
    def types(self) -> tuple[TensorType, ...]:
        """The types of the inputs."""
        return tuple(type_of(x) for x in self.inputs)


def _shown(value: Any) -> str:
    return value.__name__ if inspect.isfunction(value) else repr(value)


@dataclass(frozen=True)
class Translation:
    """The same call as archc's layer, and the inferred arguments that were written all the same."""

    layer: Layer
    written: Mapping[str, Any]


def found(subject: str) -> type[Layer]:
    """Return the class of a layer or function."""
    return layers.find(subject) if subject in layers.NAMES else functions.find(subject)


def type_of(x: torch.Tensor) -> TensorType:
    """Return what archc knows of a tensor."""
    return TensorType(tuple(x.shape), str(x.dtype).removeprefix("torch."))


def translated(call: TorchCall) -> Translation:
    """Return archc's layer for torch's call.

    Raises:
        RuleViolation: archc has no such arguments.
    """
    cls = found(call.subject)
    if call.forward:
        raise RuleViolation(Code.ARGUMENTS, f"no argument of a call: {', '.join(call.forward)}")
    if getattr(cls, "variadic", "") and call.arguments:
        arguments = tuple(map(constant, call.arguments))
        return Translation(bind(cls, arguments, _constants(call.keywords)), {})
    values = _constants(named_arguments(call))
    written = {name: values.pop(name) for name in cls.inferred_names if name in values}
    if "broadcast" in cls.fields():
        values["broadcast"] = True
    return Translation(bind(cls, (), values), written)


def named_arguments(call: TorchCall) -> dict[str, Any]:
    """Return the arguments by name, without those that say what torch does anyway."""
    cls, defaults = found(call.subject), parameters(call.subject)
    if len(call.arguments) > len(defaults):
        raise RuleViolation(Code.TOO_MANY_POSITIONAL, f"`{call.subject}` has not so many arguments")
    values = dict(zip(defaults, call.arguments, strict=False)) | dict(call.keywords)
    values = RESPELT.get(call.subject, lambda given: given)(values)
    known = {*cls.fields(), *cls.inferred_names}
    return {
        name: value
        for name, value in values.items()
        if name in known or not _says_nothing(name, value, USUAL | defaults)
    }


def _says_nothing(name: str, value: Any, defaults: Mapping[str, Any]) -> bool:
    """Return whether an argument archc lacks is torch's default, or says float32."""
    if name == "dtype":
        return value in (None, torch.float32)
    return name in DECIDED or (name in defaults and _same(value, defaults[name]))


def _spread(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `std` and `var` with `correction` for the older `unbiased`."""
    unbiased = given.pop("unbiased", None)
    if isinstance(given.get("dim"), bool):
        unbiased = given.pop("dim")
    return given if unbiased is None else given | {"correction": int(unbiased)}


def _index(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `index_select` with numbers for the tensor of them."""
    index = given.get("index")
    if isinstance(index, torch.Tensor) and index.dtype == torch.int64:
        given["index"] = index.reshape(-1).tolist()
    return given


def _target(given: dict[str, Any]) -> dict[str, Any]:
    """Return the dtype of a conversion, which torch takes at several places."""
    dtypes = [value for value in given.values() if isinstance(value, torch.dtype)]
    return {"dtype": str(dtypes[0]).removeprefix("torch.")} if dtypes else given


def _brackets(given: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in brackets as archc has it: numbers and slices."""
    index = given.get("index", ())
    items = index if isinstance(index, tuple) else (index,)
    return {"index": tuple(map(_bracket, items))}


def _bracket(item: Any) -> Any:
    if isinstance(item, slice):
        return ("slice", item.start, item.stop, item.step)
    return item


RESPELT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "std": _spread,
    "var": _spread,
    "index_select": _index,
    "getitem": _brackets,
    "to": _target,
    "concat": lambda given: {"dim": 0} | given,
}
"""Functions whose arguments torch spells otherwise."""


def _same(first: Any, second: Any) -> bool:
    return type(first) is type(second) and not isinstance(first, torch.Tensor) and first == second


@cache
def parameters(subject: str) -> dict[str, Any]:
    """Return torch's parameters in order, by name, with their defaults; no tensor is among them."""
    if subject in ("RNN", "LSTM", "GRU"):
        return dict.fromkeys(_RECURRENT)
    if subject in layers.NAMES and subject not in ("Parameter", "Buffer"):
        return _signature(getattr(nn, subject), skip=("self",))
    candidates = (getattr(F, "_" + subject, None), getattr(F, subject, None))
    for candidate in candidates:
        if inspect.isfunction(candidate):
            arity = len(found(subject).inferred_names) + found(subject).arity[0]
            return dict(list(_signature(candidate).items())[arity:])
    cls = found(subject)
    names = dict.fromkeys([*cls.positional, *cls.fields(), *MORE.get(subject, ())])
    return {name: cls.fields()[name].default if name in cls.fields() else ... for name in names}


def _signature(function: Callable[..., Any], skip: Sequence[str] = ()) -> dict[str, Any]:
    found = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in found if p.name not in skip}


def _constants(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: constant(value) for name, value in values.items()}


def constant(value: Any) -> Any:
    """Return a value as the language has it: lists are tuples.

    Raises:
        RuleViolation: the language has no such value.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(constant, value))
    if isinstance(value, _PLAIN):
        return value
    raise RuleViolation(
        Code.ARGUMENT_VALUE, f"a spec cannot write a value of this kind: {type(value).__name__}"
    )


def outputs_of(translation: Translation, types: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return archc's results, once arity, sizes and the inferred arguments are right.

    Raises:
        RuleViolation: archc refuses the call.
    """
    layer = translation.layer
    if not types and layer.is_module:
        _expect_possible(translation)
        return ()
    least, most = layer.arity
    if not least <= len(types) <= most:
        raise RuleViolation(Code.ARGUMENTS, f"{len(types)} tensors for {layer}")
    for x in types:
        checked(x.shape)
    results = layer.outputs(*types)
    inferred = dict(layer.inferred(*types)) if translation.written else {}
    for name, value in translation.written.items():
        if _number(value) != inferred[name]:
            raise RuleViolation(Code.ARGUMENT_VALUE, f"{name}={value}, inferred {inferred[name]}")
    return results


def _expect_possible(translation: Translation) -> None:
    """Refuse inferred arguments that no tensor has, where torch only constructs the module."""
    for name, value in translation.written.items():
        if type(value) is not int or value < 1:
            raise RuleViolation(Code.ARGUMENT_VALUE, f"no tensor gives {name}={value!r}")
    if "num_channels" in translation.written:
        translation.layer.outputs(TensorType((1, translation.written["num_channels"], 1)))


def _number(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def with_batch(types: Iterable[TensorType]) -> tuple[TensorType, ...]:
    """Return types whose leading size, where it is that of the first, is the unknown batch."""
    types = tuple(types)
    leading = types[0].shape[0]
    return tuple(
        x.with_shape((Batch("B"), *x.shape[1:])) if x.shape[:1] == (leading,) else x for x in types
    )


def judged_results(call: TorchCall, results: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """Return torch's results without the positions of maxima, where archc's layer has none."""
    defaults = parameters(call.subject)
    values = dict(zip(defaults, call.arguments, strict=False)) | dict(call.keywords)
    positions = (
        values.get("return_indices") and "return_indices" not in found(call.subject).fields()
    )
    return results[:1] if positions else results
