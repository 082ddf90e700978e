"""Adaptive pooling without a slot: the arguments and rules are those of the modules."""

from typing import ClassVar

from archc.layers import adaptive_pooling as modules
from archc.layers.base import Function


class _Pooling(Function):
    """Reduce each part of an adaptive grid to one number."""

    family: ClassVar[str] = "pooling"


class AdaptiveAvgPool1d(_Pooling, modules.AdaptiveAvgPool1d):
    """Take means so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_avg_pool1d"
    function_name: ClassVar[str] = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_Pooling, modules.AdaptiveAvgPool2d):
    """Take means so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_avg_pool2d"
    function_name: ClassVar[str] = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_Pooling, modules.AdaptiveAvgPool3d):
    """Take means so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_avg_pool3d"
    function_name: ClassVar[str] = "adaptive_avg_pool3d"


class AdaptiveMaxPool1d(_Pooling, modules.AdaptiveMaxPool1d):
    """Take maxima so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_max_pool1d"
    function_name: ClassVar[str] = "adaptive_max_pool1d"
    positional: ClassVar[tuple[str, ...]] = ("output_size", "return_indices")


class AdaptiveMaxPool2d(_Pooling, modules.AdaptiveMaxPool2d):
    """Take maxima so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_max_pool2d"
    function_name: ClassVar[str] = "adaptive_max_pool2d"
    positional: ClassVar[tuple[str, ...]] = ("output_size", "return_indices")


class AdaptiveMaxPool3d(_Pooling, modules.AdaptiveMaxPool3d):
    """Take maxima so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html
    """

    torch_name: ClassVar[str] = "F.adaptive_max_pool3d"
    function_name: ClassVar[str] = "adaptive_max_pool3d"
    positional: ClassVar[tuple[str, ...]] = ("output_size", "return_indices")
