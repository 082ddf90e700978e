"""Trigonometric and hyperbolic functions of each element, and their inverses."""

from typing import ClassVar

from archc.functions.elementary import Elementary


class Sin(Elementary):
    """Take the sine: half of a positional encoding.

    Source: https://pytorch.org/docs/stable/generated/torch.sin.html
    """

    torch_name: ClassVar[str] = "torch.sin"
    function_name: ClassVar[str] = "sin"


class Cos(Elementary):
    """Take the cosine: the other half of a positional encoding.

    Source: https://pytorch.org/docs/stable/generated/torch.cos.html
    """

    torch_name: ClassVar[str] = "torch.cos"
    function_name: ClassVar[str] = "cos"


class Tan(Elementary):
    """Take the tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.tan.html
    """

    torch_name: ClassVar[str] = "torch.tan"
    function_name: ClassVar[str] = "tan"


class Asin(Elementary):
    """Take the arcsine.

    Source: https://pytorch.org/docs/stable/generated/torch.asin.html
    """

    torch_name: ClassVar[str] = "torch.asin"
    function_name: ClassVar[str] = "asin"


class Acos(Elementary):
    """Take the arccosine.

    Source: https://pytorch.org/docs/stable/generated/torch.acos.html
    """

    torch_name: ClassVar[str] = "torch.acos"
    function_name: ClassVar[str] = "acos"


class Atan(Elementary):
    """Take the arctangent.

    Source: https://pytorch.org/docs/stable/generated/torch.atan.html
    """

    torch_name: ClassVar[str] = "torch.atan"
    function_name: ClassVar[str] = "atan"


class Sinh(Elementary):
    """Take the hyperbolic sine.

    Source: https://pytorch.org/docs/stable/generated/torch.sinh.html
    """

    torch_name: ClassVar[str] = "torch.sinh"
    function_name: ClassVar[str] = "sinh"


class Cosh(Elementary):
    """Take the hyperbolic cosine.

    Source: https://pytorch.org/docs/stable/generated/torch.cosh.html
    """

    torch_name: ClassVar[str] = "torch.cosh"
    function_name: ClassVar[str] = "cosh"


class Asinh(Elementary):
    """Take the inverse hyperbolic sine.

    Source: https://pytorch.org/docs/stable/generated/torch.asinh.html
    """

    torch_name: ClassVar[str] = "torch.asinh"
    function_name: ClassVar[str] = "asinh"


class Acosh(Elementary):
    """Take the inverse hyperbolic cosine.

    Source: https://pytorch.org/docs/stable/generated/torch.acosh.html
    """

    torch_name: ClassVar[str] = "torch.acosh"
    function_name: ClassVar[str] = "acosh"


class Atanh(Elementary):
    """Take the inverse hyperbolic tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.atanh.html
    """

    torch_name: ClassVar[str] = "torch.atanh"
    function_name: ClassVar[str] = "atanh"


class Sinc(Elementary):
    """Take sin(πx)/(πx), and 1 at 0.

    Source: https://pytorch.org/docs/stable/generated/torch.sinc.html
    """

    torch_name: ClassVar[str] = "torch.sinc"
    function_name: ClassVar[str] = "sinc"
