"""Tensors made after another's type, and casts to another dtype."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Function
from archc.reach import Reads, unmoved
from archc.shapes import Batch, TensorType, checked, format_shape, normal_dimension

Dtype = Literal[
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"
]


class _Like(Function):
    """Make a tensor of one number, of the shape and dtype of another.

    Shapes: (…) → (…).
    """

    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        return inputs

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads | None, ...]:
        """Return that no number of the input is read."""
        return (None,)


class ZerosLike(_Like):
    """Make zeros: the first state of a loop.

    Source: https://pytorch.org/docs/stable/generated/torch.zeros_like.html
    """

    torch_name: ClassVar[str] = "torch.zeros_like"
    function_name: ClassVar[str] = "zeros_like"


class OnesLike(_Like):
    """Make ones.

    Source: https://pytorch.org/docs/stable/generated/torch.ones_like.html
    """

    torch_name: ClassVar[str] = "torch.ones_like"
    function_name: ClassVar[str] = "ones_like"


class FullLike(_Like):
    """Make a tensor full of one number.

    Source: https://pytorch.org/docs/stable/generated/torch.full_like.html
    """

    torch_name: ClassVar[str] = "torch.full_like"
    function_name: ClassVar[str] = "full_like"
    positional: ClassVar[tuple[str, ...]] = ("fill_value",)

    fill_value: int | float | bool = Field(description="the number")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input, which can hold the number."""
        (x,) = inputs
        if isinstance(self.fill_value, float) and not x.is_floating:
            raise RuleViolation(
                Code.DTYPE,
                f"{self.fill_value} does not fit into {x.dtype}: torch would cut it",
                argument="fill_value",
            )
        return (x,)


class Positions(Function):
    """Number the places along one dimension of a tensor: 0, 1, 2, …

    A table of positions is read at them, and a causal mask compares them; their number is that of
    the tensor the network is given, however long. No sample has a part in them: they broadcast.

    Shapes: (B, L, …) → int64 (L).
    Source: https://pytorch.org/docs/stable/generated/torch.arange.html
    """

    torch_name: ClassVar[str] = "positions"
    function_name: ClassVar[str] = "positions"
    positional: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "embedding"
    is_free: ClassVar[bool] = True

    dim: int = Field(description="the dimension whose places are numbered")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `torch.arange(x.shape[1], device=x.device)`."""
        (x,) = inputs
        return f"torch.arange({x}.shape[{self.dim}], device={x}.device)"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return as many integers as the dimension is long, which is not the batch."""
        (x,) = inputs
        size = x.shape[normal_dimension(self.dim, x.rank)]
        if isinstance(size, Batch):
            raise RuleViolation(
                Code.DIMENSION,
                "`positions` would number the samples of the batch",
                notes=(f"dimension {self.dim} of {format_shape(x.shape)} is the batch",),
                help="write dim=1: positions(1)",
                argument="dim",
            )
        return (TensorType((size,), "int64"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads | None, ...]:
        """Return that no number of the input is read."""
        return (None,)


class To(Function):
    """Cast the elements to another dtype: `to('float32')`.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.to.html
    """

    torch_name: ClassVar[str] = "to"
    function_name: ClassVar[str] = "to"
    method: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("dtype",)
    family: ClassVar[str] = "arithmetic"

    dtype: Dtype = Field(description="the name of the dtype")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `x.to(torch.float32)`."""
        return f"{inputs[0]}.to(torch.{self.dtype})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input in the new dtype."""
        return (TensorType(inputs[0].shape, self.dtype),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class OneHot(Function):
    """Turn each number of a class into a row of zeros with a 1 in its place.

    Shapes: int64 (B, …) → int64 (B, …, num_classes).
    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html
    """

    torch_name: ClassVar[str] = "F.one_hot"
    function_name: ClassVar[str] = "one_hot"
    positional: ClassVar[tuple[str, ...]] = ("num_classes",)
    family: ClassVar[str] = "embedding"

    num_classes: int = Field(ge=1, description="how many classes there are")

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with a row for each number."""
        (x,) = inputs
        if x.dtype != "int64":
            raise RuleViolation(Code.DTYPE, f"`one_hot` needs int64, the input is {x.dtype}")
        return (TensorType(checked((*x.shape, self.num_classes)), "int64"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)
