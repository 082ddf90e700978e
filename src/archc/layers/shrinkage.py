"""Activations that set small numbers to 0, or numbers below a threshold to a value."""

from typing import Annotated, ClassVar

from pydantic import Field

from archc.layers.base import Elementwise
from archc.layers.fields import Real


class Hardshrink(Elementwise):
    """Replace numbers from −λ to λ by 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
    """

    torch_name: ClassVar[str] = "nn.Hardshrink"

    lambd: Real = Field(0.5, description="λ")


class Softshrink(Elementwise):
    """Move each number by λ towards 0, and no further.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
    """

    torch_name: ClassVar[str] = "nn.Softshrink"

    lambd: Annotated[Real, Field(ge=0)] = Field(0.5, description="λ")


class Tanhshrink(Elementwise):
    """Subtract from each number its hyperbolic tangent.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
    """

    torch_name: ClassVar[str] = "nn.Tanhshrink"


class Threshold(Elementwise):
    """Replace numbers up to a threshold by a value.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Threshold.html
    """

    torch_name: ClassVar[str] = "nn.Threshold"
    positional: ClassVar[tuple[str, ...]] = ("threshold", "value")

    threshold: Real = Field(description="numbers above it are kept")
    value: Real = Field(description="what stands for the others")
    inplace: bool = Field(False, description="write the result over the input")
