"""Arithmetic between tensors, or between a tensor and a number."""

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.layers.base import Function, spec_name
from archc.reach import Reads, aligned, unmoved
from archc.shapes import Shape, TensorType, broadcast, checked, differences, format_shape, promoted

MAX_TERMS = 256


def unequal(shapes: Sequence[Shape]) -> str:
    """Return in words where shapes that should be equal differ."""
    return differences(shapes, lambda _axis, _sizes: False)


def unbroadcast(shapes: Sequence[Shape]) -> str:
    """Return in words where shapes, aligned at the right, differ in more than sizes of 1."""
    rank = max(map(len, shapes))
    aligned = [(*(1,) * (rank - len(shape)), *shape) for shape in shapes]
    words = differences(aligned, lambda _, sizes: len({*sizes} - {1}) < 2)
    return words if len({*map(len, shapes)}) == 1 else f"aligned at the right, {words}"


def with_numbers(dtype: str, *numbers: float) -> str:
    """Return the dtype of a result that mixes tensors of `dtype` with Python's numbers.

    A number changes the dtype only where that is of a lower kind: bool, integers, floats.
    """
    if any(isinstance(value, float) for value in numbers) and "float" not in dtype:
        return "float32"
    return "int64" if dtype == "bool" else dtype


class Arithmetic(Function):
    """Combine tensors of one shape, or a tensor and a number, element by element.

    Shapes: (B, …), (B, …) → (B, …); sizes of 1 grow only where the operator is a
    gate (`*`, `/`) or `broadcast=True` says so.
    """

    arity: ClassVar[tuple[int, int]] = (1, 2)
    positional: ClassVar[tuple[str, ...]] = ("other",)
    family: ClassVar[str] = "arithmetic"
    gate: ClassVar[bool] = False
    """Whether dimensions of size 1 meet any size, at equal rank."""
    mismatch: ClassVar[Code] = Code.SIZE_MISMATCH

    other: int | float | None = Field(None, description="a number in place of the second tensor")
    reflected: bool = Field(False, description="the number stands on the left: `1 - x`")
    broadcast: bool = Field(False, description="let sizes of 1 and missing dimensions grow")

    @property
    def fills_a_place(self) -> bool:
        """Whether a number stands in the place of the second tensor."""
        return self.other is not None

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return the operands with the sign between them."""
        operands = [*inputs]
        if self.other is not None:
            operands.insert(0 if self.reflected else 1, constant_text(self.other))
        return self._joined(operands)

    def _joined(self, operands: list[str]) -> str:
        return f" {self.operator} ".join(operands)

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the shape that all tensors share, with the dtype that holds all operands."""
        self._check_operands(inputs)
        return (TensorType(self._met([x.shape for x in inputs]), self._dtype(inputs)),)

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the operands alone; one alone is its own sum."""
        return len(inputs) > 1 or self.other is not None

    def _check_operands(self, inputs: Sequence[TensorType]) -> None:
        name = spec_name(type(self))
        if len(inputs) > 1 and self.other is not None:
            raise RuleViolation(
                Code.ARGUMENTS, f"`{name}` takes tensors or a tensor and a number, not both"
            )
        if len(inputs) == 1 and self.other is None and self.arity[1] == 2:
            raise RuleViolation(Code.ARGUMENTS, f"`{name}` needs a second operand")

    def _met(self, shapes: Sequence[Shape]) -> Shape:
        if len(set(shapes)) == 1:
            return shapes[0]
        wide = broadcast(shapes)
        equal_rank = len(set(map(len, shapes))) == 1
        if wide is None or not (self.broadcast or (self.gate and equal_rank)):
            raise self._unequal(shapes, wide)
        return checked(wide)

    def _unequal(self, shapes: Sequence[Shape], wide: Shape | None) -> RuleViolation:
        name = spec_name(type(self))
        needs = f"`{name}` needs equal shapes" + (", or sizes of 1" if self.gate else "")
        grows = wide is None and (self.broadcast or self.gate)
        note = unbroadcast(shapes) if grows else unequal(shapes)
        return RuleViolation(
            self.mismatch,
            "residual add needs equal shapes" if self.mismatch is Code.ADD_SHAPES else needs,
            notes=(note,),
            help=f"if {format_shape(wide)} is meant, write {name}(…, broadcast=True)"
            if wide is not None
            else "",
        )

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = promoted(*(x.dtype for x in inputs))
        return dtype if self.other is None else with_numbers(dtype, self.other)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads those it is made of."""
        (wide,) = self.outputs(*inputs)
        return tuple(aligned(x.shape, wide.shape) for x in inputs)


class Add(Arithmetic):
    """Add tensors of one shape: `relu(bn2 + downsample)`.

    Source: https://pytorch.org/docs/stable/generated/torch.add.html
    """

    torch_name: ClassVar[str] = "torch.add"
    function_name: ClassVar[str] = "add"
    operator: ClassVar[str] = "+"
    arity: ClassVar[tuple[int, int]] = (1, MAX_TERMS)
    mismatch: ClassVar[Code] = Code.ADD_SHAPES


class Sub(Arithmetic):
    """Subtract the second tensor from the first.

    Source: https://pytorch.org/docs/stable/generated/torch.sub.html
    """

    torch_name: ClassVar[str] = "torch.sub"
    function_name: ClassVar[str] = "sub"
    operator: ClassVar[str] = "-"

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        refuse_boolean(inputs, "-")
        return super()._dtype(inputs)


class Mul(Arithmetic):
    """Multiply tensors element by element; sizes of 1 grow, so that a gate scales its channels.

    Source: https://pytorch.org/docs/stable/generated/torch.mul.html
    """

    torch_name: ClassVar[str] = "torch.mul"
    function_name: ClassVar[str] = "mul"
    operator: ClassVar[str] = "*"
    arity: ClassVar[tuple[int, int]] = (1, MAX_TERMS)
    gate: ClassVar[bool] = True


class Div(Arithmetic):
    """Divide the first tensor by the second; integers give float32.

    Source: https://pytorch.org/docs/stable/generated/torch.div.html
    """

    torch_name: ClassVar[str] = "torch.div"
    function_name: ClassVar[str] = "div"
    operator: ClassVar[str] = "/"
    gate: ClassVar[bool] = True

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = super()._dtype(inputs)
        return dtype if "float" in dtype else "float32"


_SIMPLE_OPERAND = re.compile(r"-?[\w.]+")


class Pow(Arithmetic):
    """Raise the first operand to the power of the second.

    Source: https://pytorch.org/docs/stable/generated/torch.pow.html
    """

    torch_name: ClassVar[str] = "torch.pow"
    function_name: ClassVar[str] = "pow"
    operator: ClassVar[str] = "**"

    def may_be_overwritten(self, *inputs: TensorType) -> bool:
        """Return that backward reads the result, where a number is raised to a tensor."""
        return False

    def _joined(self, operands: list[str]) -> str:
        base, power = operands
        if base.startswith("-"):
            base = f"({base})"
        simple = _SIMPLE_OPERAND.fullmatch(base) and _SIMPLE_OPERAND.fullmatch(power)
        return f"{base}**{power}" if simple else f"{base} ** {power}"

    def _dtype(self, inputs: Sequence[TensorType]) -> str:
        dtype = super()._dtype(inputs)
        if dtype == "bool":
            raise RuleViolation(Code.DTYPE, "`**` needs numbers, the tensors are bool")
        negative = isinstance(self.other, int) and self.other < 0 and not self.reflected
        if negative and "float" not in dtype:
            raise RuleViolation(
                Code.DTYPE,
                f"a power of {self.other} needs floating-point numbers, the input is {dtype}",
                help="divide instead: 1 / x",
                argument="other",
            )
        return dtype


class Neg(Function):
    """Change the sign of every element.

    Shapes: (…) → (…).
    Source: https://pytorch.org/docs/stable/generated/torch.neg.html
    """

    torch_name: ClassVar[str] = "torch.neg"
    function_name: ClassVar[str] = "neg"
    operator: ClassVar[str] = "-"
    family: ClassVar[str] = "arithmetic"

    def forward(self, inputs: Sequence[str], batch: str = "") -> str:
        """Return `-x`."""
        return f"-{inputs[0]}"

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        refuse_boolean(inputs, "-")
        return (inputs[0],)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each element reads itself."""
        return (unmoved(range(inputs[0].rank)),)


def refuse_boolean(inputs: Sequence[TensorType], sign: str) -> None:
    if any(x.dtype == "bool" for x in inputs):
        raise RuleViolation(Code.DTYPE, f"`{sign}` needs numbers, a tensor is bool")
