"""Comparisons: a boolean for each element."""

from collections.abc import Sequence
from typing import ClassVar

from archc.functions.arithmetic import Arithmetic
from archc.functions.pairwise import Pairwise
from archc.layers.base import Function
from archc.reach import Reads, unmoved
from archc.shapes import TensorType


class _Comparison(Arithmetic):
    """Compare tensors of one shape, or a tensor and a number, element by element.

    Shapes: (B, …), (B, …) → bool (B, …).
    """

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        return "bool"


class Eq(_Comparison):
    """Say where elements are equal: `a == b`.

    Source: https://pytorch.org/docs/stable/generated/torch.eq.html
    """

    torch_name: ClassVar[str] = "torch.eq"
    function_name: ClassVar[str] = "eq"
    operator: ClassVar[str] = "=="


class Ne(_Comparison):
    """Say where elements differ: `a != b`.

    Source: https://pytorch.org/docs/stable/generated/torch.ne.html
    """

    torch_name: ClassVar[str] = "torch.ne"
    function_name: ClassVar[str] = "ne"
    operator: ClassVar[str] = "!="


class Lt(_Comparison):
    """Say where the first is smaller: `a < b`.

    Source: https://pytorch.org/docs/stable/generated/torch.lt.html
    """

    torch_name: ClassVar[str] = "torch.lt"
    function_name: ClassVar[str] = "lt"
    operator: ClassVar[str] = "<"


class Le(_Comparison):
    """Say where the first is not larger: `a <= b`.

    Source: https://pytorch.org/docs/stable/generated/torch.le.html
    """

    torch_name: ClassVar[str] = "torch.le"
    function_name: ClassVar[str] = "le"
    operator: ClassVar[str] = "<="


class Gt(_Comparison):
    """Say where the first is larger: `a > b`.

    Source: https://pytorch.org/docs/stable/generated/torch.gt.html
    """

    torch_name: ClassVar[str] = "torch.gt"
    function_name: ClassVar[str] = "gt"
    operator: ClassVar[str] = ">"


class Ge(_Comparison):
    """Say where the first is not smaller: `a >= b`.

    Source: https://pytorch.org/docs/stable/generated/torch.ge.html
    """

    torch_name: ClassVar[str] = "torch.ge"
    function_name: ClassVar[str] = "ge"
    operator: ClassVar[str] = ">="


class _Test(Function):
    """Ask something of every element.

    Shapes: (…) → bool (…).
    """

    family: ClassVar[str] = "arithmetic"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the input, in booleans."""
        return (TensorType(inputs[0].shape, "bool"),)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


class Isnan(_Test):
    """Say where an element is no number.

    Source: https://pytorch.org/docs/stable/generated/torch.isnan.html
    """

    torch_name: ClassVar[str] = "torch.isnan"
    function_name: ClassVar[str] = "isnan"


class Isinf(_Test):
    """Say where an element is infinite.

    Source: https://pytorch.org/docs/stable/generated/torch.isinf.html
    """

    torch_name: ClassVar[str] = "torch.isinf"
    function_name: ClassVar[str] = "isinf"


class Isfinite(_Test):
    """Say where an element is neither infinite nor no number.

    Source: https://pytorch.org/docs/stable/generated/torch.isfinite.html
    """

    torch_name: ClassVar[str] = "torch.isfinite"
    function_name: ClassVar[str] = "isfinite"


class LogicalNot(_Test):
    """Say where an element is 0 or False.

    Source: https://pytorch.org/docs/stable/generated/torch.logical_not.html
    """

    torch_name: ClassVar[str] = "torch.logical_not"
    function_name: ClassVar[str] = "logical_not"


class _Logic(Pairwise):
    """Combine two truths; a number other than 0 is true.

    Shapes: (B, …), (B, …) → bool (B, …).
    """

    def dtype(self, *inputs: TensorType) -> str:
        """Return `bool`."""
        return "bool"


class LogicalAnd(_Logic):
    """Say where both are true.

    Source: https://pytorch.org/docs/stable/generated/torch.logical_and.html
    """

    torch_name: ClassVar[str] = "torch.logical_and"
    function_name: ClassVar[str] = "logical_and"


class LogicalOr(_Logic):
    """Say where either is true.

    Source: https://pytorch.org/docs/stable/generated/torch.logical_or.html
    """

    torch_name: ClassVar[str] = "torch.logical_or"
    function_name: ClassVar[str] = "logical_or"


class LogicalXor(_Logic):
    """Say where one of the two is true.

    Source: https://pytorch.org/docs/stable/generated/torch.logical_xor.html
    """

    torch_name: ClassVar[str] = "torch.logical_xor"
    function_name: ClassVar[str] = "logical_xor"
