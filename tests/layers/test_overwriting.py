"""What a next layer may write over, and which layers lose nothing by doing so: torch judges."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archc import functions, layers
from archc.layers.base import Function, Layer
from archc.shapes import TensorType
from tests.layers.case_files import Case, all_cases
from tests.layers.test_cases import BATCH, constructed, evaluated, tensor

pytestmark = pytest.mark.slow

PASSING = [case for case in all_cases() if not case.error and case.inputs]
OVERWRITABLE = [
    case
    for case in PASSING
    if case.bound().may_be_overwritten(*case.inputs)
    and all(x.is_floating for x in (*case.inputs, *case.outputs))
]
OVERWRITING = [
    kind
    for kind in [
        *map(layers.find, sorted(layers.NAMES)),
        *map(functions.find, sorted(functions.NAMES)),
    ]
    if kind.overwrites
]


class Called(nn.Module):
    """A layer or a function as a module."""

    def __init__(self, layer: Layer, inputs: Sequence[TensorType]) -> None:
        super().__init__()
        self.layer = layer
        self.module = None if isinstance(layer, Function) else constructed(layer, inputs)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the first result."""
        if isinstance(self.layer, Function):
            names = {f"x{index}": value for index, value in enumerate(inputs)}
            return evaluated(self.layer.forward(list(names), batch=str(BATCH)), **names)
        assert self.module is not None
        return self.module(*inputs)


def storages(tensors: Iterator[Tensor] | Sequence[Tensor]) -> set[int]:
    """Return where the numbers of tensors lie."""
    return {x.untyped_storage().data_ptr() for x in tensors}


def shares_memory(called: Called, inputs: Sequence[Tensor]) -> bool:
    """Return whether a result lies where an input, a parameter or a buffer does."""
    held = [*inputs, *called.parameters(), *called.buffers()]
    return bool(storages([called(*inputs)]) & storages(held))


def gradients(called: Called, inputs: Sequence[Tensor], *, inplace: bool) -> list[Tensor]:
    """Return the result after a relu and all gradients, from one and the same state."""
    state = {name: value.clone() for name, value in called.state_dict().items()}
    fresh = [x.detach().clone().requires_grad_() for x in inputs]
    called.zero_grad()
    torch.manual_seed(0)
    result = F.relu(called(*fresh), inplace=inplace)
    (result * torch.linspace(-1, 1, result.numel()).view_as(result)).sum().backward()
    called.load_state_dict(state)
    found = [x.grad for x in (*fresh, *called.parameters())]
    return [result.detach(), *(x.clone() for x in found if x is not None)]


def in_torch(case: Case, *, train: bool) -> tuple[Called, list[Tensor]]:
    """Return a case's layer and inputs for it."""
    torch.manual_seed(0)
    called = Called(case.bound(), case.inputs).train(train)
    return called, [tensor(x) for x in case.inputs]


def test_layers_that_may_be_overwritten_are_many() -> None:
    named = {type(case.bound()).__name__ for case in OVERWRITABLE}
    assert named >= {"Conv2d", "ConvTranspose2d", "Linear", "BatchNorm2d", "LayerNorm", "GroupNorm"}
    assert named >= {"Add", "Sub", "Mul", "Concat"}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("case", OVERWRITABLE, ids=str)
def test_relu_may_write_over_the_result_of_a_case(case: Case, train: bool) -> None:
    called, inputs = in_torch(case, train=train)
    assert not shares_memory(called, inputs)
    kept = [x.clone() for x in inputs]
    expected = gradients(called, inputs, inplace=False)
    found = gradients(called, inputs, inplace=True)
    assert len(found) == len(expected)
    assert all(map(torch.equal, found, expected))
    assert all(map(torch.equal, inputs, kept))


@pytest.mark.parametrize("kind", OVERWRITING, ids=lambda kind: kind.__name__)
def test_layer_that_overwrites_gives_the_same_numbers_and_gradients(kind: type[Layer]) -> None:
    x = torch.linspace(-8, 8, 97)
    results: list[list[Tensor]] = []
    for inplace in (False, True):
        called = Called(kind(inplace=inplace), ())
        leaf = x.clone().requires_grad_()
        made: Any = leaf * 1.0
        result = called(made)
        result.backward(torch.ones_like(x))
        assert (result is made) == inplace
        assert leaf.grad is not None
        results.append([result.detach(), leaf.grad])
    assert all(map(torch.equal, *results))


REFUSED = ["Sigmoid", "Tanh", "Softmax", "Identity", "Dropout", "Flatten", "flatten", "exp", "pow"]


@pytest.mark.parametrize("name", REFUSED)
def test_referee_refuses_what_may_not_be_overwritten(name: str) -> None:
    assert any(is_refused(case) for case in PASSING if case.subject == name)


def is_refused(case: Case) -> bool:
    """Return whether the test above would fail for a case."""
    called, inputs = in_torch(case, train=False)
    with suppress(RuntimeError):
        same = map(
            torch.equal,
            gradients(called, inputs, inplace=False),
            gradients(called, inputs, inplace=True),
        )
        return shares_memory(called, inputs) or not all(same)
    return True
