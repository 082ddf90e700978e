"""Dropout: set random elements or channels to 0 in training, nothing in evaluation."""

from typing import ClassVar, Literal

from pydantic import Field

from archc.layers.base import Elementwise, spec_name
from archc.layers.fields import Probability
from archc.layers.rules import expect_rank
from archc.shapes import MAX_RANK, TensorType


class _Dropout(Elementwise):
    """Set a random share of the input to 0 and scale the rest up.

    Shapes: any → the same.
    """

    positional: ClassVar[tuple[str, ...]] = ("p",)
    family: ClassVar[str] = "dropout"
    ranks: ClassVar[tuple[int, ...]] = ()
    """The numbers of dimensions it accepts; empty: any."""

    p: Probability = Field(0.5, description="probability of a 0")
    inplace: bool = Field(False, description="write the result over the input")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        if self.ranks:
            expect_rank(inputs[0], *self.ranks, layer=spec_name(type(self)))
        return super().outputs(*inputs)


class Dropout(_Dropout):
    """Set single elements to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    torch_name: ClassVar[str] = "nn.Dropout"


class AlphaDropout(_Dropout):
    """Set single elements to the value that keeps mean and variance after `SELU`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
    """

    torch_name: ClassVar[str] = "nn.AlphaDropout"


class FeatureAlphaDropout(_Dropout):
    """Set whole channels to the value that keeps mean and variance after `SELU`.

    Shapes: (B, C, …) → the same.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
    """

    torch_name: ClassVar[str] = "nn.FeatureAlphaDropout"
    ranks: ClassVar[tuple[int, ...]] = tuple(range(2, MAX_RANK + 1))


class Dropout1d(_Dropout):
    """Set whole channels of (B, C, L) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
    """

    torch_name: ClassVar[str] = "nn.Dropout1d"
    ranks: ClassVar[tuple[int, ...]] = (3,)


class Dropout2d(_Dropout):
    """Set whole channels of (B, C, H, W) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    torch_name: ClassVar[str] = "nn.Dropout2d"
    ranks: ClassVar[tuple[int, ...]] = (4,)


class Dropout3d(_Dropout):
    """Set whole channels of (B, C, D, H, W) to 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
    """

    torch_name: ClassVar[str] = "nn.Dropout3d"
    ranks: ClassVar[tuple[int, ...]] = (5,)


class StochasticDepth(Elementwise):
    """Set whole samples of a batch, or the whole batch, to 0 in training and scale the rest up.

    It stands before a residual add: a sample that is 0 takes the shortcut alone. torch has no such
    module: the compiled source holds its class.

    Shapes: any → the same.
    Source: Huang, Sun, Liu, Sedra, Weinberger 2016, arXiv:1603.09382, section 3
    """

    torch_name: ClassVar[str] = "StochasticDepth"
    positional: ClassVar[tuple[str, ...]] = ("p",)
    family: ClassVar[str] = "dropout"
    source_class: ClassVar[str] = '''
class StochasticDepth(nn.Module):
    """Drop samples of a batch at random in training: arXiv:1603.09382."""

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = 1 - self.p
        size = (len(x) if self.mode == "row" else 1, *[1] * (x.ndim - 1))
        noise = torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(kept)
        return x * (noise.div_(kept) if kept else noise)
'''

    p: Probability = Field(..., description="probability that a sample is dropped")
    mode: Literal["row", "batch"] = Field("row", description="drop samples, or the whole batch")
