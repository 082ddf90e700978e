"""Power-average, fractional pooling and unpooling without a slot; rules as in the modules."""

from typing import ClassVar

from pydantic import Field

from archc.layers import fractional_pooling, power_pooling, unpooling
from archc.layers.base import Function


class _Pooling(Function):
    """Reduce each window to one number."""

    family: ClassVar[str] = "pooling"


class LpPool1d(_Pooling, power_pooling.LPPool1d):
    """Take the p-norm of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html
    """

    torch_name: ClassVar[str] = "F.lp_pool1d"
    function_name: ClassVar[str] = "lp_pool1d"
    positional: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size", "stride", "ceil_mode")


class LpPool2d(_Pooling, power_pooling.LPPool2d):
    """Take the p-norm of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
    """

    torch_name: ClassVar[str] = "F.lp_pool2d"
    function_name: ClassVar[str] = "lp_pool2d"
    positional: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size", "stride", "ceil_mode")


class LpPool3d(_Pooling, power_pooling.LPPool3d):
    """Take the p-norm of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool3d.html
    """

    torch_name: ClassVar[str] = "F.lp_pool3d"
    function_name: ClassVar[str] = "lp_pool3d"
    positional: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size", "stride", "ceil_mode")


class FractionalMaxPool2d(_Pooling, fractional_pooling.FractionalMaxPool2d):
    """Shrink every axis by a fraction, keeping the largest number of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html
    """

    torch_name: ClassVar[str] = "F.fractional_max_pool2d"
    function_name: ClassVar[str] = "fractional_max_pool2d"
    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "output_size", "output_ratio")

    output_ratio: tuple[fractional_pooling.Ratio, ...] | None = Field(
        None, description="sizes of the output as parts of the input's, one for each axis"
    )


class FractionalMaxPool3d(_Pooling, fractional_pooling.FractionalMaxPool3d):
    """Shrink every axis by a fraction, keeping the largest number of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html
    """

    torch_name: ClassVar[str] = "F.fractional_max_pool3d"
    function_name: ClassVar[str] = "fractional_max_pool3d"
    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "output_size", "output_ratio")

    output_ratio: tuple[fractional_pooling.Ratio, ...] | None = Field(
        None, description="sizes of the output as parts of the input's, one for each axis"
    )


class _Unpooling(Function, unpooling.Unpooling):
    """Put each number at its index, the second tensor, among zeros."""

    family: ClassVar[str] = "pooling"
    positional: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "stride",
        "padding",
        "output_size",
    )


class MaxUnpool1d(_Unpooling, unpooling.MaxUnpool1d):
    """Undo `max_pool1d`, with zeros for what it dropped.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html
    """

    torch_name: ClassVar[str] = "F.max_unpool1d"
    function_name: ClassVar[str] = "max_unpool1d"


class MaxUnpool2d(_Unpooling, unpooling.MaxUnpool2d):
    """Undo `max_pool2d`, with zeros for what it dropped.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
    """

    torch_name: ClassVar[str] = "F.max_unpool2d"
    function_name: ClassVar[str] = "max_unpool2d"


class MaxUnpool3d(_Unpooling, unpooling.MaxUnpool3d):
    """Undo `max_pool3d`, with zeros for what it dropped.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html
    """

    torch_name: ClassVar[str] = "F.max_unpool3d"
    function_name: ClassVar[str] = "max_unpool3d"
