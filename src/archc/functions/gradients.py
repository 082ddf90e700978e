"""Functions that say what training may change."""

from typing import ClassVar

from archc.functions.reshaping import Reshaping
from archc.shapes import TensorType


class Detach(Reshaping):
    """Let no gradient through: what comes before is not trained by what comes after.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html
    """

    torch_name: ClassVar[str] = "detach"
    function_name: ClassVar[str] = "detach"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        return inputs
