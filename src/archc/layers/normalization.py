"""Normalisation: subtract a mean, divide by a deviation, scale and shift by learnt numbers."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned, spec_name
from archc.layers.fields import Positive, Real
from archc.layers.rules import Rule, dividing, expect_floating, expect_rank
from archc.reach import Reads, unmoved
from archc.shapes import TensorType, elements, format_shape, number

_CHANNELS = "the number of channels"


class _Normalization(Layer):
    """A layer that keeps the shape; what it owns is a number or more for each channel."""

    family: ClassVar[str] = "normalization"
    ranks: ClassVar[tuple[int, ...]] = ()
    """The numbers of dimensions it accepts; empty: two or more."""

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        name = spec_name(type(self))
        expect_rank(x, *(self.ranks or range(2, 9)), layer=name)
        expect_floating(x, name)
        return (x,)


def _scale_and_shift(shape: tuple[int, ...], bias: bool = True) -> tuple[Owned, ...]:
    weight = Owned("weight", shape)
    return (weight, Owned("bias", shape)) if bias else (weight,)


class _RunningNormalization(_Normalization):
    """Normalise each channel, with statistics that may be kept for evaluation.

    Shapes: (B, C, L…) → the same.
    """

    inferred_names: ClassVar[tuple[str, ...]] = ("num_features",)

    eps: Real = Field(1e-5, description="added to the variance")
    momentum: Real | None = Field(
        0.1, description="weight of the newest statistics; None for their plain mean"
    )

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `num_features`: the input's channels."""
        return {"num_features": number(inputs[0].shape[1], _CHANNELS)}

    def tensors(self, x: TensorType, affine: bool, statistics: bool) -> tuple[Owned, ...]:
        """Return weight and bias, then running mean, running variance and the count of batches."""
        channels = (self.inferred(x)["num_features"],)
        learnt = _scale_and_shift(channels) if affine else ()
        kept = (
            Owned("running_mean", channels, kind="buffer"),
            Owned("running_var", channels, kind="buffer"),
            Owned("num_batches_tracked", (), "int64", "buffer"),
        )
        return (*learnt, *kept) if statistics else learnt


class _BatchNormalization(_RunningNormalization):
    """Normalise each channel over the batch and all positions."""

    eps: Annotated[Real, Field(gt=0)] = Field(1e-5, description="added to the variance")
    affine: bool = Field(True, description="learn a scale and a shift")
    track_running_stats: bool = Field(True, description="keep running statistics for evaluation")

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return what is learnt (C) and the running statistics (C)."""
        return self.tensors(inputs[0], self.affine, self.track_running_stats)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads itself, by the statistics of an inference.

        Where none are kept it reads its channel of the whole batch.
        """
        return (unmoved(range(inputs[0].rank) if self.track_running_stats else (1,)),)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the input and the weights alone."""
        return True


class BatchNorm1d(_BatchNormalization):
    """Normalise each channel of (B, C) or (B, C, L) over the batch.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    """

    torch_name: ClassVar[str] = "nn.BatchNorm1d"
    ranks: ClassVar[tuple[int, ...]] = (2, 3)


class BatchNorm2d(_BatchNormalization):
    """Normalise each channel of (B, C, H, W) over the batch.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    torch_name: ClassVar[str] = "nn.BatchNorm2d"
    ranks: ClassVar[tuple[int, ...]] = (4,)


class BatchNorm3d(_BatchNormalization):
    """Normalise each channel of (B, C, D, H, W) over the batch.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
    """

    torch_name: ClassVar[str] = "nn.BatchNorm3d"
    ranks: ClassVar[tuple[int, ...]] = (5,)


class _InstanceNormalization(_RunningNormalization):
    """Normalise each channel of each sample over its positions."""

    affine: bool = Field(False, description="learn a scale and a shift")
    track_running_stats: bool = Field(False, description="keep running statistics for evaluation")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which has more than one position."""
        (x,) = super().outputs(*inputs)
        if elements([number(size, "an axis") for size in x.shape[2:]]) == 1:
            raise RuleViolation(
                Code.DIMENSION,
                f"`{spec_name(type(self))}` needs more than one position for each channel",
                notes=(f"the input is {format_shape(x.shape)}: a mean of one number is itself",),
                help="drop the layer, or normalise before pooling to one position",
            )
        return (x,)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return what is learnt (C) and the running statistics (C), if asked for."""
        return self.tensors(inputs[0], self.affine, self.track_running_stats)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its whole channel, for its mean and variance.

        Where statistics are kept it reads itself in an inference.
        """
        return (unmoved(range(inputs[0].rank) if self.track_running_stats else (0, 1)),)


class InstanceNorm1d(_InstanceNormalization):
    """Normalise each channel of each sample over its length.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
    """

    torch_name: ClassVar[str] = "nn.InstanceNorm1d"
    ranks: ClassVar[tuple[int, ...]] = (3,)


class InstanceNorm2d(_InstanceNormalization):
    """Normalise each channel of each sample over height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
    """

    torch_name: ClassVar[str] = "nn.InstanceNorm2d"
    ranks: ClassVar[tuple[int, ...]] = (4,)


class InstanceNorm3d(_InstanceNormalization):
    """Normalise each channel of each sample over depth, height and width.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
    """

    torch_name: ClassVar[str] = "nn.InstanceNorm3d"
    ranks: ClassVar[tuple[int, ...]] = (5,)


class _LastDimensions(_Normalization):
    """Normalise over the last dimension, or over as many as `normalized_shape` lists.

    Shapes: (B, …, D) → the same.
    """

    normalized_shape: Positive | tuple[Positive, ...] | None = Field(
        None, description="sizes of the dimensions to normalise over; by default the last"
    )

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `normalized_shape`, the last size, unless it was written."""
        if self.normalized_shape is not None:
            return {}
        return {"normalized_shape": number(inputs[0].shape[-1], "the last dimension")}

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which ends in `normalized_shape`."""
        (x,) = super().outputs(*inputs)
        shape = self.shape(x)
        if x.shape[1:][-len(shape) :] != shape:
            raise RuleViolation(
                Code.SIZE_MISMATCH,
                f"`normalized_shape` {format_shape(shape)} is not the end of the input's shape",
                notes=(f"the input is {format_shape(x.shape)}",),
                help="drop the argument to normalise over the last dimension",
                argument="normalized_shape",
            )
        return (x,)

    def shape(self, x: TensorType) -> tuple[int, ...]:
        """Return the sizes it normalises over."""
        written = self.normalized_shape
        if written is None:
            return (self.inferred(x)["normalized_shape"],)
        return (written,) if isinstance(written, int) else written

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that the normalised dimensions are read whole."""
        (x,) = inputs
        return (unmoved(range(x.rank - len(self.shape(x)))),)


class LayerNorm(_LastDimensions):
    """Normalise each position over its features.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    torch_name: ClassVar[str] = "nn.LayerNorm"

    eps: Real = Field(1e-5, description="added to the variance")
    elementwise_affine: bool = Field(True, description="learn a scale and a shift")
    bias: bool = Field(True, description="learn the shift as well as the scale")

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return weight and bias, both of the normalised shape."""
        if not self.elementwise_affine:
            return ()
        return _scale_and_shift(self.shape(inputs[0]), self.bias)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the input and the weights alone."""
        return True


class RMSNorm(_LastDimensions):
    """Divide each position by the root of the mean square of its features.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
    """

    torch_name: ClassVar[str] = "nn.RMSNorm"

    eps: Real | None = Field(None, description="added to the mean square; None for the dtype's own")
    elementwise_affine: bool = Field(True, description="learn a scale")

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the weight, of the normalised shape."""
        return (Owned("weight", self.shape(inputs[0])),) if self.elementwise_affine else ()


class GroupNorm(_Normalization):
    """Normalise groups of channels of each sample.

    Shapes: (B, C, L…) → the same.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    torch_name: ClassVar[str] = "nn.GroupNorm"
    positional: ClassVar[tuple[str, ...]] = ("num_groups",)
    inferred_names: ClassVar[tuple[str, ...]] = ("num_channels",)
    inferred_after: ClassVar[int] = 1

    num_groups: Positive = Field(description="groups the channels are divided into")
    eps: Real = Field(1e-5, description="added to the variance")
    affine: bool = Field(True, description="learn a scale and a shift for each channel")

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `num_channels`: the input's channels."""
        return {"num_channels": number(inputs[0].shape[1], _CHANNELS)}

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, whose channels the groups divide."""
        (x,) = super().outputs(*inputs)
        self._check_groups(self.inferred(x)["num_channels"])
        return (x,)

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the groups, where the channels are written."""
        channels = claimed.get("num_channels")
        return () if channels is None else (lambda: self._check_groups(channels),)

    def _check_groups(self, channels: int) -> None:
        if channels % self.num_groups:
            raise RuleViolation(
                Code.DIVISIBILITY,
                f"num_groups={self.num_groups} does not divide {channels} channels",
                help=dividing(self.num_groups, channels),
                argument="num_groups",
            )

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return weight and bias (C)."""
        return _scale_and_shift((self.inferred(*inputs)["num_channels"],)) if self.affine else ()

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads all of its sample's groups."""
        return (unmoved((0,)),)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the input and the weights alone."""
        return True


class LocalResponseNorm(_Normalization):
    """Divide each number by a power of the energy of its neighbours in the channels.

    Shapes: (B, C, L…) → the same.
    Source: Krizhevsky et al. 2012, section 3.3;
    https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    torch_name: ClassVar[str] = "nn.LocalResponseNorm"
    positional: ClassVar[tuple[str, ...]] = ("size",)
    ranks: ClassVar[tuple[int, ...]] = (3, 4, 5)

    size: Positive = Field(description="channels that count as neighbours")
    alpha: Real = Field(1e-4, description="factor of the energy")
    beta: Real = Field(0.75, description="exponent")
    k: Real = Field(1.0, description="added to the energy")

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads itself, with its neighbours in the channels."""
        return (unmoved((0, *range(2, inputs[0].rank))),)


class CrossMapLRN2d(LocalResponseNorm):
    """Divide each number of an image by a power of the energy of its neighbours in the channels.

    Source: Krizhevsky et al. 2012, section 3.3; torch.nn.modules.normalization.CrossMapLRN2d
    """

    torch_name: ClassVar[str] = "nn.CrossMapLRN2d"
    ranks: ClassVar[tuple[int, ...]] = (4,)
