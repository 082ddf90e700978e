"""Tensors that a model owns by themselves: parameters and buffers under their own name."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, Owned
from archc.layers.rules import Rule
from archc.shapes import MAX_SIZE, TensorType


class Parameter(Layer):
    """A trainable tensor under the name of its line; zero until `init` says otherwise.

    Shapes: () → the sizes given.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
    """

    torch_name: ClassVar[str] = "nn.Parameter"
    arity: ClassVar[tuple[int, int]] = (0, 0)
    variadic: ClassVar[str] = "shape"
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "embedding"

    shape: tuple[Annotated[int, Field(ge=1, le=MAX_SIZE)], ...] = Field(
        min_length=1, max_length=8, description="the sizes of the tensor"
    )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the tensor itself."""
        return (TensorType(self.shape),)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the tensor under the line's own path."""
        return (Owned("", self.shape),)


class Buffer(Layer):
    """A tensor that moves with the model and is not trained.

    `value` is a number or a nested list of numbers and gives the shape and the dtype.

    Shapes: () → the shape of `value`.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.parameter.Buffer.html
    """

    torch_name: ClassVar[str] = "nn.Buffer"
    arity: ClassVar[tuple[int, int]] = (0, 0)
    positional: ClassVar[tuple[str, ...]] = ("value",)
    is_view: ClassVar[bool] = True
    family: ClassVar[str] = "embedding"

    value: Any = Field(description="a number or a nested list of numbers")
    persistent: bool = Field(True, description="whether the state dict holds it")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule that the value is a number, or rows of one length."""
        return (self.outputs,)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the tensor itself."""
        return (TensorType(_shape_of(self.value), _dtype_of(self.value)),)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the tensor under the line's own path."""
        (result,) = self.outputs()
        sizes = tuple(size for size in result.shape if isinstance(size, int))
        kind = "buffer" if self.persistent else "transient"
        return (Owned("", sizes, result.dtype, kind),)


def _shape_of(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        return ()
    shapes = {_shape_of(item) for item in value}  # pyright: ignore[reportUnknownVariableType]
    if len(shapes) != 1:
        raise RuleViolation(
            Code.ARGUMENT_VALUE, "the rows of a Buffer are of unlike length", argument="value"
        )
    return (len(value), *shapes.pop())  # pyright: ignore[reportUnknownArgumentType]


def _dtype_of(value: Any) -> str:
    if isinstance(value, tuple):
        kinds = {_dtype_of(item) for item in value}  # pyright: ignore[reportUnknownVariableType]
        return "float32" if "float32" in kinds else kinds.pop()
    if isinstance(value, bool):
        return "bool"
    if not isinstance(value, (int, float)):
        raise RuleViolation(Code.ARGUMENT_VALUE, "a Buffer holds numbers", argument="value")
    return "float32" if isinstance(value, float) else "int64"
