"""Pooling without a slot: the arguments and rules are those of the modules of the same kind."""

from typing import ClassVar

from archc.layers import pooling as modules
from archc.layers.base import Function


class _Pooling(Function):
    """Reduce each window, or each part of an adaptive grid, to one number."""

    family: ClassVar[str] = "pooling"


class MaxPool1d(_Pooling, modules.MaxPool1d):
    """Keep the largest number of each window over one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html
    """

    torch_name: ClassVar[str] = "F.max_pool1d"
    function_name: ClassVar[str] = "max_pool1d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "ceil_mode",
        "return_indices",
    )


class MaxPool2d(_Pooling, modules.MaxPool2d):
    """Keep the largest number of each window over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
    """

    torch_name: ClassVar[str] = "F.max_pool2d"
    function_name: ClassVar[str] = "max_pool2d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "ceil_mode",
        "return_indices",
    )


class MaxPool3d(_Pooling, modules.MaxPool3d):
    """Keep the largest number of each window over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html
    """

    torch_name: ClassVar[str] = "F.max_pool3d"
    function_name: ClassVar[str] = "max_pool3d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "ceil_mode",
        "return_indices",
    )


class AvgPool1d(_Pooling, modules.AvgPool1d):
    """Take the mean of each window over one axis, such as time.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html
    """

    torch_name: ClassVar[str] = "F.avg_pool1d"
    function_name: ClassVar[str] = "avg_pool1d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
    )


class AvgPool2d(_Pooling, modules.AvgPool2d):
    """Take the mean of each window over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
    """

    torch_name: ClassVar[str] = "F.avg_pool2d"
    function_name: ClassVar[str] = "avg_pool2d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "divisor_override",
    )


class AvgPool3d(_Pooling, modules.AvgPool3d):
    """Take the mean of each window over depth (or time), height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html
    """

    torch_name: ClassVar[str] = "F.avg_pool3d"
    function_name: ClassVar[str] = "avg_pool3d"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "divisor_override",
    )
