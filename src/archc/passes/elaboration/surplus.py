"""Arguments by position that a layer takes by name alone: how they were surely meant."""

from collections.abc import Sequence

from archc.diagnostics import Advice
from archc.expressions.syntax import Literal
from archc.expressions.values import Constant
from archc.ir.runs import Value
from archc.layers.base import Layer
from archc.layers.binding import dropping, fits, naming
from archc.passes.elaboration.call_edits import with_names, without_inferred
from archc.passes.elaboration.nodes import POISON
from archc.statements import LayerCall

KERNELS = frozenset({1, 2, 3, 4, 5, 7, 9, 11})
"""The sizes of kernels; another number at that place is one of channels."""
MOST_LAYERS = 8
"""The largest number of layers that is likely given for a recurrent one."""


def surplus_advice(
    layer: type[Layer], call: LayerCall, arguments: Sequence[Constant], inputs: Sequence[Value]
) -> str:
    """Return the help for arguments beyond the positional ones, nothing where all is unclear.

    They are read as torch's, with the inferred ones among them, or as ours with names left out;
    where both may be meant it is no advice that a program follows.
    """
    written = call.arguments or ()
    if not layer.is_module or len(written) != len(arguments):
        return ""
    is_ours = _is_likely(layer, arguments) and fits(layer, arguments)
    if not layer.inferred_names:
        return Advice(naming(layer, arguments), *with_names(layer, call)) if is_ours else ""
    if len(layer.inferred_names) > 1 or not inputs or POISON in inputs:
        return ""
    if not all(isinstance(argument, Literal) for argument in written):
        return ""
    after = layer.inferred_after
    rest = [*arguments[:after], *arguments[after + 1 :]]
    is_inferred = len(arguments) > after and arguments[after] == _inferred(layer, inputs[0])
    is_torchs = is_inferred and len(rest) >= len(layer.positional) and fits(layer, rest)
    if is_torchs and is_ours:
        return f"either {dropping(layer, arguments)}; or {naming(layer, arguments)}"
    if is_torchs:
        return Advice(dropping(layer, arguments), *without_inferred(layer, call))
    return Advice(naming(layer, arguments), *with_names(layer, call)) if is_ours else ""


def _inferred(layer: type[Layer], value: Value) -> object:
    """Return the size of a tensor that a layer infers: its channels, or its features."""
    shape = value.type.shape
    is_channels = layer.inferred_names[0] in {"in_channels", "num_features", "num_channels"}
    return shape[1 if is_channels else -1] if len(shape) > 1 else None


def _is_likely(layer: type[Layer], arguments: Sequence[Constant]) -> bool:
    """Return whether arguments in our order are of a likely size."""
    given = dict(zip((*layer.positional, *layer.by_name_alone()), arguments, strict=False))
    kernel, eps, count = (given.get(name) for name in ("kernel_size", "eps", "num_layers"))
    return (
        (not isinstance(kernel, int) or kernel in KERNELS)
        and (not isinstance(eps, int | float) or eps < 1)
        and (not isinstance(count, int) or count <= MOST_LAYERS)
    )
