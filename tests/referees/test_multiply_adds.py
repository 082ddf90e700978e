"""Multiply-adds against torch's own counter, for the operators that it knows."""

import warnings
from collections.abc import Iterable

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

import archc
from archc.diagnostics import RuleViolation
from archc.passes.count_costs import count_costs
from archc.shapes import Batch, TensorType
from tests.backends.networks import all_networks, network
from tests.referees.calls import TorchCall, outputs_of, translated, with_batch
from tests.referees.edges import STRATEGIES

pytestmark = pytest.mark.slow

BATCH = 2
ONCE_FOR_ALL = "swin_v2"
"""Networks that compute something once for all samples: the biases of their positions."""
COUNTED = ("convolutions", "transposed convolutions", "products")


@st.composite
def products(draw: st.DrawFn) -> TorchCall:
    """Draw a product of matrices in a batch, behind up to one more dimension."""
    name = draw(st.sampled_from(["matmul", "bmm"]))
    rows, inner, columns = (draw(st.integers(1, 5)) for _ in range(3))
    front = [draw(st.integers(1, 3))]
    front += draw(st.lists(st.integers(1, 3), max_size=1)) if name == "matmul" else []
    pair = (torch.randn(*front, rows, inner), torch.randn(*front, inner, columns))
    return TorchCall(name, (), {}, pair, lambda: (None, getattr(torch, name)(*pair)))


KINDS = STRATEGIES | {"products": products()}


def on_meta(x: TensorType, batch: int = BATCH) -> torch.Tensor:
    """Return a tensor of this type without numbers, the unknown batch being of this size."""
    shape = [batch if isinstance(size, Batch) else size for size in x.shape]
    return torch.empty(shape, dtype=getattr(torch, x.dtype), device="meta")


def in_training(name: str) -> torch.nn.Module:
    """Return a network as its users get it, on the meta device."""
    path, variant = all_networks()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archc.load(path, variant, device="meta", init=False).train()


@pytest.mark.parametrize("name", all_networks())
def test_multiply_adds_of_a_network_are_half_of_torchs_flops(name: str) -> None:
    costs = count_costs(network(name), "train")
    batch = 1 if name.startswith(ONCE_FOR_ALL) else BATCH
    with FlopCounterMode(display=False) as counter:
        in_training(name)(*(on_meta(x, batch) for _, x in costs.inputs))
    assert counter.get_total_flops() == 2 * batch * costs.macs > 0


def flops_of(call: TorchCall) -> int:
    """Return what torch's counter says of a call, 0 where it says nothing."""
    with torch.no_grad(), warnings.catch_warnings(), FlopCounterMode(display=False) as counter:
        warnings.simplefilter("ignore")
        call.run()
    return counter.get_total_flops()


def multiply_adds_of(call: TorchCall) -> int | None:
    """Return archc's count for all samples; None if it refuses, samples mix or are none."""
    try:
        translation = translated(call)
        types = with_batch(call.types)
        outputs = outputs_of(translation, types)
    except RuleViolation:
        return None
    if 0 in call.inputs[0].shape or not _samples_are_apart((*types, *outputs)):
        return None
    return translation.layer.multiply_adds(types, outputs) * call.inputs[0].shape[0]


def _samples_are_apart(types: Iterable[TensorType]) -> bool:
    return all(isinstance(x.shape[0], Batch) for x in types)


@pytest.mark.parametrize("kind", COUNTED)
def test_multiply_adds_of_drawn_layers_are_half_of_torchs_flops(kind: str) -> None:
    compared: list[int] = []

    @settings(
        max_examples=200,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        call = data.draw(KINDS[kind])
        counted = multiply_adds_of(call)
        if counted is not None:
            flops = flops_of(call)
            assert flops == 2 * counted > 0
            compared.append(flops)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare()
    assert len(compared) >= 30
