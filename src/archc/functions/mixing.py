"""Functions that mix tensors in proportion."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.functions.pairwise import Pairwise
from archc.layers.base import spec_name
from archc.layers.fields import Real
from archc.layers.rules import expect_floating
from archc.shapes import TensorType


class Lerp(Pairwise):
    """Go from the first tensor towards the second: a + w·(b − a); the weight may be a third.

    Shapes: (B, …), (B, …) → (B, …).
    Source: https://pytorch.org/docs/stable/generated/torch.lerp.html
    """

    torch_name: ClassVar[str] = "torch.lerp"
    function_name: ClassVar[str] = "lerp"
    arity: ClassVar[tuple[int, int]] = (2, 3)
    positional: ClassVar[tuple[str, ...]] = ("weight",)

    weight: Real | None = Field(None, description="w as a number")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call with the weight behind both tensors."""
        weight = [] if self.weight is None else [constant_text(self.weight)]
        return f"torch.lerp({', '.join([*inputs, *weight])})"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape that all tensors share."""
        if (len(inputs) == 3) != (self.weight is None):
            raise RuleViolation(
                Code.ARGUMENTS, "`lerp` takes two tensors and a weight: a third, or a number"
            )
        return super().outputs(*inputs)

    def dtype(self, *inputs: TensorType) -> str:
        """Return the one dtype of all."""
        expect_floating(inputs[0], "lerp")
        if len({x.dtype for x in inputs}) > 1:
            raise RuleViolation(Code.DTYPE, "`lerp` needs tensors of one dtype")
        return inputs[0].dtype


class _WithPair(Pairwise):
    """Add a number times what two other tensors make.

    Shapes: (B, …), (B, …), (B, …) → (B, …).
    """

    arity: ClassVar[tuple[int, int]] = (3, 3)

    value: Real = Field(1.0, description="the factor")

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the call; torch broadcasts without being asked."""
        factor = [f"value={constant_text(self.value)}"] if "value" in self.given else []
        return f"{self.torch_name}({', '.join([*inputs, *factor])})"

    def dtype(self, *inputs: TensorType) -> str:
        """Return the dtype that holds all; each is floating."""
        for x in inputs:
            expect_floating(x, spec_name(type(self)))
        return super().dtype(*inputs)


class Addcmul(_WithPair):
    """Add to the first tensor a number times the product of the others.

    Source: https://pytorch.org/docs/stable/generated/torch.addcmul.html
    """

    torch_name: ClassVar[str] = "torch.addcmul"
    function_name: ClassVar[str] = "addcmul"


class Addcdiv(_WithPair):
    """Add to the first tensor a number times the quotient of the others.

    Source: https://pytorch.org/docs/stable/generated/torch.addcdiv.html
    """

    torch_name: ClassVar[str] = "torch.addcdiv"
    function_name: ClassVar[str] = "addcdiv"
