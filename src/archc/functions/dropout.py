"""Dropout without a slot; it follows the mode of the module whose `forward` it stands in."""

from collections.abc import Sequence
from typing import ClassVar

from archc.layers import dropout as modules
from archc.layers.base import Function, written_arguments


class Random(Function):
    """Act at random in training; the call is told the module's mode."""

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with the module's mode as its last argument."""
        written = written_arguments(self)
        arguments = [inputs[0], *([written] if written else []), "training=self.training"]
        return f"{self.torch_name}({', '.join(arguments)})"


class _Dropout(Random):
    """Set a random share of the input to 0 in training."""

    family: ClassVar[str] = "dropout"


class Dropout(_Dropout, modules.Dropout):
    """Set single elements to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
    """

    torch_name: ClassVar[str] = "F.dropout"
    function_name: ClassVar[str] = "dropout"


class AlphaDropout(_Dropout, modules.AlphaDropout):
    """Set single elements to the value that keeps mean and variance after `selu`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
    """

    torch_name: ClassVar[str] = "F.alpha_dropout"
    function_name: ClassVar[str] = "alpha_dropout"


class FeatureAlphaDropout(_Dropout, modules.FeatureAlphaDropout):
    """Set whole channels to the value that keeps mean and variance after `selu`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
    """

    torch_name: ClassVar[str] = "F.feature_alpha_dropout"
    function_name: ClassVar[str] = "feature_alpha_dropout"


class Dropout1d(_Dropout, modules.Dropout1d):
    """Set whole channels of (B, C, L) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html
    """

    torch_name: ClassVar[str] = "F.dropout1d"
    function_name: ClassVar[str] = "dropout1d"


class Dropout2d(_Dropout, modules.Dropout2d):
    """Set whole channels of (B, C, H, W) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
    """

    torch_name: ClassVar[str] = "F.dropout2d"
    function_name: ClassVar[str] = "dropout2d"


class Dropout3d(_Dropout, modules.Dropout3d):
    """Set whole channels of (B, C, D, H, W) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html
    """

    torch_name: ClassVar[str] = "F.dropout3d"
    function_name: ClassVar[str] = "dropout3d"
