"""Shrinkage without a slot: the arguments and rules are those of the modules of the same kind."""

from typing import ClassVar

from archc.layers import shrinkage as modules
from archc.layers.base import Function


class _Shrinkage(Function):
    """Set small numbers to 0, or numbers below a threshold to a value."""

    family: ClassVar[str] = "activation"


class Hardshrink(_Shrinkage, modules.Hardshrink):
    """Replace numbers from −λ to λ by 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html
    """

    torch_name: ClassVar[str] = "F.hardshrink"
    function_name: ClassVar[str] = "hardshrink"
    positional: ClassVar[tuple[str, ...]] = ("lambd",)


class Softshrink(_Shrinkage, modules.Softshrink):
    """Move each number by λ towards 0, and no further.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html
    """

    torch_name: ClassVar[str] = "F.softshrink"
    function_name: ClassVar[str] = "softshrink"
    positional: ClassVar[tuple[str, ...]] = ("lambd",)


class Tanhshrink(_Shrinkage, modules.Tanhshrink):
    """Subtract from each number its hyperbolic tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html
    """

    torch_name: ClassVar[str] = "F.tanhshrink"
    function_name: ClassVar[str] = "tanhshrink"


class Threshold(_Shrinkage, modules.Threshold):
    """Replace numbers up to a threshold by a value.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html
    """

    torch_name: ClassVar[str] = "F.threshold"
    function_name: ClassVar[str] = "threshold"
