"""Python layers of the user's own, by the caller's leave and by name.

A layer may be a subclass of `archc.layers.base.Layer`, which brings its rule; any other
`nn.Module` is judged by running it on small CPU tensors.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from inspect import Parameter as Argument
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from archc.diagnostics import ArchcError, Code, CompileError, Diagnostic, RuleViolation
from archc.expressions.values import Constant
from archc.layers.base import Layer, Owned
from archc.shapes import Batch, Shape, TensorType

if TYPE_CHECKING:
    from torch import nn

_SMALL_BATCH = 2

Trial = tuple[tuple[TensorType, ...], tuple[Owned, ...]]
"""What running a module showed: the types of its results, the tensors it owns."""


class PythonLayer(Layer):
    """An `nn.Module` of the user's own; its shapes and tensors are those it has when run."""

    unnamed_arguments: ClassVar[Literal["forbid", "allow"]] = "allow"
    family: ClassVar[str] = "other"
    python_class: ClassVar[Any] = None

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return what the module returns for small tensors of these types."""
        return self._trial(inputs)[0]

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the module's parameters and buffers in the order of its state dict."""
        return self._trial(inputs)[1]

    def _trial(self, inputs: tuple[TensorType, ...]) -> Trial:
        given = tuple(self.given.items())
        return _trial(type(self).__name__, self.python_class, given, repr(given), inputs)


def python_layer(name: str, python_class: type) -> type[Layer]:
    """Return the layer that a class of the user's stands for.

    Raises:
        CompileError: the class cannot be imported by its name, so no source could name it.
    """
    if getattr(sys.modules.get(python_class.__module__), python_class.__name__, None) is not (
        python_class
    ):
        raise _refused(
            f"`{python_class.__qualname__}` cannot be imported from `{python_class.__module__}`",
            "define it at the top of a module",
        )
    if issubclass(python_class, Layer):
        return python_class
    return _wrapped(name, cast(type[Any], python_class))


@cache
def _wrapped(name: str, python_class: type[Any]) -> type[Layer]:
    names = [
        parameter.name
        for parameter in list(signature(python_class).parameters.values())
        if parameter.kind is Argument.POSITIONAL_OR_KEYWORD
    ]
    facts = {
        "__module__": __name__,
        "__doc__": python_class.__doc__ or f"The Python layer {name}.",
        "python_class": python_class,
        "torch_name": python_class.__name__,
        "source_module": python_class.__module__,
        "positional": tuple(names),
        "__annotations__": {
            "python_class": ClassVar[Any],
            "torch_name": ClassVar[str],
            "source_module": ClassVar[str],
            "positional": ClassVar[tuple[str, ...]],
        },
    }
    return type(name, (PythonLayer,), facts)


def imported(targets: Sequence[str]) -> dict[str, type]:
    """Return the classes that `module:Class` names, by that text; importing runs their modules.

    Raises:
        CompileError: there is no such module or class.
    """
    found: dict[str, type] = {}
    for target in targets:
        module, _, name = target.partition(":")
        try:
            found[target] = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            is_named = bool(module and name)
            advice = "install its module, or put its folder on PYTHONPATH"
            headline = f"cannot import `{target}`: {error}"
            raise _refused(headline, advice if is_named else "write it module:Class") from None
    return found


def python_layers(ops: Mapping[str, type]) -> dict[str, type[Layer]]:
    """Return the layers that the caller permits, by the name or the `module:Class` given."""
    return {name: python_layer(name.rpartition(":")[2], kind) for name, kind in ops.items()}


def own_classes(layers: Mapping[str, type[Layer]]) -> dict[str, type]:
    """Return the classes that `python_layers` made these layers of, by the same names."""
    return {
        name: kind.python_class if issubclass(kind, PythonLayer) else kind
        for name, kind in layers.items()
    }


def _refused(headline: str, advice: str) -> CompileError:
    return CompileError([Diagnostic(Code.PYTHON_LAYER, headline, help=advice)], {})


@cache
def _trial(
    name: str,
    python_class: Callable[..., Any],
    given: tuple[tuple[str, Constant], ...],
    _written: str,
    inputs: tuple[TensorType, ...],
) -> Trial:
    """Make the module and run it once; its own exceptions become violations.

    `_written` tells `1` from `True` for the cache.
    """
    import torch

    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():  # pyright: ignore[reportUnknownMemberType]
            module: nn.Module = python_class(**dict(given)).eval()
            result: Any = module(*(_small(value) for value in inputs))
    except ArchcError:
        raise
    except Exception as error:
        raise RuleViolation(
            Code.PYTHON_LAYER,
            f"`{name}` failed on small tensors: {type(error).__name__}: {error}",
            notes=("it was run on " + ", ".join(map(str, inputs)),),
        ) from None
    results = [result] if isinstance(result, torch.Tensor) else list(result)
    batch = next((s for v in inputs for s in v.shape if isinstance(s, Batch)), None)
    return tuple(_type_of(tensor, batch) for tensor in results), _owned_by(module)


def _small(value: TensorType) -> Any:
    import torch

    sizes = [_SMALL_BATCH if isinstance(size, Batch) else size for size in value.shape]
    return torch.zeros(sizes, dtype=getattr(torch, value.dtype))


def _type_of(tensor: Any, batch: Batch | None) -> TensorType:
    shape: Shape = tuple(tensor.shape)
    if batch is not None and shape and shape[0] == _SMALL_BATCH:
        shape = (batch, *shape[1:])
    return TensorType(shape, str(tensor.dtype).removeprefix("torch."))


def _owned_by(module: "nn.Module") -> tuple[Owned, ...]:
    trained = {name for name, _ in module.named_parameters()}
    return tuple(
        Owned(
            name,
            tuple(tensor.shape),
            str(tensor.dtype).removeprefix("torch."),
            "parameter" if name in trained else "buffer",
        )
        for name, tensor in module.state_dict().items()
    )
