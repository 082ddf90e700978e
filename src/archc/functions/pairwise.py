"""Functions of two tensors of one shape, element by element."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.functions.arithmetic import unequal
from archc.layers.base import Function, spec_name
from archc.layers.rules import expect_floating
from archc.reach import Reads, aligned
from archc.shapes import Shape, TensorType, broadcast, checked, format_shape, promoted


class Pairwise(Function):
    """Make one element of two, in tensors of one shape.

    Shapes: (B, …), (B, …) → (B, …).
    """

    arity: ClassVar[tuple[int, int]] = (2, 2)
    family: ClassVar[str] = "arithmetic"

    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch broadcasts without being asked."""
        return f"{self.torch_name}({', '.join(inputs)})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of both tensors."""
        shape = self._met([x.shape for x in inputs])
        return (TensorType(shape, self.dtype(*inputs)),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those it is made of."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)

    def dtype(self, *inputs: TensorType) -> str:
        """Return the dtype of the result: the one that holds both."""
        return promoted(*(x.dtype for x in inputs))

    def _met(self, shapes: Sequence[Shape]) -> Shape:
        if len(set(shapes)) == 1:
            return shapes[0]
        wide = broadcast(shapes)
        if wide is not None and self.broadcast:
            return checked(wide)
        name = spec_name(type(self))
        raise RuleViolation(
            Code.SIZE_MISMATCH,
            f"`{name}` needs equal shapes",
            notes=(unequal(shapes),),
            help=f"if {format_shape(wide)} is meant, write {name}(…, broadcast=True)"
            if wide is not None
            else "",
        )


class _OfNumbers(Pairwise):
    """Combine two numbers; booleans are none."""

    def dtype(self, *inputs: TensorType) -> str:
        """Return the dtype that holds both."""
        dtype = super().dtype(*inputs)
        if dtype == "bool":
            raise RuleViolation(
                Code.DTYPE, f"`{spec_name(type(self))}` needs numbers, the inputs are bool"
            )
        return dtype


class Maximum(Pairwise):
    """Take the larger of two elements: the max-feature-map of two halves.

    Source: https://pytorch.org/docs/stable/generated/torch.maximum.html
    """

    torch_name: ClassVar[str] = "torch.maximum"
    function_name: ClassVar[str] = "maximum"


class Minimum(Pairwise):
    """Take the smaller of two elements.

    Source: https://pytorch.org/docs/stable/generated/torch.minimum.html
    """

    torch_name: ClassVar[str] = "torch.minimum"
    function_name: ClassVar[str] = "minimum"


class Remainder(_OfNumbers):
    """Take what is left of a division; its sign is the divisor's.

    Source: https://pytorch.org/docs/stable/generated/torch.remainder.html
    """

    torch_name: ClassVar[str] = "torch.remainder"
    function_name: ClassVar[str] = "remainder"


class Fmod(_OfNumbers):
    """Take what is left of a division; its sign is the dividend's.

    Source: https://pytorch.org/docs/stable/generated/torch.fmod.html
    """

    torch_name: ClassVar[str] = "torch.fmod"
    function_name: ClassVar[str] = "fmod"


class FloorDivide(_OfNumbers):
    """Divide and round down.

    Source: https://pytorch.org/docs/stable/generated/torch.floor_divide.html
    """

    torch_name: ClassVar[str] = "torch.floor_divide"
    function_name: ClassVar[str] = "floor_divide"


class Fmax(Pairwise):
    """Take the larger of two elements, the other where one is no number.

    Source: https://pytorch.org/docs/stable/generated/torch.fmax.html
    """

    torch_name: ClassVar[str] = "torch.fmax"
    function_name: ClassVar[str] = "fmax"


class Fmin(Pairwise):
    """Take the smaller of two elements, the other where one is no number.

    Source: https://pytorch.org/docs/stable/generated/torch.fmin.html
    """

    torch_name: ClassVar[str] = "torch.fmin"
    function_name: ClassVar[str] = "fmin"


class _ToFloating(Pairwise):
    """Combine two elements to a floating-point number."""

    def dtype(self, *inputs: TensorType) -> str:
        """Return the floating-point dtype that holds both."""
        dtype = super().dtype(*inputs)
        return dtype if "float" in dtype else "float32"


class Atan2(_ToFloating):
    """Take the angle of the point whose height is the first and whose width the second.

    Source: https://pytorch.org/docs/stable/generated/torch.atan2.html
    """

    torch_name: ClassVar[str] = "torch.atan2"
    function_name: ClassVar[str] = "atan2"


class Xlogy(_ToFloating):
    """Multiply the first by the logarithm of the second; 0 times anything is 0.

    Source: https://pytorch.org/docs/stable/generated/torch.xlogy.html
    """

    torch_name: ClassVar[str] = "torch.xlogy"
    function_name: ClassVar[str] = "xlogy"


class _OfFloating(Pairwise):
    """Combine two elements, one of which is a floating-point number."""

    def dtype(self, *inputs: TensorType) -> str:
        """Return the dtype that holds both."""
        dtype = super().dtype(*inputs)
        expect_floating(TensorType((), dtype), spec_name(type(self)))
        return dtype


class Hypot(_OfFloating):
    """Take the root of the sum of both squares.

    Source: https://pytorch.org/docs/stable/generated/torch.hypot.html
    """

    torch_name: ClassVar[str] = "torch.hypot"
    function_name: ClassVar[str] = "hypot"


class Logaddexp(_OfFloating):
    """Take the logarithm of the sum of both exponentials.

    Source: https://pytorch.org/docs/stable/generated/torch.logaddexp.html
    """

    torch_name: ClassVar[str] = "torch.logaddexp"
    function_name: ClassVar[str] = "logaddexp"
