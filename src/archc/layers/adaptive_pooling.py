"""Adaptive pooling: each axis is divided into as many parts as the output has positions."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import spec_name
from archc.layers.fields import Positive
from archc.layers.pooling import Spatial, WithIndices
from archc.layers.rules import Rule, spatial, worked_axes
from archc.reach import Goes, Reads, parts_reach, unmoved
from archc.shapes import TensorType
from archc.windows import Axis, adaptive_axis

OutputSize = Annotated[int, Field(ge=1)] | None


class _AdaptivePooling(Spatial):
    """Divide each axis into `output_size` parts, which may overlap by one, and reduce each.

    Shapes: (B, C, L…) → (B, C, o…); part i reaches from ⌊iL/o⌋ to ⌈(i + 1)L/o⌉.
    """

    positional: ClassVar[tuple[str, ...]] = ("output_size",)

    output_size: Positive | tuple[OutputSize, ...] = Field(
        description="sizes of the output; None in a list keeps the input's"
    )

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the sizes."""
        return (self._wanted,)

    def sizes(self, x: TensorType) -> list[int]:
        """Return the sizes of the output's axes."""
        lengths = self.lengths(x)
        return [size or length for size, length in zip(self._wanted(), lengths, strict=True)]

    def _wanted(self) -> tuple[int | None, ...]:
        """Return a size for each axis, None for the input's own."""
        wanted = self.output_size
        if isinstance(wanted, int):
            return (wanted,) * self.axes
        spatial(tuple(size or 1 for size in wanted), self.axes, "output_size")
        if wanted == (None,):
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                f"`output_size` of `{spec_name(type(self))}` cannot be None",
                help="drop the layer: it would keep the only size there is",
                argument="output_size",
            )
        return wanted

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `output_size` in place of the lengths."""
        (x,) = inputs
        return (x.with_shape((*x.shape[:2], *self.sizes(x))),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its part; a single part reads the axis whole."""
        (x,) = inputs
        lengths, sizes = self.lengths(x), self.sizes(x)
        parts = {
            dim: Goes((dim,), parts_reach(length, size))
            for dim, (length, size) in enumerate(zip(lengths, sizes, strict=True), 2)
            if size > 1
        }
        return (unmoved((0, 1)) | parts,)

    def window(self, *inputs: TensorType) -> tuple[Axis, ...]:
        """Return the largest part per axis, and the usual distance between two."""
        (x,) = inputs
        return tuple(map(adaptive_axis, self.lengths(x), self.sizes(x)))

    def working(self, *inputs: TensorType) -> tuple[str, ...]:
        """Return the sizes that were asked for."""
        return worked_axes([f"output_size = {size}" for size in self.sizes(inputs[0])])


class _AdaptiveMaxPooling(_AdaptivePooling, WithIndices):
    """Keep the largest number of each part."""

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with `output_size` in place of the lengths."""
        return self.with_indices(*super().outputs(*inputs))


class AdaptiveAvgPool1d(_AdaptivePooling):
    """Take means so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool1d"
    axes: ClassVar[int] = 1


class AdaptiveAvgPool2d(_AdaptivePooling):
    """Take means so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool2d"
    axes: ClassVar[int] = 2


class AdaptiveAvgPool3d(_AdaptivePooling):
    """Take means so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveAvgPool3d"
    axes: ClassVar[int] = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPooling):
    """Take maxima so that one axis has the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool1d"
    axes: ClassVar[int] = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPooling):
    """Take maxima so that height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool2d"
    axes: ClassVar[int] = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPooling):
    """Take maxima so that depth (or time), height and width have the size asked for.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    torch_name: ClassVar[str] = "nn.AdaptiveMaxPool3d"
    axes: ClassVar[int] = 3
