"""Windows as columns, without a slot: the arguments and rules are those of the modules."""

from typing import ClassVar

from archc.layers import folding as modules
from archc.layers.base import Function


class Unfold(Function, modules.Unfold):
    """Lay the windows of an image side by side.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html
    """

    torch_name: ClassVar[str] = "F.unfold"
    function_name: ClassVar[str] = "unfold"
    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "dilation", "padding", "stride")
    family: ClassVar[str] = "shape"


class Fold(Function, modules.Fold):
    """Add the windows that `unfold` laid out into an image again.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.fold.html
    """

    torch_name: ClassVar[str] = "F.fold"
    function_name: ClassVar[str] = "fold"
    positional: ClassVar[tuple[str, ...]] = ("output_size", "kernel_size")
    family: ClassVar[str] = "shape"
